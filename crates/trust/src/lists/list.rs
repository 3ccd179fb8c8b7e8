//! A list as a source of trust: fetched, verified, put in force as a whole, and out of force when it is due.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use credenza_core::{Answer, Http, Limits, UnixTime};
use http::{Request, StatusCode};

use super::lote::MAX_LIST;
use super::{ListError, ListSigners, ServiceUse, TrustedEntities, Vical};
use crate::{Anchor, Distrust, IssuerBinding, KeyMaterial, Purpose, Trust, Trusted, X509Anchors};

/// What is fetched for a list: 8 MiB, no redirects, thirty seconds.
pub const LIST_LIMITS: Limits = Limits { body: MAX_LIST, redirects: 0, time: Duration::from_secs(30) };

/// How long a list is in force that does not say when the next one is due.
const WITHOUT_NEXT_UPDATE: Duration = Duration::from_secs(24 * 3600);

/// What kind of list it is.
#[derive(Debug, Clone)]
pub enum ListKind {
    /// Authorities of mobile documents (ISO/IEC 18013-5 Annex C).
    Vical,
    /// Trusted entities (ETSI TS 119 602), and what their services are trusted for here.
    TrustedEntities(Vec<ServiceUse>),
}

/// Trusts the certificates that a signed list names.
///
/// Before the first list was [taken](Self::take) or [fetched](Self::refresh), and after the time at which the next one
/// was due, it trusts nobody and says so ([`Distrust::Unavailable`]). A list comes into force as a whole. A list that is
/// not accepted changes nothing. Whoever serves calls [`refresh`](Self::refresh) in the background, some time before
/// [`due`](Self::due).
pub struct TrustList {
    kind: ListKind,
    signers: ListSigners,
    url: Option<String>,
    limits: Limits,
    binding: IssuerBinding,
    anchor_must_be_absent: bool,
    usages: Vec<(Purpose<'static>, String)>,
    current: RwLock<Option<Arc<Current>>>,
}

/// A list in force.
struct Current {
    anchors: X509Anchors,
    issued_at: UnixTime,
    sequence: Option<u64>,
    due: UnixTime,
}

impl TrustList {
    /// A list that nobody has brought yet.
    #[must_use]
    pub fn new(kind: ListKind, signers: ListSigners) -> Self {
        Self {
            kind,
            signers,
            url: None,
            limits: LIST_LIMITS,
            binding: IssuerBinding::default(),
            anchor_must_be_absent: false,
            usages: Vec::new(),
            current: RwLock::new(None),
        }
    }

    /// Says where to fetch it.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// With other limits than [`LIST_LIMITS`]. Redirects are never followed.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Limits { redirects: 0, ..limits };
        self
    }

    /// As [`X509Anchors::binding`].
    #[must_use]
    pub fn binding(mut self, binding: IssuerBinding) -> Self {
        self.binding = binding;
        self
    }

    /// As [`X509Anchors::anchor_must_be_absent`].
    #[must_use]
    pub fn anchor_must_be_absent(mut self) -> Self {
        self.anchor_must_be_absent = true;
        self
    }

    /// As [`X509Anchors::require_usage`]; of [`Purpose::Issuer`] for every type of credential.
    #[must_use]
    pub fn require_usage(mut self, purposes: &[Purpose<'static>], oid: &str) -> Self {
        self.usages.extend(purposes.iter().map(|purpose| (*purpose, oid.to_owned())));
        self
    }

    /// Fetches the list and puts it in force.
    ///
    /// # Errors
    /// See [`ListError`]; the list in force stays.
    pub async fn refresh(&self, http: &dyn Http, now: UnixTime) -> Result<(), ListError> {
        let url = self.url.as_deref().ok_or(ListError::NoUrl)?;
        let request = Request::get(url).body(Vec::new()).map_err(|_| ListError::NoUrl)?;
        let response = http.send(request, self.limits).await?;
        if response.status() != StatusCode::OK {
            return Err(ListError::Status(response.status().as_u16()));
        }
        self.take(response.body(), now)
    }

    /// Verifies a list that was brought (from a file, say) and puts it in force.
    ///
    /// # Errors
    /// See [`ListError`]; the list in force stays.
    pub fn take(&self, bytes: &[u8], now: UnixTime) -> Result<(), ListError> {
        let (anchors, issued_at, next_update, sequence) = self.verify(bytes, now)?;
        let due = next_update.unwrap_or(issued_at + WITHOUT_NEXT_UPDATE);
        if due <= now {
            return Err(ListError::Outdated);
        }
        let mut set = X509Anchors::new(&anchors)?.binding(self.binding);
        if self.anchor_must_be_absent {
            set = set.anchor_must_be_absent();
        }
        for (purpose, oid) in &self.usages {
            set = set.require_usage(&[*purpose], oid);
        }
        let new = Current { anchors: set, issued_at, sequence, due };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_deref().is_some_and(|current| new.is_older_than(current)) {
            return Err(ListError::Older);
        }
        *current = Some(Arc::new(new));
        Ok(())
    }

    /// When the list in force goes out of force; `None`: there is none.
    #[must_use]
    pub fn due(&self) -> Option<UnixTime> {
        self.current().map(|current| current.due)
    }

    #[expect(clippy::type_complexity, reason = "what both kinds of list have in common, used once")]
    fn verify(
        &self,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<(Vec<Anchor>, UnixTime, Option<UnixTime>, Option<u64>), ListError> {
        match &self.kind {
            ListKind::Vical => {
                let vical = Vical::verify(bytes, &self.signers, now)?;
                Ok((vical.anchors(), vical.issued_at, vical.next_update, vical.issue_id))
            }
            ListKind::TrustedEntities(uses) => {
                let text = str::from_utf8(bytes).map_err(|_| ListError::Malformed("not text"))?;
                let list = TrustedEntities::verify(text, &self.signers, now)?;
                Ok((list.anchors(uses), list.issued_at, list.next_update, list.sequence))
            }
        }
    }

    fn current(&self) -> Option<Arc<Current>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn decide(
        &self,
        material: &KeyMaterial<'_>,
        purpose: Purpose<'_>,
        now: UnixTime,
    ) -> Result<Trusted, Distrust> {
        if material.x5c.is_none() {
            return Err(Distrust::NoMaterial);
        }
        let unavailable = |why: &str| Distrust::Unavailable(why.to_owned());
        let current = self.current().ok_or_else(|| unavailable("the list was not fetched yet"))?;
        if current.due <= now {
            return Err(unavailable("a newer list is due"));
        }
        let mut trusted = current.anchors.decide(material, purpose, now)?;
        if let (ListKind::TrustedEntities(_), Some(url)) = (&self.kind, &self.url) {
            trusted.authorities.push(("etsi_tl", url.clone()));
        }
        Ok(trusted)
    }
}

impl Current {
    fn is_older_than(&self, other: &Self) -> bool {
        let numbered = matches!((self.sequence, other.sequence), (Some(new), Some(old)) if new < old);
        numbered || self.issued_at < other.issued_at
    }
}

impl Trust for TrustList {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        Answer::ready(self.decide(material, purpose, now))
    }
}

impl fmt::Debug for TrustList {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TrustList(due {:?})", self.due())
    }
}

//! Bitstring Status Lists: the credential around a list is fetched, verified, kept, and asked for each entry.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credenza_core::{Http, Report, UnixTime};
use credenza_formats::status_list::bitstring::{BitstringEntry, BitstringList, CREDENTIAL_TYPE, Purpose};
use credenza_formats::status_list::resolve::ResolverConfig;
use credenza_formats::status_list::rules;
use credenza_formats::w3c::binding::KeyOf;
use credenza_formats::w3c::jwt::{self, Expected, VcJwt};
use credenza_formats::w3c::{Credential, Moment};
use credenza_trust::{KeyMaterial, Purpose as TrustPurpose, Trust};
use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};
use http::Request;
use http::header::ACCEPT;
use serde_json::Value;

use super::StatusError;
use super::status_lists::is_bitstring;

/// What is asked for: the one way of securing a list that is read here.
const MEDIA_TYPES: &str = "application/vc+jwt, application/jwt;q=0.9, */*;q=0.1";

/// What the report on a list is called.
const PART: &str = "status list";

/// The lists of credentials with `credentialStatus`, each fetched once at a time.
pub(super) struct Bitstrings {
    inner: Arc<Inner>,
}

struct Inner {
    http: Arc<dyn Http>,
    trust: Arc<dyn Trust>,
    config: ResolverConfig,
    lists: Mutex<Lists>,
}

#[derive(Default)]
struct Lists {
    known: HashMap<String, Known>,
    /// Those who ask drive a fetch themselves: when they all lose interest it ends, and nothing is left of it.
    fetching: HashMap<String, WeakShared<Fetch>>,
}

/// A fetch that any number may await: the list if there is one, and what was checked.
type Fetch = Pin<Box<dyn Future<Output = (Option<Arc<BitstringList>>, Arc<Report>)> + Send>>;

#[derive(Clone)]
struct Known {
    list: Arc<BitstringList>,
    fetched_at: UnixTime,
    fresh_until: UnixTime,
}

enum Next {
    Known(Known),
    Await(Shared<Fetch>),
}

impl Bitstrings {
    pub(super) fn new(http: Arc<dyn Http>, trust: Arc<dyn Trust>, config: ResolverConfig) -> Self {
        Self { inner: Arc::new(Inner { http, trust, config, lists: Mutex::default() }) }
    }

    /// Looks every entry up. A credential with an entry that nobody here can look up is refused.
    pub(super) async fn check(
        &self,
        status: &Value,
        now: UnixTime,
        report: &mut Report,
    ) -> Result<(), StatusError> {
        if !report.check(&rules::ORDER, report.ok(), || "the credential itself is not valid") {
            return Err(StatusError::Unknown("the credential itself is not valid".to_owned()));
        }
        let unreadable = |why: String, report: &mut Report| {
            report.fail(&rules::REFERENCE, why.clone());
            Err(StatusError::Unknown(why))
        };
        let foreign = match status {
            Value::Array(entries) => entries.is_empty() || !entries.iter().all(is_bitstring),
            one => !is_bitstring(one),
        };
        if foreign {
            return unreadable("a kind of status that is not known here".to_owned(), report);
        }
        let entries = match BitstringEntry::all_of(status) {
            Ok(entries) => entries,
            Err(error) => return unreadable(error.to_string(), report),
        };
        report.pass(&rules::REFERENCE);
        for entry in &entries {
            self.check_entry(entry, now, report).await?;
        }
        Ok(())
    }

    async fn check_entry(
        &self,
        entry: &BitstringEntry,
        now: UnixTime,
        report: &mut Report,
    ) -> Result<(), StatusError> {
        let (list, part) = match self.next(&entry.list, now) {
            Next::Known(known) => {
                let mut part = Report::new(PART);
                part.pass_with(&rules::FETCH, format!("kept since {}", known.fetched_at));
                (Some(known.list), Arc::new(part))
            }
            Next::Await(fetch) => fetch.await,
        };
        report.parts.push((*part).clone());
        let list = list.ok_or_else(|| StatusError::Unknown("the list is not to be had".to_owned()))?;
        let found = match list.check(entry) {
            Ok(found) => found,
            Err(error) => {
                report.fail(&rules::INDEX, error.to_string());
                return Err(StatusError::Unknown(error.to_string()));
            }
        };
        report.pass(&rules::INDEX);
        if report.check(&rules::STATUS, found.is_valid(), || entry.purpose.name().to_owned()) {
            return Ok(());
        }
        Err(StatusError::NotValid(match found.purpose {
            Purpose::Revocation => "revoked",
            Purpose::Suspension => "suspended",
            _ => "not valid, for a reason that is not known here",
        }))
    }

    /// Decides under the lock; nothing is awaited there.
    fn next(&self, uri: &str, now: UnixTime) -> Next {
        let mut lists = self.inner.lists();
        let known = lists.known.get(uri);
        if let Some(known) = known.filter(|known| known.fetched_at <= now && now < known.fresh_until) {
            return Next::Known(known.clone());
        }
        if let Some(fetch) = lists.fetching.get(uri).and_then(WeakShared::upgrade) {
            return Next::Await(fetch);
        }
        let (inner, address) = (Arc::clone(&self.inner), uri.to_owned());
        let fetch: Fetch = Box::pin(async move {
            let mut report = Report::new(PART);
            let list = inner.obtain(&address, now, &mut report).await;
            (list, Arc::new(report))
        });
        let fetch = fetch.shared();
        lists.fetching.retain(|_, other| other.upgrade().is_some());
        if let Some(weak) = fetch.downgrade() {
            lists.fetching.insert(uri.to_owned(), weak);
        }
        Next::Await(fetch)
    }
}

impl Inner {
    /// Fetches a list, verifies it and keeps it.
    async fn obtain(&self, uri: &str, now: UnixTime, report: &mut Report) -> Option<Arc<BitstringList>> {
        let found = self.look(uri, now, report).await;
        let mut lists = self.lists();
        lists.fetching.remove(uri);
        let found = found?;
        lists.known.retain(|_, other| now < other.fresh_until);
        if lists.known.len() < self.config.max_lists {
            lists.known.insert(uri.to_owned(), found.clone());
        }
        Some(found.list)
    }

    async fn look(&self, uri: &str, now: UnixTime, report: &mut Report) -> Option<Known> {
        let text = self.fetch(uri, report).await?;
        let credential = self.verify(&text, now, report).await?;
        let list = self.read(uri, &credential, report)?;
        let policy = self.config.cache;
        let ttl = list.ttl.unwrap_or(policy.default_ttl).max(policy.min_ttl).min(policy.max_ttl);
        let ends = credential.document().get("validUntil").and_then(Value::as_str);
        let ends = ends.and_then(UnixTime::from_rfc3339);
        let fresh_until = ends.map_or(now + ttl, |ends| ends.min(now + ttl));
        Some(Known { list: Arc::new(list), fetched_at: now, fresh_until })
    }

    async fn fetch(&self, uri: &str, report: &mut Report) -> Option<String> {
        let Ok(request) = Request::get(uri).header(ACCEPT, MEDIA_TYPES).body(Vec::new()) else {
            report.fail(&rules::FETCH, "the address is none that can be asked");
            return None;
        };
        let response = match self.http.send(request, self.config.limits).await {
            Ok(response) => response,
            Err(error) => {
                report.fail(&rules::FETCH, error.to_string());
                return None;
            }
        };
        let status = response.status();
        if !report.check(&rules::FETCH, status.is_success(), || format!("answered with {}", status.as_u16()))
        {
            return None;
        }
        let text = String::from_utf8(response.into_body()).ok();
        if text.is_none() {
            report.fail(&rules::PARSE, "it is not text");
        }
        text
    }

    async fn verify(&self, text: &str, now: UnixTime, report: &mut Report) -> Option<Credential> {
        let parsed = VcJwt::read(text.trim(), report)?;
        let header = parsed.header();
        let Ok(x5c) = header.x5c() else {
            report.fail(&rules::PARSE, "x5c is not a chain of certificates");
            return None;
        };
        let material = KeyMaterial {
            x5c: x5c.as_deref(),
            kid: header.kid.as_deref(),
            issuer: parsed.dangerous_signer(),
            jwk: None,
        };
        let trusted = match self.trust.resolve(&material, TrustPurpose::StatusList, now).await {
            Ok(trusted) => trusted,
            Err(distrust) => {
                report.fail(&rules::KEY, distrust.to_string());
                return None;
            }
        };
        report.pass_with(&rules::KEY, trusted.how);
        let expected = Expected {
            algorithms: &self.config.algorithms,
            ..Expected::at(Moment { now, leeway: self.config.leeway })
        };
        let verified = jwt::verify(parsed, KeyOf::known(&trusted.key), &expected, report)?;
        report.ok().then_some(verified.credential)
    }

    /// The list in a credential that is verified.
    fn read(&self, uri: &str, credential: &Credential, report: &mut Report) -> Option<BitstringList> {
        let is_list = credential.types().contains(&CREDENTIAL_TYPE);
        if !report.check(&rules::TYP, is_list, || format!("it is no {CREDENTIAL_TYPE}")) {
            return None;
        }
        let named = credential.document().get("id").is_none_or(|id| id == uri);
        if !report.check(&rules::SUBJECT, named, || "it is the list of another address") {
            return None;
        }
        let subject = credential.document().get("credentialSubject").unwrap_or(&Value::Null);
        match BitstringList::read_within(subject, self.config.max_list) {
            Ok(list) => {
                report.pass(&rules::LIST);
                Some(list)
            }
            Err(error) => {
                report.fail(&rules::LIST, error.to_string());
                None
            }
        }
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

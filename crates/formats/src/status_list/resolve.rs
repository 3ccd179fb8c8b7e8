//! The verifier's side: fetch a list once, keep it, answer from it.
//!
//! One [`StatusResolver`] serves a whole process. It fetches each list once at a time, however many ask; it needs no
//! runtime, because those who ask drive the fetch themselves, and when they all lose interest it ends.
//!
//! It is asked last: first the credential itself has to be valid (Token Status List §8.3). A report in which something
//! has failed, or nothing was checked yet, makes it refuse without sending anything, so that nobody can direct its
//! requests with a credential that he made up.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use credenza_core::{Answer, Clock, Http, Limits, Report, UnixTime};
use credenza_crypto::{Algorithm, PublicKey, jwt};
use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};

use super::{CachePolicy, CachedList, Status, StatusList, StatusReference, encode, rules, token};
use crate::status_list::token::{Form, KeyClues};

mod fetch;

/// A question: what is the status of this credential?
#[derive(Debug, Clone, Copy)]
pub struct StatusQuery<'a> {
    /// `status.status_list` of the credential.
    pub reference: &'a StatusReference,
    /// Who issued the credential, in whatever way the caller names issuers. It goes to the [`KeyFinder`], and no list
    /// that was accepted for one issuer is used for another.
    pub issuer: &'a str,
    /// The form in which the list has to be, where the format of the credential says so. `None` is either, JWT rather.
    pub form: Option<Form>,
}

/// What is known about the signer of a list, before anything of it is verified.
#[derive(Debug, Clone, Copy)]
pub struct ListSigner<'a> {
    /// What the token says about its key.
    pub clues: &'a KeyClues,
    /// The address of the list.
    pub uri: &'a str,
    /// [`StatusQuery::issuer`]
    pub credential_issuer: &'a str,
}

/// Finds the key of a list's signer, if he may speak about the credentials of this issuer: the same issuer, or one that
/// is trusted for status lists.
pub trait KeyFinder: Send + Sync {
    /// The key, or why there is none (for the report: no personal data).
    fn find<'a>(&'a self, signer: ListSigner<'a>, now: UnixTime) -> Answer<'a, Result<PublicKey, String>>;
}

/// What the resolver may do, and what it insists on.
#[derive(Debug, Clone)]
pub struct ResolverConfig {
    /// How long lists are kept.
    pub cache: CachePolicy,
    /// Accepted algorithms of the signature.
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// No list is accepted that was issued longer ago. `None` leaves that to `exp`.
    pub max_age: Option<Duration>,
    /// Limits of a request. The bytes are those of the token as well, when it comes compressed.
    pub limits: Limits,
    /// The most bytes of a list once inflated.
    pub max_list: usize,
    /// The most lists that are kept. With a list that is dropped it is forgotten too how new it was.
    pub max_lists: usize,
    /// The most bytes of all lists that are kept.
    pub max_bytes: usize,
    /// Statuses that are as good as "valid", beside [`Status::Valid`] itself: for applications that know what their own
    /// statuses mean.
    pub also_accepted: Vec<Status>,
}

/// Redirects that are followed: enough for a provider that has moved or uses a content network.
pub const MAX_REDIRECTS: u8 = 3;

impl Default for ResolverConfig {
    /// ES256, a minute of leeway, [`token::MAX_TOKEN`], [`MAX_REDIRECTS`], ten seconds, [`encode::MAX_LIST`], 1000 lists
    /// and 256 MiB.
    fn default() -> Self {
        Self {
            cache: CachePolicy::default(),
            algorithms: vec![Algorithm::Es256],
            leeway: jwt::LEEWAY,
            max_age: None,
            limits: Limits {
                body: token::MAX_TOKEN,
                redirects: MAX_REDIRECTS,
                time: Duration::from_secs(10),
            },
            max_list: encode::MAX_LIST,
            max_lists: 1000,
            max_bytes: 256 * 1024 * 1024,
            also_accepted: Vec::new(),
        }
    }
}

/// Answers for the status of credentials. Clones share one cache.
#[derive(Clone)]
pub struct StatusResolver {
    inner: Arc<Inner>,
}

struct Inner {
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    keys: Arc<dyn KeyFinder>,
    config: ResolverConfig,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    by_list: HashMap<ListName, Slot>,
    /// Counts uses, to know which was used last.
    uses: u64,
}

/// A list as one issuer's credentials see it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct ListName {
    uri: String,
    credential_issuer: String,
    form: Option<Form>,
}

#[derive(Default)]
struct Slot {
    /// What is known now, with the report on how it was verified.
    known: Option<Known>,
    /// `iat` of the newest list that was ever accepted: an older one is not accepted any more.
    newest: Option<UnixTime>,
    /// The last failure, and when.
    failed: Option<(Arc<Report>, UnixTime)>,
    fetching: Option<WeakShared<Fetch>>,
    last_use: u64,
}

#[derive(Clone)]
struct Known {
    cached: CachedList,
    report: Arc<Report>,
}

/// A fetch that any number may await: a verified list, or the report that says why there is none.
type Fetch = Pin<Box<dyn Future<Output = Result<Known, Arc<Report>>> + Send>>;

enum Next {
    Known(Known),
    Failed(Arc<Report>),
    Await(Shared<Fetch>),
}

impl StatusResolver {
    /// A resolver with an empty cache.
    #[must_use]
    pub fn new(
        http: Arc<dyn Http>,
        clock: Arc<dyn Clock>,
        keys: Arc<dyn KeyFinder>,
        config: ResolverConfig,
    ) -> Self {
        Self { inner: Arc::new(Inner { http, clock, keys, config, slots: Mutex::default() }) }
    }

    /// Checks the status of a credential, after everything else about it: `report` is the report on the credential, and
    /// nothing is done when something in it has failed or nothing has passed.
    ///
    /// The status is `None` when there is no statement about the credential; the report has failed then. It has failed
    /// too when the status is one that is not accepted.
    pub async fn check(&self, query: &StatusQuery<'_>, report: &mut Report) -> Option<Status> {
        if !report.check(&rules::ORDER, report.ok(), || "the credential itself is not valid") {
            return None;
        }
        let known = match self.obtain(query).await {
            Ok(known) => known,
            Err(failure) => {
                report.parts.push((*failure).clone());
                return None;
            }
        };
        let mut verified = (*known.report).clone();
        let CachedList { list, fetched_at, fresh_until, .. } = known.cached;
        let now = self.inner.clock.now();
        if now > fetched_at + self.inner.config.cache.retry_after && now >= fresh_until {
            verified.warn(&rules::FETCH, format!("no newer list can be had than that of {fetched_at}"));
        }
        report.parts.push(verified);
        let status = match list.lookup(query.reference.idx) {
            Ok(status) => status,
            Err(error) => {
                report.fail(&rules::INDEX, error.to_string());
                return None;
            }
        };
        report.pass(&rules::INDEX);
        let accepted = status.is_valid() || self.inner.config.also_accepted.contains(&status);
        report.check(&rules::STATUS, accepted, || status.to_string());
        Some(status)
    }

    /// The list, from the cache or fetched; for verifiers that fetch before they are asked.
    ///
    /// # Errors
    /// The report that says why there is none.
    pub async fn list(&self, query: &StatusQuery<'_>) -> Result<Arc<StatusList>, Arc<Report>> {
        Ok(self.obtain(query).await?.cached.list)
    }

    async fn obtain(&self, query: &StatusQuery<'_>) -> Result<Known, Arc<Report>> {
        let name = ListName {
            uri: query.reference.uri.clone(),
            credential_issuer: query.issuer.to_owned(),
            form: query.form,
        };
        match self.next(&name) {
            Next::Known(known) => Ok(known),
            Next::Failed(report) => Err(report),
            Next::Await(fetch) => fetch.await,
        }
    }

    /// Decides under the lock; nothing is awaited there.
    fn next(&self, name: &ListName) -> Next {
        let now = self.inner.clock.now();
        let policy = self.inner.config.cache;
        let mut slots = self.inner.slots();
        slots.uses += 1;
        let uses = slots.uses;
        let slot = slots.by_list.entry(name.clone()).or_default();
        slot.last_use = uses;
        if let Some(known) = slot.known.as_ref().filter(|known| self.inner.may_answer(&known.cached, now)) {
            return Next::Known(known.clone());
        }
        if let Some(fetch) = slot.fetching.as_ref().and_then(WeakShared::upgrade) {
            return Next::Await(fetch);
        }
        if let Some((report, at)) = &slot.failed
            && *at <= now
            && now < *at + policy.retry_after
        {
            return match slot.known.as_ref().filter(|known| known.cached.is_usable(now)) {
                Some(known) => Next::Known(known.clone()),
                None => Next::Failed(Arc::clone(report)),
            };
        }
        let fetch = fetch::fetch(Arc::clone(&self.inner), name.clone(), slot.newest);
        let fetch: Shared<Fetch> = (Box::pin(fetch) as Fetch).shared();
        slot.fetching = fetch.downgrade();
        slots.make_room(&self.inner.config, name);
        Next::Await(fetch)
    }
}

impl Inner {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no need to ask: the list is fresh, or it was fetched just now and would be accepted again.
    fn may_answer(&self, cached: &CachedList, now: UnixTime) -> bool {
        let just_now = cached.fetched_at <= now && now < cached.fetched_at + self.config.cache.retry_after;
        let expired = cached.list.expires_at.is_some_and(|expires| now >= expires + self.config.leeway);
        cached.is_fresh(now) || (just_now && !expired)
    }

    /// Remembers what came of a fetch.
    fn settle(&self, name: &ListName, outcome: Result<Known, Arc<Report>>) -> Result<Known, Arc<Report>> {
        let now = self.clock.now();
        let mut slots = self.slots();
        let slot = slots.by_list.entry(name.clone()).or_default();
        slot.fetching = None;
        match &outcome {
            Ok(known) => {
                slot.newest = slot.newest.max(Some(known.cached.list.issued_at));
                slot.failed = None;
                slot.known = Some(known.clone());
            }
            Err(report) => {
                slot.failed = Some((Arc::clone(report), now));
                slot.known.take_if(|known| !known.cached.is_usable(now));
            }
        }
        let answer = slot.known.clone().map_or(outcome, Ok);
        slots.make_room(&self.config, name);
        answer
    }
}

impl Slots {
    /// Drops what was used least recently, until the rest is within the limits. The list `keep` stays.
    fn make_room(&mut self, config: &ResolverConfig, keep: &ListName) {
        let weight =
            |slot: &Slot| slot.known.as_ref().map_or(0, |known| known.cached.list.statuses.as_bytes().len());
        let mut bytes: usize = self.by_list.values().map(weight).sum();
        while self.by_list.len() > config.max_lists.max(1) || bytes > config.max_bytes {
            let oldest =
                self.by_list.iter().filter(|(name, _)| *name != keep).min_by_key(|(_, slot)| slot.last_use);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
            if let Some(slot) = self.by_list.remove(&name) {
                bytes -= weight(&slot);
            }
        }
    }
}

impl fmt::Debug for StatusResolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StatusResolver({} lists)", self.inner.slots().by_list.len())
    }
}

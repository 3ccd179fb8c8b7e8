//! Credentials that were promised for later (§9): one promise for each transaction, kept once.

use std::time::Duration;

use credenza_core::UnixTime;
use credenza_crypto::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::view::{DeferredState, DeferredView};
use super::{Granted, MAX_RESPONSES, Refusal, Response};

/// A credential that was promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::issuer) struct Promise {
    pub(in crate::issuer) dataset: usize,
    /// The keys that were proven; none for a credential that is not bound.
    pub(in crate::issuer) keys: Vec<BoundKey>,
    pub(in crate::issuer) at: UnixTime,
    /// How many seconds the wallet should wait before it asks again.
    pub(in crate::issuer) interval: u64,
    /// When it can't be fetched any more.
    pub(in crate::issuer) expires: UnixTime,
    pub(in crate::issuer) outcome: Outcome,
}

/// A key that copies will be bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::issuer) struct BoundKey {
    pub(in crate::issuer) jwk: Jwk,
    /// The DID by which the proof has named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::issuer) did: Option<String>,
}

/// What became of a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::issuer) enum Outcome {
    /// Nothing yet.
    Open,
    /// The issuer's own people say that it can be issued, with these claims where they are not in the data set.
    Ready(Option<Box<Withheld>>),
    /// It was issued.
    Kept,
    /// It will never be issued.
    Broken(String),
}

/// Claims, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::issuer) struct Withheld(pub(in crate::issuer) Map<String, Value>);

impl std::fmt::Debug for Withheld {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} claims", self.0.len())
    }
}

impl Promise {
    pub(in crate::issuer) fn new(
        dataset: usize,
        keys: Vec<BoundKey>,
        at: UnixTime,
        interval: Duration,
        expires: UnixTime,
    ) -> Self {
        Self { dataset, keys, at, interval: interval.as_secs().max(1), expires, outcome: Outcome::Open }
    }

    /// Whether it can still be kept.
    fn is_outstanding(&self) -> bool {
        matches!(self.outcome, Outcome::Open | Outcome::Ready(_))
    }

    fn state(&self, now: UnixTime) -> DeferredState {
        match &self.outcome {
            Outcome::Kept => DeferredState::Issued,
            Outcome::Broken(_) => DeferredState::Failed,
            _ if now >= self.expires => DeferredState::Expired,
            Outcome::Open => DeferredState::Pending,
            Outcome::Ready(_) => DeferredState::Ready,
        }
    }
}

impl Granted {
    /// Whether nothing more is issued or promised of a data set, by the token that is out now.
    pub(super) fn is_exhausted(&self, dataset: usize) -> bool {
        let outstanding = self.promises.iter().filter(|it| it.dataset == dataset && it.is_outstanding());
        let fetched = self.responses.iter().skip(self.fresh).filter(|response| response.dataset == dataset);
        fetched.count() + outstanding.count() >= MAX_RESPONSES
    }

    /// Whether a promise of a data set can still be kept.
    pub(super) fn is_promised(&self, dataset: usize) -> bool {
        self.promises.iter().any(|promise| promise.dataset == dataset && promise.is_outstanding())
    }

    /// Whether a wallet can still come for something.
    pub(super) fn waits(&self, now: UnixTime) -> bool {
        self.promises.iter().any(|promise| promise.is_outstanding() && now < promise.expires)
    }

    /// When the token, what renews it, or the last promise ends.
    pub(super) fn ends(&self) -> UnixTime {
        let token_ends = self
            .grant
            .refresh
            .as_ref()
            .map_or(self.grant.token_ends, |refresh| refresh.ends.max(self.grant.token_ends));
        let promises = self.promises.iter().filter(|promise| promise.is_outstanding());
        promises.map(|promise| promise.expires).fold(token_ends, UnixTime::max)
    }

    /// Why a promise was broken, when nothing was issued of its data set.
    pub(super) fn broken(&self) -> Option<String> {
        self.promises.iter().find_map(|promise| match &promise.outcome {
            Outcome::Broken(reason) if self.responses_for(promise.dataset).next().is_none() => {
                Some(format!("the issuer gave up: {reason}"))
            }
            _ => None,
        })
    }

    pub(super) fn promise(&mut self, promise: Promise) -> Result<(), Refusal> {
        if !self.grant.datasets.contains(&promise.dataset) {
            return Err(Refusal::NotCovered);
        }
        if self.is_exhausted(promise.dataset) {
            return Err(Refusal::Exhausted);
        }
        self.promises.push(promise);
        Ok(())
    }

    pub(super) fn make_ready(
        &mut self,
        number: usize,
        claims: Option<Box<Withheld>>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.outstanding(number, now)?.outcome = Outcome::Ready(claims);
        Ok(())
    }

    pub(super) fn break_promise(
        &mut self,
        number: usize,
        reason: &str,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.outstanding(number, now)?.outcome = Outcome::Broken(reason.to_owned());
        Ok(())
    }

    pub(super) fn keep_promise(&mut self, number: usize, copies: u32, now: UnixTime) -> Result<(), Refusal> {
        let promise = self.outstanding(number, now)?;
        promise.outcome = Outcome::Kept;
        // The copies carry them now.
        promise.keys.clear();
        let dataset = promise.dataset;
        self.responses.push(Response { dataset, at: now, copies, notification: None });
        Ok(())
    }

    fn outstanding(&mut self, number: usize, now: UnixTime) -> Result<&mut Promise, Refusal> {
        let promise = self.promises.get_mut(number).ok_or(Refusal::NoPromise)?;
        if promise.is_outstanding() && now < promise.expires { Ok(promise) } else { Err(Refusal::NoPromise) }
    }

    pub(super) fn promises_for(&self, session: &str, dataset: usize, now: UnixTime) -> Vec<DeferredView> {
        let of_it = |(number, promise): (usize, &Promise)| {
            (promise.dataset == dataset).then(|| DeferredView {
                id: name(session, number),
                at: promise.at,
                copies: u32::try_from(promise.keys.len().max(1)).unwrap_or(u32::MAX),
                state: promise.state(now),
                expires_at: promise.expires,
            })
        };
        self.promises.iter().enumerate().filter_map(of_it).collect()
    }
}

/// What the issuer's own people call a promise.
pub(in crate::issuer) fn name(session: &str, number: usize) -> String {
    format!("{session}.{number}")
}

/// Session and number of a promise.
pub(in crate::issuer) fn parse_name(name: &str) -> Option<(&str, usize)> {
    let (session, number) = name.rsplit_once('.')?;
    Some((session, number.parse().ok()?))
}

//! The status of credentials by status lists, fetched and kept: Token Status List and Bitstring Status List.

use std::sync::Arc;

use credenza_core::{Answer, Clock, Http, Report, UnixTime};
use credenza_crypto::PublicKey;
use credenza_formats::status_list::bitstring::ENTRY_TYPE;
use credenza_formats::status_list::resolve::ResolverConfig;
use credenza_formats::status_list::{
    KeyFinder, ListSigner, Status, StatusQuery, StatusReference, StatusResolver, rules,
};
use credenza_trust::{KeyMaterial, Purpose, Trust};
use serde_json::Value;

use super::bitstring::Bitstrings;
use super::{StatusCheck, StatusError};

/// What becomes of a credential whose status can't be determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Undetermined {
    /// It is refused.
    #[default]
    Refuse,
    /// It is accepted, with a warning in the report, when its list can't be fetched. A list that was fetched and is not
    /// what it must be refuses it all the same.
    AcceptUnfetched,
}

/// Looks credentials up in status lists.
///
/// Lists have to be signed by somebody who is trusted for them ([`Purpose::StatusList`]). They are kept as long as they
/// allow, within the bounds of the configuration; each is fetched once at a time.
pub struct StatusListCheck {
    tokens: StatusResolver,
    bitstrings: Bitstrings,
    undetermined: Undetermined,
}

impl StatusListCheck {
    /// A check with an empty cache, that refuses what it can't determine.
    #[must_use]
    pub fn new(
        http: Arc<dyn Http>,
        clock: Arc<dyn Clock>,
        trust: Arc<dyn Trust>,
        config: ResolverConfig,
    ) -> Self {
        let bitstrings = Bitstrings::new(Arc::clone(&http), Arc::clone(&trust), config.clone());
        let tokens = StatusResolver::new(http, clock, Arc::new(TrustedSigners(trust)), config);
        Self { tokens, bitstrings, undetermined: Undetermined::default() }
    }

    /// Says what becomes of a credential whose status can't be determined.
    #[must_use]
    pub fn undetermined(mut self, policy: Undetermined) -> Self {
        self.undetermined = policy;
        self
    }

    async fn token(&self, status: &Value, report: &mut Report) -> Result<(), StatusError> {
        let unknown = |why: String, report: &mut Report| {
            report.fail(&rules::REFERENCE, why.clone());
            Err(StatusError::Unknown(why))
        };
        let reference = match StatusReference::from_status(status) {
            Ok(Some(reference)) => reference,
            Ok(None) => return unknown("no mechanism that is known here".to_owned(), report),
            Err(error) => return unknown(error.to_string(), report),
        };
        report.pass(&rules::REFERENCE);
        let query = StatusQuery { reference: &reference, issuer: "", form: None };
        let (checks, parts) = (report.checks.len(), report.parts.len());
        match self.tokens.check(&query, report).await {
            Some(_) if report.ok() => Ok(()),
            Some(Status::Suspended) => Err(StatusError::NotValid("suspended")),
            Some(Status::Invalid) => Err(StatusError::NotValid("revoked")),
            Some(_) => Err(StatusError::NotValid("not valid, for a reason that is not known here")),
            None => self.unfetched(report, checks, parts),
        }
    }

    /// Applies the policy to a list that could not be had: what was noted after the first so many is about it.
    fn unfetched(&self, report: &mut Report, checks: usize, parts: usize) -> Result<(), StatusError> {
        let fetched = report.parts.get(parts..).unwrap_or_default();
        let failure = fetched.iter().find_map(Report::first_failure);
        let unfetched = failure.is_some_and(|check| check.rule.id == rules::FETCH.id);
        let why = failure.map_or("it is in no list", |check| check.rule.meaning);
        let why = format!("not so: {why}");
        if unfetched && self.undetermined == Undetermined::AcceptUnfetched {
            report.checks.truncate(checks);
            report.parts.truncate(parts);
            report.warn(&rules::FETCH, "the list can't be fetched, and the policy accepts that");
            return Ok(());
        }
        Err(StatusError::Unknown(why))
    }
}

impl StatusCheck for StatusListCheck {
    fn check<'a>(
        &'a self,
        status: &'a Value,
        now: UnixTime,
        report: &'a mut Report,
    ) -> Answer<'a, Result<(), StatusError>> {
        Answer::later(async move {
            if is_credential_status(status) {
                let (checks, parts) = (report.checks.len(), report.parts.len());
                return match self.bitstrings.check(status, now, report).await {
                    Err(StatusError::Unknown(_)) => self.unfetched(report, checks, parts),
                    judged => judged,
                };
            }
            self.token(status, report).await
        })
    }
}

/// `credentialStatus` has types, and `status` has mechanisms.
fn is_credential_status(status: &Value) -> bool {
    status.is_array() || status.get("type").is_some()
}

/// Whether an entry of `credentialStatus` is one that can be looked up.
pub(super) fn is_bitstring(entry: &Value) -> bool {
    match entry.get("type") {
        Some(Value::String(name)) => name == ENTRY_TYPE,
        Some(Value::Array(names)) => names.iter().any(|name| name == ENTRY_TYPE),
        _ => false,
    }
}

/// Finds the keys of status lists by the trust that somebody has in their signers.
pub struct TrustedSigners(pub Arc<dyn Trust>);

impl KeyFinder for TrustedSigners {
    fn find<'a>(&'a self, signer: ListSigner<'a>, now: UnixTime) -> Answer<'a, Result<PublicKey, String>> {
        Answer::later(async move {
            let clues = signer.clues;
            let material = KeyMaterial {
                x5c: (!clues.x5c.is_empty()).then_some(&clues.x5c),
                kid: clues.kid.as_deref(),
                issuer: clues.issuer.as_deref(),
                jwk: None,
            };
            let trusted = self.0.resolve(&material, Purpose::StatusList, now).await;
            trusted.map(|trusted| trusted.key).map_err(|distrust| distrust.to_string())
        })
    }
}

impl std::fmt::Debug for StatusListCheck {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "StatusListCheck({:?})", self.tokens)
    }
}

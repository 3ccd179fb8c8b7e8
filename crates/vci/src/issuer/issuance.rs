//! Making the copies of a credential, and writing down that they went out.

use std::time::Duration;

use credenza_core::{Report, StoreError, UnixTime, Write};
use credenza_oauth::EndpointError as _;
use serde_json::{Map, Value};

use super::access::{Access, replayed, spend};
use super::kind::{Holder, Kind, Particulars, Unissued, Validity};
use super::offers::too_many_races;
use super::records::{Loaded, MAX_RACES};
use super::seals::Purpose;
use super::session::{BoundKey, Effect, Happening, Refusal, Session, State};
use super::{AccessError, ClaimsAnswer, ClaimsError, CredentialError, IssuanceContext, Issuer};
use crate::dialects::EarlierMembers;
use crate::messages::{CredentialResponse, IssuedCredential};
use crate::rules;

/// A request that can be fulfilled.
pub(super) struct Order<'a> {
    pub(super) kind: &'a Kind,
    pub(super) dataset: usize,
    /// The keys to bind to; empty for a credential that is not bound.
    pub(super) keys: &'a [BoundKey],
}

/// What the source of claims says.
pub(super) enum Claims {
    Here(Map<String, Value>),
    Later(Duration),
}

impl Issuer {
    fn context<'a>(&'a self, id: &'a str, session: &'a Session, order: &Order<'a>) -> IssuanceContext<'a> {
        IssuanceContext {
            session: id,
            credential: session.datasets.get(order.dataset).map_or("", |dataset| &dataset.identifier),
            reference: session.reference.as_deref(),
            subject: session.subject.as_deref(),
            configuration: &order.kind.configuration,
            offered: session.datasets.get(order.dataset).and_then(|dataset| dataset.claims.as_ref()),
        }
    }

    /// Asks for the claims.
    pub(super) async fn claims(
        &self,
        id: &str,
        session: &Session,
        order: &Order<'_>,
    ) -> Result<Claims, CredentialError> {
        let named = order.kind.configuration.claims_source.as_ref();
        let source = named.map_or(Some(&self.claims), |name| self.claims_sources.get(name));
        let Some(source) = source else {
            return Err(CredentialError::Unavailable("there is no such claims source".to_owned()));
        };
        match source.claims(&self.context(id, session, order)).await {
            Ok(ClaimsAnswer::Claims(claims)) => Ok(Claims::Here(claims)),
            Ok(ClaimsAnswer::Deferred(interval)) => Ok(Claims::Later(interval)),
            Err(ClaimsError::Denied) => Err(CredentialError::Denied("the credential is denied")),
            Err(error) => Err(CredentialError::Unavailable(error.to_string())),
        }
    }

    /// Signs the copies: one for each key, or one that is not bound.
    pub(super) async fn make(
        &self,
        id: &str,
        session: &Session,
        order: &Order<'_>,
        claims: Map<String, Value>,
        now: UnixTime,
    ) -> Result<Vec<Value>, CredentialError> {
        let kind = order.kind;
        kind.check(&claims).map_err(|_| {
            CredentialError::Unavailable("the source of claims brought too little or too much".to_owned())
        })?;
        let validity = kind.validity(now, self.lifetimes.issuance_rounding);
        let mut draft = kind.draft(&self.identifier, claims, validity).map_err(unissued)?;
        let limit = kind.configuration.batch_size.unwrap_or(self.batch_size).min(self.batch_size);
        let copies = order.keys.len().clamp(1, usize::try_from(limit).unwrap_or(usize::MAX).max(1));
        let context = self.context(id, session, order);
        let mut statuses = self.statuses(&context, copies, validity).await?.into_iter();
        let mut credentials = Vec::with_capacity(copies);
        for copy in 0..copies {
            let holder = order.keys.get(copy).map(|key| Holder { key: &key.jwk, did: key.did.as_deref() });
            let copy = Particulars { status: statuses.next(), holder };
            let credential = kind.issue(&mut draft, copy, &*self.random).await;
            credentials.push(credential.map_err(unissued)?);
        }
        Ok(credentials)
    }

    async fn statuses(
        &self,
        context: &IssuanceContext<'_>,
        copies: usize,
        validity: Validity,
    ) -> Result<Vec<Value>, CredentialError> {
        let Some(source) = &self.status else { return Ok(Vec::new()) };
        match source.assign(context, copies, validity.expires).await {
            Ok(statuses) if statuses.len() == copies => Ok(statuses),
            Ok(_) => {
                Err(CredentialError::Unavailable("the status source gave too few or too many".to_owned()))
            }
            Err(error) => Err(CredentialError::Unavailable(error.to_string())),
        }
    }

    /// Credentials that went out as the last response of a session.
    pub(super) fn response(
        &self,
        id: &str,
        session: &Session,
        credentials: Vec<Value>,
        now: UnixTime,
    ) -> CredentialResponse {
        let number = match &session.state {
            State::Granted(granted) => granted.responses.len().saturating_sub(1),
            _ => 0,
        };
        let about = format!("{number} {id}");
        let ends = now + self.lifetimes.access_token;
        CredentialResponse {
            credentials: credentials.into_iter().map(|credential| IssuedCredential { credential }).collect(),
            transaction_id: None,
            interval: None,
            notification_id: Some(self.seals.seal(Purpose::NotificationId, ends, about.as_bytes())),
            earlier: EarlierMembers::default(),
        }
    }

    /// Commits what has happened together with everything it uses up; the session as it is now.
    pub(super) async fn write_down(
        &self,
        id: &str,
        mut loaded: Loaded,
        happening: &Happening,
        spent: Vec<Write>,
        now: UnixTime,
    ) -> Result<Session, CredentialError> {
        for _ in 0..MAX_RACES {
            let known = loaded.session.events.len();
            let (session, _) =
                loaded.session.on(happening.clone(), now).map_err(|refusal| match refusal {
                    Refusal::Exhausted => {
                        CredentialError::Denied("this credential was issued as often as it may be")
                    }
                    Refusal::NoPromise => CredentialError::InvalidTransactionId,
                    _ => CredentialError::Access(AccessError::InvalidToken),
                })?;
            let mut writes = vec![self.replace(id, loaded.version, &session).map_err(unavailable)?];
            writes.extend(spent.iter().cloned());
            writes.extend(self.outbox(id, &session, known));
            match self.store.commit(writes).await {
                Ok(()) => {
                    self.tell(id, &session, known);
                    return Ok(session);
                }
                Err(StoreError::Conflict(0)) => {
                    let again = self.load(id).await.map_err(unavailable)?;
                    loaded = again.ok_or(AccessError::InvalidToken)?;
                }
                Err(StoreError::Conflict(number)) => {
                    return Err(match spent.get(number.saturating_sub(1)).map(|write| write.key().kind) {
                        Some("vci.c_nonce") => {
                            let mut report = Report::new("key proofs");
                            report.fail(&rules::PROOF_NONCE, "this nonce was used before");
                            CredentialError::InvalidNonce(Box::new(report))
                        }
                        _ => AccessError::InvalidDpopProof(replayed()).into(),
                    });
                }
                Err(error) => return Err(unavailable(error)),
            }
        }
        Err(unavailable(too_many_races()))
    }

    /// Spends the DPoP proof of a request that has changed nothing else.
    pub(super) async fn spend_proof(&self, access: &Access) -> Result<(), CredentialError> {
        match spend(&*self.store, access.proof.as_ref()).await {
            Ok(()) => Ok(()),
            Err(StoreError::Conflict(_)) => Err(AccessError::InvalidDpopProof(replayed()).into()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Spends the DPoP proof of a request that was refused, and writes the reason into the session.
    pub(super) async fn refuse(
        &self,
        access: &Access,
        error: CredentialError,
        now: UnixTime,
    ) -> CredentialError {
        if matches!(spend(&*self.store, access.proof.as_ref()).await, Err(StoreError::Conflict(_))) {
            return AccessError::InvalidDpopProof(replayed()).into();
        }
        let failed = error.report().and_then(Report::first_failure).map(|check| check.rule.id);
        let reason = failed.unwrap_or(error.code()).to_owned();
        let id = access.token.session.as_str();
        // One try: the reason helps whoever looks at the session, and is not worth a race.
        if let Ok(Some(Loaded { session, version })) = self.load(id).await {
            let known = session.events.len();
            if let Ok((session, Effect::Store)) = session.on(Happening::Refused(reason), now)
                && let Ok(write) = self.replace(id, version, &session)
                && self.store.commit([vec![write], self.outbox(id, &session, known)].concat()).await.is_ok()
            {
                self.tell(id, &session, known);
            }
        }
        error
    }
}

/// A signer may be back in a moment; claims that do not fit will not.
fn unissued(error: Unissued) -> CredentialError {
    match error {
        Unissued::Signer(reason) => CredentialError::Unavailable(reason),
        Unissued::Unfit(_) => {
            CredentialError::Denied("the credential can't be made of the claims that are there")
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over errors")]
pub(super) fn unavailable(error: StoreError) -> CredentialError {
    CredentialError::Unavailable(error.to_string())
}

//! The nonce endpoint (§7) and the credential endpoint (§8).

use credenza_core::{Report, StoreError, UnixTime, Write};
use credenza_oauth::{EndpointError, Reply};
use http::HeaderMap;
use serde_json::Value;

use super::access::{Access, replayed, spend};
use super::kind::{Holder, Kind, Particulars, Unissued, Validity};
use super::offers::too_many_races;
use super::proof::{self, Proven, Refused};
use super::records::{Loaded, MAX_RACES};
use super::seals::Purpose;
use super::session::{Effect, Grant, Happening, Refusal, Session, State};
use super::{AccessError, ClaimsAnswer, ClaimsError, CredentialError, IssuanceContext, Issuer, media_type};
use crate::messages::credential::{InvalidCredentialRequest, Requested};
use crate::messages::{CredentialRequest, CredentialResponse, IssuedCredential, NonceResponse, Proofs};
use crate::rules;

/// A request that can be fulfilled.
struct Order<'a> {
    kind: &'a Kind,
    dataset: usize,
    /// The keys to bind to; empty for a credential that is not bound.
    proven: Vec<Proven>,
}

impl Issuer {
    /// The nonce endpoint (§7): a fresh challenge, and nothing is stored.
    #[must_use]
    pub fn nonce(&self) -> Reply<NonceResponse> {
        let now = self.clock.now();
        let c_nonce = self.seals.seal(Purpose::Nonce, now + self.lifetimes.c_nonce, &[]);
        Reply::ok(NonceResponse { c_nonce }).with_dpop_nonce(self.resource_nonce(now))
    }

    /// The credential endpoint (§8): the headers and the JSON of a POST.
    ///
    /// All copies are issued or none. The nonce of the proofs is used up in the same commit that writes the issuance
    /// down, and by nothing else.
    ///
    /// # Errors
    /// See [`CredentialError`].
    pub async fn credential(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Reply<CredentialResponse>, CredentialError> {
        let now = self.clock.now();
        let access = self.access(headers, &self.endpoints.credential, now)?;
        match self.issue(&access, headers, body, now).await {
            Ok(response) => Ok(Reply::ok(response).with_dpop_nonce(self.resource_nonce(now))),
            Err(error) => Err(self.refuse(&access, error, now).await),
        }
    }

    async fn issue(
        &self,
        access: &Access,
        headers: &HeaderMap,
        body: &[u8],
        now: UnixTime,
    ) -> Result<CredentialResponse, CredentialError> {
        match media_type(headers).as_deref() {
            Some("application/json") => {}
            Some("application/jwt") => {
                return Err(CredentialError::InvalidEncryptionParameters(
                    "encrypted requests are not supported",
                ));
            }
            _ => return Err(CredentialError::InvalidRequest("the body must be application/json")),
        }
        let request = CredentialRequest::parse(body).map_err(|error| match error {
            InvalidCredentialRequest::Malformed(reason) => CredentialError::InvalidRequest(reason),
            InvalidCredentialRequest::Proofs(reason) => invalid_proofs(reason),
        })?;
        // The metadata offers none; and a key in a request that is not encrypted could be anybody's (§8.2).
        if request.response_encryption.is_some() {
            return Err(CredentialError::InvalidEncryptionParameters(
                "encrypted responses are not supported",
            ));
        }
        let id = access.token.session.as_str();
        let loaded = self.load(id).await.map_err(unavailable)?;
        let Loaded { session, version } = loaded.ok_or(AccessError::InvalidToken)?;
        let order = self.order(&session, access, &request, now)?;
        let credentials = self.make(id, &session, &order, now).await?;
        let copies = u32::try_from(credentials.len()).unwrap_or(u32::MAX);
        let happening = Happening::Issued { dataset: order.dataset, copies };
        let mut spent = proof::spend(&order.proven, now, self.lifetimes.c_nonce);
        spent.extend(access.spend());
        let response = self.write_down(id, Loaded { session, version }, &happening, spent, now).await?;
        let notification_id = self.seals.seal(
            Purpose::NotificationId,
            now + self.lifetimes.access_token,
            format!("{response} {id}").as_bytes(),
        );
        Ok(CredentialResponse {
            credentials: credentials.into_iter().map(|credential| IssuedCredential { credential }).collect(),
            transaction_id: None,
            interval: None,
            notification_id: Some(notification_id),
        })
    }

    /// Finds out what is asked for, whether the token covers it, and whether the keys are proven.
    fn order<'a>(
        &'a self,
        session: &Session,
        access: &Access,
        request: &CredentialRequest,
        now: UnixTime,
    ) -> Result<Order<'a>, CredentialError> {
        let State::Granted(granted) = &session.state else { return Err(AccessError::InvalidToken.into()) };
        let grant = &granted.grant;
        // The session knows to which key and client its token went, and when it ends.
        if grant.jkt != access.token.jkt
            || grant.client_id != access.token.client_id
            || now >= grant.token_ends
        {
            return Err(AccessError::InvalidToken.into());
        }
        let dataset = self.dataset(session, grant, &request.requested)?;
        let configuration = session.datasets.get(dataset).map(|dataset| dataset.configuration_id.as_str());
        let kind =
            configuration.and_then(|id| self.kinds.get(id)).ok_or(CredentialError::UnknownConfiguration)?;
        let algorithms = &kind.configuration.proof_algorithms;
        let proven = if algorithms.is_empty() {
            Vec::new()
        } else {
            let proofs = match &request.proofs {
                None => return Err(invalid_proofs("proofs is missing")),
                Some(Proofs::Other(_)) => return Err(invalid_proofs("this type of proof is not supported")),
                Some(Proofs::Jwt(proofs)) => proofs,
            };
            if proofs.len() > usize::try_from(self.batch_size).unwrap_or(usize::MAX) {
                return Err(CredentialError::InvalidRequest("more proofs than batch_size allows"));
            }
            let expected = proof::Expected {
                issuer: &self.identifier,
                client_id: access.token.client_id.as_deref(),
                algorithms,
                seals: &self.seals,
                now,
                max_age: self.lifetimes.proof,
            };
            let mut report = Report::new("key proofs");
            match proof::verify_all(proofs, &expected, &mut report) {
                Ok(proven) => proven,
                Err(Refused::Proof) => return Err(CredentialError::InvalidProof(Box::new(report))),
                Err(Refused::Nonce) => return Err(CredentialError::InvalidNonce(Box::new(report))),
            }
        };
        Ok(Order { kind, dataset, proven })
    }

    /// The number of the data set that is asked for (§8.2, §3.3.4).
    fn dataset(
        &self,
        session: &Session,
        grant: &Grant,
        requested: &Requested,
    ) -> Result<usize, CredentialError> {
        let covered = || {
            let numbers = grant.datasets.iter().copied();
            numbers.filter_map(|number| session.datasets.get(number).map(|dataset| (number, dataset)))
        };
        match requested {
            Requested::Identifier(identifier) => covered()
                .find(|(_, dataset)| grant.by_identifier && dataset.identifier == *identifier)
                .map(|(number, _)| number)
                .ok_or(CredentialError::UnknownIdentifier),
            Requested::Configuration(id) if !self.kinds.contains_key(id) => {
                Err(CredentialError::UnknownConfiguration)
            }
            Requested::Configuration(_) if grant.by_identifier => Err(CredentialError::InvalidRequest(
                "the token response has credential_identifiers: one of them must be used",
            )),
            Requested::Configuration(id) => covered()
                .find(|(_, dataset)| dataset.configuration_id == *id)
                .map(|(number, _)| number)
                .ok_or(CredentialError::Access(AccessError::InsufficientScope)),
        }
    }

    /// Gets the claims and signs the copies: one for each key, or one that is not bound.
    async fn make(
        &self,
        id: &str,
        session: &Session,
        order: &Order<'_>,
        now: UnixTime,
    ) -> Result<Vec<Value>, CredentialError> {
        let kind = order.kind;
        let context = IssuanceContext {
            session: id,
            reference: session.reference.as_deref(),
            configuration: &kind.configuration,
            offered: session.datasets.get(order.dataset).and_then(|dataset| dataset.claims.as_ref()),
        };
        let claims = match self.claims.claims(&context).await {
            Ok(ClaimsAnswer::Claims(claims)) => claims,
            Ok(ClaimsAnswer::Deferred(_)) => {
                return Err(CredentialError::Unavailable("deferred issuance is not supported".to_owned()));
            }
            Err(ClaimsError::Denied) => return Err(CredentialError::Denied("the credential is denied")),
            Err(error) => return Err(CredentialError::Unavailable(error.to_string())),
        };
        kind.check(&claims).map_err(|_| {
            CredentialError::Unavailable("the source of claims brought too little or too much".to_owned())
        })?;
        let validity = kind.validity(now, self.lifetimes.issuance_rounding);
        let mut draft = kind.draft(&self.identifier, claims, validity).map_err(unissued)?;
        let limit = kind.configuration.batch_size.unwrap_or(self.batch_size);
        let copies = order.proven.len().clamp(1, usize::try_from(limit).unwrap_or(usize::MAX).max(1));
        let mut statuses = self.statuses(&context, copies, validity).await?.into_iter();
        let mut credentials = Vec::with_capacity(copies);
        for copy in 0..copies {
            let proven = order.proven.get(copy);
            let holder = proven.map(|proven| Holder { key: &proven.key, did: proven.did.as_deref() });
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

    /// Commits the issuance together with everything it uses up; the number of the response.
    async fn write_down(
        &self,
        id: &str,
        mut loaded: Loaded,
        happening: &Happening,
        spent: Vec<Write>,
        now: UnixTime,
    ) -> Result<usize, CredentialError> {
        for _ in 0..MAX_RACES {
            let known = loaded.session.events.len();
            let (session, _) =
                loaded.session.on(happening.clone(), now).map_err(|refusal| match refusal {
                    Refusal::Exhausted => {
                        CredentialError::Denied("this credential was issued as often as it may be")
                    }
                    _ => CredentialError::Access(AccessError::InvalidToken),
                })?;
            let mut writes = vec![self.replace(id, loaded.version, &session).map_err(unavailable)?];
            writes.extend(spent.iter().cloned());
            match self.store.commit(writes).await {
                Ok(()) => {
                    self.tell(id, &session, known);
                    let State::Granted(granted) = &session.state else { return Ok(0) };
                    return Ok(granted.responses.len().saturating_sub(1));
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

    /// Spends the DPoP proof of a request that was refused, and writes the reason into the session.
    async fn refuse(&self, access: &Access, error: CredentialError, now: UnixTime) -> CredentialError {
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
                && self.store.commit(vec![write]).await.is_ok()
            {
                self.tell(id, &session, known);
            }
        }
        error
    }
}

fn invalid_proofs(reason: &'static str) -> CredentialError {
    let mut report = Report::new("key proofs");
    report.fail(&rules::PROOF_JWT, reason);
    CredentialError::InvalidProof(Box::new(report))
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
fn unavailable(error: StoreError) -> CredentialError {
    CredentialError::Unavailable(error.to_string())
}

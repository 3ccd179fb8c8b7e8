//! The nonce endpoint (§7) and the credential endpoint (§8).

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Report, UnixTime};
use credenza_oauth::Reply;
use http::HeaderMap;

use super::access::Access;
use super::configuration::Deferral;
use super::encryption::Recipient;
use super::issuance::{Claims, Order, unavailable};
use super::kind::Kind;
use super::proof::{self, Proven, Refused};
use super::records::Loaded;
use super::seals::Purpose;
use super::session::{Grant, Happening, Promise, Session, State};
use super::{AccessError, CredentialError, Issuer};
use crate::dialects::{Dialect, EarlierMembers};
use crate::messages::credential::{InvalidCredentialRequest, Requested};
use crate::messages::{CredentialResponse, NonceResponse, Proofs};
use crate::rules;

impl Issuer {
    /// The nonce endpoint (§7): a fresh challenge, and nothing is stored.
    #[must_use]
    pub fn nonce(&self) -> Reply<NonceResponse> {
        let now = self.clock.now();
        let c_nonce = self.seals.seal(Purpose::Nonce, now + self.lifetimes.c_nonce, &[]);
        Reply::ok(NonceResponse { c_nonce }).with_dpop_nonce(self.resource_nonce(now))
    }

    /// The credential endpoint (§8): the headers and the body of a POST, encrypted or not.
    ///
    /// All copies are issued or none, or all of them are promised for later. The nonces of the proofs are used up in the
    /// same commit that writes the issuance or the promise down, and by nothing else.
    ///
    /// # Errors
    /// See [`CredentialError`]. Errors are never encrypted (§8.3.1.2).
    pub async fn credential(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Reply<CredentialResponse>, CredentialError> {
        let now = self.clock.now();
        let access = self.access(headers, &self.endpoints.credential, now).await?;
        let dialect = self.dialects.of_request(body);
        match self.answer(&access, headers, body, dialect, now).await {
            Ok(reply) => Ok(self.say(dialect, reply, now).with_dpop_nonce(self.resource_nonce(now))),
            Err(error) => Err(self.refuse_in(dialect, self.refuse(&access, error, now).await, now)),
        }
    }

    async fn answer(
        &self,
        access: &Access,
        headers: &HeaderMap,
        body: &[u8],
        dialect: Option<Dialect>,
        now: UnixTime,
    ) -> Result<Reply<CredentialResponse>, CredentialError> {
        let read = self.read(headers, body).await?;
        let request = self.requested(dialect, &read.json)?;
        let recipient = self.recipient(&read, request.response_encryption.as_ref())?;
        let id = access.token.session.as_str();
        let loaded = self.load(id).await.map_err(unavailable)?;
        let loaded = loaded.ok_or(AccessError::InvalidToken)?;
        let dataset = self.dataset(&loaded.session, access, &request.requested, now)?;
        let kind = self.kind_of(&loaded.session, dataset)?;
        let proven = self.proven(&kind, access, request.proofs.as_ref(), now).await?;
        if let Some(holder_key) = &Self::granted(&loaded.session, access, now)?.holder_key {
            proven.continues(holder_key).map_err(CredentialError::InvalidProof)?;
        }
        let order = Order { kind: &kind, dataset, keys: &proven.keys };
        let response = self.issue_or_promise(id, loaded, &order, &proven, access, now).await?;
        self.reply(response, recipient.as_ref())
    }

    async fn issue_or_promise(
        &self,
        id: &str,
        loaded: Loaded,
        order: &Order<'_>,
        proven: &Proven,
        access: &Access,
        now: UnixTime,
    ) -> Result<CredentialResponse, CredentialError> {
        let mut spent = proven.spend(now, self.lifetimes.c_nonce);
        spent.extend(access.spend());
        let deferral = loaded.session.datasets.get(order.dataset).map(|dataset| dataset.deferral);
        let claims = match deferral.unwrap_or_default() {
            Deferral::None => self.claims(id, &loaded.session, order).await?,
            Deferral::UntilAskedAgain | Deferral::UntilCompleted => {
                Claims::Later(self.lifetimes.deferred_interval)
            }
        };
        match claims {
            Claims::Here(claims) => {
                let credentials = self.make(id, &loaded.session, order, claims, now).await?;
                let copies = u32::try_from(credentials.len()).unwrap_or(u32::MAX);
                let happening = Happening::Issued { dataset: order.dataset, copies };
                let session = self.write_down(id, loaded, &happening, spent, now).await?;
                Ok(self.response(id, &session, credentials, now))
            }
            Claims::Later(interval) => self.promise(id, loaded, order, interval, spent, now).await,
        }
    }

    async fn promise(
        &self,
        id: &str,
        loaded: Loaded,
        order: &Order<'_>,
        interval: Duration,
        spent: Vec<credenza_core::Write>,
        now: UnixTime,
    ) -> Result<CredentialResponse, CredentialError> {
        let expires = now + self.lifetimes.deferred;
        let promise = Promise::new(order.dataset, order.keys.to_vec(), now, interval, expires);
        let interval = promise.interval;
        let session = self.write_down(id, loaded, &Happening::Promised(promise), spent, now).await?;
        let State::Granted(granted) = &session.state else { return Err(AccessError::InvalidToken.into()) };
        let number = granted.promises.len().saturating_sub(1);
        let transaction = format!("{number} {id}");
        Ok(CredentialResponse {
            credentials: Vec::new(),
            transaction_id: Some(self.seals.seal(Purpose::Transaction, expires, transaction.as_bytes())),
            interval: Some(interval),
            notification_id: None,
            earlier: EarlierMembers::default(),
        })
    }

    /// What the token is good for, when it is still the one of this session.
    pub(super) fn granted<'a>(
        session: &'a Session,
        access: &Access,
        now: UnixTime,
    ) -> Result<&'a Grant, AccessError> {
        let State::Granted(granted) = &session.state else { return Err(AccessError::InvalidToken) };
        let grant = &granted.grant;
        // The session knows to which key and client its token went, and when it ends.
        if grant.jkt != access.token.jkt
            || grant.client_id != access.token.client_id
            || now >= grant.token_ends
        {
            return Err(AccessError::InvalidToken);
        }
        Ok(grant)
    }

    pub(super) fn kind_of(&self, session: &Session, dataset: usize) -> Result<Arc<Kind>, CredentialError> {
        let configuration = session.datasets.get(dataset).map(|dataset| dataset.configuration_id.as_str());
        let catalogue = self.catalogue();
        let kind = configuration.and_then(|id| catalogue.kinds.get(id));
        kind.cloned().ok_or(CredentialError::UnknownConfiguration)
    }

    /// The number of the data set that is asked for (§8.2, §3.3.4).
    fn dataset(
        &self,
        session: &Session,
        access: &Access,
        requested: &Requested,
        now: UnixTime,
    ) -> Result<usize, CredentialError> {
        let grant = Self::granted(session, access, now)?;
        let covered = || {
            let numbers = grant.datasets.iter().copied();
            numbers.filter_map(|number| session.datasets.get(number).map(|dataset| (number, dataset)))
        };
        match requested {
            Requested::Identifier(identifier) => covered()
                .find(|(_, dataset)| grant.by_identifier && dataset.identifier == *identifier)
                .map(|(number, _)| number)
                .ok_or(CredentialError::UnknownIdentifier),
            Requested::Configuration(id) if !self.catalogue().kinds.contains_key(id) => {
                Err(CredentialError::UnknownConfiguration)
            }
            Requested::Configuration(_) if grant.by_identifier => Err(CredentialError::InvalidRequest(
                "the token response has credential_identifiers: one of them must be used",
            )),
            Requested::AnyOf(ids) if ids.is_empty() => Err(CredentialError::UnknownConfiguration),
            Requested::AnyOf(ids) => covered()
                .find(|(_, dataset)| ids.contains(&dataset.configuration_id))
                .map(|(number, _)| number)
                .ok_or(CredentialError::Access(AccessError::InsufficientScope)),
            Requested::Configuration(id) => covered()
                .find(|(_, dataset)| dataset.configuration_id == *id)
                .map(|(number, _)| number)
                .ok_or(CredentialError::Access(AccessError::InsufficientScope)),
        }
    }

    /// The keys that the proofs prove; none for a credential that is not bound to a key.
    async fn proven(
        &self,
        kind: &Kind,
        access: &Access,
        proofs: Option<&Proofs>,
        now: UnixTime,
    ) -> Result<Proven, CredentialError> {
        let configuration = &kind.configuration;
        if configuration.proof_algorithms.is_empty() {
            return Ok(Proven::default());
        }
        let proofs = proofs.ok_or_else(|| invalid_proofs("proofs is missing"))?;
        if proofs.count() > usize::try_from(self.batch_size).unwrap_or(usize::MAX) {
            return Err(CredentialError::InvalidRequest("more proofs than batch_size allows"));
        }
        let binding_methods = super::metadata::binding_methods(kind);
        let expected = proof::Expected {
            issuer: &self.identifier,
            client_id: access.token.client_id.as_deref(),
            configuration,
            binding_methods: &binding_methods,
            seals: &self.seals,
            dids: &self.dids,
            contexts: &self.contexts,
            wallet_providers: self.wallet_providers.as_deref(),
            now,
            max_age: self.lifetimes.proof,
        };
        let mut report = Report::new("key proofs");
        proof::verify(proofs, &expected, &mut report).await.map_err(|refused| match refused {
            Refused::Proof => CredentialError::InvalidProof(Box::new(report)),
            Refused::Nonce => CredentialError::InvalidNonce(Box::new(report)),
        })
    }

    /// The answer, in an envelope where one was asked for.
    pub(super) fn reply(
        &self,
        response: CredentialResponse,
        recipient: Option<&Recipient>,
    ) -> Result<Reply<CredentialResponse>, CredentialError> {
        let sealed = match recipient {
            None => None,
            Some(recipient) => {
                let json = serde_json::to_vec(&response)
                    .map_err(|error| CredentialError::Unavailable(error.to_string()))?;
                Some(recipient.seal(&json, &*self.random)?)
            }
        };
        let later = response.transaction_id.is_some();
        Ok(if later { Reply::accepted(response) } else { Reply::ok(response) }.sealed(sealed))
    }
}

impl From<InvalidCredentialRequest> for CredentialError {
    fn from(error: InvalidCredentialRequest) -> Self {
        match error {
            InvalidCredentialRequest::Malformed(reason) => Self::InvalidRequest(reason),
            InvalidCredentialRequest::Proofs(reason) => invalid_proofs(reason),
            InvalidCredentialRequest::Encryption => Self::InvalidEncryptionParameters(
                "credential_response_encryption is not an object with a public jwk and enc",
            ),
        }
    }
}

fn invalid_proofs(reason: &'static str) -> CredentialError {
    let mut report = Report::new("key proofs");
    report.fail(&rules::PROOF_CLAIMS, reason);
    CredentialError::InvalidProof(Box::new(report))
}

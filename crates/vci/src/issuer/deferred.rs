//! The deferred credential endpoint (§9), and what the issuer's own people decide about what was promised.
//!
//! A transaction is good for one session and for one issuance: the commit that writes the issuance down ends it.

use credenza_core::{StoreError, UnixTime};
use credenza_oauth::Reply;
use http::HeaderMap;
use serde_json::{Map, Value};

use super::access::Access;
use super::configuration::Deferral;
use super::issuance::{Claims, Order, unavailable};
use super::kind::ClaimsProblem;
use super::offers::too_many_races;
use super::records::{Loaded, MAX_RACES};
use super::seals::Purpose;
use super::session::{Effect, Happening, Outcome, Promise, Refusal, State, Withheld, parse_name};
use super::{AccessError, CredentialError, Issuer, SessionView};
use crate::dialects::EarlierMembers;
use crate::messages::{CredentialResponse, DeferredCredentialRequest};

/// No reason for a failure is longer, in characters.
const MAX_REASON: usize = 300;

/// Why nothing was decided about a credential that was promised.
#[derive(Debug, thiserror::Error)]
pub enum DeferredError {
    /// Nothing of this name was promised, or it was forgotten.
    #[error("nothing of this name was promised")]
    NotFound,
    /// It was issued, given up or has expired.
    #[error("it is too late: it was issued, given up, or has expired")]
    TooLate,
    /// A claim that the credential must have.
    #[error("the claim {0} is missing")]
    MissingClaim(String),
    /// A claim that the issuer sets itself.
    #[error("the claim {0} is the issuer's to set")]
    ReservedClaim(&'static str),
    /// The claims do not make a credential.
    #[error("no credential can be made of these claims: {0}")]
    Unfit(String),
    /// Longer than anybody reads.
    #[error("the reason is longer than 300 characters")]
    Reason,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Issuer {
    /// The deferred credential endpoint (§9): the headers and the body of a POST, encrypted or not.
    ///
    /// # Errors
    /// See [`CredentialError`]. Errors are never encrypted.
    pub async fn deferred_credential(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Reply<CredentialResponse>, CredentialError> {
        let now = self.clock.now();
        let access = self.access(headers, &self.endpoints.deferred_credential, now).await?;
        let dialect = self.dialects.of_deferred(body);
        match self.ask_again(&access, headers, body, now).await {
            Ok(reply) => Ok(self.say_again(dialect, reply, now)?.with_dpop_nonce(self.resource_nonce(now))),
            Err(error) => Err(self.refuse_in(dialect, self.refuse(&access, error, now).await, now)),
        }
    }

    async fn ask_again(
        &self,
        access: &Access,
        headers: &HeaderMap,
        body: &[u8],
        now: UnixTime,
    ) -> Result<Reply<CredentialResponse>, CredentialError> {
        let read = self.read(headers, body).await?;
        let request = DeferredCredentialRequest::parse(&read.json)?;
        let recipient = self.recipient(&read, request.response_encryption.as_ref())?;
        let transaction = self
            .seals
            .open_text(Purpose::Transaction, now, self.dialects.unmarked(&request.transaction_id))
            .map_err(|_| CredentialError::InvalidTransactionId)?;
        let (number, id) = transaction.split_once(' ').ok_or(CredentialError::InvalidTransactionId)?;
        let number: usize = number.parse().map_err(|_| CredentialError::InvalidTransactionId)?;
        if id != access.token.session {
            return Err(CredentialError::InvalidTransactionId);
        }
        let loaded = self.load(id).await.map_err(unavailable)?;
        let loaded = loaded.ok_or(AccessError::InvalidToken)?;
        Self::granted(&loaded.session, access, now)?;
        let promise = promise(&loaded, number).ok_or(CredentialError::InvalidTransactionId)?.clone();
        let kind = self.kind_of(&loaded.session, promise.dataset)?;
        let order = Order { kind: &kind, dataset: promise.dataset, keys: &promise.keys };
        let response = match self.claims_now(id, &loaded, &promise, &order).await? {
            Claims::Later(interval) => {
                self.spend_proof(access).await?;
                CredentialResponse {
                    credentials: Vec::new(),
                    transaction_id: Some(request.transaction_id),
                    interval: Some(interval.as_secs().max(1)),
                    notification_id: None,
                    earlier: EarlierMembers::default(),
                }
            }
            Claims::Here(claims) => {
                let credentials = self.make(id, &loaded.session, &order, claims, now).await?;
                let copies = u32::try_from(credentials.len()).unwrap_or(u32::MAX);
                let happening = Happening::Kept { promise: number, copies };
                let spent = access.spend().into_iter().collect();
                let session = self.write_down(id, loaded, &happening, spent, now).await?;
                self.response(id, &session, credentials, now)
            }
        };
        self.reply(response, recipient.as_ref())
    }

    /// The claims of what was promised, when it can be issued now.
    async fn claims_now(
        &self,
        id: &str,
        loaded: &Loaded,
        promise: &Promise,
        order: &Order<'_>,
    ) -> Result<Claims, CredentialError> {
        let deferral = loaded.session.datasets.get(promise.dataset).map(|dataset| dataset.deferral);
        match &promise.outcome {
            Outcome::Kept => Err(CredentialError::InvalidTransactionId),
            Outcome::Broken(_) => Err(CredentialError::Denied("the credential will not be issued")),
            Outcome::Ready(Some(claims)) => Ok(Claims::Here(claims.0.clone())),
            Outcome::Open if deferral == Some(Deferral::UntilCompleted) => {
                Ok(Claims::Later(std::time::Duration::from_secs(promise.interval)))
            }
            Outcome::Open | Outcome::Ready(None) => self.claims(id, &loaded.session, order).await,
        }
    }

    /// Has a credential that was promised issued when the wallet asks next: with these claims, or with those that are
    /// there. `name` is [`DeferredView::id`](super::DeferredView::id).
    ///
    /// # Errors
    /// See [`DeferredError`].
    pub async fn complete_deferred(
        &self,
        name: &str,
        claims: Option<Map<String, Value>>,
    ) -> Result<SessionView, DeferredError> {
        let (id, number) = parse_name(name).ok_or(DeferredError::NotFound)?;
        if let Some(claims) = &claims {
            self.rehearse_promise(id, number, claims).await?;
        }
        let claims = claims.map(|claims| Box::new(Withheld(claims)));
        self.settle(id, Happening::Ready { promise: number, claims }).await
    }

    /// Gives up a credential that was promised: the wallet is told that it will never come. The reason is for the
    /// issuer's own people.
    ///
    /// # Errors
    /// See [`DeferredError`].
    pub async fn fail_deferred(&self, name: &str, reason: &str) -> Result<SessionView, DeferredError> {
        let (id, number) = parse_name(name).ok_or(DeferredError::NotFound)?;
        if reason.chars().count() > MAX_REASON {
            return Err(DeferredError::Reason);
        }
        self.settle(id, Happening::Broken { promise: number, reason: reason.to_owned() }).await
    }

    /// Better now, to the one who can mend it, than later to the wallet.
    async fn rehearse_promise(
        &self,
        id: &str,
        number: usize,
        claims: &Map<String, Value>,
    ) -> Result<(), DeferredError> {
        let loaded = self.load(id).await?.ok_or(DeferredError::NotFound)?;
        let dataset = promise(&loaded, number).ok_or(DeferredError::NotFound)?.dataset;
        let kind = self.kind_of(&loaded.session, dataset).map_err(|_| DeferredError::NotFound)?;
        kind.check(claims).map_err(|problem| match problem {
            ClaimsProblem::Missing(claim) => DeferredError::MissingClaim(claim),
            ClaimsProblem::Reserved(claim) => DeferredError::ReservedClaim(claim),
        })?;
        let rehearsal = kind.rehearse(&self.identifier, claims.clone(), self.clock.now(), &*self.random);
        rehearsal.await.map_err(|error| DeferredError::Unfit(error.to_string()))
    }

    async fn settle(&self, id: &str, happening: Happening) -> Result<SessionView, DeferredError> {
        let now = self.clock.now();
        for _ in 0..MAX_RACES {
            let Loaded { session, version } = self.load(id).await?.ok_or(DeferredError::NotFound)?;
            let known = session.events.len();
            let exists = matches!(&session.state, State::Granted(granted) if !granted.promises.is_empty());
            let (session, effect) = session.on(happening.clone(), now).map_err(|refusal| match refusal {
                Refusal::NoPromise if exists => DeferredError::TooLate,
                _ => DeferredError::NotFound,
            })?;
            if effect == Effect::Nothing {
                return Ok(session.view(id, now));
            }
            let write = self.replace(id, version, &session)?;
            match self.store.commit([vec![write], self.outbox(id, &session, known)].concat()).await {
                Ok(()) => {
                    self.tell(id, &session, known);
                    return Ok(session.view(id, now));
                }
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_many_races().into())
    }
}

fn promise(loaded: &Loaded, number: usize) -> Option<&Promise> {
    match &loaded.session.state {
        State::Granted(granted) => granted.promises.get(number),
        _ => None,
    }
}

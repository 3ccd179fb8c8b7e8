//! Making offers, handing them out by reference, and calling them off.

use std::time::Duration;

use credenza_core::{Secret, StoreError, UnixTime, id};
use credenza_crypto::hash::sha256;
use credenza_oauth::{EndpointError, Reply};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::kind::ClaimsProblem;
use super::records::{self, Loaded, MAX_RACES};
use super::seals::Purpose;
use super::session::{Dataset, Effect, Happening, Session, State, TxCodeLock};
use super::{Issuer, MAX_OFFER_LIFETIME, SessionView};
use crate::messages::offer::{Grants, MAX_OFFERED, MAX_TX_CODE_DESCRIPTION};
use crate::messages::{CredentialOffer, InputMode, OfferLink, PreAuthorizedCodeGrant, TxCode};

/// No session is larger, in bytes.
const MAX_SESSION: usize = 512 * 1024;

/// No transaction code is longer, in bytes.
const MAX_TX_CODE: usize = 64;

/// How many digits are drawn unless the request says otherwise, and how many can be asked for.
const DEFAULT_TX_CODE_LENGTH: u8 = 6;
const TX_CODE_LENGTHS: std::ops::RangeInclusive<u8> = 4..=12;

/// What to offer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct OfferRequest {
    /// The credentials. One configuration may be here several times, with different claims: several data sets.
    pub credentials: Vec<OfferedCredential>,
    /// Whether the holder must type a transaction code, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<TxCodeRequest>,
    /// Whether the link carries the offer or points at it.
    #[serde(default)]
    pub delivery: Delivery,
    /// For how many seconds it is good; absent: as the issuer's lifetimes say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// What the caller calls it; handed to the claims source, never to the wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// One credential of an offer.
#[derive(Clone, Serialize, Deserialize)]
pub struct OfferedCredential {
    /// Which configuration.
    pub configuration_id: String,
    /// Its claims; absent when the claims source brings them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Map<String, Value>>,
}

impl std::fmt::Debug for OfferedCredential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "OfferedCredential({})", self.configuration_id)
    }
}

/// Which transaction code.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TxCodeRequest {
    /// This one; absent: digits are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// How many digits are drawn, from 4 to 12; absent: 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u8>,
    /// For the holder: where the code comes from; at most 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The characters of `code`; digits are always `numeric`.
    #[serde(default)]
    pub input_mode: InputMode,
}

/// How an offer comes to the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The link points at it: a small QR code (§4.1.3).
    #[default]
    ByReference,
    /// The link is it (§4.1.2).
    ByValue,
}

/// An offer that was made.
#[derive(Debug, Clone, Serialize)]
pub struct CreatedOffer {
    /// The session's identifier, for the issuer's own use.
    pub id: String,
    /// `openid-credential-offer://…`, for a link or a QR code.
    pub uri: String,
    /// The https URL of the offer, when it goes by reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_uri: Option<Url>,
    /// The transaction code, to be given to the holder on another way. It is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<Secret>,
    /// From this second on the offer is dead.
    pub expires_at: UnixTime,
    /// The same as a link, for wallets whose credential offer endpoint is known.
    #[serde(skip)]
    pub link: OfferLink,
}

/// Why no offer was made. All but the last are the caller's mistakes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// Nothing is offered, or too much.
    #[error("an offer needs between 1 and {} credentials", crate::messages::offer::MAX_OFFERED)]
    Count,
    /// A configuration that does not exist.
    #[error("there is no credential configuration \"{0}\"")]
    UnknownConfiguration(String),
    /// A mandatory claim is missing.
    #[error("the credential \"{configuration}\" needs the claim \"{claim}\"")]
    MissingClaim {
        /// The configuration.
        configuration: String,
        /// The path of the claim, as people write it.
        claim: String,
    },
    /// A claim that the issuer itself sets.
    #[error("the claim \"{0}\" is set by the issuer")]
    ReservedClaim(&'static str),
    /// The transaction code does not have the form that was announced.
    #[error("the transaction code: {0}")]
    TxCode(&'static str),
    /// Lives for no time, or too long.
    #[error("expires_in must be between 1 and {} seconds", super::MAX_OFFER_LIFETIME.as_secs())]
    Lifetime,
    /// The claims are larger than a session may be.
    #[error("the claims are too large")]
    TooLarge,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an offer was not handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferFetchError {
    /// There is none under this URL, or no more.
    #[error("there is no offer here, or no more")]
    NotFound,
    /// The store failed.
    #[error("the service is temporarily unavailable")]
    Store(#[source] StoreError),
}

impl EndpointError for OfferFetchError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Store(_) => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Why an offer was not called off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// No such session.
    #[error("there is no such offer")]
    NotFound,
    /// Credentials were issued, or it is over.
    #[error("the offer can't be cancelled any more: it is {0}")]
    TooLate(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OfferRequest {
    /// Offers one credential with these claims.
    #[must_use]
    pub fn of(configuration_id: impl Into<String>, claims: Map<String, Value>) -> Self {
        let credential =
            OfferedCredential { configuration_id: configuration_id.into(), claims: Some(claims) };
        Self { credentials: vec![credential], ..Self::default() }
    }

    /// The same, with a transaction code of `length` digits.
    #[must_use]
    pub fn with_tx_code(mut self, length: u8) -> Self {
        self.tx_code = Some(TxCodeRequest { length: Some(length), ..TxCodeRequest::default() });
        self
    }
}

impl Issuer {
    /// Makes an offer.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub async fn create_offer(&self, request: OfferRequest) -> Result<CreatedOffer, OfferError> {
        let now = self.clock.now();
        if request.credentials.is_empty() || request.credentials.len() > MAX_OFFERED {
            return Err(OfferError::Count);
        }
        let lifetime = match request.expires_in {
            None => self.lifetimes.offer,
            Some(seconds) => Some(Duration::from_secs(seconds))
                .filter(|lifetime| !lifetime.is_zero() && *lifetime <= MAX_OFFER_LIFETIME)
                .ok_or(OfferError::Lifetime)?,
        };
        let id = id::short(&*self.random);
        let offer_ends = now + lifetime;
        let (tx_code, lock) = match &request.tx_code {
            None => (None, None),
            Some(wanted) => {
                let code = self.transaction_code(wanted)?;
                let lock = self.lock(&id, wanted, &code, offer_ends);
                (Some(code), Some(lock))
            }
        };
        let mut session = Session {
            issuer: self.identifier.clone(),
            reference: request.reference,
            created_at: now,
            offer_ends,
            tx_code: lock,
            datasets: self.datasets(request.credentials)?,
            state: State::Offered { retrieved: false, wrong_tx_codes: 0 },
            events: Vec::new(),
        };
        session.note(now, "offer.created", None);
        let value = self.encode(&session)?;
        if value.len() > MAX_SESSION {
            return Err(OfferError::TooLarge);
        }
        self.store.insert(records::key(&id), value, self.kept_until(&session)).await?;
        self.tell(&id, &session, 0);
        let (link, offer_uri) = match request.delivery {
            Delivery::ByValue => (OfferLink::ByValue(Box::new(self.offer_of(&id, &session))), None),
            Delivery::ByReference => {
                let mut uri = self.endpoints.offers.clone();
                let handle = self.seals.seal(Purpose::OfferUri, offer_ends, id.as_bytes());
                uri.set_path(&format!("{}{handle}", uri.path()));
                (OfferLink::ByReference(uri.clone()), Some(uri))
            }
        };
        Ok(CreatedOffer { id, uri: link.to_deep_link(), offer_uri, tx_code, expires_at: offer_ends, link })
    }

    /// Hands out the offer that a `credential_offer_uri` ends with. It can be fetched until the code is redeemed, the
    /// offer expires or is cancelled.
    ///
    /// # Errors
    /// See [`OfferFetchError`].
    pub async fn offer_object(&self, handle: &str) -> Result<Reply<CredentialOffer>, OfferFetchError> {
        let now = self.clock.now();
        let id =
            self.seals.open_text(Purpose::OfferUri, now, handle).map_err(|_| OfferFetchError::NotFound)?;
        for _ in 0..MAX_RACES {
            let loaded = self.load(&id).await.map_err(OfferFetchError::Store)?;
            let Loaded { session, version } = loaded.ok_or(OfferFetchError::NotFound)?;
            let known = session.events.len();
            let (session, effect) =
                session.on(Happening::Retrieved, now).map_err(|_| OfferFetchError::NotFound)?;
            if effect == Effect::Nothing {
                return Ok(Reply::ok(self.offer_of(&id, &session)));
            }
            let write = self.replace(&id, version, &session).map_err(OfferFetchError::Store)?;
            match self.store.commit(vec![write]).await {
                Ok(()) => {
                    self.tell(&id, &session, known);
                    return Ok(Reply::ok(self.offer_of(&id, &session)));
                }
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(OfferFetchError::Store(error)),
            }
        }
        Err(OfferFetchError::Store(too_many_races()))
    }

    /// What has become of an offer; `None` when there is no such session, or no more.
    ///
    /// # Errors
    /// The store failed.
    pub async fn session(&self, id: &str) -> Result<Option<SessionView>, StoreError> {
        let now = self.clock.now();
        Ok(self.load(id).await?.map(|loaded| loaded.session.view(id, now)))
    }

    /// Calls an offer off. Its code is dead then, and so is a token by which nothing was issued yet. Cancelling twice
    /// is no mistake.
    ///
    /// # Errors
    /// See [`CancelError`].
    pub async fn cancel(&self, id: &str) -> Result<SessionView, CancelError> {
        let now = self.clock.now();
        for _ in 0..MAX_RACES {
            let Loaded { session, version } = self.load(id).await?.ok_or(CancelError::NotFound)?;
            let standing = session.standing(now).name();
            let known = session.events.len();
            let (session, effect) =
                session.on(Happening::Cancelled, now).map_err(|_| CancelError::TooLate(standing))?;
            if effect == Effect::Nothing {
                return Ok(session.view(id, now));
            }
            match self.store.commit(vec![self.replace(id, version, &session)?]).await {
                Ok(()) => {
                    self.tell(id, &session, known);
                    return Ok(session.view(id, now));
                }
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(CancelError::Store(too_many_races()))
    }

    /// The offer as the wallet gets it. Its code is a name for the session that only we can read: each fetch brings
    /// another text, and all of them are redeemed together.
    fn offer_of(&self, id: &str, session: &Session) -> CredentialOffer {
        let mut ids: Vec<String> = Vec::with_capacity(session.datasets.len());
        for dataset in &session.datasets {
            if !ids.contains(&dataset.configuration_id) {
                ids.push(dataset.configuration_id.clone());
            }
        }
        let grant = PreAuthorizedCodeGrant {
            pre_authorized_code: self.seals.seal(
                Purpose::PreAuthorizedCode,
                session.offer_ends,
                id.as_bytes(),
            ),
            tx_code: session.tx_code.as_ref().map(|lock| lock.hint.clone()),
            authorization_server: None,
        };
        CredentialOffer {
            credential_issuer: self.identifier.clone(),
            credential_configuration_ids: ids,
            grants: Grants { pre_authorized_code: Some(grant), authorization_code: None },
        }
    }

    fn datasets(&self, offered: Vec<OfferedCredential>) -> Result<Vec<Dataset>, OfferError> {
        let mut datasets: Vec<Dataset> = Vec::with_capacity(offered.len());
        for OfferedCredential { configuration_id, claims } in offered {
            let Some(kind) = self.kinds.get(&configuration_id) else {
                return Err(OfferError::UnknownConfiguration(configuration_id));
            };
            if let Some(claims) = &claims {
                kind.check(claims).map_err(|problem| match problem {
                    ClaimsProblem::Missing(claim) => {
                        OfferError::MissingClaim { configuration: configuration_id.clone(), claim }
                    }
                    ClaimsProblem::Reserved(claim) => OfferError::ReservedClaim(claim),
                })?;
            }
            let same = datasets.iter().filter(|dataset| dataset.configuration_id == configuration_id).count();
            let identifier = format!("{configuration_id}#{}", same + 1);
            datasets.push(Dataset { configuration_id, identifier, claims });
        }
        Ok(datasets)
    }

    fn transaction_code(&self, wanted: &TxCodeRequest) -> Result<Secret, OfferError> {
        let described = wanted.description.as_deref().unwrap_or_default();
        if described.chars().count() > MAX_TX_CODE_DESCRIPTION {
            return Err(OfferError::TxCode("its description is longer than 300 characters"));
        }
        match &wanted.code {
            None => {
                let length = wanted.length.unwrap_or(DEFAULT_TX_CODE_LENGTH);
                if !TX_CODE_LENGTHS.contains(&length) {
                    return Err(OfferError::TxCode("it must have 4 to 12 digits"));
                }
                Ok(Secret::new(id::digits(&*self.random, length.into())))
            }
            Some(code) => {
                let text = code.expose();
                let fits = match wanted.input_mode {
                    InputMode::Numeric => text.bytes().all(|byte| byte.is_ascii_digit()),
                    InputMode::Text => !text.chars().any(char::is_control),
                };
                if !(4..=MAX_TX_CODE).contains(&text.len()) || !fits {
                    return Err(OfferError::TxCode(
                        "it is too short, too long or has other characters than announced",
                    ));
                }
                Ok(code.clone())
            }
        }
    }

    fn lock(&self, id: &str, wanted: &TxCodeRequest, code: &Secret, ends: UnixTime) -> TxCodeLock {
        let input_mode = if wanted.code.is_some() { wanted.input_mode } else { InputMode::Numeric };
        let length = u32::try_from(code.expose().chars().count()).ok();
        let hint = TxCode { input_mode, length, description: wanted.description.clone() };
        let sealed = self.seals.seal(Purpose::TxCode, ends, &hash_of(id, code.expose()));
        TxCodeLock { hint, sealed, allowed: self.tx_code_tries }
    }
}

/// What is kept of a transaction code.
pub(super) fn hash_of(session: &str, code: &str) -> [u8; 32] {
    sha256(format!("{session}.{code}").as_bytes())
}

pub(super) fn too_many_races() -> StoreError {
    StoreError::Unavailable("too many others are changing the same session".to_owned())
}

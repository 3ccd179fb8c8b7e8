//! Making offers, handing them out by reference, and calling them off.

use std::time::Duration;

use credenza_core::{Secret, StoreError, UnixTime, Write, id};
use credenza_crypto::hash::sha256;
use credenza_oauth::Reply;

use super::kind::ClaimsProblem;
use super::offer::{
    CancelError, CreatedOffer, Delivery, OfferError, OfferFetchError, OfferRequest, OfferedCredential,
    TxCodeRequest,
};
use super::records::{self, Loaded, MAX_RACES};
use super::seals::Purpose;
use super::session::{Dataset, Effect, Happening, Session, State, TxCodeLock};
use super::{Issuer, MAX_OFFER_LIFETIME, SessionView};
use crate::messages::offer::{AuthorizationCodeGrant, Grants, MAX_OFFERED, MAX_TX_CODE_DESCRIPTION};
use crate::messages::{CredentialOffer, InputMode, OfferLink, PreAuthorizedCodeGrant, TxCode};

/// No session is larger, in bytes.
const MAX_SESSION: usize = 512 * 1024;

/// No transaction code is longer, in bytes.
const MAX_TX_CODE: usize = 64;

/// How many digits are drawn unless the request says otherwise, and how many can be asked for.
const DEFAULT_TX_CODE_LENGTH: u8 = 6;
const TX_CODE_LENGTHS: std::ops::RangeInclusive<u8> = 4..=12;

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
        if request.grants.authorization_code() && !self.authorization.enabled() {
            return Err(OfferError::NoAuthorization);
        }
        if !request.grants.pre_authorized_code() && request.tx_code.is_some() {
            return Err(OfferError::TxCode("it belongs to the pre-authorized code"));
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
            grants: request.grants,
            subject: request.subject,
            datasets: self.datasets(request.credentials, now).await?,
            state: State::Offered { retrieved: false, wrong_tx_codes: 0 },
            events: Vec::new(),
        };
        session.note(now, "offer.created", None);
        let value = self.encode(&session)?;
        if value.len() > MAX_SESSION {
            return Err(OfferError::TooLarge);
        }
        let insert = Write::Insert { key: records::key(&id), value, expires: self.kept_until(&session) };
        self.store.commit([vec![insert], self.outbox(&id, &session, 0)].concat()).await?;
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
            match self.store.commit([vec![write], self.outbox(&id, &session, known)].concat()).await {
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

    /// An offer that can still be taken up, as an object: for the Digital Credentials API, which has no references.
    /// `None`: there is no such offer, or it is taken, over or called off.
    ///
    /// # Errors
    /// The store failed.
    pub async fn offer_by_value(&self, id: &str) -> Result<Option<CredentialOffer>, StoreError> {
        let now = self.clock.now();
        let Some(Loaded { session, .. }) = self.load(id).await? else { return Ok(None) };
        let offer = self.offer_of(id, &session);
        Ok(session.on(Happening::Retrieved, now).is_ok().then_some(offer))
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
        let sealed = |purpose| self.seals.seal(purpose, session.offer_ends, id.as_bytes());
        let pre_authorized_code = session.grants.pre_authorized_code().then(|| PreAuthorizedCodeGrant {
            pre_authorized_code: sealed(Purpose::PreAuthorizedCode),
            tx_code: session.tx_code.as_ref().map(|lock| lock.hint.clone()),
            authorization_server: self.own_authorization_server(),
        });
        let authorization_code = session.grants.authorization_code().then(|| AuthorizationCodeGrant {
            issuer_state: Some(sealed(Purpose::IssuerState)),
            authorization_server: self.own_authorization_server(),
        });
        CredentialOffer {
            credential_issuer: self.identifier.clone(),
            credential_configuration_ids: ids,
            grants: Grants { pre_authorized_code, authorization_code },
        }
    }

    /// Whom an offer's grants name: us, when there are others to be told from (§4.1.1).
    fn own_authorization_server(&self) -> Option<String> {
        (!self.external.servers.is_empty()).then(|| self.identifier.clone())
    }

    async fn datasets(
        &self,
        offered: Vec<OfferedCredential>,
        now: UnixTime,
    ) -> Result<Vec<Dataset>, OfferError> {
        let mut datasets: Vec<Dataset> = Vec::with_capacity(offered.len());
        let catalogue = self.catalogue();
        for OfferedCredential { configuration_id, claims, deferral } in offered {
            let Some(kind) = catalogue.kinds.get(&configuration_id) else {
                return Err(OfferError::UnknownConfiguration(configuration_id));
            };
            if let Some(claims) = &claims {
                kind.check(claims).map_err(|problem| match problem {
                    ClaimsProblem::Missing(claim) => {
                        OfferError::MissingClaim { configuration: configuration_id.clone(), claim }
                    }
                    ClaimsProblem::Reserved(claim) => OfferError::ReservedClaim(claim),
                })?;
                // Better now, to the one who can mend it, than later to the wallet.
                let rehearsal = kind.rehearse(&self.identifier, claims.clone(), now, &*self.random).await;
                rehearsal.map_err(|error| OfferError::Unfit {
                    configuration: configuration_id.clone(),
                    reason: error.to_string(),
                })?;
            }
            let same = datasets.iter().filter(|dataset| dataset.configuration_id == configuration_id).count();
            let identifier = format!("{configuration_id}#{}", same + 1);
            let deferral = deferral.unwrap_or(kind.configuration.deferral);
            datasets.push(Dataset { configuration_id, identifier, deferral, claims });
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

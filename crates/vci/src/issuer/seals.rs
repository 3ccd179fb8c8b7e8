//! What this issuer hands out and wants to know again: codes, nonces, handles. Each is sealed for one purpose and for
//! one issuer, so that issuers that share a key ring do not take each other's.

use std::sync::Arc;

use credenza_core::{Random, SealError, Sealer, UnixTime};
use credenza_crypto::hash::sha256;

/// What a sealed value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    PreAuthorizedCode,
    OfferUri,
    Nonce,
    NotificationId,
    Transaction,
    TxCode,
    IssuerState,
    RequestUri,
    Interaction,
    AuthorizationCode,
    AuthSession,
    RefreshToken,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::PreAuthorizedCode => "vci.pre_authorized_code",
            Self::OfferUri => "vci.credential_offer_uri",
            Self::Nonce => "vci.c_nonce",
            Self::NotificationId => "vci.notification_id",
            Self::Transaction => "vci.transaction_id",
            Self::TxCode => "vci.tx_code",
            Self::IssuerState => "vci.issuer_state",
            Self::RequestUri => "vci.request_uri",
            Self::Interaction => "vci.interaction",
            Self::AuthorizationCode => "vci.authorization_code",
            Self::AuthSession => "vci.auth_session",
            Self::RefreshToken => "vci.refresh_token",
        }
    }
}

const TAG: usize = 16;

pub(super) struct Seals {
    pub(super) sealer: Arc<Sealer>,
    random: Arc<dyn Random>,
    tag: [u8; TAG],
}

impl Seals {
    pub(super) fn new(sealer: Arc<Sealer>, random: Arc<dyn Random>, issuer: &str) -> Self {
        let mut tag = [0; TAG];
        for (byte, hashed) in tag.iter_mut().zip(sha256(issuer.as_bytes())) {
            *byte = hashed;
        }
        Self { sealer, random, tag }
    }

    pub(super) fn seal(&self, purpose: Purpose, expires: UnixTime, content: &[u8]) -> String {
        let mut tagged = Vec::with_capacity(TAG + content.len());
        tagged.extend_from_slice(&self.tag);
        tagged.extend_from_slice(content);
        self.sealer.seal(&*self.random, purpose.name(), expires, &tagged)
    }

    pub(super) fn open(&self, purpose: Purpose, now: UnixTime, text: &str) -> Result<Vec<u8>, SealError> {
        let tagged = self.sealer.open(purpose.name(), now, text)?;
        match tagged.split_first_chunk::<TAG>() {
            Some((tag, content)) if *tag == self.tag => Ok(content.to_vec()),
            _ => Err(SealError::Forged),
        }
    }

    /// Opens a value whose content is text.
    pub(super) fn open_text(&self, purpose: Purpose, now: UnixTime, text: &str) -> Result<String, SealError> {
        String::from_utf8(self.open(purpose, now, text)?).map_err(|_| SealError::Forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SeededRandom;

    #[test]
    fn c03_c29_neither_purposes_nor_issuers_mix() {
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(1));
        let ring = Arc::new(Sealer::fresh(&*random));
        let ours = Seals::new(ring.clone(), random.clone(), "https://issuer.example/a");
        let theirs = Seals::new(ring, random, "https://issuer.example/b");
        let text = ours.seal(Purpose::Nonce, UnixTime::from_secs(10), b"x");
        assert_eq!(ours.open(Purpose::Nonce, UnixTime::EPOCH, &text).unwrap(), b"x");
        assert_eq!(theirs.open(Purpose::Nonce, UnixTime::EPOCH, &text), Err(SealError::Forged));
        for other in [Purpose::PreAuthorizedCode, Purpose::OfferUri, Purpose::NotificationId, Purpose::TxCode]
        {
            assert_eq!(ours.open(other, UnixTime::EPOCH, &text), Err(SealError::Forged), "{other:?}");
        }
    }
}

//! Signed metadata (§12.2.3): made when it is asked for, and kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use credenza_core::UnixTime;
use credenza_crypto::{Header, IdentifiedBy, SignError, Signer, SigningHeader, jwt};
use serde_json::{Map, Value};

use super::Issuer;
use super::builder::ConfigError;
use crate::messages::CredentialIssuerMetadata;

/// The `typ` of signed metadata.
pub(crate) const METADATA_TYPE: &str = "openidvci-issuer-metadata+jwt";

pub(super) struct SignedMetadata {
    signer: Arc<dyn Signer>,
    header: SigningHeader,
    claims: Map<String, Value>,
    lifetime: Duration,
    /// The last one, and until when it is handed out.
    last: Mutex<Option<(Arc<str>, UnixTime)>>,
}

impl SignedMetadata {
    pub(super) fn new(
        signer: Arc<dyn Signer>,
        metadata: &CredentialIssuerMetadata,
        lifetime: Duration,
    ) -> Result<Self, ConfigError> {
        let Ok(Value::Object(mut claims)) = serde_json::to_value(metadata) else {
            return Err(ConfigError::Metadata("the metadata is not an object".to_owned()));
        };
        for name in ["iss", "sub"] {
            claims.insert(name.to_owned(), metadata.credential_issuer.as_str().into());
        }
        let identified_by = match (signer.x5c(), &signer.public_jwk().kid) {
            ([], None) => IdentifiedBy::Jwk,
            ([], Some(_)) => IdentifiedBy::Kid,
            _ => IdentifiedBy::X5c,
        };
        let header = Header::signing(&*signer, METADATA_TYPE, identified_by);
        Ok(Self { signer, header, claims, lifetime, last: Mutex::default() })
    }

    async fn at(&self, now: UnixTime) -> Result<Arc<str>, SignError> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((signed, until)) = last
            && now < until
        {
            return Ok(signed);
        }
        let mut claims = self.claims.clone();
        claims.insert("iat".to_owned(), now.as_secs().into());
        claims.insert("exp".to_owned(), (now + self.lifetime).as_secs().into());
        let signed: Arc<str> = jwt::sign(&*self.signer, &self.header, &claims).await?.into();
        // Whoever gets it last has half of its life to use it.
        let until = now + self.lifetime / 2;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((signed.clone(), until));
        Ok(signed)
    }
}

impl Issuer {
    /// Its metadata as a JWT, for wallets that ask for `application/jwt`; `None` when it has no key for that.
    ///
    /// # Errors
    /// The signer could not sign.
    pub async fn signed_metadata(&self) -> Result<Option<Arc<str>>, SignError> {
        match &self.catalogue().signed_metadata {
            Some(signed) => signed.at(self.clock.now()).await.map(Some),
            None => Ok(None),
        }
    }
}

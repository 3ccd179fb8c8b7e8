//! Issuer metadata, signed or not (§12.2.2, §12.2.3).

use credenza_core::UnixTime;
use credenza_crypto::{Algorithm, Jws, jwt};
use credenza_trust::{KeyMaterial, Purpose, Trust};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, Response};
use serde::Deserialize;
use url::Url;

use super::transport::{is_type, must_be_json, unexpected};
use super::{Parts, SignedMetadataUse, Step, WalletError};
use crate::issuer::METADATA_TYPE;
use crate::messages::CredentialIssuerMetadata;

/// Algorithms of signatures that are accepted.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];

const STEP: Step = Step::IssuerMetadata;

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: Option<String>,
    sub: String,
    iat: UnixTime,
    #[serde(default)]
    exp: Option<UnixTime>,
    #[serde(default)]
    nbf: Option<UnixTime>,
}

impl Parts {
    /// The metadata from the first of the places where it is.
    pub(super) async fn metadata(
        &self,
        identifier: &str,
        at: &[Url],
    ) -> Result<CredentialIssuerMetadata, WalletError> {
        let trust = match (self.policy.signed_metadata, &self.trust) {
            (SignedMetadataUse::Never, _) | (SignedMetadataUse::WhenTrusted, None) => None,
            (SignedMetadataUse::WhenTrusted | SignedMetadataUse::Required, Some(trust)) => Some(trust),
            (SignedMetadataUse::Required, None) => {
                return Err(WalletError::Untrustworthy("nobody is trusted to sign metadata"));
            }
        };
        if let Some(trust) = trust {
            match self.signed(identifier, at, &**trust).await? {
                Some(metadata) => return Ok(metadata),
                None if self.policy.signed_metadata == SignedMetadataUse::Required => {
                    return Err(WalletError::Untrustworthy(
                        "the metadata is not signed by somebody who is trusted for that",
                    ));
                }
                None => {}
            }
        }
        Ok(CredentialIssuerMetadata::parse(&self.fetch_first(STEP, at).await?)?)
    }

    /// Signed metadata; `None` when there is none, or nobody who is trusted has signed it.
    async fn signed(
        &self,
        identifier: &str,
        at: &[Url],
        trust: &dyn Trust,
    ) -> Result<Option<CredentialIssuerMetadata>, WalletError> {
        for url in at {
            let response = self.ask_for_signed(url).await?;
            if response.status() != 200 {
                continue;
            }
            if !is_type(&response, "application/jwt") {
                must_be_json(STEP, &response)?;
                return Ok(None);
            }
            let text = std::str::from_utf8(response.body()).unwrap_or_default().trim();
            return self.verified(identifier, text, trust).await;
        }
        Ok(None)
    }

    async fn ask_for_signed(&self, url: &Url) -> Result<Response<Vec<u8>>, WalletError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/jwt, application/json;q=0.5"));
        self.send(STEP, Method::GET, url, headers, Vec::new()).await
    }

    async fn verified(
        &self,
        identifier: &str,
        text: &str,
        trust: &dyn Trust,
    ) -> Result<Option<CredentialIssuerMetadata>, WalletError> {
        let now = self.clock.now();
        let jws = Jws::parse(text).map_err(|error| unexpected(STEP, error.to_string()))?;
        if !jws.header.has_type(METADATA_TYPE) {
            return Err(unexpected(STEP, "signed metadata has another typ"));
        }
        let claims: Claims = credenza_core::json::object_from_slice(&jws.payload)
            .map_err(|_| unexpected(STEP, "signed metadata has no sub or no iat"))?;
        let chain = jws.header.x5c().map_err(|error| unexpected(STEP, error.to_string()))?;
        let material = KeyMaterial {
            x5c: chain.as_deref(),
            kid: jws.header.kid.as_deref(),
            issuer: claims.iss.as_deref().or(Some(&claims.sub)),
            jwk: None,
        };
        let Ok(trusted) = trust.resolve(&material, Purpose::IssuerMetadata, now).await else {
            return Ok(None);
        };
        let untrustworthy = WalletError::Untrustworthy;
        jws.verify(&trusted.key, &ALGORITHMS)
            .map_err(|_| untrustworthy("the signature of the metadata does not verify"))?;
        if claims.sub != identifier {
            return Err(untrustworthy("the signed metadata belongs to another issuer"));
        }
        jwt::check_times(now, jwt::LEEWAY, claims.exp, claims.nbf, Some(claims.iat))
            .map_err(|_| untrustworthy("the signed metadata has expired, or is not valid yet"))?;
        Ok(Some(CredentialIssuerMetadata::parse(&jws.payload)?))
    }
}

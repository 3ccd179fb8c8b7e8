//! Letting requests with an access token in: the token, and the DPoP proof that must go with it.

use credenza_core::{Report, Store, StoreError, UnixTime, Write};
use credenza_oauth::authorization::{Authorization, AuthorizationError, Scheme};
use credenza_oauth::dpop::{self, DpopError, Expected, Proof};
use credenza_oauth::{AccessToken, rules};
use http::HeaderMap;
use url::Url;

use super::{AccessError, Issuer};

/// A request that was let in.
pub(super) struct Access {
    pub(super) token: AccessToken,
    /// To be spent with whatever the request changes.
    pub(super) proof: Option<Proof>,
}

impl Access {
    /// The writes that spend the proof.
    pub(super) fn spend(&self) -> Option<Write> {
        self.proof.as_ref().map(Proof::spend)
    }
}

impl Issuer {
    /// Checks token and proof of a POST to one of our endpoints.
    pub(super) async fn access(
        &self,
        headers: &HeaderMap,
        endpoint: &Url,
        now: UnixTime,
    ) -> Result<Access, AccessError> {
        let presented = Authorization::from_headers(headers).map_err(|error| match error {
            AuthorizationError::Missing => AccessError::Missing,
            AuthorizationError::Malformed => AccessError::Malformed,
        })?;
        let own = AccessToken::open(&self.seals.sealer, now, &self.identifier, presented.token);
        let token = match own {
            Ok(token) => token,
            Err(_) => self.external_token(presented.token, now).await?,
        };
        let proof = match (&token.jkt, presented.scheme) {
            (None, Scheme::Bearer) => None,
            // A bound token is no bearer token, and the other way round (RFC 9449 §7.2).
            (None, Scheme::DPoP) | (Some(_), Scheme::Bearer) => return Err(AccessError::InvalidToken),
            (Some(jkt), Scheme::DPoP) => {
                let expected = Expected {
                    method: "POST",
                    url: endpoint.as_str(),
                    now,
                    policy: &self.dpop_policy,
                    nonces: self.resource_nonces.as_ref(),
                    access_token: Some((presented.token, jkt)),
                };
                let mut report = Report::new("DPoP proof");
                match dpop::verify(headers, &expected, &mut report) {
                    Ok(Some(proof)) => Some(proof),
                    Ok(None) => {
                        report.fail(&rules::DPOP_ONE, "no DPoP header");
                        return Err(AccessError::InvalidDpopProof(Box::new(report)));
                    }
                    Err(DpopError::UseNonce) => {
                        return Err(AccessError::UseDpopNonce(self.resource_nonce(now).unwrap_or_default()));
                    }
                    Err(DpopError::Invalid) => return Err(AccessError::InvalidDpopProof(Box::new(report))),
                }
            }
        };
        Ok(Access { token, proof })
    }

    /// A nonce for the next request with a token, when nonces are demanded.
    pub(super) fn resource_nonce(&self, now: UnixTime) -> Option<String> {
        self.resource_nonces.as_ref().map(|nonces| nonces.give(&*self.random, now))
    }
}

/// A proof that was used before.
pub(super) fn replayed() -> Box<Report> {
    let mut report = Report::new("DPoP proof");
    report.fail(&rules::DPOP_REPLAY, "this proof was used before");
    Box::new(report)
}

/// Spends a proof alone, after a request that changed nothing else.
///
/// # Errors
/// [`StoreError::Conflict`] when it was spent before.
pub(super) async fn spend(store: &dyn Store, proof: Option<&Proof>) -> Result<(), StoreError> {
    match proof {
        Some(proof) => store.commit(vec![proof.spend()]).await,
        None => Ok(()),
    }
}

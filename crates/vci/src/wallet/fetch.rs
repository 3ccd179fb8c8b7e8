//! Accepting an offer: token, nonce, proofs, credentials.

use std::sync::Arc;

use credenza_core::{Report, UnixTime, id};
use credenza_crypto::{Signer, jwt};
use credenza_formats::held::HeldCredential;
use http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::Value;

use super::opened::{OfferedSummary, Plan, Ready, Received};
use super::proof_key::ProofKey;
use super::receipt::{Pending, Receipt};
use super::session::Session;
use super::transport::{answer, unexpected};
use super::{Step, WalletError};
use crate::messages::credential::Requested;
use crate::messages::{
    CredentialRequest, CredentialResponse, NonceResponse, NotificationEvent, Proofs, SupportedCredential,
    TokenResponse,
};

/// How many data sets of one configuration are fetched at most.
const MAX_DATASETS: usize = 20;

/// No nonce for key proofs is longer, in bytes.
const MAX_NONCE: usize = 4096;

#[derive(Serialize)]
struct ProofClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    aud: &'a str,
    iat: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// The copies of one credential, checked.
struct Batch {
    credentials: Vec<HeldCredential>,
    reports: Vec<Report>,
    notification_id: Option<String>,
}

impl Ready {
    /// Fetches everything that is offered, checks it, and hands it out to be stored.
    ///
    /// # Errors
    /// See [`WalletError`]: nothing was received. Credentials that were refused are reported to the issuer as failed.
    pub async fn accept(self) -> Result<Received, WalletError> {
        let Self { plan, tx_code } = self;
        let (mut session, token) = Session::redeem(&plan, tx_code.as_ref()).await?;
        let mut requests = Vec::new();
        for offered in &plan.summary.credentials {
            requests.extend(requests_for(offered, &token)?.into_iter().map(|requested| (offered, requested)));
        }
        let (mut credentials, mut reports, mut failures, mut pending) = (vec![], vec![], vec![], vec![]);
        for (offered, requested) in requests {
            match plan.fetch(&mut session, offered, requested).await {
                Ok(batch) => {
                    credentials.extend(batch.credentials);
                    reports.extend(batch.reports);
                    pending.extend(batch.notification_id);
                }
                Err(error) => failures.push((offered.configuration_id.clone(), error)),
            }
        }
        if credentials.is_empty() {
            let first = failures.into_iter().next().map(|(_, error)| error);
            return Err(first.unwrap_or_else(|| unexpected(Step::Token, "the token is good for nothing")));
        }
        let endpoint = plan.metadata.notification_endpoint.as_deref();
        let endpoint = endpoint.and_then(|url| plan.parts.url(Step::Notification, url).ok());
        Ok(Received {
            issuer: plan.summary.issuer.clone(),
            issuer_display: plan.summary.issuer_display.clone(),
            credentials,
            reports,
            failures,
            receipt: Receipt::new(endpoint.map(|endpoint| Pending {
                session,
                endpoint,
                notification_ids: pending,
            })),
        })
    }
}

/// What to ask for: by the identifiers that the token response names, or by configuration when it names none (§8.2).
fn requests_for(offered: &OfferedSummary, token: &TokenResponse) -> Result<Vec<Requested>, WalletError> {
    if token.authorization_details.is_empty() {
        return Ok(vec![Requested::Configuration(offered.configuration_id.clone())]);
    }
    let mut requests = Vec::new();
    for detail in &token.authorization_details {
        if detail.credential_configuration_id != offered.configuration_id {
            continue;
        }
        if detail.credential_identifiers.is_empty() {
            return Err(unexpected(Step::Token, "authorization_details without credential_identifiers"));
        }
        requests.extend(
            detail.credential_identifiers.iter().take(MAX_DATASETS).cloned().map(Requested::Identifier),
        );
    }
    Ok(requests)
}

impl Plan {
    async fn fetch(
        &self,
        session: &mut Session,
        offered: &OfferedSummary,
        requested: Requested,
    ) -> Result<Batch, WalletError> {
        let keys = self.keys(offered).await?;
        let result = self.fetch_for(session, offered, requested, &keys).await;
        // Keys that no credential is bound to are of no use to anybody.
        let used = |thumbprint: &String| {
            let batch = result.as_ref().ok();
            batch.is_some_and(|batch| {
                batch.credentials.iter().any(|held| held.key_thumbprint.as_ref() == Some(thumbprint))
            })
        };
        let unused: Vec<String> =
            keys.iter().map(|key| key.public_jwk().thumbprint_text()).filter(|key| !used(key)).collect();
        if !unused.is_empty() {
            self.parts.keys.discard(&unused).await;
        }
        result
    }

    async fn fetch_for(
        &self,
        session: &mut Session,
        offered: &OfferedSummary,
        requested: Requested,
        keys: &[Arc<dyn Signer>],
    ) -> Result<Batch, WalletError> {
        let endpoint = self.parts.url(Step::Credential, &self.metadata.credential_endpoint)?;
        let mut again = true;
        let response = loop {
            let proofs = match keys {
                [] => None,
                keys => {
                    let nonce = self.nonce(session).await?;
                    Some(Proofs::Jwt(self.proofs(offered, keys, nonce.as_deref()).await?))
                }
            };
            let request =
                CredentialRequest { requested: requested.clone(), proofs, response_encryption: None };
            let body = request.to_value().to_string().into_bytes();
            let response = session.post(Step::Credential, &endpoint, body).await?;
            match answer::<CredentialResponse>(Step::Credential, &response, &[200, 202]) {
                Err(WalletError::Refused { code, .. }) if again && code == "invalid_nonce" => again = false,
                result => break result?,
            }
        };
        if response.transaction_id.is_some() {
            return Err(WalletError::Unsupported("a credential that is issued later"));
        }
        let received: Vec<Value> = response.credentials.into_iter().map(|issued| issued.credential).collect();
        match self.check(offered, &received, keys).await {
            Ok((mut credentials, reports)) => {
                let batch = id::short(&*self.parts.random);
                credentials.iter_mut().for_each(|held| held.batch.clone_from(&batch));
                Ok(Batch { credentials, reports, notification_id: response.notification_id })
            }
            Err(report) => {
                if let Some(notification_id) = response.notification_id
                    && let Some(endpoint) = self.metadata.notification_endpoint.as_deref()
                    && let Ok(endpoint) = self.parts.url(Step::Notification, endpoint)
                {
                    let event = NotificationEvent::CredentialFailure;
                    // The credential is refused whether or not the issuer hears of it.
                    let _ = super::receipt::tell(session, &endpoint, &notification_id, event).await;
                }
                Err(WalletError::Received(report))
            }
        }
    }

    /// One key for each copy; none when the credential is not bound to a key.
    async fn keys(&self, offered: &OfferedSummary) -> Result<Vec<Arc<dyn Signer>>, WalletError> {
        let configuration = self.metadata.credential_configurations_supported.get(&offered.configuration_id);
        let Some(algorithms) = configuration.and_then(SupportedCredential::jwt_proof_algorithms) else {
            return Ok(Vec::new());
        };
        let mut keys = Vec::new();
        for _ in 0..offered.copies {
            keys.push(self.parts.keys.generate(&algorithms).await?);
        }
        Ok(keys)
    }

    /// A nonce, when the issuer wants one: without it there is no proof (§7).
    async fn nonce(&self, session: &mut Session) -> Result<Option<String>, WalletError> {
        let Some(endpoint) = &self.metadata.nonce_endpoint else { return Ok(None) };
        let url = self.parts.url(Step::Nonce, endpoint)?;
        let response = self.parts.send(Step::Nonce, Method::POST, &url, HeaderMap::new(), Vec::new()).await?;
        let NonceResponse { c_nonce } = answer(Step::Nonce, &response, &[200, 201])?;
        if c_nonce.is_empty() || c_nonce.len() > MAX_NONCE {
            return Err(unexpected(Step::Nonce, "the nonce is empty or too long"));
        }
        session.remember(&response);
        Ok(Some(c_nonce))
    }

    async fn proofs(
        &self,
        offered: &OfferedSummary,
        keys: &[Arc<dyn Signer>],
        nonce: Option<&str>,
    ) -> Result<Vec<String>, WalletError> {
        let claims = ProofClaims {
            iss: self.parts.policy.client_id.as_deref(),
            aud: &self.metadata.credential_issuer,
            iat: self.parts.clock.now(),
            nonce,
        };
        let configuration = self.metadata.credential_configurations_supported.get(&offered.configuration_id);
        let methods = configuration.map(|known| known.cryptographic_binding_methods_supported.as_slice());
        let named = ProofKey::wanted(methods.unwrap_or_default()).unwrap_or(ProofKey::Itself);
        let mut proofs = Vec::with_capacity(keys.len());
        for key in keys {
            proofs.push(jwt::sign(&**key, &named.header(&**key), &claims).await?);
        }
        Ok(proofs)
    }
}

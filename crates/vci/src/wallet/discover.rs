//! From a link to everything that is known about an offer: the offer, the issuer and the authorization server.

use std::sync::Arc;

use credenza_core::{json, well_known};
use credenza_oauth::AuthorizationServerMetadata;
use url::Url;

use super::opened::{NeedsTxCode, OfferedSummary, Opened, Plan, Ready, Right, Summary, Way};
use super::proofs::ProofPlan;
use super::wanted::Wanted;
use super::{NeedsAuthorization, Parts, Step, Wallet, WalletError};
use crate::messages::offer::InvalidOffer;
use crate::messages::offer::{AuthorizationCodeGrant, Grants};
use crate::messages::{
    AUTHORIZATION_CODE, CredentialIssuerMetadata, CredentialOffer, OfferLink, PRE_AUTHORIZED_CODE,
    SupportedCredential, why,
};

/// How many authorization servers of one issuer are asked at most.
const MAX_SERVERS: usize = 5;

/// How many copies are asked for at most.
const MAX_COPIES: u32 = 100;

impl Wallet {
    /// Opens an offer: a link or the text of a QR code. Fetches the offer and all metadata, and sends no code yet.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn open(&self, link: &str) -> Result<Opened, WalletError> {
        let parts = self.parts.clone();
        let offer = match OfferLink::parse(link)? {
            OfferLink::ByValue(offer) => *offer,
            OfferLink::ByReference(url) => {
                let url = parts.url(Step::Offer, url.as_str())?;
                CredentialOffer::parse(&parts.fetch(Step::Offer, &url).await?)?
            }
        };
        parts.opened(&offer).await
    }

    /// Opens an offer that a website of this origin has made through the Digital Credentials API. The platform vouches
    /// for the origin; of the issuer it says nothing, so that everything is looked at as with any other offer.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn open_dc_api(&self, origin: &str, request: &[u8]) -> Result<Opened, WalletError> {
        let parts = self.parts.clone();
        let url = parts.url(Step::Offer, origin)?;
        if url.origin().ascii_serialization() != origin {
            return Err(InvalidOffer::Link("it does not come from an origin").into());
        }
        let offer = CredentialOffer::from_create_options(request)?;
        let mut opened = parts.opened(&offer).await?;
        opened.plan_mut().summary.website = Some(origin.to_owned());
        Ok(opened)
    }

    /// Begins without an offer: with what the issuer says about itself (§3.3). The holder will have to sign in.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn start(&self, issuer: &str, configuration_ids: &[&str]) -> Result<Opened, WalletError> {
        let offer = CredentialOffer {
            credential_issuer: issuer.to_owned(),
            credential_configuration_ids: configuration_ids.iter().map(|id| (*id).to_owned()).collect(),
            grants: Grants {
                authorization_code: Some(AuthorizationCodeGrant::default()),
                ..Grants::default()
            },
        };
        offer.check()?;
        self.parts.clone().opened(&offer).await
    }
}

impl Parts {
    async fn opened(self: Arc<Self>, offer: &CredentialOffer) -> Result<Opened, WalletError> {
        let (issuer, metadata) = self.issuer(&offer.credential_issuer).await?;
        let (way, server) = self.way(offer, &metadata).await?;
        let token_endpoint = server.token_endpoint.as_deref().unwrap_or_default();
        let token_endpoint = self.url(Step::ServerMetadata, token_endpoint)?;
        let (credentials, unsupported) = self.offered(offer, &metadata)?;
        let summary = Summary {
            issuer,
            website: None,
            issuer_display: metadata.display.clone(),
            credentials,
            unsupported,
            tx_code: way.tx_code().cloned(),
            token_endpoint,
        };
        let code = way.code();
        let plan = Box::new(Plan { parts: self, metadata, server, way, summary });
        Ok(match code {
            None => Opened::NeedsAuthorization(NeedsAuthorization { plan }),
            Some(code) if plan.summary.tx_code.is_some() => Opened::NeedsTxCode(NeedsTxCode { plan, code }),
            Some(code) => Opened::Ready(Ready { plan, right: Right::Offered { code, tx_code: None } }),
        })
    }

    /// By which way, and at which server: the code of the offer where it has one, since then nobody has to sign in.
    /// An offer without grants leaves it to the server's metadata (§4.1.1).
    async fn way(
        &self,
        offer: &CredentialOffer,
        metadata: &CredentialIssuerMetadata,
    ) -> Result<(Way, AuthorizationServerMetadata), WalletError> {
        let issuer = &offer.credential_issuer;
        if let Some(grant) = &offer.grants.pre_authorized_code {
            let hint = grant.authorization_server.as_deref();
            let server = self.server(issuer, hint, PRE_AUTHORIZED_CODE, metadata).await?;
            return Ok((Way::PreAuthorized(grant.clone()), server));
        }
        let grant = offer.grants.authorization_code.clone().unwrap_or_default();
        let hint = grant.authorization_server.as_deref();
        let server = self.server(issuer, hint, AUTHORIZATION_CODE, metadata).await?;
        if offer.grants.authorization_code.is_none() && !server.supports_grant(AUTHORIZATION_CODE) {
            return Err(WalletError::Unsupported("an authorization server without a grant for this offer"));
        }
        if server.authorization_endpoint.is_none() {
            return Err(WalletError::Unsupported(
                "an authorization server without an authorization endpoint",
            ));
        }
        Ok((Way::AuthorizationCode(grant), server))
    }

    /// Fetches the issuer's metadata and makes sure that it is the issuer's (§12.2.2, §12.2.4).
    async fn issuer(&self, identifier: &str) -> Result<(Url, CredentialIssuerMetadata), WalletError> {
        let url = self.url(Step::IssuerMetadata, identifier)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidOffer::Invalid("the issuer's identifier has a query or a fragment").into());
        }
        let name = crate::messages::metadata::WELL_KNOWN;
        // The path is kept as it is (§12.2.2); RFC 8414 drops a slash at its end, and so do some issuers.
        let mut at = vec![well_known::insert(&url, name)];
        if identifier.ends_with('/') {
            at.insert(0, with_slash(&url, name));
        }
        // Where earlier drafts have it.
        at.extend(Some(well_known::append(&url, name)).filter(|earlier| !at.contains(earlier)));
        let metadata = self.metadata(identifier, &at).await?;
        // Character by character, as it came in the offer.
        if metadata.credential_issuer != identifier {
            return Err(WalletError::Untrustworthy("the metadata belongs to another issuer"));
        }
        Ok((url, metadata))
    }

    /// Finds the authorization server (§12.2.4, §4.1.1) and fetches its metadata.
    async fn server(
        &self,
        issuer: &str,
        hint: Option<&str>,
        grant_type: &str,
        metadata: &CredentialIssuerMetadata,
    ) -> Result<AuthorizationServerMetadata, WalletError> {
        let listed = &metadata.authorization_servers;
        if let Some(hint) = hint {
            if !listed.iter().any(|server| server == hint) {
                return Err(WalletError::Untrustworthy(
                    "the offer names an authorization server that the issuer does not",
                ));
            }
            return self.server_metadata(hint).await;
        }
        match listed.as_slice() {
            [] => self.server_metadata(issuer).await,
            [only] => self.server_metadata(only).await,
            several => {
                for server in several.iter().take(MAX_SERVERS) {
                    let metadata = self.server_metadata(server).await?;
                    if metadata.supports_grant(grant_type) {
                        return Ok(metadata);
                    }
                }
                Err(WalletError::Unsupported("no authorization server of the issuer takes the offered grant"))
            }
        }
    }

    async fn server_metadata(&self, identifier: &str) -> Result<AuthorizationServerMetadata, WalletError> {
        let step = Step::ServerMetadata;
        let url = self.url(step, identifier)?;
        let name = credenza_oauth::metadata::WELL_KNOWN;
        let mut at = vec![well_known::insert(&url, name)];
        if identifier.ends_with('/') {
            at.push(with_slash(&url, name));
        }
        at.extend(Some(well_known::append(&url, name)).filter(|earlier| !at.contains(earlier)));
        let metadata: AuthorizationServerMetadata =
            json::object_from_slice(&self.fetch_first(step, &at).await?)
                .map_err(|error| super::transport::unexpected(step, why(&error)))?;
        if metadata.issuer != identifier {
            return Err(WalletError::Untrustworthy("the metadata belongs to another authorization server"));
        }
        Ok(metadata)
    }

    /// Fetches the first of the documents that is there.
    pub(super) async fn fetch_first(&self, step: Step, urls: &[Url]) -> Result<Vec<u8>, WalletError> {
        let mut answer = Err(WalletError::Unsupported("nothing to fetch"));
        for url in urls {
            answer = self.fetch(step, url).await;
            if !matches!(answer, Err(WalletError::Unexpected { .. })) {
                break;
            }
        }
        answer
    }

    /// What of the offer this wallet can fetch, and the names of what it can't.
    fn offered(
        &self,
        offer: &CredentialOffer,
        metadata: &CredentialIssuerMetadata,
    ) -> Result<(Vec<OfferedSummary>, Vec<String>), WalletError> {
        let batch = metadata.batch_credential_issuance.map_or(1, |batch| batch.batch_size);
        let copies = self.policy.copies.clamp(1, MAX_COPIES).min(batch);
        let (mut credentials, mut unsupported) = (Vec::new(), Vec::new());
        let mut problem: Option<WalletError> = None;
        for id in &offer.credential_configuration_ids {
            if let Some(reason) = metadata.unusable.get(id) {
                problem.get_or_insert_with(|| reason.clone().into());
                unsupported.push(id.clone());
                continue;
            }
            let configuration = metadata.credential_configurations_supported.get(id).ok_or(
                InvalidOffer::Invalid("it offers a credential that the issuer's metadata does not know"),
            )?;
            match can_fetch(configuration, self.keys.attests()) {
                Some(wanted) => credentials.push(OfferedSummary {
                    configuration_id: id.clone(),
                    format: configuration.format.clone(),
                    credential_type: wanted.credential_type().to_owned(),
                    display: described(configuration, |described| described.display.clone()),
                    claims: described(configuration, |described| described.claims.clone()),
                    copies: if configuration.proof_types_supported.is_empty() { 1 } else { copies },
                }),
                None => unsupported.push(id.clone()),
            }
        }
        if credentials.is_empty() {
            const UNKNOWN: &str = "the format of the credential, or the proof that the issuer wants";
            return Err(problem.unwrap_or(WalletError::Unsupported(UNKNOWN)));
        }
        Ok((credentials, unsupported))
    }
}

/// The well-known URL with the identifier's path as it is, a slash at its end included.
fn with_slash(identifier: &Url, name: &str) -> Url {
    let mut url = well_known::insert(identifier, name);
    url.set_path(&format!("{}/", url.path()));
    url
}

fn described<T>(
    configuration: &SupportedCredential,
    of: impl Fn(&crate::messages::metadata::CredentialMetadata) -> Vec<T>,
) -> Vec<T> {
    configuration.credential_metadata.as_ref().map(of).unwrap_or_default()
}

/// What this wallet can fetch of a configuration.
fn can_fetch(configuration: &SupportedCredential, attests: bool) -> Option<Wanted> {
    let proofs = &configuration.proof_types_supported;
    let provable = proofs.is_empty() || ProofPlan::of(configuration, attests).is_some();
    Wanted::of(configuration).filter(|_| provable)
}

/// So that an offer can be shared between threads while somebody decides on it.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Opened>();
    is_send::<Arc<Parts>>();
};

//! Whose signature it has to be: each client identifier prefix has its own way to the key (OID4VP 1.0 §5.9.3).

use credenza_crypto::{Certificate, Header, JwkSet, PublicKey};
use credenza_trust::did::{Did, DidUrl, Relationship};
use credenza_trust::{KeyMaterial, Purpose, Trusted};
use serde_json::Value;

use super::progress::Progress;
use super::{HowKnown, Refusal, UntrustedVerifiers, Wallet, attestation};
use crate::Profile;
use crate::messages::{ClientId, ClientIdPrefix, ClientMetadata};
use crate::rules;

/// The entity type of verifiers in a federation (OpenID Federation 1.0, OID4VP 1.0 §5.9.3).
const FEDERATION_ENTITY_TYPE: &str = "openid_credential_verifier";

/// Who has to have signed, and what follows from how that is known.
pub(super) struct Signatory {
    pub(super) name: String,
    pub(super) how: HowKnown,
    pub(super) key: PublicKey,
    pub(super) metadata: Metadata,
    /// The only addresses that the answer may go to; `None`: as the client identifier demands.
    pub(super) uris: Option<Vec<String>>,
}

/// Where the verifier's metadata is.
#[derive(Debug, Clone)]
pub(super) enum Metadata {
    /// In the request.
    Request,
    /// Here, and then it must not be in the request.
    Registered(ClientMetadata),
    /// In the federation; what is in the request is ignored.
    Federation(ClientMetadata),
}

fn object(problem: impl Into<String>) -> Refusal {
    Refusal::RequestObject(problem.into())
}

impl Wallet {
    /// Finds the key that a request of this client identifier has to be signed with.
    pub(super) async fn signatory(
        &self,
        client_id: &ClientId,
        header: &Header,
        progress: &mut Progress,
    ) -> Result<Signatory, Refusal> {
        if self.config.profile == Profile::Haip && client_id.prefix() != ClientIdPrefix::X509Hash {
            progress.at(&rules::REQUEST_PROFILE);
            return Err(Refusal::Profile("a signed request has to use x509_hash (HAIP 1.0 §5)"));
        }
        match client_id.prefix() {
            ClientIdPrefix::X509SanDns | ClientIdPrefix::X509Hash => {
                self.certified(client_id, header, progress).await
            }
            ClientIdPrefix::DecentralizedIdentifier => self.by_did(client_id, header, progress).await,
            ClientIdPrefix::VerifierAttestation => {
                progress.at(&rules::REQUEST_ATTESTATION);
                let attested = attestation::verify(self, client_id, header).await?;
                progress.pass_with(attested.how.clone());
                Ok(Signatory {
                    name: client_id.original().to_owned(),
                    how: HowKnown::Trusted(attested.how),
                    key: attested.key,
                    metadata: Metadata::Request,
                    uris: attested.redirect_uris,
                })
            }
            ClientIdPrefix::OpenidFederation => self.federated(client_id, header, progress).await,
            ClientIdPrefix::PreRegistered => self.registered(client_id, header, progress),
            ClientIdPrefix::RedirectUri => {
                Err(Refusal::ClientId("redirect_uri can't be used with a signed request"))
            }
            ClientIdPrefix::Origin => Err(Refusal::ClientId("origin is reserved")),
        }
    }

    async fn certified(
        &self,
        client_id: &ClientId,
        header: &Header,
        progress: &mut Progress,
    ) -> Result<Signatory, Refusal> {
        progress.at(&rules::REQUEST_CERTIFICATE);
        let x5c = header.x5c().map_err(|error| object(error.to_string()))?;
        let x5c = x5c.ok_or_else(|| object("it has no certificates"))?;
        let leaf = x5c.first().ok_or_else(|| object("it has no certificates"))?;
        let leaf = Certificate::parse(leaf).map_err(|error| object(error.to_string()))?;
        let name = match client_id.prefix() {
            ClientIdPrefix::X509SanDns if leaf.has_dns_name(client_id.original()) => {
                client_id.original().to_owned()
            }
            ClientIdPrefix::X509SanDns => {
                return Err(Refusal::ClientId("the certificate does not have that DNS name"));
            }
            _ if leaf.x509_hash() == client_id.original() => leaf.name().to_owned(),
            _ => return Err(Refusal::ClientId("the certificate has another hash")),
        };
        if self.config.profile == Profile::Haip && leaf.is_self_issued() {
            progress.at(&rules::REQUEST_PROFILE);
            return Err(Refusal::Profile("the certificate is self-signed (HAIP 1.0 §5)"));
        }
        let material =
            KeyMaterial { x5c: Some(&x5c), issuer: Some(client_id.as_str()), ..KeyMaterial::default() };
        let (how, key) = match self.vouched(&material, progress).await? {
            Ok(trusted) => (HowKnown::Trusted(trusted.how.into_owned()), trusted.key),
            Err(why) => (HowKnown::Untrusted(why), leaf.key),
        };
        Ok(Signatory { name, how, key, metadata: Metadata::Request, uris: None })
    }

    async fn by_did(
        &self,
        client_id: &ClientId,
        header: &Header,
        progress: &mut Progress,
    ) -> Result<Signatory, Refusal> {
        progress.at(&rules::REQUEST_KEY);
        let did = Did::parse(client_id.original()).map_err(|_| Refusal::ClientId("it is not a DID"))?;
        let kid = header.kid.as_deref().ok_or_else(|| object("it does not name its key (kid)"))?;
        let url = DidUrl::parse_relative(kid, &did).map_err(|_| object("its kid is not a DID URL"))?;
        if url.did != did || !url.names_a_key() {
            return Err(object("its kid is not a key of the client identifier"));
        }
        let material = KeyMaterial { kid: Some(kid), issuer: Some(did.as_str()), ..KeyMaterial::default() };
        let (how, key) = match self.vouched(&material, progress).await? {
            Ok(trusted) => (HowKnown::Trusted(trusted.how.into_owned()), trusted.key),
            Err(why) => {
                let document = self.dids.resolve(&did).await.map_err(|error| object(error.to_string()))?;
                let key = document.key(&url, Relationship::Authentication);
                let key = key.map_err(|error| object(error.to_string()))?;
                (HowKnown::Untrusted(why), key.key.clone())
            }
        };
        let name = did.as_str().to_owned();
        Ok(Signatory { name, how, key, metadata: Metadata::Request, uris: None })
    }

    async fn federated(
        &self,
        client_id: &ClientId,
        header: &Header,
        progress: &mut Progress,
    ) -> Result<Signatory, Refusal> {
        progress.at(&rules::REQUEST_KEY);
        let federation = self.federation.as_ref().ok_or(Refusal::ClientId("no federation is known here"))?;
        let entity = federation
            .resolve(client_id.original(), self.clock.now())
            .await
            .map_err(|error| Refusal::Untrusted(error.to_string()))?;
        let metadata = entity
            .metadata
            .get(FEDERATION_ENTITY_TYPE)
            .ok_or_else(|| Refusal::Untrusted("the federation knows it as no verifier".to_owned()))?;
        let metadata: Value = serde_json::to_value(metadata).unwrap_or_default();
        let metadata: ClientMetadata = serde_json::from_value(metadata)
            .map_err(|_| Refusal::Untrusted("its metadata in the federation can't be read".to_owned()))?;
        let keys = metadata.jwks.clone().unwrap_or_default();
        let key = named(&keys, header)?;
        let how = format!("{} is in the federation of {}", entity.entity, entity.trust_anchor);
        progress.pass_with(how.clone());
        Ok(Signatory {
            name: entity.entity,
            how: HowKnown::Trusted(how),
            key,
            metadata: Metadata::Federation(metadata),
            uris: None,
        })
    }

    fn registered(
        &self,
        client_id: &ClientId,
        header: &Header,
        progress: &mut Progress,
    ) -> Result<Signatory, Refusal> {
        progress.at(&rules::REQUEST_KEY);
        let verifier = self.registration(client_id)?;
        let key = named(&verifier.request_keys, header)?;
        let how = "the verifier is registered here".to_owned();
        progress.pass_with(how.clone());
        Ok(Signatory {
            name: verifier.name.clone(),
            how: HowKnown::Trusted(how),
            key,
            metadata: Metadata::Registered(verifier.metadata.clone()),
            uris: Some(verifier.uris.clone()),
        })
    }

    /// Asks the sources of trust. `Ok(Err(why))`: nobody vouches, and the person is to decide.
    async fn vouched(
        &self,
        material: &KeyMaterial<'_>,
        progress: &mut Progress,
    ) -> Result<Result<Trusted, String>, Refusal> {
        progress.at(Purpose::Verifier.rule());
        match self.trust.resolve(material, Purpose::Verifier, self.clock.now()).await {
            Ok(trusted) => {
                progress.pass_with(trusted.how.clone().into_owned());
                Ok(Ok(trusted))
            }
            Err(distrust) => match (self.config.untrusted, self.config.profile) {
                (UntrustedVerifiers::Show, Profile::Open) => {
                    progress.warn(distrust.to_string());
                    Ok(Err(distrust.to_string()))
                }
                _ => Err(Refusal::Untrusted(distrust.to_string())),
            },
        }
    }
}

/// The key that a header names, or the only one that can sign so.
fn named(keys: &JwkSet, header: &Header) -> Result<PublicKey, Refusal> {
    let key = match &header.kid {
        Some(kid) => keys.by_kid(kid).filter(|key| key.verifies(header.algorithm)),
        None => {
            let mut able = keys.keys.iter().filter(|key| key.verifies(header.algorithm));
            able.next().filter(|_| able.next().is_none())
        }
    };
    key.map(|key| key.key.clone()).ok_or_else(|| object("it is signed with no key of the verifier"))
}

//! The names that a verifier goes by, each with the key that signs for it (OID4VP 1.0 §5.9.3).

use std::sync::Arc;

use credenza_core::json;
use credenza_crypto::{Certificate, Header, IdentifiedBy, Jwk, Jws, SignError, Signer, SigningHeader, jwt};
use credenza_trust::did::DidUrl;
use serde_json::{Map, Value};

use super::{BuildError, RequestedPrefix};
use crate::messages::{ClientId, ClientIdPrefix, REQUEST_OBJECT_TYPE, VERIFIER_ATTESTATION_TYPE};

/// A name of a verifier beside those that its certificates give it: for
/// [`VerifierBuilder::identity`](super::VerifierBuilder::identity).
#[derive(Clone)]
pub struct VerifierIdentity {
    pub(super) prefix: RequestedPrefix,
    pub(super) client_id: ClientId,
    pub(super) signing: Option<Signing>,
}

/// What signs, and how its key is named.
#[derive(Clone)]
pub(super) struct Signing {
    pub(super) signer: Arc<dyn Signer>,
    pub(super) header: SigningHeader,
    by: IdentifiedBy,
    more: Map<String, Value>,
}

impl std::fmt::Debug for VerifierIdentity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "VerifierIdentity({})", self.client_id)
    }
}

impl Signing {
    fn new(signer: Arc<dyn Signer>, by: IdentifiedBy, more: Map<String, Value>) -> Self {
        let header = SigningHeader::new(&*signer, REQUEST_OBJECT_TYPE, by, more.clone());
        Self { signer, header, by, more }
    }

    /// A header that says more, for one request.
    pub(super) fn header_with(&self, members: Map<String, Value>) -> SigningHeader {
        let mut more = self.more.clone();
        more.extend(members);
        SigningHeader::new(&*self.signer, REQUEST_OBJECT_TYPE, self.by, more)
    }
}

impl VerifierIdentity {
    /// A DID (`decentralized_identifier`): the key by its DID URL, as the DID's document lists it under
    /// `authentication`.
    ///
    /// # Errors
    /// [`BuildError::Identity`]: not the DID URL of a key.
    pub fn did(key: &str, signer: Arc<dyn Signer>) -> Result<Self, BuildError> {
        let url = DidUrl::parse(key).ok().filter(DidUrl::names_a_key);
        let url = url.ok_or(BuildError::Identity("not the DID URL of a key"))?;
        Ok(Self {
            prefix: RequestedPrefix::DecentralizedIdentifier,
            client_id: ClientId::new(ClientIdPrefix::DecentralizedIdentifier, url.did.as_str()),
            signing: Some(Signing::new(signer, IdentifiedBy::Nothing, kid(key))),
        })
    }

    /// The subject of an attestation (`verifier_attestation`, §12) that names the signer's key.
    ///
    /// # Errors
    /// [`BuildError::Identity`]: not such an attestation, or another key's.
    pub fn attested(attestation: &str, signer: Arc<dyn Signer>) -> Result<Self, BuildError> {
        let problem = BuildError::Identity("not a verifier attestation for this key");
        let jws = Jws::parse(attestation).map_err(|_| problem.clone())?;
        let claims = json::parse_object(&jws.payload).map_err(|_| problem.clone())?;
        let key = claims.get("cnf").and_then(|cnf| cnf.get("jwk")).and_then(|jwk| Jwk::from_value(jwk).ok());
        let own = key.is_some_and(|key| key.key == signer.public_jwk().key);
        let subject = claims.get("sub").and_then(Value::as_str);
        let subject = subject.filter(|_| own && jws.header.has_type(VERIFIER_ATTESTATION_TYPE));
        let subject = subject.ok_or(problem)?;
        let more = Map::from_iter([("jwt".to_owned(), attestation.into())]);
        Ok(Self {
            prefix: RequestedPrefix::VerifierAttestation,
            client_id: ClientId::new(ClientIdPrefix::VerifierAttestation, subject),
            signing: Some(Signing::new(signer, IdentifiedBy::Nothing, more)),
        })
    }

    /// An entity of a federation (`openid_federation`), whose metadata there has the signer's key and everything else
    /// that wallets have to know: requests bring none.
    #[must_use]
    pub fn federated(entity: &str, signer: Arc<dyn Signer>) -> Self {
        Self {
            prefix: RequestedPrefix::OpenidFederation,
            client_id: ClientId::new(ClientIdPrefix::OpenidFederation, entity),
            signing: Some(Signing::new(signer, IdentifiedBy::Kid, Map::new())),
        }
    }

    /// A name that wallets know beforehand, without a prefix; with the key that they know, or unsigned.
    ///
    /// # Errors
    /// [`BuildError::Identity`]: it starts with a prefix.
    pub fn registered(client_id: &str, signer: Option<Arc<dyn Signer>>) -> Result<Self, BuildError> {
        let client_id = ClientId::parse(client_id);
        if client_id.prefix() != ClientIdPrefix::PreRegistered || client_id.as_str().is_empty() {
            return Err(BuildError::Identity("the name of a registered verifier has no prefix"));
        }
        let signing = signer.map(|signer| Signing::new(signer, IdentifiedBy::Kid, Map::new()));
        Ok(Self { prefix: RequestedPrefix::PreRegistered, client_id, signing })
    }

    /// The names that a key's certificates give: by the hash of the first, and by the DNS name if that has it.
    pub(super) fn certified(signer: Arc<dyn Signer>, host: Option<&str>) -> Result<Vec<Self>, BuildError> {
        let leaf = signer.x5c().first().ok_or(BuildError::NoCertificates)?;
        let leaf = Certificate::parse(leaf)?;
        if leaf.key != signer.public_jwk().key {
            return Err(BuildError::OtherKey);
        }
        let header = Header::signing(&*signer, REQUEST_OBJECT_TYPE, IdentifiedBy::X5c);
        let signing = Signing { signer, header, by: IdentifiedBy::X5c, more: Map::new() };
        let mut identities = vec![Self {
            prefix: RequestedPrefix::X509Hash,
            client_id: ClientId::new(ClientIdPrefix::X509Hash, &leaf.x509_hash()),
            signing: Some(signing.clone()),
        }];
        if let Some(host) = host.filter(|host| leaf.has_dns_name(host)) {
            identities.push(Self {
                prefix: RequestedPrefix::X509SanDns,
                client_id: ClientId::new(ClientIdPrefix::X509SanDns, host),
                signing: Some(signing),
            });
        }
        Ok(identities)
    }

    /// The name.
    pub(crate) fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// A request object with these claims; `None`: requests under this name are not signed.
    pub(crate) async fn sign<T: serde::Serialize + Sync>(
        &self,
        claims: &T,
    ) -> Result<Option<String>, SignError> {
        match &self.signing {
            None => Ok(None),
            Some(signing) => jwt::sign(&*signing.signer, &signing.header, claims).await.map(Some),
        }
    }

    /// Whether its certificate vouches for itself.
    pub(super) fn is_self_signed(&self) -> bool {
        let leaf = self.signing.as_ref().and_then(|signing| signing.signer.x5c().first());
        leaf.and_then(|leaf| Certificate::parse(leaf).ok()).is_some_and(|leaf| leaf.is_self_issued())
    }
}

fn kid(kid: &str) -> Map<String, Value> {
    Map::from_iter([("kid".to_owned(), kid.into())])
}

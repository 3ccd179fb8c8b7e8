//! A wallet provider of one's own, for trials: it vouches for this wallet and for its keys, as far as that is true.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, Clock, Random, Secret, UnixTime, b64};
use credenza_crypto::hash::sha256;
use credenza_crypto::x509::{CertificateAuthority, LeafProfile};
use credenza_crypto::{
    Algorithm, Header, IdentifiedBy, Jwk, KeyError, SignError, Signer, SoftwareSigner, jwt,
};
use credenza_oauth::client_attestation::{AttestationRequest, attest};
use credenza_vci::wallet::{Attested, HolderKeys, WalletInstance};
use serde_json::{Map, Value, json};

use super::keys::VaultKeys;
use crate::keys::identity::{IdentityError, LEAF_VALIDITY, ROOT_VALIDITY};

/// Its name in attestations: nobody's, since it is the wallet's own.
const ISSUER: &str = "https://wallet-provider.invalid";
const HOST: &str = "wallet-provider.invalid";

/// How long an attestation is good.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Certificates begin a little in the past: clocks differ.
const BEFORE: Duration = Duration::from_secs(60 * 60);

/// What is true of keys in files (OID4VCI §D.2).
const KEY_STORAGE: &str = "iso_18045_basic";

const KEY_ATTESTATION: &str = "key-attestation+jwt";

/// A key with certificates that issuers can trust.
#[derive(Clone)]
pub struct WalletProvider {
    signer: Arc<SoftwareSigner>,
}

impl WalletProvider {
    /// A new one, and the root certificate (DER) for those who want to trust it. The root's own key is not kept: it
    /// certifies this one key.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn generate(now: UnixTime, random: &dyn Random) -> Result<(Self, Vec<u8>), IdentityError> {
        let start = now - BEFORE;
        let root = CertificateAuthority::generate("Wallet Provider Root", start, ROOT_VALIDITY, random)?;
        let signer = SoftwareSigner::generate(Algorithm::Es256, random)?;
        let profile = LeafProfile::new("Wallet Provider", start, LEAF_VALIDITY).dns_name(HOST);
        let chain = root.issue_chain(&signer.public_jwk().key, &profile, random)?;
        Ok((Self { signer: Arc::new(signer.with_x5c(chain)) }, root.certificate().to_vec()))
    }

    /// The one whose private JWK this is.
    ///
    /// # Errors
    /// It is none.
    pub fn from_private_jwk(jwk: &str) -> Result<Self, KeyError> {
        Ok(Self { signer: Arc::new(SoftwareSigner::from_private_jwk(jwk)?) })
    }

    /// Its private JWK with its certificates.
    #[must_use]
    pub fn to_private_jwk(&self) -> Secret {
        self.signer.to_private_jwk()
    }
}

impl std::fmt::Debug for WalletProvider {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("WalletProvider")
    }
}

/// A wallet for which a provider vouches.
pub(super) struct Vouched {
    pub(super) provider: WalletProvider,
    pub(super) keys: VaultKeys,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) client_id: String,
}

impl Vouched {
    async fn attestation(&self, server: &str) -> Result<Attested, SignError> {
        // A key for each server, so that they can't compare notes.
        let name = format!("instance-{}", b64::encode(sha256(server.as_bytes())));
        let key = self.keys.named(&name, Algorithm::Es256)?;
        let request = AttestationRequest {
            issuer: ISSUER,
            client_id: &self.client_id,
            instance_key: key.public_jwk(),
            now: self.clock.now(),
            lifetime: LIFETIME,
            more: Map::from_iter([("wallet_name".to_owned(), json!("Credenza Wallet"))]),
        };
        let attestation = attest(&*self.provider.signer, request).await?;
        Ok(Attested { attestation: Secret::new(attestation), key })
    }

    async fn key_attestation(
        &self,
        keys: &[Arc<dyn Signer>],
        nonce: Option<&str>,
    ) -> Result<Option<String>, SignError> {
        let now = self.clock.now();
        let public: Vec<Value> =
            keys.iter().map(|key| Jwk::new(key.public_jwk().key.clone()).to_value()).collect();
        let mut claims = json!({
            "iss": ISSUER, "iat": now, "exp": now + LIFETIME, "attested_keys": public,
            "key_storage": [KEY_STORAGE],
        });
        if let (Some(nonce), Some(claims)) = (nonce, claims.as_object_mut()) {
            claims.insert("nonce".to_owned(), nonce.into());
        }
        let signer = &*self.provider.signer;
        let header = Header::signing(signer, KEY_ATTESTATION, IdentifiedBy::X5c);
        jwt::sign(signer, &header, &claims).await.map(Some)
    }
}

impl WalletInstance for Vouched {
    fn attested<'a>(&'a self, server: &'a str) -> Answer<'a, Result<Attested, SignError>> {
        Answer::later(self.attestation(server))
    }
}

impl HolderKeys for Vouched {
    fn generate<'a>(&'a self, algorithms: &'a [Algorithm]) -> Answer<'a, Result<Arc<dyn Signer>, SignError>> {
        self.keys.generate(algorithms)
    }

    fn attests(&self) -> bool {
        true
    }

    fn attest<'a>(
        &'a self,
        keys: &'a [Arc<dyn Signer>],
        nonce: Option<&'a str>,
    ) -> Answer<'a, Result<Option<String>, SignError>> {
        Answer::later(self.key_attestation(keys, nonce))
    }

    fn discard<'a>(&'a self, thumbprints: &'a [String]) -> Answer<'a, ()> {
        self.keys.discard(thumbprints)
    }
}

#[cfg(test)]
mod tests {
    use credenza_core::{FixedClock, SeededRandom};
    use credenza_crypto::Jws;
    use credenza_crypto::x509::{Certificate, PathPolicy, validate};

    use super::*;
    use crate::wallet::vault::MemoryVault;

    const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);

    /// An instance of the wallet, and the root of its provider.
    fn instance(provider: &WalletProvider, seed: u64) -> Vouched {
        let random = Arc::new(SeededRandom::new(seed));
        Vouched {
            provider: provider.clone(),
            keys: VaultKeys::new(Arc::new(MemoryVault::default()), random),
            clock: Arc::new(FixedClock::at(NOW)),
            client_id: "wallet".to_owned(),
        }
    }

    /// The claims of an attestation without the key, and the key.
    fn parts(text: &str) -> (Value, Value) {
        let mut claims: Value = serde_json::from_slice(&Jws::parse(text).unwrap().payload).unwrap();
        let cnf = claims.as_object_mut().unwrap().remove("cnf").unwrap();
        (claims, cnf)
    }

    /// The certificates in the header: without the root, and the first one signed by somebody else.
    fn certified(text: &str, root: &[u8]) {
        let chain = Jws::parse(text).unwrap().header.x5c().unwrap().unwrap();
        assert!(!chain.is_empty() && chain.iter().all(|certificate| certificate != root));
        assert!(chain.iter().all(|der| !Certificate::parse(der).unwrap().is_self_issued()));
    }

    // Clauses: HAIP-4.4.1-04, HAIP-4.4.1-05, HAIP-4.4.1-06, HAIP-4.4.1-07, ABCA-9.6-01
    #[tokio::test]
    async fn each_server_sees_a_key_of_its_own_and_nothing_else_that_differs() {
        let (provider, root) = WalletProvider::generate(NOW, &SeededRandom::new(1)).unwrap();
        let (one, two) = (instance(&provider, 2), instance(&provider, 3));
        let mut seen = Vec::new();
        for (wallet, server) in
            [(&one, "https://a.example"), (&one, "https://b.example"), (&two, "https://a.example")]
        {
            let attested = wallet.attested(server).await.unwrap();
            let text = attested.attestation.expose();
            certified(text, &root);
            let (claims, cnf) = parts(text);
            assert_eq!(claims["sub"], "wallet");
            let own = Jwk::new(attested.key.public_jwk().key.clone()).to_value();
            assert_eq!(cnf["jwk"]["x"], own["x"]);
            seen.push((claims, cnf));
        }
        assert!(seen.iter().all(|(claims, _)| *claims == seen[0].0), "nothing tells the instances apart");
        assert_ne!(seen[0].1, seen[1].1);
        assert_ne!(seen[0].1, seen[2].1);
    }

    // Clauses: HAIP-4.5.1-01, HAIP-4.5.1-03, HAIP-4.5.1-04, HAIP-4.5.1-05
    // Checks: WVCI-096, WVCI-097, WVCI-099, WVCI-100
    #[tokio::test]
    async fn keys_are_attested_with_certificates_and_without_the_root() {
        let (provider, root) = WalletProvider::generate(NOW, &SeededRandom::new(1)).unwrap();
        let wallet = instance(&provider, 2);
        let keys = [wallet.generate(&[Algorithm::Es256]).await.unwrap()];
        let text = wallet.attest(&keys, Some("the nonce")).await.unwrap().unwrap();
        certified(&text, &root);
        let jws = Jws::parse(&text).unwrap();
        assert!(jws.header.has_type("key-attestation+jwt"));
        let chain = jws.header.x5c().unwrap().unwrap();
        let path = validate(&chain, std::slice::from_ref(&root), NOW, PathPolicy::default());
        jws.verify(&path.unwrap().0.key, &[Algorithm::Es256]).unwrap();
        let claims: Value = serde_json::from_slice(&jws.payload).unwrap();
        assert_eq!((&claims["nonce"], &claims["key_storage"]), (&json!("the nonce"), &json!([KEY_STORAGE])));
        assert_eq!(claims["attested_keys"].as_array().unwrap().len(), 1);
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW), &json!(NOW + LIFETIME)));
    }
}

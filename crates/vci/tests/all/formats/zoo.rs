//! An issuer of one credential in each format, and whoever trusts it.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{ClaimsPath, Random, SeededRandom};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile, Publication, Subject};
use credenza_crypto::{Algorithm, Jwk, Signer, SoftwareSigner};
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_trust::did::{self, DidResolver};
use credenza_trust::{Anchor, AnyOf, DidKeys, Purpose, Trust, X509Anchors};
use credenza_vci::issuer::{CredentialConfiguration, ElementKind, Format, IssuerBuilder, TypedElement};
use credenza_vci::messages::{ClaimDescription, CredentialDefinition};
use serde_json::{Map, Value, json};

use crate::support::*;

pub(crate) const MDL: &str = "org.iso.18013.5.1.mDL";
pub(crate) const CONTEXT: &str = "https://issuer.example/contexts/diploma-v1";
pub(crate) const V1: &str = "https://www.w3.org/2018/credentials/v1";
pub(crate) const V2: &str = "https://www.w3.org/ns/credentials/v2";
pub(crate) const DATA_INTEGRITY: &str = "https://w3id.org/security/data-integrity/v2";
pub(crate) const DIPLOMA: &str = "ExampleDiploma";

/// All configurations, by their names.
pub(crate) const ALL: [&str; 8] =
    ["sd_jwt", "mdl", "jwt_vc", "jwt_ld", "vc_jwt", "vc_sd_jwt", "ldp", "ldp_v1"];

pub(crate) struct Zoo {
    pub(crate) world: World,
    pub(crate) iaca: CertificateAuthority,
    pub(crate) did: SoftwareSigner,
}

pub(crate) fn definition(contexts: &[&str]) -> CredentialDefinition {
    CredentialDefinition::of_types(["VerifiableCredential", DIPLOMA]).with_context(contexts.iter().copied())
}

pub(crate) fn configurations() -> Vec<CredentialConfiguration> {
    let claim = |path: &[&str]| ClaimDescription {
        path: ClaimsPath::keys(path.iter().copied()).unwrap(),
        mandatory: true,
        display: vec![],
    };
    let w3c = |id: &str, format: Format| CredentialConfiguration {
        claims: vec![claim(&["credentialSubject", "degree"])],
        ..CredentialConfiguration::new(id, format)
    };
    vec![
        CredentialConfiguration::sd_jwt_vc("sd_jwt", VCT),
        CredentialConfiguration {
            claims: vec![claim(&["org.iso.18013.5.1", "family_name"])],
            format: Format::Mdoc {
                doctype: MDL.to_owned(),
                element_types: vec![TypedElement {
                    path: vec!["org.example".to_owned(), "seal".to_owned()],
                    kind: ElementKind::Bytes,
                }],
            },
            ..CredentialConfiguration::mdoc("mdl", MDL)
        },
        w3c("jwt_vc", Format::JwtVcJson { credential_definition: definition(&[]) }),
        w3c("jwt_ld", Format::JwtVcJsonLd { credential_definition: definition(&[V2, CONTEXT]) }),
        w3c("vc_jwt", Format::VcJwt { credential_definition: definition(&[]) }),
        w3c("vc_sd_jwt", Format::VcSdJwt { credential_definition: definition(&[]) }),
        w3c("ldp", Format::LdpVc { credential_definition: definition(&[V2, CONTEXT]), cryptosuite: None }),
        w3c(
            "ldp_v1",
            Format::LdpVc {
                credential_definition: definition(&[V1, DATA_INTEGRITY, CONTEXT]),
                cryptosuite: Some("eddsa-jcs-2022".to_owned()),
            },
        ),
    ]
}

pub(crate) fn claims(id: &str) -> Map<String, Value> {
    let claims = match id {
        "sd_jwt" => Value::Object(erika()),
        "mdl" => json!({
            "org.iso.18013.5.1": {
                "family_name": "Mustermann",
                "birth_date": "1964-08-12",
                "issue_date": "2025-01-02T03:04:05Z",
                "portrait": "_9j_4A",
                "issuing_country": "UT",
                "driving_privileges": [{ "vehicle_category_code": "B", "issue_date": "1982-09-01" }],
            },
            "org.example": { "seal": "AAEC", "points": 3 },
        }),
        _ => json!({ "credentialSubject": { "degree": "Magister", "name": "Erika Mustermann" } }),
    };
    claims.as_object().cloned().unwrap()
}

pub(crate) fn contexts() -> Contexts {
    let document = json!({ "@context": {
        DIPLOMA: "https://issuer.example/vocabulary#ExampleDiploma",
        "degree": "https://issuer.example/vocabulary#degree",
        "name": "https://schema.org/name",
    }});
    // In VCDM 2.0 `name` is defined already, and protected: the same definition is no redefinition.
    Contexts::bundled().with(CONTEXT, document.to_string().as_bytes()).unwrap()
}

pub(crate) fn publication() -> Publication {
    Publication { contact: "https://iaca.example".to_owned(), crl_url: "https://iaca.example/crl".to_owned() }
}

/// A document signer under a root of its own.
pub(crate) fn document_signer(random: &dyn Random) -> (CertificateAuthority, SoftwareSigner) {
    let day = Duration::from_secs(24 * 3600);
    let named = |name: &str| Subject { country: Some("UT".to_owned()), ..Subject::from(name) };
    let root = SoftwareSigner::generate(Algorithm::Es256, random).unwrap();
    let iaca = CertificateAuthority::iaca(
        root,
        named("Utopia IACA"),
        &publication(),
        START - day,
        3650 * day,
        random,
    )
    .unwrap();
    let signer = SoftwareSigner::generate(Algorithm::Es256, random).unwrap();
    // Younger than the full hour to which the time of issuance is rounded.
    let start = START - Duration::from_secs(60);
    let profile = LeafProfile::document_signer(named("Utopia signer"), publication(), start, 400 * day);
    let chain = iaca.issue_chain(&signer.public_jwk().key, &profile, random).unwrap();
    (iaca, signer.with_x5c(chain))
}

/// A signer that is known by its DID.
pub(crate) fn did_signer(algorithm: Algorithm, random: &dyn Random) -> SoftwareSigner {
    let signer = SoftwareSigner::generate(algorithm, random).unwrap();
    let did = did::jwk::from_jwk(&Jwk::new(signer.public_key())).unwrap();
    signer.with_kid(format!("{}#0", did.as_str()))
}

impl Zoo {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(IssuerBuilder) -> IssuerBuilder) -> Self {
        let random = SeededRandom::new(7);
        let (iaca, document_signer) = document_signer(&random);
        let did = did_signer(Algorithm::EdDsa, &random);
        let again = SoftwareSigner::from_private_jwk(did.to_private_jwk().expose()).unwrap();
        let again: Arc<dyn Signer> = Arc::new(again);
        let world = World::with(|builder| {
            let mut builder = builder
                .contexts(contexts())
                .signer_for("mdl", Arc::new(document_signer))
                .signer_for("vc_jwt", again.clone())
                .signer_for("ldp", again.clone())
                .signer_for("ldp_v1", again);
            for configuration in configurations() {
                builder = builder.configuration(configuration);
            }
            change(builder)
        });
        Self { world, iaca, did }
    }

    pub(crate) fn issuer_did(&self) -> String {
        self.did.public_jwk().kid.as_deref().unwrap().split('#').next().unwrap().to_owned()
    }

    /// Trusts the issuer's certificates of both kinds, and its DID.
    pub(crate) fn trust(&self) -> Arc<dyn Trust> {
        let anchors = [self.world.ca.certificate(), self.iaca.certificate()]
            .map(|certificate| Anchor::for_issuers(certificate.to_vec()));
        let did = did::Did::parse(&self.issuer_did()).unwrap();
        let dids =
            DidKeys::new(DidResolver::offline()).trust(did, &[Purpose::Issuer { credential_type: "" }]);
        Arc::new(AnyOf::new(vec![Arc::new(X509Anchors::new(&anchors).unwrap()), Arc::new(dids)]))
    }
}

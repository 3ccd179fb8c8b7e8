//! Configurations and claims of which no credential can be made, and what the operator is told.

use std::sync::Arc;

use credenza_core::{ClaimsPath, SeededRandom};
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_vci::issuer::{
    ConfigError, CredentialConfiguration, Disclosure, Format, OfferError, OfferRequest, TypedElement,
};
use credenza_vci::messages::CredentialDefinition;
use serde_json::{Value, json};

use super::zoo::*;
use crate::support::*;

fn build(configuration: CredentialConfiguration, signer: SoftwareSigner) -> Result<(), ConfigError> {
    let random = Arc::new(SeededRandom::new(1));
    let clock = Arc::new(credenza_core::FixedClock::at(START));
    credenza_vci::issuer::Issuer::builder(ISSUER)
        .contexts(contexts())
        .configuration(configuration)
        .signer(Arc::new(signer))
        .store(Arc::new(credenza_store::MemoryStore::new(clock)))
        .sealer(Arc::new(credenza_core::Sealer::fresh(&*random)))
        .build()
        .map(drop)
}

#[test]
fn configurations_that_can_not_be() {
    let random = SeededRandom::new(3);
    let certified = || document_signer(&random).1;
    let bare = || SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
    let did = |algorithm| did_signer(algorithm, &random);
    let ldp = |contexts: &[&str], suite: Option<&str>| {
        CredentialConfiguration::new(
            "x",
            Format::LdpVc {
                credential_definition: definition(contexts),
                cryptosuite: suite.map(str::to_owned),
            },
        )
    };
    let jwt = |contexts: &[&str]| CredentialConfiguration::jwt_vc_json("x", definition(contexts));
    let mdoc = || CredentialConfiguration::mdoc("x", MDL);
    let foreign = bare().with_x5c(vec![document_signer(&random).0.certificate().to_vec()]);
    let cases: Vec<(CredentialConfiguration, SoftwareSigner, &str)> = vec![
        (CredentialConfiguration::mdoc("x", ""), certified(), "type is empty"),
        (CredentialConfiguration { proof_algorithms: vec![], ..mdoc() }, certified(), "bound to a key"),
        (mdoc(), bare(), "no certificate"),
        (mdoc(), bare().with_x5c(vec![vec![1, 2, 3]]), "certificate"),
        (mdoc(), foreign, "another key's"),
        (
            mdoc(),
            SoftwareSigner::generate(Algorithm::Es256K, &random).unwrap().with_x5c(vec![vec![0]]),
            "can't be signed with ES256K",
        ),
        (
            CredentialConfiguration {
                format: Format::Mdoc {
                    doctype: MDL.to_owned(),
                    element_types: vec![TypedElement {
                        path: vec!["alone".to_owned()],
                        kind: credenza_vci::issuer::ElementKind::FullDate,
                    }],
                },
                ..mdoc()
            },
            certified(),
            "element_types",
        ),
        (
            CredentialConfiguration { disclosure: Disclosure { selective: None, decoys: 1 }, ..mdoc() },
            certified(),
            "disclosure has no meaning for mso_mdoc",
        ),
        (
            CredentialConfiguration::jwt_vc_json("x", CredentialDefinition::of_types([DIPLOMA])),
            certified(),
            "VerifiableCredential",
        ),
        (jwt(&[V2]), certified(), "has to be https://www.w3.org/2018/credentials/v1"),
        (jwt(&["https://other.example"]), certified(), "first context"),
        (
            CredentialConfiguration::new("x", Format::VcJwt { credential_definition: definition(&[V1]) }),
            certified(),
            "has to be https://www.w3.org/ns/credentials/v2",
        ),
        (
            CredentialConfiguration::new("x", Format::JwtVcJsonLd { credential_definition: definition(&[]) }),
            certified(),
            "no @context",
        ),
        (ldp(&[], None), did(Algorithm::EdDsa), "no @context"),
        (ldp(&[V2], None), certified(), "DID URL"),
        (ldp(&[V2, "https://unknown.example"], None), did(Algorithm::EdDsa), "not known"),
        (ldp(&[V2], Some("ecdsa-sd-2023")), did(Algorithm::EdDsa), "ecdsa-sd-2023"),
        (ldp(&[V2], Some("ecdsa-rdfc-2019")), did(Algorithm::EdDsa), "takes no key"),
        (ldp(&[V2], None), did(Algorithm::Es512), "no cryptosuite signs with ES512"),
        (
            CredentialConfiguration {
                disclosure: Disclosure {
                    selective: Some(vec![ClaimsPath::keys(["issuer"]).unwrap()]),
                    decoys: 0,
                },
                ..CredentialConfiguration::new(
                    "x",
                    Format::VcSdJwt { credential_definition: definition(&[]) },
                )
            },
            certified(),
            "can't be selectively disclosable",
        ),
    ];
    for (configuration, signer, say) in cases {
        let format = configuration.format.name();
        match build(configuration, signer) {
            Err(ConfigError::Configuration { reason, .. }) => {
                assert!(reason.contains(say), "{format}: {reason}, not {say}");
            }
            other => panic!("{format}, {say}: {other:?}"),
        }
    }
    for good in [mdoc(), jwt(&[V1])] {
        build(good, certified()).unwrap();
    }
    build(ldp(&[V2], None), did(Algorithm::Es256)).unwrap();
}

#[test]
fn claims_that_do_not_fit_are_told_to_who_makes_the_offer() {
    let zoo = Zoo::new();
    let offer = |id: &str, claims: Value| {
        let claims = claims.as_object().cloned().unwrap();
        wait(zoo.world.issuer.create_offer(OfferRequest::of(id, claims)))
    };
    let mdl =
        |element: &str, value: Value| json!({ "org.iso.18013.5.1": { "family_name": "M", element: value } });
    for (id, claims, say) in [
        ("mdl", mdl("birth_date", json!("12.8.1964")), "birth_date"),
        ("mdl", mdl("portrait", json!("not bytes!")), "portrait"),
        ("mdl", json!({ "org.iso.18013.5.1": { "family_name": "M" }, "x": 1 }), "namespace"),
        (
            "jwt_vc",
            json!({ "credentialSubject": { "degree": 1 }, "evidence": [{ "id": "urn:x" }] }),
            "evidence",
        ),
        ("jwt_vc", json!({ "credentialSubject": { "degree": 1 }, "id": "no URL" }), "id"),
        (
            "ldp",
            json!({ "credentialSubject": { "degree": 1, "id": "did:example:somebody" } }),
            "credentialSubject names somebody",
        ),
        ("ldp", json!({ "credentialSubject": { "degree": 1, "undefined": 2 } }), ""),
    ] {
        match offer(id, claims.clone()) {
            Err(OfferError::Unfit { reason, .. }) => assert!(reason.contains(say), "{id} {claims}: {reason}"),
            other => panic!("{id} {claims}: {other:?}"),
        }
    }
    let missing = offer("mdl", json!({ "org.iso.18013.5.1": {} })).unwrap_err();
    assert!(matches!(missing, OfferError::MissingClaim { .. }), "{missing}");
    let missing = offer("vc_jwt", json!({ "credentialSubject": { "name": "x" } })).unwrap_err();
    assert!(matches!(missing, OfferError::MissingClaim { .. }), "{missing}");
    for name in ["issuer", "proof", "credentialStatus", "@context", "vc", "validFrom"] {
        let mut claims = json!({ "credentialSubject": { "degree": 1 } });
        claims[name] = json!("x");
        let reserved = offer("vc_sd_jwt", claims).unwrap_err();
        assert!(matches!(reserved, OfferError::ReservedClaim(found) if found == name), "{reserved}");
    }
}

#[test]
fn configurations_are_read_as_they_are_written() {
    for configuration in configurations() {
        let json = serde_json::to_value(&configuration).unwrap();
        assert_eq!(json["format"], configuration.format.name());
        assert_eq!(serde_json::from_value::<CredentialConfiguration>(json).unwrap(), configuration);
    }
    for bad in [
        json!({ "id": "x", "format": "mso_mdoc" }),
        json!({ "id": "x", "format": "jwt_vc_json" }),
        json!({ "id": "x", "format": "jwt_vc_json", "credential_definition": { "type": [] } }),
        json!({ "id": "x", "format": "ldp_vc", "credential_definition": { "@context": [V2] } }),
        json!({ "id": "x", "format": "mso_mdoc", "doctype": "y", "element_types": [{ "path": ["a", "b"], "type": "int" }] }),
        json!({ "id": "x", "format": "anoncreds" }),
    ] {
        assert!(serde_json::from_value::<CredentialConfiguration>(bad.clone()).is_err(), "{bad}");
    }
}

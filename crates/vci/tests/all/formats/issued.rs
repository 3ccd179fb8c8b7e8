//! What is issued in each format, and what the wallet has of it.

use std::collections::HashSet;
use std::sync::Arc;

use credenza_core::{Answer, UnixTime, b64};
use credenza_formats::held::HeldCredential;
use credenza_formats::mdoc::{IssuerSigned, MdocLimits};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_vci::issuer::{ClaimsError, Format, IssuanceContext, OfferRequest, StatusSource};
use credenza_vci::wallet::Policy;
use serde_json::{Value, json};

use super::zoo::*;
use crate::support::*;

/// Two copies of a credential, as the wallet keeps them.
fn fetch(zoo: &Zoo, id: &str) -> Vec<HeldCredential> {
    let offer = zoo.world.create(OfferRequest::of(id, claims(id)));
    let (wallet, keys) = zoo.world.wallet(Arc::new(zoo.world.http()));
    let wallet = wallet
        .with_trust(zoo.trust())
        .with_contexts(contexts())
        .with_policy(Policy { copies: 2, ..Policy::default() });
    let opened = wait(wallet.open(&offer.uri)).unwrap();
    assert_eq!(opened.summary().credentials[0].copies, 2);
    let received = wait(ready(opened).accept()).unwrap_or_else(|error| panic!("{id}: {error:?}"));
    assert!(received.reports.iter().all(credenza_core::Report::ok), "{id}");
    let bound: HashSet<String> =
        received.credentials.iter().map(|held| held.key_thumbprint.clone().unwrap()).collect();
    let made: HashSet<String> = keys.made.lock().unwrap().keys().cloned().collect();
    assert_eq!(bound, made, "{id}: each copy is bound to a key of its own");
    received.credentials
}

// Clauses: VCI-A.1.1.4-01, VCI-A.1.1.4-02, VCI-A.1.2.4-01, VCI-A.1.2.4-02, VCI-A.2.4-01, VCI-A.3.4-01, VCI-8.3-07,
// VCI-8.3-11,
// VCI-3.3.2-01
#[test]
fn each_format_from_the_offer_to_the_wallet() {
    let zoo = Zoo::new();
    for configuration in configurations() {
        let id = configuration.id.as_str();
        let held = fetch(&zoo, id);
        assert_eq!(held.len(), 2, "{id}");
        for copy in &held {
            assert_eq!(copy.format, configuration.format.name(), "{id}");
            assert_eq!(copy.credential_type, configuration.format.credential_type(), "{id}");
            let end = UnixTime::from_secs(START.as_secs() / 3600 * 3600) + configuration.validity;
            assert_eq!(copy.expires_at, Some(end), "{id}");
            let told = Value::Object(copy.claims.clone());
            match &configuration.format {
                Format::SdJwtVc { .. } => assert_eq!(told["given_name"], "Erika"),
                Format::Mdoc { .. } => {
                    let mut expected = Value::Object(claims(id));
                    expected["org.example"]["seal"] = json!("AAEC");
                    assert_eq!(told, expected);
                }
                _ => {
                    assert_eq!(told["credentialSubject"]["degree"], "Magister", "{id}");
                    assert_eq!(told["type"], json!(["VerifiableCredential", DIPLOMA]), "{id}");
                    let subject = told["credentialSubject"]["id"].as_str().unwrap();
                    assert!(subject.starts_with("did:jwk:"), "{id}");
                }
            }
        }
        assert_ne!(held[0].credential, held[1].credential, "{id}");
    }
}

// Clauses: VCI-A.2.4-01, MDOC-I-9.1.2.4-10, MDOC-I-A.2.4-01, MDOC-I-7-01,
// VCI-8.3-12
#[test]
fn an_mdoc_has_typed_elements_and_is_signed_within_its_certificate() {
    let zoo = Zoo::new();
    let held = fetch(&zoo, "mdl");
    let salts = held.iter().map(|copy| {
        let bytes = b64::decode(&copy.credential).unwrap();
        let parsed = IssuerSigned::parse(&bytes, &MdocLimits::default()).unwrap();
        // The time of issuance is rounded to the hour, but not behind the document signer's certificate.
        assert_eq!(parsed.mso.validity.signed, START - std::time::Duration::from_secs(60));
        assert_eq!(parsed.x5chain().len(), 1);
        assert_eq!(parsed.issuer_auth.header.algorithm, -7);
        let start = |identifier: &str| {
            let (_, item) = parsed.elements().find(|(_, item)| item.identifier == identifier).unwrap();
            item.value[..3].to_vec()
        };
        assert_eq!(start("birth_date"), [0xd9, 0x03, 0xec], "full-date");
        assert_eq!(start("issue_date")[..2], [0xc0, 0x74], "tdate");
        assert_eq!(start("portrait"), [0x44, 0xff, 0xd8], "bytes");
        assert_eq!(start("seal"), [0x43, 0x00, 0x01], "bytes, as the configuration says");
        parsed.elements().map(|(_, item)| item.random.to_vec()).collect::<Vec<_>>()
    });
    let salts: Vec<Vec<u8>> = salts.flatten().collect();
    let distinct: HashSet<&Vec<u8>> = salts.iter().collect();
    assert_eq!(salts.len(), distinct.len(), "no salt is used twice");
}

fn payload(jwt: &str) -> Value {
    serde_json::from_slice(&b64::decode(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn header(jwt: &str) -> Value {
    serde_json::from_slice(&b64::decode(jwt.split('.').next().unwrap()).unwrap()).unwrap()
}

#[test]
fn w3c_credentials_say_what_their_securing_wants() {
    let zoo = Zoo::new();
    // VCDM 1.1: a claim, with its dates and names as registered claims.
    let jwt = fetch(&zoo, "jwt_vc")[0].credential.clone();
    let (head, body) = (header(&jwt), payload(&jwt));
    assert_eq!((&head["typ"], head["x5c"].as_array().map(Vec::len)), (&json!("JWT"), Some(1)));
    assert_eq!(body["iss"], ISSUER);
    assert_eq!(body["vc"]["@context"], json!([V1]));
    assert_eq!(body["sub"], body["vc"]["credentialSubject"]["id"]);
    assert!(body["nbf"].is_u64() && body["exp"].is_u64() && body["cnf"]["jwk"].is_object());
    // VCDM 2.0: the payload itself.
    let jwt = fetch(&zoo, "vc_jwt")[0].credential.clone();
    let (head, body) = (header(&jwt), payload(&jwt));
    assert_eq!((&head["typ"], &head["cty"]), (&json!("vc+jwt"), &json!("vc")));
    assert_eq!(head["kid"], *zoo.did.public_jwk_kid());
    assert_eq!(body["issuer"], zoo.issuer_did());
    assert!(body["validFrom"].is_string() && body["validUntil"].is_string() && body.get("vc").is_none());
    // An SD-JWT hides what is said of the subject, one by one.
    let text = fetch(&zoo, "vc_sd_jwt")[0].credential.clone();
    let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    assert_eq!(parsed.disclosures().len(), 2);
    let subject = &parsed.dangerous_payload()["credentialSubject"];
    assert!(subject["id"].is_string() && subject.get("degree").is_none());
    // An embedded proof names the DID's key.
    for (id, suite) in [("ldp", "eddsa-rdfc-2022"), ("ldp_v1", "eddsa-jcs-2022")] {
        let document: Value = serde_json::from_str(&fetch(&zoo, id)[0].credential).unwrap();
        assert_eq!(document["proof"]["cryptosuite"], suite);
        assert_eq!(document["proof"]["verificationMethod"], *zoo.did.public_jwk_kid());
        assert_eq!(document["proof"]["proofPurpose"], "assertionMethod");
        assert_eq!(document["issuer"], zoo.issuer_did());
    }
}

trait Kid {
    fn public_jwk_kid(&self) -> &str;
}

impl Kid for credenza_crypto::SoftwareSigner {
    fn public_jwk_kid(&self) -> &str {
        use credenza_crypto::Signer as _;
        self.public_jwk().kid.as_deref().unwrap()
    }
}

/// Gives each copy a place, in the form that its format has.
struct Places;

impl StatusSource for Places {
    fn assign<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
        copies: usize,
        _expires: UnixTime,
    ) -> Answer<'a, Result<Vec<Value>, ClaimsError>> {
        let one = |index: usize| match context.configuration.id.as_str() {
            "jwt_vc" | "ldp" | "ldp_v1" => json!({
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": index.to_string(),
                "statusListCredential": "https://issuer.example/status/1",
            }),
            _ => json!({ "status_list": { "idx": index, "uri": "https://issuer.example/status/1" } }),
        };
        Answer::ready(Ok((0..copies).map(one).collect()))
    }
}

// Clauses: TSL-6.2-01, TSL-6.3-01, HAIP-6.1-07
#[test]
fn each_copy_has_a_status_of_its_own() {
    let zoo = Zoo::with(|builder| builder.status_source(Arc::new(Places)));
    for name in ALL.iter().filter(|name| **name != "ldp_v1") {
        for (index, copy) in fetch(&zoo, name).iter().enumerate() {
            let found = match *name {
                "mdl" => {
                    let bytes = b64::decode(&copy.credential).unwrap();
                    let held = credenza_formats::mdoc::Held::restore(bytes, &MdocLimits::default()).unwrap();
                    held.status().unwrap()["status_list"]["idx"].clone()
                }
                "jwt_vc" | "ldp" => {
                    // The data model 1.1 demands an identifier, which the list does not give.
                    let status = &copy.claims["credentialStatus"];
                    let id = format!("https://issuer.example/status/1#{index}");
                    assert_eq!(status.get("id").is_some(), *name == "jwt_vc");
                    assert!(status.get("id").is_none_or(|found| *found == json!(id)));
                    status["statusListIndex"].clone()
                }
                _ => copy.claims["status"]["status_list"]["idx"].clone(),
            };
            assert!(found == json!(index) || found == json!(index.to_string()), "{name}: {found}");
        }
    }
}

/// A status that the format has no place for is not left out: nothing is issued.
#[test]
fn a_status_without_a_place_stops_the_issuance() {
    struct Tokens;
    impl StatusSource for Tokens {
        fn assign<'a>(
            &'a self,
            _: &'a IssuanceContext<'a>,
            copies: usize,
            _: UnixTime,
        ) -> Answer<'a, Result<Vec<Value>, ClaimsError>> {
            Answer::ready(Ok(vec![
                json!({ "status_list": { "idx": 1, "uri": "https://s.example" } });
                copies
            ]))
        }
    }
    let zoo = Zoo::with(|builder| builder.status_source(Arc::new(Tokens)));
    for id in ["jwt_vc", "ldp"] {
        let token = zoo.world.redeem(&zoo.world.create(OfferRequest::of(id, claims(id))));
        let proof = zoo.world.proof(&zoo.world.key(), &zoo.world.nonce());
        let request = json!({ "credential_configuration_id": id, "proofs": { "jwt": [proof] } });
        assert_eq!(
            refused(&zoo.world.credential(&token, &request)),
            (400, "credential_request_denied".to_owned())
        );
    }
}

// Clauses: VCI-A.1.1.2-01, VCI-A.1.1.2-02, VCI-A.1.1.2-03, VCI-A.1.2.2-01, VCI-A.1.2.2-02, VCI-A.1.2.2-03,
// VCI-A.1.2.2-04, VCI-A.2.2-01, VCI-A.2.2-03, VCI-A.3.2-01, VCI-A.3.2-02, MDOC-I-A.2.1-01, MDOC-I-A.2-01
#[test]
fn metadata_of_each_format() {
    let zoo = Zoo::new();
    let metadata: Value = serde_json::from_slice(&zoo.world.issuer.metadata()).unwrap();
    let of = |id: &str| metadata["credential_configurations_supported"][id].clone();
    let definition =
        |context: Value| json!({ "@context": context, "type": ["VerifiableCredential", DIPLOMA] });
    assert_eq!(of("mdl")["doctype"], MDL);
    assert_eq!(of("mdl")["credential_signing_alg_values_supported"], json!([-7, -9]));
    assert_eq!(of("mdl")["cryptographic_binding_methods_supported"], json!(["cose_key"]));
    assert_eq!(
        of("mdl")["credential_metadata"]["claims"][0]["path"],
        json!(["org.iso.18013.5.1", "family_name"])
    );
    assert_eq!(of("jwt_vc")["format"], "jwt_vc_json");
    assert_eq!(of("jwt_vc")["credential_definition"], json!({ "type": ["VerifiableCredential", DIPLOMA] }));
    assert_eq!(of("jwt_vc")["credential_signing_alg_values_supported"], json!(["ES256"]));
    assert_eq!(of("jwt_ld")["credential_definition"], definition(json!([V2, CONTEXT])));
    assert_eq!(of("vc_jwt")["credential_signing_alg_values_supported"], json!(["EdDSA"]));
    assert_eq!(of("ldp")["credential_signing_alg_values_supported"], json!(["eddsa-rdfc-2022"]));
    assert_eq!(of("ldp")["credential_definition"], definition(json!([V2, CONTEXT])));
    for id in ALL.iter().skip(2) {
        let methods = of(id)["cryptographic_binding_methods_supported"].clone();
        assert!(methods.as_array().unwrap().contains(&json!("did:jwk")), "{id}");
        assert!(of(id).get("vct").is_none() && of(id).get("doctype").is_none(), "{id}");
    }
}

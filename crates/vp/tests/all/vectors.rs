//! The specification's examples, and recorded data of others.

use std::path::PathBuf;

use credenza_core::{Report, UnixTime, json};
use credenza_crypto::{ContentEncryption, Jwk, JwkSet, SoftwareDecrypter, jwe};
use credenza_formats::sd_jwt::{Held, SdJwtLimits};
use credenza_query::DcqlQuery;
use credenza_query::dcql::{Candidate, Format, Presented};
use credenza_trust::{Anchor, PinnedKeys, Purpose, X509Anchors};
use credenza_vp::messages::{
    AuthorizationRequest, AuthorizationResponse, ClientId, ClientIdPrefix, Presentation, VpToken,
};
use credenza_vp::verifier::Policy;
use credenza_vp::verifier::credential::{Bound, Context, Holder, verify};
use serde_json::Value;

use crate::world::run;

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn value(name: &str) -> Value {
    json::parse(&read(name)).unwrap()
}

// Clauses: VP-5.9.1-01, VP-5.9.1-02
#[test]
fn client_id_prefixes() {
    let cases = value("openid4vp-1.0/client_id_prefix.json");
    for case in cases["cases"].as_array().unwrap() {
        let client_id = ClientId::parse(case["client_id"].as_str().unwrap());
        let prefix = case["prefix"].as_str().unwrap_or_default();
        assert_eq!(client_id.prefix().as_str(), prefix, "{case}");
        if let Some(id) = case["id"].as_str() {
            assert_eq!(client_id.original(), id);
        }
        assert_eq!(client_id.prefix() == ClientIdPrefix::Origin, case["result"] == "reject");
    }
}

// Clauses: VP-8.3-01, VP-8.3-05
#[test]
fn the_encrypted_response_of_the_specification() {
    let vector = value("openid4vp-1.0/encrypted_response.json");
    let request: AuthorizationRequest = serde_json::from_value(vector["request"].clone()).unwrap();
    let metadata = request.client_metadata.unwrap().0.unwrap();
    let encs = metadata.content_encryptions();
    assert_eq!(encs, [ContentEncryption::A128Gcm, ContentEncryption::A128CbcHs256]);
    let kids: Vec<_> = metadata.jwks.unwrap().keys.into_iter().filter_map(|key| key.kid).collect();
    assert_eq!(kids, ["ac", "jc", "lc"], "X448 is not known and passed over");
    let key = SoftwareDecrypter::from_private_jwk(&vector["recipient_private_jwk"].to_string()).unwrap();
    let opened = run(jwe::decrypt(vector["response_jwe"].as_str().unwrap(), &key, &encs)).unwrap();
    let response = AuthorizationResponse::from_json(&opened.plaintext).unwrap();
    let token = response.outcome.unwrap();
    assert_eq!(token.entries().map(|(id, _)| id).collect::<Vec<_>>(), ["example_credential_id"]);
}

#[test]
fn the_queries_of_the_specification_survive_a_request() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/openid4vp-1.0/dcql");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = json::parse(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let query = file.get("dcql_query").unwrap_or(&file);
        let request = serde_json::json!({ "dcql_query": query });
        let request: AuthorizationRequest = serde_json::from_value(request).unwrap();
        let query = request.dcql_query.unwrap().0.unwrap();
        let again: DcqlQuery = serde_json::from_value(serde_json::to_value(&query).unwrap()).unwrap();
        assert_eq!(again, query);
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn the_vp_tokens_of_the_eu_verifier_have_the_right_structure() {
    for number in ["02", "03", "04", "05", "07-ehicSdJwtVc"] {
        let token = VpToken::from_value(value(&format!("eudi-verifier/{number}-vpToken.json"))).unwrap();
        assert!(!token.is_empty());
    }
}

// Clauses: VP-14.9-02
#[test]
fn the_ehic_of_the_eu_verifier_is_genuine_and_no_answer_to_its_query() {
    let token = value("eudi-verifier/07-ehicSdJwtVc-vpToken.json");
    let (id, presentations) = token.as_object().unwrap().iter().next().unwrap();
    let text = presentations[0].as_str().unwrap().to_owned();
    let parsed = credenza_formats::sd_jwt::SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    let issuer = parsed.dangerous_issuer().unwrap().to_owned();
    // The issuer is a did:jwk: the key is in its name.
    let jwk = credenza_core::b64::decode(issuer.strip_prefix("did:jwk:").unwrap()).unwrap();
    let jwk = Jwk::from_value(&json::parse(&jwk).unwrap()).unwrap();
    let pid = Purpose::Issuer { credential_type: "urn:credential:sample" };
    let trust = PinnedKeys::new().with(issuer, JwkSet { keys: vec![jwk] }, &[pid]);
    let policy = Policy { accept_unchecked_status: true, ..Policy::default() };
    let context =
        Context { policy: &policy, trust: &trust, status: None, now: UnixTime::from_secs(1_744_180_895) };
    let presentation = Presentation::Text(text);
    let (report, checked) = run(verify(&presentation, &Format::SdJwtVc, Holder::Any, context));
    let checked = checked.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(checked.types, ["urn:credential:sample"]);

    let query = value("eudi-verifier/07-ehicSdJwtVc-dcql.json");
    let query = DcqlQuery::parse(&query["dcql_query"]).unwrap();
    let candidate = Candidate {
        format: &checked.format,
        types: checked.types.iter().map(String::as_str).collect(),
        claims: &checked.claims,
        holder_binding: checked.holder_bound,
        authorities: Default::default(),
    };
    let report: Report = query.check(&[Presented { id, credentials: vec![candidate] }]);
    assert_eq!(report.parts[0].first_failure().unwrap().rule.id, "dcql.type");
    // Its KB-JWT is not signed with the key that the credential is bound to: as a presentation it is refused.
    let holder = Holder::Bound(Bound::new("[B@3a4e524", "Sample Verifier Actor"));
    let (report, checked) = run(verify(&presentation, &Format::SdJwtVc, holder, context));
    assert!(checked.is_none());
    assert_eq!(report.first_failure().unwrap().rule.id, "sd-jwt.kb.signature");
}

#[test]
fn the_pid_of_the_eu_wallet_is_held_and_presented() {
    let text = String::from_utf8(read("eudi-wallet-vp/sd-jwt-vc-pid.txt")).unwrap().trim().to_owned();
    let query = DcqlQuery::parse(&value("eudi-wallet-vp/sd-jwt-vc-pid-dcql-query.json")).unwrap();
    let mut key = value("eudi-wallet-vp/sd-jwt-vc-pid-key.json");
    key.as_object_mut().unwrap().remove("iat");
    let key = credenza_crypto::SoftwareSigner::from_private_jwk(&key.to_string()).unwrap();
    let held = Held::restore(text.clone(), &SdJwtLimits::default()).unwrap();
    let claims = Value::Object(held.claims().clone());
    let candidate = Candidate {
        format: "dc+sd-jwt",
        types: vec![held.vct().unwrap()],
        claims: &claims,
        holder_binding: true,
        authorities: Default::default(),
    };
    let matching = query.matching(&[candidate]);
    let now = UnixTime::from_rfc3339("2026-07-10T00:00:00Z").unwrap();
    let binding = credenza_formats::sd_jwt::Binding {
        nonce: "nonce",
        audience: "x509_hash:abc",
        issued_at: now,
        more: Default::default(),
    };
    let disclose = &matching.credentials[0].matches[0].disclose;
    let presentation = run(held.present(disclose).bind(&key, &binding)).unwrap();

    let parsed = credenza_formats::sd_jwt::SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    let leaf = parsed.header().x5c().unwrap().unwrap().remove(0);
    let trust = X509Anchors::new(&[Anchor::for_issuers(leaf)]).unwrap();
    let policy = Policy { accept_unchecked_status: true, ..Policy::default() };
    let context = Context { policy: &policy, trust: &trust, status: None, now };
    let holder = Holder::Bound(Bound::new("nonce", "x509_hash:abc"));
    let (report, checked) = run(verify(&Presentation::Text(presentation), &Format::SdJwtVc, holder, context));
    let checked = checked.unwrap_or_else(|| panic!("{report}"));
    assert!(checked.claims.get("family_name").is_some());
    assert!(checked.claims.get("given_name").is_none() && checked.claims.get("picture").is_none());
}

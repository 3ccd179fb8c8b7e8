//! One text of each kind, and what must be said about it.

use credenza_core::{FixedClock, Outcome, b64};
use serde_json::json;

use super::*;

fn inspect(text: &str) -> Result<Inspection, String> {
    let clock = FixedClock::at(UnixTime::from_secs(1_750_000_000));
    Inspector::new(Arc::new(clock)).inspect(text)
}

fn outcome(inspection: &Inspection, id: &str) -> Option<Outcome> {
    inspection.report.as_ref()?.find(id).map(|check| check.outcome)
}

fn jwt(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}.{}",
        b64::encode(header.to_string()),
        b64::encode(claims.to_string()),
        b64::encode([1; 64])
    )
}

#[test]
fn a_jwt_with_its_type() {
    let text = jwt(
        &json!({"alg": "ES256", "typ": "openid4vci-proof+jwt"}),
        &json!({"iat": 1_749_999_000, "nonce": "n"}),
    );
    let found = inspect(&text).unwrap();
    assert_eq!(found.kind, "JWT: key proof");
    assert_eq!(found.parts[1].content["nonce"], "n");
    assert_eq!(outcome(&found, "inspect.jose.alg"), Some(Outcome::Passed));
    assert_eq!(outcome(&found, "inspect.jwt.times"), Some(Outcome::Passed));
}

#[test]
fn odd_jwts_are_shown_and_judged() {
    let none = inspect(&jwt(&json!({"alg": "none"}), &json!({"exp": 5}))).unwrap();
    assert_eq!(outcome(&none, "inspect.jose.alg"), Some(Outcome::Failed));
    assert_eq!(outcome(&none, "inspect.jwt.typ"), Some(Outcome::Warned));
    assert_eq!(outcome(&none, "inspect.jwt.times"), Some(Outcome::Warned));

    let twice = format!("{}.e30.AA", b64::encode(r#"{"alg":"none","alg":"ES256"}"#));
    assert_eq!(outcome(&inspect(&twice).unwrap(), "inspect.jose.header"), Some(Outcome::Failed));

    let text =
        inspect(&format!("{}.{}.AA", b64::encode(r#"{"alg":"ES256"}"#), b64::encode("hello"))).unwrap();
    assert!(text.parts[1].remark.as_ref().unwrap().contains("not a JSON object"));
}

#[test]
fn an_sd_jwt_with_matched_disclosures() {
    let disclosure = b64::encode(r#"["salt","given_name","Erika"]"#);
    let digest = b64::encode(credenza_crypto::hash::sha256(disclosure.as_bytes()));
    let claims = json!({"vct": "urn:eudi:pid:1", "_sd": [digest, "decoy"], "_sd_alg": "sha-256"});
    let text = jwt(&json!({"alg": "ES256", "typ": "dc+sd-jwt"}), &claims);
    let found = inspect(&format!("{text}~{disclosure}~")).unwrap();
    assert_eq!(found.kind, "SD-JWT VC");
    let part = found.parts.iter().find(|part| part.name == "disclosure 1").unwrap();
    assert_eq!(part.content[2], "Erika");
    assert!(part.remark.as_ref().unwrap().contains("given_name"));
    assert_eq!(outcome(&found, "inspect.sd-jwt.disclosures"), Some(Outcome::Passed));
    assert_eq!(found.parts.last().unwrap().content, 1, "one digest without a disclosure");

    let foreign = b64::encode(r#"["salt","family_name","X"]"#);
    let found = inspect(&format!("{text}~{foreign}~")).unwrap();
    assert_eq!(outcome(&found, "inspect.sd-jwt.disclosures"), Some(Outcome::Failed));
}

#[test]
fn key_binding_is_matched_with_the_presentation() {
    let presentation = format!("{}~", jwt(&json!({"alg": "ES256"}), &json!({"vct": "x"})));
    let hash = b64::encode(credenza_crypto::hash::sha256(presentation.as_bytes()));
    let binding = |hash: &str| jwt(&json!({"alg": "ES256", "typ": "kb+jwt"}), &json!({"sd_hash": hash}));
    let found = inspect(&format!("{presentation}{}", binding(&hash))).unwrap();
    assert_eq!(found.kind, "SD-JWT VC with key binding");
    assert_eq!(outcome(&found, "inspect.sd-jwt.sd-hash"), Some(Outcome::Passed));
    let found = inspect(&format!("{presentation}{}", binding("other"))).unwrap();
    assert_eq!(outcome(&found, "inspect.sd-jwt.sd-hash"), Some(Outcome::Failed));
}

#[test]
fn offers_in_links() {
    let offer = json!({"credential_issuer": "https://i.example", "credential_configuration_ids": ["pid"]});
    let mut url: url::Url = "openid-credential-offer://".parse().unwrap();
    url.query_pairs_mut().append_pair("credential_offer", &offer.to_string());
    let found = inspect(url.as_str()).unwrap();
    assert_eq!(found.kind, "credential offer, by value");
    assert_eq!(outcome(&found, "inspect.offer.members"), Some(Outcome::Passed));

    let found =
        inspect("openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fi.example%2Fo").unwrap();
    assert_eq!(found.kind, "credential offer, by reference");
    assert_eq!(outcome(&found, "inspect.url.https"), Some(Outcome::Failed));

    let both = format!("{url}&credential_offer_uri=https%3A%2F%2Fi.example%2Fo");
    assert_eq!(outcome(&inspect(&both).unwrap(), "inspect.offer.form"), Some(Outcome::Failed));
    assert!(inspect("openid-credential-offer://?credential_offer=1&credential_offer=2").is_err());
}

#[test]
fn requests_in_links() {
    let found =
        inspect("openid4vp://?client_id=x509_hash:abc&request_uri=https%3A%2F%2Fv.example%2Fr").unwrap();
    assert_eq!(found.kind, "presentation request, by reference");
    assert_eq!(outcome(&found, "inspect.request.client-id"), Some(Outcome::Passed));
    let found = inspect("openid4vp://?client_id=x&response_type=vp_token").unwrap();
    assert_eq!(outcome(&found, "inspect.request.nonce"), Some(Outcome::Failed));
    assert_eq!(outcome(&found, "inspect.request.query"), Some(Outcome::Failed));
}

#[test]
fn documents_by_their_members() {
    for (document, kind) in [
        (json!({"credential_issuer": "x", "credential_endpoint": "y"}), "credential issuer metadata"),
        (json!({"issuer": "x", "token_endpoint": "y"}), "authorization server metadata"),
        (json!({"credential_issuer": "x", "credential_configuration_ids": []}), "credential offer"),
        (json!({"response_type": "vp_token"}), "presentation request"),
        (
            json!({"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["x"]}}]}),
            "DCQL query",
        ),
        (json!({"keys": []}), "JSON Web Key Set"),
        (json!({"hello": 1}), "JSON"),
    ] {
        assert_eq!(inspect(&document.to_string()).unwrap().kind, kind);
    }
}

#[test]
fn j21_private_keys_are_called_out_and_not_repeated() {
    let key = json!({"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "canary"});
    for document in [key.clone(), json!({"keys": [key]})] {
        let found = inspect(&document.to_string()).unwrap();
        assert_eq!(outcome(&found, "inspect.jwk.private"), Some(Outcome::Failed));
        assert!(!serde_json::to_string(&found).unwrap().contains("canary"));
    }
    let refused = inspect("-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----").unwrap_err();
    assert!(!refused.contains("canary"));
}

#[test]
fn nonsense_is_refused_with_a_sentence() {
    for text in ["", "  ", "hello", "a b c", "{", "a.b.c", "a.b", "~", "-----BEGIN X", "https://example.com/"]
    {
        assert!(inspect(text).is_err(), "{text:?}");
    }
}

proptest::proptest! {
    #[test]
    fn strangers_text_never_panics(text in "\\PC{0,200}") {
        let _ = inspect(&text);
    }

    #[test]
    fn nor_does_nearly_right_text(text in "[a-zA-Z0-9_~.:/?=&%{}\\[\\]\", -]{0,120}") {
        let _ = inspect(&text);
    }
}

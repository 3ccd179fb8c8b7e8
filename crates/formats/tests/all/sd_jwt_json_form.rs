//! The JSON serialization: the examples of RFC 9901 §8, and row S21 of the attack catalogue.

use credenza_core::{Report, UnixTime, b64};
use credenza_crypto::{HashAlgorithm, Header, IdentifiedBy, PublicKey, Signer as _};
use credenza_formats::sd_jwt::{
    self, Expected, HolderBinding, JsonForm, JsonFormError, KeyBinding, MEDIA_TYPE, ParseError, SdJwtLimits,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{NOW, bound, failed, forge, issuer, member, now, public_key, stranger, vectors};

fn limits() -> SdJwtLimits {
    SdJwtLimits::default()
}

fn read(value: &Value) -> Result<JsonForm, JsonFormError> {
    JsonForm::read(value.to_string().as_bytes(), &limits())
}

fn check(
    form: &JsonForm,
    signature: usize,
    key: &PublicKey,
    expected: &Expected<'_>,
) -> (Option<Value>, Report) {
    let mut report = Report::new("test");
    let parsed = form.sd_jwt(signature, &limits()).unwrap();
    let verified = sd_jwt::verify(parsed, key, expected, &mut report);
    (verified.map(|verified| Value::Object(verified.claims)), report)
}

// Clauses: SDJ-8-01, SDJ-8.1-01, SDJ-8.1-02, SDJ-8.3-01, SDJ-8.4-01, SDVC-2.2-02, SDVC-2.2-05
#[test]
fn rfc9901_json_serialization() {
    let all = vectors("rfc9901-sd-jwt/json_serialization.json");
    let keys: Vec<PublicKey> = all["issuer_jwks"].as_array().unwrap().iter().map(public_key).collect();
    let examples = all["vectors"].as_array().unwrap();
    assert_eq!(examples.len(), 3);
    for vector in examples {
        let form = read(&vector["json"]).unwrap();
        let printed = vector["equivalent_compact"].as_str().unwrap();
        assert!(form.compact().starts_with(printed));
        let kb = &vector["kb_payload"];
        let mut expected = Expected::plain(UnixTime::from_secs(kb["iat"].as_i64().unwrap_or(1_748_537_250)));
        if kb.is_object() {
            let sd_hash = b64::encode(HashAlgorithm::Sha256.hash(printed.as_bytes()));
            assert_eq!(kb["sd_hash"], sd_hash.as_str());
            let binding = KeyBinding::new(kb["nonce"].as_str().unwrap(), kb["aud"].as_str().unwrap());
            expected.holder_binding = HolderBinding::Required(binding);
        }
        let signatures = vector["signatures_valid_with"].as_array().unwrap();
        assert_eq!(form.signatures(), signatures.len());
        for (index, kids) in signatures.iter().enumerate() {
            for (key, jwk) in keys.iter().zip(all["issuer_jwks"].as_array().unwrap()) {
                let (claims, report) = check(&form, index, key, &expected);
                if kids.as_array().unwrap().contains(&jwk["kid"]) {
                    assert_eq!(claims.unwrap_or_else(|| panic!("{report}")), vector["processed_payload"]);
                } else {
                    failed(&report, "sd-jwt.signature");
                }
            }
        }
        // And back.
        let again = if vector["kind"] == "general" { form.to_general() } else { form.to_flattened() };
        assert_eq!(again, vector["json"]);
        let of_compact = JsonForm::of(form.compact(), &limits()).unwrap();
        assert_eq!(of_compact.to_flattened()["payload"], vector["json"]["payload"]);
        assert_eq!(of_compact.compact(), form.compact());
    }
}

/// A good one in general form, with two signatures.
fn general() -> Value {
    let name = member("name", &json!("Erika"));
    let text = forge(&json!({"vct": "urn:test", "_sd": [name.digest]}), &[&name]);
    let mut form = JsonForm::of(&text, &limits()).unwrap();
    let header = Header::signing(&stranger(), MEDIA_TYPE, IdentifiedBy::Nothing);
    now(form.co_sign(&stranger(), &header)).unwrap();
    form.to_general()
}

#[test]
fn co_signed_verifies_with_either_key() {
    let form = read(&general()).unwrap();
    let keys = [issuer().public_jwk().key.clone(), stranger().public_jwk().key.clone()];
    for (index, key) in keys.iter().enumerate() {
        assert!(check(&form, index, key, &Expected::credential(NOW)).1.ok());
        failed(&check(&form, 1 - index, key, &Expected::credential(NOW)).1, "sd-jwt.signature");
    }
    assert_eq!(form.sd_jwt(2, &limits()).err(), Some(ParseError::NoSeparator));
    assert_eq!(form.dangerous_unprotected(0).unwrap().len(), 0);
}

// Clauses: SDJ-8.3-01
#[test]
fn s21_disclosures_or_kb_jwt_in_the_wrong_header() {
    for (name, value) in
        [("disclosures", json!(["YQ"])), ("disclosures", json!([])), ("kb_jwt", json!("a.b.c"))]
    {
        let mut second = general();
        second["signatures"][1]["header"] = json!({name: value});
        assert!(matches!(read(&second), Err(JsonFormError::Misplaced(found)) if found == name));

        let mut protected = general();
        let header = json!({"alg": "ES256", "typ": MEDIA_TYPE, name: value}).to_string();
        protected["signatures"][0]["protected"] = b64::encode(header).into();
        assert!(matches!(read(&protected), Err(JsonFormError::Misplaced(found)) if found == name));
    }
}

#[test]
fn s21_disclosures_are_parts_and_nothing_else() {
    let with = |name: &str, value: Value| {
        let mut form = general();
        form["signatures"][0]["header"][name] = value;
        read(&form)
    };
    for wrong in
        [json!("YQ"), json!({}), json!(null), json!([1]), json!([""]), json!(["YQ~YQ"]), json!(["Y.Q"])]
    {
        assert!(with("disclosures", wrong).is_err());
    }
    for wrong in [json!(1), json!(""), json!(null), json!("a~b"), json!(["a.b.c"])] {
        assert!(with("kb_jwt", wrong).is_err());
    }
    // The rest of the rules hold as in compact form.
    let foreign = with("disclosures", json!([member("x", &json!(1)).disclosure])).unwrap();
    let key = issuer().public_jwk().key.clone();
    failed(&check(&foreign, 0, &key, &Expected::credential(NOW)).1, "sd-jwt.disclosures.referenced");
    failed(&check(&foreign, 0, &key, &bound(Expected::credential(NOW))).1, "sd-jwt.disclosures.referenced");
    let bare = read(&general()).unwrap();
    failed(&check(&bare, 0, &key, &bound(Expected::credential(NOW))).1, "sd-jwt.kb.present");
}

#[test]
fn s21_malformed_serializations() {
    let good = general();
    let flat = JsonForm::of(read(&good).unwrap().compact(), &limits()).unwrap().to_flattened();
    assert!(read(&flat).is_ok());
    for name in ["payload", "protected", "signature"] {
        for wrong in [json!(null), json!(1), json!("a.b"), json!("a~b"), json!("a=")] {
            let mut form = flat.clone();
            form[name] = wrong;
            assert!(read(&form).is_err(), "{name}");
        }
    }
    let mut both = good.clone();
    both["signature"] = flat["signature"].clone();
    assert!(read(&both).is_err());
    for signatures in [json!([]), json!({}), json!(null), json!([1]), json!([{}])] {
        let mut form = good.clone();
        form["signatures"] = signatures;
        assert!(read(&form).is_err());
    }
    // A parameter in both headers, and one that only a protected header may have.
    for header in [json!({"typ": "x"}), json!({"alg": "none"}), json!({"crit": []}), json!([]), json!("x")] {
        let mut form = flat.clone();
        form["header"] = header;
        assert!(read(&form).is_err());
    }
    assert!(JsonForm::read(b"{", &limits()).is_err());
    assert!(JsonForm::read(br#"{"payload":"YQ","payload":"YQ"}"#, &limits()).is_err());
    let long = SdJwtLimits { total: 10, ..limits() };
    assert_eq!(JsonForm::read(good.to_string().as_bytes(), &long).err(), Some(JsonFormError::TooLong));
}

proptest! {
    #[test]
    fn strangers_json_never_panics(
        text in "(\\{|\\}|\\[|\\]|,|:|\"payload\"|\"signatures\"|\"protected\"|\"header\"|\"disclosures\"|\"e30\"){0,24}",
    ) {
        if let Ok(form) = JsonForm::read(text.as_bytes(), &limits()) {
            let _ = form.sd_jwt(0, &limits());
        }
    }
}

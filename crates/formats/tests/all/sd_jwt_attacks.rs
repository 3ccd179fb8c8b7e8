//! What must be refused: rows S01 to S08, S16, S17, S20 and S22 of the attack catalogue, each made from something
//! valid.

use credenza_core::{Report, b64};
use credenza_crypto::{Algorithm, HashAlgorithm};
use credenza_formats::sd_jwt::{
    EARLIER_MEDIA_TYPE, Expected, Held, MEDIA_TYPE, ParseError, SdJwt, SdJwtLimits,
};
use serde_json::{Value, json};

use crate::support::{
    Concealed, NOW, accepted, bound, check, conceal_bytes, conceal_text, conceal_with, element, failed,
    forge, forge_as, issuer, join, member, refused, sign, sign_under, stranger,
};

const EXPECTED: Expected<'static> = Expected::credential(NOW);
const FORM: &str = "sd-jwt.disclosures.form";
const STRUCTURE: &str = "sd-jwt.disclosures.structure";
const UNIQUE: &str = "sd-jwt.disclosures.unique";
const REFERENCED: &str = "sd-jwt.disclosures.referenced";
const RESERVED: &str = "sd-jwt.disclosures.reserved-name";
const CLASH: &str = "sd-jwt.disclosures.name-clash";
const SD_ALG: &str = "sd-jwt.sd-alg";

/// A payload with these digests at the top.
fn top(digests: &[&Concealed]) -> Value {
    let digests: Vec<&str> = digests.iter().map(|concealed| concealed.digest.as_str()).collect();
    json!({"vct": "urn:test", "_sd": digests})
}

fn with(mut payload: Value, name: &str, value: Value) -> Value {
    payload[name] = value;
    payload
}

// Clauses: SDJ-9.2-01, SDJ-7.1-09, SDJ-7.1-11
#[test]
fn s01_altered_disclosure() {
    let name = member("name", &json!("Erika"));
    let text = forge(&top(&[&name]), &[&name]);
    assert_eq!(accepted(&text, &EXPECTED)["name"], "Erika");

    let start = text.find('~').unwrap() + 1;
    for at in start..text.len() - 1 {
        for bit in 0..7 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(altered) = String::from_utf8(bytes) else { continue };
            assert!(!check(&altered, &EXPECTED).1.ok(), "byte {at}, bit {bit}");
        }
    }
    for other in [json!("Eva"), json!(null), json!(["Erika"])] {
        let other = member("name", &other);
        refused(&forge(&top(&[&name]), &[&other]), &EXPECTED, REFERENCED);
    }
}

// Clauses: SDJ-4.1-01, SDJ-9.1-01, SDJ-9.1-02, SDJ-9.1-03, SDJ-7.1-02, SDJ-4.1-02
#[test]
fn issuer_signature_counts() {
    let payload = json!({"vct": "urn:test"}).to_string();
    refused(&join(&sign(&stranger(), MEDIA_TYPE, &payload), &[]), &EXPECTED, "sd-jwt.signature");
    for alg in ["none", "None", "HS256", "ES256KR", ""] {
        let header = json!({"alg": alg, "typ": MEDIA_TYPE}).to_string();
        refused(&join(&sign_under(&issuer(), &header, &payload), &[]), &EXPECTED, "sd-jwt.alg");
    }
    let others = Expected { algorithms: &[Algorithm::Es384], ..EXPECTED };
    refused(&forge(&json!({"vct": "urn:test"}), &[]), &others, "sd-jwt.alg");
    let altered = forge(&json!({"vct": "urn:test"}), &[]).replacen('.', ".e30.", 1);
    refused(&altered, &EXPECTED, "sd-jwt.parse");
    let header = json!({"alg": "ES256", "typ": MEDIA_TYPE, "crit": ["exp"]}).to_string();
    refused(&join(&sign_under(&issuer(), &header, &payload), &[]), &EXPECTED, "sd-jwt.parse");
}

// Clauses: SDJ-7.1-09, SDJ-9.2-01, SDJ-4-07
#[test]
fn s02_foreign_disclosure() {
    let name = member("name", &json!("Erika"));
    let foreign: Vec<Concealed> =
        (0..3).map(|number| member(&format!("foreign {number}"), &json!(number))).collect();
    for count in 1..=3 {
        let all: Vec<&Concealed> = [&name].into_iter().chain(&foreign[..count]).collect();
        refused(&forge(&top(&[&name]), &all), &EXPECTED, REFERENCED);
    }
    // Its digest is there, but as a claim's value and not where digests are.
    let payload = with(top(&[&name]), "note", json!({"sd": [foreign[0].digest]}));
    refused(&forge(&payload, &[&name, &foreign[0]]), &EXPECTED, REFERENCED);
    // Its digest is in a disclosure that was not sent (SDJ-4.2.6-01).
    let parent = member("parent", &json!({"_sd": [foreign[0].digest]}));
    refused(&forge(&top(&[&parent]), &[&foreign[0]]), &EXPECTED, REFERENCED);
    accepted(&forge(&top(&[&parent]), &[&foreign[0], &parent]), &EXPECTED);
}

// Clauses: SDJ-4.1-10, SDJ-7.1-08
#[test]
fn s03_same_digest_twice() {
    let name = member("name", &json!("Erika"));
    let one = element(&json!("one"));
    let twice = [
        top(&[&name, &name]),
        with(top(&[&name]), "inner", json!({"_sd": [name.digest]})),
        json!({"vct": "urn:test", "list": [{"...": one.digest}, {"...": one.digest}]}),
        json!({"vct": "urn:test", "_sd": [one.digest], "list": [{"...": one.digest}]}),
        json!({"vct": "urn:test", "a": {"_sd": [name.digest]}, "b": [{"c": {"_sd": [name.digest]}}]}),
    ];
    for payload in &twice {
        // Whether or not it is disclosed.
        refused(&forge(payload, &[]), &EXPECTED, UNIQUE);
    }
    refused(&forge(&twice[0], &[&name]), &EXPECTED, UNIQUE);
    refused(&forge(&twice[1], &[&name]), &EXPECTED, UNIQUE);
    refused(&forge(&twice[2], &[&one]), &EXPECTED, UNIQUE);

    // Once in the payload, once in a disclosure's value.
    let parent = member("parent", &json!({"_sd": [name.digest]}));
    refused(&forge(&top(&[&name, &parent]), &[&name, &parent]), &EXPECTED, UNIQUE);
    refused(&forge(&top(&[&name, &parent]), &[&parent]), &EXPECTED, UNIQUE);
}

// Clauses: SDJ-4-07, SDJ-7.1-08
#[test]
fn s03_same_disclosure_twice() {
    let name = member("name", &json!("Erika"));
    refused(&forge(&top(&[&name]), &[&name, &name]), &EXPECTED, UNIQUE);
}

// Clauses: SDJ-7.1-06, SDJ-4.2.1-05
#[test]
fn s04_claim_name_is_there_already() {
    let one = conceal_text(r#"["salt 1","name","Erika"]"#);
    let other = conceal_text(r#"["salt 2","name","Eva"]"#);
    refused(&forge(&top(&[&one, &other]), &[&one, &other]), &EXPECTED, CLASH);
    accepted(&forge(&top(&[&one, &other]), &[&other]), &EXPECTED);

    for (name, value) in [
        ("exp", json!(4_000_000_000_u64)),
        ("cnf", json!({"jwk": {}})),
        ("vct", json!("urn:other")),
        ("iss", json!("https://other.example")),
        ("given_name", json!("Eva")),
    ] {
        let overwrites = member(name, &value);
        let plain = match name {
            "vct" => top(&[&overwrites]),
            "exp" => with(top(&[&overwrites]), name, json!(1)),
            "cnf" => with(top(&[&overwrites]), name, json!({"kid": "1"})),
            _ => with(top(&[&overwrites]), name, json!("plain")),
        };
        refused(&forge(&plain, &[&overwrites]), &EXPECTED, CLASH);
    }

    // The same name at different levels is no clash.
    let street = member("name", &json!("inner"));
    let payload = with(top(&[&one]), "inner", json!({"_sd": [street.digest]}));
    let claims = accepted(&forge(&payload, &[&one, &street]), &EXPECTED);
    assert_eq!(claims, json!({"vct": "urn:test", "inner": {"name": "inner"}, "name": "Erika"}));
}

// Clauses: SDJ-7.1-05, SDJ-4.2.1-05, SDJ-4.1-09, SDJ-4.1.1-01, SDJ-4.1.1-02
#[test]
fn s05_reserved_names() {
    for name in ["_sd", "...", "_sd_alg"] {
        for value in [json!("x"), json!([]), json!("sha-256")] {
            let reserved = member(name, &value);
            refused(&forge(&top(&[&reserved]), &[&reserved]), &EXPECTED, RESERVED);
            let nested = json!({"vct": "urn:test", "inner": {"_sd": [reserved.digest]}});
            refused(&forge(&nested, &[&reserved]), &EXPECTED, RESERVED);
        }
    }
    // In the value of a disclosure the digests are digests, and _sd_alg has no place.
    let nested = member("nested", &json!({"_sd_alg": "sha-256"}));
    refused(&forge(&top(&[&nested]), &[&nested]), &EXPECTED, STRUCTURE);
    let nested = member("nested", &json!({"...": "x"}));
    refused(&forge(&top(&[&nested]), &[&nested]), &EXPECTED, STRUCTURE);
}

// Clauses: SDJ-7.1-04, SDJ-7.1-07, SDJ-4.2.1-02, SDJ-4.2.2-01, SDJ-4.2.2-02
#[test]
fn s06_wrong_arity_or_types() {
    let in_object = [
        r#"["salt","value"]"#,
        r#"["salt"]"#,
        r#"["salt","name","value","more"]"#,
        r#"[1,"name","value"]"#,
        r#"[null,"name","value"]"#,
        r#"["salt",1,"value"]"#,
        r#"["salt",null,"value"]"#,
        r#"["salt",["name"],"value"]"#,
        r#"{"0":"salt","1":"name","2":"value"}"#,
        r#""salt""#,
        "[]",
        "null",
        r#"["salt","name","value"] "x""#,
        r#"["salt","name",{"a":1,"a":2}]"#,
        r#"["salt","name","value""#,
    ];
    for content in in_object {
        let wrong = conceal_text(content);
        refused(&forge(&top(&[&wrong]), &[&wrong]), &EXPECTED, FORM);
    }
    let in_array = [
        r#"["salt","name","value"]"#,
        r#"["salt"]"#,
        r#"[1,"value"]"#,
        r#"[["salt"],"value"]"#,
        r#"{"salt":"value"}"#,
        "7",
    ];
    for content in in_array {
        let wrong = conceal_text(content);
        let payload = json!({"vct": "urn:test", "list": [{"...": wrong.digest}]});
        refused(&forge(&payload, &[&wrong]), &EXPECTED, FORM);
    }
    for not_base64 in ["WyJ=", "WyJzYWx0IiwibmFtZSIsInZhbHVlIl0=", "a+/b", "\u{e4}", "W"] {
        let wrong = conceal_bytes(not_base64);
        refused(&forge(&top(&[&wrong]), &[&wrong]), &EXPECTED, FORM);
    }
    let not_utf8 = conceal_bytes(&b64::encode(b"[\"salt\",\"name\",\"\xff\"]"));
    refused(&forge(&top(&[&not_utf8]), &[&not_utf8]), &EXPECTED, FORM);
}

// Clauses: SDJ-4.1-09, SDJ-4.2.4.1-01, SDJ-4.2.4.1-02, SDJ-4.2.4.2-01, SDJ-4.2.4.2-02, SDJ-4.2.4.2-03
#[test]
fn s07_malformed_reserved_structures() {
    let one = element(&json!("one"));
    for payload in [
        json!({"_sd": "digest"}),
        json!({"_sd": {"0": "digest"}}),
        json!({"_sd": null}),
        json!({"_sd": ["digest", 1]}),
        json!({"_sd": [["digest"]]}),
        json!({"inner": {"_sd": true}}),
        json!({"list": [{"_sd": 1}]}),
        json!({"list": [{"...": one.digest, "x": 1}]}),
        json!({"list": [{"x": 1, "...": "digest"}]}),
        json!({"list": [{"...": 1}]}),
        json!({"list": [{"...": null}]}),
        json!({"list": [{"...": [one.digest]}]}),
        json!({"list": [[{"...": {}}]]}),
        json!({"...": "digest"}),
        json!({"inner": {"...": "digest"}}),
        json!({"list": [{"inner": {"...": "digest"}}]}),
    ] {
        let payload = with(payload, "vct", json!("urn:test"));
        refused(&forge(&payload, &[]), &EXPECTED, STRUCTURE);
    }
    // An element whose disclosed value is itself a placeholder.
    let chain = element(&json!({"...": one.digest}));
    let payload = json!({"vct": "urn:test", "list": [{"...": chain.digest}]});
    refused(&forge(&payload, &[&chain]), &EXPECTED, STRUCTURE);
    // Empty _sd, and an object that is left empty, are fine.
    let claims =
        accepted(&forge(&json!({"vct": "urn:test", "_sd": [], "a": {"_sd": ["x"]}}), &[]), &EXPECTED);
    assert_eq!(claims, json!({"vct": "urn:test", "a": {}}));
}

// Clauses: SDJ-7.1-03
#[test]
fn digests_without_disclosures_leave_no_trace() {
    let payload = json!({
        "vct": "urn:test", "_sd": ["a", "b"], "_sd_alg": "sha-256",
        "list": [1, {"...": "c"}, [{"...": "d"}], {"x": {"_sd": ["e"]}}],
    });
    let claims = accepted(&forge(&payload, &[]), &EXPECTED);
    assert_eq!(claims, json!({"vct": "urn:test", "list": [1, [], {"x": {}}]}));
}

// Clauses: SDJ-4.1.1-01, SDJ-4.1.1-02, SDJ-4.1.1-03, SDJ-4.1.1-04, SDJ-4.1.1-05, SDJ-9.4-01, SDJ-9.4-02, SDJ-9.4-03
#[test]
fn s08_weak_unknown_or_nested_hash() {
    let name = member("name", &json!("Erika"));
    for weak in
        ["md5", "sha-1", "sha-256-32", "sha-256-64", "sha-256-128", "SHA-256", "sha256", "", "sha3-256"]
    {
        refused(&forge(&with(top(&[&name]), "_sd_alg", json!(weak)), &[&name]), &EXPECTED, SD_ALG);
    }
    for wrong in [json!(null), json!(256), json!(["sha-256"])] {
        refused(&forge(&with(top(&[&name]), "_sd_alg", wrong), &[&name]), &EXPECTED, SD_ALG);
    }
    let nested = with(top(&[&name]), "inner", json!({"_sd_alg": "sha-256", "x": 1}));
    refused(&forge(&nested, &[&name]), &EXPECTED, STRUCTURE);
    let nested = with(top(&[&name]), "list", json!([{"_sd_alg": "sha-256"}]));
    refused(&forge(&nested, &[&name]), &EXPECTED, STRUCTURE);

    for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        let name = conceal_with(hash, &name.disclosure);
        let payload = with(top(&[&name]), "_sd_alg", json!(hash.name()));
        let text = forge(&payload, &[&name]);
        assert_eq!(accepted(&text, &EXPECTED), json!({"vct": "urn:test", "name": "Erika"}));
        // Policy may be narrower than what is known.
        let others: Vec<HashAlgorithm> =
            [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
                .into_iter()
                .filter(|other| *other != hash)
                .collect();
        refused(&text, &Expected { hashes: &others, ..EXPECTED }, SD_ALG);
    }
    // Digests of another function than the one that is named do not match.
    let sha512 = conceal_with(HashAlgorithm::Sha512, &name.disclosure);
    refused(&forge(&top(&[&sha512]), &[&sha512]), &EXPECTED, REFERENCED);
}

// Clauses: SDJ-7.1-10, SDJ-9.7-01, SDJ-9.7-05, SDVC-2.2.2.3-02
#[test]
fn s16_validity_claims_in_disclosures() {
    let past = NOW.as_secs() - 10_000;
    let expired = member("exp", &json!(past));
    let plain = Expected::plain(NOW);
    // The processed payload counts.
    refused(&forge(&top(&[&expired]), &[&expired]), &plain, "sd-jwt.exp");
    refused(&forge(&top(&[&expired]), &[&expired]), &EXPECTED, "sd-jwt-vc.registered-claims");
    // Withheld: nothing to see, unless it is required.
    let required = Expected { required_claims: &["exp"], ..EXPECTED };
    refused(&forge(&top(&[&expired]), &[]), &required, "sd-jwt.required-claims");
    let valid = with(json!({"vct": "urn:test"}), "exp", json!(NOW.as_secs() + 10_000));
    accepted(&forge(&valid, &[]), &required);
    let early = member("nbf", &json!(NOW.as_secs() + 10_000));
    refused(&forge(&top(&[&early]), &[&early]), &plain, "sd-jwt.nbf");

    for (name, value) in [
        ("exp", json!(NOW.as_secs() + 10_000)),
        ("nbf", json!(past)),
        ("iss", json!("https://issuer.example")),
        ("status", json!({"status_list": {"idx": 1, "uri": "https://issuer.example/1"}})),
        ("vct#integrity", json!("sha256-AAAA")),
        ("aka_vcts", json!(["urn:other"])),
        ("cnf", json!({"kid": "1"})),
    ] {
        let concealed = member(name, &value);
        refused(&forge(&top(&[&concealed]), &[&concealed]), &EXPECTED, "sd-jwt-vc.registered-claims");
    }
    let vct = member("vct", &json!("urn:test"));
    refused(&forge(&json!({"_sd": [vct.digest]}), &[&vct]), &EXPECTED, "sd-jwt-vc.registered-claims");
    refused(&forge(&json!({"_sd": [vct.digest]}), &[]), &EXPECTED, "sd-jwt-vc.vct");

    // Parts of them, disclosed or withheld.
    let uri = member("uri", &json!("https://issuer.example/1"));
    let payload =
        with(json!({"vct": "urn:test"}), "status", json!({"status_list": {"idx": 1, "_sd": [uri.digest]}}));
    refused(&forge(&payload, &[&uri]), &EXPECTED, "sd-jwt-vc.registered-claims");
    refused(&forge(&payload, &[]), &EXPECTED, "sd-jwt-vc.registered-claims");
    let other = element(&json!("urn:other"));
    let payload = with(json!({"vct": "urn:test"}), "aka_vcts", json!(["urn:third", {"...": other.digest}]));
    refused(&forge(&payload, &[]), &EXPECTED, "sd-jwt-vc.registered-claims");

    // What may be concealed.
    let (sub, iat) = (member("sub", &json!("1")), member("iat", &json!(past)));
    accepted(&forge(&top(&[&sub, &iat]), &[&sub, &iat]), &EXPECTED);
}

// Clauses: SDJ-4-01, SDJ-4-02, SDJ-4-03, SDJ-7.2-01
#[test]
fn s17_not_an_sd_jwt() {
    let name = member("name", &json!("Erika"));
    let text = forge(&top(&[&name]), &[&name]);
    let (jwt, _) = text.split_once('~').unwrap();
    let limits = SdJwtLimits::default();
    let error = |text: &str| SdJwt::parse(text, &limits).err();

    assert_eq!(error(jwt), Some(ParseError::NoSeparator));
    assert_eq!(error(""), Some(ParseError::NoSeparator));
    assert_eq!(error("~"), Some(ParseError::EmptyPart));
    assert_eq!(error(&format!("~{text}")), Some(ParseError::EmptyPart));
    assert_eq!(error(&format!("{jwt}~~")), Some(ParseError::EmptyPart));
    assert_eq!(error(&format!("{jwt}~~{}~", name.disclosure)), Some(ParseError::EmptyPart));
    assert_eq!(error(&format!("{text}~")), Some(ParseError::EmptyPart));
    assert!(matches!(error("a.b~"), Some(ParseError::Jws(_))));
    assert!(matches!(error(&format!("{jwt}.x~")), Some(ParseError::Jws(_))));
    assert!(matches!(error(&format!("{jwt}\n~")), Some(ParseError::Jws(_))));
    let no_object = join(&sign(&issuer(), MEDIA_TYPE, "[]"), &[]);
    assert_eq!(error(&no_object), Some(ParseError::Payload));
    let twice = join(&sign(&issuer(), MEDIA_TYPE, r#"{"vct":"urn:a","vct":"urn:b"}"#), &[]);
    assert_eq!(error(&twice), Some(ParseError::Payload));

    // Without the last ~, the last disclosure stands where a KB-JWT does.
    let cut = text.trim_end_matches('~');
    refused(cut, &EXPECTED, "sd-jwt.kb.present");
    refused(cut, &bound(EXPECTED), "sd-jwt.kb.parse");

    // What has a KB-JWT is not issued to a wallet, whatever the wallet expects.
    let bound_text = format!("{text}{jwt}");
    let mut report = Report::new("issued");
    let key = &credenza_crypto::Signer::public_jwk(&issuer()).key.clone();
    assert!(Held::accept(bound_text.clone(), &limits, key, &bound(EXPECTED), &mut report).is_none());
    failed(&report, "sd-jwt.kb.present");
    assert!(Held::restore(bound_text, &limits).is_err());
}

// Clauses: SDJ-4.2.3-01, SDJ-4.2.3-03, SDJ-4.2.3-04
#[test]
fn s20_the_received_bytes_are_hashed() {
    for content in [
        "[ \"salt\" ,\n\t\"name\", 1.0 ]",
        "[\"salt\",\"name\",1e2]",
        "[\"salt\",\"name\",\"\\u00fc\\/\\ud83d\\ude00\"]",
        "[\"salt\",\"name\",{\"b\":1,\"a\":[ ]}]",
        "  [\"\",\"name\",\"\u{fc}\"]  ",
    ] {
        let odd = conceal_text(content);
        let text = forge(&top(&[&odd]), &[&odd]);
        let value: Value = serde_json::from_str(content).unwrap();
        assert_eq!(accepted(&text, &EXPECTED)["name"], value[2], "{content}");
        // A holder passes them on as they came.
        let held = Held::restore(text.clone(), &SdJwtLimits::default()).unwrap();
        assert_eq!(held.present(&held.disclosable_paths()).as_str(), text);
        // The same content in other bytes belongs to no digest.
        let again = member("name", &value[2]);
        refused(&join(text.split('~').next().unwrap(), &[&again]), &EXPECTED, REFERENCED);
    }
    // A digest in hexadecimal, or with padding, is another digest.
    let name = member("name", &json!("Erika"));
    let padded = json!({"vct": "urn:test", "_sd": [format!("{}=", name.digest)]});
    refused(&forge(&padded, &[&name]), &EXPECTED, REFERENCED);
}

// Clauses: SDVC-2.2.1-01, SDVC-2.2.1-02, SDVC-2.1-01, SDJ-9.11-01
#[test]
fn s22_typ() {
    let payload = json!({"vct": "urn:test"}).to_string();
    let typed = |typ: &str| forge_as(typ, &payload, &[]);
    accepted(&typed("dc+sd-jwt"), &EXPECTED);
    accepted(&typed("application/dc+sd-jwt"), &EXPECTED);
    for typ in [EARLIER_MEDIA_TYPE, "JWT", "kb+jwt", "sd-jwt", "example+sd-jwt", "", "dc+sd-jwt "] {
        refused(&typed(typ), &EXPECTED, "sd-jwt.typ");
    }
    let untyped = sign_under(&issuer(), r#"{"alg":"ES256"}"#, &payload);
    refused(&join(&untyped, &[]), &EXPECTED, "sd-jwt.typ");

    let lenient = Expected { types: &[MEDIA_TYPE, EARLIER_MEDIA_TYPE], ..EXPECTED };
    accepted(&typed("vc+sd-jwt"), &lenient);
    accepted(&typed("dc+sd-jwt"), &lenient);
    refused(&typed("JWT"), &lenient, "sd-jwt.typ");
    accepted(&join(&untyped, &[]), &Expected::plain(NOW));
}

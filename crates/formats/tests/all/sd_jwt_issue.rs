//! Issuing: what comes out, and what is refused. Rows S05, S16, S19 and S27 of the attack catalogue.

use std::collections::HashSet;

use credenza_core::{ClaimsPath, Random, SeededRandom, SystemRandom, b64};
use credenza_crypto::{Algorithm, HashAlgorithm, IdentifiedBy, Jwk, Signer as _, SoftwareSigner};
use credenza_formats::sd_jwt::{
    self, Concealment, Decoys, Expected, Held, Issuance, IssueError, Profile, SdJwt, SdJwtLimits,
};
use serde_json::{Map, Value, json};

use crate::support::{NOW, accepted, check, holder, issuer, now, object, path, paths};

fn issue_as(
    profile: Profile,
    claims: &Value,
    concealment: &Concealment,
    random: &dyn Random,
) -> Result<String, IssueError> {
    let signer = issuer();
    let header = sd_jwt::header(&signer, IdentifiedBy::Nothing);
    let holder = Jwk::new(holder().public_jwk().key.clone());
    let claims = object(claims.clone());
    let issuance = Issuance { header: &header, claims: &claims, concealment, holder: Some(&holder), profile };
    now(sd_jwt::issue(&signer, &issuance, random))
}

fn issue(claims: &Value, concealment: &Concealment) -> Result<String, IssueError> {
    issue_as(Profile::Credential, claims, concealment, &SeededRandom::new(1))
}

fn payload(text: &str) -> Map<String, Value> {
    SdJwt::parse(text, &SdJwtLimits::default()).unwrap().dangerous_payload().clone()
}

fn contents(text: &str) -> Vec<Vec<Value>> {
    let parsed = SdJwt::parse(text, &SdJwtLimits::default()).unwrap();
    parsed
        .disclosures()
        .iter()
        .map(|disclosure| serde_json::from_slice(&b64::decode(disclosure).unwrap()).unwrap())
        .collect()
}

fn claims() -> Value {
    json!({
        "vct": "urn:test", "iss": "https://issuer.example", "iat": NOW.as_secs(), "exp": NOW.as_secs() + 1000,
        "name": "Erika \u{1f600} \"M\"", "age": 42, "nothing": null,
        "address": {"street": "Heidestra\u{df}e", "locality": "K\u{f6}ln", "geo": {"lat": 50.9375, "long": 6.9603}},
        "nationalities": ["DE", "FR", "GB"],
        "degrees": [{"type": "BSc", "year": 1}, {"type": "MSc", "year": 2}],
    })
}

// Clauses: SDJ-4-01, SDJ-4-02, SDJ-4.2.1-01, SDJ-4.2.2-01, SDJ-4.2.4.1-01, SDJ-4.2.4.2-01, SDJ-4.2.4.2-02,
// SDJ-4.2.4.2-03, SDJ-4.2.6-01, SDVC-2.2-01, SDVC-2.2.1-01, SDVC-2.2.1-02, SDJ-4.1-06, SDJ-4.1-07
#[test]
fn nested_array_and_recursive() {
    let hide = paths(&[
        r#"["name"]"#,
        r#"["address"]"#,
        r#"["address", "street"]"#,
        r#"["address", "geo", "lat"]"#,
        r#"["nationalities", null]"#,
        r#"["degrees", 1]"#,
        r#"["degrees", null, "type"]"#,
        r#"["not there"]"#,
    ]);
    let text = issue(&claims(), &Concealment::at(&hide)).unwrap();
    let payload = payload(&text);
    assert_eq!(payload["_sd"].as_array().unwrap().len(), 2);
    assert_eq!(payload["_sd_alg"], "sha-256");
    assert!(!payload.contains_key("address") && !payload.contains_key("name"));
    assert!(payload["nationalities"].as_array().unwrap().iter().all(|item| item["..."].is_string()));
    assert_eq!(payload["degrees"][0]["year"], 1);
    assert!(payload["degrees"][0]["_sd"].is_array() && payload["degrees"][1]["..."].is_string());
    assert_eq!(payload["cnf"]["jwk"].as_object().unwrap().len(), 4);

    assert_eq!(contents(&text).len(), 4 + 3 + 1 + 2);
    let mut all = claims();
    all["cnf"] = payload["cnf"].clone();
    assert_eq!(accepted(&text, &Expected::credential(NOW)), all);

    let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    assert!(parsed.header().has_type("dc+sd-jwt"));
}

// Clauses: SDJ-4.1-12, SDVC-2.2.2.5-01, SDVC-2.2.2.5-02, SDVC-2.2.2.5-03, SDJ-4.2.4.1-03
#[test]
fn nothing_concealed_leaves_no_trace_of_sd_jwt() {
    let text = issue(&claims(), &Concealment::nothing()).unwrap();
    assert_eq!(text.matches('~').count(), 1);
    let payload = payload(&text);
    assert!(!payload.contains_key("_sd") && !payload.contains_key("_sd_alg"));
    // A path that matches nothing neither.
    let text = issue(&claims(), &Concealment::at(&paths(&[r#"["a", "b"]"#]))).unwrap();
    assert!(!text.contains("_sd"));
}

// Clauses: SDJ-4.1-03, SDJ-4.3.1-03
#[test]
fn another_hash_function_is_named_even_without_digests() {
    let text = issue(&claims(), &Concealment::nothing().with_hash(HashAlgorithm::Sha384)).unwrap();
    assert_eq!(payload(&text)["_sd_alg"], "sha-384");
}

#[test]
fn the_order_of_paths_does_not_matter() {
    let hide = [r#"["degrees", null]"#, r#"["degrees", 0, "type"]"#, r#"["degrees", null, "year"]"#];
    let places = |hide: &[&str]| {
        let text = issue(&claims(), &Concealment::at(&paths(hide))).unwrap();
        Held::restore(text, &SdJwtLimits::default()).unwrap().disclosable_paths()
    };
    let [one, two, three] = hide;
    let all: HashSet<ClaimsPath> = places(&hide).into_iter().collect();
    assert_eq!(all.len(), 2 + 1 + 2);
    for other in
        [[one, three, two], [two, one, three], [two, three, one], [three, one, two], [three, two, one]]
    {
        assert_eq!(places(&other).into_iter().collect::<HashSet<_>>(), all);
    }
}

// Clauses: SDJ-9.7-01, SDVC-2.2.2.3-02
#[test]
fn s16_validity_claims_are_not_concealed() {
    for name in ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "aud"] {
        let top = ClaimsPath::keys([name]).unwrap();
        let refused = |path: &ClaimsPath| issue(&claims(), &Concealment::at([path]));
        assert_eq!(refused(&top), Err(IssueError::NotConcealable(name)));
        let within = ClaimsPath::keys([name, "x"]).unwrap();
        assert_eq!(refused(&within), Err(IssueError::NotConcealable(name)));
    }
    for name in ["iss", "nbf", "exp", "cnf", "aud"] {
        let hide = Concealment::at(&[ClaimsPath::keys([name]).unwrap()]);
        let refused = issue_as(Profile::Plain, &claims(), &hide, &SeededRandom::new(1));
        assert_eq!(refused, Err(IssueError::NotConcealable(name)));
    }
    let text = issue(&claims(), &Concealment::everything_but(&["iat"])).unwrap();
    let payload = payload(&text);
    for name in ["vct", "iss", "iat", "exp", "cnf"] {
        assert!(payload.contains_key(name), "{name}");
    }
    assert_eq!(contents(&text).len(), 6);
}

#[test]
fn everything_and_more_below() {
    let below = paths(&[r#"["address", "street"]"#, r#"["degrees", null]"#]);
    let text = issue(&claims(), &Concealment::everything_but(&[]).and_at(&below)).unwrap();
    // iat, name, age, nothing, address, nationalities, degrees, and the street and two degrees.
    assert_eq!(contents(&text).len(), 7 + 3);
    let held = Held::restore(text, &SdJwtLimits::default()).unwrap();
    assert!(held.disclosable_paths().contains(&path(r#"["degrees", 1]"#)));
}

// Clauses: SDJ-4.1-09, SDJ-4.2.1-05, SDJ-4.1.1-02
#[test]
fn s05_reserved_names_are_not_issued() {
    for name in ["_sd", "...", "_sd_alg"] {
        for claims in [
            json!({"vct": "urn:test", name: "x"}),
            json!({"vct": "urn:test", "a": {name: "x"}}),
            json!({"vct": "urn:test", "a": [{"b": [{name: []}]}]}),
        ] {
            assert_eq!(issue(&claims, &Concealment::everything_but(&[])), Err(IssueError::ReservedName));
        }
    }
}

// Clauses: SDVC-2.2.2.1-01, SDVC-2.2.2.2-01, SDVC-2.2.2.2-03, SDVC-2.2.2.3-09
#[test]
fn registered_claims_have_their_types() {
    for (name, wrong) in [
        ("vct", json!(1)),
        ("vct", json!("")),
        ("iss", json!(1)),
        ("exp", json!("tomorrow")),
        ("nbf", json!(null)),
        ("iat", json!(-5)),
        ("aka_vcts", json!([])),
        ("aka_vcts", json!(["urn:test"])),
        ("status", json!("good")),
        ("vct#integrity", json!(1)),
        ("cnf", json!({"kid": "1"})),
    ] {
        let mut claims = claims();
        claims[name] = wrong;
        assert_eq!(issue(&claims, &Concealment::nothing()), Err(IssueError::Claim(name)));
    }
    let without = json!({"name": "x"});
    assert_eq!(issue(&without, &Concealment::nothing()), Err(IssueError::Claim("vct")));
    let plain = issue_as(Profile::Plain, &without, &Concealment::nothing(), &SeededRandom::new(1));
    assert!(plain.is_ok());
}

#[test]
fn shapes_and_depth() {
    for wrong in [r#"["name", "x"]"#, r#"["name", 0]"#, r#"["address", null]"#, r#"["nationalities", "x"]"#] {
        assert_eq!(issue(&claims(), &Concealment::at(&[path(wrong)])), Err(IssueError::Shape), "{wrong}");
    }
    let deep = |levels: usize| {
        let mut value = json!(1);
        for _ in 0..levels {
            value = json!([value]);
        }
        issue(&json!({"vct": "urn:test", "deep": value}), &Concealment::everything_but(&[]))
    };
    let text = deep(SdJwtLimits::DEPTH - 1).unwrap();
    accepted(&text, &Expected::credential(NOW));
    assert_eq!(deep(SdJwtLimits::DEPTH), Err(IssueError::Depth));
}

// Clauses: SDJ-4.2.1-03, SDJ-9.3-01, SDJ-9.3-02, SDJ-9.3-03, SDJ-9.3-04, SDJ-10.1-01
#[test]
fn s19_salts_are_fresh_and_long() {
    let mut salts = HashSet::new();
    let mut count = 0;
    let hide = Concealment::at(&paths(&[r#"["list", null]"#, r#"["list", null, "name"]"#, r#"["name"]"#]));
    let list: Vec<Value> = (0..100).map(|_| json!({"name": "x"})).collect();
    for _ in 0..50 {
        let claims = json!({"vct": "urn:test", "name": "x", "list": list});
        let text = issue_as(Profile::Credential, &claims, &hide, &SystemRandom).unwrap();
        for content in contents(&text) {
            let salt = b64::decode(content[0].as_str().unwrap()).unwrap();
            assert!(salt.len() * 8 >= 128);
            count += 1;
            salts.insert(salt);
        }
    }
    assert_eq!((count, salts.len()), (50 * 201, 50 * 201));
}

// Clauses: SDJ-4.2.4.1-04, SDJ-4.2.4.1-05
#[test]
fn s19_the_order_of_digests_says_nothing_about_the_order_of_claims() {
    let random = SeededRandom::new(9);
    let claims = json!({"vct": "urn:test", "a": 1, "b": 2});
    let mut first = 0;
    let rounds = 2000;
    for _ in 0..rounds {
        let text =
            issue_as(Profile::Credential, &claims, &Concealment::everything_but(&[]), &random).unwrap();
        let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
        let digest = b64::encode(HashAlgorithm::Sha256.hash(parsed.disclosures()[0].as_bytes()));
        first += u32::from(parsed.dangerous_payload()["_sd"][0] == digest.as_str());
    }
    assert!((900..1100).contains(&first), "{first} of {rounds}");
}

// Clauses: SDJ-4.1-05, SDJ-4.2.5-01, SDJ-4.2.5-02, SDJ-4.2.5-03, SDJ-4.2.5-04, SDJ-4.2.5-05, SDJ-10.4-01,
// SDJ-10.4-02
#[test]
fn s19_decoys() {
    let hide = paths(&[r#"["a"]"#, r#"["b"]"#, r#"["list", null]"#, r#"["inner", "c"]"#]);
    let with = |claims: Value, decoys: Decoys, hash: HashAlgorithm| {
        let text = issue(&claims, &Concealment::at(&hide).with_decoys(decoys).with_hash(hash)).unwrap();
        let mut report_claims = accepted(&text, &Expected::credential(NOW));
        report_claims.as_object_mut().unwrap().remove("cnf");
        // The order of members is none of JSON's business.
        assert_eq!(report_claims, claims);
        payload(&text)
    };
    let full = json!({"vct": "urn:test", "a": 1, "b": 2, "list": ["x", "y"], "inner": {"c": 3}});
    let less = json!({"vct": "urn:test", "b": 2, "list": ["x"], "inner": {}});
    for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        let padded = with(full.clone(), Decoys::PadTo(5), hash);
        let padded_less = with(less.clone(), Decoys::PadTo(5), hash);
        for payload in [&padded, &padded_less] {
            assert_eq!(payload["_sd"].as_array().unwrap().len(), 5);
            assert_eq!(payload["list"].as_array().unwrap().len(), 5);
            assert_eq!(payload["inner"]["_sd"].as_array().unwrap().len(), 5);
            let lengths: HashSet<usize> = payload["_sd"]
                .as_array()
                .unwrap()
                .iter()
                .chain(payload["inner"]["_sd"].as_array().unwrap())
                .map(|digest| digest.as_str().unwrap().len())
                .collect();
            assert_eq!(lengths.len(), 1, "a decoy looks like a digest");
        }
        let added = with(full.clone(), Decoys::Add(3), hash);
        assert_eq!(added["_sd"].as_array().unwrap().len(), 5);
        assert_eq!(added["list"].as_array().unwrap().len(), 5);
        assert_eq!(added["_sd_alg"], hash.name());
    }
}

#[test]
fn s19_decoys_stand_anywhere_in_an_array() {
    let random = SeededRandom::new(4);
    let hide = Concealment::at(&paths(&[r#"["list", null]"#])).with_decoys(Decoys::Add(1));
    let mut places = [0; 3];
    for _ in 0..600 {
        let claims = json!({"vct": "urn:test", "list": ["x", "y"]});
        let text = issue_as(Profile::Credential, &claims, &hide, &random).unwrap();
        let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
        let known: HashSet<String> = parsed
            .disclosures()
            .iter()
            .map(|disclosure| b64::encode(HashAlgorithm::Sha256.hash(disclosure.as_bytes())))
            .collect();
        let list = parsed.dangerous_payload()["list"].as_array().unwrap();
        places[list.iter().position(|item| !known.contains(item["..."].as_str().unwrap())).unwrap()] += 1;
    }
    assert!(places.iter().all(|count| (150..250).contains(count)), "{places:?}");
}

// Clauses: SDJ-10.1-01
#[test]
fn s27_a_batch_has_nothing_in_common_but_what_is_disclosed() {
    let random = SeededRandom::new(6);
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let hide = Concealment::everything_but(&["iat"]).with_decoys(Decoys::Add(2));
        let text = issue_as(Profile::Credential, &claims(), &hide, &random).unwrap();
        for digest in payload(&text)["_sd"].as_array().unwrap() {
            assert!(seen.insert(digest.clone()));
        }
    }
}

#[test]
fn every_signature_algorithm_issues() {
    for algorithm in
        [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::Es256K, Algorithm::EdDsa]
    {
        let signer = SoftwareSigner::generate(algorithm, &SeededRandom::new(1)).unwrap().with_kid("k");
        let header = sd_jwt::header(&signer, IdentifiedBy::Kid);
        let issuance = Issuance {
            header: &header,
            claims: &object(claims()),
            concealment: &Concealment::everything_but(&[]),
            holder: None,
            profile: Profile::Credential,
        };
        let text = now(sd_jwt::issue(&signer, &issuance, &SeededRandom::new(1))).unwrap();
        let expected = Expected { algorithms: &[algorithm], ..Expected::credential(NOW) };
        let key = &signer.public_jwk().key;
        let (verified, report) = crate::support::check_with(&text, key, &expected);
        assert!(verified.is_some(), "{report}");
        assert!(!check(&text, &expected).1.ok(), "another issuer's key");
    }
}

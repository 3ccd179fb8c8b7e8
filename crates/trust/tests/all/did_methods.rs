//! The DID methods, against published vectors and the catalogue's attacks.

use credenza_core::{Http, HttpError, RecordedHttp};
use credenza_crypto::{Jwk, PublicKey};
use credenza_trust::did::{
    Did, DidDocument, DidError, DidResolver, DidUrl, KeyDefect, Method, Relationship, jwk, key, web,
};
use http::{Method as Verb, Response};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use crate::at_once as answered;

fn vectors(name: &str) -> Map<String, Value> {
    let path = format!("{}/../../tests/vectors/did-key/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn resolve(did: &str) -> Result<DidDocument, DidError> {
    answered(DidResolver::offline().resolve(&Did::parse(did)?))
}

/// Every `publicKeyJwk` of a vector, at whatever depth, without its private sibling.
fn published_jwks(value: &Value, found: &mut Vec<Jwk>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("publicKeyJwk").map(|jwk| Jwk::from_value(jwk).unwrap()));
            members.values().for_each(|value| published_jwks(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| published_jwks(value, found)),
        _ => {}
    }
}

// Clauses: DID-KEY-01, DID-KEY-02, DID-KEY-03, DID-KEY-04, DID-KEY-05
#[test]
fn did_key_vectors() {
    let mut compared = 0;
    for name in ["ed25519-x25519", "nist-curves", "rsa", "secp256k1"] {
        for (did, vector) in vectors(name) {
            let document = resolve(&did).unwrap_or_else(|error| panic!("{did}: {error}"));
            let id = did.strip_prefix("did:key:").unwrap();
            let url = DidUrl::parse(&format!("{did}#{id}")).unwrap();
            for relationship in [Relationship::Authentication, Relationship::AssertionMethod] {
                document.key(&url, relationship).unwrap();
            }
            let own = document.key(&url, Relationship::Authentication).unwrap();
            assert_eq!(key::from_public_key(&own.key).unwrap().as_str(), did);

            let mut jwks = Vec::new();
            published_jwks(&vector, &mut jwks);
            // A derived key agreement key is another key.
            jwks.retain(|jwk| jwk.key.curve() == own.key.curve());
            assert!(jwks.iter().all(|jwk| jwk.key == own.key), "{did}");
            compared += jwks.len();
        }
    }
    assert!(compared >= 12, "{compared} keys were compared");
}

// Clauses: DID-KEY-01
#[test]
fn did_key_for_key_agreement_alone() {
    let vectors = vectors("x25519");
    let documents: Vec<_> = vectors["didDocument"].as_object().unwrap().iter().collect();
    assert!(!documents.is_empty());
    for (did, _) in documents {
        let document = resolve(did).unwrap();
        assert_eq!(document.keys(Relationship::KeyAgreement).count(), 1);
        for relationship in [Relationship::Authentication, Relationship::AssertionMethod] {
            assert_eq!(document.keys(relationship).count(), 0);
        }
    }
}

// Clauses: DID-KEY-02, DID-KEY-03, DID-KEY-05, DID-KEY-07
#[test]
fn w06_did_key_of_another_codec() {
    for (did, _) in vectors("bls12381") {
        if did.starts_with("did:key:") {
            assert!(matches!(resolve(&did), Err(DidError::Key(_))), "{did}");
        }
    }
    let base58 = |bytes: &[u8]| {
        // Through the one public way to write base58: an Ed25519 key's DID is `z`, two bytes and 32.
        let key = PublicKey::from_okp(credenza_crypto::Curve::Ed25519, bytes).unwrap();
        key::from_public_key(&key).unwrap().as_str().to_owned()
    };
    let good = base58(&[7; 32]);
    assert!(resolve(&good).is_ok());
    for bad in [
        "did:key:",
        "did:key:z",
        "did:key:z1",
        "did:key:f00ed01",
        "did:key:uAAAA",
        "did:key:1.1:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2do",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doKK",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2do0",
    ] {
        assert!(matches!(resolve(bad), Err(DidError::Syntax(_) | DidError::Key(_))), "{bad}");
    }
}

// Clauses: DID-KEY-08
#[test]
fn did_key_as_ebsi_writes_it() {
    let key = Jwk::from_value(&json!({
        "crv": "P-256", "kty": "EC",
        "x": "ngy44T1vxAT6Di4nr-UaM9K3Tlnz9pkoksDokKFkmNc",
        "y": "QCRfOKlSM31GTkb4JHx3nXB4G_jSPMsbdjzlkT_UpPc",
    }))
    .unwrap();
    let did = key::from_public_key_as_jwk(&key.key).unwrap();
    assert_eq!(
        did.as_str(),
        "did:key:z2dmzD81cgPx8Vki7JbuuMmFYrWPgYoytykUZ3eyqht1j9KbsEYvdrjxMjQ4tpnje9BDBTzuNDP3knn6qLZErzd4bJ5go2CChoPjd5GAH3zpFJP5fuwSk66U5Pq6EhF4nKnHzDnznEP8fX99nZGgwbAh1o7Gj1X52Tdhf7U4KTk66xsA5r"
    );
    let document = resolve(did.as_str()).unwrap();
    let url = did.with_fragment(did.id());
    assert_eq!(document.key(&url, Relationship::AssertionMethod).unwrap().key, key.key);
}

// Clauses: DID-JWK-01, DID-JWK-02, DID-JWK-03
#[test]
fn did_jwk_examples() {
    let p256 = "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9";
    let document = resolve(p256).unwrap();
    let url = DidUrl::parse(&format!("{p256}#0")).unwrap();
    for relationship in Relationship::ALL {
        let key = document.key(&url, relationship).unwrap();
        assert_eq!(key.to_value()["x"], "acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0");
    }
    let value = document.to_value();
    assert_eq!(value["id"], p256);
    assert_eq!(value["verificationMethod"][0]["type"], "JsonWebKey2020");
    assert_eq!(value["authentication"][0], format!("{p256}#0"));

    let x25519 = "did:jwk:eyJrdHkiOiJPS1AiLCJjcnYiOiJYMjU1MTkiLCJ1c2UiOiJlbmMiLCJ4IjoiM3A3YmZYdDl3YlRUVzJIQzdPUTFOei1EUThoYmVHZE5yZngtRkctSUswOCJ9";
    let document = resolve(x25519).unwrap();
    assert_eq!(document.methods[0].relationships, [Relationship::KeyAgreement]);

    let named = DidUrl::parse(&format!("{p256}#key-1")).unwrap();
    assert_eq!(resolve(p256).unwrap().key(&named, Relationship::Authentication), Err(DidError::NotFound));
}

// Clauses: DID-JWK-03, DID-JWK-04
#[test]
fn w06_did_jwk_with_a_private_key() {
    let of = |jwk: Value| format!("did:jwk:{}", credenza_core::b64::encode(jwk.to_string()));
    let mut jwk = json!({
        "kty": "EC", "crv": "P-256", "kid": "#0",
        "x": "acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0",
        "y": "_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE",
        "use": "sig",
    });
    let document = resolve(&of(jwk.clone())).unwrap();
    assert!(!document.methods[0].relationships.contains(&Relationship::KeyAgreement));
    assert!(document.methods[0].relationships.contains(&Relationship::AssertionMethod));
    let parsed = Jwk::from_value(&jwk).unwrap();
    let own = jwk::from_jwk(&parsed).unwrap();
    assert_eq!(resolve(own.as_str()).unwrap().methods[0].key.as_ref().unwrap().key, parsed.key);

    jwk["d"] = "AAAA".into();
    let private = DidError::Key(KeyDefect::Jwk(credenza_crypto::JwkError::Private));
    assert_eq!(resolve(&of(jwk)).unwrap_err(), private);
    assert_eq!(resolve(&of(json!({"kty": "oct", "k": "AAAA"}))).unwrap_err(), private);
    for bad in ["did:jwk:e30=", "did:jwk:e30", "did:jwk:bm8", "did:jwk:%65"] {
        assert!(resolve(bad).is_err(), "{bad}");
    }
    let twice = credenza_core::b64::encode(r#"{"kty":"EC","kty":"OKP"}"#);
    assert!(matches!(resolve(&format!("did:jwk:{twice}")), Err(DidError::Syntax(_))));
}

// Clauses: DID-WEB-01, DID-WEB-02
#[test]
fn did_web_locations() {
    for (did, url) in [
        ("did:web:w3c-ccg.github.io", "https://w3c-ccg.github.io/.well-known/did.json"),
        ("did:web:w3c-ccg.github.io:user:alice", "https://w3c-ccg.github.io/user/alice/did.json"),
        ("did:web:example.com%3A3000", "https://example.com:3000/.well-known/did.json"),
        ("did:web:example.com%3a3000:user:alice", "https://example.com:3000/user/alice/did.json"),
        ("did:web:localhost%3A8080:issuer", "http://localhost:8080/issuer/did.json"),
        ("did:web:example.com:a%20b", "https://example.com/a%20b/did.json"),
    ] {
        assert_eq!(web::location(&Did::parse(did).unwrap()).unwrap().as_str(), url);
    }
}

// Clauses: DID-WEB-01
#[test]
fn w06_did_web_to_where_it_should_not() {
    for did in [
        "did:web:127.0.0.1",
        "did:web:2130706433",
        "did:web:0x7f.1",
        "did:web:10.1",
        "did:web:%5B%3A%3A1%5D",
        "did:web:169.254.169.254",
        "did:web:example.com%3A",
        "did:web:example.com%3A0",
        "did:web:example.com%3A080",
        "did:web:example.com%3A99999",
        "did:web:example.com%3A80%3A80",
        "did:web:example.com%2Fevil",
        "did:web:user%40example.com",
        "did:web:example.com%40evil.example",
        "did:web:example.com%23",
        "did:web:%65xample.com",
        "did:web:example.com.",
        "did:web:example..com",
        "did:web:-example.com",
        "did:web:exa_mple.com",
        "did:web:example.com::a",
        "did:web:example.com:..:a",
        "did:web:example.com:.",
        "did:web:example.com:%2e%2e:a",
        "did:web:example.com:%2E.:a",
        "did:web:example.com:a%2Fb",
        "did:web:example.com:a%5Cb",
        "did:web:example.com:a%00",
        "did:web:example.com:a%252e",
    ] {
        let location = Did::parse(did).and_then(|did| web::location(&did));
        assert!(matches!(location, Err(DidError::Syntax(_))), "{did}: {location:?}");
    }
    let key = Did::parse("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK").unwrap();
    assert_eq!(web::location(&key).unwrap_err(), DidError::Method);
}

const WEB: &str = "did:web:example.com";
const WEB_URL: &str = "https://example.com/.well-known/did.json";

/// The document of the method's specification.
fn document() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"],
        "id": WEB,
        "verificationMethod": [
            {
                "id": "did:web:example.com#key-0", "type": "JsonWebKey2020", "controller": WEB,
                "publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": "0-e2i2_Ua1S5HbTYnVB0lj2Z2ytXu2-tYmDFf8f5NjU"},
            },
            {
                "id": "did:web:example.com#key-1", "type": "JsonWebKey2020", "controller": WEB,
                "publicKeyJwk": {"kty": "OKP", "crv": "X25519", "x": "9GXjPGGvmRq9F6Ng5dQQ_s31mfhxrcNZxRGONrmH30k"},
            },
            {
                "id": "did:web:example.com#key-2", "type": "JsonWebKey2020", "controller": WEB,
                "publicKeyJwk": {
                    "kty": "EC", "crv": "P-256",
                    "x": "38M1FDts7Oea7urmseiugGW7tWc3mLpJh6rKe7xINZ8", "y": "nDQW6XZ7b_u2Sy9slofYLlG03sOEoug3I0aAPQ0exs4",
                },
            },
        ],
        "authentication": ["did:web:example.com#key-0", "#key-2"],
        "assertionMethod": ["did:web:example.com#key-0", "did:web:other.example#key-2"],
        "keyAgreement": ["did:web:example.com#key-1", "did:web:example.com#key-2"],
    })
}

fn serving(body: &impl ToString) -> Arc<RecordedHttp> {
    let response = Response::new(body.to_string().into_bytes());
    Arc::new(RecordedHttp::new().on(Verb::GET, WEB_URL, response))
}

fn parse(document: &Value) -> Result<DidDocument, DidError> {
    DidDocument::parse(document.to_string().as_bytes(), &Did::parse(WEB).unwrap())
}

// Clauses: DID-WEB-02, DID-I-5.3-01, DID-V-5.3-01, DID-V-5.2-01
#[test]
fn did_web_keys_by_name_and_relationship() {
    let http = serving(&document());
    let resolver = DidResolver::new(http.clone());
    let key = |url: &str, relationship| {
        answered(resolver.resolve_key(url, relationship)).map(|key| key.jwk.key.curve().unwrap().name())
    };
    use Relationship::{AssertionMethod, Authentication, KeyAgreement};
    assert_eq!(key("did:web:example.com#key-0", AssertionMethod), Ok("Ed25519"));
    assert_eq!(key("did:web:example.com#key-2", Authentication), Ok("P-256"));
    assert_eq!(key("did:web:example.com#key-1", KeyAgreement), Ok("X25519"));
    let wrong = |relationship: Relationship| Err(DidError::Relationship(relationship.name()));
    assert_eq!(key("did:web:example.com#key-2", AssertionMethod), wrong(AssertionMethod));
    assert_eq!(key("did:web:example.com#key-1", Authentication), wrong(Authentication));
    assert_eq!(key("did:web:example.com#key-9", Authentication), Err(DidError::NotFound));
    for url in [
        "did:web:example.com",
        "did:web:example.com#",
        "did:web:example.com?a=b#key-0",
        "did:web:example.com/a#key-0",
    ] {
        assert!(matches!(key(url, Authentication), Err(DidError::Syntax(_))), "{url}");
    }
    let requests = http.requests();
    assert_eq!(requests.len(), 6, "one fetch for each key");
    assert!(requests[0].headers()["accept"].to_str().unwrap().contains("application/did+json"));
}

// Clauses: DID-WEB-04, DID-WEB-05, DID-I-5.1.1-01
#[test]
fn w06_did_web_answers_that_are_no_document() {
    let did = Did::parse(WEB).unwrap();
    let resolve = |http: Arc<dyn Http>| answered(DidResolver::new(http).resolve(&did)).unwrap_err();
    let mut other = document();
    other["id"] = "did:web:EXAMPLE.com".into();
    assert_eq!(resolve(serving(&other)), DidError::Document("its id is another one"));
    assert!(matches!(resolve(serving(&"[]")), DidError::Document(_)));
    assert!(matches!(
        resolve(serving(&r#"{"id":"did:web:example.com","id":"did:web:example.com"}"#)),
        DidError::Document(_)
    ));
    let large = "x".repeat(64 * 1024 + 1);
    assert_eq!(resolve(serving(&large)), DidError::Unavailable(HttpError::TooLarge(64 * 1024)));
    let status =
        |code: u16| Response::builder().status(code).body(document().to_string().into_bytes()).unwrap();
    for code in [201, 203, 204, 404, 410, 500] {
        let http = RecordedHttp::new().on(Verb::GET, WEB_URL, status(code));
        assert_eq!(resolve(Arc::new(http)), DidError::Status(code));
    }
    let http = RecordedHttp::new().on(Verb::GET, WEB_URL, status(302));
    assert_eq!(resolve(Arc::new(http)), DidError::Unavailable(HttpError::Redirected));
    assert!(matches!(resolve(Arc::new(RecordedHttp::new())), DidError::Unavailable(_)));
}

// Clauses: DID-V-ALLOW-01
#[test]
fn methods_that_are_not_allowed() {
    let http = serving(&document());
    let web = Did::parse(WEB).unwrap();
    let narrow = DidResolver::new(http.clone()).allow(&[Method::Jwk]);
    assert_eq!(answered(narrow.resolve(&web)).unwrap_err(), DidError::Method);
    assert_eq!(answered(DidResolver::offline().resolve(&web)).unwrap_err(), DidError::Method);
    for did in ["did:webs:example.com", "did:WEB:example.com", "did:ion:abc"] {
        let resolved = Did::parse(did).and_then(|did| answered(DidResolver::new(http.clone()).resolve(&did)));
        assert!(resolved.is_err(), "{did}");
    }
    assert!(http.requests().is_empty());
}

// Clauses: DID-I-5.2-01, DID-I-5.2.1-01
#[test]
fn documents_with_broken_keys() {
    let url = DidUrl::parse("did:web:example.com#key-0").unwrap();
    let key = |document: &Value| {
        parse(document).and_then(|document| document.key(&url, Relationship::AssertionMethod).cloned())
    };
    assert!(key(&document()).is_ok());

    let mut private = document();
    private["verificationMethod"][0]["publicKeyJwk"]["d"] = "AAAA".into();
    assert!(matches!(key(&private), Err(DidError::Key(KeyDefect::Jwk(_)))));

    let mut both = document();
    both["verificationMethod"][0]["publicKeyMultibase"] =
        "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK".into();
    assert_eq!(key(&both), Err(DidError::Key(KeyDefect::Form)));
    both["verificationMethod"][0].as_object_mut().unwrap().remove("publicKeyJwk");
    assert!(key(&both).is_ok());

    // A kind of key that nobody here knows leaves the others alone.
    let mut unknown = document();
    unknown["verificationMethod"][1] = json!({
        "id": "did:web:example.com#key-1", "type": "EcdsaSecp256k1RecoveryMethod2020", "controller": WEB,
        "blockchainAccountId": "eip155:1:0x89a932207c485f85226d86f7cd486a89a24fcc12",
    });
    assert!(key(&unknown).is_ok());

    let mut same = document();
    same["verificationMethod"][1]["id"] = "#key-0".into();
    assert_eq!(key(&same), Err(DidError::Document("two verification methods of one name")));
    for member in ["id", "type", "controller"] {
        let mut without = document();
        without["verificationMethod"][0].as_object_mut().unwrap().remove(member);
        assert!(matches!(key(&without), Err(DidError::Document(_))), "{member}");
    }
    let mut many = document();
    many["verificationMethod"] = vec![json!({}); 65].into();
    assert!(matches!(key(&many), Err(DidError::Document(_))));
    let mut many = document();
    many["assertionMethod"] = vec![json!("#key-0"); 65].into();
    assert!(matches!(key(&many), Err(DidError::Document(_))));
    let mut no_list = document();
    no_list["assertionMethod"] = "#key-0".into();
    assert!(matches!(key(&no_list), Err(DidError::Document(_))));
}

/// What is embedded in a relationship is good for that one alone.
#[test]
fn a_key_that_is_embedded() {
    let mut embedded = document();
    let mut method = embedded["verificationMethod"][0].clone();
    method["id"] = "#own".into();
    embedded["capabilityInvocation"] = json!([method]);
    let document = parse(&embedded).unwrap();
    let url = DidUrl::parse("did:web:example.com#own").unwrap();
    assert!(document.key(&url, Relationship::CapabilityInvocation).is_ok());
    assert!(matches!(document.key(&url, Relationship::AssertionMethod), Err(DidError::Relationship(_))));
}

#[test]
fn what_is_published_can_be_read() {
    let own = parse(&document()).unwrap();
    let key = own.methods[0].key.clone().unwrap();
    let published = DidDocument::publish(
        Did::parse(WEB).unwrap(),
        vec![("signing", key.clone(), vec![Relationship::AssertionMethod])],
    );
    let read = parse(&published.to_value()).unwrap();
    let url = DidUrl::parse("did:web:example.com#signing").unwrap();
    assert_eq!(read.key(&url, Relationship::AssertionMethod).unwrap().key, key.key);
    assert!(read.key(&url, Relationship::Authentication).is_err());
}

// Clauses: DID-A-3.1-01
#[test]
fn what_is_no_did() {
    for text in [
        "",
        "did",
        "did:",
        "did:key",
        "did:key:",
        "did::x",
        "DID:key:x",
        "did:Key:x",
        "did:k-y:x",
        "did:web:a:",
        "did:web:a b",
        "did:web:ü",
        "did:web:a%2",
        "did:web:a%zz",
        "did:web:a/b",
        "did:web:a#b",
        "did:web:a?b",
        " did:web:a",
        "did:web:a\n",
    ] {
        assert!(matches!(Did::parse(text), Err(DidError::Syntax(_))), "{text:?}");
    }
    assert!(Did::parse(&format!("did:web:{}", "a".repeat(4096))).is_err());
    for text in ["did:web:a#b#c", "did:web:a#ü", "did:web:a/<", "did:web:a?%", "#a", "https://a.example#b"] {
        assert!(matches!(DidUrl::parse(text), Err(DidError::Syntax(_))), "{text:?}");
    }
    let url = DidUrl::parse("did:web:a:b/c?d=e#f/g?").unwrap();
    assert_eq!((url.did.as_str(), url.fragment.as_deref()), ("did:web:a:b", Some("f/g?")));
    assert_eq!(url.to_string(), "did:web:a:b/c?d=e#f/g?");
    assert_eq!(format!("{url:?}"), "DidUrl(Did(did:web:…))");
}

proptest! {
    #[test]
    fn nothing_panics(text in "(did:(key|jwk|web):)?(z|[ -~])*", bytes: Vec<u8>) {
        let _ = DidUrl::parse(&text);
        if let Ok(did) = Did::parse(&text) {
            prop_assert_eq!(did.as_str(), text.as_str());
            prop_assert_eq!(format!("did:{}:{}", did.method(), did.id()), text);
            let _ = answered(DidResolver::offline().resolve(&did));
            let _ = web::location(&did);
        }
        let _ = DidDocument::parse(&bytes, &Did::parse("did:web:a").unwrap());
    }

    #[test]
    fn did_key_of_any_bytes(text in "z[1-9A-HJ-NP-Za-km-z]{0,120}") {
        let did = format!("did:key:{text}");
        if let Ok(document) = resolve(&did) {
            let key = &document.methods[0].key.as_ref().unwrap().key;
            let again = [key::from_public_key(key), key::from_public_key_as_jwk(key)];
            prop_assert!(again.into_iter().flatten().any(|again| again.as_str() == did));
        }
    }

    #[test]
    fn did_web_stays_on_its_host(host in "[a-z][a-z0-9.%A-F-]{0,20}", path in "(:[!-~]{1,12}){0,3}") {
        if let Ok(did) = Did::parse(&format!("did:web:{host}{path}"))
            && let Ok(url) = web::location(&did)
        {
            let name = host.split('%').next().unwrap();
            prop_assert_eq!(url.host_str().unwrap(), name.to_ascii_lowercase());
            prop_assert!(url.path().ends_with("/did.json") && !url.path().contains(".."));
            prop_assert!(url.query().is_none() && url.fragment().is_none() && url.username().is_empty());
        }
    }
}

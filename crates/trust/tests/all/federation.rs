//! A federation that is made up here: an anchor, two intermediates, a verifier; and what breaks it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use credenza_core::{FnHttp, HttpError, SeededRandom};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Jwk, JwkSet, SoftwareSigner, jws};
use credenza_trust::contract::{ask, check};
use credenza_trust::federation::{
    Federation, FederationError, FederationKeys, GivenStatement, MAX_FETCHES, ResolvedEntity,
};
use credenza_trust::{Distrust, KeyMaterial, Purpose};
use http::Response;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{NOW, at_once};

const ANCHOR: &str = "https://anchor.example";
const UPPER: &str = "https://upper.example";
const LOWER: &str = "https://lower.example/tenant";
const LEAF: &str = "https://verifier.example";
const HOUR: Duration = Duration::from_secs(3600);

fn signer(name: &str) -> SoftwareSigner {
    let seed = name.bytes().fold(7, |seed, byte| seed * 31 % 1_000_003 + u64::from(byte));
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap().with_kid(name)
}

fn jwks(names: &[&str]) -> Value {
    let keys: Vec<Value> = names
        .iter()
        .map(|name| Jwk { kid: Some((*name).to_owned()), ..Jwk::new(signer(name).public_key()) }.to_value())
        .collect();
    json!({ "keys": keys })
}

fn signed(by: &str, claims: &Value) -> String {
    let signer = signer(by);
    let header = Header::signing(&signer, "entity-statement+jwt", IdentifiedBy::Kid);
    at_once(jws::sign(&signer, &header, claims.to_string().as_bytes())).unwrap()
}

/// Statements by URL: claims, and who signs. Entities sign with the keys of their names.
#[derive(Clone)]
struct World {
    statements: HashMap<String, (String, Value)>,
    fetches: Arc<AtomicUsize>,
}

fn configuration_url(entity: &str) -> String {
    format!("{entity}/.well-known/openid-federation")
}

fn subordinate_url(superior: &str, subject: &str) -> String {
    let subject: String = url::form_urlencoded::byte_serialize(subject.as_bytes()).collect();
    format!("{superior}/fetch?sub={subject}")
}

impl World {
    fn new() -> Self {
        let mut world = Self { statements: HashMap::new(), fetches: Arc::default() };
        world.entity(ANCHOR, &[]);
        world.entity(UPPER, &[ANCHOR]);
        world.entity(LOWER, &[UPPER]);
        world.entity(LEAF, &[LOWER]);
        world.configuration(LEAF)["metadata"] = json!({"openid_credential_verifier": {
            "jwks": jwks(&["signing"]),
            "client_name": "Verifier",
            "response_types": ["vp_token", "code"],
        }});
        world
    }

    fn entity(&mut self, entity: &str, superiors: &[&str]) {
        let times = |claims: Value| {
            let mut claims = claims;
            claims["iat"] = NOW.as_secs().into();
            claims["exp"] = (NOW + HOUR).as_secs().into();
            claims
        };
        let endpoint = format!("{entity}/fetch");
        let mut own = times(json!({
            "iss": entity, "sub": entity, "jwks": jwks(&[entity]),
            "metadata": {"federation_entity": {"federation_fetch_endpoint": endpoint}},
        }));
        if !superiors.is_empty() {
            own["authority_hints"] = json!(superiors);
        }
        self.statements.insert(configuration_url(entity), (entity.to_owned(), own));
        for superior in superiors {
            let about = times(json!({"iss": superior, "sub": entity, "jwks": jwks(&[entity])}));
            self.statements.insert(subordinate_url(superior, entity), ((*superior).to_owned(), about));
        }
    }

    fn configuration(&mut self, entity: &str) -> &mut Value {
        &mut self.statements.get_mut(&configuration_url(entity)).unwrap().1
    }

    fn about(&mut self, superior: &str, subject: &str) -> &mut Value {
        &mut self.statements.get_mut(&subordinate_url(superior, subject)).unwrap().1
    }

    fn federation(&self) -> Federation {
        let (statements, fetches) = (self.statements.clone(), Arc::clone(&self.fetches));
        let http = FnHttp::new(move |request: http::Request<Vec<u8>>, _| {
            fetches.fetch_add(1, Ordering::Relaxed);
            match statements.get(&request.uri().to_string()) {
                Some((by, claims)) => Ok(Response::new(signed(by, claims).into_bytes())),
                None => Err(HttpError::Unreachable("nobody there".to_owned())),
            }
        });
        Federation::new(Arc::new(http)).anchor(ANCHOR, JwkSet::from_value(&jwks(&[ANCHOR])).unwrap())
    }

    fn resolve(&self) -> Result<ResolvedEntity, FederationError> {
        at_once(self.federation().resolve(LEAF, NOW))
    }

    /// What comes of it when the claims of the lower intermediate about the verifier are others.
    fn with(member: &str, value: Value) -> Result<ResolvedEntity, FederationError> {
        let mut world = Self::new();
        world.about(LOWER, LEAF)[member] = value;
        world.resolve()
    }
}

fn verifier(resolved: &ResolvedEntity) -> &Value {
    &resolved.metadata["openid_credential_verifier"]
}

#[test]
fn a_chain_that_holds() {
    let world = World::new();
    let resolved = world.resolve().unwrap();
    assert_eq!((resolved.entity.as_str(), resolved.trust_anchor.as_str()), (LEAF, ANCHOR));
    assert_eq!(resolved.intermediates, [LOWER, UPPER]);
    assert_eq!(resolved.expires_at, NOW + HOUR);
    assert_eq!(verifier(&resolved)["client_name"], "Verifier");
    assert_eq!(world.fetches.load(Ordering::Relaxed), 7, "four configurations, three statements");
}

#[test]
fn a_chain_that_is_at_hand() {
    let world = World::new();
    let said = |url: &str| {
        let (by, claims) = &world.statements[url];
        signed(by, claims)
    };
    let own = said(&configuration_url(LEAF));
    let lower = said(&subordinate_url(LOWER, LEAF));
    let upper = said(&subordinate_url(UPPER, LOWER));
    let anchor = said(&subordinate_url(ANCHOR, UPPER));
    let top = said(&configuration_url(ANCHOR));
    let federation = world.federation();
    let resolve = |chain: &[&str]| federation.resolve_given(chain, NOW);
    for chain in [vec![&*own, &*lower, &*upper, &*anchor, &*top], vec![&*own, &*lower, &*upper, &*anchor]] {
        let resolved = resolve(&chain).unwrap();
        assert_eq!((resolved.entity.as_str(), resolved.trust_anchor.as_str()), (LEAF, ANCHOR));
        assert_eq!(resolved.intermediates, [LOWER, UPPER]);
        assert_eq!(verifier(&resolved)["client_name"], "Verifier");
    }
    assert_eq!(world.fetches.load(Ordering::Relaxed), 0);
    assert_eq!(resolve(&[]).unwrap_err(), FederationError::NoChain);
    assert_eq!(resolve(&[&own]).unwrap_err(), FederationError::NoChain);
    assert_eq!(resolve(&[&own, &lower]).unwrap_err(), FederationError::NoChain);
    for broken in [
        vec![&*lower, &*upper, &*anchor],
        vec![&*own, &*upper, &*anchor],
        vec![&*own, &*upper, &*lower, &*anchor],
        vec![&*own, &*lower, &*upper, &*anchor, &*own],
        vec![&*own, &*top, &*lower, &*upper, &*anchor],
    ] {
        assert!(matches!(resolve(&broken), Err(FederationError::Statement(_))), "{broken:?}");
    }
    // Somebody else has signed a statement in the middle.
    let forged = signed(LEAF, &world.statements[&subordinate_url(UPPER, LOWER)].1);
    assert!(resolve(&[&own, &lower, &forged, &anchor]).is_err());
    let later = NOW + HOUR + HOUR;
    assert_eq!(federation.resolve_given(&[&own, &lower], later).unwrap_err(), FederationError::Time);
    let long = vec![own.as_str(); 9];
    assert_eq!(resolve(&long).unwrap_err(), FederationError::NoChain);
}

#[test]
fn a_statement_by_itself() {
    let world = World::new();
    let (by, claims) = &world.statements[&configuration_url(LEAF)];
    let own = GivenStatement::parse(&signed(by, claims), NOW).unwrap();
    assert!(own.is_own() && own.verify_by(own.keys()).is_ok());
    let (by, claims) = &world.statements[&subordinate_url(LOWER, LEAF)];
    let about = GivenStatement::parse(&signed(by, claims), NOW).unwrap();
    assert_eq!((about.issuer(), about.subject(), about.is_own()), (LOWER, LEAF, false));
    assert!(about.verify_by(about.keys()).is_err(), "it is its superior's");
    assert!(GivenStatement::parse(&signed(by, claims), NOW + HOUR + HOUR).is_err());
}

#[test]
fn keeps_the_promises_of_the_port() {
    let world = World::new();
    let trust = FederationKeys::new(world.federation(), &[Purpose::Verifier]);
    let material = KeyMaterial { issuer: Some(LEAF), kid: Some("signing"), ..KeyMaterial::default() };
    check(&trust, &material, &[Purpose::Verifier], NOW);
    let trusted = ask(&trust, &material, Purpose::Verifier, NOW).unwrap();
    assert_eq!(trusted.key, signer("signing").public_key());
    assert!(trusted.how.contains(ANCHOR), "{}", trusted.how);

    let fetches = world.fetches.load(Ordering::Relaxed);
    let other = KeyMaterial { kid: Some("other"), ..material };
    assert_eq!(ask(&trust, &other, Purpose::Verifier, NOW).unwrap_err(), Distrust::Unknown);
    let chain = [vec![1]];
    let with_chain = KeyMaterial { x5c: Some(&chain), ..material };
    assert!(ask(&trust, &with_chain, Purpose::Verifier, NOW).is_err());
    assert_eq!(world.fetches.load(Ordering::Relaxed), fetches, "what is known is not fetched again");
    assert!(matches!(
        ask(&trust, &material, Purpose::Verifier, NOW + HOUR * 2),
        Err(Distrust::Federation(FederationError::Time))
    ));

    // Everybody can be asked for; an entity without the right type of metadata is nobody.
    let trust = FederationKeys::new(world.federation(), &[Purpose::WalletProvider]);
    assert_eq!(ask(&trust, &material, Purpose::WalletProvider, NOW).unwrap_err(), Distrust::Unknown);
}

#[test]
fn signatures_that_do_not_chain() {
    // The anchor's keys are known by other means, whatever it says itself.
    let mut world = World::new();
    world.configuration(ANCHOR)["jwks"] = jwks(&["evil"]);
    world.statements.get_mut(&configuration_url(ANCHOR)).unwrap().0 = "evil".to_owned();
    assert!(world.resolve().is_err());

    for url in [
        configuration_url(LEAF),
        configuration_url(LOWER),
        configuration_url(UPPER),
        subordinate_url(LOWER, LEAF),
        subordinate_url(UPPER, LOWER),
        subordinate_url(ANCHOR, UPPER),
    ] {
        let mut world = World::new();
        world.statements.get_mut(&url).unwrap().0 = "evil".to_owned();
        assert!(world.resolve().is_err(), "{url}");
    }
    // A key that the entity has, and its superior does not vouch for.
    for (superior, subject) in [(LOWER, LEAF), (UPPER, LOWER), (ANCHOR, UPPER)] {
        let mut world = World::new();
        world.about(superior, subject)["jwks"] = jwks(&["evil"]);
        assert!(world.resolve().is_err(), "{subject}");
    }
}

#[test]
fn statements_that_are_none() {
    for (member, value) in [
        ("iss", json!(UPPER)),
        ("sub", json!(LOWER)),
        ("iss", json!("http://lower.example/tenant")),
        ("exp", json!(NOW.as_secs() - 3600)),
        ("iat", json!(NOW.as_secs() + 3600)),
        ("jwks", Value::Null),
        ("crit", json!(["own"])),
        ("metadata_policy_crit", json!(["own"])),
        ("authority_hints", json!([UPPER])),
        ("metadata", json!({"openid_credential_verifier": {"client_name": null}})),
        ("metadata", json!({"openid_credential_verifier": []})),
    ] {
        assert!(World::with(member, value.clone()).is_err(), "{member}: {value}");
    }
    for (member, value) in [
        ("authority_hints", json!([])),
        ("metadata_policy", json!({})),
        ("constraints", json!({})),
        ("sub", json!("https://other.example")),
    ] {
        let mut world = World::new();
        world.configuration(LEAF)[member] = value.clone();
        assert!(world.resolve().is_err(), "{member}: {value}");
    }
    let mut orphan = World::new();
    orphan.configuration(LEAF).as_object_mut().unwrap().remove("authority_hints");
    assert_eq!(orphan.resolve().unwrap_err(), FederationError::NoChain);
}

#[test]
fn loops_and_crowds_end() {
    let mut world = World::new();
    world.configuration(UPPER)["authority_hints"] = json!([LOWER, LEAF, UPPER]);
    world.entity(LOWER, &[UPPER]);
    assert!(world.resolve().is_err());
    assert!(world.fetches.load(Ordering::Relaxed) <= MAX_FETCHES);

    let mut crowd = World::new();
    let names: Vec<String> = (0..40).map(|number| format!("https://s{number}.example")).collect();
    let hints: Vec<&str> = names.iter().map(String::as_str).collect();
    for name in &hints {
        crowd.entity(name, &hints);
    }
    for name in &hints {
        let about = crowd.statements[&subordinate_url(LOWER, LEAF)].1.clone();
        let mut about = about;
        about["iss"] = json!(name);
        crowd.statements.insert(subordinate_url(name, LEAF), ((*name).to_owned(), about));
    }
    crowd.configuration(LEAF)["authority_hints"] = json!(hints);
    assert_eq!(crowd.resolve().unwrap_err(), FederationError::TooManyFetches(MAX_FETCHES));
    assert_eq!(crowd.fetches.load(Ordering::Relaxed), MAX_FETCHES);
}

/// One way that does not hold leaves the other.
#[test]
fn the_second_superior() {
    let mut world = World::new();
    world.entity(UPPER, &[ANCHOR]);
    world.configuration(LEAF)["authority_hints"] = json!(["https://gone.example", LOWER]);
    assert!(world.resolve().is_ok());
}

#[test]
fn constraints_of_superiors() {
    let with = |superior: &str, subject: &str, constraints: Value| {
        let mut world = World::new();
        world.about(superior, subject)["constraints"] = constraints;
        world.resolve()
    };
    for (length, superior, subject, holds) in [
        (2, ANCHOR, UPPER, true),
        (1, ANCHOR, UPPER, false),
        (1, UPPER, LOWER, true),
        (0, UPPER, LOWER, false),
        (0, LOWER, LEAF, true),
    ] {
        let resolved = with(superior, subject, json!({"max_path_length": length}));
        assert_eq!(resolved.is_ok(), holds, "{superior}: {length}");
    }
    for (naming, holds) in [
        (json!({"permitted": [".example"]}), true),
        (json!({"permitted": ["verifier.example", "lower.example", "upper.example"]}), true),
        (json!({"permitted": ["verifier.example"]}), false),
        (json!({"permitted": [".verifier.example", "lower.example", "upper.example"]}), false),
        (json!({"permitted": []}), false),
        (json!({"excluded": ["VERIFIER.example"]}), false),
        (json!({"permitted": [".example"], "excluded": [".example"]}), false),
        (json!({"excluded": [".other.example"]}), true),
    ] {
        let resolved = with(ANCHOR, UPPER, json!({"naming_constraints": naming.clone()}));
        assert_eq!(resolved.is_ok(), holds, "{naming}");
    }
    let of_type =
        |types: Value| with(ANCHOR, UPPER, json!({"allowed_entity_types": types})).unwrap().metadata;
    assert!(of_type(json!(["openid_credential_verifier"])).contains_key("openid_credential_verifier"));
    assert!(!of_type(json!([])).contains_key("openid_credential_verifier"));
}

#[test]
fn the_next_superior_has_the_last_word_on_metadata() {
    let metadata =
        json!({"openid_credential_verifier": {"client_name": "Other"}, "openid_provider": {"a": 1}});
    let resolved = World::with("metadata", metadata).unwrap();
    assert_eq!(verifier(&resolved)["client_name"], "Other");
    assert!(!resolved.metadata.contains_key("openid_provider"), "it adds no role");
}

/// Policies on one parameter of the verifier, from the anchor and from the next superior.
fn policed(parameter: &str, from_above: Value, below: Value) -> Result<Value, FederationError> {
    let mut world = World::new();
    world.configuration(LEAF)["metadata"]["openid_credential_verifier"]["scope"] = json!("one two");
    let policy = |operators: Value| json!({"openid_credential_verifier": {parameter: operators}});
    world.about(ANCHOR, UPPER)["metadata_policy"] = policy(from_above);
    world.about(LOWER, LEAF)["metadata_policy"] = policy(below);
    world.resolve().map(|resolved| verifier(&resolved).get(parameter).cloned().unwrap_or_default())
}

#[test]
fn policy_operators() {
    let none = || json!({});
    for (parameter, above, below, value) in [
        ("client_name", json!({"value": "X"}), none(), json!("X")),
        ("client_name", json!({"value": null}), none(), Value::Null),
        ("client_name", json!({"default": "X"}), none(), json!("Verifier")),
        ("logo", json!({"default": "X"}), none(), json!("X")),
        (
            "client_name",
            json!({"one_of": ["Verifier", "X"]}),
            json!({"one_of": ["Verifier"]}),
            json!("Verifier"),
        ),
        (
            "response_types",
            json!({"add": ["a"]}),
            json!({"add": ["b", "code"]}),
            json!(["vp_token", "code", "a", "b"]),
        ),
        ("response_types", json!({"subset_of": ["vp_token", "a"]}), none(), json!(["vp_token"])),
        (
            "response_types",
            json!({"subset_of": ["code", "vp_token"]}),
            json!({"subset_of": ["code"]}),
            json!(["code"]),
        ),
        ("response_types", json!({"subset_of": ["a"]}), none(), json!([])),
        ("response_types", json!({"superset_of": ["code"]}), none(), json!(["vp_token", "code"])),
        ("scope", json!({"subset_of": ["two", "three"]}), none(), json!("two")),
        ("scope", json!({"add": ["three"]}), none(), json!("one two three")),
        ("contacts", json!({"add": ["a"]}), json!({"essential": true}), json!(["a"])),
        ("logo", json!({"essential": false}), none(), Value::Null),
        ("client_name", json!({"own": 7}), none(), json!("Verifier")),
    ] {
        let resolved = policed(parameter, above.clone(), below.clone());
        assert_eq!(resolved, Ok(value), "{parameter}: {above} {below}");
    }
    for (parameter, above, below) in [
        ("client_name", json!({"value": "X"}), json!({"value": "Y"})),
        ("client_name", json!({"default": "X"}), json!({"default": "Y"})),
        ("client_name", json!({"one_of": ["X"]}), none()),
        ("client_name", json!({"one_of": ["Verifier"]}), json!({"one_of": ["X"]})),
        ("client_name", json!({"one_of": ["X"], "value": "Y"}), none()),
        ("client_name", json!({"one_of": ["Verifier"]}), json!({"value": "X"})),
        ("client_name", json!({"one_of": ["Verifier"], "subset_of": ["Verifier"]}), none()),
        ("client_name", json!({"value": null, "essential": true}), none()),
        ("client_name", json!({"value": null}), json!({"default": "X"})),
        ("client_name", json!({"add": ["X"]}), none()),
        ("response_types", json!({"superset_of": ["a"]}), none()),
        ("response_types", json!({"subset_of": ["a"]}), json!({"superset_of": ["b"]})),
        ("response_types", json!({"subset_of": ["a"]}), json!({"add": ["b"]})),
        ("response_types", json!({"value": ["a"]}), json!({"add": ["b"]})),
        ("response_types", json!({"value": ["a"], "subset_of": ["b"]}), none()),
        ("logo", json!({"essential": true}), json!({"essential": false})),
        ("client_name", json!({"essential": "yes"}), none()),
        ("client_name", json!({"one_of": "Verifier"}), none()),
        ("client_name", json!("X"), none()),
    ] {
        assert!(policed(parameter, above.clone(), below.clone()).is_err(), "{parameter}: {above} {below}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(identifier in "(https://)?[ -~]{0,40}", body: Vec<u8>) {
        let http = FnHttp::new(move |_, _| Ok(Response::new(body.clone())));
        let federation = Federation::new(Arc::new(http));
        prop_assert!(at_once(federation.resolve(&identifier, NOW)).is_err());
    }
}

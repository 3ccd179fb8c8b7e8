//! Retrieval: where from, what is refused, and what is remembered.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{AddressPolicy, FixedClock, HttpError, RecordedHttp};
use credenza_formats::type_metadata::{
    EffectiveType, InheritanceError, Integrity, IntegrityError, TypeError, TypeResolver, TypeResolverConfig,
};
use http::{Method, Response};
use serde_json::{Value, json};

use crate::support::{NOW, now, object};

const A: &str = "https://types.example/a";
const B: &str = "https://types.example/b";

struct World {
    http: Arc<RecordedHttp>,
    clock: Arc<FixedClock>,
    resolver: TypeResolver,
}

fn world() -> World {
    world_with(TypeResolverConfig::default())
}

fn world_with(config: TypeResolverConfig) -> World {
    let (http, clock) = (Arc::new(RecordedHttp::new()), Arc::new(FixedClock::at(NOW)));
    let resolver = TypeResolver::new(Arc::clone(&http) as _, Arc::clone(&clock) as _, config);
    World { http, clock, resolver }
}

fn answer(body: &Value, cache: Option<&str>) -> Response<Vec<u8>> {
    let mut response = Response::builder().header("content-type", "application/json; charset=utf-8");
    if let Some(cache) = cache {
        response = response.header("cache-control", cache);
    }
    response.body(body.to_string().into_bytes()).unwrap()
}

impl World {
    fn serves(self, url: &str, body: &Value) -> Self {
        self.http.add(Method::GET, url, Ok(answer(body, None)));
        self
    }

    fn responds(self, url: &str, response: Response<Vec<u8>>) -> Self {
        self.http.add(Method::GET, url, Ok(response));
        self
    }

    fn resolve(&self, vct: &str, integrity: Option<&str>) -> Result<EffectiveType, TypeError> {
        now(self.resolver.resolve(vct, integrity))
    }

    fn asked(&self) -> usize {
        self.http.requests().len()
    }
}

fn document(vct: &str) -> Value {
    json!({"vct": vct})
}

fn child(vct: &str, extends: &str) -> Value {
    json!({"vct": vct, "extends": extends})
}

fn integrity(document: &Value) -> String {
    Integrity::of(document.to_string().as_bytes()).to_string()
}

// Clauses: SDVC-4.3.1-01, SDVC-4.4-01, SDVC-4.4-02, SDVC-4.7-01
#[test]
fn a_type_and_what_it_extends() {
    let base = document(B);
    let own = json!({"vct": A, "extends": B, "extends#integrity": integrity(&base)});
    let world = world().serves(A, &own).serves(B, &base);
    let claims = object(json!({"vct": A, "vct#integrity": integrity(&own)}));
    let effective = now(world.resolver.of_credential(&claims)).unwrap();
    assert_eq!(effective.types(), [A, B]);
    let requests = world.http.requests();
    assert_eq!(requests[0].method(), Method::GET);
    assert_eq!(requests[0].headers()["accept"], "application/json");
    // A chain that breaks gives nothing, not even the part that was had.
    let broken = self::world().serves(A, &own);
    assert!(broken.resolve(A, None).is_err());
}

// Clauses: SDVC-4.3-01
#[test]
fn a_document_about_another_type() {
    assert_eq!(world().serves(A, &document(B)).resolve(A, None), Err(TypeError::OtherType));
    let world = world().serves(A, &child(A, B)).serves(B, &document(A));
    assert_eq!(world.resolve(A, None), Err(TypeError::OtherType));
    let cases = "https://types.example/A";
    assert_eq!(self::world().serves(A, &document(cases)).resolve(A, None), Err(TypeError::OtherType));
}

// Clauses: SDVC-4.3-02, SDVC-5-02, SDVC-5-03
#[test]
fn altered_documents_are_refused() {
    let world = world().serves(A, &document(A));
    assert_eq!(world.resolve(A, Some(&Integrity::of(b"{}").to_string())), Err(TypeError::Altered));
    assert_eq!(
        world.resolve(A, Some("md5-AAAA")),
        Err(TypeError::Integrity(IntegrityError::NoKnownFunction))
    );
    let claims = object(json!({"vct": A, "vct#integrity": 1}));
    assert_eq!(now(world.resolver.of_credential(&claims)), Err(TypeError::IntegrityType));
    assert_eq!(now(world.resolver.of_credential(&object(json!({})))), Err(TypeError::NoType));
    let extended = json!({"vct": A, "extends": B, "extends#integrity": Integrity::of(b"{}").to_string()});
    let world = self::world().serves(A, &extended).serves(B, &document(B));
    assert_eq!(world.resolve(A, None), Err(TypeError::Altered));
}

// Clauses: SDVC-6.3-01, SDVC-6.3-02
#[test]
fn circles_and_chains_without_end() {
    assert_eq!(
        world().serves(A, &child(A, A)).resolve(A, None),
        Err(TypeError::Inheritance(InheritanceError::Circular))
    );
    let world = world().serves(A, &child(A, B)).serves(B, &child(B, A));
    assert_eq!(world.resolve(A, None), Err(TypeError::Inheritance(InheritanceError::Circular)));
    assert_eq!(world.asked(), 2);
    let url = |number: usize| format!("https://types.example/{number}");
    let mut world = self::world();
    for number in 0..20 {
        world = world.serves(&url(number), &child(&url(number), &url(number + 1)));
    }
    assert_eq!(world.resolve(&url(0), None), Err(TypeError::ChainTooLong));
    assert_eq!(world.asked(), TypeResolverConfig::default().max_chain);
}

// Clauses: SDVC-6.1-01, SDVC-6.1-02, SDVC-6.1-03
#[test]
fn https_alone_and_within_limits() {
    for place in [
        "http://types.example/a",
        "urn:eudi:pid:1",
        "file:///etc/passwd",
        "data:application/json,{}",
        "https://user:secret@types.example/a",
        "nonsense",
        "",
    ] {
        let world = world();
        assert_eq!(world.resolve(place, None), Err(TypeError::NoPlace), "{place}");
        assert_eq!(world.asked(), 0, "{place}");
    }
    let local = "http://127.0.0.1:7777/a";
    let config = TypeResolverConfig { addresses: AddressPolicy::Loopback, ..Default::default() };
    assert!(world_with(config).serves(local, &document(local)).resolve(local, None).is_ok());
    let large = json!({"vct": A, "name": "a".repeat(300 * 1024)});
    let limits = TypeResolverConfig::default().limits;
    assert_eq!(
        world().serves(A, &large).resolve(A, None),
        Err(TypeError::Http(HttpError::TooLarge(limits.body)))
    );
    assert!(limits.time <= Duration::from_secs(10) && limits.redirects == 0);
}

// Clauses: SDVC-4.3.1-01, SDVC-4.3.1-02
#[test]
fn answers_that_are_none() {
    let with = |status: u16, media_type: &str, body: &str| {
        let response = Response::builder().status(status).header("content-type", media_type);
        world().responds(A, response.body(body.as_bytes().to_vec()).unwrap()).resolve(A, None)
    };
    let good = document(A).to_string();
    assert!(with(200, "application/json", &good).is_ok());
    assert_eq!(with(404, "application/json", &good), Err(TypeError::Status(404)));
    assert_eq!(with(201, "application/json", &good), Err(TypeError::Status(201)));
    assert_eq!(with(301, "application/json", &good), Err(TypeError::Http(HttpError::Redirected)));
    assert_eq!(with(200, "text/html", &good), Err(TypeError::ContentType));
    assert_eq!(with(200, "application/jsonx", &good), Err(TypeError::ContentType));
    assert!(matches!(with(200, "application/json", "[]"), Err(TypeError::Document(_))));
}

// Clauses: SDVC-4.3.4-01, SDVC-4.3.4-02, SDVC-4.3.4-03, SDVC-6.4-01
#[test]
fn what_is_remembered_and_for_how_long() {
    let asked_after = |cache: Option<&str>, integrity: Option<&str>, later: u64| {
        let world = world().responds(A, answer(&document(A), cache));
        world.resolve(A, integrity).unwrap();
        world.clock.advance(Duration::from_secs(later));
        world.resolve(A, integrity).unwrap();
        world.asked()
    };
    assert_eq!(asked_after(Some("max-age=60"), None, 59), 1);
    assert_eq!(asked_after(Some("max-age=60"), None, 60), 2);
    assert_eq!(asked_after(Some("public, MAX-AGE=60"), None, 59), 1);
    for not_kept in [None, Some("no-store"), Some("max-age=60, no-cache"), Some("max-age=x"), Some("public")]
    {
        assert_eq!(asked_after(not_kept, None, 0), 2, "{not_kept:?}");
    }
    // Not longer than we want, and without end when its hash is known.
    assert_eq!(asked_after(Some("max-age=99999999"), None, 24 * 3600), 2);
    let hash = integrity(&document(A));
    assert_eq!(asked_after(None, Some(&hash), 400 * 24 * 3600), 1);
    let old = Response::builder()
        .header("content-type", "application/json")
        .header("cache-control", "max-age=60")
        .header("age", "50");
    let world = world().responds(A, old.body(document(A).to_string().into_bytes()).unwrap());
    world.resolve(A, None).unwrap();
    world.clock.advance(Duration::from_secs(10));
    world.resolve(A, None).unwrap();
    assert_eq!(world.asked(), 2);
}

#[test]
fn failures_are_remembered_for_a_while() {
    let world = world();
    for _ in 0..3 {
        assert!(matches!(world.resolve(A, None), Err(TypeError::Http(HttpError::Unreachable(_)))));
    }
    assert_eq!(world.asked(), 1);
    world.clock.advance(Duration::from_secs(60));
    let world = world.serves(A, &document(A));
    assert!(world.resolve(A, None).is_ok());
}

// Clauses: SDVC-4.3.2-01, SDVC-4.3.2-02, SDVC-6.4-02, SDVC-7.4-01
#[test]
fn given_documents_are_preferred() {
    let given = [document("urn:eudi:pid:1"), child(A, "urn:eudi:pid:1")];
    let bytes = given.iter().map(|document| document.to_string().into_bytes());
    let world = world();
    let resolver = world.resolver.clone().with_documents(bytes).unwrap();
    assert_eq!(now(resolver.resolve(A, None)).unwrap().types(), [A, "urn:eudi:pid:1"]);
    assert_eq!(now(resolver.resolve(A, Some(&integrity(&given[0])))), Err(TypeError::Altered));
    assert_eq!(world.asked(), 0);
    assert!(world.resolver.with_documents([b"{}".to_vec()]).is_err());
}

#[test]
fn the_earlier_well_known_place_when_it_is_wanted() {
    let place = "https://types.example/.well-known/vct/a";
    let nowhere = || Response::builder().status(404).body(Vec::new()).unwrap();
    let world = world().responds(A, nowhere()).serves(place, &document(A));
    assert_eq!(world.resolve(A, None), Err(TypeError::Status(404)));
    let config = TypeResolverConfig { well_known: true, ..Default::default() };
    let world = world_with(config).responds(A, nowhere()).serves(place, &document(A));
    assert!(world.resolve(A, None).is_ok());
}

// Clauses: SDVC-5-03
#[test]
fn pictures_have_their_integrity() {
    let picture = "https://types.example/logo.png";
    let world = world().responds(picture, Response::new(b"png".to_vec()));
    let get = |integrity: Option<&str>| now(world.resolver.resource(picture, integrity));
    assert_eq!(get(None), Ok(b"png".to_vec()));
    assert_eq!(get(Some(&Integrity::of(b"png").to_string())), Ok(b"png".to_vec()));
    assert_eq!(get(Some(&Integrity::of(b"gif").to_string())), Err(TypeError::Altered));
    assert_eq!(now(world.resolver.resource("http://types.example/a", None)), Err(TypeError::NoPlace));
}

#[test]
fn no_more_documents_are_kept_than_may_be() {
    let config = TypeResolverConfig { max_documents: 2, ..Default::default() };
    let mut world = world_with(config);
    let url = |number: usize| format!("https://types.example/{number}");
    for number in 0..3 {
        world = world.responds(&url(number), answer(&document(&url(number)), Some("max-age=900")));
        world.resolve(&url(number), None).unwrap();
    }
    assert_eq!(world.asked(), 3);
    world.resolve(&url(2), None).unwrap();
    assert_eq!(world.asked(), 3);
    world.resolve(&url(0), None).unwrap();
    assert_eq!(world.asked(), 4);
}

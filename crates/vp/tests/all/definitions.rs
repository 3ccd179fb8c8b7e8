//! Presentation definitions in a wallet: matched as they are, also where DCQL could not say it; and mdocs in drafts.

use credenza_core::ClaimsPath;
use credenza_formats::mdoc::PID;
use credenza_query::Dcql;
use credenza_vp::dialects::{Dialect, Language};
use credenza_vp::verifier::{RequestedPrefix, Status};
use credenza_vp::wallet::{AnswerError, Choice, Holding, Matching, Refusal, WalletBuilder};
use credenza_vp::{Asked, PresentationRequest, ResponseMode};
use http::Response;
use serde_json::{Map, Value, json};

use crate::formats::pid;
use crate::request_kit::{by_value, refusal};
use crate::world::{VCT, WalletSide, World, holding, run, serve, world};

/// A link with this definition, unsigned, for draft 20.
fn asking(member: &str, definition: &Value) -> String {
    by_value(|claims| {
        let claims = claims.as_object_mut().unwrap();
        claims.remove("dcql_query");
        claims.insert("client_id".to_owned(), json!("https://verifier.example/response"));
        claims.insert("client_id_scheme".to_owned(), json!("redirect_uri"));
        claims.insert("client_metadata".to_owned(), json!({ "vp_formats": { "vc+sd-jwt": {} } }));
        claims.insert(member.to_owned(), definition.clone());
    })
}

/// A wallet, in front of a verifier that serves a definition and takes every answer.
fn wallet(world: &World, served: Option<Value>) -> WalletSide {
    let answer = move |request: &http::Request<Vec<u8>>| {
        let known = served.clone().filter(|_| request.uri().path() == "/definition");
        let body = known.map_or_else(|| b"{}".to_vec(), |definition| definition.to_string().into_bytes());
        Ok(Response::new(body))
    };
    world.wallet_over(answer, WalletBuilder::earlier_drafts)
}

fn descriptor(id: &str, group: &str, fields: &Value) -> Value {
    json!({ "id": id, "group": [group], "constraints": { "limit_disclosure": "required", "fields": fields } })
}

fn posted(side: &WalletSide) -> Map<String, Value> {
    let log = side.log.lock().unwrap();
    let request = log.iter().rfind(|request| request.method() == http::Method::POST).unwrap();
    let pairs = url::form_urlencoded::parse(request.body());
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect()
}

fn answer(
    world: &World,
    side: &WalletSide,
    asked: Asked,
    held: &[Holding],
    id: &str,
    paths: &[ClaimsPath],
) -> Result<(), AnswerError> {
    let choice = Choice {
        query_id: id,
        holding: &held[0],
        disclose: paths,
        signer: Some(&world.holder),
        device_key: None,
    };
    run(asked.answer(&side.wallet, &[choice])).map(|_| ())
}

/// Filters that name no values, which DCQL has not.
fn by_pattern() -> Value {
    json!({ "id": "d", "purpose": "to know where you live", "input_descriptors": [descriptor("who", "A", &json!([
        { "path": ["$.vct"], "filter": { "type": "string", "pattern": "^urn:eudi:" } },
        { "path": ["$.address.country"], "filter": { "type": "string", "minLength": 2, "maxLength": 2 } },
        { "path": ["$.given_name"], "optional": true },
    ]))] })
}

#[test]
fn what_dcql_can_not_say_is_answered() {
    let world = world();
    let side = wallet(&world, None);
    let asked = run(side.wallet.resolve(&asking("presentation_definition", &by_pattern()))).unwrap();
    assert_eq!(asked.query().purpose(), Some("to know where you live"));
    assert!(asked.query().dcql().is_none() && asked.query().definition().is_some());
    let held = world.held();
    {
        let matches = asked.matches(&held);
        assert!(matches!(matches.matching(), Matching::Definition(_)));
        let parts = matches.parts();
        assert!(parts[0].required && parts[0].fits[0].optional.len() == 1);
        let seen = matches.preview(&matches.proposals()[0]);
        assert!(seen.contains_key("address") && !seen.contains_key("given_name"));
    }
    world.agree(&side, asked, &held).unwrap();
    let form = posted(&side);
    let submission: Value = serde_json::from_str(form["presentation_submission"].as_str().unwrap()).unwrap();
    assert_eq!(submission["definition_id"], "d");
    let entry = json!({ "id": "who", "format": "vc+sd-jwt", "path": "$" });
    assert_eq!(submission["descriptor_map"], json!([entry]));
    assert!(form["vp_token"].as_str().unwrap().contains('~'));
}

#[test]
fn what_is_welcome_may_be_sent_and_nothing_else() {
    let world = world();
    let held = world.held();
    let path = |names: &[&str]| ClaimsPath::keys(names.iter().copied()).unwrap();
    let required = [path(&["address", "country"]), path(&["vct"])];
    let attempt = |paths: &[ClaimsPath], id: &str| {
        let side = wallet(&world, None);
        let asked = run(side.wallet.resolve(&asking("presentation_definition", &by_pattern()))).unwrap();
        answer(&world, &side, asked, &held, id, paths)
    };
    let with = |more: ClaimsPath| [required.as_slice(), &[more]].concat();
    attempt(&required, "who").unwrap();
    attempt(&with(path(&["given_name"])), "who").unwrap();
    for (paths, id) in [
        (with(path(&["family_name"])), "who"),
        (vec![required[0].clone()], "who"),
        (required.to_vec(), "somebody"),
    ] {
        assert!(matches!(attempt(&paths, id).unwrap_err(), AnswerError::Choice(_)), "{id} {paths:?}");
    }
}

#[test]
fn requirements_say_how_much_is_needed() {
    let world = world();
    let field = |name: &str| json!([{ "path": [format!("$.{name}")] }]);
    let definition = |rule: Value| {
        json!({ "id": "d", "submission_requirements": [rule], "input_descriptors": [
            descriptor("none", "A", &field("licence")),
            descriptor("name", "A", &field("given_name")),
            descriptor("family", "A", &field("family_name")),
        ] })
    };
    let side = wallet(&world, None);
    let held = world.held();
    let one = definition(json!({ "rule": "pick", "count": 1, "from": "A" }));
    let asked = run(side.wallet.resolve(&asking("presentation_definition", &one))).unwrap();
    let ids: Vec<_> = asked.matches(&held).proposals().iter().map(|it| it.id.to_owned()).collect();
    assert_eq!(ids, ["name"]);
    let two = [("name", "given_name"), ("family", "family_name")]
        .map(|(id, claim)| (id, [ClaimsPath::keys([claim]).unwrap()]));
    let choices: Vec<_> = two
        .iter()
        .map(|(query_id, disclose)| Choice {
            query_id,
            holding: &held[0],
            disclose,
            signer: Some(&world.holder),
            device_key: None,
        })
        .collect();
    let too_much = run(asked.answer(&side.wallet, &choices)).unwrap_err();
    assert!(matches!(too_much, AnswerError::Choice(_)), "one was to be picked");

    let all = definition(json!({ "rule": "all", "from": "A" }));
    let asked = run(side.wallet.resolve(&asking("presentation_definition", &all))).unwrap();
    let matches = asked.matches(&held);
    assert!(!matches.satisfiable() && matches.proposals().is_empty());
    let unmet: Vec<_> = matches.unmet().iter().map(ToString::to_string).collect();
    assert_eq!(unmet, ["requirement 1 can't be met: for 'none' the closest credential lacks field 1"]);
}

#[test]
fn predicates_are_derived_by_no_format() {
    let world = world();
    let side = wallet(&world, None);
    let held = world.held();
    let age = |predicate: &str| {
        json!({ "id": "d", "input_descriptors": [descriptor("age", "A", &json!([
            { "path": ["$.age_equal_or_over['18']"], "predicate": predicate, "filter": { "type": "boolean" } },
        ]))] })
    };
    for (predicate, met) in [("preferred", true), ("required", false)] {
        let asked = run(side.wallet.resolve(&asking("presentation_definition", &age(predicate)))).unwrap();
        assert_eq!(asked.matches(&held).satisfiable(), met, "{predicate}");
    }
    // Nor is there an answer by a credential that nobody can sign for.
    let unbound = [holding(world.issue(&World::claims()), false)];
    let asked = run(side.wallet.resolve(&asking("presentation_definition", &age("preferred")))).unwrap();
    assert!(!asked.matches(&unbound).satisfiable());
}

#[test]
fn a_definition_is_fetched_from_where_the_request_says() {
    let world = world();
    let uri = |text: &str| asking("presentation_definition_uri", &json!(text));
    let good = uri("https://verifier.example/definition");
    let side = wallet(&world, Some(by_pattern()));
    let asked = run(side.wallet.resolve(&good)).unwrap();
    world.agree(&side, asked, &world.held()).unwrap();
    let form = posted(&side);
    let submission: Value = serde_json::from_str(form["presentation_submission"].as_str().unwrap()).unwrap();
    assert_eq!(submission["definition_id"], "d");
    for (served, link) in [
        (Some(json!({ "id": "d" })), good.as_str()),
        (Some(json!([])), good.as_str()),
        (Some(by_pattern()), &uri("http://verifier.example/definition")),
        (Some(by_pattern()), &uri("https://127.0.0.1/definition")),
    ] {
        let refused = refusal(run(wallet(&world, served).wallet.resolve(link)));
        assert!(matches!(refused, Refusal::Request(_)), "{refused}");
    }
}

#[test]
fn mdocs_are_bound_as_drafts_have_it() {
    for dialect in [
        (Dialect::Draft20, Language::PresentationExchange),
        (Dialect::Draft23, Language::Dcql),
        (Dialect::Draft24, Language::PresentationExchange),
        (Dialect::Draft24, Language::Dcql),
    ] {
        let world = crate::formats::world();
        let query = Dcql::credential("id").mdoc(PID).claim([PID, "given_name"]).build().unwrap();
        let request = PresentationRequest {
            dialect: Some(dialect),
            prefix: Some(RequestedPrefix::X509SanDns),
            response_mode: ResponseMode::DirectPostJwt,
            ..PresentationRequest::new(query)
        };
        let created = world.create(request);
        let nonce = world.request_claims(&created)["nonce"].as_str().unwrap().to_owned();
        let side = world.wallet_with(WalletBuilder::earlier_drafts);
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        let held = [Holding::mdoc(pid(&world), true)];
        world.agree(&side, asked, &held).unwrap_or_else(|error| panic!("{dialect:?}: {error}"));
        assert_eq!(world.status(&created.id), Status::Verified, "{dialect:?}");
        // The nonce of the wallet, and that of the request, are in the header of the encryption.
        let form = posted(&side);
        let header = form["response"].as_str().unwrap().split('.').next().unwrap();
        let header: Value = serde_json::from_slice(&credenza_core::b64::decode(header).unwrap()).unwrap();
        assert_eq!(header["apv"], credenza_core::b64::encode(nonce));
        assert!(header["apu"].as_str().is_some_and(|apu| !apu.is_empty()));
    }
}

#[test]
fn dcql_as_text_is_answered_as_text() {
    let world = world();
    let request = PresentationRequest {
        dialect: Some((Dialect::Draft20, Language::Dcql)),
        prefix: Some(RequestedPrefix::X509SanDns),
        response_mode: ResponseMode::DirectPostJwt,
        ..PresentationRequest::new(crate::world::query())
    };
    let created = world.create(request);
    let claims = world.request_claims(&created);
    let query: Value = serde_json::from_str(claims["dcql_query"].as_str().unwrap()).unwrap();
    assert_eq!(query["credentials"][0]["format"], "vc+sd-jwt");
    assert_eq!(query["credentials"][0]["meta"]["vct_values"][0], VCT);
    let verifier = world.verifier.clone();
    let side = world.wallet_over(move |request| Ok(serve(&verifier, request)), WalletBuilder::earlier_drafts);
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    world.agree(&side, asked, &world.held()).unwrap();
    assert_eq!(world.status(&created.id), Status::Verified);
}

#[test]
fn an_unsigned_request_in_a_link() {
    let world = world();
    let side = world.wallet_with(WalletBuilder::earlier_drafts);
    let link = by_value(|claims| {
        let claims = claims.as_object_mut().unwrap();
        claims.remove("dcql_query");
        claims.insert("client_id".to_owned(), json!("https://verifier.example/response"));
        claims.insert("client_id_scheme".to_owned(), json!("redirect_uri"));
        claims.insert("client_metadata".to_owned(), json!({ "vp_formats": { "vc+sd-jwt": {} } }));
        let field = |path: &str| json!({ "path": [path] });
        claims.insert(
            "presentation_definition".to_owned(),
            json!({ "id": "d", "input_descriptors": [{
            "id": "a card", "constraints": { "limit_disclosure": "required", "fields": [
                { "path": ["$.vct"], "filter": { "type": "string", "pattern": "^urn:eudi:pid:1$" } },
                field("$.given_name"), field("$.address.country"),
            ] },
        }] }),
        );
    });
    let asked = run(side.wallet.resolve(&link)).unwrap();
    let held = world.held();
    let seen = {
        let matches = asked.matches(&held);
        matches.preview(&matches.proposals()[0])
    };
    assert!(seen.contains_key("given_name") && !seen.contains_key("family_name"));
    // Where the requested definition can't be met, the smallest part is said.
    let unmet = asked.matches(&[]).unmet().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(unmet, ["for 'a card' there is no credential of an accepted format"]);
}

//! OpenID4VP before 1.0: each draft in each way, and what is not translated.

use credenza_query::{Dcql, DcqlQuery};
use credenza_vp::dialects::{
    Definition, Descriptor, Dialect, DialectError, Language, Spoken, detect, from_wire, to_wire,
};
use credenza_vp::messages::{AuthorizationRequest, Presentation, VpToken};
use credenza_vp::verifier::{CreateError, RequestedPrefix, Status};
use credenza_vp::wallet::{Refusal, WalletBuilder};
use credenza_vp::{PresentationRequest, Profile, ResponseMode};
use serde_json::{Map, Value, json};

use crate::request_kit::refusal;
use crate::world::{World, query, run, serve, world};

const EVERY: [(Dialect, Language); 6] = [
    (Dialect::Draft18, Language::PresentationExchange),
    (Dialect::Draft20, Language::PresentationExchange),
    (Dialect::Draft23, Language::PresentationExchange),
    (Dialect::Draft23, Language::Dcql),
    (Dialect::Draft24, Language::PresentationExchange),
    (Dialect::Draft24, Language::Dcql),
];

fn asking(dialect: (Dialect, Language), mode: ResponseMode) -> PresentationRequest {
    // Draft 18 has no certificates.
    let prefix = match dialect.0 {
        Dialect::Draft18 => RequestedPrefix::RedirectUri,
        _ => RequestedPrefix::X509SanDns,
    };
    PresentationRequest {
        dialect: Some(dialect),
        prefix: Some(prefix),
        response_mode: mode,
        ..PresentationRequest::new(query())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "values are written where they are used")]
fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// The form that the wallet posted.
fn posted(log: &[http::Request<Vec<u8>>]) -> Map<String, Value> {
    let request = log.iter().rfind(|request| request.method() == http::Method::POST).unwrap();
    let pairs = url::form_urlencoded::parse(request.body());
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect()
}

// Checks: WVP-069, WVP-070
#[test]
fn each_draft_in_the_clear_and_encrypted() {
    for dialect in EVERY {
        for mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
            let world = world();
            let created = world.create(asking(dialect, mode));
            let side = world.wallet_with(WalletBuilder::earlier_drafts);
            let asked = run(side.wallet.resolve(&created.wallet_link))
                .unwrap_or_else(|error| panic!("{dialect:?} {mode:?}: {error}"));
            assert_eq!(asked.is_encrypted(), mode.is_encrypted());
            world.agree(&side, asked, &world.held()).unwrap_or_else(|e| panic!("{dialect:?} {mode:?}: {e}"));
            assert_eq!(world.status(&created.id), Status::Verified, "{dialect:?} {mode:?}");
            let result = run(world.verifier.result(&created.id, None)).unwrap();
            assert_eq!(result.presentations[0].query_id, "pid");
            if mode == ResponseMode::DirectPost {
                let form = posted(&side.log.lock().unwrap());
                let submitted = dialect.1 == Language::PresentationExchange;
                assert_eq!(form.contains_key("presentation_submission"), submitted, "{dialect:?}");
                let token = form["vp_token"].as_str().unwrap();
                // By itself, or one value under its id: never a list.
                assert_eq!(token.starts_with('{'), !submitted);
                assert!(submitted || serde_json::from_str::<Value>(token).unwrap()["pid"].is_string());
            }
        }
    }
}

#[test]
fn presentations_are_bound_to_the_identifier_of_the_draft() {
    let world = world();
    let created =
        world.create(asking((Dialect::Draft20, Language::PresentationExchange), ResponseMode::DirectPost));
    assert_eq!(created.client_id, "verifier.example");
    assert!(created.wallet_link.contains("client_id_scheme=x509_san_dns"));
    let claims = world.request_claims(&created);
    assert_eq!(claims["client_id"], "verifier.example");
    assert_eq!(claims["client_id_scheme"], "x509_san_dns");
    assert!(!claims.contains_key("dcql_query"));
    let nonce = claims["nonce"].as_str().unwrap();
    let definition = claims["presentation_definition"].clone();
    let descriptor = &definition["input_descriptors"][0];
    let answer = |audience: &str| {
        let presentation = world.bound(&[&["family_name"], &["age_equal_or_over", "18"]], nonce, audience);
        let submission = json!({ "id": "s", "definition_id": definition["id"], "descriptor_map": [
            { "id": descriptor["id"], "format": "vc+sd-jwt", "path": "$" }
        ] });
        let state = claims["state"].as_str().unwrap();
        world.post(
            &created.request_id,
            &[
                ("vp_token", &presentation),
                ("presentation_submission", &submission.to_string()),
                ("state", state),
            ],
        )
    };
    let refused = answer("x509_san_dns:verifier.example").unwrap_err();
    assert_eq!(refused.reason(), Some("sd-jwt.kb.aud"));
    answer("verifier.example").unwrap();
    assert_eq!(world.status(&created.id), Status::Verified);
}

#[test]
fn the_names_of_each_draft() {
    let world = world();
    let claims = |dialect| {
        let created = world.create(asking(dialect, ResponseMode::DirectPostJwt));
        world.request_claims(&created)
    };
    let old = claims((Dialect::Draft20, Language::PresentationExchange));
    let metadata = &old["client_metadata"];
    assert!(metadata["vp_formats"]["vc+sd-jwt"]["kb-jwt_alg_values"].is_array());
    assert!(metadata["vp_formats_supported"].is_null());
    assert_eq!(metadata["authorization_encrypted_response_alg"], "ECDH-ES");
    assert!(metadata["authorization_encrypted_response_enc"].is_string());
    assert!(metadata["encrypted_response_enc_values_supported"].is_null());
    assert!(old["presentation_definition"]["input_descriptors"][0]["format"]["vc+sd-jwt"].is_object());
    let new = claims((Dialect::Draft24, Language::Dcql));
    assert_eq!(new["client_id"], "x509_san_dns:verifier.example");
    assert!(new.get("client_id_scheme").is_none() && new["dcql_query"].is_object());
    assert!(new["client_metadata"]["vp_formats"]["dc+sd-jwt"].is_object());
    assert_eq!(detect(&old), Some(Dialect::Draft20));
    assert_eq!(detect(&new), Some(Dialect::Draft24));
    let current = world.create(PresentationRequest::new(query()));
    assert_eq!(detect(&world.request_claims(&current)), None);
}

#[test]
fn drafts_are_answered_only_where_that_was_said() {
    let world = world();
    let created =
        world.create(asking((Dialect::Draft24, Language::PresentationExchange), ResponseMode::DirectPost));
    let refused = |side: crate::world::WalletSide| refusal(run(side.wallet.resolve(&created.wallet_link)));
    assert_eq!(refused(world.wallet()), Refusal::Request("dcql_query is missing".to_owned()));
    let haip = world.wallet_with(|builder| builder.earlier_drafts().profile(Profile::Haip));
    refused(haip);
    // A request of 1.0 is read as one, whatever else is answered.
    let current = world.create(PresentationRequest::new(query()));
    let side = world.wallet_with(WalletBuilder::earlier_drafts);
    let asked = run(side.wallet.resolve(&current.wallet_link)).unwrap();
    world.agree(&side, asked, &world.held()).unwrap();
    assert_eq!(world.status(&current.id), Status::Verified);
}

#[test]
fn one_identifier_does_not_become_another() {
    // With a scheme that reads it otherwise, a name would get another's rights.
    for (client_id, scheme) in [
        ("x509_san_dns:verifier.example", json!("pre-registered")),
        ("x509_hash:abc", Value::Null),
        ("verifier.example", json!("x509_san_uri")),
        ("verifier.example", json!("did")),
        ("verifier.example", json!("x509_hash")),
    ] {
        let mut members = object(json!({ "client_id": client_id, "nonce": "n" }));
        if !scheme.is_null() {
            members.insert("client_id_scheme".to_owned(), scheme);
        }
        assert_eq!(from_wire(Dialect::Draft20, members).unwrap_err(), DialectError::ClientId, "{client_id}");
    }
    for (client_id, canonical) in [
        ("did:web:a.example", Some("decentralized_identifier:did:web:a.example")),
        ("https://a.example", Some("openid_federation:https://a.example")),
        ("redirect_uri:https://a.example/r", Some("redirect_uri:https://a.example/r")),
        ("a-name", Some("a-name")),
        ("x509_san_uri:https://a.example", None),
        ("web-origin:https://a.example", None),
        ("decentralized_identifier:did:web:a.example", None),
    ] {
        let read = from_wire(Dialect::Draft24, object(json!({ "client_id": client_id })));
        let read = read.ok().map(|received| received.request.client_id.unwrap());
        assert_eq!(read.as_deref(), canonical, "{client_id}");
    }
}

#[test]
fn the_request_object_speaks_for_the_client_of_the_link_alone() {
    let world = world();
    let created =
        world.create(asking((Dialect::Draft20, Language::PresentationExchange), ResponseMode::DirectPost));
    let verifier = world.verifier.clone();
    let side = world.wallet_over(move |request| Ok(serve(&verifier, request)), WalletBuilder::earlier_drafts);
    let link = created.wallet_link.replace("client_id=verifier.example", "client_id=other.example");
    assert_ne!(link, created.wallet_link);
    assert!(matches!(refusal(run(side.wallet.resolve(&link))), Refusal::ClientId(_)));
}

#[test]
fn what_is_not_translated_is_refused() {
    let definition = json!({ "id": "d", "input_descriptors": [{
        "id": "a", "format": { "vc+sd-jwt": { "sd-jwt_alg_values": ["ES256"] } },
        "constraints": { "fields": [{ "path": ["$.vct"], "filter": { "type": "string", "const": "v" } }] },
    }] });
    let request = |more: Value| {
        let mut members = object(json!({
            "client_id": "redirect_uri:https://a.example/r", "nonce": "n", "presentation_definition": definition,
        }));
        members.extend(object(more));
        members
    };
    assert!(from_wire(Dialect::Draft24, request(json!({}))).is_ok());
    // As text too, as verifiers before 1.0 like to send it.
    let text = request(json!({ "presentation_definition": definition.to_string() }));
    assert!(from_wire(Dialect::Draft24, text).is_ok());
    for (more, error) in [
        (
            json!({ "presentation_definition_uri": "https://a.example/d" }),
            DialectError::Malformed("the query, of which there are several,"),
        ),
        (
            json!({ "client_metadata": { "authorization_signed_response_alg": "ES256" } }),
            DialectError::SignedResponse,
        ),
        (
            json!({ "dcql_query": { "credentials": [] } }),
            DialectError::Malformed("the query, of which there are several,"),
        ),
        (json!({ "client_metadata": "no JSON" }), DialectError::Malformed("client_metadata")),
    ] {
        assert_eq!(from_wire(Dialect::Draft24, request(more)).unwrap_err(), error);
    }
    let with_constraints = |constraints: Value| {
        let mut changed = definition.clone();
        changed["input_descriptors"][0]["constraints"] = constraints;
        from_wire(Dialect::Draft24, request(json!({ "presentation_definition": changed }))).unwrap_err()
    };
    assert!(matches!(with_constraints(json!({})), DialectError::Definition(_)));
}

#[test]
fn a_verifier_asks_for_nothing_that_the_draft_has_not() {
    let world = world();
    let refused = |change: fn(&mut PresentationRequest)| {
        let mut request =
            asking((Dialect::Draft20, Language::PresentationExchange), ResponseMode::DirectPost);
        change(&mut request);
        run(world.verifier.create(request)).unwrap_err()
    };
    let absent = |error: CreateError| matches!(error, CreateError::Dialect(DialectError::Absent(_)));
    let mdoc = refused(|request| {
        request.query = Dcql::credential("id").mdoc("org.example.id").build().unwrap().into();
    });
    assert_eq!(mdoc, CreateError::Dialect(DialectError::Mdoc), "its nonce has a place in encryption alone");
    assert!(absent(refused(|request| {
        request.request_uri_method = credenza_vp::messages::RequestUriMethod::Post;
    })));
    assert!(absent(refused(|request| request.scope = Some("pid".to_owned()))));
    let prefix = refused(|request| request.prefix = Some(RequestedPrefix::X509Hash));
    assert_eq!(prefix, CreateError::Dialect(DialectError::ClientId));
    let several = DcqlQuery::parse(&json!({ "credentials": [
        { "id": "a", "format": "dc+sd-jwt", "meta": { "vct_values": ["v"] }, "multiple": true },
    ] }));
    let mut request = asking((Dialect::Draft24, Language::Dcql), ResponseMode::DirectPost);
    request.query = several.unwrap().into();
    assert!(absent(run(world.verifier.create(request)).unwrap_err()));
}

/// A request in the clear, and what posting this to it comes to.
fn answered(world: &World, change: impl FnOnce(&mut Value, &str)) -> Option<&'static str> {
    let created =
        world.create(asking((Dialect::Draft24, Language::PresentationExchange), ResponseMode::DirectPost));
    let claims = world.request_claims(&created);
    let text = |name: &str| claims[name].as_str().unwrap();
    let presentation =
        world.bound(&[&["family_name"], &["age_equal_or_over", "18"]], text("nonce"), text("client_id"));
    let definition = &claims["presentation_definition"];
    let mut parameters = json!({
        "vp_token": presentation,
        "presentation_submission": { "id": "s", "definition_id": definition["id"], "descriptor_map": [
            { "id": definition["input_descriptors"][0]["id"], "format": "dc+sd-jwt", "path": "$" }
        ] },
        "state": text("state"),
    });
    change(&mut parameters, &presentation);
    let string = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs: Vec<_> =
        object(parameters).iter().map(|(name, value)| (name.clone(), string(value))).collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match world.post(&created.request_id, &pairs) {
        Ok(_) => None,
        Err(error) => Some(error.reason().unwrap_or("not understood")),
    }
}

#[test]
fn submissions_that_do_not_fit() {
    let world = world();
    assert_eq!(answered(&world, |_, _| {}), None);
    let list = |parameters: &mut Value, presentation: &str| parameters["vp_token"] = json!([presentation]);
    // In a list of one, and named so.
    assert_eq!(
        answered(&world, |parameters, presentation| {
            list(parameters, presentation);
            parameters["presentation_submission"]["descriptor_map"][0]["path"] = json!("$[0]");
        }),
        None
    );
    let not_understood: [fn(&mut Value, &str); 8] = [
        |parameters, _| drop(parameters.as_object_mut().unwrap().remove("presentation_submission")),
        |parameters, _| parameters["presentation_submission"]["definition_id"] = json!("other"),
        |parameters, _| parameters["presentation_submission"]["descriptor_map"][0]["id"] = json!("other"),
        |parameters, _| {
            parameters["presentation_submission"]["descriptor_map"][0]["format"] = json!("mso_mdoc");
        },
        |parameters, _| parameters["presentation_submission"]["descriptor_map"][0]["path"] = json!("$[1]"),
        |parameters, _| parameters["presentation_submission"]["descriptor_map"] = json!([]),
        |parameters, presentation| parameters["vp_token"] = json!([presentation, presentation]),
        |parameters, _| {
            parameters["presentation_submission"]["descriptor_map"][0]["path_nested"] =
                json!({ "format": "dc+sd-jwt", "path": "$.verifiableCredential[1]" });
        },
    ];
    for change in not_understood {
        assert_eq!(answered(&world, change), Some("not understood"));
    }
    // The same answer twice, each named.
    let twice = answered(&world, |parameters, presentation| {
        parameters["vp_token"] = json!([presentation, presentation]);
        let mut first = parameters["presentation_submission"]["descriptor_map"][0].clone();
        first["path"] = json!("$[0]");
        let mut second = first.clone();
        second["path"] = json!("$[1]");
        parameters["presentation_submission"]["descriptor_map"] = json!([first, second]);
    });
    assert_eq!(twice, Some("dcql.multiple"));
}

#[test]
fn several_presentations_have_places() {
    let descriptor = |name: &str, format: &str| Descriptor {
        query_id: format!("q-{name}"),
        id: format!("d-{name}"),
        format: format.to_owned(),
    };
    let spoken = Spoken {
        as_text: false,
        dialect: Dialect::Draft20,
        client_id: "c".to_owned(),
        definition: Some(Definition {
            id: "d".to_owned(),
            descriptors: vec![descriptor("a", "dc+sd-jwt"), descriptor("b", "ldp_vc")],
        }),
    };
    let mut token = VpToken::new();
    token.add("q-a", Presentation::Text("sd~".to_owned()));
    token.add("q-b", Presentation::Object(object(json!({ "type": "VerifiablePresentation" }))));
    let parameters = spoken.presented(&token, "s").unwrap();
    let entries = &parameters["presentation_submission"]["descriptor_map"];
    assert_eq!(entries[0], json!({ "id": "d-a", "format": "vc+sd-jwt", "path": "$[0]" }));
    assert_eq!(entries[1]["format"], "ldp_vp");
    assert_eq!(entries[1]["path_nested"]["path"], "$.verifiableCredential[0]");
    let submission = parameters.get("presentation_submission");
    assert_eq!(spoken.presentations(&parameters["vp_token"], submission).unwrap(), token);
    token.add("q-c", Presentation::Text("x".to_owned()));
    assert!(spoken.presented(&token, "s").is_err());
}

#[test]
fn encryption_is_named_once_in_a_draft_and_in_each_key_now() {
    let key = json!({ "kty": "EC", "crv": "P-256", "use": "enc",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    let members = object(json!({
        "client_id": "verifier.example", "client_id_scheme": "x509_san_dns",
        "client_metadata": {
            "jwks": { "keys": [key] },
            "vp_formats": { "jwt_vp": { "alg": ["EdDSA"] }, "ldp_vp": { "proof_type": ["DataIntegrityProof"] } },
            "authorization_encrypted_response_alg": "ECDH-ES",
        },
    }));
    let received = from_wire(Dialect::Draft20, members).unwrap();
    let metadata = received.request.client_metadata.unwrap().0.unwrap();
    assert_eq!(metadata.encrypted_response_enc_values_supported.unwrap(), ["A128CBC-HS256"]);
    let keys = serde_json::to_value(metadata.jwks.unwrap()).unwrap();
    assert_eq!(keys["keys"][0]["alg"], "ECDH-ES");
    let formats = metadata.vp_formats_supported.unwrap();
    assert_eq!(formats["jwt_vc_json"], json!({ "alg_values": ["EdDSA"] }));
    assert_eq!(formats["ldp_vc"], json!({ "proof_type_values": ["DataIntegrityProof"] }));
    let empty = AuthorizationRequest { client_id: Some("a".to_owned()), ..AuthorizationRequest::default() };
    let (members, spoken) = to_wire(Dialect::Draft18, Language::PresentationExchange, &empty).unwrap();
    assert_eq!((members["client_id_scheme"].as_str(), spoken.definition), (Some("pre-registered"), None));
}

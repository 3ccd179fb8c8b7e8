//! The provider's side: which requests for ID tokens it answers, and with which error it refuses the others.

use credenza_core::HttpError;
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_vp::messages::ClientMetadata;
use credenza_vp::siop::{Provider, Subject, SubjectError, SubjectSyntax};
use credenza_vp::wallet::{AnswerError, HowKnown, RegisteredVerifier};
use serde_json::{Value, json};

use super::{CALLBACK, THUMBPRINT, fragment, link, provider, provider_like, refused, sign_in, vector_value};
use crate::world::{World, run, world};

/// A request that is right, with these parameters changed, added, or (empty) left out.
fn request(changes: &[(&str, &str)]) -> String {
    let metadata =
        json!({ "subject_syntax_types_supported": [THUMBPRINT, "did:key", "did:jwk"] }).to_string();
    let client_id = format!("redirect_uri:{CALLBACK}");
    let mut parameters = vec![
        ("scope", "openid"),
        ("response_type", "id_token"),
        ("client_id", &client_id),
        ("redirect_uri", CALLBACK),
        ("id_token_type", "subject_signed_id_token"),
        ("client_metadata", &metadata),
        ("nonce", "n-0S6_WzA2Mj"),
        ("state", "af0ifjsldkj"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    link(&parameters)
}

fn metadata(value: &Value) -> String {
    request(&[("client_metadata", &value.to_string())])
}

/// The error that the relying party is told in the fragment, or the code alone where it can't be told.
fn told(world: &World, link: &str) -> String {
    let side = provider(world);
    let error = refused(&side, link);
    let code = error.refusal.code().to_owned();
    if let Some(answered) = run(side.wallet.tell(error)) {
        let fragment = fragment(&answered.unwrap());
        assert!(fragment.starts_with(&format!("error={code}&")), "{fragment}");
        assert!(fragment.ends_with("&state=af0ifjsldkj"), "{fragment}");
    }
    code
}

// Clauses: SIOP-8-01, SIOP-8-02, SIOP-11-02, SIOP-11-05, SIOP-11-06
#[test]
fn a_request_is_shown_and_answered() {
    let world = world();
    for (syntax, begins) in [
        (SubjectSyntax::JwkThumbprint, "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"),
        (SubjectSyntax::did("key"), "did:key:z"),
        (SubjectSyntax::did("jwk"), "did:jwk:"),
    ] {
        let side = provider(&world);
        let asked = sign_in(&side, &request(&[]));
        assert_eq!(asked.who().name, "client.example.org");
        assert_eq!(asked.who().how, HowKnown::Unsigned);
        assert_eq!(asked.response_host(), "client.example.org");
        assert_eq!(asked.wanted().syntaxes().len(), 3);
        assert!(asked.report().ok() && asked.report().find("siop.request.supported").is_some());
        let signer = SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap().with_kid("mine");
        let answered = run(asked.answer(&side.wallet, Subject { signer: &signer, syntax: &syntax })).unwrap();
        let fragment = fragment(&answered);
        let form = credenza_oauth::Form::parse(fragment.as_bytes()).unwrap();
        assert_eq!(form.get("state"), Some("af0ifjsldkj"));
        assert!(!form.has("vp_token"));
        let jws = credenza_crypto::Jws::parse(form.get("id_token").unwrap()).unwrap();
        let claims = credenza_core::json::parse_object(&jws.payload).unwrap();
        assert_eq!(claims["iss"], claims["sub"]);
        assert!(claims["sub"].as_str().unwrap().starts_with(begins), "{claims:?}");
        assert_eq!(claims["aud"], format!("redirect_uri:{CALLBACK}"));
        assert_eq!(claims["nonce"], "n-0S6_WzA2Mj");
        let by_key = syntax == SubjectSyntax::JwkThumbprint;
        assert_eq!(claims.contains_key("sub_jwk"), by_key);
        assert_eq!(jws.header.kid.is_some(), !by_key);
        assert!(jws.header.kid.is_none_or(|kid| kid.starts_with("did:")));
        assert_eq!(claims.get("sub_jwk").and_then(|key| key.get("kid")), None);
    }
}

#[test]
fn a_wallet_that_is_no_provider_refuses() {
    let world = world();
    let side = world.wallet();
    assert_eq!(refused(&side, &request(&[])).refusal.code(), "invalid_request");
    // And what opens presentations alone opens no ID tokens.
    let side = provider(&world);
    assert_eq!(run(side.wallet.resolve(&request(&[]))).unwrap_err().refusal.code(), "invalid_request");
}

// Clauses: SIOP-9-07, SIOP-9-08
#[test]
fn parameters_that_are_missing_or_wrong() {
    let world = world();
    for (changes, why) in [
        (&[("nonce", "")] as &[_], "no nonce"),
        (&[("nonce", "a\nb")], "no nonce can be that"),
        (&[("scope", "")], "no scope"),
        (&[("scope", "profile")], "no openid"),
        (&[("client_metadata", "")], "no metadata"),
        (&[("client_metadata_uri", "https://client.example.org/m")], "metadata in two places"),
        (&[("response_mode", "form_post")], "a response mode that is not known"),
        (&[("response_mode", "post")], "the name of a mode in an example, and nowhere else"),
        (&[("redirect_uri", "https://evil.example/cb")], "another place than the client identifier"),
        (&[("response_type", "code")], "another response type"),
    ] {
        assert_eq!(told(&world, &request(changes)), "invalid_request", "{why}");
    }
    assert!(provider_opens(&world, &request(&[("scope", "openid profile"), ("id_token_type", "")])));
    assert!(
        provider_opens(&world, &request(&[("id_token_type", "attester_signed_id_token")])),
        "a preference"
    );
}

#[test]
fn the_checks_by_their_names() {
    let world = world();
    for (changes, check) in [
        (&[("scope", "profile")] as &[_], "siop.request.scope"),
        (&[("client_metadata_uri", "https://client.example.org/m")], "siop.request.metadata"),
    ] {
        let error = refused(&provider(&world), &request(changes));
        assert_eq!(error.report.first_failure().unwrap().rule.id, check);
    }
}

fn provider_opens(world: &World, link: &str) -> bool {
    run(provider(world).wallet.open(link)).is_ok()
}

// Clauses: SIOP-7.5-01, SIOP-7.5-02, SIOP-10-01
#[test]
fn what_the_relying_party_can_do() {
    let world = world();
    let code = |value: Value| told(&world, &metadata(&value));
    for bad in [
        json!({}),
        json!({ "subject_syntax_types_supported": [] }),
        json!({ "subject_syntax_types_supported": "did:key" }),
        json!({ "subject_syntax_types_supported": [1] }),
        json!({ "subject_syntax_types_supported": ["did:key:"] }),
        json!({ "subject_syntax_types_supported": ["did::key"] }),
        json!({ "subject_syntax_types_supported": ["did:"] }),
        json!({ "subject_syntax_types_supported": [THUMBPRINT], "id_token_signed_response_alg": 1 }),
        json!([]),
    ] {
        assert_eq!(code(bad.clone()), "invalid_client_metadata_object", "{bad}");
    }
    let broken = request(&[("client_metadata", "{")]);
    assert_eq!(told(&world, &broken), "invalid_client_metadata_object");
    let unknown = json!({ "subject_syntax_types_supported": ["did:example", "urn:example:other"] });
    assert_eq!(code(unknown), "subject_syntax_types_not_supported");
    for alg in ["RS256", "none", "HS256", "ES256K"] {
        let value =
            json!({ "subject_syntax_types_supported": [THUMBPRINT], "id_token_signed_response_alg": alg });
        assert_eq!(code(value), "client_metadata_value_not_supported", "{alg}");
    }
    let encrypted = json!({ "subject_syntax_types_supported": [THUMBPRINT], "id_token_encrypted_response_alg": "ECDH-ES" });
    assert_eq!(code(encrypted), "client_metadata_value_not_supported");
    let by_reference =
        request(&[("client_metadata", ""), ("client_metadata_uri", "https://client.example.org/m")]);
    assert_eq!(told(&world, &by_reference), "invalid_client_metadata_uri");
    // The printed metadata; of it the wallet knows two.
    let side = provider(&world);
    let asked = sign_in(&side, &metadata(&vector_value("relying_party_metadata.json")));
    assert_eq!(asked.wanted().syntaxes(), [SubjectSyntax::JwkThumbprint, SubjectSyntax::did("key")]);
    // did stands for every method that the wallet has.
    let asked = sign_in(&side, &metadata(&json!({ "subject_syntax_types_supported": ["did"] })));
    assert_eq!(asked.wanted().syntaxes(), [SubjectSyntax::did("jwk"), SubjectSyntax::did("key")]);
}

// Clauses: SIOP-7.4-01, SIOP-7.4-02
#[test]
fn a_registered_relying_party_brings_no_metadata() {
    let world = world();
    let members = json!({ "subject_syntax_types_supported": [THUMBPRINT] });
    let known = RegisteredVerifier {
        client_id: "s6BhdRkqt3".to_owned(),
        name: "Client".to_owned(),
        metadata: ClientMetadata {
            self_issued: members.as_object().unwrap().clone(),
            ..ClientMetadata::default()
        },
        uris: vec![CALLBACK.to_owned()],
        ..RegisteredVerifier::default()
    };
    let side = world.wallet_over(
        |_| panic!("nothing is sent"),
        |builder| builder.self_issued(Provider::default()).registered(known),
    );
    let requests = vector_value("requests.json");
    let printed = requests["same_device_registered"].as_str().unwrap();
    let asked = sign_in(&side, printed);
    assert_eq!(asked.who().name, "Client");
    assert_eq!(asked.wanted().audience(), "s6BhdRkqt3");
    for more in [
        ("client_metadata", members.to_string()),
        ("client_metadata_uri", "https://client.example.org/m".to_owned()),
    ] {
        let link = format!("{printed}&{}", credenza_oauth::form::encode(&[(more.0, &more.1)]));
        assert_eq!(refused(&side, &link).refusal.code(), "invalid_client", "{}", more.0);
    }
}

// Clauses: SIOP-13.5-01
#[test]
fn the_printed_requests() {
    let world = world();
    let side = provider(&world);
    let requests = vector_value("requests.json");
    let text = |name: &str| requests[name].as_str().unwrap();
    // The client identifier is the place, without a prefix.
    let asked = sign_in(&side, text("static"));
    assert_eq!(asked.who().client_id.as_str(), CALLBACK);
    assert_eq!((asked.who().name.as_str(), &asked.who().how), ("client.example.org", &HowKnown::Unsigned));
    assert_eq!(asked.wanted().algorithms(), [Algorithm::Es256]);
    let answer =
        asked.answer(&side.wallet, Subject { signer: &world.holder, syntax: &SubjectSyntax::JwkThumbprint });
    let fragment = fragment(&run(answer).unwrap());
    assert!(fragment.starts_with("id_token=") && !fragment.contains("state"));
    assert_eq!(
        refused(&side, text("same_device")).refusal.code(),
        "client_metadata_value_not_supported",
        "RS256"
    );
    // response_mode=post is what the example has, and direct_post what the text defines.
    assert_eq!(refused(&side, text("cross_device")).refusal.code(), "invalid_request");
    let posted = text("cross_device").replace("=post&", "=direct_post&");
    assert_eq!(sign_in(&side, &posted).response_host(), "client.example.org");
    // Unsigned alone is such a name enough: somebody else's place proves nothing in a signed request.
    assert_eq!(refused(&side, text("by_reference")).refusal.code(), "invalid_request");
    let elsewhere =
        text("static").replacen("redirect_uri=https%3A%2F%2Fclient", "redirect_uri=https%3A%2F%2Fevil", 1);
    assert_eq!(refused(&side, &elsewhere).refusal.code(), "invalid_request");
    let strict =
        world.wallet_over(|_| panic!(), |builder| builder.self_issued(Provider::default()).signed_only());
    refused(&strict, text("static"));
}

// Clauses: SIOP-10.2-01
#[test]
fn posted_across_devices_and_no_redirect_is_followed() {
    let world = world();
    for name in ["redirect_uri", "response_uri"] {
        let side = provider(&world);
        let other = if name == "redirect_uri" { "response_uri" } else { "redirect_uri" };
        let asked =
            sign_in(&side, &request(&[(name, CALLBACK), (other, ""), ("response_mode", "direct_post")]));
        run(asked
            .answer(&side.wallet, Subject { signer: &world.holder, syntax: &SubjectSyntax::JwkThumbprint }))
        .unwrap();
        let log = side.log.lock().unwrap();
        let [posted] = log.as_slice() else { panic!("one request") };
        assert_eq!(posted.uri(), CALLBACK);
        assert_eq!(posted.headers()["content-type"], "application/x-www-form-urlencoded");
        assert!(posted.body().starts_with(b"id_token="));
    }
    let moved = world.wallet_over(
        |_| {
            Ok(http::Response::builder()
                .status(307)
                .header("location", "https://evil.example")
                .body(Vec::new())
                .unwrap())
        },
        |builder| builder.self_issued(Provider::default()),
    );
    let asked = sign_in(&moved, &request(&[("response_mode", "direct_post")]));
    let answered =
        run(asked
            .answer(&moved.wallet, Subject { signer: &world.holder, syntax: &SubjectSyntax::JwkThumbprint }));
    assert_eq!(answered, Err(AnswerError::Http(HttpError::Redirected)));
    assert_eq!(moved.log.lock().unwrap().len(), 1);
    let both = request(&[("response_uri", CALLBACK), ("response_mode", "direct_post")]);
    assert_eq!(refused(&provider(&world), &both).refusal.code(), "invalid_request");
}

#[test]
fn declining_says_that_the_person_did() {
    let world = world();
    let side = provider(&world);
    let answered = run(sign_in(&side, &request(&[])).decline(&side.wallet)).unwrap();
    assert_eq!(fragment(&answered), "error=user_cancelled&state=af0ifjsldkj");
}

#[test]
fn keys_and_names_that_were_not_asked_for() {
    let world = world();
    let edwards = SoftwareSigner::generate(Algorithm::EdDsa, &*world.random).unwrap();
    let thumbprint = &SubjectSyntax::JwkThumbprint;
    let es256 =
        json!({ "subject_syntax_types_supported": [THUMBPRINT], "id_token_signed_response_alg": "ES256" });
    let answer = |signer: &SoftwareSigner, syntax: &SubjectSyntax| {
        let side = provider(&world);
        let asked = sign_in(&side, &metadata(&es256));
        run(asked.answer(&side.wallet, Subject { signer, syntax })).unwrap_err()
    };
    assert_eq!(answer(&edwards, thumbprint), AnswerError::Subject(SubjectError::Algorithm));
    for syntax in [SubjectSyntax::did("key"), SubjectSyntax::AnyDid, SubjectSyntax::did("web")] {
        assert_eq!(answer(&world.holder, &syntax), AnswerError::Subject(SubjectError::Syntax));
    }
}

// Clauses: SIOP-9.1-01
#[test]
fn a_request_object_is_meant_for_this_provider() {
    let world = world();
    let issuer = "https://wallet.example.org";
    let claims = |aud: &str| {
        json!({
            "client_id": "x509_san_dns:verifier.example",
            "aud": aud,
            "scope": "openid",
            "response_type": "id_token",
            "redirect_uri": "https://verifier.example/cb",
            "nonce": "n-0S6_WzA2Mj",
            "client_metadata": { "subject_syntax_types_supported": [THUMBPRINT] },
        })
    };
    let open = |aud: &str, own: Option<&str>| {
        let object = world.sign_request(&*world.verifier_signer, "oauth-authz-req+jwt", &claims(aud));
        let side = provider_like(&world, Provider { issuer: own.map(str::to_owned), ..Provider::default() });
        let link = link(&[("client_id", "x509_san_dns:verifier.example"), ("request", &object)]);
        run(side.wallet.open(&link)).map(drop).map_err(|error| error.refusal.code())
    };
    for (aud, own, outcome) in [
        ("https://self-issued.me/v2", None, Ok(())),
        ("https://self-issued.me/v2", Some(issuer), Ok(())),
        (issuer, Some(issuer), Ok(())),
        (issuer, None, Err("invalid_request_object")),
        ("https://wallet.example.org/", Some(issuer), Err("invalid_request_object")),
        ("https://other.example.org", Some(issuer), Err("invalid_request_object")),
    ] {
        assert_eq!(open(aud, own), outcome, "{aud} for {own:?}");
    }
}

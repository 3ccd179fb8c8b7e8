//! Each check by its name: what fails it fails that one, and no other before it.

use credenza_core::{SeededRandom, b64};
use credenza_crypto::{Algorithm, IdentifiedBy, Signer, SigningHeader, SoftwareSigner, jwt};
use credenza_query::dcql::Format;
use credenza_trust::did::jwk as did_jwk;
use credenza_vp::messages::Presentation;
use credenza_vp::verifier::Policy;
use credenza_vp::verifier::credential::{Context, Holder, verify};
use credenza_vp::wallet::{ResolveError, WalletBuilder};
use credenza_vp::{Asked, Profile};
use http::Response;
use serde_json::{Value, json};

use crate::request_kit::{CLIENT, TYP, by_value, claims, link, resolve, resolve_object, served, with};
use crate::world::{NOW, World, certified, run, world};

/// The first check that a request fails.
#[track_caller]
fn failed(asked: Result<Asked, ResolveError>) -> &'static str {
    let error = asked.map(|asked| panic!("{asked:?} should be refused")).unwrap_err();
    error.report.first_failure().unwrap().rule.id
}

fn named(world: &World, client_id: &str, header: Value) -> Result<Asked, ResolveError> {
    let Value::Object(more) = header else { panic!("members are an object") };
    let signer = &*world.verifier_signer;
    let header = SigningHeader::new(signer, TYP, IdentifiedBy::Nothing, more);
    let claims = with(|claims| claims["client_id"] = client_id.into());
    let side = served(world, run(jwt::sign(signer, &header, &claims)).unwrap());
    run(side.wallet.resolve(&link(client_id)))
}

#[test]
fn of_requests() {
    let world = world();
    let side = world.wallet();
    assert_eq!(failed(run(side.wallet.resolve("no link"))), "vp.request.link");
    let unknown = by_value(|claims| claims["client_id"] = "unknown:verifier".into());
    assert_eq!(failed(run(side.wallet.resolve(&unknown))), "vp.request.client-id");
    let unsigned = by_value(|claims| claims["client_id"] = CLIENT.into());
    assert_eq!(failed(run(side.wallet.resolve(&unsigned))), "vp.request.signature");

    let nobody = world
        .wallet_over(|_| Ok(Response::builder().status(404).body(Vec::new()).unwrap()), |builder| builder);
    assert_eq!(failed(run(nobody.wallet.resolve(&link(CLIENT)))), "vp.request.fetch");
    let signer = &*world.verifier_signer;
    assert_eq!(failed(resolve_object(&world, signer, "JWT", &claims()).1), "vp.request.object");
    let other = certified(&world.root, "Other", "other.example", &SeededRandom::new(3));
    assert_eq!(failed(resolve_object(&world, &other, TYP, &claims()).1), "vp.request.certificate");
    let did = did_jwk::from_jwk(world.verifier_signer.public_jwk()).unwrap();
    let did = format!("decentralized_identifier:{}", did.as_str());
    assert_eq!(failed(named(&world, &did, json!({ "kid": "other" }))), "vp.request.key");
    let attested = named(&world, "verifier_attestation:verifier.example", json!({}));
    assert_eq!(failed(attested), "vp.request.attestation");

    let side = served(&world, world.sign_request(signer, TYP, &claims()));
    let posted = format!("{}&request_uri_method=post", link(CLIENT));
    assert_eq!(failed(run(side.wallet.resolve(&posted))), "vp.request.wallet-nonce");
    let encrypted = with(|claims| claims["response_mode"] = "direct_post.jwt".into());
    assert_eq!(failed(resolve(&world, &encrypted)), "vp.request.encryption");
    let format = json!({ "credentials": [{ "id": "a", "format": "anoncreds", "meta": {} }] });
    assert_eq!(failed(resolve(&world, &with(|claims| claims["dcql_query"] = format))), "vp.request.formats");

    let haip = world.wallet_with(|builder: WalletBuilder| builder.profile(Profile::Haip));
    assert_eq!(failed(run(haip.wallet.resolve(&by_value(|_| {})))), "vp.request.profile");
    let call = with(|claims| {
        claims["response_mode"] = "dc_api".into();
        claims["expected_origins"] = json!(["https://other.example"]);
    });
    let call = json!({
        "protocol": "openid4vp-v1-signed", "data": { "request": world.sign_request(signer, TYP, &call) },
    });
    let called =
        run(world.wallet().wallet.resolve_dc_api("https://shop.example", call.to_string().as_bytes()));
    assert_eq!(failed(called), "vp.request.origin");
}

#[test]
fn of_presentations() {
    let world = crate::formats::world();
    let policy = Policy { contexts: crate::formats::contexts(), ..Policy::default() };
    let context = Context { policy: &policy, trust: &*world.trust, status: None, now: NOW };
    let judged = |presentation: &Presentation, format: &Format| {
        let (report, checked) = run(verify(presentation, format, Holder::Unbound, context));
        assert_eq!(checked.is_some(), report.ok());
        report.first_failure().map(|check| check.rule.id)
    };
    let text = |text: &str| Presentation::Text(text.to_owned());
    let credential = world.issue(&World::claims());
    assert_eq!(judged(&text(&credential), &Format::SdJwtVc), None);
    let unknown = Format::Other("anoncreds".to_owned());
    assert_eq!(judged(&text(&credential), &unknown), Some("vp.presentation.format"));

    // The same under certificates that are none: nobody's signature is looked at.
    let (_, rest) = credential.split_once('.').unwrap();
    let header = json!({ "alg": "ES256", "typ": "dc+sd-jwt", "x5c": ["!"] }).to_string();
    let broken = format!("{}.{rest}", b64::encode(header));
    assert_eq!(judged(&text(&broken), &Format::SdJwtVc), Some("credential.key-material"));

    let typed = |count: usize| {
        let mut claims = crate::formats::credential("https://issuer.example", None, true);
        let types: Vec<_> = (0..count).map(|number| format!("Type{number}")).collect();
        claims["type"].as_array_mut().unwrap().extend(types.into_iter().map(Value::from));
        crate::formats::jwt_vc(&world.issuer, &claims, None)
    };
    assert_ne!(judged(&text(&typed(15)), &Format::JwtVcJson), Some("credential.types"));
    assert_eq!(judged(&text(&typed(16)), &Format::JwtVcJson), Some("credential.types"));
    let stranger = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(9)).unwrap();
    assert_eq!(
        judged(&text(&world.issue_by(&stranger, &World::claims(), None)), &Format::SdJwtVc),
        Some("trust.issuer")
    );
}

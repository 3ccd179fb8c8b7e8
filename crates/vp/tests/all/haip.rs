//! HAIP 1.0 §5 to §8, in both of its formats.

use std::sync::Arc;

use credenza_core::SeededRandom;
use credenza_crypto::x509::x509_hash;
use credenza_crypto::{
    Algorithm, ContentEncryption, Curve, Decrypter as _, Signer as _, SoftwareDecrypter, SoftwareSigner, jwe,
};
use credenza_formats::mdoc::PID;
use credenza_query::{Dcql, DcqlQuery};
use credenza_trust::{Anchor, X509Anchors};
use credenza_vp::verifier::Status;
use credenza_vp::wallet::{Holding, Refusal, WalletBuilder};
use credenza_vp::{PresentationRequest, Profile, Wallet};
use serde_json::json;

use crate::formats::pid;
use crate::request_kit::{TYP, link, refusal, with};
use crate::world::{DAY, NOW, VCT, World, object_response, query, run, world_with};

const PAGE: &str = "https://verifier.example/done";

fn world() -> World {
    world_with(|builder| builder.profile(Profile::Haip).allow_redirects([PAGE.parse().unwrap()]))
}

fn asking(query: DcqlQuery) -> PresentationRequest {
    let mut request = PresentationRequest::new(query);
    request.redirect = Some(PAGE.to_owned());
    request
}

fn mdoc() -> DcqlQuery {
    Dcql::credential("id").mdoc(PID).claim([PID, "family_name"]).build().unwrap()
}

// Clauses: HAIP-3-02, HAIP-5-01, HAIP-5-09, HAIP-5-10, HAIP-5-11, HAIP-5.1-05, HAIP-5.1-10, HAIP-5.3.1-01,
// HAIP-5.3.2-01, HAIP-6.1-01, HAIP-6.1.1-01, HAIP-7-01, HAIP-8-01, X509-V-HAIP-04
#[test]
fn each_format_the_whole_way_and_into_the_browser_that_began() {
    for (query, format) in [(query(), "dc+sd-jwt"), (mdoc(), "mso_mdoc")] {
        let world = world();
        let created = world.create(asking(query));
        let side = world.wallet_with(|it| it.profile(Profile::Haip));
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        let mut holdings = world.held();
        holdings.push(Holding::mdoc(pid(&world), true));
        let answered = world.agree(&side, asked, &holdings).unwrap();
        assert_eq!(world.status(&created.id), Status::Verified);
        // In another browser there is no code, or not the right one: nothing is told.
        for code in [None, Some("x"), Some(created.id.as_str())] {
            assert!(run(world.verifier.result(&created.id, code)).is_err());
        }
        let code = answered.redirect_uri.unwrap().query().unwrap().replace("response_code=", "");
        let result = run(world.verifier.result(&created.id, Some(&code))).unwrap();
        let [one] = result.presentations.as_slice() else { panic!("one presentation") };
        assert_eq!((one.format.as_str(), one.holder_bound), (format, true));
    }
}

// Clauses: HAIP-6.1.1.1-01
// Checks: WVP-035, WVP-039, WVP-040
#[test]
fn a_bound_credential_is_presented_as_one_also_when_that_is_not_demanded() {
    let world = world();
    let query = Dcql::credential("pid").sd_jwt([VCT]).without_holder_binding().claim(["family_name"]).build();
    let query = serde_json::to_value(query.unwrap()).unwrap();
    let own = SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(1)).unwrap();
    let client_id = format!("x509_hash:{}", x509_hash(&world.verifier_signer.x5c()[0]));
    for (profile, bound) in [(Profile::Haip, true), (Profile::Open, false)] {
        let claims = with(|claims| {
            claims["client_id"] = client_id.as_str().into();
            claims["response_mode"] = "direct_post.jwt".into();
            claims["dcql_query"] = query.clone();
            claims["client_metadata"]["jwks"] = json!({ "keys": [own.public_jwk().to_value()] });
        });
        let object = world.sign_request(&*world.verifier_signer, TYP, &claims);
        let answer = move |request: &http::Request<Vec<u8>>| match request.uri().path() {
            "/request" => Ok(object_response(object.clone())),
            _ => Ok(http::Response::new(b"{}".to_vec())),
        };
        let side = world.wallet_over(answer, |builder| builder.profile(profile));
        let asked = run(side.wallet.resolve(&link(&client_id))).unwrap();
        world.agree(&side, asked, &world.held()).unwrap();
        let log = side.log.lock().unwrap();
        let form = credenza_oauth::Form::parse_within(log.last().unwrap().body(), 1 << 20).unwrap();
        let opened = run(jwe::decrypt(form.get("response").unwrap(), &own, &ContentEncryption::ALL)).unwrap();
        let said = credenza_core::json::parse(&opened.plaintext).unwrap();
        let names: std::collections::BTreeSet<_> =
            said.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["state", "vp_token"].into(), "nothing else is inside");
        let header = form.get("response").unwrap().split('.').next().unwrap();
        let header = credenza_core::json::parse(&credenza_core::b64::decode(header).unwrap()).unwrap();
        assert!(header.get("cty").is_none_or(|cty| cty == "json"));
        let presentation = said["vp_token"]["pid"][0].as_str().unwrap();
        assert_eq!(!presentation.ends_with('~'), bound, "{profile:?}");
    }
}

// Clauses: HAIP-5-05, HAIP-5-06, X509-I-HAIP-02, X509-I-HAIP-03
#[test]
fn who_asks_has_a_chain_without_its_anchor_and_does_not_vouch_for_himself() {
    let world = world();
    let created = world.create(asking(query()));
    let object = run(world.verifier.request_object(&created.request_id, credenza_vp::verifier::Fetch::Get));
    let x5c = credenza_crypto::Jws::parse(&object.unwrap().jwt).unwrap().header.x5c().unwrap().unwrap();
    assert!(!credenza_crypto::Certificate::parse(&x5c[0]).unwrap().is_self_issued());
    assert!(x5c.iter().all(|one| one != world.root.certificate()));

    // A verifier whose certificate is its own root, which the wallet even trusts.
    let random = SeededRandom::new(4);
    let alone = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
    let jwk = alone.to_private_jwk();
    let root = credenza_crypto::x509::CertificateAuthority::root(
        SoftwareSigner::from_private_jwk(jwk.expose()).unwrap(),
        "Alone",
        NOW - DAY,
        100 * DAY,
        &random,
    );
    let certificate = root.unwrap().certificate().to_vec();
    let client_id = format!("x509_hash:{}", x509_hash(&certificate));
    let alone = alone.with_x5c(vec![certificate.clone()]);
    let own = SoftwareDecrypter::generate(Curve::P256, &random).unwrap();
    let claims = with(|claims| {
        claims["client_id"] = client_id.as_str().into();
        claims["response_mode"] = "direct_post.jwt".into();
        claims["client_metadata"]["jwks"] = json!({ "keys": [own.public_jwk().to_value()] });
    });
    let object = world.sign_request(&alone, TYP, &claims);
    let http = credenza_core::FnHttp::new(move |_: http::Request<Vec<u8>>, _: credenza_core::Limits| {
        Ok::<_, credenza_core::HttpError>(object_response(object.clone()))
    });
    let trust = X509Anchors::new(&[Anchor::for_verifiers(certificate)]).unwrap();
    let builder = Wallet::builder(Arc::new(http), Arc::new(trust), world.clock.clone(), world.random.clone());
    let haip = |builder: WalletBuilder| builder.profile(Profile::Haip).build();
    let refused = run(haip(builder).resolve(&link(&client_id)));
    assert!(matches!(refusal(refused), Refusal::Profile(rule) if rule.contains("self-signed")));
    assert_eq!(alone.algorithm(), Algorithm::Es256);
}

//! The Digital Credentials API on the verifier's side: what can be asked, both ways at once, and the profile.

use credenza_vp::dc_api::Protocol;
use credenza_vp::verifier::{CreateError, DcApiCall, RequestedPrefix, RespondError, Status};
use credenza_vp::wallet::Refusal;
use credenza_vp::{PresentationRequest, Profile, ResponseMode};
use serde_json::Value;

use crate::dc_api::{SITE, answer, bytes, call, create, resolve};
use crate::request_kit::refusal;
use crate::world::{query, run, world, world_with};

#[test]
fn a_refusal_comes_back_as_an_error() {
    let world = world();
    let created = create(&world, Protocol::Signed, ResponseMode::DcApiJwt);
    let side = world.wallet();
    let asked = run(side.wallet.resolve_dc_api(SITE, &bytes(&created.request))).unwrap();
    let told = run(asked.decline(&side.wallet)).unwrap().dc_api.unwrap();
    run(world.verifier.respond_dc_api(&created.request_id, Some(SITE), &bytes(&told))).unwrap();
    let seen = run(world.verifier.session(&created.id)).unwrap();
    assert_eq!((seen.status, seen.wallet_error.unwrap().error.as_str()), (Status::Failed, "access_denied"));
}

#[test]
fn what_can_not_be_asked_for_through_the_api() {
    let world = world();
    let create = |mode, call| {
        let mut request = PresentationRequest::over_dc_api(query());
        request.response_mode = mode;
        run(world.verifier.create_for_dc_api(request, call)).map(|_| ()).unwrap_err()
    };
    assert_eq!(create(ResponseMode::DirectPost, call(Protocol::Signed)), CreateError::ResponseMode);
    for origins in [
        vec![],
        vec!["shop.example"],
        vec!["https://shop.example/"],
        vec!["https://shop.example/path"],
        vec!["http://shop.example"],
        vec!["https://user@shop.example"],
        vec!["https://SHOP.example"],
        vec![SITE, ""],
        vec![SITE; 17],
    ] {
        let origins: Vec<_> = origins.into_iter().map(str::to_owned).collect();
        let call = DcApiCall { origins: origins.clone(), ..call(Protocol::Signed) };
        assert_eq!(create(ResponseMode::DcApi, call), CreateError::Origins, "{origins:?}");
    }
    let identities = vec![RequestedPrefix::X509Hash, RequestedPrefix::DecentralizedIdentifier];
    let call = DcApiCall { identities, ..call(Protocol::Multisigned) };
    assert_eq!(create(ResponseMode::DcApi, call), CreateError::Signer);
}

// Clauses: HAIP-5.2-01, HAIP-5.2-02, HAIP-5.2-03, HAIP-5.2-04, HAIP-5.2-06, HAIP-5.2-07
#[test]
fn haip_over_the_api() {
    let world = world_with(|builder| builder.profile(Profile::Haip));
    for protocol in Protocol::ALL {
        let created = create(&world, protocol, ResponseMode::DcApiJwt);
        let side = world.wallet_with(|it| it.profile(Profile::Haip));
        run(side.wallet.resolve_dc_api(SITE, &bytes(&created.request))).unwrap();
        let mut plain = PresentationRequest::over_dc_api(query());
        plain.response_mode = ResponseMode::DcApi;
        let problem = run(world.verifier.create_for_dc_api(plain, call(protocol))).map(|_| ());
        assert!(matches!(problem, Err(CreateError::Profile(_))));
    }
    let open = crate::world::world();
    let created = create(&open, Protocol::Signed, ResponseMode::DcApi);
    let side = open.wallet_with(|it| it.profile(Profile::Haip));
    let refused = run(side.wallet.resolve_dc_api(SITE, &bytes(&created.request)));
    assert!(matches!(refusal(refused), Refusal::Profile(_)));
}

// One session, asked by link and through the browser: the first right answer to either is the answer.
#[test]
fn a_website_asks_both_ways_at_once() {
    let both = || {
        let world = world();
        let request = PresentationRequest::new(query());
        let (link, site) = run(world.verifier.create_for_website(request, call(Protocol::Signed))).unwrap();
        assert_eq!((&link.id, &link.request_id), (&site.id, &site.request_id));
        (world, link, site)
    };
    // Through the browser; the link is dead then.
    let (world, link, site) = both();
    let readers = |world: &crate::world::World, id: &str| run(world.verifier.dc_api_origins(id)).unwrap();
    assert_eq!(readers(&world, &site.request_id), [SITE]);
    assert!(readers(&world, "nothing").is_empty());
    let asked = resolve(&world, SITE, &bytes(&site.request)).unwrap();
    let given = answer(&world, asked);
    let elsewhere =
        run(world.verifier.respond_dc_api(&site.request_id, Some("https://evil.example"), &bytes(&given)));
    assert!(matches!(elsewhere, Err(RespondError::Origin)));
    run(world.verifier.respond_dc_api(&site.request_id, Some(SITE), &bytes(&given))).unwrap();
    assert_eq!(world.status(&link.id), Status::Verified);
    assert!(readers(&world, &site.request_id).is_empty(), "there is nothing left to be answered");
    let again = run(world.verifier.respond_dc_api(&site.request_id, Some(SITE), &bytes(&given)));
    assert!(matches!(again, Err(RespondError::Unknown)));
    let late = run(world.verifier.request_object(&link.request_id, credenza_vp::verifier::Fetch::Get));
    assert!(late.is_err(), "the link is dead");
    assert_eq!(run(world.verifier.result(&link.id, None)).unwrap().presentations.len(), 1);

    // Each request has a nonce of its own: an answer to the one is none to the other.
    let (world, link, site) = both();
    let object =
        run(world.verifier.request_object(&link.request_id, credenza_vp::verifier::Fetch::Get)).unwrap();
    let claims = |jwt: &str| -> Value {
        let payload = credenza_core::b64::decode(jwt.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice(&payload).unwrap()
    };
    let by_link = claims(&object.jwt);
    let by_site = claims(site.request.data["request"].as_str().unwrap());
    assert_ne!(by_link["nonce"], by_site["nonce"]);
    assert_ne!(by_link["client_metadata"]["jwks"], by_site["client_metadata"]["jwks"]);
    assert_eq!(by_site["response_mode"], "dc_api.jwt");
    assert_eq!(world.status(&link.id), Status::Retrieved);
    // In the modes of a browser's redirect there is nothing to ask twice.
    let mut request = PresentationRequest::new(query());
    request.response_mode = ResponseMode::DcApiJwt;
    let refused = run(world.verifier.create_for_website(request, call(Protocol::Signed)));
    assert!(matches!(refused, Err(CreateError::ResponseMode)));
}

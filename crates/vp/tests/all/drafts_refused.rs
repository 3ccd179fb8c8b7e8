//! Requests of earlier drafts that a wallet refuses, as it does those of 1.0.

use credenza_vp::PresentationRequest;
use credenza_vp::dialects::{Dialect, Language};
use credenza_vp::verifier::RequestedPrefix;
use credenza_vp::wallet::WalletBuilder;
use http::Response;
use serde_json::json;

use crate::request_kit::{by_value, refused_with};
use crate::world::{query, run, serve, world};

// Checks: WVP-071
#[test]
fn a_request_object_whose_signature_is_broken() {
    for dialect in [Dialect::Draft20, Dialect::Draft23, Dialect::Draft24] {
        let world = world();
        let created = world.create(PresentationRequest {
            dialect: Some((dialect, Language::PresentationExchange)),
            prefix: Some(RequestedPrefix::X509SanDns),
            ..PresentationRequest::new(query())
        });
        for broken in [false, true] {
            let verifier = world.verifier.clone();
            let side = world.wallet_over(
                move |request| {
                    let (parts, mut body) = serve(&verifier, request).into_parts();
                    if broken {
                        // Within the signature, in a character that is not its last.
                        let at = body.len() - 10;
                        body[at] = if body[at] == b'A' { b'B' } else { b'A' };
                    }
                    Ok(Response::from_parts(parts, body))
                },
                WalletBuilder::earlier_drafts,
            );
            let resolved = run(side.wallet.resolve(&created.wallet_link));
            match broken {
                false => assert!(resolved.is_ok(), "{dialect:?}"),
                true => refused_with(resolved, "invalid_request_object"),
            }
        }
    }
}

// Checks: WVP-071
#[test]
fn a_response_uri_that_is_not_the_client_identifier() {
    let world = world();
    let side = world.wallet_with(WalletBuilder::earlier_drafts);
    let link = |client_id: &str, response_uri: &str| {
        by_value(|claims| {
            claims["client_id"] = client_id.into();
            claims["client_id_scheme"] = "redirect_uri".into();
            claims["response_uri"] = response_uri.into();
            claims["client_metadata"] = json!({ "vp_formats": { "vc+sd-jwt": {} } });
            let claims = claims.as_object_mut().unwrap();
            claims.remove("dcql_query");
            claims.insert(
                "presentation_definition".to_owned(),
                json!({ "id": "d", "input_descriptors": [{
                    "id": "a", "constraints": { "fields": [{ "path": ["$.vct"] }] },
                }] }),
            );
        })
    };
    let own = "https://verifier.example/response";
    assert!(run(side.wallet.resolve(&link(own, own))).is_ok());
    for other in ["https://verifier.example/other", "https://evil.example/response"] {
        refused_with(run(side.wallet.resolve(&link(own, other))), "invalid_request");
    }
    assert!(side.log.lock().unwrap().is_empty(), "nobody is told");
}

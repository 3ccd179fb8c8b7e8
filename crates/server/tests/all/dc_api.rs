//! Presentations through the Digital Credentials API: asked for on the admin plane, brought back on the other.

use http::{Method, Request};
use serde_json::{Value, json};

use crate::fixed;
use crate::world::World;

const SITE: &str = "https://shop.example";

fn wanted(dc_api: &Value) -> Value {
    json!({
        "dcql_query": { "credentials": [
            { "id": "pid", "format": "dc+sd-jwt", "meta": { "vct_values": ["urn:eudi:pid:1"] } }
        ] },
        "dc_api": dc_api,
    })
}

async fn bring(world: &World, url: &str, origin: Option<&str>, body: &Value) -> u16 {
    let path = url::Url::parse(url).unwrap().path().to_owned();
    let mut request =
        Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    world.send(request.body(axum::body::Body::from(body.to_string())).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn a_website_asks_and_brings_a_refusal() {
    let world = fixed();
    let origins = json!([SITE, "https://other.example"]);
    let body = wanted(&json!({ "origins": origins, "protocol": "openid4vp-v1-unsigned" }));
    let got = world.admin(Method::POST, "/api/v1/presentations", Some(body)).await;
    assert_eq!(got.status, 201, "{}", got.text());
    let created = got.json();
    assert_eq!(created["request"]["protocol"], "openid4vp-v1-unsigned");
    assert_eq!(created["request"]["data"]["response_mode"], "dc_api.jwt");

    let url = created["response_url"].as_str().unwrap();
    let error = json!({ "protocol": "openid4vp-v1-unsigned", "data": { "error": "access_denied" } });
    assert_eq!(bring(&world, url, None, &error).await, 400, "which of the websites?");
    assert_eq!(bring(&world, url, Some("https://evil.example"), &error).await, 400);
    assert_eq!(bring(&world, url, Some(SITE), &json!({})).await, 400);
    assert_eq!(bring(&world, url, Some(SITE), &error).await, 200);
    let path = format!("/api/v1/presentations/{}", created["id"].as_str().unwrap());
    let shown = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(
        (&shown["state"], &shown["wallet_error"]["error"]),
        (&json!("failed"), &json!("access_denied"))
    );
}

#[tokio::test]
async fn websites_that_are_none() {
    let world = fixed();
    for (dc_api, status) in [
        (json!({ "origins": [] }), 422),
        (json!({ "origins": ["shop.example"] }), 422),
        (json!({ "origins": [SITE], "protocol": "openid4vp-v1-multisigned" }), 201),
        (json!({ "origins": [SITE], "protocol": "openid4vp" }), 400),
        (json!({}), 400),
    ] {
        let got = world.admin(Method::POST, "/api/v1/presentations", Some(wanted(&dc_api))).await;
        assert_eq!(got.status, status, "{dc_api}: {}", got.text());
    }
}

#[tokio::test]
async fn the_page_of_an_offer_makes_it_through_the_browser_where_that_is_wanted() {
    use credenza_vci::wallet::{Opened, Policy, Wallet};

    use crate::wallet_plane::{Keys, offer};
    use crate::world::Wanted;

    for dc_api in [false, true] {
        let world = crate::fixed_with(Wanted { dc_api, ..Wanted::default() });
        let made =
            offer(&world, json!({"credentials": [{"type": "pid", "claims": crate::world::ada()}]})).await;
        let path = format!("/issue/{}", made["id"].as_str().unwrap());
        let page = world.get(&path).await.text();
        let given = page.split_once("data-issue=\"").map(|(_, rest)| rest.split_once('"').unwrap().0);
        assert_eq!(given.is_some(), dc_api);
        let Some(given) = given else { continue };
        let request = given.replace("&quot;", "\"");
        let wallet = Wallet::new(world.network(), Keys::fresh(&world))
            .with_clock(world.clock.clone())
            .with_random(world.random.clone())
            .with_trust(world.trust.clone())
            .with_policy(Policy::default());
        let opened = wallet.open_dc_api("https://service.example", request.as_bytes()).await.unwrap();
        let Opened::Ready(ready) = opened else { panic!("{opened:?}") };
        assert_eq!(ready.accept().await.unwrap().credentials.len(), 1);
        // What is taken is not offered again.
        assert!(!world.get(&path).await.text().contains("data-issue"));
    }
}

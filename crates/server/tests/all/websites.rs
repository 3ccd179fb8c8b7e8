//! A presentation on somebody's website: who may ask for it, who may read how it stands, and for how long.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use credenza_core::{FixedClock, SeededRandom};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{Got, Wanted, World, world_with};
use crate::{NOW, fixed};

/// The one that the world knows.
const SHOP: &str = "https://shop.example";
const EVIL: &str = "https://evil.example";

async fn created(world: &World, more: Value) -> Got {
    let mut body = json!({"query": "adult"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.admin(Method::POST, "/api/v1/presentations", Some(body)).await
}

async fn page(world: &World) -> Value {
    let got = created(world, json!({"page": {"origins": [SHOP]}})).await;
    assert_eq!(got.status, 201, "{}", got.text());
    got.json()
}

fn path(url: &Value) -> String {
    url::Url::parse(url.as_str().unwrap()).unwrap().path().to_owned()
}

async fn from(world: &World, method: Method, path: &str, origin: Option<&str>) -> Got {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

const READER: &str = "access-control-allow-origin";

#[tokio::test]
async fn scripts_of_that_website_alone_read_how_it_stands() {
    let world = fixed();
    let created = page(&world).await;
    let at = path(&created["page_url"]);
    let got = from(&world, Method::GET, &at, Some(SHOP)).await;
    assert_eq!((got.status.as_u16(), got.header(READER), got.header("vary")), (200, SHOP, "origin"));
    assert!(!got.headers.contains_key("access-control-allow-credentials"));
    let shown = got.json();
    assert_eq!((&shown["state"], &shown["link"]), (&json!("created"), &created["uri"]));
    assert_eq!(shown["dc_api"]["request"]["protocol"], "openid4vp-v1-signed");
    assert!(shown["qr"]["path"].as_str().unwrap().starts_with('M'));
    // The names of the session on the verifier's own side stay there.
    assert!(!got.text().contains(created["id"].as_str().unwrap()));

    let events = path(&shown["events_url"]);
    for place in [at.as_str(), events.as_str()] {
        let got = from(&world, Method::GET, place, Some(EVIL)).await;
        assert_eq!((got.status.as_u16(), got.header(READER)), (403, ""), "{place}");
        assert_eq!(from(&world, Method::GET, place, Some("null")).await.status, 403);
    }
    // A page of our own, or no browser at all.
    let got = from(&world, Method::GET, &at, None).await;
    assert_eq!((got.status.as_u16(), got.header(READER)), (200, ""));
}

#[tokio::test]
async fn an_answer_is_brought_by_scripts_of_that_website_alone() {
    let world = fixed();
    let shown = from(&world, Method::GET, &path(&page(&world).await["page_url"]), None).await.json();
    let at = path(&shown["dc_api"]["response_url"]);
    let asked = from(&world, Method::OPTIONS, &at, Some(SHOP)).await;
    assert_eq!((asked.status.as_u16(), asked.header(READER)), (204, SHOP));
    assert_eq!(asked.header("access-control-allow-methods"), "POST");
    assert_eq!(asked.header("access-control-allow-headers"), "content-type");
    for origin in [Some(EVIL), Some("null"), None] {
        let asked = from(&world, Method::OPTIONS, &at, origin).await;
        assert_eq!((asked.status.as_u16(), asked.header(READER)), (403, ""), "{origin:?}");
    }
    let nobody = from(&world, Method::OPTIONS, "/openid4vp/dc-api/nothing", Some(SHOP)).await;
    assert_eq!((nobody.status.as_u16(), nobody.header(READER)), (403, ""));

    let refusal = json!({"protocol": "openid4vp-v1-signed", "data": {"error": "access_denied"}}).to_string();
    let bring = async |origin: &str| {
        let request = Request::post(&at).header("content-type", "application/json").header("origin", origin);
        world.send(request.body(Body::from(refusal.clone())).unwrap()).await
    };
    let got = bring(EVIL).await;
    assert_eq!((got.status.as_u16(), got.header(READER)), (400, ""));
    let got = bring(SHOP).await;
    assert_eq!((got.status.as_u16(), got.header(READER)), (200, SHOP));
}

#[tokio::test]
async fn websites_are_those_of_the_configuration() {
    let world = fixed();
    for (more, status, pointer) in [
        (json!({"page": {"origins": [EVIL]}}), 422, "/page/origins"),
        (json!({"page": {"origins": [SHOP, EVIL]}}), 422, "/page/origins"),
        (json!({"page": {"origins": []}}), 422, "/page/origins"),
        (json!({"page": {"origins": [SHOP]}, "response_mode": "dc_api"}), 422, "/response_mode"),
    ] {
        let got = created(&world, more.clone()).await;
        assert_eq!((got.status.as_u16(), &got.json()["pointer"]), (status, &json!(pointer)), "{more}");
    }
    let both = json!({"page": {"origins": [SHOP]}, "dc_api": {"origins": [SHOP]}});
    assert_eq!(created(&world, both).await.status, 400);
}

#[tokio::test]
async fn a_token_is_for_one_page_and_as_long_as_its_presentation() {
    let clock = Arc::new(FixedClock::at(NOW));
    let world = world_with(Wanted::default(), Arc::new(SeededRandom::new(11)), clock.clone());
    let made = page(&world).await;
    let at = path(&made["page_url"]);
    let token = at.rsplit('/').next().unwrap().to_owned();
    // It is no name of a request, and the name of a request is no token.
    assert_eq!(world.get(&format!("/openid4vp/request/{token}")).await.status, 404);
    let name = made["request_id"].as_str().unwrap();
    for other in [name, made["id"].as_str().unwrap(), "x", &token[1..]] {
        let got = world.get(&format!("/web/presentations/{other}")).await;
        assert_eq!((got.status.as_u16(), got.header(READER)), (404, "*"), "{other}");
    }
    // Two pages have nothing to do with each other.
    let second = page(&world).await;
    assert_ne!(second["page_url"], made["page_url"]);
    let cancel = format!("/api/v1/presentations/{}/cancel", made["id"].as_str().unwrap());
    assert_eq!(world.admin(Method::POST, &cancel, None).await.status, 200);
    let shown = world.get(&at).await.json();
    assert_eq!(shown["state"], "cancelled");
    assert!(shown.get("link").is_none() && shown.get("dc_api").is_none(), "{shown}");
    assert_eq!(world.get(&path(&second["page_url"])).await.json()["state"], "created");
    clock.advance(Duration::from_secs(301));
    for page in [&made, &second] {
        assert_eq!(world.get(&path(&page["page_url"])).await.status, 404);
    }
}

#[tokio::test]
async fn the_script_is_for_every_website() {
    let world = fixed();
    let got = world.get("/assets/credenza-verify.js").await;
    assert_eq!((got.status.as_u16(), got.header(READER)), (200, "*"));
    assert_eq!(got.header("cross-origin-resource-policy"), "cross-origin");
    // Nothing that a strict policy of a website would forbid.
    for forbidden in
        ["innerHTML", "insertAdjacentHTML", "eval(", ".style.", "new Function", "document.write", "<style"]
    {
        assert!(!got.text().contains(forbidden), "{forbidden}");
    }
    assert_eq!(world.get("/assets/app.css").await.header(READER), "");
}

/// A request whose answer the browser brings to our own page.
async fn by_browser(world: &World, more: Value) -> Got {
    let mut body = json!({
        "client_id_prefix": "redirect_uri", "response_mode": "fragment", "return_to": "https://service.example/shop",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    created(world, body).await
}

/// A request of a browser with this cookie, which posts from our own page.
async fn browse(world: &World, path: &str, cookie: Option<&str>, form: Option<&str>) -> Got {
    let mut request = Request::builder().uri(path);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let request = match form {
        Some(form) => request
            .method(Method::POST)
            .header("origin", "https://service.example")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned())),
        None => request.body(Body::empty()),
    };
    world.send(request.unwrap()).await
}

#[tokio::test]
async fn an_answer_in_the_address_is_taken_from_the_browser_that_has_begun() {
    let world = fixed();
    let made = by_browser(&world, json!({})).await.json();
    let start = path(&made["start_url"]);
    let back = start.strip_suffix("/start").unwrap();
    let link = url::Url::parse(made["uri"].as_str().unwrap()).unwrap();
    let parameter = |name: &str| link.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
    assert_eq!(path(&json!(parameter("redirect_uri"))), back);
    let answer = format!("error=access_denied&state={}", parameter("state"));
    let state = async || {
        let session = format!("/api/v1/presentations/{}", made["id"].as_str().unwrap());
        world.admin(Method::GET, &session, None).await.json()["state"].clone()
    };

    let got = browse(&world, &start, None, None).await;
    assert_eq!((got.status.as_u16(), got.header("location")), (303, link.as_str()));
    let cookie = got.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(
        got.header("set-cookie").contains("; HttpOnly; SameSite=Lax; Secure"),
        "{}",
        got.header("set-cookie")
    );
    // Somebody else who has the link does not begin it again; the same browser may.
    assert_eq!(browse(&world, &start, None, None).await.status, 403);
    assert_eq!(browse(&world, &start, Some(&cookie), None).await.status, 303);

    // The cookie of another request is none for this one.
    let other = path(&by_browser(&world, json!({})).await.json()["start_url"]);
    let other = browse(&world, &other, None, None).await;
    let other = other.header("set-cookie").split(';').next().unwrap().to_owned();
    for wrong in [None, Some(other.as_str()), Some("credenza-answer=x")] {
        assert_eq!(browse(&world, back, wrong, None).await.status, 403, "{wrong:?}");
        assert_eq!(browse(&world, back, wrong, Some(&answer)).await.status, 403, "{wrong:?}");
    }
    assert_eq!(state().await, "created");
    // Nor does another website's page bring it, cookie or not.
    let foreign = Request::post(back)
        .header("origin", EVIL)
        .header("cookie", &cookie)
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.send(foreign.body(Body::from(answer.clone())).unwrap()).await.status, 403);
    assert_eq!(state().await, "created");

    let page = browse(&world, back, Some(&cookie), None).await;
    assert!(page.status == 200 && page.text().contains("/assets/answer.js"));
    assert_eq!(browse(&world, back, Some(&cookie), Some("error=access_denied&state=x")).await.status, 400);
    let got = browse(&world, back, Some(&cookie), Some(&answer)).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let next = got.json()["redirect_uri"].as_str().unwrap().to_owned();
    assert!(next.starts_with("https://service.example/shop?response_code="), "{next}");
    assert_eq!(state().await, "failed");
}

#[tokio::test]
async fn where_a_browser_may_be_sent_on() {
    let world = fixed();
    for (more, status, pointer) in [
        (json!({"return_to": "https://evil.example/"}), 422, "/return_to"),
        (json!({"redirect_uri": "https://service.example/own"}), 422, "/return_to"),
        (json!({"response_mode": "direct_post"}), 422, "/return_to"),
        (json!({"response_mode": "query"}), 201, ""),
    ] {
        let got = by_browser(&world, more.clone()).await;
        let at = got.json()["pointer"].as_str().unwrap_or_default().to_owned();
        assert_eq!((got.status.as_u16(), at.as_str()), (status, pointer), "{more}");
    }
    assert_eq!(world.get("/web/answers/nothing").await.status, 404);
    assert_eq!(world.get("/web/answers/nothing/start").await.status, 404);
}

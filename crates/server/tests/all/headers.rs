//! Headers, crawled over every route.

use axum::body::Body;
use http::{Method, Request};

use crate::fixed;
use crate::world::{Got, TOKEN, World};

/// Every route, asked without anything that would make it work; and the pages, which then do.
async fn crawl(world: &World) -> Vec<(String, Got)> {
    let mut answers = Vec::new();
    for route in world.service.route_table() {
        let path = route.path.replace("{id}", "abc").replace("{handle}", "abc").replace("{flow}", "abc");
        let path = path.replace("{name}", "app.css").replace("{list}", "abc");
        let path = path.replace("{purpose}", "revocation");
        let request = Request::builder()
            .method(route.method.clone())
            .uri(&path)
            .header("origin", "https://evil.example")
            .header("authorization", format!("Bearer {TOKEN}"));
        let got = world.send(request.body(Body::empty()).unwrap()).await;
        answers.push((format!("{} {path}", route.method), got));
    }
    for path in ["/nothing", "/api/v1/nothing", "/.well-known/nothing"] {
        answers.push((path.to_owned(), world.get(path).await));
    }
    answers
}

#[tokio::test]
async fn a30_h13_headers_of_safety_on_every_answer() {
    let world = fixed();
    for (what, got) in crawl(&world).await {
        assert!(got.status.as_u16() < 500, "{what}: {}", got.status);
        let policy = got.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{what}");
        assert!(!policy.contains("unsafe"), "{what}");
        assert_eq!(got.header("x-frame-options"), "DENY", "{what}");
        assert_eq!(got.header("x-content-type-options"), "nosniff", "{what}");
        assert!(["no-referrer", "same-origin"].contains(&got.header("referrer-policy")), "{what}");
        if !got.body.is_empty() {
            assert!(!got.header("content-type").is_empty(), "{what}");
        }
    }
}

// Clauses: VCI-7.2-03
#[tokio::test]
async fn a36_what_is_about_somebody_is_not_kept() {
    let world = fixed();
    let kept = ["/assets/", "/.well-known/", "/openapi.json", "GET /status-lists"];
    for (what, got) in crawl(&world).await {
        if !kept.iter().any(|public| what.contains(public)) && !got.body.is_empty() {
            assert!(got.header("cache-control").contains("no-store"), "{what}: {:?}", got.headers);
        }
    }
}

// Clauses: OABCP-5.6-08
#[tokio::test]
async fn h11_other_origins_read_public_documents_alone() {
    let world = fixed();
    for (what, got) in crawl(&world).await {
        let public = [
            "/.well-known/openid-credential-issuer",
            "/.well-known/oauth-authorization-server",
            "/nonce",
            "/challenge",
            "/openapi.json",
        ];
        let allowed = got.header("access-control-allow-origin");
        // Of a page that is no more, every website is told just that.
        let below = ["GET /status-lists", "GET /vct/", "GET /web/presentations/"];
        let expected =
            public.iter().any(|path| what.ends_with(path)) || below.iter().any(|path| what.starts_with(path));
        assert_eq!(allowed, if expected { "*" } else { "" }, "{what}");
        assert!(!got.headers.contains_key("access-control-allow-credentials"), "{what}");
    }
}

#[tokio::test]
async fn assets_are_told_to_be_unchanged() {
    let world = fixed();
    let got = world.get("/assets/app.css").await;
    let tag = got.header("etag").to_owned();
    assert!(got.header("content-type").starts_with("text/css"));
    let again = Request::get("/assets/app.css").header("if-none-match", &tag).body(Body::empty()).unwrap();
    let again = world.send(again).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(world.get("/assets/../Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn h12_a23_the_host_header_changes_nothing() {
    let world = fixed();
    for path in ["/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server"] {
        let honest = world.get(path).await.text();
        let spoofed = Request::get(path)
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "http")
            .header("forwarded", "host=evil.example");
        let spoofed = world.send(spoofed.body(Body::empty()).unwrap()).await.text();
        assert_eq!(honest, spoofed);
        assert!(!spoofed.contains("evil.example"));
    }
    let offer = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/offers")
        .header("host", "evil.example")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json")
        .body(Body::from(r#"{"credentials":[{"type":"pid","claims":{"given_name":"Ada"}}]}"#))
        .unwrap();
    let offer = world.send(offer).await;
    assert_eq!(offer.status, 201);
    assert!(!offer.text().contains("evil"));
}

//! What proxies do.

use std::sync::{Arc, Mutex};

use credenza::core::Outcome;
use http::Response;
use serde_json::{Value, json};

use super::proxy::{Fault, Got, own};
use super::world::{World, fails, told};

fn is_metadata(path: &str) -> bool {
    path.starts_with("/.well-known/openid-credential-issuer")
}

fn is_server_metadata(path: &str) -> bool {
    path.starts_with("/.well-known/oauth-authorization-server")
}

/// Changes JSON on its way.
fn rewrite(which: fn(&str) -> bool, change: fn(&mut Value)) -> Fault {
    Fault::after(move |path, got| {
        if let Some(mut value) = serde_json::from_slice::<Value>(got.body()).ok().filter(|_| which(path)) {
            change(&mut value);
            *got.body_mut() = value.to_string().into_bytes();
        }
    })
}

/// A header of answers is another one, or none.
fn answers(name: &'static str, value: Option<&'static str>) -> Fault {
    Fault::after(move |_, got| {
        got.headers_mut().remove(name);
        if let Some(value) = value {
            got.headers_mut().insert(name, value.parse().unwrap());
        }
    })
}

/// A header of requests does not get through.
fn loses(name: &'static str) -> Fault {
    Fault::before(move |sent| {
        sent.headers_mut().remove(name);
        None
    })
}

/// Nothing is at the paths that begin so.
fn hides(path: &'static str) -> Fault {
    Fault::before(move |sent| sent.uri().path().starts_with(path).then(|| own(404)).flatten())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_not_reached() {
    let mut world = World::plain().await;
    let listen = format!("127.0.0.1:{}", world.listen);
    world.proxy.does(Fault::before(|_| own(502)));
    let report = world.examined().await;
    fails(&report, "doctor.reach", &format!("let the proxy lead to {listen}"));
    world.proxy.does(Fault::before(|_| {
        Some(
            Response::builder()
                .status(301)
                .header("location", "https://elsewhere.example/")
                .body(Vec::new())
                .unwrap(),
        )
    }));
    fails(&world.examined().await, "doctor.redirect", "redirect");
    world.service.kill();
    world.proxy.does(Fault::none());
    fails(&world.examined().await, "doctor.reach", &format!("nothing answers at {listen}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_not_as_it_should_be() {
    let world = World::plain().await;
    world.proxy.does(Fault::after(|path, got| {
        if path == "/readyz" {
            *got.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        }
    }));
    fails(&world.examined().await, "doctor.ready", "`database`");

    // Far in the past, whenever the test runs.
    world.proxy.does(answers("date", Some("Tue, 15 Nov 1994 08:12:31 GMT")));
    fails(&world.examined().await, "doctor.clock", "NTP");

    let token = world.service.token.clone();
    world.proxy.does(Fault::before(move |sent| {
        sent.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        None
    }));
    fails(&world.examined().await, "doctor.admin", "/api/v1/credential-types and /metrics");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_not_what_the_service_says() {
    let world = World::plain().await;
    world.proxy.does(hides("/.well-known"));
    fails(
        &world.examined().await,
        "doctor.metadata.path",
        "let the proxy pass /.well-known/openid-credential-issuer",
    );
    world.proxy.does(Fault::after(|path, got| {
        if is_metadata(path) {
            *got = own(200).unwrap();
        }
    }));
    fails(&world.examined().await, "doctor.metadata", "text/html");
    world.proxy.does(rewrite(is_metadata, |value| {
        value["nonce_endpoint"] = "http://10.0.0.7:8080/nonce".into();
    }));
    fails(&world.examined().await, "doctor.endpoints", "http://10.0.0.7:8080/nonce");
    world
        .proxy
        .does(rewrite(is_metadata, |value| value["credential_issuer"] = "https://other.example".into()));
    fails(&world.examined().await, "doctor.issuer", "https://other.example");
    world.proxy.does(loses("accept"));
    fails(&world.examined().await, "doctor.vary", "Vary");
    world.proxy.does(Fault::after(|path, got| {
        if is_metadata(path) && got.headers()["content-type"] == "application/jwt" {
            let place = got.body().len() - 20;
            got.body_mut()[place] = if got.body()[place] == b'A' { b'B' } else { b'A' };
        }
    }));
    fails(&world.examined().await, "doctor.metadata.signed", "signature");

    world.proxy.does(hides("/.well-known/oauth"));
    fails(&world.examined().await, "doctor.server.path", "404");
    world.proxy.does(rewrite(is_server_metadata, |value| value["issuer"] = "https://other.example".into()));
    fails(&world.examined().await, "doctor.server.issuer", "https://other.example");
    world.proxy.does(rewrite(is_server_metadata, |value| {
        let token = value["token_endpoint"].as_str().unwrap().to_owned();
        value["jwks_uri"] = format!("{token}/jwks").into();
    }));
    fails(&world.examined().await, "doctor.server.jwks", "/token/jwks");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_changed_on_their_way() {
    let world = World::plain().await;
    world.proxy.does(answers("content-encoding", Some("br")));
    fails(&world.examined().await, "doctor.compression", "comes as br");
    world.proxy.does(answers("access-control-allow-origin", None));
    told(&world.examined().await, "doctor.cors", Outcome::Warned, "Access-Control-Allow-Origin");
    world.proxy.does(answers("cache-control", Some("public, max-age=60")));
    fails(&world.examined().await, "doctor.nonce.no-store", "max-age=60");
    world.proxy.does(answers("www-authenticate", None));
    fails(&world.examined().await, "doctor.header.www-authenticate", "headers of answers");
    world.proxy.does(Fault::after(|path, got| {
        if path == "/token" && got.status().is_client_error() {
            *got = own(400).unwrap();
        }
    }));
    fails(&world.examined().await, "doctor.errors", "proxy_intercept_errors");

    let kept: Arc<Mutex<Option<Got>>> = Arc::default();
    world.proxy.does(Fault::after(move |path, got| {
        if path == "/nonce" {
            *got = kept.lock().unwrap().get_or_insert_with(|| got.clone()).clone();
        }
    }));
    fails(&world.examined().await, "doctor.nonce.fresh", "the same one came twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_changed_on_their_way() {
    let world = World::plain().await;
    world.proxy.does(loses("dpop"));
    fails(&world.examined().await, "doctor.header.dpop", "DPoP");
    world.proxy.does(Fault::before(|sent| {
        if sent.uri().path() == "/credential" {
            sent.headers_mut().remove("authorization");
        }
        None
    }));
    fails(&world.examined().await, "doctor.header.authorization", "Authorization");
    world.proxy.does(Fault::before(|sent| (sent.body().len() > 100 * 1024).then(|| own(413)).flatten()));
    fails(&world.examined().await, "doctor.body", "client_max_body_size");
    world.proxy.does(Fault::before(|sent| {
        let long = sent.headers().values().any(|value| value.len() > 4096);
        long.then(|| own(431)).flatten()
    }));
    fails(&world.examined().await, "doctor.head", "431");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nonce_for_proofs_is_lost() {
    let more = "[authorization]\npublic_clients = true\ndpop = { required = true, nonce = true }";
    let world = World::start(("http", "127.0.0.1", ""), None, more).await;
    let report = world.examined().await;
    assert!(report.ok(), "{report}");
    world.proxy.does(answers("dpop-nonce", None));
    fails(&world.examined().await, "doctor.header.dpop-nonce", "DPoP-Nonce");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_plane_is_apart() {
    let admin = crate::world::free_port();
    let more = format!("listen = \"127.0.0.1:{admin}\"");
    let world = World::start_with(("http", "127.0.0.1", ""), None, |text| {
        text.replacen("[admin]\n", &format!("[admin]\n{more}\n"), 1)
    });
    let world = world.await;
    let report = world.examined().await;
    assert!(report.ok(), "{report}");
    assert!(super::ids(&report, Outcome::Passed).contains(&"doctor.request"), "{report}");
    let file = world.service.folder.path().join("credenza.toml");
    let at = ["load", "--config", file.to_str().unwrap(), "--token", &world.service.token, "--wallets", "1"];
    let text = crate::world::good(&[&at[..], &["--rate", "2", "--duration", "1s"]].concat());
    assert!(text.trim_end().ends_with("✓ 0 errors"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_not_served() {
    let world = World::plain().await;
    world.issue().await;
    world.proxy.does(hides("/status-lists"));
    fails(&world.examined().await, "doctor.status", "404");
    world.proxy.does(rewrite(|path| path == "/vct/card", |value| value["name"] = json!("Karte")));
    fails(&world.examined().await, "doctor.types", "/vct/card");
    world.proxy.does(hides("/vct"));
    fails(&world.examined().await, "doctor.types", "404");
    world.proxy.does(hides("/openid4vp/request"));
    fails(&world.examined().await, "doctor.request", "a wallet stops");
    world.proxy.does(hides("/api"));
    fails(&world.examined().await, "doctor.request", "--token");
}

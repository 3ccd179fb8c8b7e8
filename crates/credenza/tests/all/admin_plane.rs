//! The admin plane of a real service: a listener of its own, tokens with roles, an audit log that stays.

use credenza::core::b64;
use credenza::crypto::hash::sha256;
use http::Method;
use serde_json::{Value, json};

use crate::world::{Service, answer, bad, call, free_port, pid_offer, send};

const SHOP: &str = "the token of the shop";

fn tokens(listen: u16) -> String {
    let hash = b64::encode(sha256(SHOP.as_bytes()));
    format!(
        "listen = \"127.0.0.1:{listen}\"\naudit = true\n\n[[admin.tokens]]\nname = \"shop\"\nsha256 = \"{hash}\"\n\
         roles = [\"verify\"]\n"
    )
}

#[tokio::test]
async fn a_listener_of_its_own_roles_and_an_audit_log_that_survives_a_kill() {
    let port = free_port();
    let mut service = Service::start_with("127.0.0.1", |_, text| {
        text.replace("\n[issuer]\n", &format!("{}\n[issuer]\n", tokens(port)))
    });
    let inside = format!("http://127.0.0.1:{port}");
    let ask = async |token: &str, method: Method, path: &str, body: Option<Value>| {
        answer(&send(call(&inside, token, method, path, body)).await.unwrap())
    };
    let token = service.token.clone();

    // The world finds no admin plane, and whoever asks for it learns nothing from the answer.
    for path in ["/offers", "/credential-types", "/audit"] {
        assert_eq!(service.api(Method::GET, path, None).await.0, 404, "{path}");
    }
    let get = |url: String| send(http::Request::get(url).body(Vec::new()).unwrap());
    assert_eq!(get(format!("{}/metrics", service.url)).await.unwrap().status(), 404);
    assert_eq!(get(format!("{}/readyz", service.url)).await.unwrap().status(), 200);
    let metadata = format!("{}/.well-known/openid-credential-issuer", service.url);
    assert_eq!(get(metadata).await.unwrap().status(), 200);
    assert_eq!(get(format!("{inside}/.well-known/openid-credential-issuer")).await.unwrap().status(), 404);
    assert_eq!(get(format!("{inside}/readyz")).await.unwrap().status(), 200);

    let (status, refused) = ask(SHOP, Method::POST, "/offers", Some(pid_offer(&json!({})))).await;
    assert_eq!(status, 403, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("`issue`"), "{refused}");
    assert_eq!(ask(SHOP, Method::POST, "/presentations", Some(json!({"query": "nothing"}))).await.0, 422);
    let (status, offer) = ask(&token, Method::POST, "/offers", Some(pid_offer(&json!({})))).await;
    assert_eq!(status, 201, "{offer}");
    assert!(offer["offer_uri"].as_str().unwrap().starts_with(&service.url), "for wallets: {offer}");

    service.restart();
    let (_, log) = ask(&token, Method::GET, "/audit", None).await;
    let entries = log["entries"].as_array().unwrap();
    let of = |who: &str| {
        let found = entries.iter().find(|one| one["token"] == who).unwrap();
        (found["action"].clone(), found["object"].clone(), found["status"].clone())
    };
    assert_eq!(entries.len(), 2, "{log}");
    assert_eq!(of("admin"), (json!("POST /api/v1/offers"), offer["id"].clone(), json!(201)));
    assert_eq!(of("shop"), (json!("POST /api/v1/presentations"), Value::Null, json!(422)));
    assert!(!log.to_string().contains("Mustermann"));
    assert_eq!(ask(SHOP, Method::GET, "/audit", None).await.0, 403);
    assert!(service.stop().success(), "both listeners end");
}

#[test]
fn mistakes_in_the_configuration_of_the_admin_plane_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    crate::world::good(&["init", "--dir", home, "--url", "https://issuer.example"]);
    let file = folder.path().join("credenza.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let good = tokens(7778);
    for (from, to, say) in [
        ("127.0.0.1:7778", "7778", "admin.listen"),
        ("\"shop\"", "\"admin\"", "admin.tokens.name"),
        ("\"shop\"", "\"the shop\"", "admin.tokens.name"),
        ("sha256 = \"", "sha256 = \"x", "admin.tokens.sha256"),
        ("[\"verify\"]", "[]", "admin.tokens.roles"),
        ("[\"verify\"]", "[\"everything\"]", "unknown variant"),
        (
            "[[admin.tokens]]",
            "[webhooks]\ninternal_hosts = [\"a b\"]\n\n[[admin.tokens]]",
            "webhooks.internal_hosts",
        ),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good);
        std::fs::write(&file, text.replace("\n[issuer]\n", &format!("{changed}\n[issuer]\n"))).unwrap();
        let said = bad(2, &["serve", "--check", "--config", file.to_str().unwrap()]);
        assert!(said.contains(say), "{say}: {said}");
    }
    std::fs::write(&file, text.replace("\n[issuer]\n", &format!("{good}\n[issuer]\n"))).unwrap();
    crate::world::good(&["serve", "--check", "--config", file.to_str().unwrap()]);
}

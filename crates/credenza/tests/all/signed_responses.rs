//! Wallets that sign their responses, in earlier drafts: those of `[[verifier.wallets]]`, and no others.

use std::fs;
use std::time::Duration;

use credenza::core::{Clock as _, SystemClock, SystemRandom, b64};
use credenza::crypto::{Algorithm, Header, IdentifiedBy, JwkSet, Signer as _, SoftwareSigner, jwt};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{Service, answer, bad, form, good, send};

const WALLET: &str = "https://wallet.example";

fn key() -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap()
}

fn key_set(key: &SoftwareSigner) -> String {
    serde_json::to_string(&JwkSet { keys: vec![key.public_jwk().clone()] }).unwrap()
}

async fn signed(key: &SoftwareSigner, claims: &Value) -> String {
    jwt::sign(key, &Header::signing(key, "JWT", IdentifiedBy::Nothing), claims).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_was_agreed_with_is_heard() {
    let known = key();
    let service = Service::start_with("localhost", |folder, text| {
        fs::write(folder.join("wallet.json"), key_set(&known)).unwrap();
        let section = format!("[[verifier.wallets]]\nissuer = \"{WALLET}\"\njwks = \"wallet.json\"\n\n");
        text.replace("[status]\n", &format!("{section}[status]\n"))
    });
    let more = json!({
        "dialect": "draft24", "query_language": "dcql", "client_id_prefix": "x509_san_dns",
        "response_mode": "direct_post.jwt",
    });
    let asked = service.ask(json!([{"path": ["given_name"]}]), more).await;
    let object = Request::get(asked["request_uri"].as_str().unwrap()).body(Vec::new()).unwrap();
    let object = String::from_utf8(send(object).await.unwrap().into_body()).unwrap();
    let request = b64::decode(object.split('.').nth(1).unwrap()).unwrap();
    let request: Value = serde_json::from_slice(&request).unwrap();
    let response = json!({
        "iss": WALLET,
        "aud": request["client_id"],
        "exp": (SystemClock.now() + Duration::from_secs(300)).as_secs(),
        "state": request["state"],
        "error": "access_denied",
    });
    let mut stranger = response.clone();
    stranger["iss"] = json!("https://stranger.example");
    let to = request["response_uri"].as_str().unwrap();
    for (token, rule) in [
        (signed(&known, &stranger).await, "vp.jarm.issuer"),
        (signed(&key(), &response).await, "vp.jarm.signature"),
    ] {
        let (status, refused) = answer(&send(form(to, &[("response", &token)])).await.unwrap());
        assert_eq!((status, &refused["error"]), (400, &json!("invalid_request")));
        assert!(refused["error_description"].as_str().unwrap().contains(rule), "{refused}");
    }
    let path = format!("/presentations/{}", asked["id"].as_str().unwrap());
    assert_eq!(service.api(Method::GET, &path, None).await.1["state"], "retrieved");
    let token = signed(&known, &response).await;
    let (status, _) = answer(&send(form(to, &[("response", &token)])).await.unwrap());
    assert_eq!(status, 200);
    let session = service.api(Method::GET, &path, None).await.1;
    assert_eq!(
        (&session["state"], &session["wallet_error"]["error"]),
        (&json!("failed"), &json!("access_denied"))
    );
}

#[test]
fn a_wallet_without_a_name_or_keys_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    good(&["init", "--dir", home, "--url", "https://shop.example"]);
    let file = folder.path().join("credenza.toml");
    let text = fs::read_to_string(&file).unwrap();
    let signer = key();
    let private = format!("{{\"keys\": [{}]}}", signer.to_private_jwk().expose());
    for (name, content) in
        [("good.json", &*key_set(&signer)), ("empty.json", "{\"keys\": []}"), ("private.json", &private)]
    {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let with = |wallets: &str| {
        let text = text.replace("[verifier]\n", &format!("[verifier]\nwallets = [{wallets}]\n"));
        fs::write(&file, text).unwrap();
    };
    let check = ["serve", "--check", "--config", file.to_str().unwrap()];
    let one = |issuer: &str, jwks: &str| format!("{{ issuer = \"{issuer}\", jwks = \"{jwks}\" }}");
    with(&one(WALLET, "good.json"));
    good(&check);
    for (wallets, setting) in [
        (one(WALLET, "none.json"), "verifier.wallets.jwks"),
        (one(WALLET, "empty.json"), "verifier.wallets.jwks"),
        (one(WALLET, "private.json"), "verifier.wallets.jwks"),
        (one("", "good.json"), "verifier.wallets.issuer"),
        ([one(WALLET, "good.json"), one(WALLET, "good.json")].join(", "), "verifier.wallets.issuer"),
    ] {
        with(&wallets);
        let said = bad(2, &check);
        assert!(said.contains(setting), "{wallets}: {said}");
        assert!(!said.contains("\"d\""));
    }
}

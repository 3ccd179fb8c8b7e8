//! Interactive Authorization between processes (OID4VCI 1.1 §6): a credential that is shown inside of the authorization
//! gives another one, and nobody opens a browser.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::world::{Service, answer, credenza, form, good, run, send};

/// A service whose members show who they are, by this query.
fn service_with(interactive: &str, query: &str, subject: &str) -> Service {
    Service::start_with("127.0.0.1", |folder, mut text| {
        let claim = |name: &str| json!({ "path": [name], "mandatory": true });
        let member = json!({
            "id": "member",
            "format": "dc+sd-jwt",
            "vct": "urn:example:member",
            "scope": "member",
            "claims": [claim("given_name"), claim("family_name")],
        });
        std::fs::write(folder.join("credential-types/member.json"), member.to_string()).unwrap();
        text.push_str(&format!(
            r#"
[authorization]
public_clients = true
{interactive}

[authorization.presentation]
name = "Show your ID"
query = "{query}"
subject = "{subject}/family_name"
holder_key = "any"

[authorization.presentation.claims.member]
given_name = "{subject}/given_name"
family_name = "{subject}/family_name"
"#
        ));
        text
    })
}

fn service(interactive: &str) -> Service {
    service_with(interactive, "pid-name", "/pid")
}

/// A wallet with person identification data.
async fn holder(service: &Service) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let offer = service.offer(json!({})).await;
    good(&["wallet", "--home", at(&home), "accept", "--yes", offer["uri"].as_str().unwrap()]);
    home
}

fn trust(service: &Service, home: &tempfile::TempDir) {
    good(&["wallet", "--home", at(home), "trust", "add", service.root().to_str().unwrap()]);
}

fn at(home: &tempfile::TempDir) -> &str {
    home.path().to_str().unwrap()
}

fn ask(service: &Service, home: &tempfile::TempDir) -> Output {
    run(&["wallet", "--home", at(home), "ask", &service.url, "member", "--yes", "--json", "--no-browser"])
}

/// Asks, and waits until a browser would be needed.
fn needs_a_browser(service: &Service, home: &tempfile::TempDir) {
    let asks =
        ["wallet", "--home", at(home), "ask", &service.url, "member", "--yes", "--json", "--no-browser"];
    let mut process = credenza(&asks).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let line = lines.find(|line| line.as_ref().unwrap().contains("/authorize?"));
    process.kill().unwrap();
    process.wait().unwrap();
    let mut said = String::new();
    process.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(line.is_some(), "{said}");
}

fn received(service: &Service, home: &tempfile::TempDir) -> String {
    let output = ask(service, home);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    assert!(!errors.contains("/authorize?"), "{errors}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    good(&["wallet", "--home", at(home), "show", said["credentials"][0]["id"].as_str().unwrap()])
}

#[tokio::test]
async fn a_credential_that_is_shown_inside_gives_another_one() {
    let service = service("interactive = true");
    let home = holder(&service).await;
    trust(&service, &home);
    let shown = received(&service, &home);
    assert!(shown.contains("urn:example:member"), "{shown}");
    assert!(shown.contains("Erika") && shown.contains("Mustermann"), "{shown}");
    // What was shown inside is a session of the verifier like any other.
    let (_, events) = service.api(http::Method::GET, "/presentations", None).await;
    assert!(events.to_string().contains("verified"), "{events}");
}

/// A wallet that makes a key for each copy gets nothing where nobody has said that any key will do.
#[tokio::test]
async fn i04_the_key_of_what_was_shown_is_demanded_unless_said() {
    let mut service = service("interactive = true");
    let config = service.folder.path().join("credenza.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains("holder_key = \"any\"\n"));
    std::fs::write(&config, text.replace("holder_key = \"any\"\n", "")).unwrap();
    service.restart();
    let home = holder(&service).await;
    trust(&service, &home);
    let refused = ask(&service, &home);
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(!refused.status.success() && said.contains("vci.proof.holder"), "{said}");
}

/// A query that is stored over the API is asked as it is when somebody comes; until then there is none.
#[tokio::test]
async fn what_is_asked_can_be_stored_over_the_api() {
    let service = service_with("interactive = true", "our-members", "/id");
    let home = holder(&service).await;
    trust(&service, &home);
    let early = ask(&service, &home);
    let said = String::from_utf8_lossy(&early.stdout).into_owned();
    assert!(!early.status.success() && said.contains("temporarily_unavailable"), "{said}");
    let names = ["given_name", "family_name"].map(|name| json!({ "path": [name] }));
    let id = json!({ "id": "id", "format": "dc+sd-jwt", "meta": { "vct_values": ["urn:eudi:pid:1"] }, "claims": names });
    let query =
        json!({ "name": "Members", "explains": "Your names.", "dcql_query": { "credentials": [id] } });
    let (status, said) = service.api(http::Method::PUT, "/queries/our-members", Some(query)).await;
    assert!((200..300).contains(&status), "{said}");
    assert!(received(&service, &home).contains("Mustermann"));
}

#[tokio::test]
async fn a_browser_is_left_for_whoever_has_nothing_to_show_or_trusts_nobody() {
    let service = service("interactive = true");
    let empty = tempfile::tempdir().unwrap();
    needs_a_browser(&service, &empty);
    // With nobody there, nothing is shown to a verifier that nobody vouches for.
    let home = holder(&service).await;
    needs_a_browser(&service, &home);
}

#[tokio::test]
async fn it_is_off_unless_the_configuration_says_so() {
    let service = service("");
    let known = send(
        http::Request::get(format!("{}/.well-known/oauth-authorization-server", service.url))
            .body(Vec::new())
            .unwrap(),
    );
    let (status, metadata) = answer(&known.await.unwrap());
    assert_eq!(status, 200);
    assert!(metadata.get("authorization_challenge_endpoint").is_none(), "{metadata}");
    let asked =
        send(form(&format!("{}/authorize-challenge", service.url), &[("client_id", "x")])).await.unwrap();
    assert_eq!(asked.status(), 404);
    let home = holder(&service).await;
    trust(&service, &home);
    needs_a_browser(&service, &home);
}

/// By hand: the messages, and what a stranger gets.
#[tokio::test]
async fn i09_a_session_is_good_once_and_says_who_asks() {
    let service = service("interactive = true");
    let endpoint = format!("{}/authorize-challenge", service.url);
    let challenge = credenza::oauth::pkce::challenge(crate::signing_in::VERIFIER);
    let first = [
        ("response_type", "code"),
        ("client_id", "a wallet"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("scope", "member"),
        ("interaction_types_supported", "urn:openid:dcp:ia:openid4vp_presentation"),
    ];
    let response = send(form(&endpoint, &first)).await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let (status, required) = answer(&response);
    assert_eq!((status, required["error"].as_str()), (401, Some("insufficient_authorization")), "{required}");
    assert!(required["openid4vp_request"]["request"].is_string(), "{required}");
    let session = required["auth_session"].as_str().unwrap();
    let no = [("auth_session", session), ("openid4vp_response", r#"{"error":"access_denied"}"#)];
    for expected in ["access_denied", "invalid_session"] {
        let (status, refused) = answer(&send(form(&endpoint, &no)).await.unwrap());
        assert_eq!((status, refused["error"].as_str()), (400, Some(expected)), "{refused}");
    }
}

//! The authorization endpoint as a person meets it: signing in, agreeing, and giving up.

use axum::body::Body;
use credenza_oauth::{form, pkce};
use credenza_server::Pages;
use http::Request;
use serde_json::{Value, json};

use crate::pages::Browser;
use crate::wallet_plane::offer;
use crate::world::{Got, TOKEN, Wanted, World, ada};
use crate::{fixed, fixed_with};

const FORM: &str = "application/x-www-form-urlencoded";
const VERIFIER: &str = "dBjftJeZ4CVP-mBOMR7u3LFc2yYKn9n0Jb0e1f4wXyZ";
pub(crate) const CALLBACK: &str = "https://wallet.example/cb?x=1";

fn query(client_id: &str, redirect_uri: &str, more: &[(&str, &str)]) -> String {
    let challenge = pkce::challenge(VERIFIER);
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect_uri),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("scope", "pid"),
        ("state", "the state"),
    ];
    parameters.extend(more);
    form::encode(&parameters)
}

pub(crate) fn request() -> String {
    format!("/authorize?{}", query("wallet", CALLBACK, &[]))
}

/// The value of a hidden field of a page.
pub(crate) fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no {name} in {page}")).1;
    rest.split_once('"').unwrap().0.to_owned()
}

pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

pub(crate) async fn post(browser: &mut Browser<'_>, page: &str, to: &str, more: &[(&str, &str)]) -> Got {
    let (csrf, interaction) = (field(page, "csrf"), field(page, "interaction"));
    let mut fields = vec![("csrf", &*csrf), ("interaction", &*interaction)];
    fields.extend(more);
    browser.form(to, &fields).await
}

const RIGHT: [(&str, &str); 2] = [("name", "ada"), ("password", "lovelace")];

/// Signs in, and comes to the question.
async fn signed_in(browser: &mut Browser<'_>, path: &str) -> Got {
    let login = browser.get(path).await.text();
    let answer = post(browser, &login, "/authorize/login", &RIGHT).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.header("location").starts_with("/authorize/decide?interaction="));
    let to = answer.header("location").to_owned();
    browser.get(&to).await
}

pub(crate) async fn token(world: &World, code: &str, redirect_uri: &str) -> Got {
    let form = form::encode(&[
        ("grant_type", "authorization_code"),
        ("client_id", "wallet"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ]);
    world.post("/token", FORM, form).await
}

// Clauses: OABCP-5.1-08, OABCP-7.12-01, OABCP-7.12-02, OABCP-7.16-01, OABCP-7.16-02, OABCP-7.2.4-01
#[tokio::test]
async fn a13_a30_somebody_signs_in_agrees_and_the_wallet_gets_a_code() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let login = browser.get(&request()).await;
    assert_eq!(login.status, 200);
    assert!(login.text().contains("type=\"password\"") && login.text().contains("autocomplete=\"username\""));
    let consent = signed_in(&mut browser, &request()).await;
    let text = consent.text();
    assert!(text.contains("Give The Wallet a credential?") && text.contains("Person identification data"));
    assert!(text.contains("Ada Lovelace") && text.contains("The answer goes to wallet.example."));
    let policy = consent.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://wallet.example;"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    assert_eq!(consent.header("cache-control"), "no-store");
    let answer = post(&mut browser, &text, "/authorize/approve", &[]).await;
    let url = answer.header("location");
    assert_eq!(answer.status, 303);
    assert!(url.starts_with(&format!("{CALLBACK}&code=")), "{url}");
    assert_eq!(parameter(url, "state").as_deref(), Some("the state"));
    assert_eq!(parameter(url, "iss").as_deref(), Some("https://service.example"));
    let answer = token(&world, &parameter(url, "code").unwrap(), CALLBACK).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    // It was decided.
    let again = post(&mut browser, &text, "/authorize/approve", &[]).await;
    assert_eq!(again.status, 400);
    assert!(again.text().contains("answered before"));
}

#[tokio::test]
async fn as_063_cancelling_needs_no_name() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let login = browser.get(&request()).await.text();
    let answer = post(&mut browser, &login, "/authorize/deny", &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.header("location"),
        format!("{CALLBACK}&error=access_denied&state=the+state&iss=https%3A%2F%2Fservice.example")
    );
    let consent = signed_in(&mut browser, &request()).await.text();
    let answer = post(&mut browser, &consent, "/authorize/deny", &[]).await;
    assert_eq!(parameter(answer.header("location"), "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a32_wrong_names_and_wrong_passwords_look_alike_and_guessing_stops() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let login = browser.get(&request()).await.text();
    let mut told = Vec::new();
    for (name, password) in
        [("ada", "guessed-one"), ("eve", "lovelace"), ("", ""), ("ada", &"x".repeat(1000))]
    {
        let fields = [("name", name), ("password", password)];
        let answer = post(&mut browser, &login, "/authorize/login", &fields).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.text().contains(password) || password.is_empty() || password == "lovelace");
        told.push(answer.text().contains("The name or the password is wrong."));
    }
    assert_eq!(told, [true; 4]);
    for _ in 0..3 {
        post(&mut browser, &login, "/authorize/login", &[("name", "ada"), ("password", "wrong")]).await;
    }
    let late = post(&mut browser, &login, "/authorize/login", &RIGHT).await;
    assert!(late.text().contains("too many wrong tries"));
}

#[tokio::test]
async fn a29_a31_forms_are_our_own_and_the_session_is_new() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let login = browser.get(&request()).await.text();
    let before = browser.cookie("/authorize");
    assert!(before.starts_with("__Secure-credenza-guest="));
    // Elsewhere the cookie is not sent.
    assert_eq!(browser.cookie("/issue"), "");
    let consent = signed_in(&mut browser, &request()).await.text();
    assert_ne!(before, browser.cookie("/authorize"));
    let interaction = field(&consent, "interaction");
    let (old, new) = (field(&login, "csrf"), field(&consent, "csrf"));
    for path in ["/authorize/approve", "/authorize/deny", "/authorize/login", "/authorize/logout"] {
        for csrf in ["", "x", &old] {
            let got = browser.form(path, &[("csrf", csrf), ("interaction", &interaction)]).await;
            assert_eq!(got.status, 403, "{path} {csrf}");
        }
        let body = form::encode(&[("csrf", &new), ("interaction", &interaction)]);
        for origin in ["https://evil.example", "null", ""] {
            let request = Request::post(path)
                .header("cookie", browser.cookie("/authorize"))
                .header("content-type", FORM)
                .header("origin", origin);
            let got = world.send(request.body(Body::from(body.clone())).unwrap()).await;
            assert_eq!(got.status, 403, "{path} {origin}");
        }
        assert_eq!(world.get(path).await.status, 405, "{path}");
    }
    // Without the cookie nobody has signed in; the token of another browser is nobody's.
    let mut other = Browser::new(&world);
    let theirs = other.get(&request()).await.text();
    let fields = [("csrf", &*field(&theirs, "csrf")), ("interaction", &*interaction)];
    let got = other.form("/authorize/approve", &fields).await;
    assert!(got.header("location").starts_with("/authorize/decide?"), "{:?}", got.headers);
    assert!(other.get(got.header("location")).await.text().contains("type=\"password\""));
    // All the same the person themselves can still agree.
    let answer = post(&mut browser, &consent, "/authorize/approve", &[]).await;
    assert!(parameter(answer.header("location"), "code").is_some());
}

#[tokio::test]
async fn a31_somebody_else_can_sign_in() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let consent = signed_in(&mut browser, &request()).await.text();
    // Another request of the same browser asks without a login.
    assert!(browser.get(&request()).await.text().contains("Give The Wallet a credential?"));
    let out = post(&mut browser, &consent, "/authorize/logout", &[]).await;
    let to = out.header("location").to_owned();
    assert!(browser.get(&to).await.text().contains("type=\"password\""));
}

#[tokio::test]
async fn a08_a10_what_is_wrong_is_shown_and_leads_nowhere() {
    let world = fixed();
    for bad in [
        "/authorize".to_owned(),
        "/authorize?client_id=wallet&client_id=wallet".to_owned(),
        "/authorize?client_id=wallet&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax".to_owned(),
        format!("/authorize?{}", query("wallet", "https://evil.example/", &[])),
        format!("/authorize?{}", query("stranger", "javascript:alert(1)", &[])),
        "/authorize/decide?interaction=x".to_owned(),
    ] {
        let got = world.get(&bad).await;
        assert_eq!(got.status, 400, "{bad}");
        assert!(
            got.headers.get("location").is_none() && got.text().contains("class=\"notice bad\""),
            "{bad}"
        );
    }
    // A client that is known is told by its own address.
    let got = world.get(&request().replace("scope=pid", "scope=nothing")).await;
    assert_eq!(got.status, 303);
    assert_eq!(parameter(got.header("location"), "error").as_deref(), Some("invalid_scope"));
}

#[tokio::test]
async fn a10_strangers_are_shown_as_strangers_and_names_are_escaped() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let path = format!("/authorize?{}", query("<script>alert(1)</script>", "evil-app://x/", &[]));
    let consent = signed_in(&mut browser, &path).await;
    let text = consent.text();
    assert!(text.contains("Nobody knows this wallet") && text.contains("an app on this device (evil-app:)"));
    assert!(!text.contains("<script>alert"));
    assert!(consent.header("content-security-policy").contains("form-action 'self' evil-app:;"));
}

#[tokio::test]
async fn as_033_as_042_a34_the_par_endpoint_over_http() {
    let world = fixed();
    let pushed = world.post("/par", FORM, query("wallet", CALLBACK, &[])).await;
    assert_eq!((pushed.status.as_u16(), pushed.header("cache-control")), (201, "no-store"));
    let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&world);
    let path = format!("/authorize?{}", form::encode(&[("client_id", "wallet"), ("request_uri", &uri)]));
    let consent = signed_in(&mut browser, &path).await.text();
    let answer = post(&mut browser, &consent, "/authorize/approve", &[]).await;
    let code = parameter(answer.header("location"), "code").unwrap();
    assert_eq!(token(&world, &code, CALLBACK).await.status, 200);
    assert_eq!(world.get("/par").await.status, 405);
    assert_eq!(world.post("/par", "application/json", "{}").await.status, 415);
    let wrong = world.post("/par", FORM, "client_id=wallet").await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["error"]), (400, &json!("invalid_request")));
}

// Clauses: ABCA-6.1-04, ABCA-6.1-05
#[tokio::test]
async fn as_022_challenges_over_http() {
    let world = fixed();
    let got = world.post("/challenge", FORM, "").await;
    assert_eq!((got.status.as_u16(), got.header("cache-control")), (200, "no-store"));
    assert!(got.json()["attestation_challenge"].as_str().unwrap().len() > 40);
    let metadata = world.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["challenge_endpoint"], "https://service.example/challenge");
}

#[tokio::test]
async fn offers_of_the_api_lead_to_the_browser_of_one_person() {
    let world = fixed();
    let wanted = |subject: &str| {
        json!({
            "credentials": [{"type": "pid", "claims": ada()}], "grants": "authorization_code", "subject": subject,
            "delivery": "by_value",
        })
    };
    let state = |made: &Value| {
        let link =
            made["uri"].as_str().unwrap().replace("openid-credential-offer://?", "https://x.example/?");
        let offer: Value = serde_json::from_str(&parameter(&link, "credential_offer").unwrap()).unwrap();
        assert_eq!(offer["grants"].as_object().unwrap().len(), 1);
        offer["grants"]["authorization_code"]["issuer_state"].as_str().unwrap().to_owned()
    };
    for (subject, status) in [("ada", 303), ("somebody else", 400)] {
        let made = offer(&world, wanted(subject)).await;
        let path = format!("/authorize?{}", query("wallet", CALLBACK, &[("issuer_state", &state(&made))]));
        let mut browser = Browser::new(&world);
        let consent = signed_in(&mut browser, &path).await.text();
        let answer = post(&mut browser, &consent, "/authorize/approve", &[]).await;
        assert_eq!(answer.status, status, "{subject}");
        let path = format!("/api/v1/offers/{}", made["id"].as_str().unwrap());
        let session = world.admin(http::Method::GET, &path, None).await.json();
        assert_eq!(session["state"], if status == 303 { "approved" } else { "created" });
    }
}

#[tokio::test]
async fn the_pages_are_there_where_there_are_no_others_and_not_where_nobody_authorizes() {
    let off = fixed_with(Wanted { pages: Pages::Off, demo: false, ..Wanted::default() });
    assert_eq!(off.get(&request()).await.status, 200);
    assert_eq!(off.get("/assets/app.css").await.status, 200);
    assert_eq!(off.get("/issue").await.status, 404);
    let none = fixed_with(Wanted { authorization: false, ..Wanted::default() });
    for path in ["/authorize", "/authorize/decide"] {
        assert_eq!(none.get(path).await.status, 404, "{path}");
    }
    for path in ["/par", "/challenge", "/authorize/login"] {
        assert_eq!(none.post(path, FORM, "").await.status, 404, "{path}");
    }
    let grants = json!({"credentials": [{"type": "pid", "claims": ada()}], "grants": "both"});
    let refused = none.admin(http::Method::POST, "/api/v1/offers", Some(grants)).await;
    assert_eq!((refused.status.as_u16(), refused.text().contains(TOKEN)), (422, false));
}

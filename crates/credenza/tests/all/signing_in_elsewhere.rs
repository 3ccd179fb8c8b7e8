//! People who sign in elsewhere: at an OpenID Provider over HTTP, or with a credential of the wallet's. Service and wallet
//! are processes of their own; the provider is one of ours, with keys of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use credenza::core::{SystemRandom, b64};
use credenza::crypto::{Algorithm, Header, IdentifiedBy, Signer as _, SoftwareSigner, jwt};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::world::{Service, credenza, good, good_json};

/// An OpenID Provider that lets everybody in as Ada, unless it is told to do wrong.
struct Provider {
    url: String,
    signer: SoftwareSigner,
    stranger: SoftwareSigner,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    wrong: &'static str,
    nonce: String,
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = || SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().with_kid("op");
        let provider = Arc::new(Self { url, signer: key(), stranger: key(), said: Mutex::default() });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/auth", get(authorize))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&provider));
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn goes_wrong(&self, how: &'static str) {
        self.said.lock().unwrap().wrong = how;
    }

    fn wrong(&self) -> &'static str {
        self.said.lock().unwrap().wrong
    }
}

async fn metadata(State(op): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({
        "issuer": op.url, "authorization_endpoint": format!("{}/auth", op.url),
        "token_endpoint": format!("{}/token", op.url), "jwks_uri": format!("{}/jwks", op.url),
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn keys(State(op): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({"keys": [op.signer.public_jwk().to_value()]}))
}

async fn authorize(State(op): State<Arc<Provider>>, RawQuery(query): RawQuery) -> Response {
    let asked: Vec<(String, String)> = serde_urlencoded::from_str(&query.unwrap()).unwrap();
    let asked = |name: &str| asked.iter().find(|(known, _)| known == name).unwrap().1.clone();
    op.said.lock().unwrap().nonce = asked("nonce");
    let iss = if op.wrong() == "mix-up" { "https://evil.example" } else { &op.url };
    let mut answer = vec![("state", asked("state")), ("iss", iss.to_owned())];
    match op.wrong() {
        "denied" => answer.push(("error", "access_denied".to_owned())),
        "busy" => answer.push(("error", "temporarily_unavailable".to_owned())),
        _ => answer.push(("code", "c0de".to_owned())),
    }
    let back = Url::parse_with_params(&asked("redirect_uri"), answer).unwrap();
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

async fn token(State(op): State<Arc<Provider>>, headers: HeaderMap, body: String) -> Response {
    let form: Vec<(String, String)> = serde_urlencoded::from_str(&body).unwrap();
    let has = |name: &str| form.iter().any(|(known, value)| known == name && !value.is_empty());
    let known = headers["authorization"] == format!("Basic {}", b64::encode_std("credenza:s3cret"));
    if !known || !has("code_verifier") || !has("code") || op.wrong() == "away" {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut claims = json!({
        "iss": op.url, "aud": "credenza", "sub": "ada-1815", "iat": now, "exp": now + 300,
        "nonce": op.said.lock().unwrap().nonce, "name": "Ada L.", "given_name": "Ada", "family_name": "Lovelace",
        "birthdate": "1815-12-10",
    });
    let mut signer = &op.signer;
    match op.wrong() {
        "nonce" => claims["nonce"] = json!("another"),
        "aud" => claims["aud"] = json!("somebody"),
        "iss" => claims["iss"] = json!("https://evil.example"),
        "expired" => claims["exp"] = json!(now - 120),
        "key" => signer = &op.stranger,
        _ => {}
    }
    let header = Header::signing(signer, "JWT", IdentifiedBy::Kid);
    let mut token = jwt::sign(signer, &header, &claims).await.unwrap();
    if let alg @ ("none" | "HS256") = op.wrong() {
        let header = b64::encode(json!({"alg": alg, "kid": "op"}).to_string());
        token = format!("{header}.{}.{}", b64::encode(claims.to_string()), b64::encode("s3cret"));
    }
    Json(json!({"access_token": "t", "token_type": "Bearer", "id_token": token})).into_response()
}

/// A browser that follows nothing by itself, and sends its cookies to the service alone.
struct Browser<'a> {
    service: &'a Service,
    client: reqwest::Client,
    cookies: Vec<(String, String)>,
}

struct Page {
    status: u16,
    location: String,
    text: String,
}

impl<'a> Browser<'a> {
    fn new(service: &'a Service) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a browser, not a part of ours")]
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { service, client, cookies: Vec::new() }
    }

    async fn send(&mut self, url: &str, fields: Option<&[(&str, &str)]>) -> Page {
        let url = Url::parse(&self.service.url).unwrap().join(url).unwrap();
        let own = url.as_str().starts_with(&format!("{}/", self.service.url));
        let mut request = match fields {
            None => self.client.get(url),
            Some(fields) => self
                .client
                .post(url)
                .header("origin", &self.service.url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(serde_urlencoded::to_string(fields).unwrap()),
        };
        if own {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
        }
        let response = request.send().await.unwrap();
        for set in response.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let status = response.status().as_u16();
        let location = response.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap().replace("&#x2f;", "/").replace("&amp;", "&");
        Page { status, location: location.unwrap_or_default(), text }
    }

    async fn get(&mut self, url: &str) -> Page {
        self.send(url, None).await
    }

    /// Sends the form of a page.
    async fn submit(&mut self, page: &Page, to: &str, more: &[(&str, &str)]) -> Page {
        let (csrf, interaction) = (field(&page.text, "csrf"), field(&page.text, "interaction"));
        let mut fields = vec![("csrf", &*csrf), ("interaction", &*interaction)];
        fields.extend(more);
        self.send(to, Some(&fields)).await
    }

    /// From the authorization endpoint to where the way leads.
    async fn leave(&mut self, request: &str, way: &str) -> Page {
        let login = self.get(request).await;
        let interaction = field(&login.text, "interaction");
        let to = format!("/authorize/with/{way}?interaction={interaction}");
        assert!(login.text.contains(&to), "{}", login.text);
        self.get(&to).await
    }

    /// To the provider and back, to the URL at our service.
    async fn through(&mut self, request: &str) -> String {
        let left = self.leave(request, "upstream").await;
        assert_eq!(left.status, 303, "{}", left.text);
        self.get(&left.location).await.location
    }
}

/// The value of a hidden field of a page.
fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no {name} in {page}")).1;
    rest.split_once('"').unwrap().0.to_owned()
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A service that knows these ways of signing in.
fn service(ways: &str) -> Service {
    let mut service = Service::start();
    let config = service.folder.path().join("credenza.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str("\n[authorization]\npublic_clients = true\n");
    text.push_str(ways);
    std::fs::write(&config, text).unwrap();
    service.restart();
    service
}

fn with_upstream(issuer: &str) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s3cret\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, mode).unwrap();
    service(&format!(
        r#"
[authorization.upstream]
issuer = "{issuer}"
client_id = "credenza"
client_secret = "{}"
name = "Sign in with the city"

[authorization.upstream.claims.pid]
given_name = "given_name"
family_name = "/family_name"
birthdate = "birthdate"
"#,
        secret.display()
    ))
}

/// An authorization request of a wallet.
fn request() -> String {
    let challenge = credenza::oauth::pkce::challenge(crate::signing_in::VERIFIER);
    let query = serde_urlencoded::to_string([
        ("response_type", "code"),
        ("client_id", "a wallet"),
        ("redirect_uri", "https://wallet.example/cb"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("scope", "pid"),
        ("state", "the-wallets"),
    ]);
    format!("/authorize?{}", query.unwrap())
}

/// A wallet that asks for a credential and waits for the browser.
struct Asking {
    process: Child,
    url: String,
}

impl Asking {
    fn start(service: &Service, home: &str, kind: &str) -> Self {
        let asks = ["wallet", "--home", home, "ask", &service.url, kind, "--yes", "--json", "--no-browser"];
        let mut process = credenza(&asks).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.as_mut().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().unwrap().contains("/authorize?"));
        let url = line.expect("a URL to sign in at").unwrap().trim().to_owned();
        Self { process, url }
    }

    fn finish(mut self) -> Value {
        let mut said = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(self.process.wait().unwrap().success(), "{said}");
        serde_json::from_str(&said).unwrap()
    }
}

fn shown(home: &str, received: &Value) -> String {
    good(&["wallet", "--home", home, "show", received["credentials"][0]["id"].as_str().unwrap()])
}

#[tokio::test]
async fn somebody_signs_in_at_a_provider_and_its_claims_get_into_the_credential() {
    let provider = Provider::start().await;
    let service = with_upstream(&provider.url);
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    let asking = Asking::start(&service, home, "pid");
    let mut browser = Browser::new(&service);
    let login = browser.get(&asking.url).await;
    assert!(login.text.contains("Sign in with the city") && !login.text.contains("type=\"password\""));
    let back = browser.through(&asking.url).await;
    assert!(back.starts_with(&format!("{}/authorize/back/upstream?", service.url)), "{back}");
    let entered = browser.get(&back).await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    let consent = browser.get(&entered.location).await;
    assert!(consent.text.contains("Ada L."), "{}", consent.text);
    // The same answer is good once, whoever brings it.
    assert_eq!(browser.get(&back).await.status, 400);
    let done = browser.submit(&consent, "/authorize/approve", &[]).await;
    assert_eq!(browser.get(&done.location).await.status, 200);
    let received = asking.finish();
    let shown = shown(home, &received);
    assert!(shown.contains("Ada") && shown.contains("Lovelace"), "{shown}");
}

#[tokio::test]
async fn a31_the_answer_of_a_provider_is_good_in_the_browser_that_was_sent_there() {
    let provider = Provider::start().await;
    let service = with_upstream(&provider.url);
    let mut browser = Browser::new(&service);
    let back = browser.through(&request()).await;
    // Somebody else's browser, with a session of its own or without one.
    let mut other = Browser::new(&service);
    assert_eq!(other.get(&back).await.status, 400);
    other.get(&request()).await;
    assert_eq!(other.get(&back).await.status, 400);
    let made_up = back.replace("state=", "state=x");
    for wrong in [made_up, back.replace("/back/upstream", "/back/wallet"), "/authorize/back/upstream".into()]
    {
        assert_eq!(browser.get(&wrong).await.status, 400, "{wrong}");
    }
    // None of them has spoilt it.
    assert_eq!(browser.get(&back).await.status, 303);
}

#[tokio::test]
async fn what_a_provider_says_wrongly_lets_nobody_in_and_the_wallet_is_told() {
    let provider = Provider::start().await;
    let service = with_upstream(&provider.url);
    for wrong in ["nonce", "aud", "iss", "expired", "key", "none", "HS256", "mix-up"] {
        provider.goes_wrong(wrong);
        let mut browser = Browser::new(&service);
        let back = browser.through(&request()).await;
        let page = browser.get(&back).await;
        assert_eq!(page.status, 400, "{wrong}");
        assert!(page.text.contains("does not show who you are"), "{wrong}: {}", page.text);
        // They can try again, and are nobody as before.
        let again = format!("/authorize/decide?interaction={}", field(&page.text, "interaction"));
        assert!(browser.get(&again).await.text.contains("Sign in with the city"), "{wrong}");
        let given_up = browser.submit(&page, "/authorize/fail", &[("reason", "error")]).await.location;
        assert_eq!(parameter(&given_up, "error").as_deref(), Some("server_error"), "{given_up}");
        assert_eq!(parameter(&given_up, "state").as_deref(), Some("the-wallets"));
        assert_eq!(parameter(&given_up, "iss").as_deref(), Some(service.url.as_str()));
    }
    for away in ["away", "busy"] {
        provider.goes_wrong(away);
        let mut browser = Browser::new(&service);
        let back = browser.through(&request()).await;
        let page = browser.get(&back).await;
        assert_eq!(page.status, 503, "{away}");
        let reason = field(&page.text, "reason");
        let told = browser.submit(&page, "/authorize/fail", &[("reason", &reason)]).await.location;
        assert_eq!(parameter(&told, "error").as_deref(), Some("temporarily_unavailable"), "{told}");
        // It was answered.
        assert_eq!(browser.submit(&page, "/authorize/fail", &[]).await.status, 400);
    }
    provider.goes_wrong("denied");
    let mut browser = Browser::new(&service);
    let back = browser.through(&request()).await;
    let told = browser.get(&back).await.location;
    assert_eq!(parameter(&told, "error").as_deref(), Some("access_denied"), "{told}");
}

#[tokio::test]
async fn a_provider_that_nobody_answers_for_is_told_in_words() {
    let service = with_upstream(&format!("http://127.0.0.1:{}", crate::world::free_port()));
    let mut browser = Browser::new(&service);
    let page = browser.leave(&request(), "upstream").await;
    assert_eq!(page.status, 503);
    assert!(page.text.contains("asked at the moment"), "{}", page.text);
}

const WALLET_WAY: &str = r#"
[authorization.presentation]
name = "Show your ID"
query = "pid-name"
subject = "/pid/family_name"
holder_key = "any"

[authorization.presentation.claims.pid]
given_name = "/pid/given_name"
family_name = "/pid/family_name"
"#;

/// A wallet that has a credential of the service, and trusts it.
async fn holder(service: &Service, home: &str) {
    let offer = service.offer(json!({})).await;
    good(&["wallet", "--home", home, "accept", "--yes", offer["uri"].as_str().unwrap()]);
    good(&["wallet", "--home", home, "trust", "add", service.root().to_str().unwrap()]);
}

fn link(page: &str) -> String {
    let start = page.find("href=\"openid4vp").unwrap_or_else(|| panic!("no link in {page}"));
    let rest = &page[start + "href=\"".len()..];
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_credential_is_shown_to_get_another_one() {
    let query = tempfile::NamedTempFile::new().unwrap();
    let claims = ["given_name", "family_name", "birthdate"].map(|name| json!({"path": [name]}));
    let vct = json!({"vct_values": ["urn:eudi:pid:1"]});
    let pid = json!({"id": "pid", "format": "dc+sd-jwt", "meta": vct, "claims": claims});
    std::fs::write(query.path(), json!({"credentials": [pid]}).to_string()).unwrap();
    let dcql = format!("dcql_query = \"{}\"", query.path().display());
    let way = WALLET_WAY.replace("query = \"pid-name\"", &dcql);
    let service = service(&format!("{way}birthdate = \"/pid/birthdate\"\n"));
    // The wallet that shows one is busy with that alone: a vault is open once.
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (home, other) = (home.path().to_str().unwrap(), other.path().to_str().unwrap());
    holder(&service, home).await;
    let asking = Asking::start(&service, other, "pid");
    let mut browser = Browser::new(&service);
    let left = browser.leave(&asking.url, "wallet").await;
    let page = browser.get(&left.location).await;
    assert!(page.text.contains("Show your ID") && page.text.contains("<svg"), "{}", page.text);
    // Nothing was shown yet; and the page is this browser's.
    assert_eq!(Browser::new(&service).get(&left.location).await.status, 400);
    let answer = good_json(&["wallet", "--home", home, "present", &link(&page.text), "--yes", "--json"]);
    let back = answer["redirect_uri"].as_str().unwrap_or_else(|| panic!("no way back in {answer}"));
    // The wallet leads this browser back, and no other.
    assert_eq!(Browser::new(&service).get(back).await.status, 400);
    let entered = browser.get(back).await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    let consent = browser.get(&entered.location).await;
    assert!(consent.text.contains("Erika"), "{}", consent.text);
    assert_eq!(browser.get(back).await.status, 400);
    let done = browser.submit(&consent, "/authorize/approve", &[]).await;
    assert_eq!(browser.get(&done.location).await.status, 200);
    let received = asking.finish();
    let shown = shown(other, &received);
    assert!(shown.contains("Erika") && shown.contains("Mustermann"), "{shown}");
}

#[tokio::test]
async fn nobody_signs_in_with_a_credential_that_was_not_shown() {
    let service = service(WALLET_WAY);
    let mut browser = Browser::new(&service);
    let left = browser.leave(&request(), "wallet").await;
    let state = left.location.rsplit('/').next().unwrap().to_owned();
    let guessed = format!("/authorize/back/wallet?state={state}&response_code=guessed");
    assert_eq!(browser.get(&guessed).await.status, 400);
    // It was one try.
    assert_eq!(browser.get(&left.location).await.status, 400);
    let left = browser.leave(&request(), "wallet").await;
    let page = browser.get(&left.location).await;
    let gone_on = browser.submit(&page, &left.location, &[]).await;
    assert_eq!(gone_on.status, 400);
    assert!(gone_on.text.contains("does not show who you are"), "{}", gone_on.text);
}

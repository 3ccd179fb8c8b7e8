//! The pages as a browser walks through them: forms, cookies, tokens.

use axum::body::Body;
use credenza_server::Pages;
use http::Request;

use crate::wallet_plane::{offer, present, receive};
use crate::world::{Got, TOKEN, Wanted, World, ada};
use crate::{fixed, fixed_with};

/// A browser: keeps cookies by path, sends `Origin` with forms.
pub(crate) struct Browser<'a> {
    world: &'a World,
    cookies: Vec<(String, String, String)>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self { world, cookies: Vec::new() }
    }

    pub(crate) fn cookie(&self, path: &str) -> String {
        let fitting = self.cookies.iter().filter(|(_, _, below)| path.starts_with(below.as_str()));
        fitting.map(|(name, value, _)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn send(&mut self, request: http::request::Builder, path: &str, body: String) -> Got {
        let got = self
            .world
            .send(request.uri(path).header("cookie", self.cookie(path)).body(Body::from(body)).unwrap())
            .await;
        for set in got.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(
                set.contains("; HttpOnly") && set.contains("; SameSite=") && set.contains("; Secure"),
                "{set}"
            );
            let (name, rest) = set.split_once('=').unwrap();
            let path = set.split("; ").find_map(|part| part.strip_prefix("Path=")).unwrap();
            self.cookies.retain(|(known, _, below)| known != name || below != path);
            self.cookies.push((name.into(), rest.split(';').next().unwrap().into(), path.into()));
        }
        got
    }

    pub(crate) async fn get(&mut self, path: &str) -> Got {
        self.send(Request::get("/"), path, String::new()).await
    }

    pub(crate) async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Got {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post("/")
            .header("origin", "https://service.example")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request, path, body).await
    }

    /// The token in the forms of a page.
    pub(crate) async fn csrf(&mut self, page: &str) -> String {
        let text = self.get(page).await.text();
        let (_, rest) = text.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("{text}"));
        rest.split('"').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn every_page_has_its_script_and_style_from_us_and_nothing_inline() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    for path in [
        "/",
        "/issue",
        "/issue?type=diploma",
        "/verify",
        "/wallet",
        "/wallet/shown/offer-1",
        "/wallet/shown/consent-1",
        "/inspect",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let text = page.text();
        assert!(text.contains("<html lang=\"en\">") && text.contains("<main id=\"main\""), "{path}");
        for inline in ["<style", " style=", "<script>", " onclick", "javascript:", "http://", "//cdn"] {
            assert!(
                !text.contains(inline) || inline == "http://" && text.contains("http://www.w3.org"),
                "{path}: {inline}"
            );
        }
    }
    assert_eq!(browser.get("/issue?type=nothing").await.status, 404);
}

#[tokio::test]
async fn an_offer_by_hand() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let form = browser.get("/issue").await.text();
    assert!(
        form.contains("value=\"Lovelace\"")
            && form.contains("value=\"GB, IT\"")
            && form.contains("type=\"date\"")
    );
    let csrf = browser.csrf("/issue").await;
    let fields = [
        ("csrf", csrf.as_str()),
        ("type", "pid"),
        ("claim:[\"given_name\"]", "Grace"),
        ("claim:[\"nationalities\"]", "US, FR"),
        ("claim:[\"address\",\"locality\"]", "Arlington"),
        ("tx_code", "yes"),
    ];
    let made = browser.form("/issue", &fields).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let path = made.header("location").to_owned();
    let page = browser.get(&path).await.text();
    assert!(
        page.contains("Transaction code")
            && page.contains("<svg xmlns")
            && page.contains("openid-credential-offer://")
    );
    assert!(page.contains("Accept in the demo wallet") && page.contains("Opened by a wallet"));
    // The link of the page alone does not show the code.
    let stranger = Browser::new(&world).get(&path).await.text();
    assert!(stranger.contains("<svg xmlns") && !stranger.contains("Transaction code"));
    // What is missing is said, and what was typed is kept.
    let wrong = [("csrf", csrf.as_str()), ("type", "pid"), ("claim:[\"family_name\"]", "Hopper")];
    let again = browser.form("/issue", &wrong).await;
    assert_eq!(again.status, 200);
    assert!(again.text().contains("given_name") && again.text().contains("value=\"Hopper\""));
}

#[tokio::test]
async fn a_request_by_hand() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let csrf = browser.csrf("/verify").await;
    let made = browser.form("/verify", &[("csrf", &csrf), ("preset", "adult"), ("device", "cross")]).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let page = browser.get(made.header("location")).await.text();
    assert!(
        page.contains("Name and over 18")
            && page.contains("openid4vp://")
            && page.contains("Request created")
    );
    let own = r#"{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:1"]}}]}"#;
    let made = browser.form("/verify", &[("csrf", &csrf), ("preset", ""), ("dcql_query", own)]).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let wrong = browser
        .form("/verify", &[("csrf", &csrf), ("preset", ""), ("dcql_query", "{\"credentials\":<b>")])
        .await;
    assert_eq!(wrong.status, 200);
    assert!(wrong.text().contains("That did not work") && wrong.text().contains("&lt;b&gt;"));
    let same = browser.form("/verify", &[("csrf", &csrf), ("preset", "adult"), ("device", "same")]).await;
    assert_eq!(same.status, 303, "{}", same.text());
    assert_eq!(same.headers.get_all("set-cookie").iter().count(), 2);
    let done = Browser::new(&world).get("/done/abc?response_code=xyz").await.text();
    assert!(done.contains("Not in this browser"));
}

#[tokio::test]
async fn the_demo_wallet_asks_before_it_acts() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let csrf = browser.csrf("/wallet").await;
    let opened = browser
        .form("/wallet/open", &[("csrf", &csrf), ("link", "openid-credential-offer://?credential_offer=x")])
        .await;
    assert_eq!(opened.header("location"), "/wallet/shown/offer-1");
    let wrong = browser
        .form("/wallet/accept", &[("csrf", &csrf), ("offer", "offer-1"), ("tx_code", "000 000")])
        .await
        .text();
    assert!(wrong.contains("The transaction code is wrong.") && wrong.contains("name=\"tx_code\""));
    let right =
        browser.form("/wallet/accept", &[("csrf", &csrf), ("offer", "offer-1"), ("tx_code", "123456")]).await;
    assert_eq!(right.header("location"), "/wallet?said=received");
    assert!(browser.get("/wallet?said=received").await.text().contains("The credential is in your wallet."));
    let asked =
        browser.form("/wallet/open", &[("csrf", &csrf), ("link", "openid4vp://?request_uri=x")]).await;
    assert_eq!(asked.header("location"), "/wallet/shown/consent-1");
    let shared = browser
        .form("/wallet/present", &[("csrf", &csrf), ("consent", "consent-1"), ("choice:pid", "c1")])
        .await;
    assert_eq!(shared.header("location"), "/wallet?said=presented");
    let refused =
        browser.form("/wallet/open", &[("csrf", &csrf), ("link", "<script>alert(1)</script>")]).await;
    assert!(refused.text().contains("This is no request.") && !refused.text().contains("<script>alert"));
    assert!(!browser.get("/wallet?said=%3Cscript%3E").await.text().contains("<script>"));
}

#[tokio::test]
async fn a29_forms_from_elsewhere_do_nothing() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let csrf = browser.csrf("/wallet").await;
    let others = Browser::new(&world).csrf("/wallet").await;
    for path in [
        "/issue",
        "/verify",
        "/inspect",
        "/wallet/open",
        "/wallet/accept",
        "/wallet/present",
        "/wallet/decline",
        "/wallet/remove",
    ] {
        // No token, a made-up one, another visitor's.
        for token in ["", "x", others.as_str()] {
            assert_eq!(browser.form(path, &[("csrf", token)]).await.status, 403, "{path} {token}");
        }
        // The right token, from another origin, from nowhere, from a sandbox.
        for origin in
            [Some("https://evil.example"), None, Some("null"), Some("https://service.example.evil.example")]
        {
            let mut request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let got = browser.send(request, path, format!("csrf={csrf}")).await;
            assert_eq!(got.status, 403, "{path} {origin:?}");
        }
    }
    // GET changes nothing: there is no such route.
    assert_eq!(browser.get("/wallet/remove?credential=c1").await.status, 405);
}

#[tokio::test]
async fn a31_c21_pages_of_a_service_ask_for_the_token() {
    let world = fixed_with(Wanted { pages: Pages::SignIn, demo: false, ..Wanted::default() });
    let mut browser = Browser::new(&world);
    for path in
        ["/", "/issue", "/verify", "/inspect", "/issue/abc", "/verify/abc", "/verify/abc/events", "/done/abc"]
    {
        let got = browser.get(path).await;
        assert_eq!(got.status, 303, "{path}");
        assert!(got.header("location").starts_with("/login?next="), "{path}");
    }
    assert_eq!(browser.get("/wallet").await.status, 404);
    let csrf = browser.csrf("/login?next=%2Fverify").await;
    let before = browser.cookie("/");
    let wrong = browser.form("/login", &[("csrf", &csrf), ("token", "wrong"), ("next", "/verify")]).await;
    assert!(wrong.text().contains("That is not the token."));
    assert_eq!(browser.form("/issue", &[("csrf", &csrf)]).await.header("location"), "/login");
    let right =
        browser.form("/login", &[("csrf", &csrf), ("token", TOKEN), ("next", "//evil.example")]).await;
    assert_eq!((right.status.as_u16(), right.header("location")), (303, "/"));
    assert_ne!(before, browser.cookie("/"), "the session is a new one");
    assert!(browser.cookie("/").starts_with("__Host-credenza="));
    let page = browser.get("/issue").await;
    assert_eq!(page.status, 200);
    assert!(
        !page.text().contains(TOKEN)
            && page.text().contains("Sign out")
            && !page.text().contains("demo wallet")
    );
    // The token of the form before signing in is nobody's any more.
    assert_eq!(browser.form("/issue", &[("csrf", &csrf), ("type", "pid")]).await.status, 403);
    let csrf = browser.csrf("/issue").await;
    assert_eq!(browser.form("/logout", &[("csrf", &csrf)]).await.header("location"), "/login");
    assert_eq!(browser.get("/issue").await.status, 303);
}

#[tokio::test]
async fn pages_can_be_off() {
    let world =
        fixed_with(Wanted { pages: Pages::Off, demo: false, authorization: false, ..Wanted::default() });
    for path in ["/", "/issue", "/verify", "/login"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    // The page that takes answers from browsers is there all the same, and looks like one.
    assert_eq!(world.get("/assets/app.css").await.status, 200);
    assert_eq!(world.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn h08_a_panic_is_one_request_that_failed() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let csrf = browser.csrf("/wallet").await;
    for _ in 0..3 {
        let got = browser.form("/wallet/open", &[("csrf", &csrf), ("link", "openid4vp://panic")]).await;
        assert_eq!(got.status, 500);
        assert!(got.text().contains("That did not work") && !got.text().contains("canary-panic"));
    }
    assert_eq!(browser.get("/wallet").await.status, 200);
}

#[tokio::test]
async fn h12_open_pages_answer_to_their_own_name_alone() {
    let world = fixed();
    let ask = async |method: http::Method, host: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).header("host", host);
        world.send(request.body(Body::empty()).unwrap()).await
    };
    for host in ["evil.example", "service.example.evil.example", "127.0.0.1:80", "service.example:444"] {
        let got = ask(http::Method::GET, host, "/wallet?said=received").await;
        assert_eq!((got.status.as_u16(), got.body.len()), (307, 0), "{host}");
        assert_eq!(got.header("location"), "https://service.example/wallet?said=received");
        assert_eq!(ask(http::Method::POST, host, "/wallet/remove").await.status, 421);
    }
    assert_eq!(ask(http::Method::GET, "Service.Example", "/wallet").await.status, 200);
    // Wallets reach us by whatever name a proxy has made of it.
    assert_eq!(ask(http::Method::GET, "10.0.0.7", "/.well-known/openid-credential-issuer").await.status, 200);
}

/// The link on a page.
fn link(page: &str) -> String {
    let (_, rest) = page.split_once("id=\"request-link\">").unwrap();
    rest.split('<').next().unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn claims_and_report_are_for_the_browser_that_has_asked() {
    let world = fixed();
    let body = serde_json::json!({"credentials": [{"type": "pid", "claims": ada()}]});
    let (held, keys) = receive(&world, &offer(&world, body).await).await;
    let mut browser = Browser::new(&world);
    let csrf = browser.csrf("/verify").await;

    let made = browser.form("/verify", &[("csrf", &csrf), ("preset", "identity"), ("device", "cross")]).await;
    let path = made.header("location").to_owned();
    let page = browser.get(&path).await.text();
    assert!(page.contains("data-ended=\"false\""));
    assert_eq!(present(&world, &link(&page), &held[0], &keys).await, None);
    for _ in 0..2 {
        let page = browser.get(&path).await.text();
        assert!(page.contains("data-ended=\"true\"") && page.contains("Verified"), "{page}");
        for shown in ["Given name", "Ada", "Street", "1990-12-10", "sd-jwt.kb.nonce", "RFC 9901"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
    }
    let stranger = Browser::new(&world).get(&path).await.text();
    assert!(stranger.contains("data-ended=\"true\"") && !stranger.contains("Ada"));

    let made = browser.form("/verify", &[("csrf", &csrf), ("preset", "adult"), ("device", "same")]).await;
    let path = made.header("location").to_owned();
    let page = browser.get(&path).await.text();
    let back = present(&world, &link(&page), &held[1], &keys).await.unwrap();
    let back = back.strip_prefix("https://service.example").unwrap();
    assert!(Browser::new(&world).get(back).await.text().contains("Not in this browser"));
    assert!(browser.get(&path).await.text().contains("in the browser that the wallet comes back to"));
    let page = browser.get(back).await.text();
    assert!(page.contains("Verified") && page.contains("Ada") && !page.contains("Lovelace"), "{page}");
    assert!(browser.get(back).await.text().contains("Shown already"));
}

#[tokio::test]
async fn the_demo_wallet_signs_in_with_the_demo_alone() {
    let world = fixed();
    let mut browser = Browser::new(&world);
    let csrf = browser.csrf("/wallet").await;
    assert_eq!(browser.form("/wallet/sign-in", &[("offer", "o1")]).await.status, 403);
    let away = browser.form("/wallet/sign-in", &[("csrf", &csrf), ("offer", "foreign")]).await;
    assert!(away.status == 200 && away.text().contains("with the issuer of the demo alone"));
    // An answer that comes without having been asked for.
    assert!(browser.get("/wallet/signed-in?code=c").await.text().contains("was not sent to sign in"));
    let sent = browser.form("/wallet/sign-in", &[("csrf", &csrf), ("offer", "o1")]).await;
    let to =
        "https://service.example/authorize?redirect_uri=https%3A%2F%2Fservice.example%2Fwallet%2Fsigned-in";
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, to));
    assert!(browser.get("/wallet/signed-in?code=x").await.text().contains("That is another answer."));
    assert!(Browser::new(&world).get("/wallet/signed-in?code=c").await.text().contains("was not sent"));
    let back = browser.get("/wallet/signed-in?code=c").await;
    assert_eq!((back.status.as_u16(), back.header("location")), (303, "/wallet/shown/o1"));
}

//! The authorization code flow in processes of their own: a service that complies with HAIP, a wallet that somebody
//! vouches for, and a person with a browser.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use credenza::wallet::CLIENT_ID;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{Service, bad, credenza, good, good_json};

/// Somebody at a browser, who is Erika and agrees.
struct Person {
    service: String,
    client: reqwest::Client,
    cookies: Vec<(String, String)>,
}

impl Person {
    fn new(service: &Service) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a browser, not a part of ours")]
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { service: service.url.clone(), client, cookies: Vec::new() }
    }

    async fn ask(&mut self, url: &str, fields: Option<&[(&str, &str)]>) -> (StatusCode, HeaderMap, String) {
        let request = match fields {
            None => self.client.get(url),
            Some(fields) => self
                .client
                .post(url)
                .header(header::ORIGIN, &self.service)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(serde_urlencoded::to_string(fields).unwrap()),
        };
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header(header::COOKIE, cookies.join("; ")).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        for set in headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        (status, headers, response.text().await.unwrap())
    }

    async fn page(&mut self, url: &str) -> String {
        let (status, _, page) = self.ask(url, None).await;
        assert_eq!(status, 200, "{page}");
        page
    }

    /// Sends the form of a page; where that leads.
    async fn submit(&mut self, page: &str, path: &str, more: &[(&str, &str)]) -> String {
        let (csrf, interaction) = (field(page, "csrf"), field(page, "interaction"));
        let mut fields = vec![("csrf", &*csrf), ("interaction", &*interaction)];
        fields.extend(more);
        let (status, headers, page) = self.ask(&format!("{}{path}", self.service), Some(&fields)).await;
        assert_eq!(status, 303, "{page}");
        headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// Signs in and agrees; where the browser is sent with the answer.
    async fn agree(&mut self, url: &str) -> String {
        let login = self.page(url).await;
        let right = [("name", "erika"), ("password", "demo")];
        let to = self.submit(&login, "/authorize/login", &right).await;
        let consent = self.page(&format!("{}{to}", self.service)).await;
        self.submit(&consent, "/authorize/approve", &[]).await
    }
}

fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no {name} in {page}")).1;
    rest.split_once('"').unwrap().0.to_owned()
}

/// Lets a command of a wallet ask its person to sign in, who does; what it printed.
async fn with_a_person(service: &Service, arguments: &[&str]) -> Value {
    let mut wallet = credenza(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (url, rest) = {
        let mut said = BufReader::new(wallet.stderr.take().unwrap());
        let mut all = String::new();
        let url = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended: {all}");
            all.push_str(&line);
            if line.trim().starts_with("http") {
                break line.trim().to_owned();
            }
        };
        (url, said)
    };
    let mut person = Person::new(service);
    let back = person.agree(&url).await;
    assert!(back.starts_with("http://127.0.0.1:") && back.contains("/callback?code="), "{back}");
    assert!(person.page(&back).await.contains("Done."));
    let mut rest = rest;
    let (mut printed, mut said) = (String::new(), String::new());
    wallet.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    rest.read_to_string(&mut said).unwrap();
    assert!(wallet.wait().unwrap().success(), "{said}");
    serde_json::from_str(&printed).unwrap()
}

/// A service whose configuration has these lines before its sections, and this section.
fn service(profile: &str, section: &str) -> Service {
    let mut service = Service::start();
    let folder = service.folder.path();
    let file = folder.join("credenza.toml");
    let text = fs::read_to_string(&file).unwrap();
    let claims =
        json!({"pid": {"family_name": "Mustermann", "given_name": "Erika", "birthdate": "1964-08-12"}});
    fs::write(folder.join("erika.json"), claims.to_string()).unwrap();
    let section = format!(
        "\n[authorization]\n{section}\n\n[[authorization.users]]\nname = \"erika\"\nclaims = \"erika.json\"\n\
         password_hash = \"$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IGZvciBkZW1vcw$7kc6E0m9hTB+7EiUmwFZIb/eWnVA/MHGRyZpOhKQatI\"\n"
    );
    fs::write(&file, format!("{profile}\n{text}{section}")).unwrap();
    service.restart();
    service
}

fn client(authentication: &str) -> String {
    format!(
        "[[authorization.clients]]\nid = \"{CLIENT_ID}\"\nname = \"Credenza Wallet\"\n\
         redirect_uris = [\"http://127.0.0.1/callback\"]\nauthentication = \"{authentication}\""
    )
}

// Clauses: HAIP-4.2-01, HAIP-4.3-01, HAIP-4.3-02, HAIP-4.4.1-01, HAIP-4.4.1-04, HAIP-4.4.1-07, HAIP-4.4.1-08
#[tokio::test]
async fn a_wallet_with_a_provider_gets_a_credential_from_an_issuer_within_haip() {
    let folder = TempDir::new().unwrap();
    let home = folder.path().to_str().unwrap();
    let wallet = ["wallet", "--home", home, "--haip"];
    assert!(bad(2, &["wallet", "--home", home, "provider", "show"]).contains("provider new"));
    let made = good_json(&["wallet", "--home", home, "provider", "new", "--json"]);
    let root = made["root"].as_str().unwrap();
    assert!(fs::read_to_string(root).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    bad(2, &["wallet", "--home", home, "provider", "new"]);

    let section = format!("wallet_providers = [\"{root}\"]\n\n{}", client("attestation"));
    let service = service("profile = \"haip\"", &section);
    let ask = ["ask", &*service.url, "pid", "--yes", "--json", "--no-browser"];
    // A wallet within the profile takes nothing from somebody unknown: neither metadata nor credentials.
    good(&["wallet", "--home", home, "trust", "add", service.root().to_str().unwrap()]);
    let received = with_a_person(&service, &[&wallet[..], &ask[..]].concat()).await;
    assert_eq!(received["credentials"][0]["name"], "Person Identification Data");

    // It is renewed without the person, and the old copies are gone.
    let listed = good_json(&[&wallet[..], &["list", "--json"]].concat());
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["renewable"]), (1, &json!(true)));
    let id = listed[0]["id"].as_str().unwrap();
    assert!(good(&[&wallet[..], &["renew"]].concat()).contains("Nothing needs to be renewed"));
    let renewed = good_json(&[&wallet[..], &["renew", id, "--json"]].concat());
    let new = renewed["credentials"][0]["id"].as_str().unwrap();
    let listed = good_json(&[&wallet[..], &["list", "--json"]].concat());
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((listed[0]["id"].as_str().unwrap(), &listed[0]["renewable"]), (new, &json!(true)));
    assert_ne!(new, id);
    assert!(bad(2, &[&wallet[..], &["renew", id]].concat()).contains("can be renewed"));

    // Nobody vouches for another wallet: it says so before anybody signs in.
    let other = TempDir::new().unwrap();
    let other = ["wallet", "--home", other.path().to_str().unwrap()];
    bad(1, &[&other[..], &ask[..]].concat());
    bad(1, &[&other[..], &["--haip"], &ask[..]].concat());
}

#[tokio::test]
async fn what_was_promised_comes_without_signing_in_again() {
    let folder = TempDir::new().unwrap();
    let wallet = ["wallet", "--home", folder.path().to_str().unwrap()];
    let service = service("", &client("none"));
    let offer = service
        .offer(json!({"grants": "authorization_code", "credentials": [{"type": "pid", "deferral": "until_completed"}]}))
        .await;
    let accept = ["accept", offer["uri"].as_str().unwrap(), "--yes", "--json", "--no-browser"];
    let accepted = with_a_person(&service, &[&wallet[..], &accept[..]].concat()).await;
    let id = accepted["pending"][0]["id"].as_str().unwrap();
    let poll = [&wallet[..], &["poll", id, "--json"]].concat();
    assert_eq!(good_json(&poll)["pending"][0]["id"], id);
    let path = format!("/offers/{}", offer["id"].as_str().unwrap());
    let shown = service.api(http::Method::GET, &path, None).await.1;
    let deferred = shown["credentials"][0]["deferred"][0]["id"].as_str().unwrap();
    let complete = format!("/deferred/{deferred}/complete");
    let (status, told) = service.api(http::Method::POST, &complete, Some(json!({}))).await;
    assert_eq!(status, 200, "{told}");
    let received = good_json(&poll);
    // What came later is renewed as what came at once.
    let new = received["credentials"][0]["id"].as_str().unwrap();
    let listed = good_json(&[&wallet[..], &["list", "--json"]].concat());
    assert_eq!((listed[0]["id"].as_str().unwrap(), &listed[0]["renewable"]), (new, &json!(true)));
    // With the credential goes the right to renew it.
    good(&[&wallet[..], &["remove", "--yes", new]].concat());
    assert!(bad(2, &[&wallet[..], &["renew", new]].concat()).contains("can be renewed"));
}

//! An issuer that is as wrong as a test needs it: a service with nobody at it, somebody before it, and a wallet.

use std::fs;
use std::path::Path;

use http::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::between::{Between, Seen};
use crate::wallet_serve::{Serving, posted};
use crate::world::{Service, answer, free_port, good, good_json, send};

const CLAIMS: &str = include_str!("../../../../docs/certification/erika.json");
const USER: &str = "[[authorization.users]]\nname = \"erika\"\nclaims = \"erika.json\"\n\
    password_hash = \"$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IGZvciBkZW1vcw$7kc6E0m9hTB+7EiUmwFZIb/eWnVA/MHGRyZpOhKQatI\"\n\
    [authorization.automatic]\nuser = \"erika\"\n";

/// A service, somebody before it, and a wallet.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) between: Between,
    pub(crate) wallet: Serving,
    _home: TempDir,
}

impl World {
    /// With what differs in the configuration, and in the wallet's arguments.
    pub(crate) async fn new(profile: &str, authorization: &str, haip: bool, encryption: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let at = home.path().to_str().unwrap();
        let mut section = format!("\n[authorization]\n{authorization}\n");
        if haip {
            let made = good_json(&["wallet", "--home", at, "provider", "new", "--json"]);
            section.push_str(&format!("wallet_providers = [{}]\n", made["root"]));
        }
        let method = if haip { "attestation" } else { "none" };
        section.push_str(&format!(
            "[[authorization.clients]]\nid = \"credenza-wallet\"\nauthentication = \"{method}\"\n\
             redirect_uris = [\"http://127.0.0.1/callback\"]\n{USER}"
        ));
        let to = free_port();
        let service = Service::start_with("127.0.0.1", |folder, text| {
            fs::write(folder.join("erika.json"), CLAIMS).unwrap();
            later(folder);
            let text = behind(&text, to);
            let text = if encryption { text } else { without(&text, "[issuer.encryption]", "[verifier]") };
            format!("{profile}\n{text}{section}")
        });
        let from = service.url.rsplit_once(':').unwrap().1.parse().unwrap();
        let between = Between::start(from, to).await;
        good(&["wallet", "--home", at, "trust", "add", service.root().to_str().unwrap()]);
        let wallet = Serving::start(at, if haip { &["--haip"] } else { &[] });
        Self { service, between, wallet, _home: home }
    }

    /// Lets the wallet ask for a credential; the answer, and what it has asked meanwhile.
    pub(crate) async fn issue(&self, configuration: &str) -> (u16, Value, Vec<Seen>) {
        self.between.take();
        let body = json!({"issuer": self.service.url, "configuration": configuration});
        let response = send(posted(&format!("{}/issue", self.wallet.url), &body)).await.unwrap();
        let (status, got) = answer(&response);
        (status, got, self.between.take())
    }

    /// Offers something; the page that the wallet shows, and what it has asked meanwhile.
    pub(crate) async fn offered(&self, offer: Value) -> (u16, String, Vec<Seen>) {
        let offer = self.service.api(Method::POST, "/offers", Some(offer)).await.1;
        let query = offer["uri"].as_str().unwrap_or_else(|| panic!("{offer}")).split_once('?').unwrap().1;
        self.between.take();
        let url = format!("{}/offer?{query}", self.wallet.url);
        let response = send(Request::get(url).body(Vec::new()).unwrap()).await.unwrap();
        let page = String::from_utf8(response.body().clone()).unwrap();
        (response.status().as_u16(), page, self.between.take())
    }
}

/// The example's type that is promised first.
fn later(folder: &Path) {
    let text = include_str!("../../../../docs/certification/pid-later.json");
    fs::write(folder.join("credential-types/pid-later.json"), text).unwrap();
}

/// The configuration for another port than that of its URL.
fn behind(text: &str, port: u16) -> String {
    let line = text.lines().find(|line| line.starts_with("listen")).unwrap();
    text.replace(line, &format!("listen = \"127.0.0.1:{port}\""))
}

fn without(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).unwrap();
    format!("{before}{to}{}", rest.split_once(to).unwrap().1)
}

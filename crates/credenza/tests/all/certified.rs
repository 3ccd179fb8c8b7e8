//! Certification with nobody there: the service of docs/certification over TLS, wallets that are served over TLS, and
//! no person between them.

use std::fs;
use std::path::{Path, PathBuf};

use credenza::core::{Http as _, Limits};
use http::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tls_authority::Authority;
use crate::wallet_serve::{Serving, posted};
use crate::world::{Service, answer, call, good, good_json};

/// The example's folder in the documentation.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/certification");

/// The clients of the example come back to here.
const CALLBACK_OF: &str = "https://localhost.emobix.co.uk:8443/test/a/credenza";

/// The configuration of the example, in the folder that `init` has made, for this machine.
fn example(folder: &Path, made: &str, attesters: &[PathBuf], tls: &Authority) -> String {
    let line = |start: &str| made.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    let hash = line("token_sha256");
    let text = fs::read_to_string(format!("{EXAMPLE}/credenza.toml")).unwrap();
    let own = line("url").replace("http://", "https://");
    let roots = attesters.iter().map(|root| format!("{:?}", root.to_str().unwrap())).collect::<Vec<_>>();
    let changes = [
        ("url = \"https://issuer.example:9443\"", own),
        ("listen = \"0.0.0.0:9443\"", line("listen")),
        ("token_sha256 = \"{token_sha256}\"", hash),
        ("[\"suite/attester-root.pem\"]", format!("[{}]", roots.join(", "))),
    ];
    let text = changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    for (from, to) in [("erika.json", "erika.json"), ("pid-later.json", "credential-types/pid-later.json")] {
        fs::copy(format!("{EXAMPLE}/{from}"), folder.join(to)).unwrap();
    }
    fs::create_dir_all(folder.join("tls")).unwrap();
    fs::create_dir_all(folder.join("suite")).unwrap();
    for name in ["root.pem", "certificate.pem", "key.pem"] {
        fs::copy(tls.file(name), folder.join("tls").join(name)).unwrap();
    }
    fs::copy(folder.join("keys/root.pem"), folder.join("suite/issuer-root.pem")).unwrap();
    text
}

/// The service of the example, and wallets for its clients.
struct World {
    tls: Authority,
    service: Service,
    url: String,
    homes: Vec<TempDir>,
}

impl World {
    fn new(change: impl FnOnce(String) -> String) -> Self {
        let tls = Authority::new();
        let homes: Vec<TempDir> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
        let attesters: Vec<PathBuf> = homes
            .iter()
            .map(|home| {
                let home = home.path().to_str().unwrap();
                let made = good_json(&["wallet", "--home", home, "provider", "new", "--json"]);
                made["root"].as_str().unwrap().into()
            })
            .collect();
        let service =
            Service::start_with("localhost", |folder, made| change(example(folder, &made, &attesters, &tls)));
        for home in &homes {
            for root in ["keys/root.pem", "keys/iaca.pem"] {
                let root = service.folder.path().join(root);
                let home = home.path().to_str().unwrap();
                good(&["wallet", "--home", home, "trust", "add", root.to_str().unwrap()]);
            }
        }
        let url = service.url.replace("http://", "https://");
        Self { tls, service, url, homes }
    }

    fn wallet(&self, home: usize, client_id: &str) -> Serving {
        let file = |name| self.tls.file(name);
        let (certificate, key, root) = (file("certificate.pem"), file("key.pem"), file("root.pem"));
        let more = ["--haip", "--tls-certificate", &certificate, "--tls-key", &key, "--trusted-roots", &root];
        let names = ["--url", CALLBACK_OF, "--client-id", client_id, "--tx-code", "123456"];
        Serving::start(self.homes[home].path().to_str().unwrap(), &[&more[..], &names[..]].concat())
    }

    async fn offer(&self, offer: Value) -> Value {
        let request = call(&self.url, &self.service.token, Method::POST, "/offers", Some(offer));
        let made = self.tls.http().send(request, Limits::default()).await.unwrap();
        let (status, made) = answer(&made);
        assert_eq!(status, 201, "{made}");
        made
    }

    async fn state(&self, offer: &Value) -> String {
        let path = format!("/offers/{}", offer["id"].as_str().unwrap());
        let request = call(&self.url, &self.service.token, Method::GET, &path, None);
        let shown = answer(&self.tls.http().send(request, Limits::default()).await.unwrap()).1;
        shown["state"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned()
    }

    async fn issue(&self, wallet: &Serving, configuration: &str) -> (u16, Value) {
        let body = json!({"issuer": self.url, "configuration": configuration});
        let (status, text) = self.tls.send(posted(&format!("{}/issue", wallet.url), &body)).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    async fn get(&self, wallet: &Serving, path: &str) -> (u16, String) {
        self.tls.send(Request::get(format!("{}{path}", wallet.url)).body(Vec::new()).unwrap()).await
    }

    async fn offered(&self, wallet: &Serving, offer: &Value) -> (u16, String) {
        let query = offer["uri"].as_str().unwrap().split_once('?').unwrap().1;
        self.get(wallet, &format!("/offer?{query}")).await
    }

    async fn listed(&self, wallet: &Serving, wait: u32) -> Value {
        let (status, text) = self.get(wallet, &format!("/credentials?wait={wait}")).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn kinds(listed: &Value) -> Vec<String> {
    let all = listed["credentials"].as_array().unwrap().iter();
    let mut kinds: Vec<String> = all.map(|one| one["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds
}

const SD_JWT: &str = "dc+sd-jwt · urn:eudi:pid:1";
const MDOC: &str = "mso_mdoc · eu.europa.ec.eudi.pid.1";

// Checks: WVCI-001, WVCI-002, WVCI-006
#[tokio::test(flavor = "multi_thread")]
async fn wallets_are_issued_to_over_tls_with_nobody_there() {
    let world = World::new(|text| text.replace("# required = true", "required = true"));
    let wallet = world.wallet(0, "wallet-1");

    // The wallet begins.
    for (configuration, kind) in [("pid", SD_JWT), ("pid-mdoc", MDOC)] {
        let (status, got) = world.issue(&wallet, configuration).await;
        assert_eq!((status, &got["credentials"][0]["kind"]), (200, &json!(kind)), "{got}");
        assert_eq!(got["credentials"][0]["unused_copies"], 5);
    }
    // The issuer begins, by reference and by value, and hears that it has arrived.
    for (configuration, delivery) in [("pid", "by_reference"), ("pid-mdoc", "by_value")] {
        let offer = json!({"grants": "authorization_code", "delivery": delivery,
                           "credentials": [{"type": configuration}]});
        let offer = world.offer(offer).await;
        let (status, page) = world.offered(&wallet, &offer).await;
        assert!(status == 200 && page.contains("<h1>Received</h1>"), "{page}");
        assert_eq!(world.state(&offer).await, "acknowledged");
        // An offer that is over is refused on a page.
        let (status, page) = world.offered(&wallet, &offer).await;
        assert!(status == 400 && page.contains("<h1>Refused") && page.contains("Why: "), "{page}");
    }
    // With a code that somebody has, and the transaction code that the suites use.
    let claims =
        serde_json::from_str::<Value>(include_str!("../../../../docs/certification/erika.json")).unwrap();
    let offer = json!({"tx_code": {"code": "123456"}, "credentials": [
        {"type": "pid", "claims": claims["pid"]}, {"type": "pid-mdoc", "claims": claims["pid-mdoc"]}]});
    let offer = world.offer(offer).await;
    let (status, page) = world.offered(&wallet, &offer).await;
    assert!(status == 200 && page.matches("<li>").count() == 2, "{page}");
    assert_eq!(world.state(&offer).await, "acknowledged");

    let listed = world.listed(&wallet, 0).await;
    assert_eq!(kinds(&listed), [SD_JWT, SD_JWT, SD_JWT, MDOC, MDOC, MDOC]);
    let id = listed["credentials"][0]["id"].as_str().unwrap();
    for expected in [204, 404] {
        let url = format!("{}/credentials/{id}", wallet.url);
        let (status, _) = world.tls.send(Request::delete(url).body(Vec::new()).unwrap()).await;
        assert_eq!(status, expected);
    }
    assert_eq!(kinds(&world.listed(&wallet, 0).await).len(), 5);
}

// Checks: WVCI-107, WVCI-108
#[tokio::test(flavor = "multi_thread")]
async fn what_is_promised_comes_by_itself() {
    let world = World::new(|text| text.replace("# required = true", "required = true"));
    let wallet = world.wallet(0, "wallet-1");
    let (status, got) = world.issue(&wallet, "pid-later").await;
    assert_eq!((status, got["pending"].as_array().map(Vec::len)), (200, Some(1)), "{got}");
    let offer =
        world.offer(json!({"grants": "authorization_code", "credentials": [{"type": "pid-later"}]})).await;
    let (status, page) = world.offered(&wallet, &offer).await;
    assert!(status == 200 && page.contains("<h1>Promised</h1>"), "{page}");
    // A wallet that was stopped comes for it when it is there again.
    drop(wallet);
    let wallet = world.wallet(0, "wallet-1");
    let listed = world.listed(&wallet, 50).await;
    assert_eq!((kinds(&listed), &listed["pending"]), (vec![SD_JWT.to_owned(); 2], &json!([])), "{listed}");
    assert_eq!(world.state(&offer).await, "acknowledged");
}

// Checks: AS-063
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_denied_hears_so() {
    let world = World::new(|text| text);
    let denied = world.wallet(1, "wallet-denied");
    let (status, got) = world.issue(&denied, "pid").await;
    assert_eq!((status, &got["code"]), (400, &json!("access_denied")), "{got}");
    let offer = world.offer(json!({"grants": "authorization_code", "credentials": [{"type": "pid"}]})).await;
    let (status, page) = world.offered(&denied, &offer).await;
    assert!(status == 400 && page.contains("<h1>Refused (access_denied)</h1>"), "{page}");
    assert_eq!(world.listed(&denied, 0).await, json!({"credentials": [], "pending": []}));
    // One that is not registered needs no more than somebody who vouches for it. And what is no request at all:
    drop(denied);
    let unknown = world.wallet(1, "wallet-3");
    assert_eq!(world.issue(&unknown, "pid").await.0, 200);
    for body in
        [json!({}), json!({"issuer": 1, "configuration": "pid"}), json!({"issuer": "x", "configuration": []})]
    {
        let (status, _) = world.tls.send(posted(&format!("{}/issue", unknown.url), &body)).await;
        assert_eq!(status, 400, "{body}");
    }
}

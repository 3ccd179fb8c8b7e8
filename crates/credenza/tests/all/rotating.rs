//! Keys are replaced while three nodes are used: no flow fails.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use credenza::wallet::default_choices;
use credenza::wallet::vault::MemoryVault;
use http::Method;
use serde_json::json;

use crate::nodes::{Nodes, holder};
use crate::world::{answer, code, good, redeem};

/// Flows that go on until they are told to stop.
struct Flows {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU32>,
    wallets: Vec<tokio::task::JoinHandle<()>>,
}

impl Flows {
    /// Wallets that receive and show over all nodes but one: that one is being replaced.
    fn start(nodes: &Arc<Nodes>, without: usize) -> Self {
        let (stop, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let wallet = |number: usize| {
            let (nodes, stop, done) = (Arc::clone(nodes), Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let wallet = holder(nodes.spread_without(without), Arc::<MemoryVault>::default());
                    let node = (without + 1 + number) % 3;
                    let offer = nodes.offer(node, json!({})).await;
                    let shown = wallet.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
                    wallet.accept_offer(&shown.id, None).await.unwrap();
                    let asked = nodes.ask(node, json!({})).await;
                    let consent = wallet.open_request(asked["uri"].as_str().unwrap()).await.unwrap();
                    wallet.answer_request(&consent.id, &default_choices(&consent)).await.unwrap();
                    let path = format!("/presentations/{}", asked["id"].as_str().unwrap());
                    let (_, session) = nodes.api(node, Method::GET, &path, None).await;
                    assert_eq!(session["state"], "verified", "{session}");
                    done.fetch_add(1, Ordering::SeqCst);
                }
            })
        };
        let wallets = (0..2).map(wallet).collect();
        Self { stop, done, wallets }
    }

    async fn end(self) -> u32 {
        // Each wallet has gone through it once with the keys as they are now.
        let seen = self.done.load(Ordering::SeqCst);
        while self.done.load(Ordering::SeqCst) < seen + 2 && self.wallets.iter().all(|it| !it.is_finished()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.stop.store(true, Ordering::SeqCst);
        for wallet in self.wallets {
            wallet.await.unwrap();
        }
        self.done.load(Ordering::SeqCst)
    }
}

/// Starts all nodes anew, one after the other, with flows on the others; says how many.
async fn one_by_one(nodes: &Arc<Nodes>) -> u32 {
    let mut flows = 0;
    for number in 0..3 {
        let running = Flows::start(nodes, number);
        let (again, at) = (Arc::clone(nodes), number);
        tokio::task::spawn_blocking(move || again.begin_again(at)).await.unwrap();
        flows += running.end().await;
    }
    flows
}

/// The lists are where the first node is, which is away for a moment.
fn start(change: impl FnOnce(&Path, String) -> String) -> Option<Arc<Nodes>> {
    let without_lists =
        |text: String| text.replace("[verifier]\n", "[verifier]\naccept_unfetched_status = true\n");
    Nodes::start_with(3, |folder, text| change(folder, without_lists(text))).map(Arc::new)
}

// Q07: after each of the three steps the nodes are started anew, one by one; a code from before any step is good after all.
#[tokio::test(flavor = "multi_thread")]
async fn q07_the_sealing_key_is_replaced_under_running_flows() {
    let Some(nodes) = start(|_, text| text) else { return };
    let ring = nodes.folder().join("keys/sealing.key");
    let before = std::fs::read_to_string(&ring).unwrap();
    let old = code(&nodes.offer(0, json!({"delivery": "by_value"})).await);
    let mut flows = 0;
    for step in ["add", "use"] {
        good(&["keys", "sealing", step, ring.to_str().unwrap()]);
        flows += one_by_one(&nodes).await;
    }
    assert_eq!(
        answer(&nodes.send(redeem(nodes.node(1), &old)).await.unwrap()).0,
        200,
        "sealed with the old key"
    );
    let dropped = code(&nodes.offer(0, json!({"delivery": "by_value"})).await);
    good(&["keys", "sealing", "drop", ring.to_str().unwrap()]);
    flows += one_by_one(&nodes).await;
    assert!(flows >= 18, "{flows}");
    assert_eq!(
        answer(&nodes.send(redeem(nodes.node(2), &dropped)).await.unwrap()).0,
        200,
        "sealed with the new one"
    );
    let after = std::fs::read_to_string(&ring).unwrap();
    assert!(!after.contains(before.trim()), "the old key is gone");
}

// Q07: credentials that the old key has signed are shown and verified while the new one signs.
#[tokio::test(flavor = "multi_thread")]
async fn q07_the_key_that_signs_credentials_is_replaced_under_running_flows() {
    let other = tempfile::tempdir().unwrap();
    let Some(nodes) = start(|_, text| text) else { return };
    let vault = Arc::<MemoryVault>::default();
    let wallet = holder(nodes.spread(), Arc::clone(&vault));
    let offer = nodes.offer(0, json!({})).await;
    let shown = wallet.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
    wallet.accept_offer(&shown.id, None).await.unwrap();

    // A key under another root: all nodes trust that before one of them signs with it.
    good(&["init", "--dir", other.path().to_str().unwrap(), "--url", &nodes.url]);
    let new = |name: &str| other.path().join("keys").join(name);
    std::fs::copy(new("root.pem"), nodes.folder().join("keys/new-root.pem")).unwrap();
    for number in 0..3 {
        let config = nodes.folder().join(format!("node-{number}.toml"));
        let text = std::fs::read_to_string(&config).unwrap();
        let trusting = text.replace("[\"keys/root.pem\"", "[\"keys/root.pem\", \"keys/new-root.pem\"");
        assert_ne!(text, trusting);
        std::fs::write(&config, trusting).unwrap();
    }
    let mut flows = one_by_one(&nodes).await;
    std::fs::copy(new("issuer.jwk"), nodes.folder().join("keys/issuer.jwk")).unwrap();
    flows += one_by_one(&nodes).await;
    assert!(flows >= 12, "{flows}");

    let wallet = holder(nodes.spread(), vault);
    let asked = nodes.ask(1, json!({})).await;
    let consent = wallet.open_request(asked["uri"].as_str().unwrap()).await.unwrap();
    wallet.answer_request(&consent.id, &default_choices(&consent)).await.unwrap();
    let path = format!("/presentations/{}", asked["id"].as_str().unwrap());
    let (_, session) = nodes.api(2, Method::GET, &path, None).await;
    assert_eq!(session["state"], "verified", "signed by the old key: {session}");
}

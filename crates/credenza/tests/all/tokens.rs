//! A service whose keys are on a token, with SoftHSM: its certificates are in files beside the URI of the key.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::world::{Service, bad, good};

const PIN: &str = "1234";

/// Where Debian has the module.
const MODULES: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

fn done(command: &mut Command) {
    let output = command.output().expect("SoftHSM and OpenSSL: apt-get install softhsm2 openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The module reads its configuration from the environment, which is another process's to set.
#[test]
fn pkcs11_a_service_issues_with_a_key_on_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("tokens")).unwrap();
    let config = format!("directories.tokendir = {}\nlog.level = ERROR\n", path("tokens").display());
    std::fs::write(path("softhsm2.conf"), config).unwrap();
    let util = || {
        let mut command = Command::new("softhsm2-util");
        command.env("SOFTHSM2_CONF", path("softhsm2.conf"));
        command
    };
    done(util().args(["--init-token", "--free", "--label", "issuers", "--so-pin", "5678", "--pin", PIN]));
    let curve = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"];
    done(Command::new("openssl").args(curve).arg(path("key.pem")));
    done(Command::new("chmod").arg("600").arg(path("key.pem")));
    done(util().arg("--import").arg(path("key.pem")).args([
        "--token",
        "issuers",
        "--label",
        "credentials",
        "--id",
        "01",
        "--pin",
        PIN,
    ]));
    let inside = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "tokens::inside", "--nocapture"])
        .env("SOFTHSM2_CONF", path("softhsm2.conf"))
        .env("CREDENZA_TEST_KEY", path("key.pem"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&inside.stdout);
    let good = inside.status.success() && text.contains("1 passed");
    assert!(good, "{text}{}", String::from_utf8_lossy(&inside.stderr));
}

#[tokio::test]
#[ignore = "runs within the test above"]
async fn inside() {
    let key = std::env::var("CREDENZA_TEST_KEY").unwrap();
    let mut service = Service::start();
    let file = |name: &str| service.folder.path().join(name).to_str().unwrap().to_owned();
    let (ca, certified, chain) = (file("ca"), file("certified.json"), file("chain.pem"));
    good(&["ca", "new", "--dir", &ca, "--name", "Token Root"]);
    let uri = ["--uri", service.url.as_str()];
    good(
        &[
            &[
                "ca", "issue", "--ca", &ca, "--role", "issuer", "--name", "Issuer", "--key", &key, "--out",
                &certified,
            ][..],
            &uri,
        ]
        .concat(),
    );
    let shown: Value = serde_json::from_str(&std::fs::read_to_string(&certified).unwrap()).unwrap();
    let der = credenza::core::b64::decode_std(shown["x5c"][0].as_str().unwrap()).unwrap();
    std::fs::write(&chain, credenza::crypto::x509::der_to_pem(&der)).unwrap();
    std::fs::write(file("pin"), PIN).unwrap();
    Command::new("chmod").args(["600", &file("pin")]).status().unwrap();
    // The private key is on the token alone.
    std::fs::remove_file(&key).unwrap();
    std::fs::remove_file(&certified).unwrap();

    let module = MODULES.iter().find(|module| Path::new(module).exists()).unwrap();
    let pin = file("pin");
    let uri = format!("pkcs11:token=issuers;object=credentials?module-path={module}&pin-source=file:{pin}");
    let config = file("credenza.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let change = |chain: &str| {
        let key = format!("key = \"{uri}\"\n{chain}");
        let text = text.replace("key = \"keys/issuer.jwk\"", &key);
        std::fs::write(&config, text.replace("\"keys/root.pem\",", "\"keys/root.pem\", \"ca/ca.pem\","))
            .unwrap();
    };
    change("");
    assert!(bad(2, &["serve", "--config", &config, "--check"]).contains("no certificates"));
    change("chain = \"keys/root.pem\"");
    assert!(bad(2, &["serve", "--config", &config, "--check"]).contains("another key's"));
    change("chain = \"chain.pem\"");
    good(&["serve", "--config", &config, "--check"]);
    let ca = format!("{ca}/ca.pem");
    service.restart();

    let home = tempfile::tempdir().unwrap();
    let wallet = |arguments: &[&str]| {
        good(&[&["wallet", "--home", home.path().to_str().unwrap()][..], arguments].concat())
    };
    wallet(&["trust", "add", &ca]);
    wallet(&["trust", "add", service.root().to_str().unwrap()]);
    let offer = service.offer(json!({})).await;
    wallet(&["accept", "--yes", offer["uri"].as_str().unwrap()]);
    let ask = service.ask(json!([{"path": ["given_name"]}]), json!({})).await;
    wallet(&["present", "--yes", ask["uri"].as_str().unwrap()]);
    let session = format!("/presentations/{}/report", ask["id"].as_str().unwrap());
    let (_, report) = service.api(http::Method::GET, &session, None).await;
    assert_eq!(report["ok"], true, "{report}");
    assert!(report.to_string().contains("Token Root"), "{report}");
}

//! Keys, certification authorities, and credentials without a protocol, from the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::world::{bad, good, run};

/// A folder whose files have names as text.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) -> String {
        fs::write(self.file(name), content).unwrap();
        self.file(name)
    }
}

fn mode(file: &str) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&good(&[arguments, &["--json"]].concat())).unwrap()
}

fn with_passphrase(arguments: &[&str], passphrase: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_credenza"))
        .args(arguments)
        .env("CREDENZA_KEY_PASSPHRASE", passphrase)
        .output()
        .unwrap()
}

#[test]
fn keys_are_made_shown_and_replaced() {
    let folder = Folder::new();
    let key = folder.file("key.json");
    for kind in ["p384", "p521", "secp256k1", "ed25519", "x25519"] {
        let file = folder.file(kind);
        good(&["keys", "generate", "--kind", kind, "--out", &file]);
        assert_eq!(mode(&file), 0o600, "{kind}");
        assert!(json(&["keys", "show", &file])[0]["did_jwk"].as_str().unwrap().starts_with("did:jwk:"));
    }
    let made = json(&["keys", "generate", "--out", &key]);
    let shown = &json(&["keys", "show", &key])[0];
    assert_eq!(shown["thumbprint"], made["thumbprint"]);
    assert!(shown["did_key"].as_str().unwrap().starts_with("did:key:zDn"));
    assert!(
        shown["thumbprint_uri"]
            .as_str()
            .unwrap()
            .starts_with("urn:ietf:params:oauth:jwk-thumbprint:sha-256:")
    );
    assert!(!good(&["keys", "show", &key]).contains("\"d\""));
    assert!(bad(1, &["keys", "generate", "--out", &key]).contains("exists"), "nothing is overwritten");

    good(&["keys", "rotate", &key]);
    let fresh = &json(&["keys", "show", &key])[0];
    assert_ne!(fresh["thumbprint"], made["thumbprint"]);
    let start: String = made["thumbprint"].as_str().unwrap().chars().take(8).collect();
    let old = format!("{key}.{start}.old");
    assert_eq!(mode(&old), 0o600);
    let set = json(&["keys", "jwks", &key, &old]);
    assert_eq!(set["keys"].as_array().unwrap().len(), 2);
    assert!(bad(1, &["keys", "jwks", &key, &key]).contains("two keys"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(bad(1, &["keys", "show", &key]).contains("chmod 600"));
}

#[test]
fn keys_under_a_passphrase() {
    let folder = Folder::new();
    let key = folder.file("key.json");
    good(&["keys", "generate", "--out", &key]);
    assert!(bad(2, &["keys", "encrypt", &key]).contains("CREDENZA_KEY_PASSPHRASE"));
    assert!(with_passphrase(&["keys", "encrypt", &key], "right").status.success());
    assert!(!fs::read_to_string(&key).unwrap().contains("\"d\""));
    assert_eq!(mode(&key), 0o600);
    assert!(json(&["keys", "show", &key])[0]["thumbprint"].is_string(), "the public part needs none");
    assert!(bad(2, &["keys", "encrypt", &key]).contains("already"));
    let wrong = with_passphrase(&["keys", "decrypt", &key], "wrong");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("another one"));
    assert!(bad(1, &["keys", "decrypt", &key]).contains("protected"));
    let word = folder.write("word", "right\n");
    fs::set_permissions(&word, fs::Permissions::from_mode(0o600)).unwrap();
    let opened = Command::new(env!("CARGO_BIN_EXE_credenza"))
        .args(["keys", "decrypt", &key])
        .env("CREDENZA_KEY_PASSPHRASE_FILE", &word)
        .output()
        .unwrap();
    assert!(opened.status.success());
    assert!(fs::read_to_string(&key).unwrap().contains("\"d\""));
}

#[test]
fn a_service_takes_a_key_under_a_passphrase() {
    let folder = Folder::new();
    let home = folder.file("home");
    good(&["init", "--dir", &home]);
    let (key, config) = (folder.file("home/keys/issuer.jwk"), folder.file("home/credenza.toml"));
    assert!(with_passphrase(&["keys", "encrypt", &key], "right").status.success());
    let check = ["serve", "--config", &config, "--check"];
    assert!(bad(2, &check).contains("CREDENZA_KEY_PASSPHRASE"));
    assert!(with_passphrase(&check, "right").status.success());
    assert_eq!(with_passphrase(&check, "wrong").status.code(), Some(2));
}

fn iaca(folder: &Folder) -> String {
    let ca = folder.file("iaca");
    let contact = ["--contact", "mailto:a@b.example", "--crl-url", "https://b.example/crl"];
    good(
        &[&["ca", "new", "--dir", &ca, "--name", "Utopia IACA", "--iaca", "--country", "UT"], &contact[..]]
            .concat(),
    );
    ca
}

#[test]
fn an_authority_certifies_revokes_and_publishes() {
    let folder = Folder::new();
    let ca = iaca(&folder);
    let root = folder.file("iaca/ca.pem");
    assert_eq!(mode(&folder.file("iaca/ca.key.json")), 0o600);
    assert!(good(&["inspect", &root]).contains("keeps the profile of a root of an issuing authority"));
    assert!(good(&["verify", &root, "--trust", &root, "--profile", "root"]).contains("✓"));
    for role in ["document-signer", "reader", "status-signer", "issuer", "verifier", "wallet-provider"] {
        let out = folder.file(role);
        let made = json(&[
            "ca",
            "issue",
            "--ca",
            &ca,
            "--role",
            role,
            "--name",
            role,
            "--dns",
            "a.example",
            "--out",
            &out,
        ]);
        assert_eq!(mode(&out), 0o600);
        assert!(made["serial"].is_string());
    }
    let signer = folder.file("document-signer");
    let key: Value = serde_json::from_str(&fs::read_to_string(&signer).unwrap()).unwrap();
    let leaf = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        key["x5c"][0].as_str().unwrap()
    );
    let leaf = folder.write("leaf.pem", &leaf);
    let crl = folder.file("one.crl");
    good(&["ca", "crl", "--ca", &ca, "--out", &crl]);
    let verify = |crl: &str| {
        run(&["verify", &leaf, "--trust", &root, "--profile", "document-signer", "--crl", crl]).status.code()
    };
    assert_eq!(verify(&crl), Some(0));
    assert_eq!(run(&["verify", &leaf, "--trust", &root, "--profile", "reader"]).status.code(), Some(1));
    good(&["ca", "revoke", "--ca", &ca, &signer]);
    let second = folder.file("two.crl");
    good(&["ca", "crl", "--ca", &ca, "--out", &second]);
    assert_eq!(verify(&second), Some(1));
    assert!(good(&["inspect", &second]).contains("\"revoked\": 1"));
    assert!(good(&["ca", "show", "--ca", &ca]).contains("revoked"));

    for (arguments, say) in [
        (vec!["ca", "new", "--dir", &ca, "--name", "x"], "exists"),
        (vec!["ca", "revoke", "--ca", &ca, "00ff"], "no certificate"),
        (vec!["ca", "show", "--ca", "/nonexistent"], "/nonexistent"),
        (
            vec![
                "ca",
                "issue",
                "--ca",
                &ca,
                "--role",
                "document-signer",
                "--name",
                "x",
                "--days",
                "500",
                "--out",
                "x",
            ],
            "profile",
        ),
    ] {
        assert!(bad(1, &arguments).contains(say), "{arguments:?}");
    }
    assert!(bad(2, &["ca", "crl", "--ca", &ca, "--out", &crl]).contains("already"));
    assert!(!Path::new("x").exists());
}

#[test]
fn what_is_issued_verifies() {
    let folder = Folder::new();
    let ca = iaca(&folder);
    let (root, key) = (folder.file("iaca/ca.pem"), folder.file("key.json"));
    good(&[
        "ca",
        "issue",
        "--ca",
        &ca,
        "--role",
        "document-signer",
        "--name",
        "DS",
        "--uri",
        "https://i.example",
        "--out",
        &key,
    ]);
    let holder = folder.file("holder.json");
    good(&["keys", "generate", "--out", &holder]);
    let person = folder.write("person.json", r#"{"given_name": "Erika", "address": {"locality": "Berlin"}}"#);
    let licence = folder
        .write("licence.json", r#"{"org.iso.18013.5.1": {"family_name": "M", "issuing_country": "UT"}}"#);
    let own = json(&["keys", "show", &key])[0]["did_jwk"].as_str().unwrap().to_owned();
    for (format, claims, name, trust) in [
        ("dc+sd-jwt", &person, "urn:example:person", &root),
        ("mso_mdoc", &licence, "org.iso.18013.5.1.mDL", &root),
        ("jwt_vc_json", &person, "Person", &root),
        ("vc+jwt", &person, "Person", &root),
        ("vc+sd-jwt", &person, "Person", &root),
        ("ldp_vc", &person, "Person", &own),
    ] {
        let out = folder.file(format);
        let issue = [
            "issue", "--format", format, "--claims", claims, "--key", &key, "--type", name, "--holder",
            &holder,
        ];
        good(&[&issue[..], &["--out", &out]].concat());
        assert_eq!(mode(&out), 0o600);
        let report = json(&["verify", &out, "--trust", trust]);
        assert_eq!(report["ok"], true, "{format}: {report}");
        assert_eq!(run(&["verify", &out]).status.code(), Some(1), "{format}");
        assert!(!good(&["inspect", &out]).is_empty());
        assert_eq!(json(&issue)["format"], format);
    }
    for (arguments, code, say) in [
        (vec!["issue", "--format", "x", "--claims", &person, "--key", &key], 2, "no format"),
        (vec!["issue", "--format", "dc+sd-jwt", "--claims", &person, "--key", &key], 1, "vct"),
        (
            vec!["issue", "--format", "mso_mdoc", "--claims", &licence, "--key", &key, "--type", "x"],
            1,
            "bound to a key",
        ),
        (vec!["issue", "--format", "dc+sd-jwt", "--claims", &person, "--key", &person], 1, "chmod 600"),
    ] {
        assert!(bad(code, &arguments).contains(say), "{arguments:?}");
    }
}

#[test]
fn an_authority_below_another() {
    let folder = Folder::new();
    let (root, below, key) = (folder.file("root"), folder.file("below"), folder.file("key.json"));
    good(&["ca", "new", "--dir", &root, "--name", "Root"]);
    let made = json(&["ca", "new", "--dir", &below, "--under", &root, "--name", "Issuing CA"]);
    assert!(made["subject"].as_str().unwrap().contains("Issuing CA"));
    good(&["ca", "issue", "--ca", &below, "--role", "issuer", "--name", "Issuer", "--out", &key]);
    let written: Value = serde_json::from_str(&fs::read_to_string(&key).unwrap()).unwrap();
    assert_eq!(written["x5c"].as_array().unwrap().len(), 2, "the leaf, and the authority below the root");

    let claims = folder.write("claims.json", r#"{"given_name": "Erika"}"#);
    let credential = folder.file("credential.txt");
    let issue =
        ["issue", "--format", "dc+sd-jwt", "--type", "urn:example:a", "--claims", &claims, "--key", &key];
    good(&[&issue[..], &["--out", &credential]].concat());
    let root_pem = format!("{root}/ca.pem");
    good(&["verify", &credential, "--trust", &root_pem]);

    // None below one that is below another, nor below an authority of mobile documents.
    let third = folder.file("third");
    assert!(bad(1, &["ca", "new", "--dir", &third, "--under", &below, "--name", "X"]).contains("no other"));
    let iaca = folder.file("iaca");
    good(&[
        "ca",
        "new",
        "--dir",
        &iaca,
        "--iaca",
        "--name",
        "IACA",
        "--country",
        "UT",
        "--contact",
        "mailto:a@b.example",
        "--crl-url",
        "https://b.example/crl",
    ]);
    assert!(bad(1, &["ca", "new", "--dir", &third, "--under", &iaca, "--name", "X"]).contains("no other"));
    bad(2, &["ca", "new", "--dir", &third, "--under", &root, "--kind", "p384", "--name", "X"]);

    // The root knows it, and can revoke it.
    let shown = json(&["ca", "show", "--ca", &root]);
    assert_eq!(shown["register"]["issued"][0]["role"], "authority");
    good(&["ca", "revoke", "--ca", &root, &format!("{below}/ca.pem")]);
    let crl = folder.file("root.crl");
    good(&["ca", "crl", "--ca", &root, "--out", &crl]);
    assert!(
        !run(&["verify", &format!("{below}/ca.pem"), "--trust", &root_pem, "--crl", &crl]).status.success()
    );
}

#[tokio::test]
async fn the_revocation_list_of_a_service_is_where_its_certificates_say() {
    let service = crate::world::Service::start();
    let url = format!("{}/iaca.crl", service.url);
    let request = http::Request::get(&url).body(Vec::new()).unwrap();
    let response = crate::world::send(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/pkix-crl");
    let folder = Folder::new();
    let crl = folder.file("iaca.crl");
    fs::write(&crl, response.body()).unwrap();
    let keys = service.folder.path().join("keys");
    let (key, iaca) = (keys.join("document-signer.jwk"), keys.join("iaca.pem"));
    let written: Value = serde_json::from_str(&fs::read_to_string(key).unwrap()).unwrap();
    let der = credenza::core::b64::decode_std(written["x5c"][0].as_str().unwrap()).unwrap();
    assert!(der.windows(url.len()).any(|part| part == url.as_bytes()), "the certificate names it");
    let signer = folder.write("ds.pem", &credenza::crypto::x509::der_to_pem(&der));
    let verify = ["verify", &signer, "--profile", "document-signer", "--crl", &crl, "--trust"];
    good(&[&verify[..], &[iaca.to_str().unwrap()]].concat());
}

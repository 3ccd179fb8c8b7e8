//! Wrong inputs of every kind, and the help that teaches.

use credenza::crypto::Signer as _;

use crate::world::{bad, good, run};

#[test]
fn help_is_there_for_every_command() {
    let all = good(&["--help"]);
    for command in ["demo", "init", "serve", "wallet", "inspect", "verify", "keys", "ca", "issue", "bench"] {
        assert!(all.contains(command), "{command}");
        assert!(good(&[command, "--help"]).contains("Usage: credenza"), "{command}");
    }
}

#[test]
fn wrong_arguments_are_said_with_code_2() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    for (arguments, say) in [
        (vec!["frobnicate"], "unrecognized subcommand"),
        (vec!["inspect"], "required"),
        (vec!["inspect", "nonsense"], "not an offer"),
        (vec!["inspect", "missing.pem"], "no file"),
        (vec!["verify", "nonsense"], "only these can be verified"),
        (vec!["verify", "a~", "--nonce", "x"], "--client-id"),
        (vec!["serve", "--config", "/nonexistent.toml"], "credenza init"),
        (vec!["init", "--dir", home, "--url", "http://issuer.example"], "https"),
        (vec!["wallet", "--home", home, "show", "x"], "wallet list"),
        (vec!["wallet", "--home", home, "present", "x", "--choose", "y"], "QUERY=ID"),
        (vec!["wallet", "--home", home, "trust", "remove", "x"], "trust list"),
    ] {
        let said = bad(2, &arguments);
        assert!(said.contains(say), "{arguments:?}: {said}");
    }
}

#[test]
fn links_that_lead_nowhere_are_refused_with_code_1() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    for link in [
        "hello",
        "openid-credential-offer://",
        "openid-credential-offer://?credential_offer=%7B%7D",
        "openid-credential-offer://?credential_offer_uri=http%3A%2F%2F10.0.0.1%2Fx",
        "openid-credential-offer://?credential_offer_uri=https%3A%2F%2F127.0.0.1%3A1%2Fx",
        "openid-credential-offer://?credential_offer_uri=file%3A%2F%2F%2Fetc%2Fpasswd",
    ] {
        let said = bad(1, &["wallet", "--home", home, "accept", link, "--yes"]);
        assert!(said.starts_with("credenza: "), "{link}: {said}");
    }
    for link in
        ["hello", "openid4vp://", "openid4vp://?client_id=x&request_uri=http%3A%2F%2F127.0.0.1%3A1%2Fx"]
    {
        let said = bad(1, &["wallet", "--home", home, "present", link, "--yes"]);
        assert!(said.starts_with("credenza: "), "{link}: {said}");
    }
}

#[test]
fn json_errors_are_json() {
    for arguments in [vec!["inspect", "nonsense", "--json"], vec!["--json", "verify", "x"]] {
        let output = run(&arguments);
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(value["error"].is_string(), "{value}");
    }
}

#[test]
fn a_wrong_configuration_is_explained_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    good(&["init", "--dir", home]);
    let file = folder.path().join("credenza.toml");
    let config = file.to_str().unwrap();
    assert!(good(&["serve", "--config", config, "--check"]).contains("good"));
    assert!(bad(2, &["init", "--dir", home]).contains("exists"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("listen = ", "listne = ")).unwrap();
    let said = bad(2, &["serve", "--config", config]);
    assert!(said.contains("credenza.toml:9:") && said.contains('→'), "{said}");
}

#[test]
fn inspect_and_verify_read_files_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    good(&["init", "--dir", home]);
    let root = folder.path().join("keys/root.pem");
    let root = root.to_str().unwrap();
    assert!(good(&["inspect", root]).contains("CN=Credenza Root"));
    let issuer = std::fs::read_to_string(folder.path().join("keys/issuer.jwk")).unwrap();
    let issuer = credenza::crypto::SoftwareSigner::from_private_jwk(&issuer).unwrap();
    let leaf = folder.path().join("leaf.pem");
    std::fs::write(&leaf, credenza::crypto::x509::der_to_pem(&issuer.x5c()[0])).unwrap();
    let leaf = leaf.to_str().unwrap();
    assert!(good(&["verify", leaf, "--trust", root]).contains("✓ verify.path"));
    assert_eq!(run(&["verify", leaf]).status.code(), Some(1));
    let key = folder.path().join("keys/issuer.jwk");
    let shown = good(&["inspect", key.to_str().unwrap()]);
    assert!(shown.contains("compromised") && shown.contains("not shown"), "{shown}");
}

//! What init writes is what read accepts, and every mistake is told with its line.

use std::fs;
use std::path::Path;

use credenza_core::{FixedClock, SystemRandom, UnixTime};
use tempfile::TempDir;

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);

fn initialized() -> (TempDir, Initialized) {
    let folder = tempfile::tempdir().unwrap();
    let url = "https://issuer.example".parse().unwrap();
    let written = init(folder.path(), &url, "127.0.0.1:7777", NOW, &SystemRandom).unwrap();
    (folder, written)
}

#[test]
fn holders_on_the_web_are_known_where_it_is_said() {
    let (_folder, written) = initialized();
    let read = || read(&written.file, &FixedClock::at(NOW)).unwrap().holder_dids_over_http;
    assert!(!read());
    let text = fs::read_to_string(&written.file).unwrap();
    let text = text.replace("[verifier]", "[verifier]\nholder_dids_over_http = true");
    fs::write(&written.file, text).unwrap();
    assert!(read());
}

fn changed(from: &str, to: &str) -> String {
    let (folder, written) = initialized();
    let text = fs::read_to_string(&written.file).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(&written.file, text.replace(from, to)).unwrap();
    let problems = read(&written.file, &FixedClock::at(NOW)).unwrap_err().to_string();
    drop(folder);
    problems
}

#[test]
fn what_init_writes_is_read() {
    let (folder, written) = initialized();
    let settings = read(&written.file, &FixedClock::at(NOW)).unwrap();
    assert_eq!(settings.url.as_str(), "https://issuer.example/");
    let types: Vec<_> = settings.credential_types.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(types, ["diploma", "mdl", "pid-mdoc", "pid"]);
    assert_eq!(settings.anchors.len(), 2);
    assert_eq!(settings.trusted_dids[0].as_str(), written.did);
    assert!(settings.document_signer.is_some());
    assert!(settings.database.expose().starts_with(&format!("sqlite:{}", folder.path().display())));
    assert_eq!(settings.admin_token, credenza_crypto::hash::sha256(written.admin_token.expose().as_bytes()));
}

#[test]
fn it_is_short_and_every_setting_is_commented() {
    let (_folder, written) = initialized();
    let text = fs::read_to_string(&written.file).unwrap();
    let settings = text.lines().filter(|line| line.contains('=') && !line.starts_with('#')).count();
    assert!(settings < 17, "{settings}");
    let mut above = "";
    for line in text.lines() {
        if line.contains('=') && !line.starts_with('#') {
            assert!(above.starts_with('#'), "no comment above {line}");
        }
        above = line;
    }
}

#[cfg(unix)]
#[test]
fn secrets_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, written) = initialized();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in [
        "issuer.jwk",
        "verifier.jwk",
        "root.jwk",
        "document-signer.jwk",
        "iaca.jwk",
        "encryption.jwk",
        "sealing.key",
    ] {
        assert_eq!(mode(&folder.path().join("keys").join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&written.file), 0o600);
    let token = written.admin_token.expose();
    assert!(!fs::read_to_string(&written.file).unwrap().contains(token), "the token is not stored");

    let key = folder.path().join("keys/issuer.jwk");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let problems = read(&written.file, &FixedClock::at(NOW)).unwrap_err().to_string();
    assert!(problems.contains("chmod 600"), "{problems}");
}

#[test]
fn nothing_is_overwritten() {
    let (folder, written) = initialized();
    let url = "https://other.example".parse().unwrap();
    for name in ["", "credenza.toml"] {
        if !name.is_empty() {
            fs::remove_file(&written.file).unwrap();
        }
        let refused = init(folder.path(), &url, "127.0.0.1:1", NOW, &SystemRandom).unwrap_err();
        assert!(refused.to_string().contains("exists"), "{refused}");
    }
}

#[test]
fn every_mistake_is_told_with_line_and_remedy() {
    for (from, to, line, say) in [
        ("url = \"https://issuer.example\"", "url = \"http://issuer.example\"", Some(6), "not https"),
        ("url = \"https://issuer.example\"", "url = \"issuer\"", Some(6), "not a URL"),
        ("127.0.0.1:7777", "localhost", Some(9), "127.0.0.1:7777"),
        ("sqlite:credenza.db", "mysql:x", Some(12), "sqlite:FILE"),
        ("# sessions = \"redis:", "sessions = \"radish:", Some(15), "redis://"),
        ("keys/sealing.key", "keys/nothing", Some(19), "No such file"),
        ("keys/sealing.key", "keys/root.pem", Some(19), "sealing"),
        ("keys/issuer.jwk", "keys/sealing.key", None, "not a private JWK"),
        ("keys/issuer.jwk", "keys/root.jwk", None, "x5c"),
        ("\"keys/root.pem\",", "\"keys/issuer.jwk\",", None, "PEM"),
        ("\"did:jwk:", "\"did:jwk:?", None, "not a DID"),
        ("document_signer = ", "# document_signer = ", None, "no document signer"),
        ("keys/document-signer.jwk", "keys/iaca.jwk", None, "x5c"),
        ("keys/iaca.crl", "keys/none.crl", None, "credenza ca crl"),
        ("keys/issuer.jwk\"", "keys/issuer.jwk\"\nchain = \"keys/none.pem\"", None, "leaf first"),
        ("keys/issuer.jwk\"", "keys/issuer.jwk\"\nchain = \"keys/root.pem\"", None, "another key's"),
        ("\"credential-types\"", "\"keys\"", None, "no JSON file"),
        ("log = ", "logg = ", Some(22), "unknown field `logg`"),
        ("[admin]", "[admin", None, "credenza.toml:"),
        ("name = \"Example Issuer\"", "", None, "missing field `name`"),
        ("name = \"Example Issuer\"", "name = \" \"", None, "empty"),
        ("token_sha256 = \"", "token_sha256 = \"x", None, "SHA-256"),
        (
            "[verifier]",
            "[contexts]\n\"https://a.example/v1\" = \"nothing\"\n[verifier]",
            None,
            "No such file",
        ),
        (
            "[verifier]",
            "[contexts]\n\"https://a.example/v1\" = \"credenza.toml\"\n[verifier]",
            None,
            "@context",
        ),
    ] {
        let problems = changed(from, to);
        assert!(problems.contains(say), "{to}: {problems}");
        assert!(problems.contains('→'), "{to}: {problems}");
        if let Some(line) = line {
            assert!(problems.contains(&format!("credenza.toml:{line}:")), "{to}: {problems}");
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let (_folder, written) = initialized();
    let text = fs::read_to_string(&written.file).unwrap();
    fs::write(&written.file, text.replace("https://", "ftp://").replace("127.0.0.1:7777", "x")).unwrap();
    let problems = read(&written.file, &FixedClock::at(NOW)).unwrap_err();
    assert_eq!(problems.problems.len(), 2, "{problems}");
}

#[test]
fn an_expired_certificate_is_told() {
    let (_folder, written) = initialized();
    let later = FixedClock::at(UnixTime::from_secs(1_900_000_000));
    let problems = read(&written.file, &later).unwrap_err().to_string();
    assert!(problems.contains("has expired on"), "{problems}");
}

#[test]
fn a_missing_file_names_init() {
    let problems =
        read(Path::new("/nonexistent/credenza.toml"), &FixedClock::at(NOW)).unwrap_err().to_string();
    assert!(problems.contains("credenza init"), "{problems}");
}

const AUTHORIZATION: &str = r#"
[authorization]
require_par = true
wallet_providers = ["keys/root.pem"]

[[authorization.clients]]
id = "wallet"
name = "The Wallet"
redirect_uris = ["https://wallet.example/cb"]

[[authorization.clients]]
id = "signing"
redirect_uris = ["https://signing.example/cb"]
jwks = "client.json"

[[authorization.users]]
name = "erika"
display_name = "Erika Mustermann"
password_hash = "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IGZvciB0ZXN0cw$ISRYHhxxS6OXXDgnJ9Sh21fPJ+6QGXWUlcxCYdRZPSk"
claims = "erika.json"
"#;

/// A configuration with the section, changed.
fn authorizing(change: impl FnOnce(String) -> String) -> Result<Settings, String> {
    let (folder, written) = initialized();
    let text = fs::read_to_string(&written.file).unwrap();
    fs::write(&written.file, text + &change(AUTHORIZATION.to_owned())).unwrap();
    let jwk = credenza_crypto::SoftwareSigner::generate(credenza_crypto::Algorithm::Es256, &SystemRandom);
    let jwk = credenza_crypto::Signer::public_jwk(&jwk.unwrap()).to_value();
    fs::write(folder.path().join("client.json"), serde_json::json!({ "keys": [jwk] }).to_string()).unwrap();
    fs::write(folder.path().join("erika.json"), r#"{"pid": {"given_name": "Erika"}}"#).unwrap();
    read(&written.file, &FixedClock::at(NOW)).map_err(|problems| problems.to_string())
}

/// What the issuer says when it is put together.
fn assembled(settings: Settings) -> Result<(), String> {
    let clock = Arc::new(FixedClock::at(NOW));
    let parts = crate::service::Parts {
        haip: settings.haip,
        authorization: settings.authorization,
        document_signer: settings.document_signer.map(|signer| Arc::new(signer) as _),
        ..crate::service::Parts::new(
            settings.url,
            (settings.issuer_name, Arc::new(settings.issuer_key), settings.credential_types),
            (settings.verifier_key, settings.anchors),
            Arc::new(credenza_store::MemoryStore::new(clock)),
            settings.sealer,
        )
    };
    parts.assemble().map(drop).map_err(|error| error.to_string())
}

#[test]
fn who_may_ask_and_who_can_sign_in() {
    let settings = authorizing(|text| text).unwrap();
    let authorization = settings.authorization.clone().unwrap();
    assert!(authorization.require_par && !authorization.haip && !authorization.public_clients);
    assert_eq!(authorization.clients.len(), 2);
    assert_eq!(authorization.wallet_providers.len(), 1);
    let user = &authorization.users[0];
    assert_eq!(
        (user.display.as_str(), user.claims["pid"]["given_name"].as_str()),
        ("Erika Mustermann", Some("Erika"))
    );
    assembled(settings).unwrap();
}

#[test]
fn mistakes_about_clients_and_people_are_told() {
    for (from, to, told) in [
        ("keys/root.pem\"]\n\n[[auth", "keys/none.pem\"]\n\n[[auth", "root certificates of wallet providers"),
        ("client.json", "erika.json", "a JWK set with the public keys"),
        ("$argon2id$", "$argon2i$", "is not an argon2id hash"),
        ("password_hash = \"$", "password_hash = \"", "is not an argon2id hash"),
        ("claims = \"erika.json\"", "claims = \"client.jso\"", "claims by credential type"),
        ("name = \"erika\"", "name = \" \"", "a user without a name"),
        ("require_par", "require_parr", "unknown field"),
    ] {
        assert!(AUTHORIZATION.contains(from), "{from}");
        let problems = authorizing(|text| text.replace(from, to)).unwrap_err();
        assert!(problems.contains(told), "{problems}");
    }
    for (from, to, told) in [
        ("https://wallet.example/cb", "http://wallet.example/cb", "the client \"wallet\""),
        (
            "jwks = \"client.json\"",
            "authentication = \"private_key_jwt\"",
            "the client \"signing\": it has no keys",
        ),
        ("id = \"signing\"", "id = \"wallet\"", "two of that name"),
    ] {
        let settings = authorizing(|text| text.replace(from, to)).unwrap();
        let problem = assembled(settings).unwrap_err();
        assert!(problem.contains(told), "{problem}");
    }
}

// Clauses: HAIP-4.4.1-01
#[test]
fn a_profile_that_can_not_be_complied_with_is_refused_by_its_rule() {
    let haip = |text: String| text.replace("require_par = true", "profile = \"haip\"");
    let problem = assembled(authorizing(haip).unwrap()).unwrap_err();
    assert!(problem.contains("HAIP 1.0 §4.4.1") && problem.contains("\"wallet\""), "{problem}");
    let attested = "redirect_uris = [\"https://wallet.example/cb\"]\nauthentication = \"attestation\"";
    let complying =
        |text: String| haip(text).replace("redirect_uris = [\"https://wallet.example/cb\"]", attested);
    let settings = authorizing(complying).unwrap();
    let unscoped: Vec<_> =
        settings.credential_types.iter().filter(|one| one.scope.is_none()).map(|one| &one.id).collect();
    assert!(unscoped.is_empty(), "{unscoped:?}");
    assembled(settings).unwrap();
}

// Clauses: HAIP-4.2-01
#[test]
fn the_profile_of_a_whole_service_wants_the_authorization_code_flow() {
    let with = |sections: &str| {
        let (_folder, written) = initialized();
        let text = fs::read_to_string(&written.file).unwrap();
        fs::write(&written.file, format!("profile = \"haip\"\n{text}{sections}")).unwrap();
        read(&written.file, &FixedClock::at(NOW)).map_err(|problems| problems.to_string())
    };
    let problem = with("").unwrap_err();
    assert!(problem.contains("HAIP 1.0 §4 wants"), "{problem}");
    let settings = with("\n[authorization]\nwallet_providers = [\"keys/root.pem\"]\n").unwrap();
    assert!(settings.haip && settings.authorization.as_ref().unwrap().haip);
    assembled(settings).unwrap();
}

#[test]
fn other_authorization_servers_are_known_by_one_way_to_check_their_tokens() {
    let section = |more: &str| {
        let (folder, written) = initialized();
        let text = fs::read_to_string(&written.file).unwrap();
        let server = format!("\n[[authorization_servers]]\nissuer = \"https://as.example\"\n{more}\n");
        fs::write(&written.file, text + &server).unwrap();
        crate::keys::write_private(&folder.path().join("secret"), b"a secret\n").unwrap();
        read(&written.file, &FixedClock::at(NOW)).map_err(|problems| problems.to_string())
    };
    let asking = |file: &str| {
        format!(
            "introspection = {{ endpoint = \"https://as.example/i\", client_id = \"x\", client_secret = \"{file}\" }}"
        )
    };
    let keys = "jwks_uri = \"https://as.example/jwks\"";
    let settings = section(keys).unwrap();
    assert_eq!(settings.authorization_servers[0].issuer, "https://as.example");
    let settings = section(&asking("secret")).unwrap();
    assert!(!format!("{:?}", settings.authorization_servers).contains("a secret"));
    let both = format!("{keys}\n{}", asking("secret"));
    for (wrong, told) in [
        ("", "in no way, or in two"),
        (&*both, "in no way, or in two"),
        (&*asking("none"), "the secret that the server has given"),
        ("jwks_uri = \"x\"", "relative URL"),
    ] {
        let problems = section(wrong).unwrap_err();
        assert!(problems.contains(told), "{problems}");
    }
}

#[test]
fn offers_go_through_the_browser_where_that_is_said() {
    let (_folder, written) = initialized();
    let clock = FixedClock::at(NOW);
    assert!(!read(&written.file, &clock).unwrap().dc_api);
    let text = fs::read_to_string(&written.file).unwrap();
    fs::write(&written.file, text.replace("# dc_api = true", "dc_api = true")).unwrap();
    assert!(read(&written.file, &clock).unwrap().dc_api);
}

#[test]
fn earlier_drafts_are_spoken_where_they_are_named() {
    let named = |list: &str| {
        let (_folder, written) = initialized();
        let text = fs::read_to_string(&written.file).unwrap();
        let text = text.replace("[issuer]\n", &format!("[issuer]\ndialects = {list}\n"));
        fs::write(&written.file, text).unwrap();
        read(&written.file, &FixedClock::at(NOW))
    };
    use credenza_vci::dialects::Dialect::{Draft13, Draft15};
    let both: Vec<_> = named(r#"["draft15", "draft13"]"#).unwrap().dialects.iter().collect();
    assert_eq!(both, [Draft13, Draft15]);
    assert!(named("[]").unwrap().dialects.is_empty());
    assert!(named(r#"["draft11"]"#).unwrap_err().to_string().contains("draft11"));
}

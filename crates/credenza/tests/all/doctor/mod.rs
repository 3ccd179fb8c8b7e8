//! `credenza doctor`: deployments that are broken in one way each, and ones that are not.

mod config;
mod proxy;
mod tls;
mod way;
mod world;

use credenza::core::Outcome;
use credenza::doctor::rules;
use serde_json::Value;

use crate::world::{bad, good, good_json, run};
use proxy::{Fault, own};
use world::{World, evidence, ids};

#[tokio::test(flavor = "multi_thread")]
async fn a_good_deployment_fits() {
    let world = World::plain().await;
    world.issue().await;
    let report = world.examined().await;
    assert!(report.ok(), "{report}");
    assert_eq!(ids(&report, Outcome::Warned), [""; 0], "{report}");
    let skipped = ids(&report, Outcome::Skipped);
    assert_eq!(skipped, ["doctor.dns.public", "doctor.server.jwks"], "{report}");
    // A proxy may tell the service another name of the host: it never believes it.
    world.proxy.does(Fault::before(|sent| {
        sent.headers_mut().insert("x-forwarded-host", "evil.example".parse().unwrap());
        sent.headers_mut().insert("x-forwarded-proto", "gopher".parse().unwrap());
        None
    }));
    assert!(world.examined().await.ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_deployment_with_a_path_fits() {
    let world = World::start(("http", "127.0.0.1", "/tenant"), None, "").await;
    let report = world.examined().await;
    assert_eq!(ids(&report, Outcome::Failed), [""; 0], "{report}");
    // The proxy that passes on what is below the path alone.
    world
        .proxy
        .does(Fault::before(|sent| (!sent.uri().path().starts_with("/tenant")).then(|| own(404)).flatten()));
    let report = world.examined().await;
    world::fails(&report, "doctor.metadata.path", "/.well-known/openid-credential-issuer/tenant");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_command_line() {
    let world = World::plain().await;
    let file = world.service.folder.path().join("credenza.toml");
    let file = file.to_str().unwrap();
    let text = good(&["doctor", "--config", file]);
    assert!(text.contains("✓ doctor.metadata.path") && text.contains("[OID4VCI 1.0 §12.2.2]"), "{text}");
    assert!(text.trim_end().ends_with("Everything fits."), "{text}");
    let report = good_json(&["doctor", "--url", &world.url, "--token", &world.service.token, "--json"]);
    assert_eq!(report["ok"], true);
    let checks = |report: &Value| -> Vec<String> {
        let parts = report["parts"].as_array().unwrap();
        let all = parts.iter().flat_map(|part| part["checks"].as_array().unwrap());
        all.map(|check| format!("{} {}", check["id"].as_str().unwrap(), check["outcome"].as_str().unwrap()))
            .collect()
    };
    assert!(checks(&report).contains(&"doctor.request passed".to_owned()), "{report}");
    world.proxy.does(Fault::before(|_| own(502)));
    let output = run(&["doctor", "--config", file, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(checks(&report).contains(&"doctor.reach failed".to_owned()), "{report}");
    let help = good(&["doctor", "--help"]);
    assert!(help.contains("Nothing is issued") && help.contains("credenza doctor --config"), "{help}");
    bad(2, &["doctor", "--url", "http://issuer.example"]);
    assert!(bad(2, &["doctor", "--config", "nowhere.toml"]).contains("nowhere.toml"));
}

#[test]
fn each_check_has_a_name_of_its_own_and_is_in_the_documentation() {
    let page = include_str!("../../../../../docs/doctor.md");
    let mut seen = std::collections::BTreeSet::new();
    for rule in rules::ALL {
        assert!(seen.insert(rule.id) && rule.id.starts_with("doctor."), "{}", rule.id);
        assert!(page.contains(&format!("`{}`", rule.id)), "{} is not in docs/doctor.md", rule.id);
    }
    assert!(evidence(&credenza::core::Report::new(""), "doctor.url", Outcome::Failed).is_none());
}

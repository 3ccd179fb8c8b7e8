//! `credenza load` against a service in another process.

use std::io::Read as _;
use std::process::{Command, Stdio};

use http::Method;
use serde_json::{Value, json};

use crate::world::{Service, bad, call, credenza, good, good_json, run, send};

fn steps(report: &Value) -> Vec<&str> {
    report["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect()
}

#[test]
fn flows_run_at_their_rate_and_are_measured() {
    let service = Service::start();
    let at = ["load", "--url", &service.url, "--token", &service.token, "--duration", "2s", "--wallets", "4"];
    let report = good_json(&[&at[..], &["--rate", "5", "--json"]].concat());
    assert_eq!(report["ok"], true);
    assert_eq!(report["flows"], json!({"done": 10, "failed": 0, "not_started": 0}), "{report}");
    let both = ["issue", "issue.offer", "issue.open", "issue.accept"];
    let and = ["present", "present.ask", "present.open", "present.answer", "present.result"];
    assert_eq!(steps(&report), [&both[..], &and[..]].concat());
    for step in report["steps"].as_array().unwrap() {
        assert_eq!(step["count"], 5, "{step}");
        let of = |name: &str| step[name].as_f64().unwrap();
        assert!(of("p50_ms") > 0.0 && of("p50_ms") <= of("p90_ms") && of("p99_ms") <= of("max_ms"), "{step}");
    }
    // An mdoc, from the configuration, for people.
    let config = service.folder.path().join("credenza.toml");
    let mdoc = ["--type", "mdl", "--mix", "present", "--rate", "4", "--response-mode", "direct_post"];
    let more = ["load", "--config", config.to_str().unwrap(), "--token", &service.token, "--duration", "1"];
    let text = good(&[&more[..], &mdoc, &["--wallets", "2"]].concat());
    assert!(text.starts_with("4 flows in ") && text.trim_end().ends_with("✓ 0 errors"), "{text}");
    assert!(text.contains("present.answer") && !text.contains("issue.offer"), "{text}");
}

#[test]
fn errors_are_counted_and_forgiven_up_to_a_number() {
    let service = Service::start();
    let query = service.folder.path().join("query.json");
    let asked = json!({"credentials": [{
        "id": "other", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:example:other"]},
    }]});
    std::fs::write(&query, asked.to_string()).unwrap();
    let load = |max: &str| {
        let at = [
            "load",
            "--url",
            &service.url,
            "--token",
            &service.token,
            "--json",
            "--query",
            query.to_str().unwrap(),
        ];
        let what =
            ["--mix", "present", "--rate", "4", "--duration", "1s", "--wallets", "1", "--max-errors", max];
        let output = run(&[&at[..], &what].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), report)
    };
    let (code, report) = load("0");
    assert_eq!((code, &report["ok"], &report["flows"]["failed"]), (1, &json!(false), &json!(4)), "{report}");
    assert_eq!(report["errors"][0]["step"], "present.answer");
    assert_eq!(load("4").0, 0);

    // More is due than can ever start: that is not hidden.
    let at = issuing(&service);
    let output = run(&[&at[..], &["--rate", "100000", "--duration", "1s"]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let flows = |name: &str| report["flows"][name].as_u64().unwrap();
    assert!(flows("not_started") > 0 && flows("done") > 0, "{report}");
    assert_eq!(flows("done") + flows("failed") + flows("not_started"), 100_000);
}

/// Issuance alone, by one wallet.
fn issuing(service: &Service) -> [&str; 10] {
    let (url, token) = (&*service.url, &*service.token);
    ["load", "--url", url, "--token", token, "--json", "--mix", "issue", "--wallets", "1"]
}

#[tokio::test]
async fn an_interrupted_run_tells_what_it_has() {
    let service = Service::start();
    let at = issuing(&service);
    let mut child = credenza(&[&at[..], &["--rate", "50", "--duration", "1h"]].concat())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Until the first one is through.
    loop {
        assert_eq!(child.try_wait().unwrap(), None, "it runs for an hour");
        let metrics = call(&service.url, &service.token, Method::GET, "", None);
        let (mut parts, body) = metrics.into_parts();
        parts.uri = format!("{}/metrics", service.url).parse().unwrap();
        let answer = send(http::Request::from_parts(parts, body)).await.unwrap();
        if String::from_utf8_lossy(answer.body()).contains("kind=\"credential.issued\"") {
            break;
        }
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&report["interrupted"], &report["flows"]["not_started"]),
        (&json!(true), &json!(0)),
        "{report}"
    );
}

#[test]
fn what_can_not_be_run_is_said() {
    let help = good(&["load", "--help"]);
    assert!(help.contains("issues real credentials") && help.contains("credenza load --config"), "{help}");
    let service = Service::start();
    let at = ["load", "--url", &service.url, "--token", &service.token];
    let with = |more: &[&str]| bad(2, &[&at[..], more].concat());
    assert!(with(&["--type", "nothing"]).contains("pid-mdoc"), "it names those that there are");
    assert!(with(&["--rate", "0"]).contains("--rate") && with(&["--duration", "1d"]).contains("--duration"));
    assert!(with(&["--type", "diploma"]).contains("--query"), "its format has no simple one");
    // A token may begin like an option.
    for wrong in ["wrong", "-wrong"] {
        assert!(bad(1, &["load", "--url", &service.url, "--token", wrong]).contains("admin token"));
    }
}

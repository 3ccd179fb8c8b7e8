//! What is counted: a scrape is well-formed, needs the token, and is about nobody.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::json;

use crate::fixed;
use crate::world::ada;

/// The samples of a scrape by name and labels, each of a family that was announced before it.
fn scrape(text: &str) -> BTreeMap<String, f64> {
    let mut families = BTreeSet::new();
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<_> = comment.splitn(3, ' ').collect();
            match *words.as_slice() {
                ["HELP", _, help] => assert!(help.ends_with('.')),
                ["TYPE", name, kind] => {
                    assert!(["counter", "histogram"].contains(&kind) && families.insert(name.to_owned()));
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let bare = name.split('{').next().unwrap();
        assert!(bare.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
        let suffixes = ["_bucket", "_sum", "_count"];
        let family = suffixes.into_iter().find_map(|suffix| bare.strip_suffix(suffix)).unwrap_or(bare);
        assert!(families.contains(family), "{line}");
        if let Some(labels) = name.strip_prefix(bare).filter(|labels| !labels.is_empty()) {
            let labels = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix('}')).unwrap();
            assert!(labels.split("\",").all(|pair| pair.contains("=\"")), "{line}");
        }
        assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "twice: {line}");
    }
    samples
}

#[tokio::test]
async fn q23_what_happens_is_counted_and_nobody_is_named() {
    let world = fixed();
    assert_eq!(world.get("/metrics").await.status, 401);
    let offer = json!({"credentials": [{"type": "pid", "claims": ada()}]});
    let offer = world.admin(Method::POST, "/api/v1/offers", Some(offer)).await.json();
    let form =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code&pre-authorized_code=x";
    let refused = world.post("/token", "application/x-www-form-urlencoded", form.to_owned()).await;
    assert_eq!(refused.status, 400);
    world.get("/no/such/place").await;

    let got = world.admin(Method::GET, "/metrics", None).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = got.text();
    let samples = scrape(&text);
    let expected = [
        ("credenza_http_requests_total{route=\"/api/v1/offers\",method=\"POST\",status=\"201\"}", 1.0),
        ("credenza_http_requests_total{route=\"/metrics\",method=\"GET\",status=\"401\"}", 1.0),
        ("credenza_http_requests_total{route=\"/token\",method=\"POST\",status=\"400\"}", 1.0),
        ("credenza_http_requests_total{route=\"unknown\",method=\"GET\",status=\"404\"}", 1.0),
        ("credenza_http_request_duration_seconds_count{route=\"/token\"}", 1.0),
        ("credenza_session_events_total{kind=\"offer.created\"}", 1.0),
        ("credenza_refusals_total{code=\"invalid_grant\",check=\"none\"}", 1.0),
    ];
    for (name, value) in expected {
        assert_eq!(samples.get(name), Some(&value), "{name}\n{text}");
    }
    for personal in [offer["id"].as_str().unwrap(), "Lovelace", "/no/such/place"] {
        assert!(!text.contains(personal), "{personal}");
    }
}

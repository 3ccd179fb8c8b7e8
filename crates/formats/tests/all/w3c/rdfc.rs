//! RDFC-1.0 against the suite of W3C, poison graphs included.

use std::collections::HashMap;
use std::str::FromStr as _;
use std::time::Instant;

use credenza_crypto::HashAlgorithm;
use credenza_formats::w3c::data_integrity::rdfc::{MAX_WORK, TooMuchWork, canonical_names, canonicalize};
use oxrdf::Quad;

use crate::support::vectors;

fn quads(text: &str) -> Vec<Quad> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            // A comment after the statement.
            let line = line
                .rsplit_once(" #")
                .filter(|(front, _)| front.trim_end().ends_with('.'))
                .map_or(line, |(front, _)| front);
            let statement = line.trim_end().trim_end_matches('.').trim_end();
            Quad::from_str(statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
        })
        .collect()
}

#[test]
fn the_suite_of_w3c() {
    let suite = vectors("rdf-canon/rdfc10.json");
    let mut counted = [0; 3];
    for entry in suite["manifest"]["entries"].as_array().unwrap() {
        let text = |name: &str| {
            let path = entry[name].as_str().unwrap();
            suite["files"][path.rsplit('/').next().unwrap()].as_str().unwrap()
        };
        let input = quads(text("action"));
        let hash = match entry["hashAlgorithm"].as_str() {
            Some("SHA384") => HashAlgorithm::Sha384,
            _ => HashAlgorithm::Sha256,
        };
        let id = &entry["id"];
        match entry["type"].as_str().unwrap() {
            "rdfc:RDFC10EvalTest" => {
                assert_eq!(canonicalize(&input, hash, MAX_WORK).as_deref(), Ok(text("result")), "{id}");
                counted[0] += 1;
            }
            "rdfc:RDFC10MapTest" => {
                let names: HashMap<String, String> = serde_json::from_str(text("result")).unwrap();
                assert_eq!(canonical_names(&input, hash, MAX_WORK).unwrap(), names, "{id}");
                counted[1] += 1;
            }
            _ => {
                assert_eq!(canonicalize(&input, hash, MAX_WORK), Err(TooMuchWork), "{id}");
                counted[2] += 1;
            }
        }
    }
    assert_eq!(counted, [64, 21, 1]);
}

#[test]
fn w05_poison_graphs_end_early() {
    let clique = |size: usize| {
        let mut quads = Vec::new();
        for one in 0..size {
            for other in (0..size).filter(|other| *other != one) {
                quads.push(Quad::from_str(&format!("_:n{one} <urn:p> _:n{other}")).unwrap());
            }
        }
        quads
    };
    let chain: Vec<Quad> = (0..2_000)
        .map(|number| Quad::from_str(&format!("_:n{number} <urn:p> _:n{}", (number + 1) % 2_000)).unwrap())
        .collect();
    let start = Instant::now();
    for poison in [clique(12), clique(40), chain] {
        assert_eq!(canonicalize(&poison, HashAlgorithm::Sha256, MAX_WORK), Err(TooMuchWork));
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

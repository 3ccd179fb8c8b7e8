//! Does every crate import from lower floors only? The arrows of docs/architecture.md as a test.

use serde_json::Value;

use crate::process::{list, metadata, text};

/// The house: each crate with its floor. A crate may import from floors strictly below its own.
const FLOORS: &[(&str, u8)] = &[
    ("credenza-core", 0),
    ("credenza-store", 1), // imported from floor 4 upwards alone, see `STORE_FROM`
    ("credenza-crypto", 1),
    ("credenza-formats", 2),
    ("credenza-trust", 3),
    ("credenza-query", 3),
    ("credenza-oauth", 3),
    ("credenza-vci", 4),
    ("credenza-vp", 4),
    ("credenza-server", 5),
    ("credenza", 6),
];

/// The adapters of the Store port are for those who open sockets.
const STORE_FROM: u8 = 5;

/// Runtimes, sockets and databases, and the crates that may have them although they are below the server.
const ADAPTERS: &[(&str, &[&str])] = &[
    ("axum", &[]),
    ("clap", &[]),
    ("hyper", &[]),
    ("hyper-util", &[]),
    ("redis", &["credenza-store"]),
    ("reqwest", &[]),
    ("rusqlite", &["credenza-store"]),
    ("rustls", &["credenza-store"]),
    ("sqlx", &[]),
    ("tokio", &["credenza-store"]),
    ("tokio-postgres", &["credenza-store"]),
    ("tower", &[]),
    ("tracing-subscriber", &[]),
];

/// From this floor on everything may be imported.
const SERVER: u8 = 5;

/// One arrow: who imports what, and whether for tests only.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Import<'a> {
    from: &'a str,
    to: &'a str,
    for_tests: bool,
}

/// Reads `cargo metadata` and judges every arrow.
pub(crate) fn check_workspace() -> Result<String, String> {
    let metadata = metadata()?;
    let imports = imports(&metadata);
    let forbidden: Vec<String> = imports.iter().filter_map(refuse).collect();
    if forbidden.is_empty() {
        Ok(format!("{} imports, none of them upwards", imports.len()))
    } else {
        Err(forbidden.join("\n"))
    }
}

fn imports(metadata: &Value) -> Vec<Import<'_>> {
    let members = list(metadata, "workspace_members");
    let packages = list(metadata, "packages").iter();
    packages
        .filter(|package| package.get("id").is_some_and(|id| members.contains(id)))
        .flat_map(|package| {
            list(package, "dependencies").iter().map(move |dependency| Import {
                from: text(package, "name"),
                to: text(dependency, "name"),
                for_tests: text(dependency, "kind") == "dev",
            })
        })
        .collect()
}

/// Why an arrow is forbidden, if it is.
fn refuse(Import { from, to, for_tests }: &Import<'_>) -> Option<String> {
    if ["xtask", "credenza-fuzz"].contains(from) {
        return None;
    }
    let Some(own) = floor(from) else {
        return Some(format!("{from} has no floor: give it one in xtask/src/layering.rs"));
    };
    // A crate may use itself in its own tests, and a runtime or a store to drive them.
    if *for_tests && (from == to || *to == "credenza-store" || floor(to).is_none()) {
        return None;
    }
    if let Some(other) = floor(to) {
        if *to == "credenza-store" && own < STORE_FROM {
            return Some(format!("{from} imports {to}: adapters of the Store port are for the server alone"));
        }
        return (other >= own).then(|| format!("{from} imports {to}, which is not on a lower floor"));
    }
    let (_, excepted) = ADAPTERS.iter().find(|(adapter, _)| adapter == to)?;
    (own < SERVER && !excepted.contains(from))
        .then(|| format!("{from} imports {to}: protocol crates know no runtime, no socket, no database"))
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str, to: &str, for_tests: bool) -> bool {
        refuse(&Import { from, to, for_tests }).is_some()
    }

    #[test]
    fn the_house_stands() {
        check_workspace().unwrap();
    }

    #[test]
    fn made_up_arrows_upwards_are_refused() {
        assert!(refused("credenza-core", "credenza-crypto", false));
        assert!(refused("credenza-crypto", "credenza-store", false));
        assert!(refused("credenza-formats", "credenza-vci", false));
        assert!(refused("credenza-vci", "credenza-vp", false), "neighbours do not know each other");
        assert!(refused("credenza-vp", "credenza-server", true), "not even in tests");
        assert!(refused("credenza-new", "serde", false), "a crate without a floor");
        for adapter in ["tokio", "axum", "reqwest", "rusqlite", "hyper"] {
            assert!(refused("credenza-vp", adapter, false), "{adapter}");
        }
    }

    #[test]
    fn arrows_downwards_are_not() {
        assert!(!refused("credenza-vci", "credenza-oauth", false));
        assert!(!refused("credenza-formats", "credenza-crypto", false));
        assert!(!refused("credenza-store", "rusqlite", false));
        assert!(!refused("credenza-server", "axum", false));
        assert!(!refused("credenza-vci", "credenza-store", true));
        assert!(!refused("credenza-vci", "tokio", true));
        assert!(!refused("credenza", "credenza-server", false));
    }

    #[test]
    fn a_forbidden_edge_in_the_metadata_is_seen() {
        let metadata = serde_json::json!({
            "workspace_members": ["credenza-core 0.1.0"],
            "packages": [
                {"id": "credenza-core 0.1.0", "name": "credenza-core",
                 "dependencies": [{"name": "tokio", "kind": null}, {"name": "serde", "kind": null}]},
                {"id": "foreign 1.0.0", "name": "foreign", "dependencies": [{"name": "tokio", "kind": null}]},
            ],
        });
        let forbidden: Vec<_> = imports(&metadata).iter().filter_map(refuse).collect();
        assert_eq!(forbidden.len(), 1, "{forbidden:?}");
    }
}

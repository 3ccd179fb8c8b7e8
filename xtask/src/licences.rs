//! Where dependencies come from, and under which licence: checked offline, over `cargo metadata`.

use std::collections::HashSet;

use serde_json::Value;

use crate::process::{built, list, metadata, text};

/// Licences that ask for no more than attribution.
const ACCEPTED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in, not even through others, each with the reason.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "one cryptographic backend is enough: aws-lc-rs"),
    ("openssl-sys", "one cryptographic backend is enough: aws-lc-rs"),
    ("native-tls", "TLS is rustls"),
    ("ring", "one cryptographic backend is enough: aws-lc-rs"),
    ("rsa", "RUSTSEC-2023-0071: timing of its private key operations"),
    ("json-ld", "its tree has open advisories"),
    ("serde_yaml", "deprecated"),
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks every package that a build can pull in.
pub(crate) fn check_workspace() -> Result<String, String> {
    let metadata = metadata()?;
    // The lock file also names what an optional feature that nobody turns on would bring; only what can be built counts.
    let built: HashSet<(String, String)> = built()?;
    let key = |package: &Value| (text(package, "name").to_owned(), text(package, "version").to_owned());
    let packages = list(&metadata, "packages").iter().filter(|package| built.contains(&key(package)));
    let packages: Vec<&Value> = packages.collect();
    let faults: Vec<String> = packages.iter().flat_map(|package| faults(package)).collect();
    if faults.is_empty() {
        Ok(format!(
            "{} packages, each from crates.io or this workspace, each under an accepted licence",
            packages.len()
        ))
    } else {
        Err(faults.join("\n"))
    }
}

fn faults(package: &Value) -> Vec<String> {
    let name = text(package, "name");
    let mut faults = Vec::new();
    if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| *banned == name) {
        faults.push(format!("{name} is banned: {reason}"));
    }
    match package.get("source").and_then(Value::as_str) {
        None | Some(CRATES_IO) => {}
        Some(other) => faults.push(format!("{name} comes from {other}, not from crates.io")),
    }
    let licence = text(package, "license");
    if !accepted(licence) {
        faults.push(format!("{name} has the licence \"{licence}\", which is not in the accepted list"));
    }
    faults
}

/// Whether an SPDX expression can be met with accepted licences alone.
fn accepted(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    either(&mut rest) == Some(true) && rest.is_empty()
}

fn either(rest: &mut &[&str]) -> Option<bool> {
    let mut met = both(rest)?;
    while let Some((&"OR", after)) = rest.split_first() {
        *rest = after;
        met |= both(rest)?;
    }
    Some(met)
}

fn both(rest: &mut &[&str]) -> Option<bool> {
    let mut met = one(rest)?;
    while let Some((&"AND", after)) = rest.split_first() {
        *rest = after;
        met &= one(rest)?;
    }
    Some(met)
}

fn one(rest: &mut &[&str]) -> Option<bool> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    if *first == "(" {
        let met = either(rest)?;
        let (close, after) = rest.split_first()?;
        *rest = after;
        return (*close == ")").then_some(met);
    }
    if let [with @ "WITH", exception, after @ ..] = *rest {
        *rest = after;
        return Some(ACCEPTED.contains(&format!("{first} {with} {exception}").as_str()));
    }
    Some(ACCEPTED.contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn this_workspace_is_clean() {
        check_workspace().unwrap();
    }

    #[test]
    fn expressions() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "ISC AND (Apache-2.0 OR ISC)",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        ] {
            assert!(accepted(good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT AND", "(MIT", "MIT OR", "AGPL-3.0-only", "MIT MIT"]
        {
            assert!(!accepted(bad), "{bad}");
        }
    }

    #[test]
    fn made_up_packages_are_refused() {
        let package = |name: &str, source: &str| json!({"name": name, "source": source, "license": "MIT"});
        assert_eq!(faults(&package("fine", CRATES_IO)), Vec::<String>::new());
        assert_eq!(faults(&package("openssl", CRATES_IO)).len(), 1);
        assert_eq!(faults(&package("forked", "git+https://example.org/forked")).len(), 1);
    }
}

//! Why a clause has no test of ours: `tests/clauses/reasons/SPECIFICATION.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tests_read::ids;

/// What is said of one specification.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Whether each clause of MUST level needs a test or a reason.
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    reasons: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    why: String,
    /// Ids, and ranges of them as in a test.
    clauses: Vec<String>,
}

/// The reasons of all specifications.
#[derive(Default)]
pub(super) struct Reasons {
    /// The specifications that must have no gap.
    pub(super) complete: Vec<String>,
    /// From a clause to its reason.
    pub(super) why: BTreeMap<String, String>,
    pub(super) faults: Vec<String>,
}

impl Reasons {
    /// Adds a file, with the name of its specification.
    pub(super) fn add(&mut self, name: &str, text: &str) -> Result<(), String> {
        let file: File = toml::from_str(text).map_err(|error| format!("reasons/{name}.toml: {error}"))?;
        if file.complete {
            self.complete.push(name.to_owned());
        }
        for Reason { why, clauses } in file.reasons {
            for item in clauses {
                for id in ids(&item).map_err(|error| format!("reasons/{name}.toml: {error}"))? {
                    if let Some(other) = self.why.insert(id.clone(), why.clone()) {
                        self.faults.push(format!("{id} has two reasons: {other:?} and {why:?}"));
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_with_ranges_and_no_clause_has_two() {
        let mut reasons = Reasons::default();
        let text =
            "complete = true\n[[reasons]]\nwhy = \"theirs\"\nclauses = [\"X-1-01 to X-1-03\", \"X-2-01\"]\n";
        reasons.add("x", text).unwrap();
        assert_eq!(reasons.complete, ["x"]);
        assert_eq!(reasons.why.keys().collect::<Vec<_>>(), ["X-1-01", "X-1-02", "X-1-03", "X-2-01"]);
        assert_eq!(reasons.faults, [""; 0]);
        reasons.add("y", "[[reasons]]\nwhy = \"again\"\nclauses = [\"X-2-01\"]\n").unwrap();
        assert_eq!(reasons.faults.len(), 1);
        assert!(reasons.add("z", "reason = 1").is_err());
    }
}

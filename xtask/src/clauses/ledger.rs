//! What there is, what is covered, and what is out of scope.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::tests_read::Named;

/// The clauses of one specification.
pub(super) struct Specification {
    /// The name of its file without ending.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) clauses: Vec<Clause>,
    /// Whether every clause of MUST level needs a test or a reason.
    pub(super) complete: bool,
}

pub(super) struct Clause {
    pub(super) id: String,
    /// Whether it must be kept, and not only should or may.
    pub(super) must: bool,
    /// Whom it binds: a guess by its subject.
    pub(super) role: String,
    pub(super) state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Covered,
    OutOfScope(String),
    Open,
}

pub(super) struct Ledger {
    pub(super) specifications: Vec<Specification>,
    faults: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    complete: Vec<String>,
    reasons: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    why: String,
    clauses: Vec<String>,
}

impl Ledger {
    pub(super) fn read(folder: &Path, named: &[Named]) -> Result<Self, String> {
        let scope = text(&folder.join("out-of-scope.toml"))?;
        let mut lists = Vec::new();
        let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if entry.extension().is_some_and(|ending| ending == "txt") {
                let name = entry.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                lists.push((name, text(&entry)?));
            }
        }
        lists.sort();
        Self::of(&scope, &lists, named)
    }

    fn of(scope: &str, lists: &[(String, String)], named: &[Named]) -> Result<Self, String> {
        let scope: Scope = toml::from_str(scope).map_err(|error| format!("out-of-scope.toml: {error}"))?;
        let covered: BTreeSet<&str> = named.iter().map(|named| named.id.as_str()).collect();
        let reasons = scope
            .reasons
            .iter()
            .flat_map(|reason| reason.clauses.iter().map(|id| (id.as_str(), &reason.why)));
        let reasons: HashMap<&str, &String> = reasons.collect();
        let mut specifications = Vec::new();
        for (name, list) in lists {
            let complete = scope.complete.contains(name);
            specifications.push(Specification::read(name, list, complete, &covered, &reasons)?);
        }
        let ids: BTreeSet<&str> =
            specifications.iter().flat_map(|one| &one.clauses).map(|clause| clause.id.as_str()).collect();
        let mut faults = Vec::new();
        for Named { id, file } in named.iter().filter(|named| !ids.contains(named.id.as_str())) {
            faults.push(format!("{file}: there is no clause {id:?}"));
        }
        for (id, _) in reasons.iter().collect::<BTreeMap<_, _>>() {
            if !ids.contains(id) {
                faults.push(format!("out-of-scope.toml: there is no clause {id:?}"));
            } else if covered.contains(id) {
                faults.push(format!("out-of-scope.toml: {id} has a test"));
            }
        }
        for name in scope.complete.iter().filter(|name| !lists.iter().any(|(list, _)| list == *name)) {
            faults.push(format!("out-of-scope.toml: there is no list {name:?}"));
        }
        for specification in specifications.iter().filter(|one| one.complete) {
            for clause in specification.must().filter(|clause| clause.state == State::Open) {
                faults.push(format!("{}: no test names {}", specification.title, clause.id));
            }
        }
        Ok(Self { specifications, faults })
    }

    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }

    pub(super) fn sum(&self) -> String {
        let must: usize = self.specifications.iter().map(|one| one.must().count()).sum();
        let covered: usize = self.specifications.iter().map(|one| one.count(&State::Covered)).sum();
        format!("{covered} of {must} clauses of MUST level have a test")
    }
}

impl Specification {
    fn read(
        name: &str,
        list: &str,
        complete: bool,
        covered: &BTreeSet<&str>,
        reasons: &HashMap<&str, &String>,
    ) -> Result<Self, String> {
        let mut lines = list.lines();
        let title =
            lines.next().and_then(|line| line.strip_prefix("# ")).ok_or(format!("{name}: no title"))?;
        let clauses = lines.map(|line| {
            let mut words = line.split_whitespace();
            let (Some(id), Some(level), Some(role)) = (words.next(), words.next(), words.next()) else {
                return Err(format!("{name}: {line:?} is no clause"));
            };
            let state = match reasons.get(id) {
                _ if covered.contains(id) => State::Covered,
                Some(why) => State::OutOfScope((*why).clone()),
                None => State::Open,
            };
            let must = ["MUST", "MUST-NOT", "SHALL", "SHALL-NOT", "REQUIRED"].contains(&level);
            Ok(Clause { id: id.to_owned(), must, role: role.to_owned(), state })
        });
        let clauses = clauses.collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), title: title.to_owned(), clauses, complete })
    }

    /// The clauses that must be kept.
    pub(super) fn must(&self) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(|clause| clause.must)
    }

    pub(super) fn count(&self, state: &State) -> usize {
        self.must().filter(|clause| clause.state == *state).count()
    }
}

fn text(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(scope: &str, named: &[&str]) -> Vec<String> {
        let list = ("x".to_owned(), "# X\nX-1-01 MUST any\nX-1-02 MUST-NOT any\nX-1-03 MAY any\n".to_owned());
        let named: Vec<_> =
            named.iter().map(|id| Named { id: (*id).to_owned(), file: "x.rs".to_owned() }).collect();
        Ledger::of(scope, &[list], &named).unwrap().faults().to_vec()
    }

    #[test]
    fn gaps_and_names_of_nothing_are_found() {
        let open = "complete = []\nreasons = []";
        assert_eq!(faults(open, &["X-1-01"]), Vec::<String>::new());
        assert_eq!(faults(open, &["X-1-04"]).len(), 1);
        let complete = "complete = [\"x\"]\nreasons = []";
        assert_eq!(faults(complete, &["X-1-01"]).len(), 1);
        assert_eq!(faults(complete, &["X-1-01", "X-1-02"]), Vec::<String>::new());
        let reasoned = "complete = [\"x\"]\n[[reasons]]\nwhy = \"no\"\nclauses = [\"X-1-02\"]";
        assert_eq!(faults(reasoned, &["X-1-01"]), Vec::<String>::new());
        assert_eq!(faults(reasoned, &["X-1-01", "X-1-02"]).len(), 1);
        assert_eq!(faults("complete = [\"y\"]\nreasons = []", &[]).len(), 1);
    }
}

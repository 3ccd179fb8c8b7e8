//! The rows there are, and what shows each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::named::Named;

/// The rows of one role, in the order in which files are listed.
pub(super) struct Role {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) id: String,
    pub(super) section: String,
    pub(super) words: String,
    pub(super) shown: Shown,
}

pub(super) enum Shown {
    /// By these tests.
    By(BTreeSet<String>),
    /// By none, for this reason.
    Not(String),
    /// By none yet.
    Open,
}

pub(super) struct Checklist {
    pub(super) roles: Vec<Role>,
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
    rows: Vec<String>,
}

impl Checklist {
    pub(super) fn read(folder: &Path, named: &[Named]) -> Result<Self, String> {
        let scope = text(&folder.join("out-of-scope.toml"))?;
        let mut lists = Vec::new();
        for name in ["iss", "as", "wvci", "wvp", "ver"] {
            lists.push((name.to_owned(), text(&folder.join(format!("{name}.txt")))?));
        }
        Self::of(&scope, &lists, named)
    }

    fn of(scope: &str, lists: &[(String, String)], named: &[Named]) -> Result<Self, String> {
        let scope: Scope = toml::from_str(scope).map_err(|error| format!("out-of-scope.toml: {error}"))?;
        let mut tests: HashMap<&str, BTreeSet<String>> = HashMap::new();
        for one in named {
            tests.entry(&one.row).or_default().insert(one.test.clone());
        }
        let mut reasons: BTreeMap<&str, &str> = BTreeMap::new();
        for reason in &scope.reasons {
            reasons.extend(reason.rows.iter().map(|row| (row.as_str(), reason.why.as_str())));
        }
        let roles: Vec<Role> = lists
            .iter()
            .map(|(name, list)| Role::read(name, list, &tests, &reasons))
            .collect::<Result<_, _>>()?;
        let ids: BTreeSet<&str> =
            roles.iter().flat_map(|role| &role.rows).map(|row| row.id.as_str()).collect();
        let mut faults = Vec::new();
        for one in named.iter().filter(|one| !ids.contains(one.row.as_str())) {
            faults.push(format!("{}: the checklist has no row {:?}", one.test, one.row));
        }
        for row in reasons.keys() {
            if !ids.contains(row) {
                faults.push(format!("out-of-scope.toml: the checklist has no row {row:?}"));
            } else if tests.contains_key(row) {
                faults.push(format!("out-of-scope.toml: {row} has a test"));
            }
        }
        for name in &scope.complete {
            let Some(role) = roles.iter().find(|role| role.name == *name) else {
                faults.push(format!("out-of-scope.toml: there is no list {name:?}"));
                continue;
            };
            let open = role.rows.iter().filter(|row| matches!(row.shown, Shown::Open));
            faults.extend(open.map(|row| format!("{}: no test shows {}", role.title, row.id)));
        }
        Ok(Self { roles, faults })
    }

    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }

    pub(super) fn sum(&self) -> String {
        let rows = self.roles.iter().map(|role| role.rows.len()).sum::<usize>();
        let shown = self.roles.iter().map(Role::shown).sum::<usize>();
        format!("{shown} of {rows} rows of the certification suite's checklist have a test")
    }
}

impl Role {
    fn read(
        name: &str,
        list: &str,
        tests: &HashMap<&str, BTreeSet<String>>,
        reasons: &BTreeMap<&str, &str>,
    ) -> Result<Self, String> {
        let mut lines = list.lines();
        let title =
            lines.next().and_then(|line| line.strip_prefix("# ")).ok_or(format!("{name}: no title"))?;
        let rows = lines.map(|line| {
            let mut parts = line.splitn(3, " | ");
            let (Some(id), Some(section), Some(words)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(format!("{name}: {line:?} is no row"));
            };
            let shown = match (tests.get(id), reasons.get(id)) {
                (Some(tests), _) => Shown::By(tests.clone()),
                (None, Some(why)) => Shown::Not((*why).to_owned()),
                (None, None) => Shown::Open,
            };
            Ok(Row { id: id.to_owned(), section: section.to_owned(), words: words.to_owned(), shown })
        });
        Ok(Self { name: name.to_owned(), title: title.to_owned(), rows: rows.collect::<Result<_, _>>()? })
    }

    pub(super) fn shown(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.shown, Shown::By(_))).count()
    }

    pub(super) fn open(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.shown, Shown::Open)).count()
    }
}

fn text(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(scope: &str, rows: &[&str]) -> Vec<String> {
        let list = ("x".to_owned(), "# X\nX-001 | RFC 1 | it is\nX-002 | - | it was\n".to_owned());
        let named: Vec<_> =
            rows.iter().map(|row| Named { row: (*row).to_owned(), test: "a::b".to_owned() }).collect();
        Checklist::of(scope, &[list], &named).unwrap().faults().to_vec()
    }

    #[test]
    fn gaps_and_rows_of_nothing_are_found() {
        assert_eq!(faults("complete = []\nreasons = []", &["X-001"]), Vec::<String>::new());
        assert_eq!(faults("complete = []\nreasons = []", &["X-003"]).len(), 1);
        assert_eq!(faults("complete = [\"x\"]\nreasons = []", &["X-001"]).len(), 1);
        assert_eq!(faults("complete = [\"y\"]\nreasons = []", &[]).len(), 1);
        let reasoned = "complete = [\"x\"]\n[[reasons]]\nwhy = \"no\"\nrows = [\"X-002\"]";
        assert_eq!(faults(reasoned, &["X-001"]), Vec::<String>::new());
        assert_eq!(faults(reasoned, &["X-001", "X-002"]).len(), 1);
    }
}

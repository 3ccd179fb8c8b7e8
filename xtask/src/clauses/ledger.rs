//! What there is, what is shown by a test, and what is not applicable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::reasons::Reasons;
use super::tests_read::{Named, Test};

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
    /// Whom it binds.
    pub(super) role: String,
    pub(super) verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// These tests show it.
    Met(BTreeSet<Test>),
    /// It asks nothing of us, and why.
    NotApplicable(String),
    Gap,
}

pub(super) struct Ledger {
    pub(super) specifications: Vec<Specification>,
    faults: Vec<String>,
}

/// How many of a specification's clauses have which verdict.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) met: usize,
    pub(super) not_applicable: usize,
    pub(super) gap: usize,
}

impl Ledger {
    pub(super) fn read(folder: &Path, named: &[Named]) -> Result<Self, String> {
        let mut reasons = Reasons::default();
        for (name, text) in texts(&folder.join("reasons"), "toml")? {
            reasons.add(&name, &text)?;
        }
        Self::of(reasons, &texts(folder, "txt")?, named)
    }

    fn of(reasons: Reasons, lists: &[(String, String)], named: &[Named]) -> Result<Self, String> {
        let mut tests: BTreeMap<&str, BTreeSet<Test>> = BTreeMap::new();
        for Named { id, test } in named {
            tests.entry(id).or_default().insert(test.clone());
        }
        let mut specifications = Vec::new();
        for (name, list) in lists {
            let complete = reasons.complete.contains(name);
            specifications.push(Specification::read(name, list, complete, &tests, &reasons.why)?);
        }
        let ids: BTreeSet<&str> =
            specifications.iter().flat_map(|one| &one.clauses).map(|clause| clause.id.as_str()).collect();
        let mut faults = reasons.faults;
        for Named { id, test } in named.iter().filter(|named| !ids.contains(named.id.as_str())) {
            faults.push(format!("{}: there is no clause {id:?}", test.file));
        }
        for id in reasons.why.keys() {
            if !ids.contains(id.as_str()) {
                faults.push(format!("reasons: there is no clause {id:?}"));
            } else if tests.contains_key(id.as_str()) {
                faults.push(format!("reasons: {id} has a test"));
            }
        }
        for name in reasons.complete.iter().filter(|name| !lists.iter().any(|(list, _)| list == *name)) {
            faults.push(format!("reasons: there is no list {name:?}"));
        }
        for specification in specifications.iter().filter(|one| one.complete) {
            for clause in specification.must().filter(|clause| clause.verdict == Verdict::Gap) {
                faults.push(format!("{}: no test names {}", specification.title, clause.id));
            }
        }
        Ok(Self { specifications, faults })
    }

    pub(super) fn faults(&self) -> &[String] {
        &self.faults
    }

    pub(super) fn count(&self) -> Count {
        self.specifications.iter().map(Specification::count).fold(Count::default(), Count::and)
    }

    pub(super) fn sum(&self) -> String {
        let Count { met, not_applicable, gap } = self.count();
        let all = met + not_applicable + gap;
        format!("of {all} clauses of MUST level {met} are met, {not_applicable} not applicable, {gap} gaps")
    }
}

impl Count {
    fn and(self, other: Self) -> Self {
        Self {
            met: self.met + other.met,
            not_applicable: self.not_applicable + other.not_applicable,
            gap: self.gap + other.gap,
        }
    }
}

impl Specification {
    fn read(
        name: &str,
        list: &str,
        complete: bool,
        tests: &BTreeMap<&str, BTreeSet<Test>>,
        reasons: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let mut lines = list.lines();
        let title =
            lines.next().and_then(|line| line.strip_prefix("# ")).ok_or(format!("{name}: no title"))?;
        let clauses = lines.map(|line| {
            let mut words = line.split_whitespace();
            let (Some(id), Some(level), Some(role)) = (words.next(), words.next(), words.next()) else {
                return Err(format!("{name}: {line:?} is no clause"));
            };
            let verdict = match (tests.get(id), reasons.get(id)) {
                (Some(tests), _) => Verdict::Met(tests.clone()),
                (None, Some(why)) => Verdict::NotApplicable(why.clone()),
                (None, None) => Verdict::Gap,
            };
            let must = ["MUST", "MUST-NOT", "SHALL", "SHALL-NOT", "REQUIRED"].contains(&level);
            Ok(Clause { id: id.to_owned(), must, role: role.to_owned(), verdict })
        });
        let clauses = clauses.collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), title: title.to_owned(), clauses, complete })
    }

    /// The clauses that must be kept.
    pub(super) fn must(&self) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(|clause| clause.must)
    }

    pub(super) fn count(&self) -> Count {
        let one = |clause: &Clause| match clause.verdict {
            Verdict::Met(_) => Count { met: 1, ..Count::default() },
            Verdict::NotApplicable(_) => Count { not_applicable: 1, ..Count::default() },
            Verdict::Gap => Count { gap: 1, ..Count::default() },
        };
        self.must().map(one).fold(Count::default(), Count::and)
    }
}

/// The files with this ending, by name without it, in order.
fn texts(folder: &Path, ending: &str) -> Result<Vec<(String, String)>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|other| other == ending) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            texts.push((name, fs::read_to_string(&path).map_err(failed)?));
        }
    }
    texts.sort();
    Ok(texts)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The ledger of one specification of two clauses that must be kept, and one that may be.
    pub(in crate::clauses) fn ledger(name: &str, reasons: &str, named: &[&str]) -> Ledger {
        let list =
            ("x".to_owned(), "# X\nX-1-01 MUST issuer\nX-1-02 MUST-NOT any\nX-1-03 MAY any\n".to_owned());
        let test = Test { name: "shown".to_owned(), file: "x.rs".to_owned() };
        let named: Vec<_> =
            named.iter().map(|id| Named { id: (*id).to_owned(), test: test.clone() }).collect();
        let mut read = Reasons::default();
        read.add(name, reasons).unwrap();
        Ledger::of(read, &[list], &named).unwrap()
    }

    fn faults(reasons: &str, named: &[&str]) -> Vec<String> {
        ledger("x", reasons, named).faults().to_vec()
    }

    #[test]
    fn gaps_and_names_of_nothing_are_found() {
        assert_eq!(faults("", &["X-1-01"]), Vec::<String>::new());
        assert_eq!(faults("", &["X-1-04"]).len(), 1);
        let complete = "complete = true";
        assert_eq!(faults(complete, &["X-1-01"]).len(), 1);
        assert_eq!(faults(complete, &["X-1-01", "X-1-02"]), Vec::<String>::new());
        let reasoned = "complete = true\n[[reasons]]\nwhy = \"no\"\nclauses = [\"X-1-02\"]";
        assert_eq!(faults(reasoned, &["X-1-01"]), Vec::<String>::new());
        assert_eq!(faults(reasoned, &["X-1-01", "X-1-02"]).len(), 1);
        assert_eq!(ledger("y", complete, &[]).faults().len(), 1);
        let count = ledger("x", "[[reasons]]\nwhy = \"no\"\nclauses = [\"X-1-02\"]", &[]).count();
        assert_eq!(count, Count { met: 0, not_applicable: 1, gap: 1 });
    }
}

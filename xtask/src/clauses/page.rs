//! `docs/clauses.md`

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ledger::{Ledger, Specification, State};

const HEAD: &str = "\
# Clauses and their tests

Every sentence of a specification that says MUST, MUST NOT, SHALL or REQUIRED has an id: specification, section, number
in the section. A test names the clauses it covers in a comment above it. This page is made from both by
`cargo xtask clauses`; `cargo xtask test` fails when it is out of date, when a test names a clause that there is none
of, and when a specification marked ● has a clause without a test or a reason.

| specification | | with a test | out of scope | open | of |
|---|---|---|---|---|---|
";

pub(super) fn render(ledger: &Ledger) -> String {
    let mut page = HEAD.to_owned();
    for specification in &ledger.specifications {
        let total = specification.must().count();
        let (covered, open) = (specification.count(&State::Covered), specification.count(&State::Open));
        let mark = if specification.complete { "●" } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(
            page,
            "| [{}](#{}) | {mark} | {covered} | {} | {open} | {total} |",
            specification.title,
            specification.name,
            total - covered - open,
        );
    }
    for specification in &ledger.specifications {
        details(specification, &mut page);
    }
    page
}

fn details(specification: &Specification, page: &mut String) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut open: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for clause in specification.must() {
        match &clause.state {
            State::Covered => {}
            State::OutOfScope(why) => reasons.entry(why).or_default().push(&clause.id),
            State::Open => open.entry(&clause.role).or_default().push(&clause.id),
        }
    }
    let _ = write!(page, "\n<a id=\"{}\"></a>\n\n## {}\n\n", specification.name, specification.title);
    if reasons.is_empty() && open.is_empty() {
        page.push_str("Every clause has a test.\n");
    }
    for (why, ids) in reasons {
        let _ = writeln!(page, "- Out of scope, {why}: {}", ids.join(", "));
    }
    for (role, ids) in open {
        let whom = if role == "any" { String::new() } else { format!(" ({role})") };
        let _ = writeln!(page, "- Without a test{whom}: {}", ids.join(", "));
    }
}

//! `docs/conformance/ledger.md`

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::ledger::{Clause, Count, Ledger, Specification, Verdict};
use super::tests_read::Test;

const HEAD: &str = "\
# The clause ledger

Every sentence of a specification that says MUST, MUST NOT, SHALL or REQUIRED has an id: specification, section, number
in the section. For each one this page says whom it binds, and one of three things:

- **met**: these tests show it. A test names its clauses in a comment above it.
- **n/a**: it asks nothing of this software, and why.
- **gap**: nobody has shown it yet.

The page is made by `cargo xtask clauses` from the tests, from the lists in `tests/clauses` and the reasons in
`tests/clauses/reasons`. `cargo xtask test` fails when it is out of date, when a test names a clause that there is none
of, and when a specification marked ● has a gap.

| specification | | met | n/a | gaps | of |
|---|---|---|---|---|---|
";

pub(super) fn render(ledger: &Ledger) -> String {
    let mut page = HEAD.to_owned();
    for specification in &ledger.specifications {
        let mark = if specification.complete { "●" } else { "" };
        let name = format!("[{}](#{})", specification.title, specification.name);
        sum(&mut page, &name, mark, specification.count());
    }
    sum(&mut page, "**all**", "", ledger.count());
    for specification in &ledger.specifications {
        details(specification, &mut page);
    }
    page
}

fn sum(page: &mut String, name: &str, mark: &str, count: Count) {
    let Count { met, not_applicable, gap } = count;
    let all = met + not_applicable + gap;
    // Writing to a string does not fail, here and below.
    let _ = writeln!(page, "| {name} | {mark} | {met} | {not_applicable} | {gap} | {all} |");
}

fn details(specification: &Specification, page: &mut String) {
    let _ = write!(page, "\n<a id=\"{}\"></a>\n\n## {}\n\n", specification.name, specification.title);
    page.push_str("| clause | binds | | shown by, or why not |\n|---|---|---|---|\n");
    for clause in specification.must() {
        let (verdict, shown) = match &clause.verdict {
            Verdict::Met(tests) => ("met", links(tests)),
            Verdict::NotApplicable(why) => ("n/a", why.clone()),
            Verdict::Gap => ("**gap**", String::new()),
        };
        let _ = writeln!(page, "| {} | {} | {verdict} | {shown} |", clause.id, binds(clause));
    }
}

fn binds(clause: &Clause) -> &str {
    match clause.role.as_str() {
        "as" => "authorization server",
        "rs" => "resource server",
        "holder" => "wallet",
        "wallet-provider" => "wallet provider",
        "any" => "all",
        other => other,
    }
}

fn links(tests: &BTreeSet<Test>) -> String {
    let link = |test: &Test| format!("[{}](../../{})", test.name, test.file);
    tests.iter().map(link).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::ledger::tests::ledger;
    use super::*;

    #[test]
    fn each_clause_of_must_level_has_a_row_with_its_verdict() {
        let met = "| X-1-01 | issuer | met | [shown](../../x.rs) |\n";
        let page = render(&ledger("x", "", &["X-1-01", "X-1-03"]));
        assert!(page.contains(met) && page.contains("| X-1-02 | all | **gap** |  |\n"), "{page}");
        assert!(page.contains("| [X](#x) |  | 1 | 0 | 1 | 2 |\n"), "{page}");
        assert!(!page.contains("X-1-03"), "it is no MUST");
        let why = "complete = true\n[[reasons]]\nwhy = \"it binds others\"\nclauses = [\"X-1-02\"]";
        let page = render(&ledger("x", why, &["X-1-01"]));
        assert!(page.contains("| X-1-02 | all | n/a | it binds others |\n"), "{page}");
        assert!(page.contains("| [X](#x) | ● | 1 | 1 | 0 | 2 |\n"), "{page}");
    }
}

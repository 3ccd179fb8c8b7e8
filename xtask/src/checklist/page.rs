//! `docs/conformance/checklist.md`

use std::fmt::Write as _;

use super::list::{Checklist, Role, Shown};

const HEAD: &str = "\
# The certification suite's checklist

What the conformance suite of the OpenID Foundation looks at, in our own words, and the tests that show that it holds
here. Tests name rows in their own names (`as_033_…`) or in a comment above them (`// Checks: …`). This page is made by
`cargo xtask clauses`; `cargo xtask test` fails when it is out of date, when a test names a row that there is none of, and when a complete list has a gap.
A row with a test does not say that a certification has been passed.

| role | with a test | no test, for a reason | open | of |
|---|---|---|---|---|
";

pub(super) fn render(checklist: &Checklist) -> String {
    let mut page = HEAD.to_owned();
    for role in &checklist.roles {
        let (all, shown, open) = (role.rows.len(), role.shown(), role.open());
        // Writing to a string does not fail.
        let _ = writeln!(
            page,
            "| [{}](#{}) | {shown} | {} | {open} | {all} |",
            role.title,
            anchor(role),
            all - shown - open
        );
    }
    for role in &checklist.roles {
        let _ = write!(page, "\n<a id=\"{}\"></a>\n\n## {}\n\n", anchor(role), role.title);
        page.push_str("| row | section | what | tests |\n|---|---|---|---|\n");
        for row in &role.rows {
            let shown = match &row.shown {
                Shown::By(tests) => {
                    tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join("<br>")
                }
                Shown::Not(why) => format!("none: {why}"),
                Shown::Open => "**open**".to_owned(),
            };
            let _ = writeln!(page, "| {} | {} | {} | {shown} |", row.id, row.section, row.words);
        }
    }
    page
}

fn anchor(role: &Role) -> String {
    format!("rows-{}", role.name)
}

//! The verification report: what was checked, which section demands it, and what came of it.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

/// A check that Credenza knows: its name, the section that demands it, and what it makes sure of.
///
/// Rules are constants. A crate keeps its own in a module `rules`, so that the list of all checks can be printed.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable name, from general to special: `sd-jwt.kb.nonce`.
    pub id: &'static str,
    /// Where it is demanded: `RFC 9901 §7.3`.
    pub section: &'static str,
    /// What holds when the check has passed, as a sentence a person understands.
    pub meaning: &'static str,
}

impl Rule {
    /// A rule.
    #[must_use]
    pub const fn new(id: &'static str, section: &'static str, meaning: &'static str) -> Self {
        Self { id, section, meaning }
    }
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold: the subject is refused.
    Failed,
    /// It was not looked at, because it does not apply or because something before it failed.
    Skipped,
    /// It does not hold, and policy says to go on.
    Warned,
}

/// One check that was made (or deliberately not made).
#[derive(Debug, Clone)]
pub struct Check {
    /// Which check.
    pub rule: &'static Rule,
    /// What came of it.
    pub outcome: Outcome,
    /// What was found, when that helps: never a secret, never personal data.
    pub evidence: Option<Cow<'static, str>>,
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            id: &'a str,
            section: &'a str,
            meaning: &'a str,
            outcome: Outcome,
            #[serde(skip_serializing_if = "Option::is_none")]
            evidence: Option<&'a str>,
        }
        let Rule { id, section, meaning } = self.rule;
        Wire { id, section, meaning, outcome: self.outcome, evidence: self.evidence.as_deref() }
            .serialize(out)
    }
}

/// The report on one subject, with the reports on its parts.
///
/// ```
/// use credenza_core::{Report, Rule};
/// const NONCE: Rule = Rule::new("sd-jwt.kb.nonce", "RFC 9901 §7.3", "The presentation was made for this request.");
///
/// let mut report = Report::new("presentation");
/// assert!(!report.check(&NONCE, "a" == "b", || "another nonce"));
/// assert!(!report.ok());
/// assert_eq!(report.first_failure().unwrap().rule.id, "sd-jwt.kb.nonce");
/// ```
#[derive(Debug, Clone)]
pub struct Report {
    /// What was looked at: `presentation pid`.
    pub subject: Cow<'static, str>,
    /// The checks, in the order they were made.
    pub checks: Vec<Check>,
    /// Reports on the parts: one for each presentation, one for each credential in it.
    pub parts: Vec<Report>,
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new(subject: impl Into<Cow<'static, str>>) -> Self {
        Self { subject: subject.into(), checks: Vec::with_capacity(16), parts: Vec::new() }
    }

    /// Notes that a check has passed.
    pub fn pass(&mut self, rule: &'static Rule) {
        self.checks.push(Check { rule, outcome: Outcome::Passed, evidence: None });
    }

    /// Notes that a check has passed, and by what.
    pub fn pass_with(&mut self, rule: &'static Rule, evidence: impl Into<Cow<'static, str>>) {
        self.checks.push(Check { rule, outcome: Outcome::Passed, evidence: Some(evidence.into()) });
    }

    /// Notes that a check has failed, and what was found.
    pub fn fail(&mut self, rule: &'static Rule, evidence: impl Into<Cow<'static, str>>) {
        self.checks.push(Check { rule, outcome: Outcome::Failed, evidence: Some(evidence.into()) });
    }

    /// Notes that a check was not made, and why.
    pub fn skip(&mut self, rule: &'static Rule, reason: impl Into<Cow<'static, str>>) {
        self.checks.push(Check { rule, outcome: Outcome::Skipped, evidence: Some(reason.into()) });
    }

    /// Notes that a check does not hold and that policy lets it be.
    pub fn warn(&mut self, rule: &'static Rule, evidence: impl Into<Cow<'static, str>>) {
        self.checks.push(Check { rule, outcome: Outcome::Warned, evidence: Some(evidence.into()) });
    }

    /// Notes a check by its result; the evidence is only made when it failed. Returns the result.
    pub fn check<E: Into<Cow<'static, str>>>(
        &mut self,
        rule: &'static Rule,
        holds: bool,
        evidence: impl FnOnce() -> E,
    ) -> bool {
        if holds {
            self.pass(rule);
        } else {
            self.fail(rule, evidence());
        }
        holds
    }

    /// Whether nothing failed, here and in the parts, and something was checked.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.checked_anything() && self.nothing_failed()
    }

    fn nothing_failed(&self) -> bool {
        self.checks.iter().all(|check| check.outcome != Outcome::Failed)
            && self.parts.iter().all(Self::nothing_failed)
    }

    fn checked_anything(&self) -> bool {
        self.checks.iter().any(|check| check.outcome == Outcome::Passed)
            || self.parts.iter().any(Self::checked_anything)
    }

    /// The first check that failed, here or in the parts.
    #[must_use]
    pub fn first_failure(&self) -> Option<&Check> {
        self.checks
            .iter()
            .find(|check| check.outcome == Outcome::Failed)
            .or_else(|| self.parts.iter().find_map(Self::first_failure))
    }

    /// The check named `id`, here or in the parts.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Check> {
        self.checks
            .iter()
            .find(|check| check.rule.id == id)
            .or_else(|| self.parts.iter().find_map(|part| part.find(id)))
    }

    fn write(&self, out: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        writeln!(out, "{indent}{} {}", if self.nothing_failed() { "✓" } else { "✗" }, self.subject)?;
        let width = self.checks.iter().map(|check| check.rule.id.len()).max().unwrap_or(0);
        for Check { rule, outcome, evidence } in &self.checks {
            let mark = match outcome {
                Outcome::Passed => "✓",
                Outcome::Failed => "✗",
                Outcome::Skipped => "–",
                Outcome::Warned => "!",
            };
            write!(out, "{indent}  {mark} {:width$}  {}  [{}]", rule.id, rule.meaning, rule.section)?;
            if let Some(evidence) = evidence {
                write!(out, "\n{indent}    {:width$}  → {evidence}", "")?;
            }
            writeln!(out)?;
        }
        self.parts.iter().try_for_each(|part| part.write(out, depth + 1))
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            subject: &'a str,
            ok: bool,
            checks: &'a [Check],
            #[serde(skip_serializing_if = "<[Report]>::is_empty")]
            parts: &'a [Report],
        }
        Wire { subject: &self.subject, ok: self.ok(), checks: &self.checks, parts: &self.parts }
            .serialize(out)
    }
}

/// The report for a terminal: a line for each check, the evidence under it.
impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(out, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Rule = Rule::new("test.one", "§1", "One holds.");
    const TWO: Rule = Rule::new("test.two", "§2", "Two holds.");

    #[test]
    fn an_empty_report_is_not_ok() {
        assert!(!Report::new("nothing").ok());
        let mut skipped = Report::new("skipped");
        skipped.skip(&ONE, "not asked for");
        assert!(!skipped.ok());
    }

    #[test]
    fn a_failed_part_fails_the_whole() {
        let mut part = Report::new("part");
        part.fail(&TWO, "wrong");
        let mut whole = Report::new("whole");
        whole.pass(&ONE);
        assert!(whole.ok());
        whole.parts.push(part);
        assert!(!whole.ok());
        assert_eq!(whole.first_failure().unwrap().rule, &TWO);
        assert_eq!(whole.find("test.two").unwrap().outcome, Outcome::Failed);
        let text = whole.to_string();
        assert!(text.contains("✗ test.two") && text.contains("→ wrong"), "{text}");
        assert_eq!(serde_json::to_value(&whole).unwrap()["parts"][0]["checks"][0]["section"], "§2");
    }
}

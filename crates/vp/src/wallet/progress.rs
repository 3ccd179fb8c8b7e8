//! The report on a request, in the making: one check after the other, until one does not hold.

use credenza_core::{Report, Rule};

use super::Refusal;

/// The checks so far, and the one that is being made.
#[derive(Clone)]
pub(super) struct Progress {
    report: Report,
    pending: Option<&'static Rule>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { report: Report::new("presentation request"), pending: None }
    }

    /// Begins a check; the one before has passed.
    pub(super) fn at(&mut self, rule: &'static Rule) {
        if let Some(passed) = self.pending.replace(rule) {
            self.report.pass(passed);
        }
    }

    /// The check that is being made has passed, and by what.
    pub(super) fn pass_with(&mut self, evidence: String) {
        if let Some(rule) = self.pending.take() {
            self.report.pass_with(rule, evidence);
        }
    }

    /// The check that is being made does not hold, and we go on.
    pub(super) fn warn(&mut self, evidence: String) {
        if let Some(rule) = self.pending.take() {
            self.report.warn(rule, evidence);
        }
    }

    /// The check that is being made does not apply.
    pub(super) fn skip(&mut self, reason: &'static str) {
        if let Some(rule) = self.pending.take() {
            self.report.skip(rule, reason);
        }
    }

    pub(super) fn finished(mut self) -> Report {
        if let Some(passed) = self.pending.take() {
            self.report.pass(passed);
        }
        self.report
    }

    pub(super) fn refused(mut self, refusal: &Refusal) -> Box<Report> {
        if let Some(failed) = self.pending.take() {
            self.report.fail(failed, refusal.to_string());
        }
        Box::new(self.report)
    }
}

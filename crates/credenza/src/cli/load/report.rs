//! What was measured, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::flows::{Failure, Times};
use super::histogram::Histogram;

/// So many kinds of errors are told apart.
const MAX_KINDS: usize = 100;

/// So much of a sentence is kept.
const MAX_SENTENCE: usize = 160;

/// A whole flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Issue,
    Present,
}

/// What takes time. In the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A whole flow, from the moment at which it was due.
    Whole(Kind),
    /// The back end makes an offer.
    Offer,
    /// The wallet fetches what it leads to.
    OpenOffer,
    /// Token, nonce, credential, notification.
    Accept,
    /// The back end makes a request.
    Ask,
    /// The wallet fetches it, and knows who asks.
    OpenRequest,
    /// The wallet presents.
    Answer,
    /// The back end fetches the result.
    Result,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Whole(Kind::Issue) => "issue",
            Self::Whole(Kind::Present) => "present",
            Self::Offer => "issue.offer",
            Self::OpenOffer => "issue.open",
            Self::Accept => "issue.accept",
            Self::Ask => "present.ask",
            Self::OpenRequest => "present.open",
            Self::Answer => "present.answer",
            Self::Result => "present.result",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Whole(kind) => kind,
            Self::Offer | Self::OpenOffer | Self::Accept => Kind::Issue,
            Self::Ask | Self::OpenRequest | Self::Answer | Self::Result => Kind::Present,
        }
    }

    /// Flows, each before its own steps.
    fn place(self) -> (Kind, bool, Self) {
        (self.kind(), !matches!(self, Self::Whole(_)), self)
    }
}

/// What has been measured so far.
#[derive(Debug, Default)]
pub(super) struct Measured {
    steps: BTreeMap<Step, Histogram>,
    errors: BTreeMap<(&'static str, String), u64>,
    pub(super) done: u64,
    pub(super) failed: u64,
    /// Due, and never started: all wallets were busy to the end.
    pub(super) not_started: u64,
    pub(super) busy: u64,
    pub(super) interrupted: bool,
    /// All flows together.
    whole: Histogram,
}

impl Measured {
    /// Notes a flow: what it took since it was due, and its steps.
    pub(super) fn note(
        &mut self,
        kind: Kind,
        since_due: Duration,
        times: &Times,
        ended: Result<(), Failure>,
    ) {
        for (step, time) in times {
            self.steps.entry(*step).or_default().record(*time);
        }
        match ended {
            Ok(()) => {
                self.done += 1;
                self.steps.entry(Step::Whole(kind)).or_default().record(since_due);
                self.whole.record(since_due);
            }
            Err(Failure { step, what }) => {
                self.failed += 1;
                let what: String =
                    what.chars().filter(|letter| !letter.is_control()).take(MAX_SENTENCE).collect();
                let key = (step.name(), what);
                let known = self.errors.len() < MAX_KINDS || self.errors.contains_key(&key);
                let key = if known { key } else { (step.name(), "others".to_owned()) };
                *self.errors.entry(key).or_default() += 1;
            }
        }
    }

    /// What counts against `--max-errors`.
    pub(super) const fn errors(&self) -> u64 {
        self.failed + self.not_started
    }

    /// A line for people who watch.
    pub(super) fn line(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64().max(0.001);
        let rate = float(self.done) / seconds;
        format!(
            "{seconds:>5.0} s  {:>7} done  {rate:>7.1}/s  {:>4} busy  p50 {:>6.0} ms  p99 {:>6.0} ms  {} errors",
            self.done,
            self.busy,
            self.whole.within(500),
            self.whole.within(990),
            self.failed,
        )
    }

    fn rows(&self) -> Vec<(Step, &Histogram)> {
        let mut rows: Vec<_> = self.steps.iter().map(|(step, times)| (*step, times)).collect();
        rows.sort_by_key(|(step, _)| step.place());
        rows
    }
}

/// What was asked for, and what came of it.
pub(super) struct Report<'a> {
    pub(super) url: &'a str,
    pub(super) rate: f64,
    pub(super) wallets: u32,
    pub(super) took: Duration,
    pub(super) measured: &'a Measured,
    pub(super) good: bool,
}

impl Report<'_> {
    fn per_second(&self) -> f64 {
        float(self.measured.done) / self.took.as_secs_f64().max(0.001)
    }

    pub(super) fn json(&self) -> Value {
        let measured = self.measured;
        let steps: Vec<Value> = measured
            .rows()
            .into_iter()
            .map(|(step, times)| {
                json!({
                    "step": step.name(), "count": times.count(), "p50_ms": times.within(500),
                    "p90_ms": times.within(900), "p99_ms": times.within(990), "max_ms": times.max(),
                })
            })
            .collect();
        let errors: Vec<Value> = measured
            .errors
            .iter()
            .map(|((step, what), count)| json!({"step": step, "what": what, "count": count}))
            .collect();
        json!({
            "ok": self.good, "url": self.url, "rate": self.rate, "wallets": self.wallets,
            "seconds": self.took.as_secs_f64(), "interrupted": measured.interrupted,
            "flows": {"done": measured.done, "failed": measured.failed, "not_started": measured.not_started},
            "flows_per_second": self.per_second(), "steps": steps, "errors": errors,
        })
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured { done, failed, not_started, interrupted, errors, .. } = self.measured;
        let (seconds, rate) = (self.took.as_secs_f64(), self.per_second());
        let end = if *interrupted { ", interrupted" } else { "" };
        writeln!(out, "{done} flows in {seconds:.1} s{end}: {rate:.1} a second, of {} asked for", self.rate)?;
        writeln!(
            out,
            "\n  {:16} {:>8} {:>9} {:>9} {:>9} {:>9}",
            "", "count", "p50 ms", "p90 ms", "p99 ms", "max ms"
        )?;
        for (step, times) in self.measured.rows() {
            let (p50, p90, p99) = (times.within(500), times.within(900), times.within(990));
            let (name, count, max) = (step.name(), times.count(), times.max());
            writeln!(out, "  {name:16} {count:>8} {p50:>9.1} {p90:>9.1} {p99:>9.1} {max:>9.1}")?;
        }
        writeln!(
            out,
            "\nFlows are measured from the moment at which they were due, steps from their own start."
        )?;
        if *not_started > 0 {
            let wallets = self.wallets;
            writeln!(
                out,
                "{not_started} flows were due and could not start: all {wallets} wallets were busy to the end. Either the \
                 service is slower than the rate, or it takes more --wallets."
            )?;
        }
        for ((step, what), count) in errors {
            writeln!(out, "  ✗ {count:>7} × {step:16} {what}")?;
        }
        let mark = if self.good { "✓" } else { "✗" };
        write!(out, "{mark} {} errors", failed + not_started)
    }
}

fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        let mut measured = Measured::default();
        let times = vec![(Step::Offer, Duration::from_millis(2)), (Step::Accept, Duration::from_millis(8))];
        measured.note(Kind::Issue, Duration::from_millis(500), &times, Ok(()));
        for what in ["sd-jwt.kb.nonce", "sd-jwt.kb.nonce", "urn:problem:unavailable"] {
            let failure = Failure { step: Step::Answer, what: what.to_owned() };
            measured.note(Kind::Present, Duration::from_secs(9), &Times::new(), Err(failure));
        }
        measured
    }

    #[test]
    fn errors_are_counted_by_check_and_flows_since_they_were_due() {
        let measured = measured();
        let report = Report {
            url: "http://127.0.0.1",
            rate: 2.0,
            wallets: 4,
            took: Duration::from_secs(2),
            measured: &measured,
            good: false,
        };
        let json = report.json();
        assert_eq!(
            json["errors"][0],
            json!({"step": "present.answer", "what": "sd-jwt.kb.nonce", "count": 2})
        );
        assert_eq!(json["flows"], json!({"done": 1, "failed": 3, "not_started": 0}));
        let names: Vec<_> = json["steps"].as_array().unwrap().iter().map(|step| &step["step"]).collect();
        assert_eq!(names, ["issue", "issue.offer", "issue.accept"]);
        assert_eq!(json["steps"][0]["max_ms"], 500.0, "from when it was due, not the ten of its steps");
        let text = report.to_string();
        assert!(
            text.contains("2 × present.answer   sd-jwt.kb.nonce") && text.ends_with("✗ 3 errors"),
            "{text}"
        );
    }

    #[test]
    fn kinds_of_errors_are_bounded() {
        let mut measured = Measured::default();
        for number in 0..1000 {
            let failure = Failure { step: Step::Ask, what: format!("error {number}\n{}", "x".repeat(1000)) };
            measured.note(Kind::Present, Duration::ZERO, &Times::new(), Err(failure));
        }
        assert_eq!(measured.errors.len(), MAX_KINDS + 1);
        assert_eq!(measured.errors.values().sum::<u64>(), 1000);
        assert!(measured.errors.keys().all(|(_, what)| what.len() <= MAX_SENTENCE && !what.contains('\n')));
    }
}

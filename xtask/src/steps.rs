//! The steps of a run: each with its time, a failed one does not hide the next, and one line sums up.

use std::time::{Duration, Instant};

/// What a step has seen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// Checks that held.
    pub(crate) passed: usize,
    /// Checks that did not.
    pub(crate) failed: usize,
}

impl Count {
    /// One check, that held.
    pub(crate) const ONE: Self = Self { passed: 1, failed: 0 };
}

/// How a step ended.
pub(crate) enum Done {
    /// It ran: so many checks.
    Ran(Count),
    /// It could not be made here, and need not be.
    Skipped(String),
}

/// Runs steps one after the other and remembers.
pub(crate) struct Steps {
    wanted: Vec<String>,
    lines: Vec<(String, Duration, String)>,
    total: Count,
}

impl Steps {
    /// A run of the wanted steps; of all when none is named.
    pub(crate) fn new(wanted: &[String]) -> Self {
        Self { wanted: wanted.to_vec(), lines: Vec::new(), total: Count::default() }
    }

    /// Runs one step, if it is wanted.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Done, String>) {
        if !self.wanted.is_empty() && !self.wanted.iter().any(|wanted| wanted == name) {
            return;
        }
        eprintln!("\n── {name} ──");
        let start = Instant::now();
        let outcome = match work() {
            Ok(Done::Ran(count)) => {
                self.total.passed += count.passed;
                self.total.failed += count.failed;
                match count {
                    Count { passed: 1, failed: 0 } => "ok".to_owned(),
                    Count { passed, failed: 0 } => format!("ok, {passed} passed"),
                    Count { passed, failed } => format!("FAILED: {failed} of {}", passed + failed),
                }
            }
            Ok(Done::Skipped(reason)) => format!("skipped: {reason}"),
            Err(message) => {
                self.total.failed += 1;
                eprintln!("{message}");
                let first = message.lines().next().unwrap_or_default();
                format!("FAILED: {first}")
            }
        };
        self.lines.push((name.to_owned(), start.elapsed(), outcome));
    }

    /// Prints the table and the last line; an error when something failed or nothing ran.
    pub(crate) fn finish(self) -> Result<(), String> {
        println!();
        for (name, time, outcome) in &self.lines {
            println!("{name:12} {:>7.1} s  {outcome}", time.as_secs_f64());
        }
        let Count { passed, failed } = self.total;
        println!("{passed} passed, {failed} failed");
        if failed == 0 && passed > 0 { Ok(()) } else { Err("not everything passed".to_owned()) }
    }
}

/// Sums the result lines that the test harness prints.
pub(crate) fn count_tests(output: &str) -> Count {
    let mut count = Count::default();
    for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
        for part in line.split(['.', ';']) {
            match part.trim().split_once(' ') {
                Some((number, "passed")) => count.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => count.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_summed() {
        let output = "test a ... ok\ntest result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; finished in 0.1s\n\
                      test result: FAILED. 3 passed; 2 failed; 0 ignored; finished in 0.1s\n";
        assert_eq!(count_tests(output), Count { passed: 15, failed: 2 });
    }

    #[test]
    fn a_run_of_nothing_is_no_success() {
        assert!(Steps::new(&[]).finish().is_err());
        let mut steps = Steps::new(&["other".to_owned()]);
        steps.step("this", || Ok(Done::Ran(Count::ONE)));
        assert!(steps.finish().is_err());
    }

    #[test]
    fn a_failed_step_fails_the_run() {
        let mut steps = Steps::new(&[]);
        steps.step("good", || Ok(Done::Ran(Count::ONE)));
        steps.step("bad", || Err("broken".to_owned()));
        assert!(steps.finish().is_err());
    }
}

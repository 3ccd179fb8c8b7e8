//! Counters of what the service does, in Prometheus' text format. Labels are routes, kinds and ids of checks: from fixed
//! sets, and never about a person.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The media type of the text format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the classes of durations, in seconds.
const BOUNDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// How many durations fell into each class, and their sum.
#[derive(Debug, Default, Clone)]
struct Histogram {
    classes: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

impl Histogram {
    fn add(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.count += 1;
        self.seconds += seconds;
        for (class, bound) in self.classes.iter_mut().zip(BOUNDS) {
            *class += u64::from(seconds <= bound);
        }
    }

    fn write(&self, out: &mut String, name: &str, label: &str, value: &str) {
        let value = escaped(value);
        for (class, bound) in self.classes.iter().zip(BOUNDS) {
            let _ = writeln!(out, "{name}_bucket{{{label}=\"{value}\",le=\"{bound}\"}} {class}");
        }
        let _ = writeln!(out, "{name}_bucket{{{label}=\"{value}\",le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(out, "{name}_sum{{{label}=\"{value}\"}} {}", self.seconds);
        let _ = writeln!(out, "{name}_count{{{label}=\"{value}\"}} {}", self.count);
    }
}

#[derive(Debug, Default)]
struct Counted {
    requests: BTreeMap<(String, &'static str, u16), u64>,
    durations: BTreeMap<String, Histogram>,
    store: BTreeMap<&'static str, Histogram>,
    store_failures: u64,
    signatures: BTreeMap<&'static str, Histogram>,
    events: BTreeMap<String, u64>,
    refusals: BTreeMap<(&'static str, &'static str), u64>,
}

/// What was counted since the process has started.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counted>);

impl Metrics {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request was answered. The route, not the path.
    pub(crate) fn answered(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        let mut counted = self.counted();
        *counted.requests.entry((route.to_owned(), method, status)).or_default() += 1;
        counted.durations.entry(route.to_owned()).or_default().add(took);
    }

    /// The store was asked: by a `get`, a `commit`, a `take`.
    pub(crate) fn stored(&self, operation: &'static str, took: Duration, failed: bool) {
        let mut counted = self.counted();
        counted.store.entry(operation).or_default().add(took);
        counted.store_failures += u64::from(failed);
    }

    /// A key was asked for a signature.
    pub(crate) fn signed(&self, key: &'static str, took: Duration) {
        self.counted().signatures.entry(key).or_default().add(took);
    }

    /// Something happened to a session.
    pub(crate) fn happened(&self, kind: &str) {
        let mut counted = self.counted();
        match counted.events.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(counted.events.insert(kind.to_owned(), 1)),
        }
    }

    /// A wallet's request was refused with this code, because this check failed.
    pub(crate) fn refused(&self, code: &'static str, check: Option<&'static str>) {
        *self.counted().refusals.entry((code, check.unwrap_or("none"))).or_default() += 1;
    }

    /// Everything in the text format.
    pub(crate) fn text(&self) -> String {
        let counted = self.counted();
        let mut out = String::with_capacity(16 * 1024);
        head(&mut out, "credenza_http_requests_total", "counter", "Requests by route, method and status.");
        for ((route, method, status), count) in &counted.requests {
            let route = escaped(route);
            let _ = writeln!(
                out,
                "credenza_http_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}} {count}"
            );
        }
        let name = "credenza_http_request_duration_seconds";
        head(&mut out, name, "histogram", "Time to the head of the answer, by route.");
        counted.durations.iter().for_each(|(route, times)| times.write(&mut out, name, "route", route));
        let name = "credenza_store_duration_seconds";
        head(&mut out, name, "histogram", "Time that the store of sessions took, by operation.");
        counted
            .store
            .iter()
            .for_each(|(operation, times)| times.write(&mut out, name, "operation", operation));
        head(&mut out, "credenza_store_failures_total", "counter", "Times that the store was unavailable.");
        let _ = writeln!(out, "credenza_store_failures_total {}", counted.store_failures);
        let name = "credenza_signature_duration_seconds";
        head(&mut out, name, "histogram", "Time that a signature took, by the key's use.");
        counted.signatures.iter().for_each(|(key, times)| times.write(&mut out, name, "key", key));
        head(&mut out, "credenza_session_events_total", "counter", "What happened to sessions, by kind.");
        for (kind, count) in &counted.events {
            let _ = writeln!(out, "credenza_session_events_total{{kind=\"{}\"}} {count}", escaped(kind));
        }
        head(
            &mut out,
            "credenza_refusals_total",
            "counter",
            "Wallets' requests refused, by code and failed check.",
        );
        for ((code, check), count) in &counted.refusals {
            let _ = writeln!(out, "credenza_refusals_total{{code=\"{code}\",check=\"{check}\"}} {count}");
        }
        out
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// A label's value: three characters have another spelling.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_every_class_that_they_fit() {
        let metrics = Metrics::default();
        metrics.signed("issuer", Duration::from_micros(700));
        metrics.signed("issuer", Duration::from_secs(60));
        let text = metrics.text();
        for line in [
            "credenza_signature_duration_seconds_bucket{key=\"issuer\",le=\"0.0005\"} 0",
            "credenza_signature_duration_seconds_bucket{key=\"issuer\",le=\"0.001\"} 1",
            "credenza_signature_duration_seconds_bucket{key=\"issuer\",le=\"5\"} 1",
            "credenza_signature_duration_seconds_bucket{key=\"issuer\",le=\"+Inf\"} 2",
            "credenza_signature_duration_seconds_count{key=\"issuer\"} 2",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
    }

    #[test]
    fn labels_are_escaped() {
        let metrics = Metrics::default();
        metrics.answered("/a\"b\\c", "GET", 200, Duration::ZERO);
        assert!(metrics.text().contains("route=\"/a\\\"b\\\\c\""));
    }
}

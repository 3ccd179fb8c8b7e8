//! Pages without a script, a style or an image: what strangers have sent is never more than text.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use credenza::server::demo_wallet::{Accepted, WalletRefusal};
use credenza::{Outcome, Report};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

pub(super) const NO_STORE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// A page with this heading; `body` is HTML.
fn page(status: StatusCode, heading: &str, body: &str) -> Response {
    let heading = escaped(heading);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{heading}</title>\n\
         <h1>{heading}</h1>\n{body}</html>\n"
    );
    let headers = [
        NO_STORE,
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
        ),
    ];
    (status, headers, html).into_response()
}

/// The request was answered, and the browser has nowhere to go.
pub(super) fn presented() -> Response {
    page(StatusCode::OK, "Presented", "")
}

/// What came, and what was promised.
pub(super) fn received(accepted: &Accepted) -> Response {
    let mut body = String::from("<ul>\n");
    for card in &accepted.credentials {
        let copies = card.copies;
        let line = format!("{} from {}, {}, {copies} unused", card.name, card.issuer, card.kind);
        let _ = writeln!(body, "<li>{}</li>", escaped(&line));
    }
    for waiting in &accepted.pending {
        let line = format!("{} was promised by {}", waiting.name, waiting.issuer);
        let _ = writeln!(body, "<li>{}</li>", escaped(&line));
    }
    body.push_str("</ul>\n");
    let heading = if accepted.credentials.is_empty() { "Promised" } else { "Received" };
    page(StatusCode::OK, heading, &body)
}

/// What was refused, and why: the sentence, and each check that failed with the section that demands it.
pub(super) fn refused(what: &str, refusal: &WalletRefusal) -> Response {
    let heading = match &refusal.code {
        Some(code) => format!("Refused ({code})"),
        None => "Refused".to_owned(),
    };
    let mut body = format!("<p>What: {what}</p>\n<p>Why: {}</p>\n", escaped(&refusal.to_string()));
    let mut rows = String::new();
    if let Some(report) = &refusal.report {
        failures(report, &mut rows);
    }
    if !rows.is_empty() {
        let _ = write!(
            body,
            "<table>\n<tr><th>Check</th><th>Section</th><th>What has to hold</th><th>What was found</th></tr>\n\
             {rows}</table>\n"
        );
    }
    page(StatusCode::BAD_REQUEST, &heading, &body)
}

fn failures(report: &Report, rows: &mut String) {
    for check in report.checks.iter().filter(|check| check.outcome == Outcome::Failed) {
        let found = check.evidence.as_deref().unwrap_or_default();
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(check.rule.id),
            escaped(check.rule.section),
            escaped(check.rule.meaning),
            escaped(found)
        );
    }
    report.parts.iter().for_each(|part| failures(part, rows));
}

/// The same for a program.
pub(super) fn refused_json(refusal: &WalletRefusal) -> Value {
    json!({"error": refusal.message, "code": refusal.code, "report": refusal.report})
}

/// A text as HTML. What reads right to left by force, and other characters that are not seen, are left out.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in credenza::wallet::display::printable(text).chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_write_is_text() {
        assert_eq!(escaped("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
        assert!(!escaped("a\u{202e}b\n").contains(['\u{202e}', '\n']));
    }
}

//! `Content-Type` and `Accept`, as far as they are needed.

use http::{HeaderMap, header};

/// Whether the request has exactly one `Content-Type`, and it is this one; parameters are ignored.
pub(crate) fn is(headers: &HeaderMap, media_type: &str) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    value.to_str().is_ok_and(|value| essence(value).eq_ignore_ascii_case(media_type))
}

/// Whether `Accept` names this type before `other`, or names it and not `other`.
pub(crate) fn prefers(headers: &HeaderMap, media_type: &str, other: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut named = accepted.flat_map(|value| value.split(',')).map(essence);
    named
        .find(|name| [media_type, other].iter().any(|one| one.eq_ignore_ascii_case(name)))
        .is_some_and(|first| first.eq_ignore_ascii_case(media_type))
}

fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &header::HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), http::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a34_one_content_type_and_the_right_one() {
        let is_json = |values| is(&with(&header::CONTENT_TYPE, values), "application/json");
        assert!(is_json(&["application/json"]) && is_json(&["Application/JSON; charset=utf-8"]));
        assert!(!is_json(&[]) && !is_json(&["text/plain"]) && !is_json(&["application/json", "text/plain"]));
    }

    #[test]
    fn the_first_named_wins() {
        let json = |values| prefers(&with(&header::ACCEPT, values), "application/json", "text/event-stream");
        assert!(json(&["application/json"]) && json(&["application/json, text/event-stream;q=0.1"]));
        assert!(!json(&["text/event-stream, application/json"]) && !json(&["*/*"]) && !json(&[]));
    }
}

//! The forms that values of the data model have: URLs, types, date-times.

use credenza_core::UnixTime;
use serde_json::{Map, Value};
use url::Url;

/// Whether a text is an absolute URL (DIDs and URNs are), written without white space.
pub(super) fn is_url(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte >= 0x80) && Url::parse(text).is_ok()
}

pub(super) fn is_url_value(value: &Value) -> bool {
    value.as_str().is_some_and(is_url)
}

/// One value, or the members of a list of values: most properties may be written either way.
pub(super) fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

/// The types of an object, when they are one name or a list of at least one.
pub(super) fn types(object: &Map<String, Value>) -> Option<Vec<&str>> {
    let types: Option<Vec<_>> =
        each(object.get("type")?).iter().map(|name| name.as_str().filter(|name| !name.is_empty())).collect();
    types.filter(|types| !types.is_empty())
}

/// A URL, or the `id` of an object, which is one (issuer, holder).
pub(super) fn url_or_id(value: &Value) -> Option<&str> {
    let url = match value {
        Value::Object(object) => object.get("id")?,
        other => other,
    };
    url.as_str().filter(|url| is_url(url))
}

/// A date-time of XML Schema. VCDM 2.0 demands the offset (§4.9), VCDM 1.1 takes UTC where there is none.
pub(super) fn date_time(value: &Value, offset_required: bool) -> Option<UnixTime> {
    let text = value.as_str()?;
    let shape = |text: &str| text.len() >= 19 && text.as_bytes().get(10) == Some(&b'T');
    if !shape(text) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    UnixTime::from_rfc3339(text)
        .or_else(|| (!offset_required).then(|| UnixTime::from_rfc3339(&format!("{text}Z"))).flatten())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn urls_are_absolute() {
        for url in ["https://a.example/x?y#z", "did:example:123", "urn:uuid:1", "data:text/plain,x"] {
            assert!(is_url(url), "{url}");
        }
        for text in
            ["", "x", "/path", "#fragment", " https://a.example", "https://a.example/a b", "_:b0", "1:2"]
        {
            assert!(!is_url(text), "{text}");
        }
    }

    #[test]
    fn date_times_and_their_offset() {
        let at = Some(UnixTime::from_secs(1_700_000_000));
        assert_eq!(date_time(&json!("2023-11-14T22:13:20Z"), true), at);
        assert_eq!(date_time(&json!("2023-11-14T23:13:20+01:00"), true), at);
        assert_eq!(date_time(&json!("2023-11-14T22:13:20"), true), None);
        assert_eq!(date_time(&json!("2023-11-14T22:13:20"), false), at);
        for wrong in
            [json!("2023-11-14"), json!("2023-11-14 22:13:20Z"), json!(1_700_000_000), json!("yesterday")]
        {
            assert_eq!(date_time(&wrong, false), None, "{wrong}");
        }
    }
}

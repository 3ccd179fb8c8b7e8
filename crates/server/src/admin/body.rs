//! Bodies of admin requests: JSON, strictly, with an answer that names the member that is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use credenza_core::json;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::media_type;
use crate::problem::{Kind, Problem};

/// A body of this type.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !media_type::is(request.headers(), "application/json") {
            return Err(
                Problem::new(Kind::UnsupportedMediaType).because("Content-Type must be application/json")
            );
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::new(Kind::of(rejection.status())).because(rejection.body_text()))?;
        read(&bytes).map(Self)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value =
        json::parse(bytes).map_err(|error| Problem::new(Kind::InvalidRequest).because(error.to_string()))?;
    typed(value)
}

/// The value as this type, or a problem that names the member at fault.
pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let detail = error.inner().to_string();
        let kind =
            if detail.starts_with("unknown field") { Kind::UnknownMember } else { Kind::InvalidRequest };
        Problem::new(kind).because(detail).at(pointer(error.path()))
    })
}

/// The path as a JSON Pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("/{index}")),
            Segment::Map { key } => out = below(&out, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    out
}

/// The pointer to a member of what a pointer points to.
pub(super) fn below(pointer: &str, member: &str) -> String {
    format!("{pointer}/{}", member.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only parsed")]
        items: Vec<Inner>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only parsed")]
        number: u8,
    }

    fn problem(text: &str) -> Problem {
        read::<Outer>(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn the_member_is_named() {
        let unknown = problem(r#"{"items":[{"number":1},{"nummer":2}]}"#);
        assert_eq!(
            (unknown.kind, unknown.pointer.as_deref()),
            (Kind::UnknownMember, Some("/items/1/nummer"))
        );
        assert!(unknown.detail.unwrap().contains("`nummer`"));
        let wrong = problem(r#"{"items":[{"number":"one"}]}"#);
        assert_eq!((wrong.kind, wrong.pointer.as_deref()), (Kind::InvalidRequest, Some("/items/0/number")));
    }

    #[test]
    fn h05_hostile_json_is_the_callers_mistake() {
        for text in ["", "[]", "nul", "{\"items\":[],\"items\":[]}", &"[".repeat(100_000)] {
            assert_eq!(problem(text).kind, Kind::InvalidRequest);
        }
    }
}

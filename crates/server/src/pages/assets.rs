//! Stylesheet, script and logo, from memory.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::respond::ANY_ORIGIN;

/// A file of the pages.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 5] = [
    Asset {
        name: "app.css",
        media_type: "text/css; charset=utf-8",
        content: include_str!("../assets/app.css"),
    },
    Asset {
        name: "app.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/app.js"),
    },
    Asset {
        name: COMPONENT,
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/credenza-verify.js"),
    },
    Asset {
        name: "answer.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/answer.js"),
    },
    Asset { name: "logo.svg", media_type: "image/svg+xml", content: include_str!("../assets/logo.svg") },
];

/// The one file that other websites load.
const COMPONENT: &str = "credenza-verify.js";

/// Names the content of all files together: a browser asks again with each page, and is told that nothing has changed.
static ETAG: LazyLock<String> = LazyLock::new(|| {
    let hash = ASSETS
        .iter()
        .flat_map(|asset| asset.content.bytes())
        .fold(FNV_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
    format!("\"{hash:016x}\"")
});

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Answers with the file of that name.
pub(crate) fn serve(name: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == ETAG.as_bytes());
    let mut response =
        if fresh { StatusCode::NOT_MODIFIED.into_response() } else { asset.content.into_response() };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if name == COMPONENT {
        // A page that names the hash of the script (integrity) has to be able to read it.
        let (allow, anybody) = ANY_ORIGIN;
        out.insert(allow, anybody);
        out.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
    if let Ok(tag) = HeaderValue::from_str(&ETAG) {
        out.insert(header::ETAG, tag);
    }
    response
}

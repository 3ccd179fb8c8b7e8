//! The revocation list of the authority for mobile documents, where its certificates say that it is
//! (ISO/IEC 18013-5 Annex B: an IACA's and a document signer's certificates name a distribution point).

use std::path::PathBuf;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use credenza_core::UnixTime;
use credenza_crypto::x509::{CaError, CertificateAuthority};
use url::Url;

use crate::keys::identity::ROOT_VALIDITY;

/// The path below the service's URL.
pub const PATH: &str = "/iaca.crl";

/// Where the list is.
#[derive(Debug, Clone)]
pub enum RevocationList {
    /// In a file (DER), which is read whenever somebody asks: a new list needs no restart.
    File(PathBuf),
    /// Here.
    Bytes(Vec<u8>),
}

/// The list of an authority that has revoked nothing. It is in force as long as an authority of [`ROOT_VALIDITY`].
///
/// # Errors
/// [`CaError::Key`]
pub fn empty(authority: &CertificateAuthority, now: UnixTime) -> Result<Vec<u8>, CaError> {
    authority.revocation_list(&[], 1, now, now + ROOT_VALIDITY)
}

/// The same router with the list beside it.
pub fn publish(router: Router, url: &Url, list: RevocationList) -> Router {
    let path = format!("{}{PATH}", url.path().trim_end_matches('/'));
    router.route(&path, get(move || answer(list)))
}

async fn answer(list: RevocationList) -> Response {
    let bytes = match list {
        RevocationList::Bytes(bytes) => Some(bytes),
        RevocationList::File(path) => {
            tokio::task::spawn_blocking(move || std::fs::read(path)).await.ok().and_then(Result::ok)
        }
    };
    match bytes {
        Some(bytes) => ([(header::CONTENT_TYPE, "application/pkix-crl")], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

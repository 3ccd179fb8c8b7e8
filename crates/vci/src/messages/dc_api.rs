//! An offer through the Digital Credentials API: what a website gives to `navigator.credentials.create` (W3C Digital
//! Credentials, editor's draft of 2026-08-21, which names the protocol; what its data is, the OpenID Foundation has not
//! settled yet: here it is the offer by value).

use credenza_core::json;
use serde_json::{Map, Value, json};

use super::CredentialOffer;
use super::offer::InvalidOffer;

/// The issuance protocol.
pub const PROTOCOL: &str = "openid4vci-v1";

impl CredentialOffer {
    /// The argument of `navigator.credentials.create` that makes this offer.
    #[must_use]
    pub fn to_create_options(&self) -> Value {
        let data = serde_json::to_value(self).unwrap_or_default();
        json!({ "digital": { "requests": [{ "protocol": PROTOCOL, "data": data }] } })
    }

    /// Reads what a website gives to `navigator.credentials.create`, or one request of it, and takes the first offer of
    /// a protocol that is known.
    ///
    /// # Errors
    /// See [`InvalidOffer`].
    pub fn from_create_options(bytes: &[u8]) -> Result<Self, InvalidOffer> {
        let mut members = json::parse_object(bytes)
            .map_err(|_| InvalidOffer::Link("not a JSON object, or a member twice"))?;
        if let Some(Value::Object(digital)) = members.remove("digital") {
            members = digital;
        }
        let requests = match members.remove("requests") {
            None => vec![Value::Object(members)],
            Some(Value::Array(requests)) => requests,
            Some(_) => return Err(InvalidOffer::Link("its requests are no array")),
        };
        let mut ours = requests.into_iter().filter_map(offered);
        let data =
            ours.next().ok_or(InvalidOffer::Link("none of its requests is of a protocol that is known"))?;
        Self::parse(Value::Object(data?).to_string().as_bytes())
    }
}

/// The data of a request of our protocol; `None`: it is of another.
fn offered(request: Value) -> Option<Result<Map<String, Value>, InvalidOffer>> {
    let Value::Object(mut request) = request else { return None };
    (request.get("protocol").and_then(Value::as_str) == Some(PROTOCOL)).then_some(())?;
    Some(match request.remove("data") {
        Some(Value::Object(data)) => Ok(data),
        _ => Err(InvalidOffer::Link("its data is no object")),
    })
}

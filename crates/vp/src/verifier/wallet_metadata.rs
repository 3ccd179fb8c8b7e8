//! What a wallet says about itself when it fetches a request object by POST (OID4VP 1.0 §5.10, §10), and what follows
//! from it. What it does not say is not held against it.

use credenza_crypto::{ContentEncryption, Jwk, JwkSet, KeyManagement};
use credenza_query::dcql::Format;
use serde_json::{Map, Value};

use super::session::Asked;
use super::{RequestObjectError, RequestedPrefix};

/// How a request object is encrypted for a wallet.
pub(super) struct Recipient {
    pub(super) key: Jwk,
    pub(super) alg: KeyManagement,
    pub(super) enc: ContentEncryption,
}

fn unsuited(what: &'static str) -> RequestObjectError {
    RequestObjectError::Wallet(what)
}

/// The names in a list, if the member is there.
fn names<'a>(metadata: &'a Map<String, Value>, member: &str) -> Option<Vec<&'a str>> {
    Some(metadata.get(member)?.as_array()?.iter().filter_map(Value::as_str).collect())
}

/// Whether the wallet could answer this request. Better an error than a request that it has to refuse.
pub(super) fn check(
    metadata: &Map<String, Value>,
    asked: &Asked,
    signing: &str,
    encryptions: &[ContentEncryption],
) -> Result<(), RequestObjectError> {
    let lacks = |member: &str, wanted: &dyn Fn(&str) -> bool| {
        names(metadata, member).is_some_and(|names| !names.into_iter().any(wanted))
    };
    let prefix = match asked.prefix {
        RequestedPrefix::PreRegistered => "pre-registered",
        prefix => prefix.as_str(),
    };
    if lacks("client_id_prefixes_supported", &|name| name == prefix) {
        return Err(unsuited("the wallet does not know this kind of client identifier"));
    }
    if lacks("request_object_signing_alg_values_supported", &|name| name == signing) {
        return Err(unsuited("the wallet does not know this signature algorithm"));
    }
    let mode = serde_json::to_value(asked.response_mode).unwrap_or_default();
    if lacks("response_modes_supported", &|name| mode.as_str() == Some(name)) {
        return Err(unsuited("the wallet does not know this response mode"));
    }
    let known = |name: &str| encryptions.iter().any(|enc| enc.name() == name);
    if asked.response_mode.is_encrypted() && lacks("authorization_encryption_enc_values_supported", &known) {
        return Err(unsuited("the wallet encrypts by no algorithm that is accepted here"));
    }
    let formats = metadata.get("vp_formats_supported").and_then(Value::as_object);
    // The names of W3C credentials as JWTs stand for one another.
    let presentable = |formats: &Map<String, Value>| {
        let named = |format: &Format| formats.keys().any(|name| format.accepts(&Format::new(name)));
        asked.query.formats().iter().any(named)
    };
    if formats.is_some_and(|formats| !formats.is_empty() && !presentable(formats)) {
        return Err(unsuited("the wallet presents none of the formats that are asked for"));
    }
    Ok(())
}

/// The key that the wallet wants the request object encrypted to, if it gives some.
pub(super) fn recipient(metadata: &Map<String, Value>) -> Result<Option<Recipient>, RequestObjectError> {
    let Some(keys) = metadata.get("jwks") else { return Ok(None) };
    let keys = JwkSet::from_value(keys).map_err(|_| unsuited("the wallet's jwks can't be read"))?;
    if metadata
        .get("jwks")
        .and_then(|keys| keys.get("keys"))
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        return Ok(None);
    }
    let algorithms = names(metadata, "request_object_encryption_alg_values_supported");
    let allowed = |alg: &KeyManagement| {
        algorithms.as_ref().is_none_or(|names| names.iter().any(|name| *name == alg.name()))
    };
    let (key, alg) = keys
        .keys
        .iter()
        .find_map(|key| KeyManagement::of_key(key).filter(allowed).map(|alg| (key.clone(), alg)))
        .ok_or_else(|| unsuited("the wallet gives no key that a request can be encrypted to"))?;
    let enc = match names(metadata, "request_object_encryption_enc_values_supported") {
        // The default of OpenID Connect Dynamic Client Registration §2 for encrypted request objects.
        None => Some(ContentEncryption::A128CbcHs256),
        Some(names) => names.into_iter().find_map(ContentEncryption::from_name),
    };
    let enc = enc.ok_or_else(|| unsuited("the wallet decrypts by no algorithm that is known here"))?;
    Ok(Some(Recipient { key, alg, enc }))
}

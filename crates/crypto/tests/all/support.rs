//! What the tests share.

use std::path::Path;
use std::task::{Context, Poll, Waker};

use credenza_core::{UnixTime, b64};
use credenza_crypto::{Algorithm, SoftwareSigner};
use serde_json::{Value, json};

/// Some day in 2025.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);

/// Runs a future whose ports answer at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a software key does not wait"),
    }
}

/// A vector's file as it is.
pub(crate) fn vector(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(path);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap()
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name} in {value}"))
}

/// The hexadecimal text of a vector.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The public half of a private JWK.
pub(crate) fn public(jwk: &Value) -> Value {
    let mut public = jwk.as_object().unwrap().clone();
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        public.remove(name);
    }
    Value::Object(public)
}

/// A signer that always is the same.
pub(crate) fn signer(algorithm: Algorithm) -> SoftwareSigner {
    SoftwareSigner::generate(algorithm, &credenza_core::SeededRandom::new(11)).unwrap()
}

/// Algorithms that we sign with.
pub(crate) const SIGNING: [Algorithm; 5] =
    [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::Es256K, Algorithm::EdDsa];

/// A compact JWS from any header and signature.
pub(crate) fn compact(header: &str, payload: &str, signature: &[u8]) -> String {
    format!("{}.{}.{}", b64::encode(header), b64::encode(payload), b64::encode(signature))
}

/// A compact JWS that is signed under any header.
pub(crate) fn signed(signer: &SoftwareSigner, header: &str, payload: &str) -> String {
    use credenza_crypto::Signer as _;
    let input = format!("{}.{}", b64::encode(header), b64::encode(payload));
    let signature = now(signer.sign(input.as_bytes())).unwrap();
    format!("{input}.{}", b64::encode(signature))
}

/// A header with one member more.
pub(crate) fn header_with(name: &str, value: Value) -> String {
    let mut header = json!({"alg": "ES256", "typ": "JWT"});
    header[name] = value;
    header.to_string()
}

//! What the holder signs or authenticates (ISO/IEC 18013-5 §9.1.3.4, §9.1.3.5).

use credenza_crypto::SharedSecret;
use credenza_crypto::cose::{MacKey, Writer};
use credenza_crypto::hash::sha256;

use super::SessionTranscript;

/// `DeviceAuthenticationBytes`: the detached content of the holder's signature or MAC. `namespaces` is
/// `DeviceNameSpacesBytes`, tag 24 included, exactly as it is sent.
#[must_use]
pub fn device_authentication(transcript: &SessionTranscript, doc_type: &str, namespaces: &[u8]) -> Vec<u8> {
    let length = transcript.as_bytes().len() + doc_type.len() + namespaces.len() + 48;
    let mut inner = Writer::with_capacity(length);
    inner.array(4).text("DeviceAuthentication").raw(transcript.as_bytes()).text(doc_type).raw(namespaces);
    let mut out = Writer::with_capacity(length + 8);
    out.encoded(inner.as_bytes());
    out.into_bytes()
}

/// `EMacKey`: what the device MAC is made with, from the secret that device key and reader key share.
#[must_use]
pub fn mac_key(secret: &SharedSecret, transcript: &SessionTranscript) -> MacKey {
    MacKey::derive(secret, &sha256(&transcript.embedded()), b"EMacKey")
}

//! What the tests share: vectors, a forger of SD-JWTs, and a few shortcuts.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use credenza_core::{ClaimsPath, Outcome, Report, SeededRandom, UnixTime, b64};
use credenza_crypto::{
    Algorithm, HashAlgorithm, IdentifiedBy, PublicKey, Signer as _, SigningHeader, SoftwareSigner, jws,
};
use credenza_formats::sd_jwt::{Expected, HolderBinding, KeyBinding, SdJwt, SdJwtLimits, Verified, verify};
use serde_json::{Map, Value, json};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_748_537_250);
pub(crate) const NONCE: &str = "1234567890";
pub(crate) const VERIFIER: &str = "https://verifier.example.org";

/// Runs a future that software keys make ready at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

/// A file of `tests/vectors`.
pub(crate) fn file(name: &str) -> String {
    let path = format!("{}/../../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn vectors(name: &str) -> Value {
    serde_json::from_str(&file(name)).unwrap()
}

pub(crate) fn public_key(private_jwk: &Value) -> PublicKey {
    SoftwareSigner::from_private_jwk(&private_jwk.to_string()).unwrap().public_jwk().key.clone()
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

pub(crate) fn path(json: &str) -> ClaimsPath {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn paths(json: &[&str]) -> Vec<ClaimsPath> {
    json.iter().map(|json| path(json)).collect()
}

pub(crate) fn issuer() -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(11)).unwrap()
}

pub(crate) fn holder() -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(22)).unwrap()
}

pub(crate) fn stranger() -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(33)).unwrap()
}

/// The holder has to sign, for [`NONCE`] and [`VERIFIER`].
pub(crate) fn bound<'a>(expected: Expected<'a>) -> Expected<'a> {
    Expected { holder_binding: HolderBinding::Required(KeyBinding::new(NONCE, VERIFIER)), ..expected }
}

/// Signs whatever it is told to.
pub(crate) fn sign(signer: &SoftwareSigner, typ: &str, payload: &str) -> String {
    let header = SigningHeader::new(signer, typ, IdentifiedBy::Nothing, Map::new());
    now(jws::sign(signer, &header, payload.as_bytes())).unwrap()
}

/// A JWS with any header at all, signed with the issuer's key.
pub(crate) fn sign_under(signer: &SoftwareSigner, header: &str, payload: &str) -> String {
    let mut text = format!("{}.{}", b64::encode(header), b64::encode(payload));
    let signature = now(signer.sign(text.as_bytes())).unwrap();
    text.push('.');
    b64::encode_to(signature, &mut text);
    text
}

/// A disclosure and its digest.
pub(crate) struct Concealed {
    pub(crate) disclosure: String,
    pub(crate) digest: String,
}

/// Any JSON text as a disclosure.
pub(crate) fn conceal_text(content: &str) -> Concealed {
    conceal_bytes(&b64::encode(content))
}

pub(crate) fn conceal_bytes(disclosure: &str) -> Concealed {
    conceal_with(HashAlgorithm::Sha256, disclosure)
}

pub(crate) fn conceal_with(hash: HashAlgorithm, disclosure: &str) -> Concealed {
    let digest = b64::encode(hash.hash(disclosure.as_bytes()));
    Concealed { disclosure: disclosure.to_owned(), digest }
}

/// A member of an object.
pub(crate) fn member(name: &str, value: &Value) -> Concealed {
    conceal_text(&json!([format!("salt of {name}"), name, value]).to_string())
}

/// An element of an array.
pub(crate) fn element(value: &Value) -> Concealed {
    conceal_text(&json!([format!("salt of {value}"), value]).to_string())
}

/// An SD-JWT VC of the test issuer with a payload and disclosures of any kind.
pub(crate) fn forge(payload: &Value, disclosures: &[&Concealed]) -> String {
    forge_as("dc+sd-jwt", &payload.to_string(), disclosures)
}

pub(crate) fn forge_as(typ: &str, payload: &str, disclosures: &[&Concealed]) -> String {
    join(&sign(&issuer(), typ, payload), disclosures)
}

pub(crate) fn join(jwt: &str, disclosures: &[&Concealed]) -> String {
    let mut text = format!("{jwt}~");
    for concealed in disclosures {
        text.push_str(&concealed.disclosure);
        text.push('~');
    }
    text
}

/// Parses and verifies with the test issuer's key.
pub(crate) fn check(text: &str, expected: &Expected<'_>) -> (Option<Verified>, Report) {
    check_with(text, &issuer().public_jwk().key, expected)
}

pub(crate) fn check_with(text: &str, key: &PublicKey, expected: &Expected<'_>) -> (Option<Verified>, Report) {
    let mut report = Report::new("test");
    let verified = SdJwt::read(text, &SdJwtLimits::default(), &mut report)
        .and_then(|parsed| verify(parsed, key, expected, &mut report));
    assert_eq!(verified.is_some(), report.ok(), "{report}");
    (verified, report)
}

/// It is accepted: the claims.
pub(crate) fn accepted(text: &str, expected: &Expected<'_>) -> Value {
    let (verified, report) = check(text, expected);
    match verified {
        Some(verified) => Value::Object(verified.claims),
        None => panic!("{report}"),
    }
}

/// It is refused, by that check.
pub(crate) fn refused(text: &str, expected: &Expected<'_>, rule: &str) {
    let (verified, report) = check(text, expected);
    assert!(verified.is_none(), "accepted, and {rule} should have failed");
    failed(&report, rule);
}

pub(crate) fn failed(report: &Report, rule: &str) {
    let found = report.find(rule);
    assert_eq!(found.map(|check| check.outcome), Some(Outcome::Failed), "{rule} should fail\n{report}");
}

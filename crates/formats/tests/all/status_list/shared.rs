//! What these tests share: a list, its signer, and tokens of any kind.

use std::time::Duration;

use credenza_core::{Report, UnixTime};
use credenza_crypto::{IdentifiedBy, PublicKey, Signer as _, SoftwareSigner};
use credenza_formats::status_list::token::{Expected, Issuance, MAX_TOKEN, jwt};
use credenza_formats::status_list::{EncodedList, Level, Status, StatusArray, StatusBits, StatusList};
use serde_json::{Value, json};

pub(super) use crate::support::{NOW, issuer, now, sign, sign_under, stranger};

pub(super) const URI: &str = "https://issuer.example/statuslists/1";
pub(super) const EXPECTED: Expected<'static> = Expected::of(URI, NOW);
pub(super) const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn later(seconds: u64) -> UnixTime {
    NOW + Duration::from_secs(seconds)
}

pub(super) fn earlier(seconds: u64) -> UnixTime {
    NOW - Duration::from_secs(seconds)
}

/// 64 entries: the 3rd revoked, the 5th suspended.
pub(super) fn statuses() -> StatusArray {
    let mut list = StatusArray::new(StatusBits::Two, 64).unwrap();
    list.set(3, Status::Invalid).unwrap();
    list.set(5, Status::Suspended).unwrap();
    list
}

pub(super) fn encoded() -> EncodedList {
    EncodedList::new(&statuses(), Level::default())
}

pub(super) fn issue(issuance: &Issuance<'_>) -> String {
    issue_by(&issuer(), issuance, &encoded())
}

pub(super) fn issue_by(signer: &SoftwareSigner, issuance: &Issuance<'_>, list: &EncodedList) -> String {
    now(jwt::issue(signer, &jwt::header(signer, IdentifiedBy::Kid), issuance, list)).unwrap()
}

/// The claims of a good token, to be spoilt.
pub(super) fn claims() -> Value {
    json!({
        "sub": URI,
        "iat": NOW,
        "exp": later(86_400),
        "ttl": 3600,
        "status_list": { "bits": 2, "lst": encoded().base64url() },
    })
}

pub(super) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

pub(super) fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// The good claims with another list.
pub(super) fn with_list(bits: impl Into<Value>, lst: impl Into<Value>) -> Value {
    with(claims(), "status_list", json!({ "bits": bits.into(), "lst": lst.into() }))
}

/// A token of the issuer with any claims at all.
pub(super) fn forge(claims: &Value) -> String {
    sign(&issuer(), jwt::TYP, &claims.to_string())
}

pub(super) fn key() -> PublicKey {
    issuer().public_jwk().key.clone()
}

pub(super) fn check(token: &str, expected: &Expected<'_>) -> (Option<StatusList>, Report) {
    let mut report = Report::new("status list");
    let list = jwt::Unverified::read(token, MAX_TOKEN, &mut report)
        .and_then(|token| token.verify(&key(), expected, &mut report));
    assert_eq!(list.is_some(), report.ok(), "{report}");
    (list, report)
}

#[track_caller]
pub(super) fn accepted(token: &str, expected: &Expected<'_>) -> StatusList {
    let (list, report) = check(token, expected);
    list.unwrap_or_else(|| panic!("{report}"))
}

#[track_caller]
pub(super) fn refused(token: &str, expected: &Expected<'_>, rule: &str) {
    let (_, report) = check(token, expected);
    let failure = report.first_failure().unwrap_or_else(|| panic!("accepted, not refused for {rule}"));
    assert_eq!(failure.rule.id, rule, "{report}");
}

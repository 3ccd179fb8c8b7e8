//! Status List Tokens as CWT.

use credenza_core::Report;
use credenza_crypto::cose::{
    self, Content, Label, MAC0_TAG, MacKey, SIGN1_TAG, SigningHeader, Writer, cwt::Claims,
};
use credenza_crypto::{IdentifiedBy, SoftwareSigner};
use credenza_formats::status_list::StatusList;
use credenza_formats::status_list::token::{Expected, Issuance, MAX_TOKEN, cwt};
use proptest::prelude::*;

use super::shared::{
    EXPECTED, HOUR, NOW, URI, earlier, encoded, issuer, key, later, now, statuses, stranger,
};

const STATUS_LIST: i64 = 65533;
const TTL: i64 = 65534;

fn issue(signer: &SoftwareSigner, issuance: &Issuance<'_>) -> Vec<u8> {
    now(cwt::issue(signer, IdentifiedBy::Kid, issuance, &encoded())).unwrap()
}

fn check(token: &[u8], expected: &Expected<'_>) -> (Option<StatusList>, Report) {
    let mut report = Report::new("status list");
    let list = cwt::Unverified::read(token, MAX_TOKEN, &mut report)
        .and_then(|token| token.verify(&key(), expected, &mut report));
    assert_eq!(list.is_some(), report.ok(), "{report}");
    (list, report)
}

#[track_caller]
fn accepted(token: &[u8]) -> StatusList {
    let (list, report) = check(token, &EXPECTED);
    list.unwrap_or_else(|| panic!("{report}"))
}

#[track_caller]
fn refused(token: &[u8], rule: &str) {
    let (_, report) = check(token, &EXPECTED);
    assert_eq!(report.first_failure().map(|failure| failure.rule.id), Some(rule), "{report}");
}

fn item(write: impl FnOnce(&mut Writer) -> &mut Writer) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out);
    out.into_bytes()
}

fn list_of(bits: u64, lst: &[u8]) -> Vec<u8> {
    item(|out| out.map(2).text("bits").unsigned(bits).text("lst").bytes(lst))
}

fn sign(header: &SigningHeader<'_>, claims: &[u8]) -> Vec<u8> {
    let message = now(cose::sign1(&issuer(), header, Content::Attached(claims), &[])).unwrap();
    item(|out| out.tag(SIGN1_TAG).raw(&message))
}

fn typed() -> SigningHeader<'static> {
    SigningHeader { typ: Some(cwt::MEDIA_TYPE), ..SigningHeader::new(&issuer()) }
}

/// A token of the issuer with these claims beside the good ones.
fn forge(more: &[(i64, &[u8])], change: impl FnOnce(&mut Claims<'_>)) -> Vec<u8> {
    let list = list_of(2, encoded().compressed());
    let mut claims =
        Claims { subject: Some(URI), issued_at: Some(NOW), expires: Some(later(9)), ..Claims::default() };
    claims.more = more.iter().map(|(label, value)| (Label::Integer(*label), *value)).collect();
    if more.iter().all(|(label, _)| *label != STATUS_LIST) {
        claims.more.push((Label::Integer(STATUS_LIST), &list));
    }
    change(&mut claims);
    sign(&typed(), &claims.to_bytes())
}

// Clauses: TSL-4.3-01, TSL-4.3-02, TSL-4.3-03, TSL-4.3-04, TSL-5.2-01, TSL-5.2-03, TSL-5.2-04, TSL-5.2-05,
// TSL-5.2-06, TSL-5.2-08, TSL-5.2-09, TSL-5.2-10, TSL-5.2-11, TSL-5.2-12, TSL-5.2-13, TSL-5.2-15
#[test]
fn what_is_issued() {
    let issuance = Issuance {
        expires_at: Some(later(86_400)),
        ttl: Some(HOUR),
        issuer: Some("https://issuer.example"),
        aggregation_uri: Some("https://issuer.example/statuslists"),
        ..Issuance::new(URI, NOW)
    };
    let signer = issuer().with_kid("12");
    let token = issue(&signer, &issuance);
    assert_eq!(token[0], 0xd2, "the tag of COSE_Sign1, and no tag of CWT around it");
    let list = accepted(&token);
    assert_eq!(list.statuses, statuses());
    assert_eq!((list.issued_at, list.expires_at, list.ttl), (NOW, Some(later(86_400)), Some(HOUR)));
    assert_eq!(list.aggregation_uri.as_deref(), Some("https://issuer.example/statuslists"));

    let mut report = Report::new("status list");
    let unverified = cwt::Unverified::read(&token, MAX_TOKEN, &mut report).unwrap();
    assert_eq!(unverified.clues().kid.as_deref(), Some("12"));
    assert_eq!(unverified.clues().issuer.as_deref(), Some("https://issuer.example"));
    assert!(!format!("{unverified:?}").contains("issuer.example"));
    assert!(cwt::Unverified::read(&token, token.len() - 1, &mut report).is_none());
}

// Clauses: TSL-5.2-17, TSL-5.2-18, TSL-11.2-02
#[test]
fn l01_invalid_signature() {
    let good = issue(&issuer(), &Issuance::new(URI, NOW));
    accepted(&good);
    refused(&issue(&stranger(), &Issuance::new(URI, NOW)), "status-list.signature");
    let mut broken = good;
    *broken.last_mut().unwrap() ^= 1;
    refused(&broken, "status-list.signature");
}

// Clauses: TSL-5.2-02, TSL-5.2-03
#[test]
fn tags() {
    let good = issue(&issuer(), &Issuance::new(URI, NOW));
    refused(&good[1..], "status-list.parse");
    refused(&[&[0xd8, 61][..], &good].concat(), "status-list.parse");
    refused(&[&[0xd1][..], &good[1..]].concat(), "status-list.parse");
    let mac = cose::mac0(&MacKey::new(&[1; 32]), Content::Attached(b"\xa0"), &[]);
    refused(&item(|out| out.tag(MAC0_TAG).raw(&mac)), "status-list.parse");
    refused(&[&good[..], b"\0"].concat(), "status-list.parse");
}

// Clauses: TSL-5.2-04, TSL-5.2-19
#[test]
fn another_type_of_token() {
    let claims = Claims::default().to_bytes();
    for typ in [None, Some("application/statuslist+jwt"), Some("statuslist+cwt"), Some("application/cwt")] {
        refused(&sign(&SigningHeader { typ, ..typed() }, &claims), "status-list.typ");
    }
}

// Clauses: TSL-5.2-05, TSL-5.2-06, TSL-5.2-07, TSL-5.2-08, TSL-5.2-11, TSL-5.2-14, TSL-5.2-15, TSL-5.2-16,
// TSL-5.2-19, TSL-8.3-06, TSL-8.3-07, TSL-8.3-09
#[test]
fn claims_are_checked_as_in_a_jwt() {
    accepted(&forge(&[], |_| ()));
    accepted(&forge(&[(-70000, b"\xf6")], |_| ()));
    refused(&forge(&[], |claims| claims.subject = None), "status-list.parse");
    refused(&forge(&[], |claims| claims.issued_at = None), "status-list.parse");
    refused(&forge(&[], |claims| claims.more.clear()), "status-list.parse");
    refused(
        &forge(&[], |claims| claims.subject = Some("https://issuer.example/statuslists/1/")),
        "status-list.sub",
    );
    refused(&forge(&[], |claims| claims.issued_at = Some(later(61))), "status-list.iat");
    refused(&forge(&[], |claims| claims.not_before = Some(later(61))), "status-list.iat");
    refused(&forge(&[], |claims| claims.expires = Some(earlier(60))), "status-list.exp");
    refused(&forge(&[], |claims| claims.audience = Some("x")), "status-list.aud");
    accepted(&forge(&[(TTL, b"\x01")], |_| ()));
    refused(&forge(&[(TTL, b"\x00")], |_| ()), "status-list.ttl");
    for ttl in [&b"\x20"[..], b"\xf6", b"\x61x", b"\xf9\x3c\x00"] {
        refused(&forge(&[(TTL, ttl)], |_| ()), "status-list.parse");
    }
}

// Clauses: TSL-4.3-01, TSL-4.3-02, TSL-4.3-03
#[test]
fn l05_l07_lists() {
    let lst = encoded().compressed().to_vec();
    for bits in [0, 3, 16, u64::MAX] {
        refused(&forge(&[(STATUS_LIST, &list_of(bits, &lst))], |_| ()), "status-list.bits");
    }
    refused(&forge(&[(STATUS_LIST, &list_of(1, b"x"))], |_| ()), "status-list.lst");
    for list in [
        item(|out| out.map(2).text("bits").integer(-1).text("lst").bytes(&lst)),
        item(|out| out.map(2).text("bits").float(1.0).text("lst").bytes(&lst)),
        item(|out| out.map(2).text("bits").unsigned(1).text("lst").text("eNrbuRgAAhcBXQ")),
        item(|out| out.map(1).text("bits").unsigned(1)),
        item(|out| out.map(1).text("lst").bytes(&lst)),
        item(|out| out.map(2).integer(1).unsigned(1).text("lst").bytes(&lst)),
        item(|out| out.bytes(&lst)),
    ] {
        refused(&forge(&[(STATUS_LIST, &list)], |_| ()), "status-list.parse");
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes: Vec<u8>, at in 0_usize..400, bit in 0_u32..8) {
        prop_assert!(check(&bytes, &EXPECTED).0.is_none());
        let mut token = forge(&[], |_| ());
        let at = at % token.len();
        token[at] ^= 1_u8 << bit;
        prop_assert!(check(&token, &EXPECTED).0.is_none(), "byte {at}");
    }
}

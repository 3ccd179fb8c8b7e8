//! Rows M01 to M05 and M09 to M19 of the attack catalogue: what the issuer has signed, and how it is written.

use std::time::Duration;

use credenza_core::{Outcome, Report};
use credenza_crypto::cose::{CborError, CoseError, Writer};
use credenza_crypto::x509::Certificate;
use credenza_crypto::{Algorithm, HashAlgorithm, Signer as _, SoftwareSigner};
use credenza_formats::mdoc::{
    DeviceResponse, Expected, Held, IssuerSigned, MDL_NAMESPACE, MdocLimits, ParseError, TimeForm,
};

use super::support::{
    DAY, Forgery, NOW, accepted, cbor, check, check_by, check_with, device_key_info, digests, embedded, hex,
    holder, issuer, issuer_with, item, key, replace, salted_item, tdate, text,
};
use crate::support::failed;

fn refused(forgery: &Forgery, rule: &str) {
    super::support::refused(&forgery.response(), rule);
}

fn unreadable(response: &[u8], expected: &ParseError) {
    assert_eq!(DeviceResponse::parse(response, &MdocLimits::default()).unwrap_err(), *expected);
    super::support::refused(response, "mdoc.parse");
}

#[test]
fn the_forger_is_believed_when_nothing_is_forged() {
    let verified = accepted(&Forgery::default().response());
    assert_eq!(verified.claims[MDL_NAMESPACE]["family_name"], "Mustermann");
}

// Clauses: MDOC-V-9.3.1-03, MDOC-I-9.1.2.5-02
#[test]
fn m01_an_element_is_altered() {
    let original = [text("Mustermann"), text("Erika")];
    for (before, after) in original.iter().zip([text("Mustermunn"), text("Erikb")]) {
        let swap = Some((before.clone(), after));
        refused(&Forgery { swap, ..Forgery::default() }, "mdoc.digest");
    }
    // The salt, the identifier, the digest's number.
    let swap = Some((text("given_name"), text("given_namf")));
    refused(&Forgery { swap, ..Forgery::default() }, "mdoc.digest");
    let swap =
        Some((item(0, "family_name", &original[0]), salted_item(0, &[4; 16], "family_name", &original[0])));
    refused(&Forgery { swap, ..Forgery::default() }, "mdoc.digest");
    let swap = Some((item(0, "family_name", &original[0]), item(1, "family_name", &original[0])));
    refused(&Forgery { swap, ..Forgery::default() }, "mdoc.digest");
    // Digests that are cut or longer.
    for length in [0, 31, 33] {
        let short = cbor(|out| {
            out.map(1).text(MDL_NAMESPACE).map(2).unsigned(0).bytes(&vec![0; length]).unsigned(1).bytes(&[]);
        });
        refused(&Forgery { digests: Some(short), ..Forgery::default() }, "mdoc.digest");
    }
}

// Clauses: MDOC-V-9.3.1-02, X509-A-9360-02
#[test]
fn m02_the_issuer_is_another() {
    // By another key, under the name of the first: the trusted key decides.
    let forger = key(66);
    let forgery = Forgery { issuer: forger, ..Forgery::default() };
    refused(&forgery, "mdoc.issuer-auth.signature");
    // With his own certificate it is his signature; that he is trusted nobody said.
    let stranger = issuer_with(key(66), "UT", NOW - DAY, 9 * DAY);
    let forgery = Forgery { chain: stranger.x5c().to_vec(), issuer: stranger, ..Forgery::default() };
    refused(&forgery, "mdoc.issuer-auth.signature");
    // A certificate of another key beside the issuer's signature, which does not cover it.
    let chain = issuer_with(key(66), "UT", NOW - DAY, 9 * DAY).x5c().to_vec();
    refused(&Forgery { chain, ..Forgery::default() }, "mdoc.issuer-auth.x5chain");
    // No certificate, and what is none.
    refused(&Forgery { chain: Vec::new(), ..Forgery::default() }, "mdoc.issuer-auth.x5chain");
    refused(&Forgery { chain: vec![vec![0x30, 0]], ..Forgery::default() }, "mdoc.issuer-auth.x5chain");
    // In the protected header, where other profiles have it.
    let chain = issuer().x5c().to_vec();
    let forgery = Forgery { chain: Vec::new(), protected_chain: chain.clone(), ..Forgery::default() };
    accepted(&forgery.response());
    // In both, and not the same.
    let stranger = issuer_with(key(66), "UT", NOW - DAY, 9 * DAY);
    let forgery = Forgery { chain, protected_chain: stranger.x5c().to_vec(), ..Forgery::default() };
    unreadable(&forgery.response(), &CoseError::Malformed("two different x5chain").into());
    // The caller has trusted another certificate than the one in the document.
    let trusted = Certificate::parse(&stranger.x5c()[0]).unwrap();
    let expected = Expected { signer: Some(&trusted), ..Expected::new(NOW) };
    failed(&check_with(&Forgery::default().response(), &expected).1, "mdoc.issuer-auth.x5chain");
    let renewed = issuer_with(key(11), "UT", NOW - 9 * DAY, 18 * DAY);
    let trusted = Certificate::parse(&renewed.x5c()[0]).unwrap();
    let expected = Expected { signer: Some(&trusted), ..Expected::new(NOW) };
    failed(&check_with(&Forgery::default().response(), &expected).1, "mdoc.issuer-auth.x5chain");
    let trusted = Certificate::parse(&issuer().x5c()[0]).unwrap();
    let expected = Expected { signer: Some(&trusted), ..Expected::new(NOW) };
    assert!(check_with(&Forgery::default().response(), &expected).0.is_some());
}

// Clauses: MDOC-V-9.3.1-06, MDOC-V-9.3.1-07, X509-V-5280-6.1-02
#[test]
fn m03_times() {
    let time = |time: credenza_core::UnixTime| tdate(&time.to_rfc3339());
    let second = Duration::from_secs(1);
    let leeway = Expected::new(NOW).leeway;
    let of = |times: [credenza_core::UnixTime; 3]| Forgery { times: times.map(time), ..Forgery::default() };
    // The last and the first second that still count, and the ones beyond.
    accepted(&of([NOW - DAY, NOW - DAY, NOW - leeway]).response());
    refused(&of([NOW - DAY, NOW - DAY, NOW - leeway - second]), "mdoc.validity");
    accepted(&of([NOW - DAY, NOW + leeway, NOW + DAY]).response());
    refused(&of([NOW - DAY, NOW + leeway + second, NOW + DAY]), "mdoc.validity");
    // From after until, and before it was signed.
    refused(&of([NOW - DAY, NOW + second, NOW]), "mdoc.validity.order");
    refused(&of([NOW, NOW, NOW]), "mdoc.validity.order");
    refused(&of([NOW, NOW - second, NOW + DAY]), "mdoc.validity.order");
    // Signed before the signer's certificate was valid, and after.
    for signer in [
        issuer_with(key(11), "UT", NOW - DAY + second, 9 * DAY),
        issuer_with(key(11), "UT", NOW - 9 * DAY, 8 * DAY - second),
    ] {
        let forgery = Forgery { chain: signer.x5c().to_vec(), ..Forgery::default() };
        refused(&forgery, "mdoc.validity.signed");
    }
}

// Clauses: MDOC-V-9.3.1-05
#[test]
fn m04_document_types() {
    refused(&Forgery { doc_type: "org.example.other", ..Forgery::default() }, "mdoc.doc-type");
    refused(&Forgery { mso_doc_type: "org.example.other", ..Forgery::default() }, "mdoc.doc-type");
    let response = Forgery::default().response();
    let expected = Expected { doc_type: Some("org.example.other"), ..Expected::new(NOW) };
    failed(&check_with(&response, &expected).1, "mdoc.doc-type");
    let both =
        Forgery { doc_type: "org.example.other", mso_doc_type: "org.example.other", ..Forgery::default() };
    accepted(&both.response());
}

// Clauses: MDOC-V-9.3.1-04
#[test]
fn m05_digests_that_are_not_there_and_elements_twice() {
    let (first, second) =
        (item(0, "family_name", &text("Mustermann")), item(1, "given_name", &text("Erika")));
    let signed = |items: &[Vec<u8>]| Some(digests(&[(MDL_NAMESPACE, items.to_vec())], HashAlgorithm::Sha256));
    refused(
        &Forgery { digests: signed(std::slice::from_ref(&first)), ..Forgery::default() },
        "mdoc.digest-id",
    );
    let elsewhere = digests(&[("org.example", vec![first.clone(), second.clone()])], HashAlgorithm::Sha256);
    refused(&Forgery { digests: Some(elsewhere), ..Forgery::default() }, "mdoc.digest-id");
    refused(&Forgery { digests: Some(vec![0xa0]), ..Forgery::default() }, "mdoc.digest-id");
    // The same item twice, two with the same number, two with the same name and digests of their own.
    let of = |items: Vec<Vec<u8>>| Forgery { items: vec![(MDL_NAMESPACE, items)], ..Forgery::default() };
    let twice = of(vec![first.clone(), first.clone()]);
    refused(&twice, "mdoc.digest-id");
    refused(&twice, "mdoc.element-unique");
    refused(&of(vec![first.clone(), item(0, "given_name", &text("Erika"))]), "mdoc.digest-id");
    let married = item(1, "family_name", &text("Gabler"));
    refused(&of(vec![first.clone(), married]), "mdoc.element-unique");
    // In two namespaces, though, the same name is two elements.
    let items = vec![(MDL_NAMESPACE, vec![first.clone()]), ("org.example", vec![first])];
    accepted(&Forgery { items, ..Forgery::default() }.response());
    // Beyond the numbers that there should be.
    let high = item(1 << 31, "family_name", &text("Mustermann"));
    let (verified, report) = check(&of(vec![high]).response());
    assert!(verified.is_some());
    assert_eq!(report.find("mdoc.digest-id.range").unwrap().outcome, Outcome::Warned);
}

#[test]
fn m09_device_keys() {
    let good = device_key_info(&holder().public_key(), &[]);
    // 31 bytes of x, a compressed point, OKP, another curve.
    let malformed = [
        (hex("215820"), hex("21581f")),
        (hex("a401022001"), hex("a401012001")),
        (hex("a401022001"), hex("a401022002")),
        (hex("a401022001"), hex("a401032001")),
    ];
    for (before, after) in malformed {
        let info = Some(replace(&good, &before, &after));
        let response = Forgery { device_key_info: info, ..Forgery::default() }.response();
        super::support::refused(&response, "mdoc.parse");
    }
    for info in [vec![0xa0], hex("a1696465766963654b6579a0"), hex("80")] {
        let response = Forgery { device_key_info: Some(info), ..Forgery::default() }.response();
        super::support::refused(&response, "mdoc.parse");
    }
}

// Clauses: MDOC-V-9.3.2-05, X509-V-ALG-01, HAIP-7-01
#[test]
fn m11_algorithms_of_the_issuer() {
    // The number says something else than the key can do, or nothing that we know.
    for algorithm in [-35, -8, -36] {
        refused(&Forgery { algorithm, ..Forgery::default() }, "mdoc.issuer-auth.alg");
        let expected = Expected {
            algorithms: &[Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Es512],
            ..Expected::new(NOW)
        };
        let response = Forgery { algorithm, ..Forgery::default() }.response();
        failed(&check_with(&response, &expected).1, "mdoc.issuer-auth.signature");
    }
    for algorithm in [5, 0, -999, -257, -47] {
        refused(&Forgery { algorithm, ..Forgery::default() }, "mdoc.issuer-auth.alg");
    }
    accepted(&Forgery { algorithm: -9, ..Forgery::default() }.response());
    let response = Forgery::default().response();
    let expected = Expected { algorithms: &[], ..Expected::new(NOW) };
    failed(&check_with(&response, &expected).1, "mdoc.issuer-auth.alg");
    // A tag in front of the signature changes nothing; another's does.
    let before = hex("6a697373756572417574688443a10126");
    let tagged =
        |tag: &str| replace(&response, &before, &hex(&format!("6a69737375657241757468{tag}8443a10126")));
    accepted(&tagged("d2"));
    for tag in ["d862", "d1", "d818"] {
        super::support::refused(&tagged(tag), "mdoc.parse");
    }
}

// Clauses: HAIP-8-01
#[test]
fn m12_digest_algorithms() {
    for digest_algorithm in ["SHA-1", "sha-256", "SHA256", "", "SHA-3", "SHA-256 "] {
        refused(&Forgery { digest_algorithm, ..Forgery::default() }, "mdoc.digest-algorithm");
    }
    for (digest_algorithm, hash) in [("SHA-384", HashAlgorithm::Sha384), ("SHA-512", HashAlgorithm::Sha512)] {
        let response = Forgery { digest_algorithm, hash, ..Forgery::default() }.response();
        accepted(&response);
        let expected = Expected { hashes: &[HashAlgorithm::Sha256], ..Expected::new(NOW) };
        failed(&check_with(&response, &expected).1, "mdoc.digest-algorithm");
    }
    for mso_version in ["2.0", "1", "", "10.0"] {
        refused(&Forgery { mso_version, ..Forgery::default() }, "mdoc.mso.version");
    }
    accepted(&Forgery { mso_version: "1.1", ..Forgery::default() }.response());
}

#[test]
fn m13_keys_twice() {
    let more = cbor(|out| {
        out.text("docType").text("org.example.other");
    });
    let response = Forgery { more, ..Forgery::default() }.response();
    assert!(matches!(
        DeviceResponse::parse(&response, &MdocLimits::default()),
        Err(ParseError::Cbor(CborError::Duplicate(_)))
    ));
    // In the mobile security object: a digest twice, a namespace twice.
    for twice in [
        cbor(|out| {
            out.map(1).text(MDL_NAMESPACE).map(2).unsigned(0).bytes(&[1; 32]).unsigned(0).bytes(&[2; 32]);
        }),
        cbor(|out| {
            out.map(2).text(MDL_NAMESPACE).map(0).text(MDL_NAMESPACE).map(0);
        }),
    ] {
        let response = Forgery { digests: Some(twice), ..Forgery::default() }.response();
        assert!(matches!(
            DeviceResponse::parse(&response, &MdocLimits::default()),
            Err(ParseError::Cbor(CborError::Duplicate(_)))
        ));
    }
    // In an item: two values.
    let two_values = cbor(|out| {
        out.map(5).text("digestID").unsigned(0).text("random").bytes(&[0; 16]).text("elementIdentifier");
        out.text("family_name").text("elementValue").text("one").text("elementValue").text("two");
    });
    let items = vec![(MDL_NAMESPACE, vec![two_values])];
    super::support::refused(&Forgery { items, ..Forgery::default() }.response(), "mdoc.parse");
    // In a value.
    let value = hex("a2616101616102");
    let items = vec![(MDL_NAMESPACE, vec![item(0, "x", &value)])];
    super::support::refused(&Forgery { items, ..Forgery::default() }.response(), "mdoc.parse");
    // What the device signs.
    let device_namespaces = hex("a2616ea1616501616ea1616502");
    super::support::refused(&Forgery { device_namespaces, ..Forgery::default() }.response(), "mdoc.parse");
}

#[test]
fn m14_depth_sizes_and_counts() {
    let nested = |opener: &str, depth: usize| {
        let value = hex(&format!("{}00", opener.repeat(depth)));
        let items = vec![(MDL_NAMESPACE, vec![item(0, "x", &value)])];
        Forgery { items, ..Forgery::default() }.response()
    };
    accepted(&nested("81", 14));
    for opener in ["81", "a16161", "d9d9f7", "d818"] {
        super::support::refused(&nested(opener, 16), "mdoc.parse");
        super::support::refused(&nested(opener, 40_000), "mdoc.parse");
    }
    // An embedded item in a value is bytes, and what is in it is not looked at, however deep.
    let deep = (0..1_000).fold(hex("00"), |inner, _| embedded(&inner));
    let items = vec![(MDL_NAMESPACE, vec![item(0, "x", &deep)])];
    accepted(&Forgery { items, ..Forgery::default() }.response());
    // Sizes that nobody has.
    let response = Forgery::default().response();
    let documents = [text("documents"), vec![0x81]].concat();
    for huge in ["9b7fffffffffffffff", "9bffffffffffffffff", "9a00ffffff"] {
        let huge = [text("documents"), hex(huge)].concat();
        super::support::refused(&replace(&response, &documents, &huge), "mdoc.parse");
    }
    let limits = MdocLimits { total: response.len() - 1, ..MdocLimits::default() };
    assert_eq!(DeviceResponse::parse(&response, &limits).unwrap_err(), ParseError::TooMany("bytes"));
    let limits = MdocLimits { elements: 1, ..MdocLimits::default() };
    assert_eq!(DeviceResponse::parse(&response, &limits).unwrap_err(), ParseError::TooMany("data elements"));
    let limits = MdocLimits { digests: 1, ..MdocLimits::default() };
    assert_eq!(DeviceResponse::parse(&response, &limits).unwrap_err(), ParseError::TooMany("digests"));
    let limits = MdocLimits { documents: 0, ..MdocLimits::default() };
    assert_eq!(DeviceResponse::parse(&response, &limits).unwrap_err(), ParseError::TooMany("documents"));
}

#[test]
fn m15_trailing_bytes_and_indefinite_lengths() {
    let response = Forgery::default().response();
    let longer = [&response[..], &[0]].concat();
    unreadable(&longer, &CborError::Trailing(response.len()).into());
    // After an item, after what the device signs.
    let trailing = [item(0, "x", &[1]), vec![0]].concat();
    let items = vec![(MDL_NAMESPACE, vec![item(0, "x", &[1])])];
    let swap = Some((embedded(&item(0, "x", &[1])), embedded(&trailing)));
    super::support::refused(&Forgery { items, swap, ..Forgery::default() }.response(), "mdoc.parse");
    super::support::refused(
        &Forgery { device_namespaces: vec![0xa0, 0], ..Forgery::default() }.response(),
        "mdoc.parse",
    );
    // Indefinite lengths, outside and in a value.
    let mut indefinite = response.clone();
    indefinite[0] = 0xbf;
    indefinite.push(0xff);
    unreadable(&indefinite, &CborError::Indefinite(0).into());
    for value in ["7f6161ff", "5f4101ff", "9f01ff", "bf616101ff"] {
        let items = vec![(MDL_NAMESPACE, vec![item(0, "x", &hex(value))])];
        super::support::refused(&Forgery { items, ..Forgery::default() }.response(), "mdoc.parse");
    }
    // Names that are no texts.
    let numbered = cbor(|out| {
        out.map(1).integer(1).map(0);
    });
    super::support::refused(
        &Forgery { digests: Some(numbered), ..Forgery::default() }.response(),
        "mdoc.parse",
    );
    for end in 0..response.len() {
        assert!(DeviceResponse::parse(&response[..end], &MdocLimits::default()).is_err());
    }
}

#[test]
fn m16_the_bytes_that_came_are_hashed() {
    // Not the shortest numbers and lengths, members in another order, a member that nobody knows.
    let odd = [
        &hex("b805")[..],
        &hex("7811"),
        b"elementIdentifier",
        &hex("7a0000000b"),
        b"family_name",
        &hex("7808"),
        b"digestID",
        &hex("190000"),
        &hex("66"),
        b"random",
        &hex("590010"),
        &[3; 16],
        &hex("6c"),
        b"elementValue",
        &hex("780141"),
        &hex("66"),
        b"future",
        &hex("1b0000000000000001"),
    ]
    .concat();
    let items = vec![(MDL_NAMESPACE, vec![odd.clone()])];
    let verified = accepted(&Forgery { items, ..Forgery::default() }.response());
    assert_eq!(verified.claims[MDL_NAMESPACE]["family_name"], "A");
    // The same in canonical form has another digest.
    let canonical = item(0, "family_name", &text("A"));
    let signed = Some(digests(&[(MDL_NAMESPACE, vec![odd])], HashAlgorithm::Sha256));
    let items = vec![(MDL_NAMESPACE, vec![canonical])];
    refused(&Forgery { items, digests: signed, ..Forgery::default() }, "mdoc.digest");
}

// Clauses: MDOC-V-8.3-03
#[test]
fn m17_status_errors_and_several_documents() {
    for status in [10, 11, 12, 1] {
        refused(&Forgery { status, ..Forgery::default() }, "mdoc.response.status");
    }
    for version in ["2.0", "0.9", "1", ""] {
        refused(&Forgery { version, ..Forgery::default() }, "mdoc.response.version");
    }
    let document = Forgery::default().document();
    let response = |write: &dyn Fn(&mut Writer)| cbor(|out| write(out));
    let head = |out: &mut Writer, members| {
        out.map(members).text("version").text("1.0").text("status").unsigned(0);
    };
    for bad in [
        response(&|out| head(out, 2)),
        response(&|out| {
            head(out, 3);
            out.text("documents").array(0);
        }),
        response(&|out| {
            head(out, 3);
            out.text("documents").array(2).raw(&document).raw(&document);
        }),
        response(&|out| {
            head(out, 4);
            out.text("documents").array(1).raw(&document);
            out.text("documentErrors").array(1).map(1).text("org.example").unsigned(0);
        }),
    ] {
        super::support::refused(&bad, "mdoc.response.documents");
    }
    // What is not known is not used.
    let more = response(&|out| {
        head(out, 4);
        out.text("documents").array(1).raw(&document).text("zkDocuments").array(0);
    });
    accepted(&more);
}

#[test]
fn m18_forms_of_dates() {
    let inexact = [
        "2025-05-28T10:00:00.5Z",
        "2025-05-28T10:00:00+00:00",
        "2025-05-28T12:00:00+02:00",
        "2025-05-28t10:00:00z",
    ];
    for form in inexact {
        let forgery = Forgery::default();
        let times = [tdate(form), tdate(form), forgery.times[2].clone()];
        let response = Forgery { times, ..forgery }.response();
        let (verified, report) = check(&response);
        assert!(verified.is_some(), "{form}\n{report}");
        assert_eq!(report.find("mdoc.validity.form").unwrap().outcome, Outcome::Warned, "{form}");
        let strict = Expected { times: TimeForm::Exact, ..Expected::new(NOW) };
        failed(&check_with(&response, &strict).1, "mdoc.validity.form");
    }
    let tagged = |tag: u64, text: &str| {
        cbor(|out| {
            out.tag(tag).text(text);
        })
    };
    for bad in [
        tagged(1004, "2025-05-28"),
        tagged(0, "2025-05-28"),
        tagged(1004, "2025-05-28T10:00:00Z"),
        tagged(0, "0000-01-01T00:00:00Z"),
        tagged(0, "2025-02-30T00:00:00Z"),
        tagged(0, "tomorrow"),
        text("2025-05-28T10:00:00Z"),
        hex("c11a68371f80"),
        hex("1a68371f80"),
        hex("f6"),
    ] {
        for place in 0..3 {
            let mut times = Forgery::default().times;
            times[place].clone_from(&bad);
            super::support::refused(&Forgery { times, ..Forgery::default() }.response(), "mdoc.parse");
        }
    }
    let mut times = Forgery::default().times;
    times[2] = tdate("9999-12-31T23:59:59Z");
    accepted(&Forgery { times, ..Forgery::default() }.response());
}

// Clauses: MDOC-I-9.1.2.5-01
#[test]
fn m19_short_salts() {
    for length in [0, 8, 15] {
        let short = salted_item(0, &vec![3; length], "family_name", &text("Mustermann"));
        let items = vec![(MDL_NAMESPACE, vec![short])];
        refused(&Forgery { items, ..Forgery::default() }, "mdoc.random");
    }
}

#[test]
fn a_licence_of_another_country() {
    for (element, value) in [("issuing_country", "XX"), ("issuing_country", "ut")] {
        let items = vec![(MDL_NAMESPACE, vec![item(0, element, &text(value))])];
        refused(&Forgery { items, ..Forgery::default() }, "mdoc.issuing-country");
    }
    let items = vec![(MDL_NAMESPACE, vec![item(0, "issuing_country", &text("UT"))])];
    accepted(&Forgery { items, ..Forgery::default() }.response());
    // A certificate without a state signs for all of them.
    let items = vec![(MDL_NAMESPACE, vec![item(0, "issuing_jurisdiction", &text("UT-X"))])];
    accepted(&Forgery { items, ..Forgery::default() }.response());
}

#[test]
fn a_wallet_takes_in_what_is_its_own_alone() {
    let issued = Forgery::default().issuer_signed();
    let accept = |holder: &SoftwareSigner| {
        let mut report = Report::new("issued");
        let key = issuer().public_key();
        let expected = Expected::new(NOW);
        let held = Held::accept(
            issued.clone(),
            &MdocLimits::default(),
            &key,
            &holder.public_key(),
            &expected,
            &mut report,
        );
        (held, report)
    };
    assert!(accept(&holder()).0.is_some());
    let (held, report) = accept(&key(44));
    assert!(held.is_none());
    failed(&report, "mdoc.device-key");
    // A presentation is no credential.
    let response = Forgery::default().response();
    assert!(IssuerSigned::parse(&response, &MdocLimits::default()).is_err());
    let (verified, _) = check_by(&response, &key(44).public_key(), &Expected::new(NOW));
    assert!(verified.is_none());
}

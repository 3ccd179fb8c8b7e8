//! Bitstring Status List (W3C): what is read, what is written, what is refused.

use std::time::Duration;

use credenza_formats::status_list::bitstring::{
    Bitstring, BitstringEntry, BitstringError, BitstringList, MAX_ENTRIES, MIN_ENTRIES, Purpose, StatusSize,
};
use credenza_formats::status_list::{InflateError, Level, encode};
use proptest::prelude::*;
use serde_json::{Value, json};

const URI: &str = "https://issuer.example/credentials/status/3";

fn size(bits: u64) -> StatusSize {
    StatusSize::new(bits).unwrap()
}

fn entry() -> Value {
    json!({
        "id": "https://issuer.example/credentials/status/3#94567",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": URI,
    })
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    value[name] = member;
    value
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

fn read(entry: &Value) -> Result<BitstringEntry, BitstringError> {
    BitstringEntry::read(entry)
}

fn list(purpose: Purpose, bits: u64, set: &[(u64, u8)]) -> BitstringList {
    let mut statuses = Bitstring::new(size(bits), 0).unwrap();
    for (index, status) in set {
        statuses.set(*index, *status).unwrap();
    }
    BitstringList { purposes: vec![purpose], ttl: None, statuses, size: None }
}

fn messages(count: u64) -> Value {
    (0..count)
        .map(|status| json!({ "status": format!("0x{status:x}"), "message": format!("m{status}") }))
        .collect()
}

/// The list that the specification prints (§2.2): the empty one of the least length.
#[test]
fn printed_list() {
    let encoded = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";
    let subject = json!({
        "id": "https://example.com/status/3#list",
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "encodedList": encoded,
    });
    let list = BitstringList::read(&subject).unwrap();
    assert_eq!(list.statuses.len(), MIN_ENTRIES);
    assert_eq!(list.statuses.as_bytes(), vec![0; 16 * 1024]);
    let status = list.check(&read(&entry()).unwrap()).unwrap();
    assert!(status.is_valid());
    assert_eq!((status.value, status.purpose, status.message), (0, Purpose::Revocation, None));
}

#[test]
fn l08_the_highest_bit_comes_first() {
    let mut bits = Bitstring::new(StatusSize::ONE, 0).unwrap();
    for index in [0, 9, MIN_ENTRIES - 1] {
        bits.set(index, 1).unwrap();
    }
    assert_eq!(bits.as_bytes()[..2], [0b1000_0000, 0b0100_0000]);
    assert_eq!(bits.as_bytes().last(), Some(&1));
    let mut bits = Bitstring::new(size(3), 0).unwrap();
    bits.set(0, 0b101).unwrap();
    bits.set(2, 0b011).unwrap();
    assert_eq!(bits.as_bytes()[..2], [0b1010_0001, 0b1000_0000]);
    assert_eq!((bits.get(1), bits.get(2)), (Ok(0), Ok(3)));
}

#[test]
fn l03_index_out_of_range() {
    for bits in 1..=8 {
        let mut list = Bitstring::new(size(bits), 0).unwrap();
        assert_eq!(list.len(), MIN_ENTRIES);
        assert_eq!(list.get(MIN_ENTRIES - 1), Ok(0));
        for index in [MIN_ENTRIES, MIN_ENTRIES + 1, 1 << 32, 1 << 61, u64::MAX] {
            assert_eq!(list.get(index), Err(BitstringError::Range));
            assert_eq!(list.set(index, 0), Err(BitstringError::Range));
        }
        if bits < 8 {
            assert_eq!(list.set(0, 1 << bits), Err(BitstringError::TooWide));
        }
    }
    assert!(Bitstring::new(size(8), u64::MAX).is_err());
    // Statuses do not fill the bytes: what is left at the end is none.
    let list = Bitstring::from_bytes(size(3), vec![0xff; 2]);
    assert_eq!((list.len(), list.get(4), list.get(5)), (5, Ok(7), Err(BitstringError::Range)));
    assert_eq!(Bitstring::from_bytes(size(3), Vec::new()).get(0), Err(BitstringError::Range));
}

#[test]
fn entries_are_read_strictly() {
    let good = read(&entry()).unwrap();
    assert_eq!((good.index, good.list.as_str(), good.size), (94567, URI, StatusSize::ONE));
    assert_eq!(good.purpose, Purpose::Revocation);
    assert!(!format!("{good:?}").contains("94567"));
    read(&without(entry(), "id")).unwrap();
    read(&with(entry(), "type", json!(["Other", "BitstringStatusListEntry"]))).unwrap();

    for (name, value) in [
        ("type", json!("StatusList2021Entry")),
        ("type", json!(null)),
        ("id", json!(URI)),
        ("id", json!(1)),
        ("statusPurpose", json!(1)),
        ("statusPurpose", json!(["revocation"])),
        ("statusListIndex", json!(94567)),
        ("statusListIndex", json!("")),
        ("statusListIndex", json!("-1")),
        ("statusListIndex", json!("+1")),
        ("statusListIndex", json!("1.0")),
        ("statusListIndex", json!("0x1")),
        ("statusListIndex", json!(" 1")),
        ("statusListCredential", json!("status/3")),
        ("statusListCredential", json!(null)),
        ("statusSize", json!(0)),
        ("statusSize", json!(-1)),
        ("statusSize", json!(9)),
        ("statusSize", json!("1")),
        ("statusSize", json!(1.5)),
        ("statusSize", json!(2)),
        ("statusMessage", json!([])),
        ("statusMessage", messages(1)),
        ("statusMessage", messages(3)),
        ("statusMessage", json!([{"status": "0x0", "message": "a"}, {"status": "0x0", "message": "b"}])),
        ("statusMessage", json!([{"status": "0x0", "message": "a"}, {"status": "0x2", "message": "b"}])),
        ("statusMessage", json!([{"status": "0", "message": "a"}, {"status": "0x1", "message": "b"}])),
        ("statusMessage", json!([{"status": "0x0", "message": "a"}, {"status": "0x+1", "message": "b"}])),
        ("statusMessage", json!([{"status": "0x0", "message": "a"}, {"status": "0x1"}])),
    ] {
        let error = read(&with(entry(), name, value.clone())).unwrap_err();
        assert_eq!(error.code(), "MALFORMED_VALUE_ERROR", "{name} {value}");
    }
    for name in ["type", "statusPurpose", "statusListIndex", "statusListCredential"] {
        assert_eq!(read(&without(entry(), name)).unwrap_err().code(), "MALFORMED_VALUE_ERROR", "{name}");
    }
    let error = read(&with(entry(), "statusListIndex", json!("99999999999999999999999999"))).unwrap_err();
    assert_eq!(error.code(), "RANGE_ERROR");
}

#[test]
fn entries_of_a_credential() {
    let two =
        json!([entry(), { "type": "SomethingElse" }, with(entry(), "statusPurpose", json!("suspension"))]);
    let purposes: Vec<_> =
        BitstringEntry::all_of(&two).unwrap().into_iter().map(|entry| entry.purpose).collect();
    assert_eq!(purposes, [Purpose::Revocation, Purpose::Suspension]);
    assert_eq!(BitstringEntry::all_of(&entry()).unwrap().len(), 1);
    assert_eq!(BitstringEntry::all_of(&json!({ "type": "SomethingElse" })).unwrap().len(), 0);
    assert!(BitstringEntry::all_of(&json!([entry(), without(entry(), "statusPurpose")])).is_err());
    assert!(BitstringEntry::all_of(&vec![entry(); MAX_ENTRIES + 1].into()).is_err());
}

#[test]
fn l04_what_counts_against_a_credential() {
    for (name, status, valid) in [
        ("revocation", 0, true),
        ("revocation", 1, false),
        ("suspension", 1, false),
        ("refresh", 1, true),
        ("message", 1, false),
        ("somethingNew", 0, true),
        ("somethingNew", 1, false),
    ] {
        let purpose = Purpose::from_name(name);
        assert_eq!(purpose.name(), name);
        let entry = read(&with(entry(), "statusPurpose", json!(name))).unwrap();
        let found = list(purpose, 1, &[(94567, status)]).check(&entry).unwrap();
        assert_eq!((found.value, found.is_valid()), (status, valid), "{name}");
    }
}

#[test]
fn statuses_with_messages() {
    let with_messages = with(with(entry(), "statusSize", json!(2)), "statusMessage", messages(4));
    let entry = read(&with(with_messages, "statusPurpose", json!("message"))).unwrap();
    let mut list = list(Purpose::Message, 2, &[(94567, 2)]);
    let status = list.check(&entry).unwrap();
    assert_eq!((status.value, status.message.as_deref(), status.is_valid()), (2, Some("m2"), false));
    // The list need not say the size; when it does, it has to be the one of the entry.
    list.size = Some(size(2));
    assert!(list.check(&entry).is_ok());
    list.size = Some(StatusSize::ONE);
    assert_eq!(list.check(&entry).unwrap_err().code(), "STATUS_VERIFICATION_ERROR");
    let unsaid = BitstringList {
        size: None,
        ..BitstringList::read(&without(list.to_subject(None, Level::BEST), "statusSize")).unwrap()
    };
    assert_eq!(unsaid.check(&entry).unwrap().value, 2);
}

#[test]
fn lists_that_do_not_fit() {
    let revocation = read(&entry()).unwrap();
    let suspension = list(Purpose::Suspension, 1, &[]);
    assert_eq!(suspension.check(&revocation).unwrap_err().code(), "STATUS_VERIFICATION_ERROR");
    let mut several = list(Purpose::Suspension, 1, &[]);
    several.purposes.push(Purpose::Revocation);
    assert!(several.check(&revocation).is_ok());

    let mut short = list(Purpose::Revocation, 1, &[]);
    short.statuses = Bitstring::from_bytes(StatusSize::ONE, vec![0; 16 * 1024 - 1]);
    assert_eq!(short.check(&revocation), Err(BitstringError::Length(MIN_ENTRIES)));
    assert_eq!(short.check(&revocation).unwrap_err().code(), "STATUS_LIST_LENGTH_ERROR");
    assert!(short.check_with(&revocation, 100_000).is_ok());
    // As long as demanded in bits, and not in entries.
    let wide = read(&with(with(entry(), "statusSize", json!(2)), "statusMessage", messages(4))).unwrap();
    assert_eq!(list(Purpose::Revocation, 1, &[]).check(&wide), Err(BitstringError::Length(MIN_ENTRIES)));

    let beyond = read(&with(entry(), "statusListIndex", json!("131072"))).unwrap();
    let error = list(Purpose::Revocation, 1, &[]).check(&beyond).unwrap_err();
    assert_eq!((error, error.code()), (BitstringError::Range, "RANGE_ERROR"));
}

#[test]
fn subjects_are_written_and_read() {
    let mut written = list(Purpose::Revocation, 1, &[(7, 1)]);
    written.ttl = Some(Duration::from_millis(5_000));
    let subject = written.to_subject(Some("https://issuer.example/status/3#list"), Level::default());
    assert_eq!(subject["type"], "BitstringStatusList");
    assert_eq!(subject["statusPurpose"], "revocation");
    assert_eq!(subject["ttl"], 5000);
    assert!(subject.get("statusSize").is_none());
    let again = BitstringList::read(&subject).unwrap();
    assert_eq!(
        (again.statuses, again.ttl, again.purposes),
        (written.statuses, written.ttl, written.purposes)
    );

    let mut message = list(Purpose::Message, 4, &[]);
    message.purposes.push(Purpose::Refresh);
    let subject = message.to_subject(None, Level::default());
    assert_eq!(
        (&subject["statusSize"], &subject["statusPurpose"]),
        (&json!(4), &json!(["message", "refresh"]))
    );

    let good = list(Purpose::Revocation, 1, &[]).to_subject(None, Level::BEST);
    for (name, value) in [
        ("type", json!("StatusList2021")),
        ("statusPurpose", json!([])),
        ("statusPurpose", json!([1])),
        ("statusPurpose", json!(null)),
        ("encodedList", json!(1)),
        ("ttl", json!(-1)),
        ("ttl", json!("1")),
        ("statusSize", json!(0)),
    ] {
        assert!(BitstringList::read(&with(good.clone(), name, value.clone())).is_err(), "{name} {value}");
    }
}

#[test]
fn l06_l07_encoded_lists() {
    let decode = |text: &str, max| Bitstring::decode(text, StatusSize::ONE, max);
    let good = Bitstring::new(StatusSize::ONE, 0).unwrap().encode(Level::default());
    assert!(decode(&good, 16 * 1024).is_ok());
    assert_eq!(decode(&good, 16 * 1024 - 1), Err(InflateError::TooLarge(16 * 1024 - 1)));
    assert_eq!(decode(&good[1..], 1 << 20), Err(InflateError::NotBase64), "no prefix");
    assert_eq!(decode(&format!("m{}", &good[1..]), 1 << 20), Err(InflateError::NotBase64), "another base");
    assert_eq!(decode(&format!("{good}="), 1 << 20), Err(InflateError::NotBase64));
    let zlib = credenza_core::b64::encode(encode::deflate(&[0; 100], Level::BEST));
    assert_eq!(decode(&format!("u{zlib}"), 1 << 20), Err(InflateError::Container("GZIP")));
    let bomb = credenza_core::b64::encode(encode::gzip(&vec![0; encode::MAX_LIST + 1], Level::FASTEST));
    let subject = json!({ "type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": format!("u{bomb}") });
    assert_eq!(
        BitstringList::read(&subject).unwrap_err(),
        BitstringError::Expansion(InflateError::TooLarge(encode::MAX_LIST))
    );
}

proptest! {
    #[test]
    fn agrees_with_a_text_of_bits(
        bits in 1_u64..=8,
        changes in prop::collection::vec((0_u64..300, any::<u8>()), 0..200),
    ) {
        let size = size(bits);
        let mut list = Bitstring::from_bytes(size, vec![0; 96]);
        let mut oracle = vec![0_u8; usize::try_from(96 * 8 / bits).unwrap()];
        prop_assert_eq!(list.len(), oracle.len() as u64);
        for (index, value) in changes {
            let value = value & u8::try_from(size.statuses() - 1).unwrap();
            let place = oracle.get_mut(usize::try_from(index).unwrap());
            prop_assert_eq!(list.set(index, value).is_ok(), place.is_some());
            if let Some(place) = place {
                *place = value;
            }
        }
        let written: String = list.as_bytes().iter().map(|byte| format!("{byte:08b}")).collect();
        let width = usize::try_from(bits).unwrap();
        let expected: String = oracle.iter().map(|value| format!("{value:0width$b}")).collect();
        prop_assert_eq!(&written[..expected.len()], expected);
        for (index, value) in oracle.iter().enumerate() {
            prop_assert_eq!(list.get(index as u64), Ok(*value));
        }
        let again = Bitstring::decode(&list.encode(Level::default()), size, 96).unwrap();
        prop_assert_eq!(again, list);
    }

    #[test]
    fn random_texts_never_panic(text in "u?[A-Za-z0-9_-]{0,100}") {
        let _ = Bitstring::decode(&text, StatusSize::ONE, 1000);
        let _ = Bitstring::decode(&format!("uH4sIAAAAAAAA{text}"), StatusSize::ONE, 1000);
    }
}

//! Arrays of statuses: rows L04 and L08 of the attack catalogue.

use credenza_formats::status_list::{ArrayError, Status, StatusArray, StatusBits};
use proptest::prelude::*;

const ALL: [StatusBits; 4] = [StatusBits::One, StatusBits::Two, StatusBits::Four, StatusBits::Eight];

fn any_bits() -> impl Strategy<Value = StatusBits> {
    prop::sample::select(&ALL[..])
}

// Clauses: TSL-7-01, TSL-7-02, TSL-7.1-01
#[test]
fn l04_nothing_but_zero_is_valid() {
    for value in 0..=u8::MAX {
        let status = Status::from_value(value);
        assert_eq!(status.value(), value);
        assert_eq!(status.is_valid(), value == 0, "{status}");
        for bits in ALL {
            let mut list = StatusArray::new(bits, 8).unwrap();
            if value <= bits.largest() {
                list.set(5, status).unwrap();
                assert_eq!(list.get(5), Ok(status));
                assert_eq!(list.iter().filter(|status| !status.is_valid()).count(), usize::from(value != 0));
            } else {
                assert_eq!(list.set(5, status), Err(ArrayError::TooWide { bits }));
                assert!(list.iter().all(Status::is_valid), "nothing has changed");
            }
        }
    }
    assert_eq!(Status::from_value(2), Status::Suspended);
    for value in [0x03, 0x0c, 0x0d, 0x0e, 0x0f] {
        assert_eq!(Status::from_value(value), Status::ApplicationSpecific(value));
    }
    for value in [0x04, 0x0b, 0x10, 0xff] {
        assert_eq!(Status::from_value(value), Status::Reserved(value));
    }
}

// Clauses: TSL-4.1-01, TSL-7-03
#[test]
fn l05_bits_are_1_2_4_or_8() {
    for number in 0..=u64::from(u8::MAX) {
        let bits = StatusBits::from_number(number);
        assert_eq!(bits.is_some(), [1, 2, 4, 8].contains(&number), "{number}");
        assert!(bits.is_none_or(|bits| u64::from(bits.number()) == number));
    }
    for value in 0..=u8::MAX {
        let status = Status::from_value(value);
        let bits = StatusBits::for_status(status);
        assert!(value <= bits.largest());
        assert!(ALL.into_iter().filter(|fewer| *fewer < bits).all(|fewer| value > fewer.largest()));
    }
}

// Clauses: TSL-8.3-11, TSL-C.4-02
#[test]
fn l03_index_out_of_range() {
    for bits in ALL {
        let mut list = StatusArray::new(bits, 64).unwrap();
        assert_eq!(list.len(), 64);
        assert!(list.get(63).is_ok());
        for index in [64, 65, 1 << 31, 1 << 32, 1 << 53, (1 << 61) + 1, u64::MAX - 7, u64::MAX] {
            assert_eq!(list.get(index), Err(ArrayError::OutOfRange { len: 64 }), "{index}");
            assert_eq!(list.set(index, Status::Invalid), Err(ArrayError::OutOfRange { len: 64 }), "{index}");
        }
        let empty = StatusArray::new(bits, 0).unwrap();
        assert!(empty.is_empty() && empty.get(0).is_err());
    }
    assert_eq!(StatusArray::new(StatusBits::Eight, u64::MAX), Err(ArrayError::TooLong));
}

// Clauses: TSL-13.4-01
#[test]
fn lists_fill_whole_bytes() {
    for (bits, entries, bytes) in [
        (StatusBits::One, 9, 2),
        (StatusBits::Two, 5, 2),
        (StatusBits::Four, 3, 2),
        (StatusBits::Eight, 2, 2),
    ] {
        let list = StatusArray::new(bits, entries).unwrap();
        assert_eq!(list.as_bytes().len(), bytes);
        assert_eq!(list.len() * u64::from(bits.number()), 16);
    }
}

// Clauses: TSL-13.3-01, TSL-13.3-02
#[test]
fn a_list_begins_with_the_status_of_choice() {
    for bits in ALL {
        for value in [0, 1, bits.largest()] {
            let status = Status::from_value(value);
            let list = StatusArray::filled(bits, 21, status).unwrap();
            assert!(list.iter().all(|found| found == status));
        }
    }
    assert!(StatusArray::filled(StatusBits::Two, 1, Status::Reserved(4)).is_err());
}

#[test]
fn debug_tells_no_status() {
    let list = StatusArray::new(StatusBits::Two, 12).unwrap();
    assert_eq!(format!("{list:?}"), "StatusArray(12 entries of 2 bit(s))");
}

proptest! {
    #[test]
    fn l08_agrees_with_a_list_of_numbers(
        bits in any_bits(),
        changes in prop::collection::vec((0_u64..80, any::<u8>()), 0..200),
    ) {
        let mut list = StatusArray::new(bits, 77).unwrap();
        let mut oracle = vec![0_u8; usize::try_from(list.len()).unwrap()];
        for (index, value) in changes {
            let place = oracle.get_mut(usize::try_from(index).unwrap());
            let fits = value <= bits.largest();
            let result = list.set(index, Status::from_value(value));
            prop_assert_eq!(result.is_ok(), fits && place.is_some());
            if let (true, Some(place)) = (fits, place) {
                *place = value;
            }
        }
        prop_assert!(list.iter().map(Status::value).eq(oracle.iter().copied()));
        // The lowest bits come first: the whole list is one number in little-endian order.
        for (index, value) in oracle.iter().enumerate() {
            let bit = index * usize::from(bits.number());
            let byte = list.as_bytes()[bit / 8];
            prop_assert_eq!((byte >> (bit % 8)) & bits.largest(), *value);
        }
    }
}

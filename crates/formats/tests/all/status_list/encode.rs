//! Compressed lists: rows L06, L07 and L08 of the attack catalogue.

use std::io::Write as _;

use credenza_core::b64;
use credenza_formats::status_list::encode::{self, MAX_LIST};
use credenza_formats::status_list::{EncodedList, InflateError, Level, Status, StatusArray, StatusBits};
use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use proptest::prelude::*;

const CONTENT: &[u8] = b"\xb9\xa3";
const MAX: usize = 1 << 16;

fn zlib(level: u32, content: &[u8]) -> Vec<u8> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::new(level));
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// A zlib stream with another second header byte, made to fit the check of the header.
fn with_flags(flags: u8) -> Vec<u8> {
    let mut stream = zlib(6, CONTENT);
    stream[1] = flags;
    stream
}

// Clauses: TSL-4.1-02, TSL-4.2-03, TSL-4.3-03
#[test]
fn l07_every_level_and_nothing_but_zlib() {
    for level in 0..=9 {
        assert_eq!(encode::inflate(&zlib(level, CONTENT), MAX).unwrap(), CONTENT, "level {level}");
    }
    for flags in [0x01, 0x5e, 0x9c, 0xda] {
        assert_eq!(encode::inflate(&with_flags(flags), MAX).unwrap(), CONTENT, "FLG {flags:#x}");
    }
    // A window of another size than the largest is fine as well.
    assert_eq!(
        encode::inflate(
            &{
                let mut small = zlib(6, CONTENT);
                small[0] = 0x08;
                small[1] = 0x1d;
                small
            },
            MAX
        )
        .unwrap(),
        CONTENT
    );

    let good = zlib(6, CONTENT);
    assert_eq!(encode::inflate(&with_flags(0xbb), MAX), Err(InflateError::Dictionary));
    for flags in [0x9d, 0x00, 0xff] {
        assert_eq!(
            encode::inflate(&with_flags(flags), MAX),
            Err(InflateError::Container("ZLIB")),
            "{flags:#x}"
        );
    }
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::new(6));
    raw.write_all(CONTENT).unwrap();
    for other in
        [raw.finish().unwrap(), encode::gzip(CONTENT, Level::default()), CONTENT.to_vec(), vec![0x78]]
    {
        assert_eq!(encode::inflate(&other, MAX), Err(InflateError::Container("ZLIB")));
    }
    assert_eq!(encode::inflate(&[], MAX), Err(InflateError::Container("ZLIB")));
    for cut in 2..good.len() {
        assert_eq!(encode::inflate(&good[..cut], MAX), Err(InflateError::Broken), "{cut} bytes");
    }
    for more in [&b"\0"[..], b"x", &good] {
        assert_eq!(encode::inflate(&[&good, more].concat(), MAX), Err(InflateError::Trailing));
    }
    let mut broken = good.clone();
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(encode::inflate(&broken, MAX), Err(InflateError::Broken), "checksum");
}

#[test]
fn l07_gzip_is_as_exact() {
    let good = encode::gzip(CONTENT, Level::default());
    assert_eq!(encode::gunzip(&good, MAX).unwrap(), CONTENT);
    assert_eq!(encode::gunzip(&zlib(6, CONTENT), MAX), Err(InflateError::Container("GZIP")));
    assert_eq!(encode::gunzip(&[&good[..], &good].concat(), MAX), Err(InflateError::Trailing), "two members");
    assert_eq!(encode::gunzip(&[&good[..], b"\0"].concat(), MAX), Err(InflateError::Trailing));
    for cut in 3..good.len() {
        assert_eq!(encode::gunzip(&good[..cut], MAX), Err(InflateError::Broken), "{cut} bytes");
    }
    for at in good.len() - 8..good.len() {
        let mut broken = good.clone();
        broken[at] ^= 1;
        assert_eq!(encode::gunzip(&broken, MAX), Err(InflateError::Broken), "checksum and length");
    }
}

#[test]
fn l06_bombs_end_at_the_limit() {
    let bomb = encode::deflate(&vec![0; MAX_LIST + 1], Level::FASTEST);
    assert!(bomb.len() < 200_000);
    assert_eq!(encode::inflate(&bomb, MAX_LIST), Err(InflateError::TooLarge(MAX_LIST)));
    assert_eq!(encode::inflate(&bomb, 10), Err(InflateError::TooLarge(10)));
    let bomb = encode::gzip(&vec![0; MAX_LIST + 1], Level::FASTEST);
    assert_eq!(encode::gunzip(&bomb, MAX_LIST), Err(InflateError::TooLarge(MAX_LIST)));

    for size in [0, 1, 2, 3, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 100_000] {
        let content = vec![7; size];
        let zlib = encode::deflate(&content, Level::FASTEST);
        assert_eq!(encode::inflate(&zlib, size).unwrap(), content, "as large as allowed: {size}");
        if size > 0 {
            assert_eq!(encode::inflate(&zlib, size - 1), Err(InflateError::TooLarge(size - 1)));
        }
    }
}

// Clauses: TSL-4.2-03
#[test]
fn l08_base64url_without_padding() {
    for (lst, ok) in [
        ("eNrbuRgAAhcBXQ", true),
        ("eNrbuRgAAhcBXQ==", false),
        ("eNrbuRgAAhcBXR", false),
        ("eNrbu RgAAhcBXQ", false),
        ("eNrb+RgAAhcBXQ", false),
    ] {
        assert_eq!(EncodedList::from_base64url(StatusBits::One, lst).is_ok(), ok, "{lst}");
    }
}

/// A list for a large country. What it costs is measured by `credenza bench`.
#[test]
fn ten_million_entries_come_back_as_they_were() {
    const ENTRIES: u64 = 10_000_000;
    let mut list = StatusArray::new(StatusBits::One, ENTRIES).unwrap();
    // One in a hundred, nowhere in particular.
    for n in 0..ENTRIES / 100 {
        list.set(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % ENTRIES, Status::Invalid).unwrap();
    }
    assert_eq!(EncodedList::new(&list, Level::default()).decode(MAX_LIST).unwrap(), list);
}

#[test]
fn levels() {
    assert_eq!(Level::new(0), None);
    assert_eq!(Level::new(10), None);
    assert_eq!(Level::new(6), Some(Level::default()));
    let list = StatusArray::from_bytes(
        StatusBits::One,
        (0..100_000_u32).flat_map(|n| [(n % 251) as u8, (n % 7) as u8]).collect(),
    );
    for level in (1..=9).filter_map(Level::new) {
        let encoded = EncodedList::new(&list, level);
        assert_eq!(encoded.decode(MAX_LIST).unwrap(), list);
        assert_eq!(b64::decode(encoded.base64url()).unwrap(), encoded.compressed());
    }
}

proptest! {
    #[test]
    fn round_trip(bytes in prop::collection::vec(any::<u8>(), 0..5000), level in 1_u32..=9) {
        let level = Level::new(level).unwrap();
        let list = StatusArray::from_bytes(StatusBits::Four, bytes.clone());
        let encoded = EncodedList::new(&list, level);
        prop_assert_eq!(encoded.decode(bytes.len()).unwrap(), list);
        prop_assert_eq!(encode::gunzip(&encode::gzip(&bytes, level), bytes.len()).unwrap(), bytes);
    }

    #[test]
    fn l07_random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = encode::inflate(&bytes, MAX);
        let _ = encode::gunzip(&bytes, MAX);
        if bytes.len() > 3 {
            bytes[..2].copy_from_slice(&[0x78, 0x9c]);
            let _ = encode::inflate(&bytes, MAX);
            bytes[..3].copy_from_slice(&[0x1f, 0x8b, 8]);
            let _ = encode::gunzip(&bytes, MAX);
        }
    }

    #[test]
    fn a_changed_bit_changes_no_status(at in 0_usize..1000, bit in 0_u32..8) {
        let content: Vec<u8> = (0..64).collect();
        let mut zlib = encode::deflate(&content, Level::default());
        let at = 2 + at % (zlib.len() - 2);
        zlib[at] ^= 1_u8 << bit;
        // The last bits of the stream before the checksum mean nothing.
        prop_assert!(encode::inflate(&zlib, MAX).is_ok_and(|same| same == content) || encode::inflate(&zlib, MAX).is_err());
    }
}

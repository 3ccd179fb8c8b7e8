//! CBOR and COSE that must not be accepted: rows M09, M11, M13, M14 and M15 of the attack catalogue.

use credenza_crypto::cose::{
    self, CborError, Content, CoseError, CoseKey, KeyDefect, Mac0, MacKey, Reader, Sign1, SigningHeader,
    Tagging, Writer, cbor, cwt,
};
use credenza_crypto::{Algorithm, Curve, SignatureError, Signer as _};
use proptest::prelude::*;

use crate::support::{SIGNING, hex, now, signer};

fn skip(bytes: &[u8]) -> Result<(), CborError> {
    Reader::whole(bytes, Reader::skip)
}

#[test]
fn m13_a_key_twice() {
    for twice in [
        "a2010101 02",
        "a2010218 0103",
        "a26161016161 02",
        "a3010102010103",
        "a1 61 61 a2 20 01 20 02",
        "a2 41 00 01 41 00 02",
    ] {
        let bytes = hex(&twice.replace(' ', ""));
        assert!(matches!(skip(&bytes), Err(CborError::Duplicate(_))), "{twice}: {:?}", skip(&bytes));
    }
    // Different, though they look alike.
    assert_eq!(skip(&hex("a301010261310120 03".replace(' ', "").as_str())), Err(CborError::Duplicate(0)));
    assert_eq!(skip(&hex("a3010161310241310 3".replace(' ', "").as_str())), Ok(()));
}

#[test]
fn m14_depth_and_declared_sizes() {
    for opener in ["81", "a101", "c1", "d818"] {
        for depth in [cbor::MAX_DEPTH - 1, cbor::MAX_DEPTH] {
            assert_eq!(skip(&hex(&format!("{}00", opener.repeat(depth)))), Ok(()), "{opener} {depth}");
        }
        for depth in [cbor::MAX_DEPTH + 1, 100_000] {
            let bytes = hex(&format!("{}00", opener.repeat(depth)));
            assert!(matches!(skip(&bytes), Err(CborError::TooDeep(_))), "{opener} {depth}");
        }
    }
    for declared in ["9b", "bb", "5b", "7b"] {
        for size in ["7fffffffffffffff", "ffffffffffffffff", "8000000000000000", "00000000ffffffff"] {
            let bytes = hex(&format!("{declared}{size}00"));
            assert!(matches!(skip(&bytes), Err(CborError::Malformed(_))), "{declared}{size}");
        }
    }
    assert!(
        matches!(skip(&hex("9a000100000000")), Err(CborError::Malformed(0))),
        "65,536 items in two bytes"
    );
}

#[test]
fn m15_trailing_bytes_indefinite_lengths_and_odd_encodings() {
    assert_eq!(skip(&hex("0000")), Err(CborError::Trailing(1)));
    for indefinite in ["9f00ff", "bf0000ff", "5f4100ff", "7f6161ff", "819f00ff"] {
        assert!(matches!(skip(&hex(indefinite)), Err(CborError::Indefinite(_))), "{indefinite}");
    }
    // Reserved additional information, a break with nothing to break, a simple value in too many bytes, no UTF-8.
    for bad in [
        "1c", "3d", "5e", "7c", "9d", "bc", "dd", "fc", "fd", "fe", "ff", "f818", "f81f", "61ff", "62c328",
        "", "18", "4101",
    ] {
        let bytes = hex(bad);
        let result = skip(&bytes);
        if bad == "4101" {
            assert_eq!(result, Ok(()));
        } else {
            assert!(result.is_err(), "{bad}");
        }
    }
    // Longer than need be is how others write, and is read as what it says.
    for (long, value) in
        [("1801", 1), ("190001", 1), ("1a00000001", 1), ("1b0000000000000001", 1), ("3800", -1)]
    {
        assert_eq!(Reader::whole(&hex(long), Reader::integer), Ok(value), "{long}");
    }
    // Keys of other kinds are nobody's.
    for keys in ["a1f400", "a1f600", "a1800 0", "a1f9000000", "a1c00000"] {
        assert!(skip(&hex(&keys.replace(' ', ""))).is_err(), "{keys}");
    }
}

#[test]
fn every_kind_of_item_is_read() {
    let bytes = hex("8a0020420102626869f5f6f7f93e00fa3fc00000fb3ff8000000000000");
    Reader::whole(&bytes, |reader| {
        reader.tuple(10, |items| {
            assert_eq!((items.integer()?, items.integer()?), (0, -1));
            assert_eq!((items.bytes()?, items.text()?), (&[1, 2][..], "hi"));
            assert!(items.bool()?);
            items.null()?;
            items.skip()?;
            for _ in 0..3 {
                assert!((items.float()? - 1.5).abs() < f64::EPSILON);
            }
            Ok::<_, CborError>(())
        })
    })
    .unwrap();
    let half = |bits: &str| Reader::whole(&hex(bits), Reader::float).unwrap();
    assert!(half("f97c00").is_infinite() && half("f97e00").is_nan());
    assert!(
        (half("f90001") - 5.960_464_477_539_063e-8).abs() < 1e-20 && (half("f9fbff") + 65_504.0).abs() < 1e-9
    );
    assert_eq!(
        Reader::whole(&hex("3bffffffffffffffff"), Reader::wide_integer),
        Ok(-18_446_744_073_709_551_616)
    );
    assert_eq!(Reader::whole(&hex("1bffffffffffffffff"), Reader::unsigned), Ok(u64::MAX));
    assert!(Reader::whole(&hex("1bffffffffffffffff"), Reader::integer).is_err());
    assert!(Reader::whole(&hex("20"), Reader::unsigned).is_err());
}

/// The parameters of a key as CBOR, in hexadecimal.
fn ec(kty: &str, crv: &str, x: &str, y: &str, more: &str) -> Vec<u8> {
    let members = 4 + more.matches(';').count();
    hex(&format!("a{members:x}01{kty}20{crv}21{x}22{y}{}", more.replace(';', "")))
}

#[test]
fn m09_keys_that_are_none() {
    let key = signer(Algorithm::Es256).public_key();
    let (x, y) = key.coordinates().unwrap();
    let text = |bytes: &[u8]| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("58{:02x}{digits}", bytes.len())
    };
    let (full_x, full_y) = (text(x), text(y));
    let check = |bytes: &[u8]| CoseKey::parse(bytes).map(|found| found.key);
    assert_eq!(check(&ec("02", "01", &full_x, &full_y, "")), Ok(key.clone()));
    // A length that is wrong by one in either direction, and none.
    for short in [text(&x[1..]), text(&[&[0], x].concat()), "40".to_owned()] {
        assert_eq!(check(&ec("02", "01", &short, &full_y, "")), Err(KeyDefect::NotAKey));
        assert_eq!(check(&ec("02", "01", &full_x, &short, "")), Err(KeyDefect::NotAKey));
    }
    assert_eq!(check(&ec("02", "01", &full_y, &full_x, "")), Err(KeyDefect::NotAKey), "not on the curve");
    assert_eq!(check(&ec("02", "01", &full_x, "f5", "")), Err(KeyDefect::Compressed));
    assert_eq!(check(&ec("02", "02", &full_x, &full_y, "")), Err(KeyDefect::NotAKey), "P-384 by name");
    assert_eq!(check(&ec("02", "08", &full_x, &full_y, "")), Err(KeyDefect::NotAKey), "secp256k1 by name");
    assert_eq!(check(&ec("01", "01", &full_x, &full_y, "")), Err(KeyDefect::Malformed), "OKP on P-256");
    assert_eq!(check(&ec("01", "06", &full_x, &full_y, "")), Err(KeyDefect::Malformed), "Ed25519 with y");
    assert_eq!(check(&ec("02", "06", &full_x, &full_y, "")), Err(KeyDefect::Malformed), "EC2 on Ed25519");
    assert_eq!(check(&ec("03", "01", &full_x, &full_y, "")), Err(KeyDefect::Unsupported), "RSA");
    assert_eq!(check(&ec("04", "01", &full_x, &full_y, "")), Err(KeyDefect::Private), "symmetric");
    assert_eq!(
        check(&ec("02", "19 0100".replace(' ', "").as_str(), &full_x, &full_y, "")),
        Err(KeyDefect::Unsupported)
    );
    assert_eq!(check(&ec("02", "65502d323536", &full_x, &full_y, "")), Err(KeyDefect::Unsupported), "a name");
    let private = format!("23{full_x};");
    assert_eq!(check(&ec("02", "01", &full_x, &full_y, &private)), Err(KeyDefect::Private));
    // What the key says about its use has to fit it.
    assert!(check(&ec("02", "01", &full_x, &full_y, "0326;")).is_ok(), "alg -7");
    assert_eq!(check(&ec("02", "01", &full_x, &full_y, "033822;")), Err(KeyDefect::Malformed), "alg -35");
    assert!(matches!(
        check(&ec("02", "01", &full_x, &full_y, "2001;")),
        Err(KeyDefect::Cbor(CborError::Duplicate(0)))
    ));
    for missing in ["a0", "a10102", "a201022001", "a101f6"] {
        assert!(check(&hex(missing)).is_err(), "{missing}");
    }
}

/// A message of any headers, signed properly.
fn forge(algorithm: Algorithm, protected: &str, unprotected: &str) -> Vec<u8> {
    let signer = signer(algorithm);
    let protected = hex(protected);
    let mut structure = Writer::default();
    structure.array(4).text("Signature1").bytes(&protected).bytes(&[]).bytes(b"content");
    let signature = now(signer.sign(structure.as_bytes())).unwrap();
    let mut out = Writer::default();
    out.array(4).bytes(&protected).raw(&hex(unprotected)).bytes(b"content").bytes(&signature);
    out.into_bytes()
}

fn check(algorithm: Algorithm, bytes: &[u8]) -> Result<(), CoseError> {
    Sign1::parse(bytes, Tagging::Absent)?.verify(&signer(algorithm).public_key(), &SIGNING, &[])
}

#[test]
fn m11_headers() {
    let es256 = Algorithm::Es256;
    assert_eq!(check(es256, &forge(es256, "a10126", "a0")), Ok(()));
    assert_eq!(check(es256, &forge(es256, "a10128", "a0")), Ok(()), "-9, fully specified");
    for (protected, unprotected, expected) in [
        ("", "a10126", CoseError::Algorithm),
        ("a0", "a10126", CoseError::Algorithm),
        ("a10126", "a10126", CoseError::Algorithm),
        ("a10126", "a1013822", CoseError::Algorithm),
        ("a0", "a0", CoseError::Algorithm),
        ("", "a0", CoseError::Algorithm),
        ("a101654553323536", "a0", CoseError::Algorithm),
        ("a10105", "a0", CoseError::Algorithm),
        ("a101390100", "a0", CoseError::Algorithm),
        ("a1013831", "a0", CoseError::Algorithm),
        ("a2012602811910 00", "a0", CoseError::Critical),
        ("a10126", "a1028101", CoseError::Critical),
        ("a201260441aa", "a10441bb", CoseError::Malformed("two different kid")),
        ("a20126182141aa", "a1182141bb", CoseError::Malformed("two different x5chain")),
        ("a201260126", "a0", CoseError::Cbor(CborError::Duplicate(0))),
        ("a1012600", "a0", CoseError::Cbor(CborError::Trailing(3))),
        ("bf0126ff", "a0", CoseError::Cbor(CborError::Indefinite(0))),
    ] {
        let message = forge(es256, &protected.replace(' ', ""), unprotected);
        assert_eq!(check(es256, &message), Err(expected), "{protected} {unprotected}");
    }
    assert_eq!(check(es256, &forge(es256, "a20126182141aa", "a1182141aa")), Ok(()), "the same chain twice");
    assert_eq!(check(es256, &forge(es256, "a10126", "a1182180")), Ok(()), "a chain of none");
    // One certificate or several, in either header.
    for (protected, unprotected, length) in [
        ("a10126", "a1182141aa", 1),
        ("a20126182141aa", "a0", 1),
        ("a10126", "a11821824 1aa41bb", 2),
        ("a10126", "a0", 0),
    ] {
        let message = forge(es256, protected, &unprotected.replace(' ', ""));
        let message = Sign1::parse(&message, Tagging::Absent).unwrap();
        assert_eq!(message.header.x5chain.len(), length, "{protected} {unprotected}");
    }
}

#[test]
fn m11_algorithm_and_key() {
    // Any algorithm with any other's key.
    for algorithm in SIGNING {
        for key in SIGNING {
            let number = format!("{:?}", algorithm.cose());
            let mut protected = Writer::default();
            protected.map(1).integer(1).integer(algorithm.cose());
            let protected: String = protected.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let result = check(key, &forge(key, &protected, "a0"));
            if algorithm == key {
                assert_eq!(result, Ok(()), "{number}");
            } else {
                assert_eq!(result, Err(SignatureError::KeyMismatch(algorithm).into()), "{number} {key}");
            }
        }
    }
}

#[test]
fn m11_shapes_and_places_of_content() {
    let es256 = signer(Algorithm::Es256);
    let header = SigningHeader::new(&es256);
    let attached = now(cose::sign1(&es256, &header, Content::Attached(b"content"), &[])).unwrap();
    let key = es256.public_key();
    let message = Sign1::parse(&attached, Tagging::Absent).unwrap();
    assert_eq!(message.verify_detached(b"content", &key, &SIGNING, &[]), Err(CoseError::Content));
    for (place, other) in [(0, 0x83), (0, 0x85), (0, 0xa2), (1, 0x63)] {
        let mut broken = attached.clone();
        broken[place] = other;
        assert!(Sign1::parse(&broken, Tagging::Absent).is_err());
    }
    for end in 0..attached.len() {
        assert!(Sign1::parse(&attached[..end], Tagging::Absent).is_err());
    }
    let mut longer = attached;
    longer.push(0);
    assert!(matches!(Sign1::parse(&longer, Tagging::Absent), Err(CoseError::Cbor(CborError::Trailing(_)))));

    let mac_key = MacKey::new(b"a key that both sides share");
    let mac = cose::mac0(&mac_key, Content::Detached(b"content"), b"aad");
    let message = Mac0::parse(&mac, Tagging::Absent).unwrap();
    assert_eq!(message.verify_detached(b"content", &mac_key, b"aad"), Ok(()));
    assert_eq!(message.verify(&mac_key, b"aad"), Err(CoseError::Content));
    assert_eq!(message.verify_detached(b"content", &mac_key, b""), Err(CoseError::Mac));
    assert_eq!(message.verify_detached(b"contend", &mac_key, b"aad"), Err(CoseError::Mac));
    assert_eq!(message.verify_detached(b"content", &MacKey::new(b"another"), b"aad"), Err(CoseError::Mac));
    let attached = cose::mac0(&mac_key, Content::Attached(b"content"), &[]);
    let message = Mac0::parse(&attached, Tagging::Absent).unwrap();
    assert_eq!(message.verify(&mac_key, &[]), Ok(()));
    assert_eq!(message.verify_detached(b"content", &mac_key, &[]), Err(CoseError::Content));
    // Half a tag is none.
    let mut truncated = mac.clone();
    truncated.truncate(mac.len() - 16);
    let length = truncated.len() - 17;
    truncated[length] = 16;
    truncated[length - 1] = 0x58;
    let parsed = Mac0::parse(&truncated, Tagging::Absent);
    assert!(
        parsed.is_err() || parsed.is_ok_and(|mac| mac.verify_detached(b"content", &mac_key, b"aad").is_err())
    );
    assert!(!format!("{mac_key:?}").contains("share"));
}

#[test]
fn claims_of_wrong_types() {
    // iss as bytes, exp as text, exp tagged, exp negative, exp beyond the year 9999, exp not a number, a claim twice.
    for claims in [
        "a1014101",
        "a104613 1",
        "a104c101",
        "a10420",
        "a1041b7fffffffffffffff",
        "a104f97e00",
        "a204010402",
        "80",
        "a0 00",
    ] {
        assert!(cwt::Claims::parse(&hex(&claims.replace(' ', ""))).is_err(), "{claims}");
    }
    let claims = hex("a204fb41d954fc40600000 19ffff a10163616263".replace(' ', "").as_str());
    let claims = cwt::Claims::parse(&claims).unwrap();
    assert_eq!(claims.expires.unwrap().as_secs(), 1_700_000_001, "the fraction is cut off");
    assert!(
        claims.get(cose::Label::Integer(65_535)).is_some() && claims.get(cose::Label::Integer(7)).is_none()
    );
    assert_eq!(format!("{claims:?}"), "Claims(1 not registered)");
}

#[test]
fn keys_of_every_curve_are_written_and_read() {
    let mut keys: Vec<_> = SIGNING.iter().map(|algorithm| signer(*algorithm).public_key()).collect();
    keys.push(credenza_crypto::PublicKey::from_okp(Curve::X25519, &[9; 32]).unwrap());
    for key in keys {
        let mut out = Writer::default();
        cose::key::write(&key, &mut out).unwrap();
        let bytes = out.into_bytes();
        assert_eq!(CoseKey::parse(&bytes).unwrap().key, key);
    }
    let rsa = credenza_crypto::PublicKey::from_rsa(&[0xff; 256], &[1, 0, 1]).unwrap();
    assert_eq!(cose::key::write(&rsa, &mut Writer::default()), Err(KeyDefect::Unsupported));
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = skip(&bytes);
        let _ = CoseKey::parse(&bytes);
        let _ = cwt::Claims::parse(&bytes);
        let _ = Sign1::parse(&bytes, Tagging::Optional);
        let _ = Mac0::parse(&bytes, Tagging::Optional);
    }

    #[test]
    fn no_change_of_a_signed_message_is_accepted(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let es256 = signer(Algorithm::Es256);
        let header = SigningHeader::new(&es256);
        let mut message = now(cose::sign1(&es256, &header, Content::Attached(b"content"), &[])).unwrap();
        let at = at.index(message.len());
        message[at] ^= 1 << bit;
        prop_assert!(check(Algorithm::Es256, &message).is_err());
    }

    #[test]
    fn what_is_skipped_is_what_was_written(numbers in proptest::collection::vec(any::<i64>(), 0..40), text in ".{0,40}") {
        let mut out = Writer::default();
        out.array(3).text(&text).array(numbers.len());
        for number in &numbers {
            out.integer(*number);
        }
        out.map(1).text(&text).bool(true);
        let bytes = out.into_bytes();
        let mut read = Vec::new();
        Reader::whole(&bytes, |reader| reader.tuple(3, |items| {
            assert_eq!(items.text()?, text);
            items.array(|number| number.integer().map(|number| read.push(number)))?;
            items.skip()
        })).unwrap();
        prop_assert_eq!(read, numbers);
    }
}

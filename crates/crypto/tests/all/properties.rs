//! What holds for all inputs: no parser panics, and what was made is read again.

use credenza_core::{SeededRandom, b64};
use credenza_crypto::jwe::Parameters;
use credenza_crypto::jws::json::JsonJws;
use credenza_crypto::{
    Certificate, ContentEncryption, Curve, Decrypter as _, Header, IdentifiedBy, Jwk, Jws, KeyManagement,
    SoftwareDecrypter, SoftwareSigner, jwe, jws,
};
use proptest::prelude::*;

use crate::support::{NOW, SIGNING, now};

const EXCHANGE: [Curve; 4] = [Curve::P256, Curve::P384, Curve::P521, Curve::X25519];

/// JSON of all kinds, with the members that parsers look at.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[A-Za-z0-9_=+/ -]{0,50}".prop_map(Into::into),
        prop::sample::select(vec![
            "EC", "OKP", "RSA", "P-256", "Ed25519", "ES256", "ECDH-ES", "A128GCM", "enc"
        ])
        .prop_map(Into::into),
        prop::collection::vec(any::<u8>(), 30..34).prop_map(|bytes| b64::encode(bytes).into()),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop::sample::select(vec![
            "kty",
            "crv",
            "x",
            "y",
            "n",
            "e",
            "d",
            "alg",
            "enc",
            "epk",
            "kid",
            "apu",
            "typ",
            "crit",
            "x5c",
            "jwk",
            "payload",
            "signatures",
            "protected",
            "header",
            "signature",
            "use",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((name.prop_map(str::to_owned), inner), 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn j24_strangers_json_never_panics(value in json()) {
        let _ = Jwk::from_value(&value);
        let text = value.to_string();
        if let Ok(header) = Header::parse(text.as_bytes()) {
            let _ = (header.jwk(), header.x5c());
        }
        let _ = JsonJws::parse(text.as_bytes());
        let header = b64::encode(&text);
        let _ = Jws::parse(&format!("{header}.{header}.AAAA"));
        let _ = jwe::peek_kid(&format!("{header}....AA"));
        let _ = SoftwareSigner::from_private_jwk(&text);
        let _ = SoftwareDecrypter::from_private_jwk(&text);
    }

    #[test]
    fn j26_strangers_text_never_panics(text in "\\PC{0,80}", parts in "[A-Za-z0-9_.-]{0,120}") {
        for text in [&text, &parts] {
            let _ = Jws::parse(text);
            let _ = jwe::peek_kid(text);
            let _ = JsonJws::parse(text.as_bytes());
            let _ = Header::parse(text.as_bytes());
            let _ = credenza_crypto::x509::pem_to_der_chain(text);
        }
    }

    #[test]
    fn x06_strangers_certificates_never_panic(
        bytes: Vec<u8>,
        at: prop::sample::Index,
        to: u8,
        cut: prop::sample::Index,
    ) {
        let _ = Certificate::parse(&bytes);
        let der = sample();
        let mut spoilt = der.clone();
        spoilt[at.index(der.len())] = to;
        let _ = Certificate::parse(&spoilt);
        let _ = credenza_crypto::x509::validate(
            &[spoilt.clone()], std::slice::from_ref(&spoilt), NOW, credenza_crypto::x509::PathPolicy::default(),
        );
        prop_assert!(Certificate::parse(&der[..cut.index(der.len())]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn jws_round_trips(payload: Vec<u8>, seed: u64, flip: prop::sample::Index) {
        for algorithm in SIGNING {
            let signer = SoftwareSigner::generate(algorithm, &SeededRandom::new(seed)).unwrap();
            let header = Header::signing(&signer, "x", IdentifiedBy::Jwk);
            let text = now(jws::sign(&signer, &header, &payload)).unwrap();
            let parsed = Jws::parse(&text).unwrap();
            prop_assert_eq!(&parsed.payload, &payload);
            let key = parsed.header.jwk().unwrap().unwrap().key;
            prop_assert!(parsed.verify(&key, &[algorithm]).is_ok());

            let mut spoilt = text.into_bytes();
            let at = flip.index(spoilt.len());
            spoilt[at] = if spoilt[at] == b'A' { b'B' } else { b'A' };
            let spoilt = String::from_utf8(spoilt).unwrap();
            let accepted = Jws::parse(&spoilt).is_ok_and(|jws| jws.verify(&key, &[algorithm]).is_ok());
            prop_assert!(!accepted);
        }
    }

    #[test]
    fn jwk_round_trips(seed: u64) {
        for algorithm in SIGNING {
            let signer = SoftwareSigner::generate(algorithm, &SeededRandom::new(seed)).unwrap().with_kid("k");
            let jwk = credenza_crypto::Signer::public_jwk(&signer);
            prop_assert_eq!(&Jwk::from_value(&jwk.to_value()).unwrap(), jwk);
        }
    }

    #[test]
    fn jwe_round_trips(
        plaintext: Vec<u8>,
        apu in prop::collection::vec(any::<u8>(), 0..40),
        seed: u64,
        curve in prop::sample::select(EXCHANGE.to_vec()),
        enc in prop::sample::select(ContentEncryption::ALL.to_vec()),
        flip: prop::sample::Index,
    ) {
        let random = SeededRandom::new(seed);
        let key = SoftwareDecrypter::generate(curve, &random).unwrap();
        let parameters = Parameters { apu: &apu, ..Parameters::default() };
        let text =
            jwe::encrypt(key.public_jwk(), KeyManagement::EcdhEs, enc, &parameters, &plaintext, &random).unwrap();
        let opened = now(jwe::decrypt(&text, &key, &[enc])).unwrap();
        prop_assert_eq!(opened.plaintext, plaintext);
        prop_assert_eq!(opened.apu, apu);

        let mut spoilt = text.into_bytes();
        let at = flip.index(spoilt.len());
        spoilt[at] = if spoilt[at] == b'A' { b'B' } else { b'A' };
        let spoilt = String::from_utf8(spoilt).unwrap();
        prop_assert!(now(jwe::decrypt(&spoilt, &key, &ContentEncryption::ALL)).is_err());
    }
}

fn sample() -> Vec<u8> {
    static SAMPLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    SAMPLE
        .get_or_init(|| {
            let random = SeededRandom::new(1);
            let day = std::time::Duration::from_secs(86_400);
            let ca =
                credenza_crypto::x509::CertificateAuthority::generate("root", NOW, day, &random).unwrap();
            ca.certificate().to_vec()
        })
        .clone()
}

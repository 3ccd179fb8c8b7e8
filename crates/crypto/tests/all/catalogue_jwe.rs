//! Attacks on encryption, by the rows of the attack catalogue.

use credenza_core::{Answer, SeededRandom, b64};
use credenza_crypto::jwe::{self, Parameters};
use credenza_crypto::{
    AgreeError, ContentEncryption, Curve, Decrypter, JweError, Jwk, KeyManagement, PublicKey, RsaDecrypter,
    SharedSecret, SoftwareDecrypter,
};
use serde_json::{Value, json};

use crate::support::now;

const ECDH: [KeyManagement; 3] =
    [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw];

const CURVES: [Curve; 4] = [Curve::P256, Curve::P384, Curve::P521, Curve::X25519];

/// A key that says nothing about its `alg`.
struct Plain(SoftwareDecrypter, Jwk);

impl Plain {
    fn on(curve: Curve) -> Self {
        let key = SoftwareDecrypter::generate(curve, &SeededRandom::new(21)).unwrap();
        let jwk = Jwk { alg: None, ..key.public_jwk().clone() };
        Self(key, jwk)
    }
}

impl Decrypter for Plain {
    fn public_jwk(&self) -> &Jwk {
        &self.1
    }

    fn agree<'a>(&'a self, peer: &'a PublicKey) -> Answer<'a, Result<SharedSecret, AgreeError>> {
        self.0.agree(peer)
    }
}

fn seal(key: &Jwk, alg: KeyManagement, enc: ContentEncryption) -> String {
    jwe::encrypt(key, alg, enc, &Parameters::default(), b"content", &SeededRandom::new(22)).unwrap()
}

fn open(text: &str, key: &dyn Decrypter) -> Result<jwe::Opened, JweError> {
    now(jwe::decrypt(text, key, &ContentEncryption::ALL))
}

fn header(text: &str) -> Value {
    serde_json::from_slice(&b64::decode(text.split('.').next().unwrap()).unwrap()).unwrap()
}

/// The same message under another header: what a check of the header alone has to find.
fn with_header(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value = header(text);
    change(&mut value);
    let rest = text.split_once('.').unwrap().1;
    format!("{}.{rest}", b64::encode(value.to_string()))
}

fn with_part(text: &str, number: usize, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    parts[number] = b64::encode(change(b64::decode(&parts[number]).unwrap()));
    parts.join(".")
}

#[test]
fn round_trips() {
    for curve in CURVES {
        let key = Plain::on(curve);
        for alg in ECDH {
            for enc in ContentEncryption::ALL {
                let parameters =
                    Parameters { apu: b"Alice", apv: b"Bob", cty: Some("json"), ..Parameters::default() };
                let random = SeededRandom::new(3);
                let text = jwe::encrypt(&key.1, alg, enc, &parameters, b"content", &random).unwrap();
                let opened = open(&text, &key).unwrap();
                assert_eq!((opened.plaintext.as_slice(), opened.enc), (b"content".as_slice(), enc));
                assert_eq!(
                    (opened.apu.as_slice(), opened.apv.as_slice()),
                    (b"Alice".as_slice(), b"Bob".as_slice())
                );
                assert_eq!(opened.kid, key.1.kid);
                assert_eq!(jwe::peek_kid(&text).unwrap(), key.1.kid);
                assert_eq!(header(&text)["alg"], alg.name());
                assert_eq!(header(&text)["cty"], "json");
                assert!(!format!("{opened:?}").contains("content"));
            }
        }
    }
}

#[test]
fn each_message_has_its_own_ephemeral_key() {
    let key = Plain::on(Curve::P256);
    let random = SeededRandom::new(4);
    let seal = || {
        jwe::encrypt(
            &key.1,
            KeyManagement::EcdhEs,
            ContentEncryption::A128Gcm,
            &Parameters::default(),
            b"",
            &random,
        )
        .unwrap()
    };
    let (one, two) = (seal(), seal());
    assert_ne!(header(&one)["epk"], header(&two)["epk"]);
    assert!(header(&one)["epk"].get("d").is_none());
}

// Clauses: JWTBCP-3.6-01
#[test]
fn j15_compression() {
    let key = Plain::on(Curve::P256);
    let text = seal(&key.1, KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    for zip in [json!("DEF"), json!(""), json!(null), json!("GZIP")] {
        let known = zip == "DEF";
        let text = with_header(&text, |header| header["zip"] = zip);
        assert_eq!(open(&text, &key).unwrap_err(), JweError::Algorithm);
        assert_eq!(jwe::peek_kid(&text).is_ok(), known);
    }
}

// Clauses: JWTBCP-3.6-01
#[test]
fn j15_compression_is_taken_where_it_was_offered_and_up_to_a_limit() {
    let key = Plain::on(Curve::P256);
    let random = SeededRandom::new(15);
    let plaintext = vec![b'x'; 100_000];
    let parameters = Parameters { compress: true, ..Parameters::default() };
    let (alg, enc) = (KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let text = jwe::encrypt(&key.1, alg, enc, &parameters, &plaintext, &random).unwrap();
    assert!(text.len() < 2000, "{}", text.len());
    assert_eq!(header(&text)["zip"], "DEF");
    assert_eq!(open(&text, &key).unwrap_err(), JweError::Algorithm);
    let within = |inflate| {
        let accepted = jwe::Accepted { enc: &ContentEncryption::ALL, inflate };
        now(jwe::decrypt_accepted(&text, &key, accepted)).map(|opened| opened.plaintext)
    };
    assert_eq!(within(Some(100_000)).unwrap(), plaintext);
    assert_eq!(within(Some(99_999)), Err(JweError::Decrypt));
    assert_eq!(within(None), Err(JweError::Algorithm));
}

// Clauses: JWTBCP-3.5-02
#[test]
fn j16_j20_other_key_management() {
    let key = Plain::on(Curve::P256);
    let text = seal(&key.1, KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    for alg in [
        "PBES2-HS256+A128KW",
        "PBES2-HS512+A256KW",
        "dir",
        "A128KW",
        "A256GCMKW",
        "RSA1_5",
        "RSA-OAEP",
        "none",
        "",
        "ecdh-es",
        "ECDH-ES+A192KW",
    ] {
        let text = with_header(&text, |header| {
            header["alg"] = json!(alg);
            header["p2c"] = json!(i32::MAX);
        });
        assert_eq!(open(&text, &key).unwrap_err(), JweError::Algorithm, "{alg}");
    }
    for enc in ["A192GCM", "a256gcm", "none", "A128CBC"] {
        let text = with_header(&text, |header| header["enc"] = json!(enc));
        assert_eq!(open(&text, &key).unwrap_err(), JweError::Algorithm, "{enc}");
    }
}

// Clauses: JWTBCP-3.4-01
#[test]
fn j17_points_that_are_none() {
    let zero = b64::encode([0; 32]);
    let most = b64::encode([0xff; 32]);
    for curve in [Curve::P256, Curve::X25519] {
        let key = Plain::on(curve);
        let text = seal(&key.1, KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
        let good = header(&text)["epk"].clone();
        for x in [&zero, &most, &b64::encode([1; 32]), &"AA".to_owned(), &String::new()] {
            let mut epk = good.clone();
            epk["x"] = json!(x);
            let text = with_header(&text, |header| header["epk"] = epk);
            assert!(open(&text, &key).is_err(), "{} {x}", curve.name());
        }
    }
    // Points of small order on Curve25519: a secret that everybody knows (RFC 7748 §6.1).
    let key = Plain::on(Curve::X25519);
    let text = seal(&key.1, KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let one = [&[1][..], &[0; 31]].concat();
    let order8 = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ];
    for x in [[0; 32].to_vec(), one, order8.to_vec()] {
        let epk = json!({"kty": "OKP", "crv": "X25519", "x": b64::encode(x)});
        let text = with_header(&text, |header| header["epk"] = epk);
        assert!(open(&text, &key).is_err());
    }
}

#[test]
fn j18_headers_that_say_something_else() {
    let key = Plain::on(Curve::P256);
    let text = seal(&key.1, KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let epk = header(&text)["epk"].clone();
    let malformed = |change: &dyn Fn(&mut Value)| {
        let text = with_header(&text, change);
        assert!(matches!(open(&text, &key), Err(JweError::Malformed(_))), "{}", header(&text));
    };
    malformed(&|header| header["epk"]["d"] = json!("AA"));
    malformed(&|header| header["epk"]["crv"] = json!("P-224"));
    malformed(&|header| header["epk"]["kty"] = json!("oct"));
    malformed(&|header| header["epk"] = json!(null));
    malformed(&|header| header["epk"] = Plain::on(Curve::P384).1.to_value());
    malformed(&|header| header["epk"] = json!([epk]));
    malformed(&|header| header["kid"] = json!(1));
    malformed(&|header| header["alg"] = json!(["ECDH-ES"]));
    malformed(&|header| header["enc"] = json!(null));
    malformed(&|header| header["apu"] = json!("A="));
    malformed(&|header| header["apv"] = json!(1));
    malformed(&|header| header["crit"] = json!(["x"]));
    malformed(&|header| header["crit"] = json!([]));
    let mut without = header(&text);
    without.as_object_mut().unwrap().remove("epk");
    malformed(&|header| *header = without.clone());

    let other = with_header(&text, |header| header["kid"] = json!("somebody else's"));
    assert_eq!(open(&other, &key).unwrap_err(), JweError::Key);
    let encrypted_key = with_part(&text, 1, |_| vec![0; 40]);
    assert!(matches!(open(&encrypted_key, &key), Err(JweError::Malformed(_))));
    let wrapped = seal(&key.1, KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm);
    let without = with_part(&wrapped, 1, |_| Vec::new());
    assert!(matches!(open(&without, &key), Err(JweError::Malformed(_))));

    // The key is published for ECDH-ES alone.
    assert_eq!(open(&wrapped, &key.0).unwrap_err(), JweError::Key);
    let accepted = [ContentEncryption::A128Gcm];
    assert_eq!(now(jwe::decrypt(&text, &key, &accepted)).unwrap_err(), JweError::Algorithm);
    assert_eq!(now(jwe::decrypt(&text, &key, &[])).unwrap_err(), JweError::Algorithm);

    let twice = r#"{"alg":"ECDH-ES","alg":"ECDH-ES","enc":"A256GCM"}"#;
    let rest = text.split_once('.').unwrap().1;
    let twice = format!("{}.{rest}", b64::encode(twice));
    assert!(matches!(open(&twice, &key), Err(JweError::Malformed(_))));
}

#[test]
fn j19_tags_and_ivs_of_other_lengths() {
    let key = Plain::on(Curve::P256);
    for enc in ContentEncryption::ALL {
        let text = seal(&key.1, KeyManagement::EcdhEs, enc);
        for part in [2, 4] {
            let right = b64::decode(text.split('.').nth(part).unwrap()).unwrap().len();
            for length in (0..=40).filter(|length| *length != right) {
                let cut = with_part(&text, part, |mut bytes| {
                    bytes.resize(length, 0);
                    bytes
                });
                assert!(matches!(open(&cut, &key), Err(JweError::Malformed(_))));
            }
        }
    }
}

#[test]
fn j20_one_error_for_all_that_depends_on_the_key() {
    let key = Plain::on(Curve::P256);
    let flip = |mut bytes: Vec<u8>| {
        if let Some(first) = bytes.first_mut() {
            *first ^= 1;
        }
        bytes
    };
    for alg in ECDH {
        for enc in ContentEncryption::ALL {
            let text = seal(&key.1, alg, enc);
            for part in if alg == KeyManagement::EcdhEs { 2..5 } else { 1..5 } {
                let text = with_part(&text, part, flip);
                assert_eq!(open(&text, &key).unwrap_err(), JweError::Decrypt, "{alg:?} {enc:?} {part}");
            }
            let text = with_header(&text, |header| header["more"] = json!(1));
            assert_eq!(open(&text, &key).unwrap_err(), JweError::Decrypt);
        }
        let text = seal(&key.1, alg, ContentEncryption::A128CbcHs256);
        let cut = with_part(&text, 3, |bytes| bytes[1..].to_vec());
        assert_eq!(open(&cut, &key).unwrap_err(), JweError::Decrypt);
        if alg != KeyManagement::EcdhEs {
            let short = with_part(&text, 1, |bytes| bytes[8..].to_vec());
            assert_eq!(open(&short, &key).unwrap_err(), JweError::Decrypt);
        }
    }
}

#[test]
fn rsa_oaep_256() {
    let jwk = crate::support::vector("jose-cookbook/jwk/3_4.rsa_private_key.json");
    let mut jwk = jwk.clone();
    jwk["use"] = json!("enc");
    let key = RsaDecrypter::from_private_jwk(&jwk.to_string()).unwrap();
    for enc in ContentEncryption::ALL {
        let text = seal(key.public_jwk(), KeyManagement::RsaOaep256, enc);
        assert_eq!(open(&text, &key).unwrap().plaintext, b"content");
        assert!(header(&text).get("epk").is_none());
        for part in 1..5 {
            let spoilt = with_part(&text, part, |mut bytes| {
                bytes[0] ^= 1;
                bytes
            });
            assert_eq!(open(&spoilt, &key).unwrap_err(), JweError::Decrypt);
        }
        for length in [0, 1, 255, 257] {
            let cut = with_part(&text, 1, |mut bytes| {
                bytes.resize(length, 0);
                bytes
            });
            assert!(open(&cut, &key).is_err());
        }
        // A key that is encrypted well, and is none of this content encryption.
        let other = if enc == ContentEncryption::A128Gcm {
            ContentEncryption::A256Gcm
        } else {
            ContentEncryption::A128Gcm
        };
        let wrong = seal(key.public_jwk(), KeyManagement::RsaOaep256, other);
        let mut parts: Vec<&str> = text.split('.').collect();
        parts[1] = wrong.split('.').nth(1).unwrap();
        assert_eq!(open(&parts.join("."), &key).unwrap_err(), JweError::Decrypt);
    }
    // The kinds of keys and algorithms do not mix.
    let curve = Plain::on(Curve::P256);
    let rsa = seal(key.public_jwk(), KeyManagement::RsaOaep256, ContentEncryption::A128Gcm);
    let ecdh = seal(&curve.1, KeyManagement::EcdhEs, ContentEncryption::A128Gcm);
    let unnamed =
        |text: &str| with_header(text, |header| drop(header.as_object_mut().unwrap().remove("kid")));
    assert_eq!(open(&unnamed(&rsa), &curve).unwrap_err(), JweError::Key);
    assert_eq!(open(&unnamed(&ecdh), &key).unwrap_err(), JweError::Key);
    let with_epk = with_header(&rsa, |value| value["epk"] = header(&ecdh)["epk"].clone());
    assert!(matches!(open(&with_epk, &key), Err(JweError::Malformed(_))));
    let encrypt = |jwk: &Jwk, alg| {
        jwe::encrypt(jwk, alg, ContentEncryption::A128Gcm, &Parameters::default(), b"", &SeededRandom::new(1))
    };
    assert_eq!(encrypt(&curve.1, KeyManagement::RsaOaep256).unwrap_err(), JweError::Key);
    assert_eq!(encrypt(key.public_jwk(), KeyManagement::EcdhEs).unwrap_err(), JweError::Key);
    assert_eq!(format!("{key:?}").len(), "RsaDecrypter()".len() + 43);
}

// Clauses: JWTBCP-3.5-01
#[test]
fn rsa_keys_that_are_none() {
    let good = crate::support::vector("jose-cookbook/jwk/3_4.rsa_private_key.json");
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        for value in [json!(null), json!("AQAB"), json!("")] {
            if name == "e" && value == "AQAB" {
                continue;
            }
            let mut jwk = good.clone();
            jwk[name] = value.clone();
            assert!(RsaDecrypter::from_private_jwk(&jwk.to_string()).is_err(), "{name} {value}");
        }
    }
    let curve = crate::support::signer(credenza_crypto::Algorithm::Es256).to_private_jwk();
    assert!(RsaDecrypter::from_private_jwk(curve.expose()).is_err());
    assert!(RsaDecrypter::from_pem("").is_err());
    assert!(RsaDecrypter::from_pem(include_str!("openssl-keys.pem")).is_err());
}

#[test]
fn j25_j26_parts_encodings_and_sizes() {
    let key = Plain::on(Curve::P256);
    let text = seal(&key.1, KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
    let parts: Vec<&str> = text.split('.').collect();
    for bad in [
        String::new(),
        "....".to_owned(),
        parts[..4].join("."),
        format!("{text}."),
        format!("{text}.AA"),
        parts[..3].join("."),
        format!("{}.{}", "A".repeat(jwe::MAX_HEADER + 1), parts[1..].join(".")),
        "A".repeat(jwe::MAX_MESSAGE + 1),
    ] {
        assert!(matches!(open(&bad, &key), Err(JweError::Malformed(_))));
        assert!(matches!(jwe::peek_kid(&bad), Err(JweError::Malformed(_))));
    }
    for index in 0..5 {
        for spoilt in ["=", "+", " ", "\n"] {
            let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            parts[index].push_str(spoilt);
            assert!(matches!(open(&parts.join("."), &key), Err(JweError::Malformed(_))));
        }
    }
}

#[test]
fn j28_keys_for_something_else() {
    let key = Plain::on(Curve::P256);
    let encrypt = |jwk: &Jwk| {
        let random = SeededRandom::new(1);
        let (alg, enc) = (KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
        jwe::encrypt(jwk, alg, enc, &Parameters::default(), b"", &random)
    };
    for jwk in [
        Jwk { usage: Some("sig".into()), ..key.1.clone() },
        Jwk { usage: Some(String::new()), ..key.1.clone() },
        Jwk { alg: Some("ES256".into()), ..key.1.clone() },
        Jwk { alg: Some("ECDH-ES+A128KW".into()), ..key.1.clone() },
        crate::support::signer(credenza_crypto::Algorithm::EdDsa).public_jwk_for_encryption(),
        crate::support::signer(credenza_crypto::Algorithm::Es256K).public_jwk_for_encryption(),
    ] {
        assert_eq!(encrypt(&jwk).unwrap_err(), JweError::Key);
    }
    assert!(encrypt(&Jwk { usage: None, ..key.1.clone() }).is_ok());
    let published = key.0.public_jwk();
    assert_eq!(KeyManagement::of_key(published), Some(KeyManagement::EcdhEs));
    assert_eq!(KeyManagement::of_key(&key.1), None);
    for alg in ["RSA-OAEP-256", "ES256", "dir", "ECDH-ES+A192KW"] {
        assert_eq!(KeyManagement::of_key(&Jwk { alg: Some(alg.into()), ..key.1.clone() }), None);
    }
    assert_eq!(KeyManagement::of_key(&Jwk { usage: Some("sig".into()), ..published.clone() }), None);
    let text = encrypt(&key.1).unwrap();
    let signing = Plain(key.0, Jwk { usage: Some("sig".into()), ..key.1 });
    assert_eq!(open(&text, &signing).unwrap_err(), JweError::Key);
}

/// A signature key that claims nothing about its use.
trait ForEncryption {
    fn public_jwk_for_encryption(&self) -> Jwk;
}

impl ForEncryption for credenza_crypto::SoftwareSigner {
    fn public_jwk_for_encryption(&self) -> Jwk {
        Jwk::new(self.public_key())
    }
}

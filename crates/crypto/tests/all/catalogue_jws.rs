//! Attacks on signatures and keys, by the rows of the attack catalogue.

use credenza_core::{SeededRandom, UnixTime, b64};
use credenza_crypto::jws::json::{JsonJws, Signing, sign_flattened, sign_general};
use credenza_crypto::jwt::check_times;
use credenza_crypto::{
    Algorithm, Header, IdentifiedBy, Jwk, JwkError, JwkSet, Jws, JwsError, JwtError, PublicKey,
    SignatureError, Signer as _, SoftwareDecrypter, SoftwareSigner, Unverified,
};
use serde_json::{Map, Value, json};
use std::time::Duration;

use crate::support::{SIGNING, compact, header_with, now, signed, signer};

const ALL: [Algorithm; 7] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Es256K,
    Algorithm::EdDsa,
    Algorithm::Ps256,
    Algorithm::Rs256,
];

// Clauses: JWTBCP-3.1-01, JWTBCP-3.2-04, JWTBCP-3.2-05
#[test]
fn j01_alg_none() {
    for alg in ["none", "None", "nOnE", "NONE", "", " none", "none\0"] {
        let token = compact(&json!({"alg": alg, "typ": "JWT"}).to_string(), "{}", b"");
        assert_eq!(Jws::parse(&token).unwrap_err(), JwsError::Algorithm, "{alg}");
    }
    let token = compact(r#"{"typ":"JWT"}"#, "{}", b"");
    assert!(matches!(Jws::parse(&token), Err(JwsError::Malformed(_))));
}

// Clauses: JWTBCP-3.1-01, JWTBCP-3.1-02, JWTBCP-3.2-01
#[test]
fn j02_mac_with_a_public_key() {
    let jwk = signer(Algorithm::Es256).public_jwk().clone();
    let (x, y) = jwk.key.coordinates().unwrap();
    let point = [x, y].concat();
    let pem = "-----BEGIN PUBLIC KEY-----".to_owned();
    for secret in [jwk.to_value().to_string().into_bytes(), point, pem.into_bytes()] {
        for (alg, hash) in [
            ("HS256", aws_lc_rs::hmac::HMAC_SHA256),
            ("HS384", aws_lc_rs::hmac::HMAC_SHA384),
            ("HS512", aws_lc_rs::hmac::HMAC_SHA512),
        ] {
            let header = json!({"alg": alg}).to_string();
            let input = format!("{}.{}", b64::encode(&header), b64::encode("{}"));
            let tag = aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(hash, &secret), input.as_bytes());
            let token = compact(&header, "{}", tag.as_ref());
            assert_eq!(Jws::parse(&token).unwrap_err(), JwsError::Algorithm);
        }
    }
}

// Clauses: JWTBCP-3.8-01, JWTBCP-3.10-01
#[test]
fn j03_a_key_in_the_header_is_never_used_by_itself() {
    let (own, attacker) = (
        signer(Algorithm::Es256),
        SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(99)).unwrap(),
    );
    let header = header_with("jwk", attacker.public_jwk().to_value());
    let token = signed(&attacker, &header, "{}");
    let jws = Jws::parse(&token).unwrap();
    assert!(jws.verify(&own.public_key(), &ALL).is_err());
    for name in ["jku", "x5u"] {
        let token = signed(&attacker, &header_with(name, json!("http://127.0.0.1:1/")), "{}");
        assert!(Jws::parse(&token).unwrap().verify(&own.public_key(), &ALL).is_err());
    }
}

/// The order of P-256.
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

// Clauses: JWTBCP-3.3-01
#[test]
fn j04_psychic_signatures() {
    let key = signer(Algorithm::Es256).public_key();
    let (zero, most) = ([0; 32], [0xff; 32]);
    let mut one = [0; 32];
    one[31] = 1;
    for (r, s) in [
        (zero, zero),
        (zero, one),
        (one, zero),
        (N, N),
        (N, one),
        (one, N),
        (most, most),
        (most, one),
        (one, most),
        (zero, N),
        (N, zero),
    ] {
        let signature = [r, s].concat();
        assert_eq!(key.verify(Algorithm::Es256, b"x", &signature), Err(SignatureError::Invalid));
    }
}

#[test]
fn j05_signatures_of_other_forms_and_lengths() {
    for algorithm in SIGNING {
        let signer = signer(algorithm);
        let key = signer.public_key();
        let good = now(signer.sign(b"x")).unwrap();
        assert!(key.verify(algorithm, b"x", &good).is_ok());
        for length in (0..200).chain([16_384, 20_000]) {
            let mut signature = good.clone();
            signature.resize(length, 0);
            assert_eq!(key.verify(algorithm, b"x", &signature).is_ok(), length == good.len());
        }
    }
    let signer = signer(Algorithm::Es256);
    let raw = now(signer.sign(b"x")).unwrap();
    let integer = |bytes: &[u8]| [&[0x02, 33, 0], bytes].concat();
    let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
    let der = [&[0x30, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
    assert!(signer.public_key().verify(Algorithm::Es256, b"x", &der).is_err());
}

/// Both forms verify: whoever needs a token once must remember its nonce or `jti`, and not its bytes.
#[test]
fn j06_the_other_s_is_a_signature_too() {
    let signer = signer(Algorithm::Es256);
    let good = now(signer.sign(b"x")).unwrap();
    let mut other = good.clone();
    let mut borrow = 0_i16;
    for index in (0..32).rev() {
        let difference = i16::from(N[index]) - i16::from(good[32 + index]) - borrow;
        borrow = i16::from(difference < 0);
        other[32 + index] = u8::try_from(difference + 256 * borrow).unwrap();
    }
    assert_ne!(good, other);
    assert!(signer.public_key().verify(Algorithm::Es256, b"x", &other).is_ok());
}

// Clauses: JWTBCP-3.1-02, JWTBCP-3.1-03
#[test]
fn j07_curve_confusion() {
    for of_key in SIGNING {
        let signer = signer(of_key);
        let signature = now(signer.sign(b"x")).unwrap();
        for claimed in ALL {
            let verified = signer.public_key().verify(claimed, b"x", &signature);
            if claimed == of_key {
                assert!(verified.is_ok());
            } else {
                assert_eq!(verified, Err(SignatureError::KeyMismatch(claimed)));
            }
        }
    }
    let exchange =
        SoftwareDecrypter::generate(credenza_crypto::Curve::X25519, &SeededRandom::new(1)).unwrap();
    let key = &credenza_crypto::Decrypter::public_jwk(&exchange).key;
    for claimed in ALL {
        assert_eq!(key.verify(claimed, b"x", &[0; 64]), Err(SignatureError::KeyMismatch(claimed)));
    }
}

// Clauses: JWTBCP-3.1-01, JWTBCP-3.2-01, JWTBCP-3.2-02
#[test]
fn j07_only_allowed_algorithms() {
    for algorithm in SIGNING {
        let signer = signer(algorithm);
        let header = json!({"alg": algorithm.name()}).to_string();
        let token = signed(&signer, &header, "{}");
        let jws = Jws::parse(&token).unwrap();
        for allowed in ALL {
            let verified = jws.verify(&signer.public_key(), &[allowed]);
            if allowed == algorithm {
                assert!(verified.is_ok());
            } else {
                assert_eq!(verified, Err(JwsError::Algorithm));
            }
        }
        assert_eq!(jws.verify(&signer.public_key(), &[]), Err(JwsError::Algorithm));
    }
}

// Clauses: JWTBCP-2.8-01, JWTBCP-3.11-01, JWTBCP-3.11-03, JWTBCP-3.12-01
#[test]
fn j09_types() {
    let signer = signer(Algorithm::Es256);
    for (typ, accepted) in [
        (json!("kb+jwt"), true),
        (json!("application/kb+jwt"), true),
        (json!("APPLICATION/KB+JWT"), true),
        (json!("JWT"), false),
        (json!("kb+jwt "), false),
        (json!(" kb+jwt"), false),
        (json!("text/kb+jwt"), false),
        (json!("application/application/kb+jwt"), false),
        (json!(""), false),
    ] {
        let token = signed(&signer, &header_with("typ", typ.clone()), "{}");
        let parsed = Unverified::<Value>::parse(&token, "kb+jwt");
        match parsed {
            Ok(_) => assert!(accepted, "{typ}"),
            Err(error) => assert_eq!((error, accepted), (JwtError::Type("kb+jwt"), false), "{typ}"),
        }
    }
    let token = signed(&signer, r#"{"alg":"ES256"}"#, "{}");
    assert_eq!(Unverified::<Value>::parse(&token, "kb+jwt").unwrap_err(), JwtError::Type("kb+jwt"));
    for typ in [json!(1), json!(null), json!(["kb+jwt"])] {
        let token = signed(&signer, &header_with("typ", typ), "{}");
        assert!(matches!(Jws::parse(&token), Err(JwsError::Malformed(_))));
    }
}

#[test]
fn j10_critical_headers() {
    let signer = signer(Algorithm::Es256);
    for crit in
        [json!(["b64"]), json!(["x"]), json!([]), json!(["alg"]), json!(["exp"]), json!("x"), json!(null)]
    {
        let token = signed(&signer, &header_with("crit", crit.clone()), "{}");
        assert_eq!(Jws::parse(&token).unwrap_err(), JwsError::Critical, "{crit}");
    }
    let token = signed(&signer, &header_with("b64", json!(false)), "{}");
    assert_eq!(Jws::parse(&token).unwrap_err(), JwsError::Critical);
}

#[test]
fn j11_duplicate_members() {
    let signer = signer(Algorithm::Es256);
    for header in [
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","alg":"ES256"}"#,
        r#"{"alg":"ES256","jwk":{"kty":"EC","kty":"EC"}}"#,
        r#"{"alg":"ES256","\u0061lg":"none"}"#,
    ] {
        let token = signed(&signer, header, "{}");
        assert!(matches!(Jws::parse(&token), Err(JwsError::Malformed(_))), "{header}");
    }
    for payload in [r#"{"nonce":"a","nonce":"b"}"#, r#"{"cnf":{"jwk":{"x":1,"x":2}}}"#] {
        let token = signed(&signer, r#"{"alg":"ES256","typ":"x"}"#, payload);
        assert_eq!(Unverified::<Value>::parse(&token, "x").unwrap_err(), JwtError::Claims);
    }
}

// Clauses: JWTBCP-3.7-01, JAR-4-03
#[test]
fn j11_other_encodings_than_utf8() {
    let signer = signer(Algorithm::Es256);
    for text in [
        &b"{\"alg\":\"ES256\",\"x\":\"\xff\"}"[..],
        b"\xef\xbb\xbf{\"alg\":\"ES256\"}",
        b"{\0\"\0a\0l\0g\0\"\0:\0",
    ] {
        let token = format!("{}.e30.AA", b64::encode(text));
        assert!(matches!(Jws::parse(&token), Err(JwsError::Malformed(_))));
        let input = format!("{}.{}", b64::encode(r#"{"alg":"ES256","typ":"x"}"#), b64::encode(text));
        let signature = now(signer.sign(input.as_bytes())).unwrap();
        let token = format!("{input}.{}", b64::encode(signature));
        assert_eq!(Unverified::<Value>::parse(&token, "x").unwrap_err(), JwtError::Claims);
    }
}

#[test]
fn j14_times_at_the_edge() {
    let at = |seconds: i64| UnixTime::from_secs(1_700_000_000 + seconds);
    let leeway = Duration::from_secs(60);
    for (offset, expected) in
        [(-1, Err(JwtError::Expired)), (0, Err(JwtError::Expired)), (1, Ok(())), (60, Ok(()))]
    {
        assert_eq!(check_times(at(0), Duration::ZERO, Some(at(offset)), None, None), expected);
        assert_eq!(check_times(at(0), leeway, Some(at(offset - 60)), None, None), expected);
    }
    for (offset, expected) in [(1, Err(JwtError::NotYetValid)), (0, Ok(())), (-1, Ok(()))] {
        assert_eq!(check_times(at(0), Duration::ZERO, None, Some(at(offset)), None), expected);
        assert_eq!(check_times(at(0), Duration::ZERO, None, None, Some(at(offset))), expected);
        assert_eq!(check_times(at(0), leeway, None, Some(at(offset + 60)), None), expected);
    }
    assert!(credenza_crypto::jwt::LEEWAY <= leeway);
}

#[test]
fn j21_private_members_are_refused_and_not_repeated() {
    let private: Value = serde_json::from_str(signer(Algorithm::Es256).to_private_jwk().expose()).unwrap();
    let secret = private["d"].as_str().unwrap().to_owned();
    let public = signer(Algorithm::Es256).public_jwk().to_value();
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in [json!(secret), json!(null), json!("")] {
            let mut jwk = public.clone();
            jwk[name] = value;
            let error = Jwk::from_value(&jwk).unwrap_err();
            assert_eq!(error, JwkError::Private, "{name}");
            assert!(!format!("{error} {error:?}").contains(&secret));
        }
    }
    // The private member is looked for first: nothing else of such a key is judged.
    assert_eq!(Jwk::from_value(&json!({"kty": "?", "d": "x"})), Err(JwkError::Private));
    let symmetric = json!({"kty": "oct", "k": "AAAA"});
    assert_eq!(Jwk::from_value(&symmetric), Err(JwkError::Private));
    assert_eq!(Jwk::from_value(&json!({"kty": "oct"})), Err(JwkError::Private));
    assert_eq!(JwkSet::from_value(&json!({"keys": [public, private]})), Err(JwkError::Private));
    let token = signed(&signer(Algorithm::Es256), &header_with("jwk", symmetric), "{}");
    assert_eq!(Jws::parse(&token).unwrap().header.jwk(), Err(JwkError::Private));
}

#[test]
fn j22_what_is_published_has_no_private_member() {
    for algorithm in SIGNING {
        let signer = signer(algorithm).with_kid("1");
        let set = JwkSet { keys: vec![signer.public_jwk().clone()] };
        let published = serde_json::to_value(&set).unwrap();
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(published["keys"][0].get(name).is_none());
        }
        assert!(!format!("{signer:?}").contains(signer.to_private_jwk().expose()));
        let header = Header::signing(&signer, "x", IdentifiedBy::Jwk);
        let header: Value = serde_json::from_slice(&b64::decode(header.encoded()).unwrap()).unwrap();
        assert!(header["jwk"].get("d").is_none());
    }
}

#[test]
fn j23_thumbprints_and_names() {
    let jwk = signer(Algorithm::Es256).public_jwk().clone();
    let mut dressed = jwk.to_value();
    for (name, value) in [("kid", "a"), ("use", "sig"), ("alg", "ES256"), ("whatever", "x")] {
        dressed[name] = json!(value);
    }
    assert_eq!(Jwk::from_value(&dressed).unwrap().thumbprint(), jwk.thumbprint());
    let minimal = Jwk::from_value(&Jwk::new(jwk.key.clone()).to_value()).unwrap();
    assert_eq!(minimal.thumbprint(), jwk.thumbprint());

    let (x, _) = jwk.key.coordinates().unwrap();
    let shape = |x: String| {
        let mut value = jwk.to_value();
        value["x"] = json!(x);
        Jwk::from_value(&value)
    };
    assert!(shape(b64::encode(x)).is_ok());
    assert!(shape(b64::encode([&[0], x].concat())).is_err());
    assert!(shape(b64::encode(&x[1..])).is_err());
    assert!(shape(format!("{}=", b64::encode(x))).is_err());
    for alias in ["P256", "p-256", "secp256r1", "prime256v1", "P-256 "] {
        let mut value = jwk.to_value();
        value["crv"] = json!(alias);
        assert_eq!(Jwk::from_value(&value), Err(JwkError::Unsupported), "{alias}");
    }

    let (one, two) = (signer(Algorithm::Es256).with_kid("same"), signer(Algorithm::Es384).with_kid("same"));
    let three = signer(Algorithm::EdDsa).with_kid("other");
    let keys = [&one, &two, &three].map(|signer| signer.public_jwk().clone()).to_vec();
    let set = JwkSet { keys };
    assert!(set.by_kid("same").is_none());
    assert_eq!(set.by_kid("other"), Some(three.public_jwk()));
    assert!(set.by_kid("none").is_none());
}

// Clauses: JWTBCP-3.1-03
#[test]
fn j28_use_alg_and_key_ops_bind() {
    let signer = signer(Algorithm::Es256);
    let token = signed(&signer, r#"{"alg":"ES256"}"#, "{}");
    let jws = Jws::parse(&token).unwrap();
    for (members, verifies) in [
        (json!({}), true),
        (json!({"use": "sig", "alg": "ES256"}), true),
        (json!({"key_ops": ["verify"]}), true),
        (json!({"key_ops": ["sign", "verify"], "use": "sig"}), true),
        (json!({"key_ops": []}), true),
        (json!({"use": "enc"}), false),
        (json!({"alg": "ES384"}), false),
        (json!({"alg": "ECDH-ES"}), false),
        (json!({"key_ops": ["deriveKey"]}), false),
    ] {
        let mut jwk = Jwk::new(signer.public_key()).to_value();
        jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let jwk = Jwk::from_value(&jwk).unwrap();
        assert_eq!(jws.verify_by(&jwk, &ALL).is_ok(), verifies, "{members}");
        assert_eq!(jwk.verifies(Algorithm::Es256), verifies, "{members}");
        assert!(jws.verify_by(&jwk, &[Algorithm::Es384]).is_err());
    }
    for malformed in [
        json!({"key_ops": "verify"}),
        json!({"key_ops": [1]}),
        json!({"key_ops": ["verify", "verify"]}),
        json!({"key_ops": ["verify", "deriveKey"]}),
        json!({"key_ops": ["verify"], "use": "enc"}),
        json!({"key_ops": null}),
    ] {
        let mut jwk = Jwk::new(signer.public_key()).to_value();
        jwk.as_object_mut().unwrap().extend(malformed.as_object().unwrap().clone());
        assert_eq!(Jwk::from_value(&jwk), Err(JwkError::Malformed("key_ops")), "{malformed}");
    }
}

#[test]
fn j03_certificates_of_another_key() {
    let pki = crate::x509_path::pki(1);
    let own = signer(Algorithm::Es256).with_x5c(pki.chain.clone());
    assert_eq!(&Jwk::from_value(&own.public_jwk().to_value()).unwrap(), own.public_jwk());
    let other = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(99)).unwrap();
    for chain in [pki.chain, vec![vec![1, 2, 3]], vec![Vec::new()]] {
        let jwk = Jwk { x5c: chain, ..Jwk::new(other.public_key()) };
        assert_eq!(Jwk::from_value(&jwk.to_value()), Err(JwkError::Malformed("x5c")));
    }
    for x5c in [json!([]), json!("AA=="), json!([1]), json!(["A"])] {
        let mut jwk = other.public_jwk().to_value();
        jwk["x5c"] = x5c;
        assert_eq!(Jwk::from_value(&jwk), Err(JwkError::Malformed("x5c")));
    }
}

#[test]
fn j03_a_thumbprint_of_another_certificate() {
    let pki = crate::x509_path::pki(1);
    let read = |thumbprint: Value| {
        let mut header: Map<String, Value> = Map::new();
        header.insert("alg".to_owned(), "ES256".into());
        header.insert("x5c".to_owned(), pki.chain.iter().map(b64::encode_std).collect());
        header.insert("x5t#S256".to_owned(), thumbprint);
        Header::parse(Value::from(header).to_string().as_bytes()).unwrap().x5c()
    };
    let of = |certificate: &[u8]| b64::encode(credenza_crypto::hash::sha256(certificate));
    assert_eq!(read(of(&pki.chain[0]).into()), Ok(Some(pki.chain.clone())));
    for other in [of(b"another").into(), "".into(), json!(null), json!([of(&pki.chain[0])])] {
        assert_eq!(read(other), Err(JwkError::Malformed("x5t#S256")));
    }
    // Without the certificate it is no key.
    let alone = json!({ "alg": "ES256", "x5t#S256": of(&pki.chain[0]) }).to_string();
    assert_eq!(Header::parse(alone.as_bytes()).unwrap().x5c(), Ok(None));
}

#[test]
fn j24_coordinates_of_any_length() {
    use credenza_crypto::Curve;
    let jwk = signer(Algorithm::Es256).public_jwk().to_value();
    for length in 0..140 {
        let bytes = vec![1; length];
        for member in ["x", "y"] {
            let mut value = jwk.clone();
            value[member] = json!(b64::encode(&bytes));
            assert!(Jwk::from_value(&value).is_err());
        }
        for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1, Curve::Ed25519, Curve::X25519]
        {
            let _ = PublicKey::from_point(curve, &bytes);
            let _ = PublicKey::from_coordinates(curve, &bytes, &bytes);
            let okp = PublicKey::from_okp(curve, &bytes).is_ok();
            assert!(!okp || (length == 32 && matches!(curve, Curve::Ed25519 | Curve::X25519)));
        }
        let _ = PublicKey::from_rsa(&bytes, &bytes);
    }
    for x in [json!(""), json!("%"), json!(1), json!(null), json!([1])] {
        let mut value = jwk.clone();
        value["x"] = x;
        assert!(Jwk::from_value(&value).is_err());
    }
}

#[test]
fn j25_lax_base64url_in_each_part() {
    let token = signed(&signer(Algorithm::Es256), r#"{"alg":"ES256"}"#, "{} ");
    assert!(Jws::parse(&token).is_ok());
    let parts: Vec<&str> = token.split('.').collect();
    for index in 0..3 {
        for spoilt in ["=", "==", " ", "\n", "+", "/", "%3D", "\u{e9}"] {
            for front in [true, false] {
                let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
                parts[index] = if front {
                    format!("{spoilt}{}", parts[index])
                } else {
                    format!("{}{spoilt}", parts[index])
                };
                assert!(matches!(Jws::parse(&parts.join(".")), Err(JwsError::Malformed(_))));
            }
        }
    }
}

#[test]
fn j26_parts_and_sizes() {
    let good = signed(&signer(Algorithm::Es256), r#"{"alg":"ES256"}"#, "{}");
    let parts: Vec<&str> = good.split('.').collect();
    let header = parts[0];
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        header.to_owned(),
        format!("{header}.{}", parts[1]),
        format!("{good}."),
        format!("{good}.."),
        format!(".{good}"),
        format!("{good}.{}", parts[2]),
        format!("{good}.a.b"),
        format!(".{}.{}", parts[1], parts[2]),
        serde_json::json!({"payload": parts[1], "protected": header, "signature": parts[2]}).to_string(),
    ] {
        assert!(matches!(Jws::parse(&bad), Err(JwsError::Malformed(_))), "{bad}");
    }
    let long = format!("{}.{}.{}", "A".repeat(credenza_crypto::jws::MAX_HEADER + 1), parts[1], parts[2]);
    assert!(matches!(Jws::parse(&long), Err(JwsError::Malformed(_))));
    let huge = "A".repeat(credenza_crypto::jws::MAX_TOKEN + 1);
    assert!(matches!(Jws::parse(&huge), Err(JwsError::Malformed(_))));
    let deep = format!("{{\"alg\":\"ES256\",\"x\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(matches!(Jws::parse(&compact(&deep, "{}", b"")), Err(JwsError::Malformed(_))));
}

// Clauses: JWTBCP-3.3-01
#[test]
fn json_general_and_flattened() {
    let (one, two) = (signer(Algorithm::Es256), signer(Algorithm::EdDsa));
    let headers = [&one, &two].map(|signer| Header::signing(signer, "x", IdentifiedBy::Nothing));
    let beside = Map::from_iter([("disclosures".to_owned(), json!(["a"]))]);
    let signing = |signer, header, unprotected| Signing { signer, header, unprotected };

    let value = now(sign_general(
        vec![signing(&one, &headers[0], beside.clone()), signing(&two, &headers[1], Map::new())],
        b"payload",
    ))
    .unwrap();
    let jws = JsonJws::parse(value.to_string().as_bytes()).unwrap();
    assert_eq!(jws.payload, b"payload");
    assert_eq!(jws.signatures[0].unprotected, beside);
    jws.verify(&jws.signatures[0], &one.public_key(), &ALL).unwrap();
    jws.verify(&jws.signatures[1], &two.public_key(), &ALL).unwrap();
    assert!(jws.verify(&jws.signatures[0], &two.public_key(), &ALL).is_err());
    assert_eq!(
        jws.verify(&jws.signatures[1], &two.public_key(), &[Algorithm::Es256]),
        Err(JwsError::Algorithm)
    );
    let compact = jws.to_compact(&jws.signatures[1]);
    Jws::parse(&compact).unwrap().verify(&two.public_key(), &ALL).unwrap();

    let flat = now(sign_flattened(signing(&one, &headers[0], beside), b"payload")).unwrap();
    let jws = JsonJws::parse(flat.to_string().as_bytes()).unwrap();
    jws.verify(&jws.signatures[0], &one.public_key(), &ALL).unwrap();
}

#[test]
fn json_that_is_none_of_the_two_forms() {
    let header = b64::encode(r#"{"alg":"ES256"}"#);
    let signature = json!({"protected": header, "signature": "AA"});
    for bad in [
        json!({}),
        json!({"payload": "AA"}),
        json!({"payload": "AA", "signatures": []}),
        json!({"payload": "AA", "signatures": {}}),
        json!({"payload": "AA", "signatures": [1]}),
        json!({"payload": "AA", "signatures": [signature], "protected": header}),
        json!({"payload": "AA", "signatures": [signature], "signature": "AA"}),
        json!({"payload": "A=", "signatures": [signature]}),
        json!({"payload": 1, "signatures": [signature]}),
        json!({"signatures": [signature]}),
        json!({"payload": "AA", "signatures": vec![signature.clone(); 9]}),
        json!({"payload": "AA", "protected": header, "signature": "A"}),
        json!({"payload": "AA", "protected": 1, "signature": "AA"}),
        json!({"payload": "AA", "protected": header, "header": [], "signature": "AA"}),
        json!([]),
    ] {
        assert!(matches!(JsonJws::parse(bad.to_string().as_bytes()), Err(JwsError::Malformed(_))), "{bad}");
    }
    let twice = br#"{"payload":"AA","payload":"AA","protected":"e30","signature":"AA"}"#;
    assert!(JsonJws::parse(twice).is_err());
}

/// A signature that can't be judged does not stand in the way of the others, and never verifies.
#[test]
fn json_signatures_that_cant_be_judged() {
    let key = signer(Algorithm::Es256).public_key();
    let protect = |header: Value| b64::encode(header.to_string());
    let es256 = protect(json!({"alg": "ES256"}));
    for (signature, error) in [
        (json!({"header": {"alg": "ES256"}, "signature": "AA"}), None),
        (json!({"protected": "", "header": {"alg": "ES256"}, "signature": "AA"}), None),
        (json!({"protected": protect(json!({"alg": "none"})), "signature": ""}), Some(JwsError::Algorithm)),
        (
            json!({"protected": protect(json!({"alg": "HS256"})), "signature": "AA"}),
            Some(JwsError::Algorithm),
        ),
        (
            json!({"protected": protect(json!({"alg": "ES256", "crit": ["x"]})), "signature": "AA"}),
            Some(JwsError::Critical),
        ),
        (json!({"protected": es256, "header": {"crit": ["x"]}, "signature": "AA"}), Some(JwsError::Critical)),
        (json!({"protected": es256, "header": {"alg": "ES256"}, "signature": "AA"}), None),
    ] {
        let document = json!({"payload": "AA", "signatures": [signature]}).to_string();
        let jws = JsonJws::parse(document.as_bytes()).unwrap();
        let found = jws.signatures[0].header().unwrap_err();
        match error {
            Some(error) => assert_eq!(found, error, "{document}"),
            None => assert!(matches!(found, JwsError::Malformed(_)), "{document}"),
        }
        assert_eq!(jws.verify(&jws.signatures[0], &key, &ALL), Err(found));
    }
}

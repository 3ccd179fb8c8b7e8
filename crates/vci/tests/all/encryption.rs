//! Encrypted requests and responses (§10), from both sides.

use std::sync::Arc;

use credenza_core::{Report, SeededRandom};
use credenza_crypto::jwe::{self, Accepted, Parameters};
use credenza_crypto::{ContentEncryption, Curve, Decrypter, Jwk, KeyManagement, SoftwareDecrypter};
use credenza_vci::issuer::{Deferral, Encryption, OfferRequest, OfferedCredential};
use credenza_vci::wallet::{EncryptionUse, Policy, Polled, WalletError};
use http::Response;
use serde_json::{Value, json};

use crate::support::*;

const JWT: &str = "application/jwt";

fn decrypter(seed: u64) -> Arc<SoftwareDecrypter> {
    Arc::new(SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(seed)).unwrap())
}

fn world(change: impl FnOnce(Encryption) -> Encryption) -> World {
    World::with(|builder| builder.encryption(change(Encryption::new(decrypter(7)))))
}

fn invalid() -> (u16, String) {
    (400, "invalid_encryption_parameters".to_owned())
}

struct Client<'a> {
    world: &'a World,
    token: String,
    key: SoftwareDecrypter,
}

impl<'a> Client<'a> {
    fn new(world: &'a World) -> Self {
        let token = world.redeem(&world.offer());
        Self { world, token, key: SoftwareDecrypter::generate(Curve::P256, &*world.random).unwrap() }
    }

    fn wanting(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut request = self.world.request();
        request["credential_response_encryption"] =
            json!({ "jwk": self.key.public_jwk().to_value(), "enc": "A128GCM" });
        change(&mut request["credential_response_encryption"]);
        request
    }

    fn send(&self, media_type: &str, bytes: &[u8]) -> Response<Vec<u8>> {
        let headers = with(headers(media_type), "authorization", &format!("Bearer {}", self.token));
        self.world.credential_with(&headers, bytes)
    }

    fn sealed(&self, request: &Value) -> Response<Vec<u8>> {
        let text = seal(decrypter(7).public_jwk(), ContentEncryption::A256Gcm, false, request);
        self.send(JWT, text.as_bytes())
    }

    fn open(&self, response: &Response<Vec<u8>>) -> Value {
        assert_eq!(response.headers()["content-type"], JWT);
        let text = std::str::from_utf8(response.body()).unwrap();
        let accepted = Accepted { enc: &ContentEncryption::ALL, inflate: Some(1 << 20) };
        let opened = wait(jwe::decrypt_accepted(text, &self.key, accepted)).unwrap();
        assert_eq!(opened.kid, self.key.public_jwk().kid);
        serde_json::from_slice(&opened.plaintext).unwrap()
    }
}

fn seal(key: &Jwk, enc: ContentEncryption, compress: bool, content: &Value) -> String {
    let parameters = Parameters { compress, ..Parameters::default() };
    let json = content.to_string();
    jwe::encrypt(key, KeyManagement::EcdhEs, enc, &parameters, json.as_bytes(), &SeededRandom::new(9))
        .unwrap()
}

fn header(response: &Response<Vec<u8>>) -> Value {
    let text = std::str::from_utf8(response.body()).unwrap();
    let encoded = text.split('.').next().unwrap();
    serde_json::from_slice(&credenza_core::b64::decode(encoded).unwrap()).unwrap()
}

// Clauses: VCI-8.2-01, VCI-8.2-10, VCI-8.2-11, VCI-8.2-12, VCI-8.2-13, VCI-8.2-14, VCI-8.3-05, VCI-10-01, VCI-10-02, VCI-10-03, VCI-10-04, VCI-10-05
// Checks: ISS-053, ISS-066, ISS-067, ISS-069
#[test]
fn there_and_back() {
    let world = world(|it| it);
    let client = Client::new(&world);
    // Offered, and not taken.
    assert_eq!(client.world.credential(&client.token, &world.request()).status(), 200);
    let answer = client.sealed(&world.request());
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &JSON.parse().unwrap()));
    // Taken, with every enc.
    for enc in ["A256GCM", "A128CBC-HS256"] {
        let answer = client.sealed(&client.wanting(|it| it["enc"] = enc.into()));
        assert_eq!((answer.status().as_u16(), header(&answer)["enc"].as_str()), (200, Some(enc)));
        assert!(header(&answer).get("zip").is_none());
        assert_eq!(client.open(&answer)["credentials"].as_array().unwrap().len(), 1);
    }
}

// Clauses: VCI-8.2-13, VCI-8.2-14
// Checks: ISS-068
#[test]
fn compressed_when_that_is_asked_for() {
    let world = world(|it| it);
    let client = Client::new(&world);
    let request = client.wanting(|it| it["zip"] = "DEF".into());
    let text = seal(decrypter(7).public_jwk(), ContentEncryption::A128Gcm, true, &request);
    let answer = client.send(JWT, text.as_bytes());
    assert_eq!((answer.status().as_u16(), header(&answer)["zip"].as_str()), (200, Some("DEF")));
    assert!(client.open(&answer)["credentials"].is_array());
    let plain = self::world(Encryption::without_compression);
    let client = Client::new(&plain);
    let text = seal(decrypter(7).public_jwk(), ContentEncryption::A128Gcm, true, &plain.request());
    assert_eq!(refused(&client.send(JWT, text.as_bytes())), invalid());
    assert_eq!(refused(&client.sealed(&client.wanting(|it| it["zip"] = "DEF".into()))), invalid());
}

// Clauses: VCI-8.2-11, VCI-8.2-12, VCI-8.2-23, VCI-8.3.1.2-01, VCI-10-03
// Checks: ISS-124, ISS-132
#[test]
fn c13_c14_wrong_parameters() {
    let world = world(|it| it);
    let client = Client::new(&world);
    let mut private: Value = serde_json::from_str(client.key.to_private_jwk().expose()).unwrap();
    private["alg"] = "ECDH-ES".into();
    let cases: [(&str, SpoilBy<'_>); 12] = [
        ("no enc", &|it| drop(it.as_object_mut().unwrap().remove("enc"))),
        ("no jwk", &|it| drop(it.as_object_mut().unwrap().remove("jwk"))),
        ("no alg", &|it| drop(it["jwk"].as_object_mut().unwrap().remove("alg"))),
        ("a symmetric alg", &|it| it["jwk"]["alg"] = "A128KW".into()),
        ("RSA1_5", &|it| it["jwk"]["alg"] = "RSA1_5".into()),
        ("an alg of another kind of key", &|it| it["jwk"]["alg"] = "RSA-OAEP-256".into()),
        ("a key for signatures", &|it| it["jwk"]["use"] = "sig".into()),
        ("a private key", &|it| it["jwk"] = private.clone()),
        ("an unknown enc", &|it| it["enc"] = "A192GCM".into()),
        ("an unknown zip", &|it| it["zip"] = "GZIP".into()),
        ("no object", &|it| *it = json!("x")),
        ("an array", &|it| *it = json!([{}, "A128GCM"])),
    ];
    for (why, change) in &cases {
        let answer = client.sealed(&client.wanting(change));
        assert_eq!(refused(&answer), invalid(), "{why}");
        assert_eq!(answer.headers()["content-type"], JSON, "errors are never encrypted");
    }
    // A key in a request that anybody could have changed.
    let open = client.wanting(|_| {});
    assert_eq!(refused(&client.send(JSON, open.to_string().as_bytes())), invalid());
    assert_eq!(client.sealed(&client.wanting(|_| {})).status(), 200);
}

// Clauses: VCI-8.2-19, VCI-8.2-22, VCI-10-06,
// VCI-12.2.4-26
#[test]
fn c13_demanded() {
    let requests = world(Encryption::require_requests);
    let client = Client::new(&requests);
    assert_eq!(refused(&client.send(JSON, requests.request().to_string().as_bytes())), invalid());
    assert_eq!(client.sealed(&requests.request()).status(), 200);
    let responses = world(Encryption::require_responses);
    let client = Client::new(&responses);
    assert_eq!(refused(&client.send(JSON, responses.request().to_string().as_bytes())), invalid());
    assert_eq!(refused(&client.sealed(&responses.request())), invalid());
    assert_eq!(client.sealed(&client.wanting(|_| {})).status(), 200);
    let metadata: Value = serde_json::from_slice(&responses.issuer.metadata()).unwrap();
    assert_eq!(metadata["credential_request_encryption"]["encryption_required"], true);
    assert_eq!(metadata["credential_response_encryption"]["encryption_required"], true);
    // Where nothing is offered.
    let without = World::new();
    let client = Client::new(&without);
    assert_eq!(refused(&client.sealed(&without.request())), invalid());
    let open = client.wanting(|_| {});
    assert_eq!(refused(&client.send(JSON, open.to_string().as_bytes())), invalid());
}

// Clauses: VCI-10-05
#[test]
fn envelopes_that_do_not_open() {
    let world = world(|it| it);
    let client = Client::new(&world);
    let ours = decrypter(7).public_jwk().clone();
    let seal = |key: &Jwk| seal(key, ContentEncryption::A128Gcm, false, &world.request());
    let good = seal(&ours);
    let nameless = seal(&Jwk { kid: None, ..ours.clone() });
    let unknown = seal(&Jwk { kid: Some("other".to_owned()), ..ours.clone() });
    let foreign = seal(&Jwk { kid: ours.kid.clone(), ..decrypter(8).public_jwk().clone() });
    let mut cut = good.clone();
    cut.truncate(good.len() - 5);
    for text in ["", "x", "a.b.c", "a.b.c.d.e", &nameless, &unknown, &foreign, &cut] {
        assert_eq!(refused(&client.send(JWT, text.as_bytes())), invalid(), "{text}");
    }
    // What comes out is read as strictly as anything.
    let junk = self::seal(&ours, ContentEncryption::A128Gcm, false, &json!([1]));
    let malformed = (400, "invalid_credential_request".to_owned());
    assert_eq!(refused(&client.send(JWT, junk.as_bytes())), malformed);
    assert_eq!(client.send(JWT, good.as_bytes()).status(), 200);
}

// Clauses: VCI-12.2.4-13
#[test]
fn keys_are_exchanged_without_breaking_wallets() {
    let (old, new) = (decrypter(7), decrypter(8));
    let encryption = Encryption::new(new.clone()).retired(old.clone());
    let world = World::with(|builder| builder.encryption(encryption));
    let metadata: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    let published = metadata["credential_request_encryption"]["jwks"]["keys"].as_array().unwrap();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0]["kid"].as_str(), new.public_jwk().kid.as_deref());
    assert!(published[0]["alg"].is_string());
    let client = Client::new(&world);
    for key in [&old, &new] {
        let text = seal(key.public_jwk(), ContentEncryption::A128Gcm, false, &world.request());
        assert_eq!(client.send(JWT, text.as_bytes()).status(), 200);
    }
    // One key twice would make a kid that means two.
    let twice = Encryption::new(old.clone()).key(old);
    let built = credenza_vci::issuer::Issuer::builder(ISSUER).configuration(pid()).encryption(twice).build();
    assert!(built.is_err());
}

// Clauses: VCI-8.2-19, VCI-8.2-20, VCI-8.2-22, VCI-9.1-07, VCI-9.1-08, VCI-9.1-10, VCI-9.1-11, VCI-9.2-07, VCI-9.2-08,
// VCI-12.2.4-26
// Checks: WVCI-108
#[test]
fn the_wallet_encrypts_where_it_is_offered_also_later() {
    for required in [false, true] {
        let world = world(|it| if required { it.require_responses() } else { it });
        let credential = |id: &str, deferral| OfferedCredential {
            configuration_id: id.to_owned(),
            claims: Some(erika()),
            deferral: Some(deferral),
        };
        let credentials =
            vec![credential("pid", Deferral::None), credential("diploma", Deferral::UntilAskedAgain)];
        let offer = world.create(OfferRequest { credentials, ..OfferRequest::default() });
        let http = Arc::new(world.http());
        let (wallet, _) = world.wallet(http.clone());
        let policy = match required {
            true => Policy { encryption: EncryptionUse::WhenRequired, ..Policy::default() },
            false => Policy::default(),
        };
        let wallet = wallet.with_policy(policy);
        let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
        assert_eq!((received.credentials.len(), received.pending.len()), (1, 1));
        let Polled::Received(later) = wait(wallet.poll(&received.pending[0])).unwrap() else { panic!() };
        assert!(later.reports.iter().all(Report::ok));
        let asked = http.asked.lock().unwrap();
        let sealed: Vec<_> = asked.iter().filter(|it| it.uri().path().ends_with("credential")).collect();
        assert_eq!(sealed.len(), 3);
        assert!(sealed.iter().all(|request| request.headers()["content-type"] == JWT));
    }
}

// Checks: ISS-073, ISS-075
#[test]
fn what_comes_later_is_encrypted_as_it_is_asked_for_then() {
    let world = world(|it| it);
    let promised = || {
        let deferral = Some(Deferral::UntilAskedAgain);
        let credential =
            OfferedCredential { configuration_id: "pid".to_owned(), claims: Some(erika()), deferral };
        let offer = world.create(OfferRequest { credentials: vec![credential], ..OfferRequest::default() });
        let client = Client { token: world.redeem(&offer), ..Client::new(&world) };
        let promise = client.sealed(&client.wanting(|_| {}));
        assert_eq!(promise.status(), 202);
        let transaction = client.open(&promise)["transaction_id"].clone();
        (client, json!({ "transaction_id": transaction }))
    };
    let ask = |client: &Client<'_>, media_type: &str, bytes: &[u8]| {
        let headers = with(headers(media_type), "authorization", &format!("Bearer {}", client.token));
        world.deferred_with(&headers, bytes)
    };
    let sealed =
        |request: &Value| seal(decrypter(7).public_jwk(), ContentEncryption::A128Gcm, false, request);

    let (client, mut request) = promised();
    request["credential_response_encryption"] =
        client.wanting(|_| {})["credential_response_encryption"].clone();
    let answer = ask(&client, JWT, sealed(&request).as_bytes());
    assert_eq!((answer.status().as_u16(), header(&answer)["enc"].as_str()), (200, Some("A128GCM")));
    assert_eq!(client.open(&answer)["credentials"].as_array().unwrap().len(), 1);
    // In plain, where nothing else is asked for.
    let (client, request) = promised();
    let answer = ask(&client, JSON, request.to_string().as_bytes());
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &JSON.parse().unwrap()));
    assert_eq!(body(&answer)["credentials"].as_array().unwrap().len(), 1);
}

#[test]
fn the_wallet_is_not_talked_out_of_encryption() {
    let world = world(|it| it);
    // An answer in the clear, although an encrypted one was asked for.
    let http = world.http().tampered(|request, response| {
        if request.uri().path().ends_with("/credential") {
            *response.body_mut() = json!({ "credentials": [{ "credential": "x" }] }).to_string().into_bytes();
            response.headers_mut().insert("content-type", JSON.parse().unwrap());
        }
    });
    let (wallet, _) = world.wallet(Arc::new(http));
    let error = wait(ready(wait(wallet.open(&world.offer().uri)).unwrap()).accept()).unwrap_err();
    assert!(matches!(error, WalletError::Untrustworthy(_)), "{error}");
    // A wallet that insists, and an issuer that can't.
    let plain = World::new();
    let (wallet, _) = plain.wallet(Arc::new(plain.http()));
    let wallet = wallet.with_policy(Policy { encryption: EncryptionUse::Required, ..Policy::default() });
    let error = wait(ready(wait(wallet.open(&plain.offer().uri)).unwrap()).accept()).unwrap_err();
    assert!(matches!(error, WalletError::Unsupported(_)), "{error}");
}

//! DPoP proofs at the credential endpoint, one fault each; and the odd ones that are good all the same.

use credenza_core::b64;
use credenza_crypto::{Algorithm, Signer, SoftwareSigner};
use credenza_oauth::token::ath;
use http::Response;
use serde_json::{Value, json};

use crate::authorizing::*;
use crate::support::*;

/// A token that is bound to a key.
struct Bound {
    world: World,
    key: SoftwareSigner,
    url: String,
    token: String,
}

/// A JWS of a header and claims as they are, whatever they are.
fn raw(key: &dyn Signer, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", b64::encode(header.to_string()), b64::encode(claims.to_string()));
    let signature = wait(key.sign(signed.as_bytes())).unwrap();
    format!("{signed}.{}", b64::encode(signature))
}

fn without(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(name).unwrap_or_else(|| panic!("no {name}"));
    value
}

fn changed_to(value: &Value, name: &str, to: Value) -> Value {
    let mut value = value.clone();
    value[name] = to;
    value
}

impl Bound {
    fn new() -> Self {
        let world = World::new();
        let key = world.key();
        let urls = world.issuer.endpoints();
        let code = world.code(&world.offer());
        let headers = with(headers(FORM), "dpop", &world.dpop(&key, urls.token.as_str(), None, None));
        let granted = world.token_with(&headers, &[("grant_type", GRANT), ("pre-authorized_code", &code)]);
        let token = body(&granted)["access_token"].as_str().unwrap().to_owned();
        let url = urls.credential.as_str().to_owned();
        Self { world, key, url, token }
    }

    fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": public(&self.key) })
    }

    fn claims(&self) -> Value {
        let jti = credenza_core::id::unguessable(&*self.world.random);
        let now = self.world.now();
        json!({ "jti": jti, "htm": "POST", "htu": self.url, "iat": now, "ath": ath(&self.token) })
    }

    fn send(&self, scheme: &str, proofs: &[&str]) -> Response<Vec<u8>> {
        let mut all = with(headers(JSON), "authorization", &format!("{scheme} {}", self.token));
        for proof in proofs {
            all = with(all, "dpop", proof);
        }
        self.world.credential_with(&all, self.world.request().to_string().as_bytes())
    }

    #[track_caller]
    fn refuses(&self, what: &str, scheme: &str, proofs: &[&str]) {
        let response = self.send(scheme, proofs);
        assert!([400, 401].contains(&response.status().as_u16()), "{what}: {}", body(&response));
        let code = body(&response)["error"].clone();
        assert!(["invalid_dpop_proof", "invalid_token"].contains(&code.as_str().unwrap()), "{what}: {code}");
        assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("DPoP "), "{what}");
    }
}

fn public(key: &SoftwareSigner) -> Value {
    credenza_crypto::Jwk::new(key.public_jwk().key.clone()).to_value()
}

// Checks: AS-103 to AS-125
#[test]
fn a19_a20_a22_as_103_to_125_each_fault_of_a_proof_is_refused() {
    let bound = Bound::new();
    let key = &bound.key;
    let (header, claims) = (bound.header(), || bound.claims());
    let signed = |header: &Value, claims: &Value| raw(key, header, claims);
    let one = |what: &str, proof: &str| bound.refuses(what, "DPoP", &[proof]);

    bound.refuses("two headers", "DPoP", &[&signed(&header, &claims()), &signed(&header, &claims())]);
    one("no JWT", "this is no JWT");
    for member in ["typ", "alg", "jwk"] {
        one(member, &signed(&without(&header, member), &claims()));
    }
    for typ in ["JWT", "at+jwt", ""] {
        one(typ, &signed(&changed_to(&header, "typ", typ.into()), &claims()));
    }
    for claim in ["jti", "htm", "htu", "iat", "ath"] {
        one(claim, &signed(&header, &without(&claims(), claim)));
    }
    // A key of 2048 bits; its signature would be looked at after its algorithm.
    let modulus = format!("u{}w", "A7".repeat(170));
    let rsa =
        json!({ "typ": "dpop+jwt", "alg": "RS256", "jwk": { "kty": "RSA", "n": modulus, "e": "AQAB" } });
    let text = signed(&rsa, &claims());
    one("RS256", &text.replace(text.rsplit('.').next().unwrap(), &"A".repeat(342)));
    let none = signed(&changed_to(&header, "alg", "none".into()), &claims());
    one("none", &none);
    one("none, and no signature", &none[..=none.rfind('.').unwrap()]);
    let good = signed(&header, &claims());
    let (text, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    one("a broken signature", &format!("{text}.{flipped}{}", &signature[1..]));
    let mut private: Value = serde_json::from_str(key.to_private_jwk().expose()).unwrap();
    private.as_object_mut().unwrap().remove("alg");
    one("a private key", &signed(&changed_to(&header, "jwk", private), &claims()));
    one("another method", &signed(&header, &changed_to(&claims(), "htm", "GET".into())));
    let token_url = bound.world.issuer.endpoints().token.as_str().to_owned();
    for url in ["https://other.example/credential", "https://issuer.example/tenant/credential/x", &*token_url]
    {
        one(url, &signed(&header, &changed_to(&claims(), "htu", url.into())));
    }
    one("another ath", &signed(&header, &changed_to(&claims(), "ath", ath("another token").into())));
    let other = bound.world.key();
    one("another key", &raw(&other, &changed_to(&header, "jwk", public(&other)), &claims()));
    bound.refuses("no proof", "DPoP", &[]);
    bound.refuses("Bearer", "Bearer", &[&signed(&header, &claims())]);
    for hours in [-3600, 3600] {
        let iat = bound.world.now().as_secs() + hours;
        one("an hour off", &signed(&header, &changed_to(&claims(), "iat", iat.into())));
    }
    assert_eq!(bound.send("DPoP", &[&good]).status(), 200, "none of these has cost anything");
    one("twice", &good);
    let again = changed_to(&claims(), "jti", super::part(&good, 1)["jti"].clone());
    one("another proof with the same jti", &signed(&header, &again));
}

// Checks: AS-098, AS-100 to AS-102
#[test]
fn a23_as_098_as_100_as_101_as_102_what_is_odd_and_good_is_let_in() {
    let url = Bound::new().url;
    let (loud, port) =
        (url.replace("https://issuer", "HTTPS://ISSUER"), url.replace("example/", "example:443/"));
    let cases: [(&str, &str, Spoil); 4] = [
        ("the scheme in small letters", "dpop", |_| {}),
        ("the scheme in letters of any size", "dPOP", |_| {}),
        ("other header members", "DPoP", |header| header["x-unknown"] = json!({ "a": 1 })),
        ("a typ in other letters", "DPoP", |header| header["typ"] = "DPOP+JWT".into()),
    ];
    for (what, scheme, change) in cases {
        let bound = Bound::new();
        let mut header = bound.header();
        change(&mut header);
        let response = bound.send(scheme, &[&raw(&bound.key, &header, &bound.claims())]);
        assert_eq!(response.status(), 200, "{what}: {}", body(&response));
    }
    let (query, fragment) = (format!("{url}?x=1"), format!("{url}#y"));
    for (name, value) in [
        ("htu", json!(query)),
        ("htu", json!(fragment)),
        ("htu", json!(format!("{query}#y"))),
        ("htu", json!(loud)),
        ("htu", json!(port)),
        ("x-unknown", json!([1, { "a": null }])),
    ] {
        let bound = Bound::new();
        let proof = raw(&bound.key, &bound.header(), &changed_to(&bound.claims(), name, value.clone()));
        let response = bound.send("DPoP", &[&proof]);
        assert_eq!(response.status(), 200, "{name} {value}: {}", body(&response));
    }
}

// Checks: AS-077 to AS-079, AS-082
#[test]
fn as_077_as_078_as_079_as_082_proofs_at_the_token_endpoint() {
    let world = World::with(|builder| {
        let mode = credenza_vci::issuer::DpopMode { required: true, nonce: false };
        builder.authorization(settings()).dpop(mode)
    });
    let key = world.key();
    let url = world.issuer.endpoints().token.as_str().to_owned();
    let header = json!({ "typ": "dpop+jwt", "alg": Algorithm::Es256.name(), "jwk": public(&key) });
    let now = world.now().as_secs();
    let redeem = |headers| world.token_with(&headers, &exchange(&world.code_for(&request())));
    for more in [
        json!({ "iat": now, "nbf": now, "exp": now + 60 }),
        json!({ "iat": now - 10 }),
        json!({ "iat": now + 8 }),
    ] {
        let mut claims =
            json!({ "jti": credenza_core::id::unguessable(&*world.random), "htm": "POST", "htu": url });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let response = redeem(with(headers(FORM), "dpop", &raw(&key, &header, &claims)));
        assert_eq!(response.status(), 200, "{claims} {}", body(&response));
        assert_eq!(body(&response)["token_type"], "DPoP");
    }
    assert_eq!(refused(&redeem(headers(FORM))), (400, "invalid_dpop_proof".to_owned()));
}

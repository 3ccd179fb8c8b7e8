//! Issuer, authorization server and wallet as the certification suite looks at them.

mod batches;
mod credentials;
mod dpop_proofs;
mod endpoints;
mod metadata;
mod mobile_documents;
mod tokens;
mod wallet_credentials;
mod wallet_pushes;

use std::collections::HashMap;
use std::sync::Arc;

use credenza_core::{Http as _, Limits, SeededRandom, b64};
use credenza_crypto::{Curve, SoftwareDecrypter};
use credenza_trust::{Anchor, X509Anchors};
use credenza_vci::issuer::{AuthorizationSettings, CredentialConfiguration, Encryption, IssuerBuilder};
use credenza_vci::messages::{ClaimDescription, ClaimDisplay, CredentialDisplay, IssuerDisplay};
use credenza_vci::wallet::Wallet;
use http::{Request, Response};
use serde_json::Value;

use crate::authorizing::Provider;
use crate::formats::zoo;
use crate::support::*;
use crate::wallet_authorization::attested_client;

/// An issuer within HAIP: an SD-JWT VC and an mdoc, encryption, signed metadata, and wallets that somebody vouches for.
pub(crate) struct Within {
    pub(crate) world: World,
    pub(crate) provider: Provider,
    certified: World,
}

fn described() -> CredentialConfiguration {
    let name = |locale: &str, name: &str| ClaimDisplay {
        name: Some(name.to_owned()),
        locale: Some(locale.to_owned()),
    };
    let claim = ClaimDescription {
        display: vec![name("en", "Given name"), name("de-AT", "Vorname")],
        ..pid().claims.remove(0)
    };
    let display = |locale: &str| CredentialDisplay {
        locale: Some(locale.to_owned()),
        ..CredentialDisplay::named("Personal ID")
    };
    CredentialConfiguration {
        scope: Some("described".to_owned()),
        display: vec![display("en-GB"), display("de-DE")],
        claims: vec![claim],
        ..CredentialConfiguration::sd_jwt_vc("described", "urn:example:described")
    }
}

impl Within {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(IssuerBuilder) -> IssuerBuilder) -> Self {
        let (provider, certified) = (Provider::new(7), World::new());
        let settings = AuthorizationSettings {
            attestation: Some(provider.settings()),
            ..AuthorizationSettings::default()
        };
        let random = SeededRandom::new(7);
        let (_, document_signer) = zoo::document_signer(&random);
        let decrypter = SoftwareDecrypter::generate(Curve::P256, &random).unwrap();
        let signer = certified.signer.clone();
        let mdl = zoo::configurations().remove(1);
        let world = World::with(|builder| {
            let builder = builder
                .display(IssuerDisplay { locale: Some("de".to_owned()), ..IssuerDisplay::named("Behörde") })
                .configuration(described())
                .configuration(CredentialConfiguration { scope: Some("mdl".to_owned()), ..mdl })
                .signer_for("mdl", Arc::new(document_signer))
                .encryption(Encryption::new(Arc::new(decrypter)))
                .metadata_signer(signer)
                .authorization(settings)
                .haip();
            change(builder)
        });
        Self { world, provider, certified }
    }

    /// A wallet that the provider vouches for, and everything that it sends.
    pub(crate) fn wallet(self) -> (World, Wallet, Arc<Loop>) {
        let client = attested_client(self.provider, &self.world);
        let http = Arc::new(self.world.http());
        let wallet = self.world.wallet(http.clone()).0.with_client(client);
        let roots =
            [&self.world, &self.certified].map(|it| Anchor::for_issuers(it.ca.certificate().to_vec()));
        (self.world, wallet.with_trust(Arc::new(X509Anchors::new(&roots).unwrap())), http)
    }
}

/// What is there for those who ask by GET.
pub(crate) fn get(world: &World, path: &str, accept: &str) -> Response<Vec<u8>> {
    let request = Request::get(format!("https://issuer.example{path}")).header("accept", accept);
    wait(world.http().send(request.body(vec![]).unwrap(), Limits::default())).unwrap()
}

/// Header (0) or payload (1) of a JWT that is not verified here.
#[track_caller]
pub(crate) fn part(jwt: &str, number: usize) -> Value {
    let part = jwt.split('.').nth(number).unwrap_or_else(|| panic!("no JWT: {jwt}"));
    serde_json::from_slice(&b64::decode(part).unwrap()).unwrap()
}

/// An object has these members, and besides them only those others.
#[track_caller]
pub(crate) fn members(value: &Value, needed: &[&str], others: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    for name in needed {
        assert!(object.contains_key(*name), "no {name} in {value}");
    }
    for name in object.keys() {
        assert!(needed.contains(&name.as_str()) || others.contains(&name.as_str()), "{name} in {value}");
    }
}

/// Shannon's entropy over the characters of a text, times its length, in bits.
pub(crate) fn entropy(text: &str) -> f64 {
    let mut counts: HashMap<char, u32> = HashMap::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let length: f64 = counts.values().copied().map(f64::from).sum();
    counts.into_values().map(|count| -f64::from(count) * (f64::from(count) / length).log2()).sum()
}

/// Nobody guesses it: 128 bits at least, printable, and as varied as chance makes it.
#[track_caller]
pub(crate) fn unguessable(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no text: {value}"));
    assert!(text.len() * 6 >= 128 && entropy(text) > 96.0, "{text}: {}", entropy(text));
    assert!(text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{text}");
}

/// `error` and `error_description` have the characters that RFC 6749 §5.2 allows.
#[track_caller]
pub(crate) fn well_formed_error(response: &Response<Vec<u8>>) {
    assert_eq!(response.headers()["content-type"], JSON);
    let error = body(response);
    members(&error, &["error"], &["error_description", "error_uri"]);
    let printable = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(error["error"].as_str().is_some_and(|code| !code.is_empty() && code.bytes().all(printable)));
    let description = error.get("error_description").map(|it| it.as_str().unwrap());
    assert!(description.is_none_or(|it| !it.is_empty() && it.bytes().all(printable)), "{error}");
}

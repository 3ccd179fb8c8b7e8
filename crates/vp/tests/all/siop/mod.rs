//! SIOPv2, both sides, and what stands between them.

mod combined;
mod discovery;
mod login;
mod requests;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;

use credenza_core::Sealer;
use credenza_crypto::{IdentifiedBy, Signer, SigningHeader, SoftwareSigner, jwt};
use credenza_vp::siop::{
    LoginError, Provider, RelyingParty, RelyingPartyBuilder, RelyingPartyPorts, SignedIn,
};
use credenza_vp::wallet::{Answered, Opened, ResolveError, SignIn};
use http::Response;
use serde_json::{Map, Value, json};

use crate::world::{NOW, WalletSide, World, run};

pub(crate) const CALLBACK: &str = "https://client.example.org/cb";
pub(crate) const THUMBPRINT: &str = "urn:ietf:params:oauth:jwk-thumbprint";

pub(crate) fn vector(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/siopv2").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn vector_value(name: &str) -> Value {
    credenza_core::json::parse(&vector(name)).unwrap()
}

/// A wallet that is a self-issued provider; whatever it posts arrives nowhere.
pub(crate) fn provider(world: &World) -> WalletSide {
    provider_like(world, Provider::default())
}

pub(crate) fn provider_like(world: &World, provider: Provider) -> WalletSide {
    world.wallet_over(|_| Ok(Response::new(b"{}".to_vec())), |builder| builder.self_issued(provider))
}

pub(crate) fn relying_party(
    world: &World,
    configure: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> Arc<RelyingParty> {
    let ports = RelyingPartyPorts {
        store: world.store.clone(),
        clock: world.clock.clone(),
        random: world.random.clone(),
        sealer: Arc::new(Sealer::fresh(&*world.random)),
    };
    Arc::new(configure(RelyingParty::builder(&CALLBACK.parse().unwrap(), ports)).build())
}

#[track_caller]
pub(crate) fn sign_in(side: &WalletSide, link: &str) -> SignIn {
    match run(side.wallet.open(link)) {
        Ok(Opened::SignIn(asked)) => *asked,
        other => panic!("{other:?} is no request for an ID token"),
    }
}

#[track_caller]
pub(crate) fn refused(side: &WalletSide, link: &str) -> ResolveError {
    run(side.wallet.open(link)).map(|asked| panic!("{asked:?} should be refused")).unwrap_err()
}

/// What the browser brings in the fragment.
#[track_caller]
pub(crate) fn fragment(answered: &Answered) -> String {
    answered.redirect_uri.as_ref().unwrap().fragment().unwrap().to_owned()
}

/// Which checks of a refusal did not hold.
#[track_caller]
pub(crate) fn failed(result: Result<SignedIn, LoginError>) -> Vec<&'static str> {
    match result {
        Err(LoginError::Refused(report)) => failures(&report),
        other => panic!("{other:?} is no refusal"),
    }
}

pub(crate) fn failures(report: &credenza_core::Report) -> Vec<&'static str> {
    let failed = |check: &&credenza_core::Check| check.outcome == credenza_core::Outcome::Failed;
    report.checks.iter().filter(failed).map(|check| check.rule.id).collect()
}

/// A token by hand.
pub(crate) fn token(signer: &dyn Signer, header: &[(&str, Value)], claims: &Value) -> String {
    let more: Map<_, _> = header.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let header = SigningHeader::new(signer, "JWT", IdentifiedBy::Nothing, more);
    run(jwt::sign(signer, &header, claims)).unwrap()
}

/// The claims of a token that is right in everything, by thumbprint.
pub(crate) fn by_thumbprint(signer: &SoftwareSigner) -> Value {
    let jwk = credenza_crypto::Jwk::new(signer.public_key());
    json!({
        "iss": jwk.thumbprint_uri(),
        "sub": jwk.thumbprint_uri(),
        "aud": format!("redirect_uri:{CALLBACK}"),
        "nonce": "n-0S6_WzA2Mj",
        "iat": NOW.as_secs(),
        "exp": NOW.as_secs() + 300,
        "sub_jwk": jwk.to_value(),
    })
}

/// A request with these parameters, by value.
pub(crate) fn link(parameters: &[(&str, &str)]) -> String {
    format!("siopv2://?{}", credenza_oauth::form::encode(parameters))
}

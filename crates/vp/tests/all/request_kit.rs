//! Requests by hand, right ones and changed ones, and wallets that are served them.

use credenza_crypto::Signer;
use credenza_vp::Asked;
use credenza_vp::wallet::{Refusal, ResolveError};
use http::Response;
use serde_json::{Value, json};

use crate::world::{NOW, WalletSide, World, object_response, query, run};

pub(crate) const TYP: &str = "oauth-authz-req+jwt";
pub(crate) const CLIENT: &str = "x509_san_dns:verifier.example";

/// A request that is right in everything.
pub(crate) fn claims() -> Value {
    json!({
        "client_id": CLIENT,
        "aud": "https://self-issued.me/v2",
        "iat": NOW.as_secs(),
        "exp": NOW.as_secs() + 300,
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": "https://verifier.example/response",
        "nonce": "n-0S6_WzA2Mj~.",
        "state": "some.state",
        "dcql_query": query(),
        "client_metadata": { "vp_formats_supported": { "dc+sd-jwt": {} } },
    })
}

pub(crate) fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = claims();
    change(&mut claims);
    claims
}

/// A wallet that is served this request object, and anything under /response.
pub(crate) fn served(world: &World, jwt: String) -> WalletSide {
    world.wallet_over(
        move |request| match request.uri().path() {
            "/request" => Ok(object_response(jwt.clone())),
            _ => Ok(Response::new(b"{}".to_vec())),
        },
        |builder| builder,
    )
}

pub(crate) fn link(client_id: &str) -> String {
    let pairs = [("client_id", client_id), ("request_uri", "https://verifier.example/request")];
    format!("openid4vp://?{}", credenza_oauth::form::encode(&pairs))
}

pub(crate) fn resolve_object(
    world: &World,
    signer: &dyn Signer,
    typ: &str,
    claims: &Value,
) -> (WalletSide, Result<Asked, ResolveError>) {
    let side = served(world, world.sign_request(signer, typ, claims));
    let asked = run(side.wallet.resolve(&link(CLIENT)));
    (side, asked)
}

pub(crate) fn resolve(world: &World, claims: &Value) -> Result<Asked, ResolveError> {
    resolve_object(world, &*world.verifier_signer, TYP, claims).1
}

#[track_caller]
pub(crate) fn refusal(result: Result<Asked, ResolveError>) -> Refusal {
    result.map(|asked| panic!("{asked:?} should be refused")).unwrap_err().refusal
}

#[track_caller]
pub(crate) fn refused_with(result: Result<Asked, ResolveError>, code: &str) {
    let refusal = refusal(result);
    assert_eq!(refusal.code(), code, "{refusal}");
}

pub(crate) fn by_value(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims();
    claims["client_id"] = "redirect_uri:https://verifier.example/response".into();
    change(&mut claims);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs: Vec<_> =
        claims.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    format!("openid4vp://?{}", credenza_oauth::form::encode(&pairs))
}

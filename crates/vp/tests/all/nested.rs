//! A request object within an encryption: both of them count (RFC 8725 §3.3, §3.11).

use std::sync::Arc;

use credenza_core::SeededRandom;
use credenza_crypto::{
    ContentEncryption, Header, IdentifiedBy, Jwk, KeyManagement, SoftwareSigner, jwe, jwt,
};
use credenza_vp::Asked;
use credenza_vp::messages::RequestUriForm;
use credenza_vp::wallet::{ResolveError, WalletBuilder};
use serde_json::json;

use crate::request_kit::{CLIENT, TYP, claims, link};
use crate::world::{World, certified, object_response, run, world};

/// What a wallet makes of a request object that is signed in this way, within an encryption for its key.
fn resolved(
    world: &World,
    signer: &Arc<SoftwareSigner>,
    typ: &'static str,
    change: fn(String) -> String,
) -> Result<Asked, ResolveError> {
    let signer = Arc::clone(signer);
    let side = world.wallet_over(
        move |request| {
            let form = RequestUriForm::parse(request.body()).unwrap();
            let metadata = form.wallet_metadata.unwrap();
            let recipient = Jwk::from_value(&metadata["jwks"]["keys"][0]).unwrap();
            let mut claims = claims();
            claims["wallet_nonce"] = json!(form.wallet_nonce);
            let header = Header::signing(&*signer, typ, IdentifiedBy::X5c);
            let inner = change(run(jwt::sign(&*signer, &header, &claims)).unwrap());
            let outer = jwe::encrypt(
                &recipient,
                KeyManagement::EcdhEs,
                ContentEncryption::A128Gcm,
                &jwe::Parameters::default(),
                inner.as_bytes(),
                &SeededRandom::new(5),
            );
            Ok(object_response(outer.unwrap()))
        },
        WalletBuilder::encrypted_requests,
    );
    run(side.wallet.resolve(&format!("{}&request_uri_method=post", link(CLIENT))))
}

// Clauses: JWTBCP-3.3-02, JWTBCP-3.11-04
#[test]
fn the_signature_and_the_type_inside_count() {
    let world = world();
    let own = world.verifier_signer.clone();
    assert!(resolved(&world, &own, TYP, |inner| inner).is_ok());
    for other in ["JWT", "dpop+jwt", "kb+jwt"] {
        assert!(resolved(&world, &own, other, |inner| inner).is_err(), "{other}");
    }
    let broken = |mut inner: String| {
        let end = inner.pop().unwrap();
        inner.push(if end == 'A' { 'Q' } else { 'A' });
        inner
    };
    assert!(resolved(&world, &own, TYP, broken).is_err());
    let unsigned = |inner: String| {
        let payload = inner.split('.').nth(1).unwrap().to_owned();
        format!("{}.{payload}.", credenza_core::b64::encode(r#"{"alg":"none","typ":"oauth-authz-req+jwt"}"#))
    };
    assert!(resolved(&world, &own, TYP, unsigned).is_err());
    let ca = credenza_crypto::x509::CertificateAuthority::generate(
        "Other Root",
        crate::world::NOW - crate::world::DAY,
        100 * crate::world::DAY,
        &*world.random,
    )
    .unwrap();
    let stranger = Arc::new(certified(&ca, "Test Verifier", "verifier.example", &*world.random));
    assert!(resolved(&world, &stranger, TYP, |inner| inner).is_err());
}

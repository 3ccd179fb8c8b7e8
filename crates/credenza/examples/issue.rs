//! An issuer in twenty lines: makes an offer that a wallet can open. Run: `cargo run --example issue`

use std::sync::Arc;

use credenza::core::{Clock, Sealer, SystemClock, SystemRandom};
use credenza::keys::identity::Identity;
use credenza::store::MemoryStore;
use credenza::vci::issuer::{CredentialConfiguration, Issuer, OfferRequest};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = "https://issuer.example".parse()?;
    let identity = Identity::generate("Example", &url, SystemClock.now(), &SystemRandom)?;
    let issuer = Issuer::builder("https://issuer.example")
        .configuration(CredentialConfiguration::sd_jwt_vc("member", "https://issuer.example/member"))
        .signer(Arc::new(identity.issuer))
        .store(Arc::new(MemoryStore::new(Arc::new(SystemClock))))
        .sealer(Arc::new(Sealer::fresh(&SystemRandom)))
        .build()?;

    let claims = json!({"given_name": "Erika", "member_since": 2019});
    let request = OfferRequest::of("member", claims.as_object().cloned().unwrap_or_default());
    let offer = issuer.create_offer(request.with_tx_code(6)).await?;
    println!("Show this as a link or a QR code:\n  {}", offer.uri);
    println!(
        "Tell the holder in another way:\n  {}",
        offer.tx_code.as_ref().map_or("", |code| code.expose())
    );
    let endpoints = issuer.endpoints();
    println!("Serve these, among others:");
    println!("  GET  {} -> issuer.metadata()", endpoints.metadata);
    println!("  POST {} -> issuer.token(headers, form)", endpoints.token);
    println!("  POST {} -> issuer.credential(headers, body)", endpoints.credential);
    Ok(())
}

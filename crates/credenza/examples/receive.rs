//! A wallet in twenty lines: opens an offer, accepts it, keeps what it got. Run: `cargo run --example receive`

use std::sync::Arc;

use credenza::core::{AddressPolicy, SystemRandom};
use credenza::http::ReqwestHttp;
use credenza::service::Local;
use credenza::vci::issuer::OfferRequest;
use credenza::vci::wallet::{Opened, Policy, Wallet};
use credenza::wallet::keys::VaultKeys;
use credenza::wallet::vault::MemoryVault;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // An issuer to receive from, on this machine.
    let local = Local::start().await?;
    let claims = json!({"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"});
    let request = OfferRequest::of("pid", claims.as_object().cloned().unwrap_or_default());
    let link = local.issuer.create_offer(request).await?.uri;

    let http = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
    let keys = VaultKeys::new(Arc::new(MemoryVault::default()), Arc::new(SystemRandom));
    let policy = Policy { addresses: AddressPolicy::Loopback, copies: 3, ..Policy::default() };
    let wallet = Wallet::new(http, Arc::new(keys)).with_policy(policy);
    let Opened::Ready(offer) = wallet.open(&link).await? else { return Err("it asks for a code".into()) };
    for offered in &offer.summary().credentials {
        println!("{} offers {}", offer.summary().issuer, offered.credential_type);
    }
    let received = offer.accept().await?;
    for (held, report) in received.credentials.iter().zip(&received.reports) {
        println!("a copy bound to the key {:?}; checks passed: {}", held.key_thumbprint, report.ok());
    }
    received.receipt.accepted().await?;
    Ok(())
}

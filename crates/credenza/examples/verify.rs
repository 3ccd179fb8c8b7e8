//! A verifier in twenty lines: asks for one claim, and reads why the answer was accepted. Run:
//! `cargo run --example verify`

use std::sync::Arc;

use credenza::core::{AddressPolicy, SystemClock, SystemRandom};
use credenza::http::ReqwestHttp;
use credenza::query::DcqlQuery;
use credenza::service::Local;
use credenza::trust::{Anchor, X509Anchors};
use credenza::vci::issuer::OfferRequest;
use credenza::vp::PresentationRequest;
use credenza::wallet::vault::MemoryVault;
use credenza::wallet::{Holder, Options, Ports, default_choices};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let local = Local::start().await?;
    let holder = holder_with_a_credential(&local).await?;

    let query = DcqlQuery::parse(&json!({"credentials": [{
        "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]},
        "claims": [{"path": ["given_name"]}],
    }]}))?;
    let request = local.verifier.create(PresentationRequest::new(query)).await?;
    println!("Show this as a link or a QR code:\n  {}\n", request.wallet_link);

    let consent = holder.open_request(&request.wallet_link).await?;
    holder.answer_request(&consent.id, &default_choices(&consent)).await?;

    let result = local.verifier.result(&request.id, None).await?;
    for presentation in &result.presentations {
        println!("It says: {:#}", presentation.claims);
    }
    println!("Because: {:#}", result.report);
    Ok(())
}

/// A wallet on this machine, with a credential of the local issuer in it.
async fn holder_with_a_credential(local: &Local) -> Result<Holder, Box<dyn std::error::Error + Send + Sync>> {
    let anchor = Anchor { verifiers: true, ..Anchor::for_issuers(local.root.clone()) };
    let ports = Ports {
        http: Arc::new(ReqwestHttp::new(AddressPolicy::Loopback)),
        vault: Arc::new(MemoryVault::default()),
        trust: Arc::new(X509Anchors::new(&[anchor])?),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    };
    let holder = Holder::new(ports, Options { addresses: AddressPolicy::Loopback, ..Options::default() });
    let claims = json!({"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"});
    let request = OfferRequest::of("pid", claims.as_object().cloned().unwrap_or_default());
    let offer = holder.open_offer(&local.issuer.create_offer(request).await?.uri).await?;
    holder.accept_offer(&offer.id, None).await?;
    Ok(holder)
}

//! Issue, hold, present and verify digital credentials: OpenID4VCI, OpenID4VP and SD-JWT VC as one library.
//!
//! Three engines, each a struct over ports (clock, randomness, HTTP, store, keys, trust) that you may replace:
//!
//! * [`Issuer`] makes offers and answers the endpoints of OpenID4VCI;
//! * [`Wallet`] opens an offer and brings the credentials home; [`vp::Wallet`] answers requests;
//! * [`Verifier`] asks for presentations and says of each check how it went.
//!
//! This crate adds what stands on a machine: an HTTP client with a guard ([`http`]), keys in files ([`keys`]), a whole
//! wallet ([`wallet`]), a service from a configuration ([`config`], [`service`]), and the inspector ([`inspect`]). The
//! crates below know no runtime and no socket; each is re-exported under its short name.
//!
//! ```
//! use std::sync::Arc;
//! use credenza::core::{AddressPolicy, SystemClock, SystemRandom};
//! use credenza::http::ReqwestHttp;
//! use credenza::{OfferRequest, Opened, Policy, Wallet};
//! use credenza::wallet::{keys::VaultKeys, vault::MemoryVault};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let local = credenza::service::Local::start().await?;
//! let claims = serde_json::json!({"given_name": "Erika", "family_name": "M", "birthdate": "1964-08-12"});
//! let offer = OfferRequest::of("pid", claims.as_object().cloned().unwrap());
//! let offer = local.issuer.create_offer(offer).await?;
//!
//! let keys = VaultKeys::new(Arc::new(MemoryVault::default()), Arc::new(SystemRandom));
//! let wallet = Wallet::new(Arc::new(ReqwestHttp::new(AddressPolicy::Loopback)), Arc::new(keys))
//!     .with_policy(Policy { addresses: AddressPolicy::Loopback, ..Policy::default() });
//! let Opened::Ready(offer) = wallet.open(&offer.uri).await? else { panic!("no code was asked for") };
//! let received = offer.accept().await?;
//! assert_eq!(received.credentials[0].credential_type, "urn:eudi:pid:1");
//! received.receipt.accepted().await?;
//! # Ok(()) }
//! ```

pub mod claims;
pub mod config;
pub mod contexts;
pub mod doctor;
pub mod http;
pub mod inspect;
pub mod issue;
pub mod keys;
pub mod service;
pub mod verify;
pub mod wallet;

pub use credenza_core as core;
pub use credenza_crypto as crypto;
pub use credenza_formats as formats;
pub use credenza_oauth as oauth;
pub use credenza_query as query;
pub use credenza_server as server;
pub use credenza_store as store;
pub use credenza_trust as trust;
pub use credenza_vci as vci;
pub use credenza_vp as vp;

pub use credenza_core::{Outcome, Report, Rule};
pub use credenza_query::DcqlQuery;
pub use credenza_vci::issuer::{CredentialConfiguration, Issuer, OfferRequest};
pub use credenza_vci::wallet::{Opened, Policy, Wallet};
pub use credenza_vp::{PresentationRequest, Verifier};

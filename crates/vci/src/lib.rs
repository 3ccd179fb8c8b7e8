//! OpenID for Verifiable Credential Issuance 1.0: the issuer with its authorization server, and the wallet.
//!
//! * [`issuer::Issuer`] makes offers and answers the requests of the specification's endpoints;
//! * [`wallet::Wallet`] opens an offer and brings the credentials home;
//! * [`messages`] is what they say to each other, [`rules`] what they check about it.
//!
//! Neither knows a socket or a database: they are functions of messages and of the ports in [`credenza_core`]. One
//! record in the store holds an issuance from the offer to the last notification; codes, tokens and nonces are sealed
//! values that cost no write until they are spent, and each is spent in the one commit that writes down what it was
//! spent for.
//!
//! | endpoint | specification | method |
//! |---|---|---|
//! | issuer metadata | OpenID4VCI §12.2 | [`Issuer::metadata`](issuer::Issuer::metadata) |
//! | signed issuer metadata | §12.2.3 | [`Issuer::signed_metadata`](issuer::Issuer::signed_metadata) |
//! | authorization server metadata | RFC 8414 | [`Issuer::authorization_server_metadata`](issuer::Issuer::authorization_server_metadata) |
//! | credential offer by reference | §4.1.3 | [`Issuer::offer_object`](issuer::Issuer::offer_object) |
//! | pushed authorization request | RFC 9126 | [`Issuer::pushed_authorization`](issuer::Issuer::pushed_authorization) |
//! | authorization | §5 | [`Issuer::authorize`](issuer::Issuer::authorize), then [`approve`](issuer::Issuer::approve) or [`deny`](issuer::Issuer::deny) |
//! | challenge | client attestation §6.1 | [`Issuer::attestation_challenge`](issuer::Issuer::attestation_challenge) |
//! | token | §6 | [`Issuer::token`](issuer::Issuer::token) |
//! | nonce | §7 | [`Issuer::nonce`](issuer::Issuer::nonce) |
//! | credential | §8 | [`Issuer::credential`](issuer::Issuer::credential) |
//! | deferred credential | §9 | [`Issuer::deferred_credential`](issuer::Issuer::deferred_credential) |
//! | notification | §11 | [`Issuer::notification`](issuer::Issuer::notification) |
//!
//! ```
//! use std::sync::Arc;
//!
//! use credenza_core::{Sealer, SystemClock, SystemRandom};
//! use credenza_crypto::{Algorithm, SoftwareSigner};
//! use credenza_store::MemoryStore;
//! use credenza_vci::issuer::{CredentialConfiguration, Issuer, OfferRequest};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { wait(async {
//! let issuer = Issuer::builder("https://issuer.example")
//!     .configuration(CredentialConfiguration::sd_jwt_vc("pid", "urn:example:pid"))
//!     .signer(Arc::new(SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?.with_kid("2026")))
//!     .store(Arc::new(MemoryStore::new(Arc::new(SystemClock))))
//!     .sealer(Arc::new(Sealer::fresh(&SystemRandom)))
//!     .build()?;
//!
//! let claims = serde_json::json!({ "given_name": "Erika" }).as_object().cloned().unwrap();
//! let offer = issuer.create_offer(OfferRequest::of("pid", claims).with_tx_code(6)).await?;
//! println!("scan {} and type {}", offer.uri, offer.tx_code.as_ref().unwrap().expose());
//!
//! // A handler of the token endpoint, whatever the HTTP server: headers and body in, a response out.
//! let (headers, body) = (http::HeaderMap::new(), b"grant_type=password");
//! let response = credenza_oauth::respond(issuer.token(&headers, body).await);
//! assert_eq!(response.status(), 400);
//! # Ok(()) }) }
//! # fn wait<T>(future: impl Future<Output = T>) -> T {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop { if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) { return value } }
//! # }
//! ```

pub mod dialects;
pub mod issuer;
pub mod messages;
pub mod rules;
pub mod wallet;

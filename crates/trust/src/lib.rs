//! Who may issue and who may ask: the port [`Trust`] and its adapters.
//!
//! Whatever arrives says by which key it was signed: by certificates, by a key's name, by its issuer's name. Whether
//! that key is good for the purpose is asked here, and answered with evidence. Empty trusts nothing.
//!
//! ```
//! use credenza_core::UnixTime;
//! use credenza_trust::{Distrust, KeyMaterial, Nobody, Purpose, Trust};
//!
//! # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! let material = KeyMaterial { issuer: Some("https://issuer.example"), ..Default::default() };
//! let mut answer = Nobody.resolve(&material, Purpose::Verifier, UnixTime::EPOCH);
//! # let std::task::Poll::Ready(answer) = std::pin::Pin::new(&mut answer).poll(&mut context) else { panic!() };
//! assert_eq!(answer.unwrap_err(), Distrust::Unknown); // answer.await
//! ```

mod any_of;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod did;
pub mod federation;
pub mod jwt_vc_issuers;
pub mod lists;
mod pinned;
mod port;
mod revocation;
pub mod rules;
mod x509_anchors;

pub use any_of::{AnyOf, Nobody};
pub use did::{DidKeys, DidResolver};
pub use federation::{Federation, FederationKeys};
pub use jwt_vc_issuers::JwtVcIssuers;
pub use lists::TrustList;
pub use pinned::PinnedKeys;
pub use port::{Distrust, KeyMaterial, Purpose, Trust, Trusted};
pub use revocation::{CRL_LIMITS, RevocationChecked};
pub use x509_anchors::{Anchor, IssuerBinding, X509Anchors};

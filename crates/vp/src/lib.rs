//! OpenID for Verifiable Presentations 1.0: the verifier, and the wallet's side of it.
//!
//! * [`messages`]: what goes over the wire, as types with the specification's names;
//! * [`verifier`]: asks for presentations, checks the answers, and says of each check how it went;
//! * [`wallet`]: finds out who asks and what for, matches it with what is held, and answers with no more than that.
//! * [`dialects`]: the drafts before 1.0, translated;
//! * [`siop`]: ID tokens that people issue themselves, alone or beside presentations.
//!
//! Both sides are values and functions over ports: a [`Verifier`] needs a store, a clock, randomness and somebody to
//! trust; a [`Wallet`] needs HTTP instead of the store.
//!
//! ```
//! use credenza_query::Dcql;
//! use credenza_vp::{PresentationRequest, Verifier};
//!
//! async fn ask(verifier: &Verifier) -> Result<(), Box<dyn std::error::Error>> {
//!     let query = Dcql::credential("pid").sd_jwt(["urn:eudi:pid:1"]).claim(["family_name"]).build()?;
//!     let created = verifier.create(PresentationRequest::new(query)).await?;
//!     println!("open this with your wallet: {}", created.wallet_link);
//!     // The wallet fetches the request object and posts its response, by way of `Verifier::request_object` and
//!     // `Verifier::respond`; then:
//!     let result = verifier.result(&created.id, None).await?;
//!     for presentation in &result.presentations {
//!         println!("{}: {}", presentation.query_id, presentation.issuer_evidence);
//!     }
//!     Ok(())
//! }
//! ```

pub mod dc_api;
pub mod dialects;
pub mod messages;
mod profile;
mod query;
pub mod rules;
pub mod siop;
pub mod verifier;
pub mod wallet;

pub use messages::{ClientId, ClientIdPrefix, ResponseMode};
pub use profile::Profile;
pub use query::Query;
pub use verifier::{CreatedRequest, Ports, PresentationRequest, Verifier};
pub use wallet::{Asked, Opened, Wallet};

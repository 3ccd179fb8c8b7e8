//! Whether a credential is still valid: Token Status List (draft 20) and Bitstring Status List (W3C).
//!
//! A list is one status for each credential of many, packed, compressed and signed. An issuer
//! [allocates](allocate) an index when it issues, [encodes](mod@encode) the list and [signs](token) it from time to time.
//! A verifier reads the [reference](mod@reference) in the credential and [resolves](resolve) it.
//!
//! ```
//! use std::time::Duration;
//!
//! use credenza_core::{Report, SystemRandom, UnixTime};
//! use credenza_crypto::{Algorithm, IdentifiedBy, Signer, SoftwareSigner};
//! use credenza_formats::status_list::allocate::Permutation;
//! use credenza_formats::status_list::token::{self, Expected, Issuance, jwt};
//! use credenza_formats::status_list::{EncodedList, Level, Status, StatusArray, StatusBits, StatusReference};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { wait(async {
//! let now = UnixTime::from_secs(1_750_000_000);
//! let uri = "https://issuer.example/status/1";
//! let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?.with_kid("2026");
//!
//! // The issuer gives the 5th credential its index: from outside it can't be seen that it was the 5th.
//! let indices = Permutation::new(&[7; 32], uri, 1 << 20)?;
//! let reference = StatusReference::new(indices.index(4).unwrap(), uri)?;
//!
//! // Later it revokes the credential, and publishes the list.
//! let mut statuses = StatusArray::new(StatusBits::One, 1 << 20)?;
//! statuses.set(reference.idx, Status::Invalid)?;
//! let list = EncodedList::new(&statuses, Level::default());
//! let header = jwt::header(&signer, IdentifiedBy::Kid);
//! let issuance = Issuance {
//!     expires_at: Some(now + Duration::from_secs(86_400)),
//!     ttl: Some(Duration::from_secs(3_600)),
//!     ..Issuance::new(uri, now)
//! };
//! let token = jwt::issue(&signer, &header, &issuance, &list).await?;
//!
//! // The verifier has fetched the list, and has found the key that is trusted for it.
//! let mut report = Report::new("status list");
//! let unverified = jwt::Unverified::read(&token, token::MAX_TOKEN, &mut report).unwrap();
//! let key = &signer.public_jwk().key; // in truth: where the header leads to
//! let list = unverified.verify(key, &Expected::of(&reference.uri, now), &mut report).unwrap();
//! assert!(report.ok());
//! assert_eq!(list.lookup(reference.idx), Ok(Status::Invalid));
//! # Ok(()) }) }
//! # fn wait<T>(future: impl Future<Output = T>) -> T {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop { if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) { return value } }
//! # }
//! ```

pub mod aggregation;
pub mod allocate;
pub mod bits;
pub mod bitstring;
pub mod cache;
pub mod encode;
pub mod history;
pub mod reference;
pub mod resolve;
pub mod rules;
pub mod token;

pub use aggregation::Aggregation;
pub use allocate::{Allocator, Lease, Permutation};
pub use bits::{ArrayError, Status, StatusArray, StatusBits};
pub use cache::{CachePolicy, CachedList};
pub use encode::{EncodedList, InflateError, Level};
pub use reference::{ReferenceError, StatusReference};
pub use resolve::{KeyFinder, ListSigner, StatusQuery, StatusResolver};
pub use token::{Form, StatusList};

//! Credentials as bytes: what is issued, held, presented and verified, without any protocol around it.
//!
//! ```
//! use std::time::Duration;
//!
//! use credenza_core::{ClaimsPath, Report, SystemRandom, UnixTime};
//! use credenza_crypto::{Algorithm, IdentifiedBy, Signer, SoftwareSigner};
//! use credenza_formats::sd_jwt::{
//!     self, Binding, Concealment, Expected, Held, HolderBinding, Issuance, KeyBinding, Profile, SdJwt,
//!     SdJwtLimits,
//! };
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { wait(async {
//! let now = UnixTime::from_secs(1_750_000_000);
//! let limits = SdJwtLimits::default();
//! let issuer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?.with_kid("2026");
//! let holder = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?;
//!
//! // The issuer signs. All is selectively disclosable but the time of issuance and what decides on validity,
//! // and the country once more by itself.
//! let header = sd_jwt::header(&issuer, IdentifiedBy::Kid);
//! let claims = json!({
//!     "vct": "urn:example:person",
//!     "iss": "https://issuer.example",
//!     "iat": now,
//!     "exp": now + Duration::from_secs(86_400),
//!     "name": "Erika Mustermann",
//!     "address": { "street": "Heidestrasse 17", "country": "DE" },
//! });
//! let country = ClaimsPath::keys(["address", "country"]).unwrap();
//! let street = ClaimsPath::keys(["address", "street"]).unwrap();
//! let issuance = Issuance {
//!     header: &header,
//!     claims: claims.as_object().unwrap(),
//!     concealment: &Concealment::everything_but(&["iat"]).and_at([&country, &street]),
//!     holder: Some(holder.public_jwk()),
//!     profile: Profile::Credential,
//! };
//! let issued = sd_jwt::issue(&issuer, &issuance, &SystemRandom).await?;
//!
//! // The wallet takes it in, and later shows the country and nothing else.
//! let issuer_key = &issuer.public_jwk().key; // in truth: where the header leads to, if that is trusted
//! let mut report = Report::new("issued credential");
//! let held = Held::accept(issued, &limits, issuer_key, &Expected::credential(now), &mut report).unwrap();
//! let binding = Binding {
//!     nonce: "n-0S6_WzA2Mj",
//!     audience: "x509_san_dns:shop.example",
//!     issued_at: now,
//!     more: serde_json::Map::new(),
//! };
//! let presented = held.present(&[country]).bind(&holder, &binding).await?;
//!
//! // The verifier knows the nonce that it has sent, and who it is itself.
//! let key_binding = KeyBinding::new("n-0S6_WzA2Mj", "x509_san_dns:shop.example");
//! let expected = Expected {
//!     holder_binding: HolderBinding::Required(key_binding),
//!     ..Expected::credential(now)
//! };
//! let mut report = Report::new("presentation");
//! let parsed = SdJwt::read(&presented, &limits, &mut report).unwrap();
//! let verified = sd_jwt::verify(parsed, issuer_key, &expected, &mut report).unwrap();
//! assert!(report.ok());
//! assert_eq!(verified.claims["address"], json!({ "country": "DE" }));
//! assert!(!verified.claims.contains_key("name"));
//! # Ok(()) }) }
//! # fn wait<T>(future: impl Future<Output = T>) -> T {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop { if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) { return value } }
//! # }
//! ```

pub mod held;
pub mod mdoc;
pub mod sd_jwt;
pub mod status_list;
pub mod type_metadata;
pub mod w3c;

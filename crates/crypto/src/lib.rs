//! Keys and signatures: JWK, JWS, JWE, JWT, X.509 and the ports behind which private keys live.
//!
//! ```
//! use credenza_core::SystemRandom;
//! use credenza_crypto::{Algorithm, Header, IdentifiedBy, SoftwareSigner, jws};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?;
//! let header = Header::signing(&signer, "example+jwt", IdentifiedBy::Jwk);
//! # let text = futures(async {
//! let text = jws::sign(&signer, &header, br#"{"hello":"world"}"#).await?;
//! # Ok::<_, credenza_crypto::SignError>(text) })?;
//! # fn futures<T>(future: impl Future<Output = T>) -> T {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop { if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) { return value } }
//! # }
//!
//! let jws = jws::Jws::parse(&text)?;
//! let key = jws.header.jwk()?.expect("we put it there");
//! jws.verify(&key.key, &[Algorithm::Es256])?;
//! # Ok(()) }
//! ```

pub mod algorithm;
pub mod contract;
pub mod cose;
pub mod decrypter;
pub mod hash;
pub mod header;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod jwt;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
mod private_key;
pub mod public_key;
pub mod rsa_decrypter;
pub mod signer;
pub mod x509;

pub use algorithm::{Algorithm, Curve};
pub use decrypter::{AgreeError, Decrypter, SharedSecret, SoftwareDecrypter};
pub use hash::HashAlgorithm;
pub use header::{Header, IdentifiedBy, SigningHeader};
pub use jwe::{ContentEncryption, JweError, KeyManagement};
pub use jwk::{Jwk, JwkError, JwkSet};
pub use jws::{Jws, JwsError};
pub use jwt::{JwtError, Unverified};
pub use public_key::{PublicKey, SignatureError};
pub use rsa_decrypter::RsaDecrypter;
pub use signer::{KeyError, SignError, Signer, SoftwareSigner};
pub use x509::{Certificate, X509Error};

//! Keys in hardware: a signer whose private key never leaves its token (PKCS#11), behind the feature `pkcs11`.
//!
//! A key is named by a URI (RFC 7512), such as
//! `pkcs11:token=issuers;object=credentials?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin`.
//! A bounded pool of threads, each with a session of its own, signs; whoever waits for a signature blocks no other work.
//! A session that a token has lost (it was restarted, or taken out and put back) is opened anew. Keys that ask for the
//! PIN before each signature (`CKA_ALWAYS_AUTHENTICATE`) are not supported.

mod pool;
mod signer;
mod token;
mod uri;

use cryptoki::error::{Error, RvError};

pub use signer::{Pkcs11Signer, SESSIONS};
pub use uri::{NotAUri, PinSource, Pkcs11Uri};

/// Why a key on a token can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs11Error {
    /// The library can't be loaded.
    #[error("the PKCS#11 module can't be loaded: {0}")]
    Module(String),
    /// No token matches the URI.
    #[error("no token that matches the URI is there; was it taken out?")]
    NoToken,
    /// Several match.
    #[error("several tokens match the URI; name one by its serial number")]
    SeveralTokens,
    /// The token refuses the PIN. It is not tried again: a few wrong ones lock a token.
    #[error("the token refuses the PIN, which is not tried again so that the token is not locked")]
    WrongPin,
    /// The token is locked.
    #[error("the PIN of the token is locked, expired, or was never set")]
    PinLocked,
    /// No key matches the URI.
    #[error("the token has no private key that matches the URI")]
    NoKey,
    /// Several match.
    #[error("several private keys match the URI; name one by its id")]
    SeveralKeys,
    /// The public key is neither on the token nor in a certificate.
    #[error("the token has no public key beside the private one, and no certificate was given")]
    NoPublicKey,
    /// A key of another type.
    #[error("the key is of a type that is not supported here: EC P-256, P-384, P-521 and RSA are")]
    KeyType,
    /// The certificate is another key's.
    #[error("the certificate is another key's")]
    Certificate,
    /// More signatures are waiting than may.
    #[error("too many signatures are waiting for the token")]
    Busy,
    /// The threads that sign can't be started, or have ended.
    #[error("the threads that talk to the token are not running")]
    Threads,
    /// Anything else that the token says.
    #[error("the token answers: {0}")]
    Token(String),
}

impl From<Error> for Pkcs11Error {
    fn from(error: Error) -> Self {
        match error {
            Error::LibraryLoading(error) => Self::Module(error.to_string()),
            Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
                Self::WrongPin
            }
            Error::Pkcs11(RvError::PinLocked | RvError::PinExpired | RvError::UserPinNotInitialized, _) => {
                Self::PinLocked
            }
            Error::Pkcs11(
                RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::DeviceRemoved
                | RvError::SlotIdInvalid,
                _,
            ) => Self::NoToken,
            other => Self::Token(other.to_string()),
        }
    }
}

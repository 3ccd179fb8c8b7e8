//! The signer of the port, for a key on a token.

use std::fmt;
use std::path::Path;

use credenza_core::{Answer, Secret};
use cryptoki::context::Pkcs11;

use super::pool::Pool;
use super::token::Access;
use super::{Pkcs11Error, Pkcs11Uri};
use crate::{Algorithm, Certificate, Curve, Jwk, PublicKey, SignError, Signer};

/// Sessions with a token, unless another number is said: tokens have few, and sign one after the other anyway.
pub const SESSIONS: usize = 4;

/// Signs with a key that never leaves its token: ES256, ES384, ES512, or PS256 for RSA.
pub struct Pkcs11Signer {
    algorithm: Algorithm,
    jwk: Jwk,
    name: String,
    pool: Pool,
}

impl Pkcs11Signer {
    /// Opens the token, signs in and finds the key. `chain` has the certificates that vouch for the key (DER, leaf
    /// first, without the anchor); without any, the one beside the key on the token counts. When the token has no
    /// public key, the first of them says it.
    ///
    /// Blocks until the token has answered.
    ///
    /// # Errors
    /// See [`Pkcs11Error`].
    pub fn open(
        uri: &Pkcs11Uri,
        module: &Path,
        pin: Secret,
        chain: Vec<Vec<u8>>,
        sessions: usize,
    ) -> Result<Self, Pkcs11Error> {
        let access = Access { module: Pkcs11::new(module)?, uri: uri.clone(), pin };
        let connection = access.connect()?;
        let chain = match connection.certificate(&access)? {
            Some(certificate) if chain.is_empty() => vec![certificate],
            _ => chain,
        };
        let certified = chain.first().map(|leaf| Certificate::parse(leaf).map(|leaf| leaf.key));
        let certified = certified.transpose().map_err(|_| Pkcs11Error::Certificate)?;
        let key = match (connection.public_key(&access)?, certified) {
            (Some(own), Some(certified)) if own != certified => return Err(Pkcs11Error::Certificate),
            (own, certified) => own.or(certified).ok_or(Pkcs11Error::NoPublicKey)?,
        };
        let algorithm = algorithm_of(&key)?;
        // A certificate may be another key's while the token has no public key: only a signature tells.
        let proof = connection.sign(algorithm, b"credenza")?;
        key.verify(algorithm, b"credenza", &proof).map_err(|_| Pkcs11Error::Certificate)?;
        let pool = Pool::start(&access, algorithm, connection, sessions)?;
        let mut jwk = Jwk::new(key);
        jwk.alg = Some(algorithm.name().to_owned());
        jwk.x5c = chain;
        Ok(Self { algorithm, jwk, name: uri.to_string(), pool })
    }

    /// The same key under the name `kid`.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.jwk.kid = Some(kid.into());
        self
    }
}

fn algorithm_of(key: &PublicKey) -> Result<Algorithm, Pkcs11Error> {
    match (key, key.curve()) {
        (PublicKey::Rsa { .. }, _) => Ok(Algorithm::Ps256),
        (_, Some(Curve::P256)) => Ok(Algorithm::Es256),
        (_, Some(Curve::P384)) => Ok(Algorithm::Es384),
        (_, Some(Curve::P521)) => Ok(Algorithm::Es512),
        _ => Err(Pkcs11Error::KeyType),
    }
}

impl Signer for Pkcs11Signer {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        Answer::later(async move {
            let signed = self.pool.sign(message.to_vec()).await;
            signed.map_err(|error| SignError(error.to_string()))
        })
    }
}

impl fmt::Debug for Pkcs11Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pkcs11Signer({}, {})", self.algorithm, self.name)
    }
}

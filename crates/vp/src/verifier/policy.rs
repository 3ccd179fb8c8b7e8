//! What presentations have to be like, whatever is asked for.

use std::time::Duration;

use credenza_crypto::Algorithm;
use credenza_formats::mdoc::{CountryMismatch, MdocLimits};
use credenza_formats::sd_jwt::{KeyBinding, SdJwtLimits};
use credenza_formats::type_metadata::TypeResolver;
use credenza_formats::w3c::data_integrity::{Contexts, Cryptosuite};
use credenza_trust::DidResolver;

/// What presentations have to be like, whatever is asked for.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Algorithms of the issuer's signature.
    pub algorithms: Vec<Algorithm>,
    /// Algorithms of the holder's signature, and of a wallet's under a whole response.
    pub holder_algorithms: Vec<Algorithm>,
    /// Cryptosuites of embedded proofs, the issuer's and the holder's.
    pub cryptosuites: Vec<Cryptosuite>,
    /// JSON-LD contexts that are known. Documents with embedded proofs and with another one are refused.
    pub contexts: Contexts,
    /// Finds the keys of holders who are known by a DID. Unless configured only DIDs that have their key in their name,
    /// so that nothing is fetched because a holder names it.
    pub holder_dids: DidResolver,
    /// Looks up the type of an SD-JWT VC, and checks the credential against it; `None`: types are not looked up.
    pub type_metadata: Option<TypeResolver>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// How old a holder's signature may be.
    pub max_age: Duration,
    /// How far a holder's clock may be ahead.
    pub max_ahead: Duration,
    /// How large an SD-JWT may be.
    pub sd_jwt_limits: SdJwtLimits,
    /// How large an mdoc may be.
    pub mdoc_limits: MdocLimits,
    /// What follows when a driving licence names another country or state than its signer's certificate.
    pub country: CountryMismatch,
    /// Whether the earlier name of the format, `vc+sd-jwt`, is accepted in headers of an SD-JWT VC.
    pub accept_earlier_sd_jwt_type: bool,
    /// Whether a credential with a status is accepted (with a warning) when nobody can look the status up.
    pub accept_unchecked_status: bool,
}

impl Default for Policy {
    fn default() -> Self {
        let algorithms = vec![Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];
        Self {
            holder_algorithms: algorithms.clone(),
            algorithms,
            cryptosuites: Cryptosuite::CURRENT.to_vec(),
            contexts: Contexts::bundled(),
            holder_dids: DidResolver::offline(),
            type_metadata: None,
            leeway: credenza_crypto::jwt::LEEWAY,
            max_age: KeyBinding::MAX_AGE,
            max_ahead: KeyBinding::MAX_AHEAD,
            sd_jwt_limits: SdJwtLimits::default(),
            mdoc_limits: MdocLimits::default(),
            country: CountryMismatch::default(),
            accept_earlier_sd_jwt_type: false,
            accept_unchecked_status: false,
        }
    }
}

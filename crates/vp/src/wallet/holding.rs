//! A credential that may be presented.

use std::sync::OnceLock;

use credenza_core::ClaimsPath;
use credenza_crypto::Certificate;
use credenza_formats::held::HeldCredential;
use credenza_formats::sd_jwt::{EARLIER_MEDIA_TYPE, Held, HoldError, MEDIA_TYPE, SdJwt, SdJwtLimits};
use credenza_query::dcql::{Authorities, Candidate};
use serde_json::{Map, Value};

/// A credential of the wallet, made ready to be matched and presented. For a batch of equal copies, one for all.
#[derive(Debug)]
pub struct Holding {
    pub(super) credential: Credential,
    claims: Value,
    bound: bool,
    authority_key_ids: OnceLock<Vec<Vec<u8>>>,
}

#[derive(Debug)]
pub(super) enum Credential {
    SdJwt(Held),
}

/// Why a credential can't be presented.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldingError {
    /// A format that is not supported.
    #[error("credentials of the format {0} can't be presented yet")]
    Format(String),
    /// It can't be read.
    #[error(transparent)]
    SdJwt(#[from] HoldError),
}

impl Holding {
    /// A stored credential. Presenting it needs its key exactly when it is bound to one.
    ///
    /// # Errors
    /// See [`HoldingError`].
    pub fn new(held: &HeldCredential) -> Result<Self, HoldingError> {
        match held.format.as_str() {
            MEDIA_TYPE | EARLIER_MEDIA_TYPE => {
                let limits = SdJwtLimits::default();
                let credential = Held::restore(held.credential.clone(), &limits)?;
                Ok(Self::sd_jwt(credential, held.key_thumbprint.is_some()))
            }
            other => Err(HoldingError::Format(other.to_owned())),
        }
    }

    /// An SD-JWT VC. `bound`: the wallet has the key that the credential is bound to.
    #[must_use]
    pub fn sd_jwt(held: Held, bound: bool) -> Self {
        let claims = Value::Object(held.claims().clone());
        Self { credential: Credential::SdJwt(held), claims, bound, authority_key_ids: OnceLock::new() }
    }

    /// Its claims, everything disclosed.
    #[must_use]
    pub fn claims(&self) -> &Value {
        &self.claims
    }

    /// What a verifier sees when these paths are disclosed, with everything that can't be withheld.
    #[must_use]
    pub fn preview(&self, paths: &[ClaimsPath]) -> Map<String, Value> {
        match &self.credential {
            Credential::SdJwt(held) => held.preview(paths),
        }
    }

    /// The candidate for a query; with the issuer's authorities only where a query asks for some, since finding them
    /// means to parse certificates.
    pub(super) fn candidate(&self, with_authorities: bool) -> Candidate<'_> {
        let other_names = self.claims.get("aka_vcts").and_then(Value::as_array).into_iter().flatten();
        let types = self.claims.get("vct").into_iter().chain(other_names).filter_map(Value::as_str).collect();
        let aki = if with_authorities { self.authority_key_ids() } else { &[] };
        let aki = aki.iter().map(Vec::as_slice).collect();
        Candidate {
            format: MEDIA_TYPE,
            types,
            claims: &self.claims,
            holder_binding: self.bound,
            authorities: Authorities { aki, others: Vec::new() },
        }
    }

    fn authority_key_ids(&self) -> &[Vec<u8>] {
        self.authority_key_ids.get_or_init(|| {
            let Credential::SdJwt(held) = &self.credential;
            let x5c = SdJwt::parse(held.as_str(), &SdJwtLimits::default())
                .ok()
                .and_then(|parsed| parsed.header().x5c().ok().flatten())
                .unwrap_or_default();
            let key_id = |der: &Vec<u8>| Certificate::parse(der).ok()?.authority_key_id;
            x5c.iter().filter_map(key_id).collect()
        })
    }
}

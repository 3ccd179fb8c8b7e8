//! A credential that may be presented.

use credenza_formats::sd_jwt::Held;
use credenza_query::dcql::{Authorities, Candidate};
use serde_json::{Map, Value};

/// A credential of the wallet, made ready to be matched and presented. For a batch of equal copies, one for all.
pub struct Holding<'a> {
    credential: Credential<'a>,
    claims: Value,
    bound: bool,
    authority_key_ids: Vec<Vec<u8>>,
}

enum Credential<'a> {
    SdJwt(&'a Held),
}

impl<'a> Holding<'a> {
    /// An SD-JWT VC. `bound`: the wallet has the key that the credential is bound to.
    #[must_use]
    pub fn sd_jwt(held: &'a Held, bound: bool) -> Self {
        let claims = Value::Object(held.claims().clone());
        Self { credential: Credential::SdJwt(held), claims, bound, authority_key_ids: Vec::new() }
    }

    /// With the authority key identifiers of the issuer's certificates, to match `trusted_authorities` of type `aki`.
    #[must_use]
    pub fn with_authority_key_ids(mut self, ids: Vec<Vec<u8>>) -> Self {
        self.authority_key_ids = ids;
        self
    }

    /// Its claims, everything disclosed.
    #[must_use]
    pub fn claims(&self) -> &Value {
        &self.claims
    }

    /// What a verifier sees when these paths are disclosed, with everything that can't be withheld.
    #[must_use]
    pub fn preview(&self, paths: &[credenza_core::ClaimsPath]) -> Map<String, Value> {
        match self.credential {
            Credential::SdJwt(held) => held.preview(paths),
        }
    }

    pub(super) fn candidate(&self) -> Candidate<'_> {
        let types = self.claims.get("vct").and_then(Value::as_str).into_iter().collect();
        let aki = self.authority_key_ids.iter().map(Vec::as_slice).collect();
        Candidate {
            format: credenza_formats::sd_jwt::MEDIA_TYPE,
            types,
            claims: &self.claims,
            holder_binding: self.bound,
            authorities: Authorities { aki, others: Vec::new() },
        }
    }
}

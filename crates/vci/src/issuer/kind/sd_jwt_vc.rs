//! SD-JWT VC (Appendix A.3).

use credenza_core::{ClaimsPath, PathElement, Random};
use credenza_crypto::{IdentifiedBy, Signer, SigningHeader};
use credenza_formats::sd_jwt::{self, Concealment, Decoys, Issuance, IssueError, Profile};
use serde_json::{Map, Value};

use super::{Draft, Particulars, Unissued, Validity};
use crate::issuer::CredentialConfiguration;
use crate::issuer::type_document::TypeDocument;

/// Claims that the issuer sets itself.
pub(in crate::issuer) const RESERVED: &[&str] =
    &["iss", "iat", "nbf", "exp", "vct", "vct#integrity", "cnf", "status", "_sd", "_sd_alg", "..."];

pub(super) struct SdJwtVc {
    vct: String,
    /// `vct#integrity`, when the type has metadata.
    integrity: Option<String>,
    header: SigningHeader,
    concealment: Concealment,
}

impl SdJwtVc {
    pub(super) fn new(
        vct: &str,
        configuration: &CredentialConfiguration,
        signer: &dyn Signer,
    ) -> Result<Self, String> {
        let selective = configuration.disclosure.selective.as_deref();
        let concealment = match selective {
            None => Concealment::everything_but(&["iat"]),
            Some(paths) => concealment_at(paths, RESERVED)?,
        };
        let identified_by = if signer.x5c().is_empty() { IdentifiedBy::Kid } else { IdentifiedBy::X5c };
        Ok(Self {
            vct: vct.to_owned(),
            integrity: TypeDocument::of(configuration)?.map(|document| document.integrity),
            header: sd_jwt::header(signer, identified_by),
            concealment: with_decoys(concealment, configuration.disclosure.decoys),
        })
    }

    pub(super) fn draft(&self, issuer: &str, claims: Map<String, Value>, validity: Validity) -> Draft {
        let mut all = Map::with_capacity(claims.len() + 7);
        all.insert("iss".to_owned(), issuer.into());
        all.insert("iat".to_owned(), validity.issued.as_secs().into());
        all.insert("exp".to_owned(), validity.expires.as_secs().into());
        all.insert("vct".to_owned(), self.vct.as_str().into());
        if let Some(integrity) = &self.integrity {
            all.insert("vct#integrity".to_owned(), integrity.as_str().into());
        }
        all.extend(claims);
        Draft::new(all, validity)
    }

    pub(super) async fn issue(
        &self,
        signer: &dyn Signer,
        draft: &mut Draft,
        copy: Particulars<'_>,
        random: &dyn Random,
    ) -> Result<Value, Unissued> {
        if let Some(status) = copy.status {
            draft.claims.insert("status".to_owned(), status);
        }
        let issuance = Issuance {
            header: &self.header,
            claims: &draft.claims,
            concealment: &self.concealment,
            holder: copy.holder.map(|holder| holder.key),
            profile: Profile::Credential,
        };
        sd_jwt::issue(signer, &issuance, random).await.map(Value::String).map_err(unissued)
    }
}

pub(super) fn unissued(error: IssueError) -> Unissued {
    match error {
        IssueError::Sign(error) => Unissued::Signer(error.to_string()),
        other => Unissued::Unfit(other.to_string()),
    }
}

/// What the operator wants to be disclosed selectively: claims of the holder's, and not what decides on validity.
pub(super) fn concealment_at(paths: &[ClaimsPath], reserved: &[&str]) -> Result<Concealment, String> {
    let may_be_concealed = |path: &ClaimsPath| match path.elements().first() {
        Some(PathElement::Key(name)) => !reserved.contains(&name.as_str()),
        _ => false,
    };
    match paths.iter().find(|path| !may_be_concealed(path)) {
        Some(path) => Err(format!("{path} can't be selectively disclosable")),
        None => Ok(Concealment::at(paths)),
    }
}

pub(super) fn with_decoys(concealment: Concealment, decoys: u8) -> Concealment {
    match decoys {
        0 => concealment,
        decoys => concealment.with_decoys(Decoys::Add(decoys)),
    }
}

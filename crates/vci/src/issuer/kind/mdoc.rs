//! ISO mdoc (Appendix A.2): signed by a document signer, bound to the key of the proof.

use credenza_core::{Random, UnixTime, b64};
use credenza_crypto::{Algorithm, Certificate, HashAlgorithm, Signer};
use credenza_formats::mdoc::{self, ElementTypes, Issuance, IssueError, KeyAuthorizations, ValidityInfo};
use serde_json::Value;

use super::{Draft, Particulars, Unissued};
use crate::issuer::CredentialConfiguration;
use crate::issuer::format::{TypedElement, element_types};

pub(super) struct Mdoc {
    doctype: String,
    types: ElementTypes,
    /// When the certificate of the document signer is valid: documents are signed within.
    certified: std::ops::RangeInclusive<UnixTime>,
}

impl Mdoc {
    pub(super) fn new(
        doctype: &str,
        typed: &[TypedElement],
        configuration: &CredentialConfiguration,
        signer: &dyn Signer,
    ) -> Result<Self, String> {
        if configuration.proof_algorithms.is_empty() {
            return Err("an mdoc is always bound to a key: it needs proof algorithms".to_owned());
        }
        let known = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];
        if !known.contains(&signer.algorithm()) {
            return Err(format!("an mdoc can't be signed with {}", signer.algorithm()));
        }
        let leaf = signer.x5c().first().ok_or("its signer has no certificate (x5c), which an mdoc needs")?;
        let leaf = Certificate::parse(leaf).map_err(|error| format!("its signer's certificate: {error}"))?;
        if leaf.key != signer.public_jwk().key {
            return Err("the certificate of its signer is another key's".to_owned());
        }
        let types = element_types(typed).ok_or("element_types has a path without namespace and element")?;
        Ok(Self { doctype: doctype.to_owned(), types, certified: leaf.not_before..=leaf.not_after })
    }

    pub(super) async fn issue(
        &self,
        signer: &dyn Signer,
        draft: &Draft,
        copy: Particulars<'_>,
        random: &dyn Random,
    ) -> Result<Value, Unissued> {
        let holder =
            copy.holder.ok_or_else(|| Unissued::Unfit("there is no key to bind it to".to_owned()))?;
        // The rounding of the time of issuance must not lead behind the certificate (ISO/IEC 18013-5 §9.3.1).
        let signed = draft.validity.issued.max(*self.certified.start());
        if !self.certified.contains(&signed) {
            return Err(Unissued::Signer("the certificate of the document signer has expired".to_owned()));
        }
        let validity = ValidityInfo {
            signed,
            valid_from: signed,
            valid_until: draft.validity.expires,
            expected_update: None,
        };
        let issuance = Issuance {
            doc_type: &self.doctype,
            claims: &draft.claims,
            types: &self.types,
            holder: &holder.key.key,
            validity,
            hash: HashAlgorithm::Sha256,
            status: copy.status.as_ref(),
            key_authorizations: &KeyAuthorizations::default(),
        };
        match mdoc::issue(signer, &issuance, random).await {
            Ok(issuer_signed) => Ok(Value::String(b64::encode(issuer_signed))),
            Err(IssueError::Sign(error)) => Err(Unissued::Signer(error.to_string())),
            Err(other) => Err(Unissued::Unfit(other.to_string())),
        }
    }
}

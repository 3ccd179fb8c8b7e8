//! W3C credentials (Appendix A.1), in each way of securing them: the document is the same.

use credenza_core::{ClaimsPath, Random, Report};
use credenza_crypto::{IdentifiedBy, Signer, SigningHeader};
use credenza_formats::sd_jwt::Concealment;
use credenza_formats::w3c::data_integrity::{self, Contexts, Cryptosuite, ProofOptions, Purpose};
use credenza_formats::w3c::data_model::{CONTEXT_V1, CONTEXT_V2};
use credenza_formats::w3c::{Credential, DataModel, Moment, jwt, sd_jwt};
use credenza_trust::did;
use serde_json::{Map, Value};

use super::sd_jwt_vc::{concealment_at, unissued, with_decoys};
use super::{Draft, Holder, Particulars, Unissued, Validity};
use crate::issuer::{CredentialConfiguration, Format};
use crate::messages::CredentialDefinition;

/// Properties and claims that the issuer sets itself.
pub(super) const RESERVED: &[&str] = &[
    "@context",
    "type",
    "issuer",
    "issuanceDate",
    "expirationDate",
    "validFrom",
    "validUntil",
    "credentialStatus",
    "proof",
    "vc",
    "vp",
    "iss",
    "iat",
    "nbf",
    "exp",
    "cnf",
    "status",
    "_sd",
    "_sd_alg",
    "...",
];

const SUBJECT: &str = "credentialSubject";

pub(super) struct W3c {
    context: Vec<Value>,
    types: Vec<String>,
    model: DataModel,
    /// The signer's DID; without one the issuer is named by its identifier, and known by its certificates.
    did: Option<String>,
    bound: bool,
    securing: Securing,
}

enum Securing {
    Jwt { header: SigningHeader, how: jwt::Securing },
    SdJwt { header: SigningHeader, concealment: Option<Concealment>, decoys: u8 },
    Proof { suite: Cryptosuite, method: String, contexts: Contexts },
}

impl W3c {
    pub(super) fn new(
        definition: &CredentialDefinition,
        configuration: &CredentialConfiguration,
        signer: &dyn Signer,
        contexts: &Contexts,
    ) -> Result<Self, String> {
        if !definition.names_a_credential() {
            return Err("its types do not name VerifiableCredential".to_owned());
        }
        let (context, model) = model_of(definition, &configuration.format)?;
        let method = signer.public_jwk().kid.as_deref().filter(|kid| kid.starts_with("did:"));
        let did = method.and_then(|method| method.split_once('#')).map(|(did, _)| did.to_owned());
        let identified_by = match (&did, signer.x5c()) {
            (None, [_, ..]) => IdentifiedBy::X5c,
            _ => IdentifiedBy::Kid,
        };
        let jwt = |how| Securing::Jwt { header: jwt::header(signer, how, identified_by), how };
        let securing = match (&configuration.format, model) {
            (Format::LdpVc { cryptosuite, .. }, _) => {
                let method = method.filter(|_| did.is_some());
                let suite = cryptosuite_for(cryptosuite.as_deref(), signer)?;
                let unknown = context.iter().find(|url| !url.as_str().is_some_and(|url| contexts.knows(url)));
                if let Some(url) = unknown {
                    return Err(format!("the context {url} is not known: its terms can't be signed"));
                }
                let method =
                    method.ok_or("its signer has no verification method: its kid must be a DID URL")?;
                Securing::Proof { suite, method: method.to_owned(), contexts: contexts.clone() }
            }
            (Format::VcSdJwt { .. }, _) => {
                let reserved: Vec<&str> = RESERVED.iter().chain(&sd_jwt::ALWAYS_DISCLOSED).copied().collect();
                let selective = configuration.disclosure.selective.as_deref();
                let concealment = selective.map(|paths| concealment_at(paths, &reserved)).transpose()?;
                let header = sd_jwt::header(signer, identified_by);
                Securing::SdJwt { header, concealment, decoys: configuration.disclosure.decoys }
            }
            (_, DataModel::V1) => jwt(jwt::Securing::Claim),
            (_, DataModel::V2) => jwt(jwt::Securing::Payload),
        };
        let bound = !configuration.proof_algorithms.is_empty();
        Ok(Self { context, types: definition.types.clone(), model, did, bound, securing })
    }

    /// `ldp_vc` names its cryptosuite where the others name an algorithm (§A.1.2.2).
    pub(super) fn cryptosuite(&self) -> Option<Cryptosuite> {
        match &self.securing {
            Securing::Proof { suite, .. } => Some(*suite),
            Securing::Jwt { .. } | Securing::SdJwt { .. } => None,
        }
    }

    pub(super) fn draft(
        &self,
        issuer: &str,
        claims: Map<String, Value>,
        validity: Validity,
    ) -> Result<Draft, Unissued> {
        let (start, end) = match self.model {
            DataModel::V1 => ("issuanceDate", "expirationDate"),
            DataModel::V2 => ("validFrom", "validUntil"),
        };
        let mut document = Map::with_capacity(claims.len() + 7);
        document.insert("@context".to_owned(), self.context.clone().into());
        document.insert("type".to_owned(), self.types.clone().into());
        document.insert("issuer".to_owned(), self.did.as_deref().unwrap_or(issuer).into());
        document.insert(start.to_owned(), validity.issued.to_rfc3339().into());
        document.insert(end.to_owned(), validity.expires.to_rfc3339().into());
        document.extend(claims);
        let mut report = Report::new("the credential");
        let Some(credential) = Credential::check(document, Moment::at(validity.issued), &mut report) else {
            let failed = report.first_failure().map(|check| check.evidence.as_deref().unwrap_or_default());
            return Err(Unissued::Unfit(failed.unwrap_or_default().to_owned()));
        };
        let document = credential.into_document();
        // Whom the claims do not name, is the holder.
        let subject = document.get(SUBJECT).and_then(Value::as_object);
        let about_holder = self.bound && subject.is_some_and(|subject| !subject.contains_key("id"));
        if self.bound && !about_holder && self.cryptosuite().is_some() {
            return Err(Unissued::Unfit(
                "credentialSubject names somebody, and an embedded proof binds to the subject alone"
                    .to_owned(),
            ));
        }
        let concealment = match &self.securing {
            Securing::SdJwt { concealment, decoys, .. } => {
                let concealment = concealment.clone().unwrap_or_else(|| subject_members(subject));
                Some(with_decoys(concealment, *decoys))
            }
            Securing::Jwt { .. } | Securing::Proof { .. } => None,
        };
        Ok(Draft { about_holder, concealment, ..Draft::new(document, validity) })
    }

    pub(super) async fn issue(
        &self,
        signer: &dyn Signer,
        draft: &mut Draft,
        copy: Particulars<'_>,
        random: &dyn Random,
    ) -> Result<Value, Unissued> {
        if let Some(status) = copy.status {
            let name = self.status_member(&status)?;
            draft.claims.insert(name.to_owned(), self.identified(status));
        }
        if let (true, Some(holder)) = (draft.about_holder, copy.holder) {
            let did = did_of(holder)?;
            if let Some(Value::Object(subject)) = draft.claims.get_mut(SUBJECT) {
                subject.insert("id".to_owned(), did.into());
            }
        }
        let holder = copy.holder.map(|holder| holder.key);
        let credential = &draft.claims;
        match &self.securing {
            Securing::Jwt { header, how } => {
                let issuance = jwt::Issuance { header, securing: *how, credential, holder };
                jwt::issue(signer, &issuance).await.map(Value::String).map_err(|error| match error {
                    jwt::IssueError::Sign(error) => Unissued::Signer(error.to_string()),
                    other => Unissued::Unfit(other.to_string()),
                })
            }
            Securing::SdJwt { header, .. } => {
                let nothing = Concealment::nothing();
                let concealment = draft.concealment.as_ref().unwrap_or(&nothing);
                let issuance = sd_jwt::Issuance { header, credential, concealment, holder };
                let issued = sd_jwt::issue(signer, &issuance, random).await;
                issued.map(Value::String).map_err(|error| match error {
                    sd_jwt::IssueError::SdJwt(error) => unissued(error),
                    other => Unissued::Unfit(other.to_string()),
                })
            }
            Securing::Proof { suite, method, contexts } => {
                let options = ProofOptions {
                    created: Some(draft.validity.issued),
                    ..ProofOptions::new(*suite, method, Purpose::AssertionMethod)
                };
                let signed = data_integrity::sign(credential.clone(), &options, signer, contexts).await;
                signed.map(Value::Object).map_err(|error| match error {
                    data_integrity::SignError::Sign(error) => Unissued::Signer(error.to_string()),
                    other => Unissued::Unfit(other.to_string()),
                })
            }
        }
    }

    /// Entries of status lists with the `id` that VCDM 1.1 demands (§4.9), and that 2.0 leaves out.
    fn identified(&self, mut status: Value) -> Value {
        let entries = match &mut status {
            Value::Array(entries) => entries.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            let text = |name: &str| entry.get(name).and_then(Value::as_str);
            let id = match (text("statusListCredential"), text("statusListIndex")) {
                (Some(list), Some(index)) if self.model == DataModel::V1 => format!("{list}#{index}"),
                _ => continue,
            };
            entry.entry("id").or_insert_with(|| id.into());
        }
        status
    }

    /// Where a status goes: an object with a type is an entry of the data model; any other is the claim of the Token
    /// Status List (§6), which only a JWT whose payload is the credential has a place for.
    fn status_member(&self, status: &Value) -> Result<&'static str, Unissued> {
        let payload = match &self.securing {
            Securing::Jwt { how, .. } => *how == jwt::Securing::Payload,
            Securing::SdJwt { .. } => true,
            Securing::Proof { .. } => false,
        };
        // One entry of credentialStatus, or several.
        if status.is_array() || status.get("type").is_some() {
            Ok("credentialStatus")
        } else if payload {
            Ok("status")
        } else {
            Err(Unissued::Unfit("a status of this kind has no place in this format".to_owned()))
        }
    }
}

/// The contexts of a credential, and the data model that the first of them means.
fn model_of(definition: &CredentialDefinition, format: &Format) -> Result<(Vec<Value>, DataModel), String> {
    let usual = match format {
        Format::JwtVcJson { .. } => Some(CONTEXT_V1),
        Format::VcJwt { .. } | Format::VcSdJwt { .. } => Some(CONTEXT_V2),
        _ => None,
    };
    let context = match (definition.context.is_empty(), usual) {
        (true, None) => return Err("its credential_definition has no @context".to_owned()),
        (true, Some(usual)) => vec![usual.into()],
        (false, _) => definition.context.clone(),
    };
    let model = match context.first().and_then(Value::as_str) {
        Some(CONTEXT_V1) => DataModel::V1,
        Some(CONTEXT_V2) => DataModel::V2,
        _ => return Err(format!("its first context is neither {CONTEXT_V1} nor {CONTEXT_V2}")),
    };
    match usual {
        Some(usual) if usual != model.context() => {
            Err(format!("the first context of {} has to be {usual}", format.name()))
        }
        _ => Ok((context, model)),
    }
}

fn cryptosuite_for(name: Option<&str>, signer: &dyn Signer) -> Result<Cryptosuite, String> {
    let by_name = |suite: &&Cryptosuite| match name {
        Some(name) => suite.name() == name,
        None => !suite.is_jcs(),
    };
    let takes_key = |suite: &&Cryptosuite| {
        suite.with_key(&signer.public_jwk().key).is_some_and(|(algorithm, _)| algorithm == signer.algorithm())
    };
    let found = Cryptosuite::CURRENT.iter().filter(by_name).find(takes_key).copied();
    found.ok_or_else(|| match name {
        Some(name) => format!("the cryptosuite {name} is not known, or takes no key of its signer's kind"),
        None => format!("no cryptosuite signs with {}", signer.algorithm()),
    })
}

/// Everything that is said of the subject, each by itself.
fn subject_members(subject: Option<&Map<String, Value>>) -> Concealment {
    let names =
        subject.into_iter().flat_map(Map::keys).filter(|name| !matches!(name.as_str(), "id" | "type"));
    let paths: Vec<ClaimsPath> =
        names.filter_map(|name| ClaimsPath::keys([SUBJECT, name.as_str()])).collect();
    Concealment::at(&paths)
}

fn did_of(holder: Holder<'_>) -> Result<String, Unissued> {
    match holder.did {
        Some(did) => Ok(did.to_owned()),
        None => did::jwk::from_jwk(&credenza_crypto::Jwk::new(holder.key.key.clone()))
            .map(|did| did.as_str().to_owned())
            .map_err(|error| Unissued::Unfit(error.to_string())),
    }
}

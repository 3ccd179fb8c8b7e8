//! Verifying one presentation or credential of any format: the one function behind the verifier and `verify`.

use credenza_core::{Report, Rule, UnixTime, b64};
use credenza_crypto::{Decrypter, Jwk};
use credenza_formats::mdoc::SessionTranscript;
use credenza_query::dcql::Format;
use credenza_trust::{KeyMaterial, Purpose, Trust, Trusted};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use super::policy::Policy;
use super::{StatusCheck, mdoc, sd_jwt, w3c};
use crate::messages::Presentation;
use crate::rules;

/// Whether, and for what, the holder has to have signed.
#[derive(Debug, Clone, Copy)]
pub enum Holder<'a> {
    /// For this transaction.
    Bound(Bound<'a>),
    /// Need not; if he has, it is not looked at. Credentials that are wrapped in a presentation to be signed (W3C) have
    /// to come without it (OID4VP 1.0 §B.1).
    Any,
    /// Must not: a credential as it was issued.
    Unbound,
}

/// The transaction that a holder has to have signed for.
#[derive(Clone, Copy)]
pub struct Bound<'a> {
    /// Its nonce.
    pub nonce: &'a str,
    /// The verifier: its full client identifier, or `origin:` and its origin.
    pub audience: &'a str,
    /// The same and more, as an mdoc is bound to it. Without it mdocs are refused.
    pub transcript: Option<&'a SessionTranscript>,
    /// The key that the response was encrypted to: what a device MAC is agreed with. Without it MACs are refused.
    pub reader_key: Option<&'a dyn Decrypter>,
}

impl<'a> Bound<'a> {
    /// For everything but mdocs.
    #[must_use]
    pub const fn new(nonce: &'a str, audience: &'a str) -> Self {
        Self { nonce, audience, transcript: None, reader_key: None }
    }

    /// And for mdocs.
    #[must_use]
    pub const fn with_transcript(self, transcript: &'a SessionTranscript) -> Self {
        Self { transcript: Some(transcript), ..self }
    }
}

/// Shows neither nonce nor key.
impl std::fmt::Debug for Bound<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Bound").field("audience", &self.audience).finish_non_exhaustive()
    }
}

/// Everything that a verdict depends on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What presentations have to be like.
    pub policy: &'a Policy,
    /// Who may issue.
    pub trust: &'a dyn Trust,
    /// Who knows about revocation.
    pub status: Option<&'a dyn StatusCheck>,
    /// Now.
    pub now: UnixTime,
}

/// A presentation that was verified. Personal data.
#[derive(Clone, Serialize, Deserialize)]
pub struct CheckedPresentation {
    /// The credential query that it answers; empty when it was verified by itself.
    #[serde(default)]
    pub query_id: String,
    /// Its format identifier.
    pub format: String,
    /// Its types: `vct` and its other names; the document type; the types of a W3C credential, expanded, and for JWTs
    /// also as they are written.
    pub types: Vec<String>,
    /// What the credential calls its issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who the issuer is, by the evidence of trust.
    pub issuer_evidence: String,
    /// The claims that were disclosed: a JSON object. Of an mdoc an object for each namespace, of a W3C credential the
    /// whole credential.
    pub claims: Value,
    /// Data elements that the holder of an mdoc has signed himself, as the issuer allows: an object for each namespace.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub device_signed: Map<String, Value>,
    /// The holder's key, when the credential is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Jwk>,
    /// Whether the holder has proved possession of that key for this transaction.
    pub holder_bound: bool,
    /// The transactions that the holder has authorised with it, as they were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transaction_data: Vec<String>,
    /// What the holder has signed beside the presentation.
    #[serde(skip)]
    pub(super) key_binding: Option<Map<String, Value>>,
    /// Authority key identifiers of the issuer's chain, base64url.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_key_ids: Vec<String>,
    /// Other authorities that the issuer was found through: type and value, as `trusted_authorities` names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<(String, String)>,
}

impl std::fmt::Debug for CheckedPresentation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CheckedPresentation")
            .field("query_id", &self.query_id)
            .field("format", &self.format)
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}

/// Verifies one presentation. The report has every check; the presentation comes out only if none failed.
///
/// The order is that of dependence: the key and whom it belongs to, then the signature, then what was signed, then
/// the holder, and only then anything that has to be fetched (the status).
pub async fn verify(
    presentation: &Presentation,
    format: &Format,
    holder: Holder<'_>,
    context: Context<'_>,
) -> (Report, Option<CheckedPresentation>) {
    let mut report = Report::new(format!("credential {}", format.as_str()));
    let checked = match (format, presentation) {
        (Format::Other(_), _) => {
            report.fail(&rules::FORMAT, "a format that is not supported");
            None
        }
        (Format::SdJwtVc, Presentation::Text(text)) => {
            report.pass(&rules::SHAPE);
            sd_jwt::verify(text, holder, context, &mut report).await
        }
        (Format::Mdoc, Presentation::Text(text)) => {
            report.pass(&rules::SHAPE);
            mdoc::verify(text, holder, context, &mut report).await
        }
        (Format::JwtVcJson | Format::JwtVcJsonLd | Format::VcJwt, Presentation::Text(text)) => {
            report.pass(&rules::SHAPE);
            w3c::verify_jwt(text, format, holder, context, &mut report).await
        }
        (Format::VcSdJwt, Presentation::Text(text)) => {
            report.pass(&rules::SHAPE);
            w3c::verify_sd_jwt(text, holder, context, &mut report).await
        }
        (Format::LdpVc, Presentation::Object(document)) => {
            report.pass(&rules::SHAPE);
            w3c::verify_document(document, holder, context, &mut report).await
        }
        (Format::LdpVc, Presentation::Text(_)) => {
            report.fail(&rules::SHAPE, "a string where a JSON object belongs");
            None
        }
        (_, Presentation::Object(_)) => {
            report.fail(&rules::SHAPE, "a JSON object where a string belongs");
            None
        }
    };
    let checked = checked.filter(|_| report.ok());
    (report, checked)
}

/// Finds the issuer's key, and whether that issuer may issue credentials of the type. `signature` is the check that
/// can't be made without.
pub(super) async fn issuer(
    material: &KeyMaterial<'_>,
    credential_type: &str,
    signature: &'static Rule,
    context: Context<'_>,
    report: &mut Report,
) -> Option<Trusted> {
    let purpose = Purpose::Issuer { credential_type };
    match context.trust.resolve(material, purpose, context.now).await {
        Ok(trusted) => {
            report.pass_with(purpose.rule(), trusted.how.clone());
            Some(trusted)
        }
        Err(distrust) => {
            report.fail(purpose.rule(), distrust.to_string());
            report.skip(signature, "nobody is trusted whose signature it could be");
            None
        }
    }
}

/// What of the issuer's chain `trusted_authorities` may name.
pub(super) fn authority_key_ids(trusted: &Trusted) -> Vec<String> {
    trusted.authority_key_ids.iter().map(b64::encode).collect()
}

/// The other authorities that `trusted_authorities` may name.
pub(super) fn authorities(trusted: &Trusted) -> Vec<(String, String)> {
    trusted.authorities.iter().map(|(kind, value)| ((*kind).to_owned(), value.clone())).collect()
}

/// Looks the status up, if there is one; `false`: the credential must not be accepted.
pub(super) async fn check_status(status: Option<&Value>, context: Context<'_>, report: &mut Report) -> bool {
    let Some(status) = status else {
        report.skip(&rules::STATUS, "it has none");
        return true;
    };
    let Some(checker) = context.status else {
        let evidence = "it has a status, and nothing is configured to look it up";
        if context.policy.accept_unchecked_status {
            report.warn(&rules::STATUS, evidence);
            return true;
        }
        report.fail(&rules::STATUS, evidence);
        return false;
    };
    let found = checker.check(status, context.now, report).await;
    match &found {
        Ok(()) => report.pass(&rules::STATUS),
        Err(error) => report.fail(&rules::STATUS, error.to_string()),
    }
    found.is_ok()
}

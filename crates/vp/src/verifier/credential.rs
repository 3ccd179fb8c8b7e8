//! Verifying one presentation or credential of any format: the one function behind the verifier and `verify`.

use std::time::Duration;

use credenza_core::{Report, UnixTime};
use credenza_crypto::{Algorithm, Jwk};
use credenza_formats::sd_jwt::{KeyBinding, SdJwtLimits};
use credenza_query::dcql::Format;
use credenza_trust::Trust;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StatusCheck;
use crate::messages::Presentation;
use crate::rules;

/// What presentations have to be like, whatever is asked for.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Algorithms of the issuer's signature.
    pub algorithms: Vec<Algorithm>,
    /// Algorithms of the holder's signature.
    pub holder_algorithms: Vec<Algorithm>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// How old a holder's signature may be.
    pub max_age: Duration,
    /// How far a holder's clock may be ahead.
    pub max_ahead: Duration,
    /// How large an SD-JWT may be.
    pub sd_jwt_limits: SdJwtLimits,
    /// Whether the earlier name of the format, `vc+sd-jwt`, is accepted in headers.
    pub accept_earlier_sd_jwt_type: bool,
    /// Whether a credential with a status is accepted (with a warning) when nobody can look the status up.
    pub accept_unchecked_status: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            algorithms: vec![Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa],
            holder_algorithms: vec![Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa],
            leeway: credenza_crypto::jwt::LEEWAY,
            max_age: KeyBinding::MAX_AGE,
            max_ahead: KeyBinding::MAX_AHEAD,
            sd_jwt_limits: SdJwtLimits::default(),
            accept_earlier_sd_jwt_type: false,
            accept_unchecked_status: false,
        }
    }
}

/// Whether, and for what, the holder has to have signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    /// For this transaction.
    Bound {
        /// Its nonce.
        nonce: &'a str,
        /// The verifier, by its full client identifier.
        audience: &'a str,
    },
    /// Need not; if he has, it is not looked at.
    Any,
    /// Must not: a credential as it was issued.
    Unbound,
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
    /// Its types: `vct`.
    pub types: Vec<String>,
    /// What the credential calls its issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who the issuer is, by the evidence of trust.
    pub issuer_evidence: String,
    /// The claims that were disclosed: a JSON object.
    pub claims: Value,
    /// The holder's key, when the credential is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Jwk>,
    /// Whether the holder has proved possession of that key for this transaction.
    pub holder_bound: bool,
    /// Authority key identifiers of the issuer's chain, base64url.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_key_ids: Vec<String>,
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
        (Format::SdJwtVc, Presentation::Text(text)) => {
            report.pass(&rules::SHAPE);
            super::sd_jwt::verify(text, holder, context, &mut report).await
        }
        (Format::SdJwtVc, Presentation::Object(_)) => {
            report.fail(&rules::SHAPE, "a JSON object where a string belongs");
            None
        }
        _ => {
            report.fail(&rules::FORMAT, "a format that is not supported");
            None
        }
    };
    let checked = checked.filter(|_| report.ok());
    (report, checked)
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

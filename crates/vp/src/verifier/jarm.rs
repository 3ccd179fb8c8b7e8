//! Responses that a wallet has signed as a whole, in earlier drafts (JARM §2.4).

use credenza_core::{Report, UnixTime, b64, json};
use credenza_crypto::{Algorithm, JwkSet, Jws, JwsError, jwt};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::session::Asked;
use super::{RespondError, Verifier};
use crate::dialects::{ResponseError, Spoken};
use crate::messages::AuthorizationResponse;
use crate::rules;

/// A wallet that a name and keys were agreed with: its signed responses are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownWallet {
    /// `iss` of its responses, compared as it is.
    pub issuer: String,
    /// The keys that it signs them with.
    pub keys: JwkSet,
}

/// Whether this is a JWS and no JWE, by the number of its parts.
pub(super) fn is_signed(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Whether a JWE says that its content is a JWT itself (RFC 7519 §5.2). Only for one that was decrypted, by which its
/// header is authentic.
pub(super) fn is_nested(jwe: &str) -> bool {
    let header = jwe.split('.').next().and_then(|header| b64::decode(header).ok());
    let header = header.and_then(|header| json::parse_object(&header).ok()).unwrap_or_default();
    header.get("cty").and_then(Value::as_str).is_some_and(|cty| cty.eq_ignore_ascii_case("JWT"))
}

impl Verifier {
    /// The parameters of a signed response. Nothing of them is looked at before every check has passed.
    pub(super) fn open_signed(
        &self,
        asked: &Asked,
        spoken: &Spoken,
        text: &str,
    ) -> Result<(AuthorizationResponse, Report), RespondError> {
        let mut report = Report::new("signed response");
        let jws = match Jws::parse_within(text, self.config.max_response) {
            Ok(jws) => jws,
            Err(error) => {
                report.fail(&rules::JARM_SIGNATURE, error.to_string());
                return Err(RespondError::Refused(Box::new(report)));
            }
        };
        let claims = json::parse_object(&jws.payload).map_err(|_| ResponseError::Nothing)?;
        let issuer = claims.get("iss").and_then(Value::as_str);
        let wallet = self.config.wallets.iter().find(|wallet| Some(wallet.issuer.as_str()) == issuer);
        let Some(wallet) = wallet else {
            report.fail(&rules::JARM_ISSUER, "iss is missing, or no wallet that is known here");
            for rule in [&rules::JARM_AUDIENCE, &rules::JARM_EXPIRY, &rules::JARM_SIGNATURE] {
                report.skip(rule, "the issuer is not known");
            }
            return Err(RespondError::Refused(Box::new(report)));
        };
        report.pass(&rules::JARM_ISSUER);
        report.check(
            &rules::JARM_AUDIENCE,
            is_for(&claims, asked.audience()),
            || "aud is missing, or not the client identifier of the request alone",
        );
        match self.check_expiry(&claims) {
            Ok(()) => report.pass(&rules::JARM_EXPIRY),
            Err(evidence) => report.fail(&rules::JARM_EXPIRY, evidence),
        }
        match check_signature(&jws, &wallet.keys, &self.config.policy.holder_algorithms) {
            Ok(()) => report.pass(&rules::JARM_SIGNATURE),
            Err(evidence) => report.fail(&rules::JARM_SIGNATURE, evidence),
        }
        if !report.ok() {
            return Err(RespondError::Refused(Box::new(report)));
        }
        let payload = Zeroizing::new(jws.payload);
        Ok((spoken.read_json(&payload)?, report))
    }

    fn check_expiry(&self, claims: &Map<String, Value>) -> Result<(), String> {
        let time = |name: &str| {
            let value = claims.get(name).cloned();
            let time = value.map(serde_json::from_value::<UnixTime>).transpose();
            time.map_err(|_| format!("{name} is no time"))
        };
        let expires = time("exp")?.ok_or("exp is missing")?;
        let times = (time("nbf")?, time("iat")?);
        jwt::check_times(self.now(), self.config.policy.leeway, Some(expires), times.0, times.1)
            .map_err(|error| error.to_string())
    }
}

/// Whether it is meant for this verifier, and for nobody beside.
fn is_for(claims: &Map<String, Value>, client_id: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(all)) => matches!(all.as_slice(), [Value::String(only)] if only == client_id),
        _ => false,
    }
}

/// By the key that the header names, or by any of the wallet's where it names none.
fn check_signature(jws: &Jws<'_>, keys: &JwkSet, allowed: &[Algorithm]) -> Result<(), String> {
    if !allowed.contains(&jws.header.algorithm) {
        return Err(JwsError::Algorithm.to_string());
    }
    let verified = match &jws.header.kid {
        Some(kid) => keys.by_kid(kid).map(|key| jws.verify_by(key, allowed)),
        None => keys.keys.iter().map(|key| jws.verify_by(key, allowed)).reduce(Result::or),
    };
    match verified {
        Some(verified) => verified.map_err(|error| error.to_string()),
        None => Err("the wallet has no such key".to_owned()),
    }
}

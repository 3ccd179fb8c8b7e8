//! Where the issuer calls the translators of earlier drafts: before it reads, and after it has decided.
//!
//! Nonces are the same whoever brings them: sealed, and used up by the commit of the issuance that succeeds with them.
//! Earlier drafts merely get them with other answers.

use std::sync::Arc;

use credenza_core::UnixTime;
use credenza_oauth::{EndpointError, Reply};
use http::StatusCode;
use serde_json::{Map, Value};

use super::builder::{ConfigError, IssuerBuilder};
use super::seals::Purpose;
use super::{CredentialError, Format, Issuer};
use crate::dialects::{ByType, Dialect, EarlierNonce, TypeName, Unread};
use crate::messages::{CredentialRequest, CredentialResponse, TokenResponse};

/// A refusal as an earlier draft tells it: with another code, or with members that 1.0 has elsewhere.
#[derive(Debug)]
pub struct EarlierRefusal {
    /// The code in that draft.
    pub(super) code: &'static str,
    /// What 1.0 would have said; nothing where it has no such refusal.
    pub(super) source: Option<CredentialError>,
    nonce: EarlierNonce,
    interval: Option<u64>,
}

impl std::fmt::Display for EarlierRefusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.source {
            Some(error) => error.fmt(out),
            None if self.interval.is_some() => out.write_str("the credential is not ready yet"),
            None => out.write_str("this format is not supported"),
        }
    }
}

impl std::error::Error for EarlierRefusal {}

impl EarlierRefusal {
    pub(super) fn status(&self) -> StatusCode {
        self.source.as_ref().map_or(StatusCode::BAD_REQUEST, EndpointError::status)
    }

    pub(super) fn members(&self) -> Map<String, Value> {
        let mut members = match serde_json::to_value(&self.nonce) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        members.extend(self.interval.map(|seconds| ("interval".to_owned(), seconds.into())));
        members
    }
}

/// Whether earlier drafts can be spoken together with what else is asked for.
pub(super) fn check(parts: &IssuerBuilder) -> Result<(), ConfigError> {
    if parts.dialects.is_empty() {
        return Ok(());
    }
    if parts.haip {
        return Err(ConfigError::Profile {
            rule: "HAIP §4",
            reason: "the profile is of OpenID4VCI 1.0: earlier drafts can't be spoken beside it".to_owned(),
        });
    }
    if parts.encryption.as_ref().is_some_and(super::Encryption::is_required) {
        return Err(ConfigError::Invalid(
            "wallets of earlier drafts do not encrypt requests: encryption can be offered beside them, not required",
        ));
    }
    Ok(())
}

impl Issuer {
    /// The metadata for wallets of earlier drafts: JSON that was rendered once. `None` where none is spoken.
    #[must_use]
    pub fn metadata_for_dialects(&self) -> Option<Arc<[u8]>> {
        self.catalogue().metadata_for_dialects.clone()
    }

    /// Reads a credential request.
    pub(super) fn requested(
        &self,
        dialect: Option<Dialect>,
        json: &[u8],
    ) -> Result<CredentialRequest, CredentialError> {
        let Some(dialect) = dialect else { return Ok(CredentialRequest::parse(json)?) };
        let catalogue = self.catalogue();
        let of_type = |asked: &ByType| {
            let kinds = catalogue.kinds.iter();
            kinds
                .filter(|(_, kind)| is(&kind.configuration.format, asked))
                .map(|(id, _)| id.clone())
                .collect()
        };
        dialect.read_request(json, &of_type).map_err(|unread| match unread {
            Unread::Invalid(error) => error.into(),
            Unread::Format => CredentialError::InDialect(Box::new(EarlierRefusal {
                code: "unsupported_credential_format",
                source: None,
                nonce: EarlierNonce::default(),
                interval: None,
            })),
        })
    }

    /// A token response, with a nonce where wallets look for it there.
    pub(super) fn with_nonce(&self, mut response: TokenResponse, now: UnixTime) -> TokenResponse {
        if self.dialects.nonce_with_token() {
            response.earlier = self.earlier_nonce(now);
        }
        response
    }

    fn earlier_nonce(&self, now: UnixTime) -> EarlierNonce {
        let lifetime = self.lifetimes.c_nonce;
        EarlierNonce {
            c_nonce: Some(self.seals.seal(Purpose::Nonce, now + lifetime, &[])),
            c_nonce_expires_in: Some(lifetime.as_secs()),
        }
    }

    fn nonce_for(&self, dialect: Dialect, now: UnixTime) -> EarlierNonce {
        if dialect.nonce_with_answers() { self.earlier_nonce(now) } else { EarlierNonce::default() }
    }

    /// An answer of the credential endpoint.
    pub(super) fn say(
        &self,
        dialect: Option<Dialect>,
        mut reply: Reply<CredentialResponse>,
        now: UnixTime,
    ) -> Reply<CredentialResponse> {
        if let Some(dialect) = dialect {
            let nonce = self.nonce_for(dialect, now);
            reply.body = reply.body.map(|response| dialect.write_response(response, nonce));
        }
        reply
    }

    /// An answer of the deferred credential endpoint, where "not yet" was an error.
    pub(super) fn say_again(
        &self,
        dialect: Option<Dialect>,
        reply: Reply<CredentialResponse>,
        now: UnixTime,
    ) -> Result<Reply<CredentialResponse>, CredentialError> {
        let pending = reply.body.as_ref().filter(|response| response.transaction_id.is_some());
        match (dialect, pending) {
            (Some(_), Some(response)) => Err(CredentialError::InDialect(Box::new(EarlierRefusal {
                code: "issuance_pending",
                source: None,
                nonce: EarlierNonce::default(),
                interval: response.interval,
            }))),
            _ => Ok(self.say(dialect, reply, now)),
        }
    }

    /// A refusal. Draft 13 hands out a nonce with those that are about proofs.
    pub(super) fn refuse_in(
        &self,
        dialect: Option<Dialect>,
        error: CredentialError,
        now: UnixTime,
    ) -> CredentialError {
        let Some(dialect) = dialect else { return error };
        let about_proofs =
            matches!(error, CredentialError::InvalidProof(_) | CredentialError::InvalidNonce(_));
        match error {
            // They belong to OAuth and are the same in all drafts.
            CredentialError::Access(_) | CredentialError::Unavailable(_) | CredentialError::InDialect(_) => {
                error
            }
            error => CredentialError::InDialect(Box::new(EarlierRefusal {
                code: dialect.error_code(error.code()),
                nonce: if about_proofs { self.nonce_for(dialect, now) } else { EarlierNonce::default() },
                source: Some(error),
                interval: None,
            })),
        }
    }
}

/// Whether a configuration is of the type that is asked for.
fn is(format: &Format, asked: &ByType) -> bool {
    if format.name() != asked.format {
        return false;
    }
    match (format, &asked.named) {
        (Format::SdJwtVc { vct }, TypeName::Vct(name)) => vct == name,
        (Format::Mdoc { doctype, .. }, TypeName::Doctype(name)) => doctype == name,
        (format, TypeName::Definition(asked)) => format.definition().is_some_and(|own| {
            own.types.len() == asked.types.len() && own.types.iter().all(|name| asked.types.contains(name))
        }),
        _ => false,
    }
}

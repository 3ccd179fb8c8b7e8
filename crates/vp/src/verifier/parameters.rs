//! What a session asks, as the parameters of its request (OID4VP 1.0 §5).

use credenza_core::UnixTime;
use credenza_crypto::{Curve, Decrypter as _, JwkSet, SoftwareDecrypter};
use credenza_query::dcql::Format;
use serde_json::{Map, Value};

use super::session::Session;
use super::{RequestedPrefix, Verifier};
use crate::messages::vp_formats::Verifiable;
use crate::messages::{Attempt, AuthorizationRequest, ClientMetadata, SELF_ISSUED_AUDIENCE};
use crate::siop::{IdTokenRequest, ResponseTypes, SCOPE, SUBJECT_SIGNED};

impl Verifier {
    pub(super) fn response_uri(&self, request_id: &str) -> String {
        self.url(&self.config.response_path, request_id)
    }

    pub(super) fn url(&self, path: &str, request_id: &str) -> String {
        format!("{}{path}{request_id}", self.config.base.as_str().trim_end_matches('/'))
    }

    /// The parameters of the request, the same by value and in a request object.
    pub(super) fn parameters(&self, session: &Session, request_id: &str) -> AuthorizationRequest {
        let asked = &session.request;
        let mode = asked.response_mode;
        let info = &asked.verifier_info;
        let id_token = asked.id_token.is_some();
        let transactions: Vec<_> = asked.transactions.iter().map(|data| data.encoded().to_owned()).collect();
        AuthorizationRequest {
            client_id: Some(asked.client_id.clone()),
            response_type: Some(if id_token { ResponseTypes::BOTH } else { "vp_token" }.to_owned()),
            response_mode: Some(mode),
            response_uri: mode.is_posted().then(|| self.response_uri(request_id)),
            redirect_uri: asked.redirect_uri.clone(),
            nonce: Some(asked.nonce.clone()),
            // Not where the answer comes back to whoever has brought the request.
            state: (!mode.is_returned()).then(|| asked.state.clone()),
            dcql_query: asked.query.dcql().filter(|_| asked.scope.is_none()).cloned().map(Attempt::new),
            scope: scope(asked.scope.as_deref(), id_token),
            id_token_type: id_token.then(|| SUBJECT_SIGNED.to_owned()),
            client_metadata: self.client_metadata(session).map(Attempt::new),
            transaction_data: (!transactions.is_empty()).then(|| Attempt::new(transactions)),
            verifier_info: (!info.is_empty()).then(|| Attempt::new(info.clone())),
            ..AuthorizationRequest::default()
        }
    }

    /// The same as the claims of a request object.
    pub(super) fn claims(&self, session: &Session, request_id: &str, now: UnixTime) -> AuthorizationRequest {
        AuthorizationRequest {
            aud: Some(Value::from(SELF_ISSUED_AUDIENCE)),
            iat: Some(now),
            exp: Some(session.expires_at),
            ..self.parameters(session, request_id)
        }
    }

    /// By format, what can be verified here (`vp_formats_supported`): for the metadata of a verifier that wallets know
    /// from elsewhere.
    #[must_use]
    pub fn formats_supported(&self) -> Map<String, Value> {
        self.verifiable(None).formats(&Format::KNOWN)
    }

    fn verifiable(&self, mac: Option<Curve>) -> Verifiable<'_> {
        let policy = &self.config.policy;
        Verifiable {
            issuers: &policy.algorithms,
            holders: &policy.holder_algorithms,
            cryptosuites: &policy.cryptosuites,
            mac,
        }
    }

    /// What is said about the verifier itself; nothing, where wallets know it from elsewhere and must not be told
    /// otherwise (§5.9.3, §8.5).
    fn client_metadata(&self, session: &Session) -> Option<ClientMetadata> {
        let asked = &session.request;
        if matches!(asked.prefix, RequestedPrefix::PreRegistered | RequestedPrefix::OpenidFederation) {
            return None;
        }
        let key = asked.decryption_key.as_ref();
        let key = key.and_then(|key| SoftwareDecrypter::from_private_jwk(key.expose()).ok());
        let encryptions = &self.config.content_encryptions;
        let verifiable = self.verifiable(key.as_ref().and_then(|key| key.public_jwk().key.curve()));
        let asked_for = asked.query.formats();
        Some(ClientMetadata {
            self_issued: asked.id_token.as_ref().map(IdTokenRequest::metadata).unwrap_or_default(),
            jwks: key.map(|key| JwkSet { keys: vec![key.public_jwk().clone()] }),
            vp_formats_supported: Some(verifiable.formats(&asked_for)),
            encrypted_response_enc_values_supported: asked
                .response_mode
                .is_encrypted()
                .then(|| encryptions.iter().map(|enc| enc.name().to_owned()).collect()),
        })
    }
}

/// The name that the query goes by, and `openid` where an ID token is wanted.
fn scope(query: Option<&str>, id_token: bool) -> Option<String> {
    match (query, id_token) {
        (query, false) => query.map(str::to_owned),
        (None, true) => Some(SCOPE.to_owned()),
        (Some(query), true) => Some(format!("{SCOPE} {query}")),
    }
}

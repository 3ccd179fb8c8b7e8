//! What an issuer says about itself, made from its configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use credenza_oauth::{AuthorizationServerMetadata, client_assertion};

use super::authorization::AuthorizationSettings;
use super::encryption::Encryption;
use super::kind::Kind;
use super::{Endpoints, Format, Issuer, proof};
use crate::messages::metadata::{
    BatchCredentialIssuance, CredentialIssuerMetadata, CredentialMetadata, SupportedCredential,
};
use crate::messages::{AUTHORIZATION_CODE, OPENID_CREDENTIAL, PRE_AUTHORIZED_CODE, REFRESH_TOKEN};

pub(super) fn issuer(parts: &Issuer, kinds: &BTreeMap<String, Arc<Kind>>) -> CredentialIssuerMetadata {
    let endpoints = &parts.endpoints;
    CredentialIssuerMetadata {
        credential_issuer: parts.identifier.clone(),
        authorization_servers: authorization_servers(parts),
        credential_endpoint: endpoints.credential.to_string(),
        nonce_endpoint: Some(endpoints.nonce.to_string()),
        deferred_credential_endpoint: Some(endpoints.deferred_credential.to_string()),
        notification_endpoint: Some(endpoints.notification.to_string()),
        credential_request_encryption: parts.encryption.as_ref().map(Encryption::of_requests),
        credential_response_encryption: parts.encryption.as_ref().map(Encryption::of_responses),
        batch_credential_issuance: (parts.batch_size > 1)
            .then_some(BatchCredentialIssuance { batch_size: parts.batch_size }),
        display: parts.display.clone(),
        credential_configurations_supported: kinds
            .iter()
            .map(|(id, kind)| (id.clone(), supported(kind)))
            .collect(),
        unusable: BTreeMap::new(),
        dialect: None,
    }
}

/// `cryptographic_binding_methods_supported`: those of the format, and the DIDs that the operator adds.
pub(super) fn binding_methods(kind: &Kind) -> Vec<String> {
    let mut methods = kind.binding_methods();
    if !methods.is_empty() {
        let more = kind.configuration.did_methods.iter().filter(|method| !methods.contains(*method)).cloned();
        methods.extend(more.collect::<Vec<_>>());
    }
    methods
}

fn supported(kind: &Kind) -> SupportedCredential {
    let configuration = &kind.configuration;
    let (mut vct, mut doctype) = (None, None);
    match &configuration.format {
        Format::SdJwtVc { vct: name } => vct = Some(name.clone()),
        Format::Mdoc { doctype: name, .. } => doctype = Some(name.clone()),
        _ => {}
    }
    let definition = configuration.format.definition();
    let described =
        CredentialMetadata { display: configuration.display.clone(), claims: configuration.claims.clone() };
    SupportedCredential {
        format: configuration.format.name().to_owned(),
        scope: configuration.scope.clone(),
        credential_signing_alg_values_supported: kind.signing_algorithms(),
        cryptographic_binding_methods_supported: binding_methods(kind),
        proof_types_supported: proof::supported(configuration),
        vct,
        doctype,
        credential_definition: definition.and_then(|definition| serde_json::to_value(definition).ok()),
        credential_metadata: Some(described)
            .filter(|described| !described.display.is_empty() || !described.claims.is_empty()),
    }
}

/// Nobody where the issuer is its own and only one (§12.2.4).
fn authorization_servers(parts: &Issuer) -> Vec<String> {
    if parts.external.servers.is_empty() {
        return Vec::new();
    }
    let others = parts.external.servers.iter().map(|server| server.issuer.clone());
    std::iter::once(parts.identifier.clone()).chain(others).collect()
}

pub(super) fn authorization_server(
    parts: &Issuer,
    kinds: &BTreeMap<String, Arc<Kind>>,
) -> AuthorizationServerMetadata {
    let endpoints = &parts.endpoints;
    let mut scopes: Vec<String> =
        kinds.values().filter_map(|kind| kind.configuration.scope.clone()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let mut metadata = AuthorizationServerMetadata {
        issuer: parts.identifier.clone(),
        token_endpoint: Some(endpoints.token.to_string()),
        scopes_supported: scopes,
        grant_types_supported: vec![PRE_AUTHORIZED_CODE.to_owned()],
        token_endpoint_auth_methods_supported: vec!["none".to_owned()],
        authorization_details_types_supported: vec![OPENID_CREDENTIAL.to_owned()],
        dpop_signing_alg_values_supported: parts
            .dpop_policy
            .algorithms
            .iter()
            .map(|algorithm| algorithm.name().to_owned())
            .collect(),
        pre_authorized_grant_anonymous_access_supported: Some(parts.anonymous_access),
        status_list_aggregation_endpoint: parts
            .status
            .as_ref()
            .and_then(|source| source.aggregation().map(str::to_owned)),
        ..AuthorizationServerMetadata::default()
    };
    if let Some(settings) = parts.authorization.settings() {
        with_authorization(&mut metadata, settings, endpoints);
        metadata.authorization_challenge_endpoint =
            parts.authorization.interactive().map(|_| endpoints.authorization_challenge.to_string());
    }
    metadata
}

/// The members of RFC 8414 §2, RFC 9126 §5, RFC 9207 §3 and client attestation §8 that the authorization code flow adds.
fn with_authorization(
    metadata: &mut AuthorizationServerMetadata,
    settings: &AuthorizationSettings,
    endpoints: &Endpoints,
) {
    let names = |algorithms: &[credenza_crypto::Algorithm]| {
        algorithms.iter().map(|algorithm| algorithm.name().to_owned()).collect::<Vec<_>>()
    };
    metadata.authorization_endpoint = Some(endpoints.authorization.to_string());
    metadata.pushed_authorization_request_endpoint = Some(endpoints.pushed_authorization.to_string());
    metadata.require_pushed_authorization_requests = Some(settings.require_par);
    metadata.response_types_supported = vec!["code".to_owned()];
    metadata.response_modes_supported = vec!["query".to_owned()];
    metadata.code_challenge_methods_supported = vec![credenza_oauth::pkce::METHOD.to_owned()];
    metadata.authorization_response_iss_parameter_supported = Some(true);
    metadata.grant_types_supported.insert(0, AUTHORIZATION_CODE.to_owned());
    if settings.lifetimes.refresh.is_some() {
        metadata.grant_types_supported.push(REFRESH_TOKEN.to_owned());
    }
    metadata.token_endpoint_auth_methods_supported = settings.methods();
    if metadata.token_endpoint_auth_methods_supported.iter().any(|it| it == client_assertion::METHOD) {
        metadata.token_endpoint_auth_signing_alg_values_supported = names(&client_assertion::ALGORITHMS);
    }
    if let Some(attestation) = &settings.attestation {
        metadata.challenge_endpoint = Some(endpoints.challenge.to_string());
        metadata.client_attestation_signing_alg_values_supported = names(&attestation.policy.algorithms);
        metadata.client_attestation_pop_signing_alg_values_supported =
            names(&attestation.policy.pop_algorithms);
    }
}

//! What an issuer says about itself, made from its configuration.

use std::collections::BTreeMap;

use credenza_oauth::AuthorizationServerMetadata;

use super::builder::IssuerBuilder;
use super::kind::Kind;
use super::{Endpoints, Format};
use crate::messages::metadata::{
    BatchCredentialIssuance, CredentialIssuerMetadata, CredentialMetadata, ProofType, SupportedCredential,
};
use crate::messages::{OPENID_CREDENTIAL, PRE_AUTHORIZED_CODE};

pub(super) fn issuer(
    parts: &IssuerBuilder,
    endpoints: &Endpoints,
    kinds: &BTreeMap<String, Kind>,
) -> CredentialIssuerMetadata {
    CredentialIssuerMetadata {
        credential_issuer: parts.identifier.clone(),
        authorization_servers: Vec::new(),
        credential_endpoint: endpoints.credential.to_string(),
        nonce_endpoint: Some(endpoints.nonce.to_string()),
        deferred_credential_endpoint: None,
        notification_endpoint: Some(endpoints.notification.to_string()),
        credential_request_encryption: None,
        credential_response_encryption: None,
        batch_credential_issuance: (parts.batch_size > 1)
            .then_some(BatchCredentialIssuance { batch_size: parts.batch_size }),
        display: parts.display.clone(),
        credential_configurations_supported: kinds
            .iter()
            .map(|(id, kind)| (id.clone(), supported(kind)))
            .collect(),
        unusable: BTreeMap::new(),
    }
}

fn supported(kind: &Kind) -> SupportedCredential {
    let configuration = &kind.configuration;
    let bound = !configuration.proof_algorithms.is_empty();
    let (mut vct, mut doctype) = (None, None);
    match &configuration.format {
        Format::SdJwtVc { vct: name } => vct = Some(name.clone()),
        Format::Mdoc { doctype: name, .. } => doctype = Some(name.clone()),
        _ => {}
    }
    let definition = configuration.format.definition();
    let proof = || ProofType {
        proof_signing_alg_values_supported: configuration
            .proof_algorithms
            .iter()
            .map(|algorithm| (*algorithm).into())
            .collect(),
        key_attestations_required: None,
    };
    let described =
        CredentialMetadata { display: configuration.display.clone(), claims: configuration.claims.clone() };
    SupportedCredential {
        format: configuration.format.name().to_owned(),
        scope: configuration.scope.clone(),
        credential_signing_alg_values_supported: kind.signing_algorithms(),
        cryptographic_binding_methods_supported: kind.binding_methods(),
        proof_types_supported: bound.then(|| ("jwt".to_owned(), proof())).into_iter().collect(),
        vct,
        doctype,
        credential_definition: definition.and_then(|definition| serde_json::to_value(definition).ok()),
        credential_metadata: Some(described)
            .filter(|described| !described.display.is_empty() || !described.claims.is_empty()),
    }
}

pub(super) fn authorization_server(
    parts: &IssuerBuilder,
    endpoints: &Endpoints,
    dpop_algorithms: &[credenza_crypto::Algorithm],
) -> AuthorizationServerMetadata {
    let mut scopes: Vec<String> =
        parts.configurations.iter().filter_map(|configuration| configuration.scope.clone()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    AuthorizationServerMetadata {
        issuer: parts.identifier.clone(),
        token_endpoint: Some(endpoints.token.to_string()),
        scopes_supported: scopes,
        grant_types_supported: vec![PRE_AUTHORIZED_CODE.to_owned()],
        token_endpoint_auth_methods_supported: vec!["none".to_owned()],
        authorization_details_types_supported: vec![OPENID_CREDENTIAL.to_owned()],
        dpop_signing_alg_values_supported: dpop_algorithms
            .iter()
            .map(|algorithm| algorithm.name().to_owned())
            .collect(),
        pre_authorized_grant_anonymous_access_supported: Some(parts.anonymous_access),
        ..AuthorizationServerMetadata::default()
    }
}

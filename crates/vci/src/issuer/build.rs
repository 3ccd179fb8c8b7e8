//! From a builder to an issuer: everything is checked, and rendered once.

use std::collections::BTreeMap;
use std::sync::Arc;

use credenza_core::{AddressPolicy, well_known};
use credenza_oauth::client_attestation::Challenges;
use credenza_oauth::dpop::{Nonces, Policy, Server};
use serde::Serialize;
use url::Url;

use super::authorization::{AuthorizationServer, comply};
use super::builder::{ConfigError, IssuerBuilder};
use super::external::External;
use super::kind::Kind;
use super::seals::Seals;
use super::signed_metadata::SignedMetadata;
use super::{Endpoints, Issuer, metadata, proof, type_document};
use crate::messages::metadata::{MAX_CONFIGURATIONS, WELL_KNOWN};

/// No batch is larger: each copy costs a signature.
const MAX_BATCH_SIZE: u32 = 100;

impl Issuer {
    pub(super) fn from_builder(mut parts: IssuerBuilder) -> Result<Self, ConfigError> {
        let endpoints = endpoints(&parts.identifier, parts.addresses)?;
        if !(1..=MAX_BATCH_SIZE).contains(&parts.batch_size) {
            return Err(ConfigError::Invalid("the batch size must be between 1 and 100"));
        }
        if parts.tx_code_tries == 0 {
            return Err(ConfigError::Invalid("a transaction code needs one try at least"));
        }
        if parts.lifetimes.offer > super::MAX_OFFER_LIFETIME {
            return Err(ConfigError::Invalid("offers must not live longer than 30 days"));
        }
        if let Some(encryption) = &parts.encryption {
            encryption.check().map_err(ConfigError::Invalid)?;
        }
        if parts.haip {
            comply(&mut parts)?;
        }
        if let Some(authorization) = &parts.authorization {
            authorization.check()?;
        }
        for server in &parts.external {
            if parts.http.is_none() {
                return Err(ConfigError::Missing("way to other authorization servers"));
            }
            let url = Url::parse(&server.issuer).ok().filter(|url| parts.addresses.scheme(url.scheme()));
            if url.is_none() || server.issuer == parts.identifier {
                return Err(ConfigError::Invalid(
                    "another authorization server needs an https identifier of its own",
                ));
            }
        }
        let kinds = kinds(&mut parts)?;
        let type_documents = type_document::all(&parts.configurations, &endpoints.types)?;
        let dpop_policy = Policy::default();
        let metadata = metadata::issuer(&parts, &endpoints, &kinds);
        metadata.check().map_err(|error| ConfigError::Metadata(error.to_string()))?;
        let server = metadata::authorization_server(&parts, &endpoints, &dpop_policy.algorithms);
        let sealer = parts.sealer.ok_or(ConfigError::Missing("sealer"))?;
        let nonces = |server| {
            let lifetime = parts.lifetimes.dpop_nonce;
            parts.dpop.nonce.then(|| Nonces::new(sealer.clone(), server, parts.identifier.as_str(), lifetime))
        };
        let signed_metadata = match parts.metadata_signer.take() {
            Some(signer) => Some(SignedMetadata::new(signer, &metadata, parts.lifetimes.metadata)?),
            None => None,
        };
        let attestation = parts.authorization.as_ref().and_then(|settings| settings.attestation.as_ref());
        let challenges = attestation.map(|attestation| {
            Challenges::new(sealer.clone(), &parts.identifier, attestation.challenge_lifetime)
        });
        Ok(Self {
            authorization: AuthorizationServer::new(parts.authorization, challenges),
            external: External::new(parts.external, parts.http),
            signed_metadata,
            token_nonces: nonces(Server::Authorization),
            resource_nonces: nonces(Server::Resource),
            metadata: rendered(&metadata)?,
            authorization_server_metadata: rendered(&server)?,
            seals: Seals::new(sealer, parts.random.clone(), &parts.identifier),
            identifier: parts.identifier,
            endpoints,
            type_documents,
            kinds,
            batch_size: parts.batch_size,
            lifetimes: parts.lifetimes,
            dpop: parts.dpop,
            dpop_policy,
            anonymous_access: parts.anonymous_access,
            tx_code_tries: parts.tx_code_tries,
            store: parts.store.ok_or(ConfigError::Missing("store"))?,
            clock: parts.clock,
            random: parts.random,
            claims: parts.claims,
            status: parts.status,
            events: parts.events,
            dids: parts.dids,
            contexts: parts.contexts,
            wallet_providers: parts.wallet_providers,
            encryption: parts.encryption,
        })
    }
}

/// Checks the identifier (§12.2.1) and makes all URLs from it.
fn endpoints(identifier: &str, addresses: AddressPolicy) -> Result<Endpoints, ConfigError> {
    let bad = ConfigError::Identifier;
    let base = Url::parse(identifier).map_err(|_| bad("it is not a URL"))?;
    if !addresses.scheme(base.scheme()) {
        return Err(bad("it is not https"));
    }
    if base.query().is_some()
        || base.fragment().is_some()
        || !base.username().is_empty()
        || base.password().is_some()
    {
        return Err(bad("it has a query, a fragment or credentials"));
    }
    // Wallets compare it character by character, so that it must be written in the one form that URLs have for us.
    let path = base.path().trim_end_matches('/');
    let written = format!("{}{path}", base.origin().ascii_serialization());
    if identifier != written {
        return Err(bad("it is not in normal form, or ends with a slash"));
    }
    let below = |name: &str| {
        let mut url = base.clone();
        url.set_path(&format!("{path}/{name}"));
        url
    };
    Ok(Endpoints {
        metadata: well_known::insert(&base, WELL_KNOWN),
        authorization_server_metadata: well_known::insert(&base, credenza_oauth::metadata::WELL_KNOWN),
        token: below("token"),
        pushed_authorization: below("par"),
        authorization: below("authorize"),
        challenge: below("challenge"),
        nonce: below("nonce"),
        credential: below("credential"),
        deferred_credential: below("deferred_credential"),
        notification: below("notification"),
        offers: below("offers/"),
        types: below("vct/"),
    })
}

fn kinds(parts: &mut IssuerBuilder) -> Result<BTreeMap<String, Kind>, ConfigError> {
    if parts.configurations.is_empty() {
        return Err(ConfigError::Missing("credential configuration"));
    }
    if parts.configurations.len() > MAX_CONFIGURATIONS {
        return Err(ConfigError::Invalid("there are too many credential configurations"));
    }
    let mut kinds = BTreeMap::new();
    for configuration in &parts.configurations {
        let id = configuration.id.clone();
        let signer =
            parts.signers.get(&id).or(parts.signer.as_ref()).ok_or(ConfigError::Missing("signer"))?;
        proof::check(configuration, parts.wallet_providers.is_some())
            .map_err(|reason| ConfigError::Configuration { id: id.clone(), reason: reason.to_owned() })?;
        let kind = Kind::new(configuration.clone(), signer.clone(), &parts.contexts)?;
        if kinds.insert(id.clone(), kind).is_some() {
            return Err(ConfigError::Duplicate(id));
        }
    }
    Ok(kinds)
}

fn rendered(value: &impl Serialize) -> Result<Arc<[u8]>, ConfigError> {
    serde_json::to_vec(value).map(Arc::from).map_err(|error| ConfigError::Metadata(error.to_string()))
}

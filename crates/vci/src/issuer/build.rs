//! From a builder to an issuer: everything is checked, and rendered once.

use std::sync::RwLock;

use credenza_core::{AddressPolicy, well_known};
use credenza_oauth::client_attestation::Challenges;
use credenza_oauth::dpop::{Nonces, Policy, Server};
use url::Url;

use super::authorization::{AuthorizationServer, comply};
use super::builder::{ConfigError, IssuerBuilder};
use super::external::External;
use super::seals::Seals;
use super::{Endpoints, Issuer};
use crate::messages::metadata::WELL_KNOWN;

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
        super::earlier::check(&parts)?;
        if parts.haip {
            comply(&mut parts)?;
        }
        if let Some(authorization) = &parts.authorization {
            authorization.check()?;
        }
        if parts.interactive.is_some() && parts.authorization.is_none() {
            return Err(ConfigError::Invalid("interactive authorization needs the authorization code flow"));
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
        let dpop_policy = Policy::default();
        let sealer = parts.sealer.ok_or(ConfigError::Missing("sealer"))?;
        let nonces = |server| {
            let lifetime = parts.lifetimes.dpop_nonce;
            parts.dpop.nonce.then(|| Nonces::new(sealer.clone(), server, parts.identifier.as_str(), lifetime))
        };
        let attestation = parts.authorization.as_ref().and_then(|settings| settings.attestation.as_ref());
        let challenges = attestation.map(|attestation| {
            Challenges::new(sealer.clone(), &parts.identifier, attestation.challenge_lifetime)
        });
        let issuer = Self {
            authorization: AuthorizationServer::new(parts.authorization, challenges, parts.interactive),
            external: External::new(parts.external, parts.http),
            catalogue: RwLock::default(),
            display: parts.display,
            signers: parts.signers,
            metadata_signer: parts.metadata_signer,
            haip: parts.haip,
            token_nonces: nonces(Server::Authorization),
            resource_nonces: nonces(Server::Resource),
            seals: Seals::new(sealer, parts.random.clone(), &parts.identifier),
            identifier: parts.identifier,
            endpoints,
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
            claims_sources: parts.claims_sources,
            status: parts.status,
            events: parts.events,
            dids: parts.dids,
            contexts: parts.contexts,
            wallet_providers: parts.wallet_providers,
            encryption: parts.encryption,
            dialects: parts.dialects,
        };
        issuer.replace_configurations(parts.configurations)?;
        Ok(issuer)
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
        earlier_metadata: well_known::append(&base, WELL_KNOWN),
        earlier_server_metadata: well_known::append(&base, credenza_oauth::metadata::WELL_KNOWN),
        token: below("token"),
        pushed_authorization: below("par"),
        authorization: below("authorize"),
        authorization_challenge: below("authorize-challenge"),
        challenge: below("challenge"),
        nonce: below("nonce"),
        credential: below("credential"),
        deferred_credential: below("deferred_credential"),
        notification: below("notification"),
        offers: below("offers/"),
        types: below("vct/"),
    })
}

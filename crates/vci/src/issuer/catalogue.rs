//! What an issuer issues, and everything that is rendered from it. It is replaced as a whole, while the issuer works.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use credenza_crypto::Signer;
use serde::Serialize;

use super::builder::ConfigError;
use super::kind::Kind;
use super::signed_metadata::SignedMetadata;
use super::{CredentialConfiguration, Issuer, authorization, language, metadata, proof, type_document};
use crate::messages::metadata::MAX_CONFIGURATIONS;

/// One state of what is issued.
#[derive(Default)]
pub(super) struct Catalogue {
    pub(super) kinds: BTreeMap<String, Arc<Kind>>,
    pub(super) metadata: Arc<[u8]>,
    pub(super) metadata_for_dialects: Option<Arc<[u8]>>,
    pub(super) authorization_server_metadata: Arc<[u8]>,
    pub(super) signed_metadata: Option<SignedMetadata>,
    pub(super) type_documents: BTreeMap<String, Arc<[u8]>>,
}

/// The keys that sign credentials: one of the configuration, else of its format, else the one for all.
#[derive(Default)]
pub(super) struct Signers {
    pub(super) of_all: Option<Arc<dyn Signer>>,
    pub(super) of_format: BTreeMap<String, Arc<dyn Signer>>,
    pub(super) of_configuration: BTreeMap<String, Arc<dyn Signer>>,
}

impl Signers {
    pub(super) fn of(&self, configuration: &CredentialConfiguration) -> Option<&Arc<dyn Signer>> {
        let own = self.of_configuration.get(&configuration.id);
        own.or_else(|| self.of_format.get(configuration.format.name())).or(self.of_all.as_ref())
    }

    fn are_there(&self) -> bool {
        self.of_all.is_some() || !self.of_format.is_empty() || !self.of_configuration.is_empty()
    }
}

impl Issuer {
    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What it issues, by identifier.
    pub fn configurations(&self) -> impl Iterator<Item = Arc<CredentialConfiguration>> {
        let kinds =
            self.catalogue().kinds.values().map(|kind| kind.configuration.clone()).collect::<Vec<_>>();
        kinds.into_iter()
    }

    /// Has other credentials issued from now on: everything is checked and rendered first, and then replaced at once.
    /// Requests that are being answered end with what they have begun with. Sessions whose configuration is gone can
    /// issue it no more.
    ///
    /// # Errors
    /// See [`ConfigError`]; nothing has changed then.
    pub fn replace_configurations(
        &self,
        configurations: Vec<CredentialConfiguration>,
    ) -> Result<(), ConfigError> {
        let catalogue = Arc::new(self.catalogue_of(configurations)?);
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
        Ok(())
    }

    /// Whether these could be issued, all together.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn check_configurations(
        &self,
        configurations: Vec<CredentialConfiguration>,
    ) -> Result<(), ConfigError> {
        self.catalogue_of(configurations).map(drop)
    }

    fn catalogue_of(&self, configurations: Vec<CredentialConfiguration>) -> Result<Catalogue, ConfigError> {
        if self.haip {
            authorization::comply_types(&configurations, &self.signers)?;
            self.metadata_signer.as_deref().map_or(Ok(()), authorization::comply_metadata)?;
        }
        let type_documents = type_document::all(&configurations, &self.endpoints.types)?;
        let kinds = self.kinds(configurations)?;
        let issuer = metadata::issuer(self, &kinds);
        issuer.check().map_err(|error| ConfigError::Metadata(error.to_string()))?;
        language::check(&issuer)?;
        let signed_metadata = match &self.metadata_signer {
            Some(signer) => Some(SignedMetadata::new(Arc::clone(signer), &issuer, self.lifetimes.metadata)?),
            None => None,
        };
        Ok(Catalogue {
            metadata_for_dialects: self.dialects.metadata(&issuer).as_ref().map(rendered).transpose()?,
            metadata: rendered(&issuer)?,
            authorization_server_metadata: rendered(&metadata::authorization_server(self, &kinds))?,
            signed_metadata,
            type_documents,
            kinds,
        })
    }

    fn kinds(
        &self,
        configurations: Vec<CredentialConfiguration>,
    ) -> Result<BTreeMap<String, Arc<Kind>>, ConfigError> {
        if configurations.is_empty() {
            return Err(ConfigError::Missing("credential configuration"));
        }
        if configurations.len() > MAX_CONFIGURATIONS {
            return Err(ConfigError::Invalid("there are too many credential configurations"));
        }
        if !self.signers.are_there() {
            return Err(ConfigError::Missing("signer"));
        }
        let mut kinds = BTreeMap::new();
        for configuration in configurations {
            let id = configuration.id.clone();
            let bad = |reason: String| ConfigError::Configuration { id: id.clone(), reason };
            let signer = self.signers.of(&configuration).ok_or_else(|| {
                bad(format!(
                    "there is no key that signs credentials of the format {}",
                    configuration.format.name()
                ))
            })?;
            proof::check(&configuration, self.wallet_providers.is_some())
                .map_err(|reason| bad(reason.to_owned()))?;
            if let Some(source) = &configuration.claims_source
                && !self.claims_sources.contains_key(source)
            {
                return Err(bad(format!("there is no claims source \"{source}\"")));
            }
            let kind = Kind::new(configuration, Arc::clone(signer), &self.contexts)?;
            if kinds.insert(id.clone(), Arc::new(kind)).is_some() {
                return Err(ConfigError::Duplicate(id));
            }
        }
        Ok(kinds)
    }
}

fn rendered(value: &impl Serialize) -> Result<Arc<[u8]>, ConfigError> {
    serde_json::to_vec(value).map(Arc::from).map_err(|error| ConfigError::Metadata(error.to_string()))
}

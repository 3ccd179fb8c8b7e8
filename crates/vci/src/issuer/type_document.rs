//! Type metadata that the issuer publishes for its own types (SD-JWT VC §4).

use std::collections::BTreeMap;
use std::sync::Arc;

use credenza_core::{ClaimsPath, PathElement};
use credenza_formats::type_metadata::{Integrity, SelectiveDisclosure, TypeMetadata};
use serde_json::Value;
use url::Url;

use super::builder::ConfigError;
use super::kind::sd_jwt_vc;
use super::{CredentialConfiguration, Format};

/// A document as it is published: these bytes are what its integrity is made of.
pub(super) struct TypeDocument {
    pub(super) bytes: Arc<[u8]>,
    pub(super) integrity: String,
}

impl TypeDocument {
    /// The document of a configuration, if it has one. `vct` in it is what the credentials say.
    pub(super) fn of(configuration: &CredentialConfiguration) -> Result<Option<Self>, String> {
        let Some(described) = &configuration.type_metadata else { return Ok(None) };
        let Format::SdJwtVc { vct } = &configuration.format else {
            return Err(format!("type metadata has no meaning for {}", configuration.format.name()));
        };
        let mut document = described.clone();
        if document.get("vct").is_some_and(|other| other != vct.as_str()) {
            return Err("its type metadata is about another vct".to_owned());
        }
        document.shift_remove("vct");
        document.shift_insert(0, "vct".to_owned(), vct.as_str().into());
        let bytes = Value::Object(document).to_string().into_bytes();
        let metadata = TypeMetadata::parse(&bytes).map_err(|error| error.to_string())?;
        check_disclosure(&metadata, configuration)?;
        Ok(Some(Self { integrity: Integrity::of(&bytes).to_string(), bytes: bytes.into() }))
    }
}

/// What the document says of keeping claims back is what the configuration does (SD-JWT VC §4.6.4).
fn check_disclosure(metadata: &TypeMetadata, configuration: &CredentialConfiguration) -> Result<(), String> {
    let selective = configuration.disclosure.selective.as_deref();
    let concealed = |path: &ClaimsPath| match (selective, path.elements()) {
        (Some(paths), _) => paths.contains(path),
        (None, [PathElement::Key(name)]) => !sd_jwt_vc::RESERVED.contains(&name.as_str()),
        (None, _) => false,
    };
    for claim in metadata.claims.iter().flatten() {
        let (path, concealed) = (&claim.path, concealed(&claim.path));
        match claim.sd {
            Some(SelectiveDisclosure::Always) if !concealed => {
                return Err(format!("its type metadata says that {path} can be kept back, and it can't"));
            }
            Some(SelectiveDisclosure::Never) if concealed => {
                return Err(format!("its type metadata says that {path} can't be kept back, and it can"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// All documents, by the URL at which each is to be had: the `vct`, which lies below `types`.
pub(super) fn all(
    configurations: &[CredentialConfiguration],
    types: &Url,
) -> Result<BTreeMap<String, Arc<[u8]>>, ConfigError> {
    let mut all = BTreeMap::new();
    for configuration in configurations {
        let bad = |reason: String| ConfigError::Configuration { id: configuration.id.clone(), reason };
        let Some(document) = TypeDocument::of(configuration).map_err(bad)? else { continue };
        let vct = configuration.format.credential_type();
        // As wallets ask for it: a URL that is written in another way would not be found.
        let ours = Url::parse(vct).is_ok_and(|url| url.as_str() == vct && url.query().is_none());
        let name = vct.strip_prefix(types.as_str()).unwrap_or_default();
        if !ours || name.is_empty() || name.contains('#') {
            return Err(bad(format!("it has type metadata, so that its vct has to be a URL below {types}")));
        }
        if all
            .insert(vct.to_owned(), Arc::clone(&document.bytes))
            .is_some_and(|other| other != document.bytes)
        {
            return Err(bad("another configuration of its vct has other type metadata".to_owned()));
        }
    }
    Ok(all)
}

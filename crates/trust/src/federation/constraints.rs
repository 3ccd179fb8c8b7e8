//! What superiors demand of a chain (OpenID Federation 1.0 §6.2).

use serde::Deserialize;

use super::FederationError;
use super::statement::{Metadata, entity};

/// The entity type that is always allowed.
const FEDERATION_ENTITY: &str = "federation_entity";

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Constraints {
    max_path_length: Option<usize>,
    naming_constraints: Option<NamingConstraints>,
    allowed_entity_types: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
struct NamingConstraints {
    permitted: Option<Vec<String>>,
    excluded: Option<Vec<String>>,
}

impl Constraints {
    /// Checks the chain below who set the constraints: `intermediates` between it and the subject, and the identifiers
    /// of all entities below it.
    pub(super) fn check<'a>(
        &self,
        intermediates: usize,
        below: impl Iterator<Item = &'a str>,
    ) -> Result<(), FederationError> {
        if self.max_path_length.is_some_and(|allowed| intermediates > allowed) {
            return Err(FederationError::Constraint("more entities in the chain than allowed"));
        }
        let Some(naming) = &self.naming_constraints else { return Ok(()) };
        for identifier in below {
            let url = entity(identifier)?;
            let host = url.host_str().ok_or(FederationError::Identifier)?;
            let any = |names: &[String]| names.iter().any(|name| covers(name, host));
            if naming.excluded.as_deref().is_some_and(any)
                || naming.permitted.as_deref().is_some_and(|names| !any(names))
            {
                return Err(FederationError::Constraint("a name that is not allowed"));
            }
        }
        Ok(())
    }

    /// Removes the metadata of entity types that are not allowed (§6.2.3).
    pub(super) fn filter(&self, metadata: &mut Metadata) {
        if let Some(allowed) = &self.allowed_entity_types {
            metadata.retain(|kind, _| kind == FEDERATION_ENTITY || allowed.contains(kind));
        }
    }
}

/// A name with a dot in front covers the hosts below it, without one the host of that name (§6.2.2).
fn covers(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    if name.starts_with('.') { host.len() > name.len() && host.ends_with(&name) } else { host == name }
}

//! The rules that the parts of a query have to obey together (OID4VP 1.0 §6): for queries that are read and for those
//! that are built.

use std::collections::HashSet;

use super::error::{At, Problem, QueryError};
use super::query::{
    CredentialQuery, DcqlQuery, Format, MAX_CLAIM_SETS, MAX_CLAIMS, MAX_CREDENTIAL_SETS, MAX_CREDENTIALS,
    MAX_OPTIONS, MAX_VALUES, Meta,
};
use crate::path::as_mdoc;

impl DcqlQuery {
    pub(super) fn validate(&self) -> Result<(), QueryError> {
        let root = At::root();
        let at = root.member("credentials");
        within(&at, self.credentials().len(), MAX_CREDENTIALS)?;
        let mut ids = HashSet::new();
        for (index, credential) in self.credentials().iter().enumerate() {
            let at = at.item(index);
            identifier(&at.member("id"), &credential.id)?;
            if !ids.insert(credential.id.as_str()) {
                return Err(at.member("id").refuse(Problem::Repeated));
            }
            credential.validate(&at)?;
        }
        let at = root.member("credential_sets");
        if self.credential_sets().len() > MAX_CREDENTIAL_SETS {
            return Err(at.refuse(Problem::TooMany(MAX_CREDENTIAL_SETS)));
        }
        for (index, set) in self.credential_sets().iter().enumerate() {
            let at = at.item(index);
            let at = at.member("options");
            within(&at, set.options.len(), MAX_OPTIONS)?;
            for (index, option) in set.options.iter().enumerate() {
                references(&at.item(index), option, MAX_CREDENTIALS, &ids)?;
            }
        }
        Ok(())
    }
}

impl CredentialQuery {
    fn validate(&self, at: &At<'_>) -> Result<(), QueryError> {
        self.validate_meta(&at.member("meta"))?;
        let authorities = at.member("trusted_authorities");
        if self.trusted_authorities.len() > MAX_VALUES {
            return Err(authorities.refuse(Problem::TooMany(MAX_VALUES)));
        }
        for (index, authority) in self.trusted_authorities.iter().enumerate() {
            within(&authorities.item(index).member("values"), authority.values.len(), MAX_VALUES)?;
        }
        let ids = self.validate_claims(&at.member("claims"))?;
        let sets = at.member("claim_sets");
        match self.claim_sets.len() {
            0 => return Ok(()),
            1..=MAX_CLAIM_SETS => {}
            _ => return Err(sets.refuse(Problem::TooMany(MAX_CLAIM_SETS))),
        }
        if self.claims.is_empty() {
            return Err(sets.refuse(Problem::SetsWithoutClaims));
        }
        if let Some(index) = self.claims.iter().position(|claim| claim.id.is_none()) {
            return Err(at.member("claims").item(index).member("id").refuse(Problem::Missing));
        }
        for (index, set) in self.claim_sets.iter().enumerate() {
            references(&sets.item(index), set, MAX_CLAIMS, &ids)?;
        }
        Ok(())
    }

    fn validate_meta(&self, at: &At<'_>) -> Result<(), QueryError> {
        match (&self.format, &self.meta) {
            (Format::SdJwtVc, Meta::SdJwtVc { vct_values }) => texts(&at.member("vct_values"), vct_values),
            (Format::Mdoc, Meta::Mdoc { doctype_value }) => text(&at.member("doctype_value"), doctype_value),
            (format, Meta::W3c { type_values }) if format.is_w3c() => {
                let at = at.member("type_values");
                within(&at, type_values.len(), MAX_VALUES)?;
                type_values.iter().enumerate().try_for_each(|(index, types)| texts(&at.item(index), types))
            }
            (Format::Other(_), Meta::Other(_)) => Ok(()),
            _ => Err(at.refuse(Problem::OtherFormat)),
        }
    }

    fn validate_claims(&self, at: &At<'_>) -> Result<HashSet<&str>, QueryError> {
        if self.claims.len() > MAX_CLAIMS {
            return Err(at.refuse(Problem::TooMany(MAX_CLAIMS)));
        }
        let mut ids = HashSet::new();
        for (index, claim) in self.claims.iter().enumerate() {
            let at = at.item(index);
            if let Some(id) = &claim.id {
                identifier(&at.member("id"), id)?;
                if !ids.insert(id.as_str()) {
                    return Err(at.member("id").refuse(Problem::Repeated));
                }
            }
            if self.format == Format::Mdoc && as_mdoc(&claim.path).is_none() {
                return Err(at.member("path").refuse(Problem::MdocPath));
            }
            if claim.values.len() > MAX_VALUES {
                return Err(at.member("values").refuse(Problem::TooMany(MAX_VALUES)));
            }
        }
        Ok(ids)
    }
}

/// A list that has to have elements, and not too many.
pub(super) fn within(at: &At<'_>, len: usize, most: usize) -> Result<(), QueryError> {
    match len {
        0 => Err(at.refuse(Problem::Empty)),
        len if len > most => Err(at.refuse(Problem::TooMany(most))),
        _ => Ok(()),
    }
}

fn text(at: &At<'_>, text: &str) -> Result<(), QueryError> {
    if text.is_empty() { Err(at.refuse(Problem::Empty)) } else { Ok(()) }
}

fn texts(at: &At<'_>, list: &[String]) -> Result<(), QueryError> {
    within(at, list.len(), MAX_VALUES)?;
    list.iter().enumerate().try_for_each(|(index, one)| text(&at.item(index), one))
}

fn identifier(at: &At<'_>, id: &str) -> Result<(), QueryError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !id.is_empty() && id.bytes().all(allowed) { Ok(()) } else { Err(at.refuse(Problem::Identifier)) }
}

fn references(at: &At<'_>, list: &[String], most: usize, known: &HashSet<&str>) -> Result<(), QueryError> {
    within(at, list.len(), most)?;
    match list.iter().position(|id| !known.contains(id.as_str())) {
        Some(index) => Err(at.item(index).refuse(Problem::UnknownReference)),
        None => Ok(()),
    }
}

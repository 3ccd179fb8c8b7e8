//! A credential as a query sees it: what a wallet holds, or what a verifier was presented.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use credenza_core::b64;
use serde_json::Value;

use super::query::{CredentialQuery, Format, Meta};

/// A credential that may answer a credential query.
///
/// A wallet makes one for each credential it holds (for a batch of equal copies, one for all of them); a verifier for
/// each verified presentation.
#[derive(Clone)]
pub struct Candidate<'a> {
    /// The format identifier: `dc+sd-jwt`, `mso_mdoc`, `jwt_vc_json`, `ldp_vc`.
    pub format: &'a str,
    /// What the credential is: for an SD-JWT VC its `vct` and the types that this one extends; for an mdoc its document
    /// type; for a W3C credential its types, fully expanded.
    pub types: Vec<&'a str>,
    /// The claims, as one JSON object: the processed payload of an SD-JWT, the W3C credential, or for an mdoc an object
    /// of namespaces with an object of data elements each, converted to JSON as RFC 8949 §6.1 advises.
    pub claims: &'a Value,
    /// In a wallet: whether a proof of the holder's key can be made. At a verifier: whether one was verified.
    pub holder_binding: bool,
    /// What is known about the issuer, for `trusted_authorities`.
    pub authorities: Authorities<'a>,
}

/// Evidence for the trusted authorities of a query (OID4VP 1.0 §6.1.1).
#[derive(Debug, Clone, Default)]
pub struct Authorities<'a> {
    /// The key identifiers in the authority key identifiers of the certificates in the credential's chain, raw.
    pub aki: Vec<&'a [u8]>,
    /// Other kinds, each as type and value (`etsi_tl`, `openid_federation`), and only after the caller has made sure of
    /// them by its own list or trust chain: nothing is fetched because a query names it (§15.10).
    pub others: Vec<(&'a str, &'a str)>,
}

/// Claims are personal data: they are not shown.
impl fmt::Debug for Candidate<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Candidate")
            .field("format", &self.format)
            .field("types", &self.types)
            .field("holder_binding", &self.holder_binding)
            .finish_non_exhaustive()
    }
}

/// A candidate, made ready for many lookups.
pub(super) struct Prepared<'a> {
    pub(super) format: Format,
    pub(super) claims: &'a Value,
    pub(super) holder_binding: bool,
    types: Types<'a>,
    authorities: HashSet<(&'a str, Cow<'a, str>)>,
}

/// Few types are looked through faster than they are hashed; many must not be looked through for each one that is asked
/// for.
enum Types<'a> {
    Few(Vec<&'a str>),
    Many(HashSet<&'a str>),
}

impl<'a> Types<'a> {
    const FEW: usize = 8;

    fn new(types: &[&'a str]) -> Self {
        if types.len() <= Self::FEW {
            Self::Few(types.to_vec())
        } else {
            Self::Many(types.iter().copied().collect())
        }
    }

    fn contains(&self, name: &str) -> bool {
        match self {
            Self::Few(types) => types.contains(&name),
            Self::Many(types) => types.contains(name),
        }
    }
}

impl<'a> Prepared<'a> {
    /// `with_authorities`: whether a query asks for some.
    pub(super) fn new(candidate: &Candidate<'a>, with_authorities: bool) -> Self {
        let mut authorities = HashSet::new();
        if with_authorities {
            let aki = candidate.authorities.aki.iter().map(|id| ("aki", Cow::Owned(b64::encode(id))));
            // Key identifiers are evidence of their own: a text that claims to be one is none.
            let others = candidate.authorities.others.iter().filter(|(kind, _)| *kind != "aki");
            authorities.extend(aki);
            authorities.extend(others.map(|(kind, value)| (*kind, Cow::Borrowed(*value))));
        }
        Self {
            format: Format::new(candidate.format),
            claims: candidate.claims,
            holder_binding: candidate.holder_binding,
            types: Types::new(&candidate.types),
            authorities,
        }
    }

    /// A format that is not known here never fits: nobody can tell what its query means.
    pub(super) fn fits_format(&self, query: &CredentialQuery) -> bool {
        query.format.accepts(&self.format)
    }

    pub(super) fn fits_type(&self, query: &CredentialQuery) -> bool {
        match &query.meta {
            Meta::SdJwtVc { vct_values } => vct_values.iter().any(|vct| self.types.contains(vct)),
            Meta::Mdoc { doctype_value } => self.types.contains(doctype_value),
            Meta::W3c { type_values } => {
                type_values.iter().any(|types| types.iter().all(|one| self.types.contains(one)))
            }
            Meta::Any {} => true,
            Meta::Other(_) => false,
        }
    }

    pub(super) fn fits_holder_binding(&self, query: &CredentialQuery) -> bool {
        self.holder_binding || !query.require_cryptographic_holder_binding
    }

    pub(super) fn fits_authorities(&self, query: &CredentialQuery) -> bool {
        query.trusted_authorities.is_empty()
            || query.trusted_authorities.iter().any(|authority| {
                let known = |value: &String| {
                    self.authorities.contains(&(authority.kind.as_str(), Cow::Borrowed(value.as_str())))
                };
                authority.values.iter().any(known)
            })
    }
}

/// The combinations of claims that answer a credential query, as positions in its `claims`, the favourite first.
pub(super) struct Plan {
    options: Vec<Vec<usize>>,
    sets: bool,
}

impl Plan {
    pub(super) fn new(query: &CredentialQuery) -> Self {
        // A claim that is asked for twice counts once (§6.1).
        let distinct = |positions: &mut dyn Iterator<Item = usize>| {
            let mut seen = HashSet::new();
            positions
                .filter(|position| query.claims.get(*position).is_some_and(|claim| seen.insert(&claim.path)))
                .collect::<Vec<_>>()
        };
        if query.claim_sets.is_empty() {
            return Self { options: vec![distinct(&mut (0..query.claims.len()))], sets: false };
        }
        let ids: HashMap<&str, usize> = query
            .claims
            .iter()
            .enumerate()
            .filter_map(|(position, claim)| Some((claim.id.as_deref()?, position)))
            .collect();
        let option =
            |set: &Vec<String>| distinct(&mut set.iter().filter_map(|id| ids.get(id.as_str()).copied()));
        Self { options: query.claim_sets.iter().map(option).collect(), sets: true }
    }

    /// The first combination all of whose claims satisfy `holds`.
    pub(super) fn first(&self, mut holds: impl FnMut(usize) -> bool) -> Option<(usize, &[usize])> {
        let (option, claims) =
            self.options.iter().enumerate().find(|(_, claims)| claims.iter().all(|claim| holds(*claim)))?;
        Some((option, claims))
    }

    /// The combination of which the fewest claims fail `holds`, and those that do.
    pub(super) fn closest(&self, mut holds: impl FnMut(usize) -> bool) -> Vec<usize> {
        self.options
            .iter()
            .map(|claims| claims.iter().copied().filter(|claim| !holds(*claim)).collect::<Vec<_>>())
            .min_by_key(Vec::len)
            .unwrap_or_default()
    }

    /// The number of the claim set of an option: none when the query has no claim sets.
    pub(super) fn claim_set(&self, option: usize) -> Option<usize> {
        self.sets.then_some(option)
    }
}

//! One kind of credential as the issuer has prepared it: header, concealment and metadata are made once.

mod mdoc;
pub(super) mod sd_jwt_vc;
mod w3c;

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, ClaimsPath, PathElement, Random, UnixTime};
use credenza_crypto::{Algorithm, Jwk, SignError, Signer};
use credenza_formats::sd_jwt::Concealment;
use credenza_formats::w3c::data_integrity::Contexts;
use serde_json::{Map, Value};

use super::builder::ConfigError;
use super::configuration::{CredentialConfiguration, Disclosure};
use super::format::Format;
use crate::messages::claims_description;
use crate::messages::metadata::AlgorithmId;

pub(super) struct Kind {
    pub(super) configuration: Arc<CredentialConfiguration>,
    signer: Arc<dyn Signer>,
    mandatory: Vec<Mandatory>,
    recipe: Recipe,
}

/// How credentials of a format are made.
enum Recipe {
    SdJwtVc(sd_jwt_vc::SdJwtVc),
    Mdoc(mdoc::Mdoc),
    W3c(Box<w3c::W3c>),
}

/// The claims of a credential, completed with what the issuer says: all copies are made of it.
pub(super) struct Draft {
    claims: Map<String, Value>,
    validity: Validity,
    /// Whether the subject of a W3C credential is whoever has the key that it is bound to.
    about_holder: bool,
    /// What is selectively disclosable, where that depends on the claims.
    concealment: Option<Concealment>,
}

impl Draft {
    fn new(claims: Map<String, Value>, validity: Validity) -> Self {
        Self { claims, validity, about_holder: false, concealment: None }
    }
}

/// What one copy has of its own.
#[derive(Default)]
pub(super) struct Particulars<'a> {
    pub(super) status: Option<Value>,
    pub(super) holder: Option<Holder<'a>>,
}

/// To whom a copy is bound.
#[derive(Clone, Copy)]
pub(super) struct Holder<'a> {
    pub(super) key: &'a Jwk,
    /// The DID by which the proof has named the key.
    pub(super) did: Option<&'a str>,
}

/// Why a credential was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unissued {
    /// The signer can't sign: it may be back in a moment.
    #[error("{0}")]
    Signer(String),
    /// The claims do not fit the format; they will not do so later either. No personal data.
    #[error("{0}")]
    Unfit(String),
}

/// A claim that must be there: a member, and what it must have inside.
struct Mandatory {
    path: ClaimsPath,
    member: String,
    inside: Option<ClaimsPath>,
}

impl Mandatory {
    fn new(path: &ClaimsPath) -> Option<Self> {
        let (first, inside) = path.elements().split_first()?;
        let PathElement::Key(member) = first else { return None };
        let inside = ClaimsPath::new(inside.to_vec()).ok();
        Some(Self { path: path.clone(), member: member.clone(), inside })
    }

    fn is_in(&self, claims: &Map<String, Value>) -> bool {
        let inside = |value| self.inside.as_ref().is_none_or(|path| path.select(value).is_ok());
        claims.get(&self.member).is_some_and(inside)
    }
}

fn is_scope_token(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'))
}

pub(super) enum ClaimsProblem {
    Missing(String),
    Reserved(&'static str),
}

/// Stands in for a signer, to find out whether a credential can be made without making one.
struct Rehearsal<'a>(&'a dyn Signer);

impl Signer for Rehearsal<'_> {
    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }

    fn public_jwk(&self) -> &Jwk {
        self.0.public_jwk()
    }

    fn x5c(&self) -> &[Vec<u8>] {
        self.0.x5c()
    }

    fn sign<'a>(&'a self, _: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        Answer::ready(Ok(Vec::new()))
    }
}

/// When a credential was issued, and until when it is valid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validity {
    pub(super) issued: UnixTime,
    pub(super) expires: UnixTime,
}

impl Kind {
    pub(super) fn new(
        configuration: CredentialConfiguration,
        signer: Arc<dyn Signer>,
        contexts: &Contexts,
    ) -> Result<Self, ConfigError> {
        let bad = |reason: String| ConfigError::Configuration { id: configuration.id.clone(), reason };
        check(&configuration).map_err(|reason| bad(reason.to_owned()))?;
        claims_description::check(&configuration.claims).map_err(|conflict| bad(conflict.to_string()))?;
        let recipe = Recipe::new(&configuration, &*signer, contexts).map_err(bad)?;
        let paths = configuration.claims.iter().filter(|claim| claim.mandatory).map(|claim| &claim.path);
        let mandatory = paths
            .map(|path| Mandatory::new(path).ok_or_else(|| bad(format!("{path} is not a path into claims"))))
            .collect::<Result<_, _>>()?;
        Ok(Self { configuration: Arc::new(configuration), signer, mandatory, recipe })
    }

    /// Whether a credential can be made of these claims.
    pub(super) fn check(&self, claims: &Map<String, Value>) -> Result<(), ClaimsProblem> {
        let reserved: &[&'static str] = match &self.recipe {
            Recipe::SdJwtVc(_) => sd_jwt_vc::RESERVED,
            Recipe::W3c(_) => w3c::RESERVED,
            Recipe::Mdoc(_) => &[],
        };
        if let Some(name) = reserved.iter().find(|name| claims.contains_key(**name)) {
            return Err(ClaimsProblem::Reserved(name));
        }
        match self.mandatory.iter().find(|claim| !claim.is_in(claims)) {
            Some(claim) => Err(ClaimsProblem::Missing(claim.path.to_string())),
            None => Ok(()),
        }
    }

    /// When a credential that is made now begins and ends: rounded, so that copies and people can't be linked by it.
    pub(super) fn validity(&self, now: UnixTime, rounding: Duration) -> Validity {
        let step = i64::try_from(rounding.as_secs()).unwrap_or(1).max(1);
        let issued = UnixTime::from_secs(now.as_secs() - now.as_secs() % step);
        Validity { issued, expires: issued + self.configuration.validity }
    }

    /// Completes claims with what the issuer says.
    pub(super) fn draft(
        &self,
        issuer: &str,
        claims: Map<String, Value>,
        validity: Validity,
    ) -> Result<Draft, Unissued> {
        match &self.recipe {
            Recipe::SdJwtVc(recipe) => Ok(recipe.draft(issuer, claims, validity)),
            Recipe::Mdoc(_) => Ok(Draft::new(claims, validity)),
            Recipe::W3c(recipe) => recipe.draft(issuer, claims, validity),
        }
    }

    /// Signs one copy. Each copy takes the place of the one before in the draft.
    pub(super) async fn issue(
        &self,
        draft: &mut Draft,
        copy: Particulars<'_>,
        random: &dyn Random,
    ) -> Result<Value, Unissued> {
        self.issue_by(&*self.signer, draft, copy, random).await
    }

    /// Finds out whether a credential can be made of these claims, by everything but a signature.
    pub(super) async fn rehearse(
        &self,
        issuer: &str,
        claims: Map<String, Value>,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<(), Unissued> {
        let mut draft = self.draft(issuer, claims, self.validity(now, Duration::ZERO))?;
        // Some key of the holder's, of which nothing is known yet.
        let holder = Holder { key: self.signer.public_jwk(), did: None };
        let holder = Some(holder).filter(|_| !self.configuration.proof_algorithms.is_empty());
        let copy = Particulars { status: None, holder };
        self.issue_by(&Rehearsal(&*self.signer), &mut draft, copy, random).await.map(drop)
    }

    async fn issue_by(
        &self,
        signer: &dyn Signer,
        draft: &mut Draft,
        copy: Particulars<'_>,
        random: &dyn Random,
    ) -> Result<Value, Unissued> {
        match &self.recipe {
            Recipe::SdJwtVc(recipe) => recipe.issue(signer, draft, copy, random).await,
            Recipe::Mdoc(recipe) => recipe.issue(signer, draft, copy, random).await,
            Recipe::W3c(recipe) => recipe.issue(signer, draft, copy, random).await,
        }
    }

    /// `credential_signing_alg_values_supported`: names of JOSE, numbers of COSE (§A.2.2), or the cryptosuite
    /// (§A.1.2.2).
    pub(super) fn signing_algorithms(&self) -> Vec<AlgorithmId> {
        let algorithm = self.signer.algorithm();
        match &self.recipe {
            Recipe::Mdoc(_) => {
                let mut numbers = vec![algorithm.cose(), algorithm.cose_fully_specified()];
                numbers.dedup();
                numbers.into_iter().map(AlgorithmId::Number).collect()
            }
            Recipe::W3c(recipe) => vec![match recipe.cryptosuite() {
                Some(suite) => AlgorithmId::Name(suite.name().to_owned()),
                None => algorithm.into(),
            }],
            Recipe::SdJwtVc(_) => vec![algorithm.into()],
        }
    }

    /// `cryptographic_binding_methods_supported`: what the key of the holder looks like in the credential.
    pub(super) fn binding_methods(&self) -> Vec<String> {
        let methods: &[&str] = match &self.recipe {
            _ if self.configuration.proof_algorithms.is_empty() => &[],
            Recipe::SdJwtVc(_) => &["jwk"],
            Recipe::Mdoc(_) => &["cose_key"],
            // An embedded proof has no place for a key but the DID of the subject.
            Recipe::W3c(recipe) if recipe.cryptosuite().is_some() => &["did:jwk", "did:key"],
            Recipe::W3c(_) => &["jwk", "did:jwk", "did:key"],
        };
        methods.iter().map(|method| (*method).to_owned()).collect()
    }
}

impl Recipe {
    fn new(
        configuration: &CredentialConfiguration,
        signer: &dyn Signer,
        contexts: &Contexts,
    ) -> Result<Self, String> {
        let selective = matches!(configuration.format, Format::SdJwtVc { .. } | Format::VcSdJwt { .. });
        if !selective && configuration.disclosure != Disclosure::default() {
            return Err(format!("disclosure has no meaning for {}", configuration.format.name()));
        }
        match &configuration.format {
            Format::SdJwtVc { vct } => sd_jwt_vc::SdJwtVc::new(vct, configuration, signer).map(Self::SdJwtVc),
            Format::Mdoc { doctype, element_types } => {
                mdoc::Mdoc::new(doctype, element_types, configuration, signer).map(Self::Mdoc)
            }
            Format::JwtVcJson { credential_definition }
            | Format::JwtVcJsonLd { credential_definition }
            | Format::LdpVc { credential_definition, .. }
            | Format::VcJwt { credential_definition }
            | Format::VcSdJwt { credential_definition } => {
                let recipe = w3c::W3c::new(credential_definition, configuration, signer, contexts)?;
                Ok(Self::W3c(Box::new(recipe)))
            }
        }
    }
}

/// What must hold in every format.
fn check(configuration: &CredentialConfiguration) -> Result<(), &'static str> {
    if configuration.id.is_empty() || configuration.id.len() > 128 {
        return Err("its identifier must have 1 to 128 characters");
    }
    if configuration.format.credential_type().is_empty() {
        return Err("its type is empty");
    }
    if configuration.validity < Duration::from_secs(60) {
        return Err("it must be valid for a minute at least");
    }
    if !configuration.scope.as_deref().is_none_or(is_scope_token) {
        return Err("its scope is not one scope token (RFC 6749 §3.3)");
    }
    if configuration.batch_size == Some(0) {
        return Err("its batch size is zero");
    }
    Ok(())
}

//! One kind of credential as the issuer has prepared it: header, concealment and metadata are made once.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, ClaimsPath, PathElement, Random, UnixTime};
use credenza_crypto::{Algorithm, IdentifiedBy, Jwk, SignError, Signer, SigningHeader};
use credenza_formats::sd_jwt::{self, Concealment, Decoys, Issuance, IssueError, Profile};
use serde_json::{Map, Value};

use super::builder::ConfigError;
use super::configuration::{CredentialConfiguration, Format};
use crate::messages::claims_description;

/// Claims that the issuer sets itself.
const RESERVED: [&str; 10] = ["iss", "iat", "nbf", "exp", "vct", "cnf", "status", "_sd", "_sd_alg", "..."];

pub(super) struct Kind {
    pub(super) configuration: CredentialConfiguration,
    pub(super) signer: Arc<dyn Signer>,
    mandatory: Vec<Mandatory>,
    header: SigningHeader,
    concealment: Concealment,
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

/// Whether a path leads to claims of the holder's, and not to what decides on validity.
fn may_be_concealed(path: &ClaimsPath) -> bool {
    match path.elements().first() {
        Some(PathElement::Key(name)) => !RESERVED.contains(&name.as_str()),
        _ => false,
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
    ) -> Result<Self, ConfigError> {
        let bad = |reason: String| ConfigError::Configuration { id: configuration.id.clone(), reason };
        if configuration.id.is_empty() || configuration.id.len() > 128 {
            return Err(bad("its identifier must have 1 to 128 characters".to_owned()));
        }
        if configuration.format.credential_type().is_empty() {
            return Err(bad("its type is empty".to_owned()));
        }
        if configuration.validity < Duration::from_secs(60) {
            return Err(bad("it must be valid for a minute at least".to_owned()));
        }
        if !configuration.scope.as_deref().is_none_or(is_scope_token) {
            return Err(bad("its scope is not one scope token (RFC 6749 §3.3)".to_owned()));
        }
        if configuration.batch_size == Some(0) {
            return Err(bad("its batch size is zero".to_owned()));
        }
        claims_description::check(&configuration.claims).map_err(|conflict| bad(conflict.to_string()))?;
        let selective = configuration.disclosure.selective.as_deref().unwrap_or_default();
        if let Some(path) = selective.iter().find(|path| !may_be_concealed(path)) {
            return Err(bad(format!("{path} can't be selectively disclosable")));
        }
        let concealment = match &configuration.disclosure.selective {
            None => Concealment::everything_but(&["iat"]),
            Some(paths) => Concealment::at(paths),
        };
        let concealment = match configuration.disclosure.decoys {
            0 => concealment,
            decoys => concealment.with_decoys(Decoys::Add(decoys)),
        };
        let identified_by = if signer.x5c().is_empty() { IdentifiedBy::Kid } else { IdentifiedBy::X5c };
        let header = match &configuration.format {
            Format::SdJwtVc { .. } => sd_jwt::header(&*signer, identified_by),
        };
        let paths = configuration.claims.iter().filter(|claim| claim.mandatory).map(|claim| &claim.path);
        let mandatory = paths
            .map(|path| Mandatory::new(path).ok_or_else(|| bad(format!("{path} is not a path into claims"))))
            .collect::<Result<_, _>>()?;
        Ok(Self { configuration, signer, mandatory, header, concealment })
    }

    /// Whether a credential can be made of these claims.
    pub(super) fn check(&self, claims: &Map<String, Value>) -> Result<(), ClaimsProblem> {
        if let Some(name) = RESERVED.iter().find(|name| claims.contains_key(**name)) {
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
    pub(super) fn complete(
        &self,
        issuer: &str,
        claims: Map<String, Value>,
        validity: Validity,
    ) -> Map<String, Value> {
        let mut all = Map::with_capacity(claims.len() + 6);
        all.insert("iss".to_owned(), issuer.into());
        all.insert("iat".to_owned(), validity.issued.as_secs().into());
        all.insert("exp".to_owned(), validity.expires.as_secs().into());
        match &self.configuration.format {
            Format::SdJwtVc { vct } => all.insert("vct".to_owned(), vct.as_str().into()),
        };
        all.extend(claims);
        all
    }

    /// Signs one copy.
    pub(super) async fn issue(
        &self,
        claims: &Map<String, Value>,
        holder: Option<&Jwk>,
        random: &dyn Random,
    ) -> Result<Value, IssueError> {
        self.issue_by(&*self.signer, claims, holder, random).await
    }

    /// Finds out whether a credential can be made of these claims, by everything but a signature.
    pub(super) async fn rehearse(
        &self,
        issuer: &str,
        claims: Map<String, Value>,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<(), IssueError> {
        let claims = self.complete(issuer, claims, self.validity(now, Duration::ZERO));
        self.issue_by(&Rehearsal(&*self.signer), &claims, None, random).await.map(drop)
    }

    async fn issue_by(
        &self,
        signer: &dyn Signer,
        claims: &Map<String, Value>,
        holder: Option<&Jwk>,
        random: &dyn Random,
    ) -> Result<Value, IssueError> {
        match &self.configuration.format {
            Format::SdJwtVc { .. } => {
                let issuance = Issuance {
                    header: &self.header,
                    claims,
                    concealment: &self.concealment,
                    holder,
                    profile: Profile::Credential,
                };
                sd_jwt::issue(signer, &issuance, random).await.map(Value::String)
            }
        }
    }
}

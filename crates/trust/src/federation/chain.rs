//! Resolution of an entity: chains of statements from its own up to a trust anchor (OpenID Federation 1.0 §10).

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Http, Limits, UnixTime, well_known};
use credenza_crypto::JwkSet;
use http::{Request, StatusCode};
use serde_json::Value;

use super::FederationError;
use super::policy::Policy;
use super::statement::{Metadata, Statement, entity};

/// What is fetched for one statement: 128 KiB, no redirects, five seconds.
pub const FEDERATION_LIMITS: Limits = Limits { body: 128 * 1024, redirects: 0, time: Duration::from_secs(5) };

/// No chain has more superiors, the trust anchor included.
pub const MAX_DEPTH: usize = 5;

/// No resolution of one entity takes more fetches.
pub const MAX_FETCHES: usize = 24;

/// How many superiors of one entity are looked at.
const MAX_HINTS: usize = 8;

/// Resolves entities under trust anchors whose keys are known.
#[derive(Clone)]
pub struct Federation {
    http: Arc<dyn Http>,
    pub(super) anchors: HashMap<String, JwkSet>,
    limits: Limits,
}

/// An entity, as its superiors let it be.
#[derive(Debug, Clone)]
pub struct ResolvedEntity {
    /// Its identifier.
    pub entity: String,
    /// The anchor that its chain leads to.
    pub trust_anchor: String,
    /// The superiors between it and the anchor, from below.
    pub intermediates: Vec<String>,
    /// Its metadata by entity type, after the policies.
    pub metadata: Metadata,
    /// When the first statement of the chain expires.
    pub expires_at: UnixTime,
}

/// A chain that has not reached an anchor yet.
struct Partial {
    /// What superiors say, from below.
    statements: Vec<Statement>,
    /// What the uppermost says about itself.
    top: Statement,
}

/// What one resolution has fetched.
struct Visit<'a> {
    federation: &'a Federation,
    configurations: HashMap<String, Statement>,
    fetches: usize,
    now: UnixTime,
}

impl Federation {
    /// A federation without anchors: nobody is in it.
    #[must_use]
    pub fn new(http: Arc<dyn Http>) -> Self {
        Self { http, anchors: HashMap::new(), limits: FEDERATION_LIMITS }
    }

    /// With a trust anchor more: its identifier, and its keys, which are known by other means.
    #[must_use]
    pub fn anchor(mut self, entity: impl Into<String>, keys: JwkSet) -> Self {
        self.anchors.insert(entity.into(), keys);
        self
    }

    /// Resolves an entity by the shortest chain that holds.
    ///
    /// # Errors
    /// See [`FederationError`]; of several chains that do not hold, the last one's reason.
    pub async fn resolve(&self, identifier: &str, now: UnixTime) -> Result<ResolvedEntity, FederationError> {
        let mut visit = Visit { federation: self, configurations: HashMap::new(), fetches: 0, now };
        let subject = visit.configuration(identifier).await?;
        let mut open = VecDeque::from([Partial { statements: Vec::new(), top: subject.clone() }]);
        let mut reason = FederationError::NoChain;
        while let Some(partial) = open.pop_front() {
            if partial.statements.len() >= MAX_DEPTH {
                continue;
            }
            for hint in partial.top.authority_hints.iter().take(MAX_HINTS) {
                let met = partial.statements.iter().any(|statement| statement.subject == *hint);
                if met || partial.top.subject == *hint {
                    continue;
                }
                match visit.climb(&partial, hint).await {
                    Err(error @ FederationError::TooManyFetches(_)) => return Err(error),
                    Err(error) => reason = error,
                    Ok(longer) if self.anchors.contains_key(hint) => {
                        match conclude(&subject, &longer.statements, hint, Some(&longer.top)) {
                            Ok(resolved) => return Ok(resolved),
                            Err(error) => reason = error,
                        }
                    }
                    Ok(longer) => open.push_back(longer),
                }
            }
        }
        Err(reason)
    }
}

impl Visit<'_> {
    /// One step up: what the superior says about the top of the chain, and about itself.
    async fn climb(&mut self, partial: &Partial, hint: &str) -> Result<Partial, FederationError> {
        let superior = self.configuration(hint).await?;
        let mut url = superior
            .fetch_endpoint()
            .ok_or(FederationError::Statement("the superior has no fetch endpoint"))?;
        url.query_pairs_mut().append_pair("sub", &partial.top.subject);
        let statement = Statement::parse(&self.get(url.as_str()).await?, self.now)?;
        if statement.issuer != hint || statement.subject != partial.top.subject {
            return Err(FederationError::Statement("it is another's, or about another"));
        }
        // An anchor's own word about its keys adds nothing to those that are known.
        statement.verify(self.federation.anchors.get(hint).unwrap_or(&superior.keys))?;
        // What stands below was signed with keys that this superior vouches for.
        partial.top.verify(&statement.keys)?;
        if let Some(below) = partial.statements.last() {
            below.verify(&statement.keys)?;
        }
        let mut statements = partial.statements.clone();
        statements.push(statement);
        Ok(Partial { statements, top: superior })
    }

    /// What an entity says about itself.
    async fn configuration(&mut self, identifier: &str) -> Result<Statement, FederationError> {
        if let Some(known) = self.configurations.get(identifier) {
            return Ok(known.clone());
        }
        let url = well_known::append(&entity(identifier)?, "openid-federation");
        let statement = Statement::parse(&self.get(url.as_str()).await?, self.now)?;
        if statement.issuer != identifier || statement.subject != identifier {
            return Err(FederationError::Statement("it is another entity's"));
        }
        statement.verify(self.federation.anchors.get(identifier).unwrap_or(&statement.keys))?;
        self.configurations.insert(identifier.to_owned(), statement.clone());
        Ok(statement)
    }

    async fn get(&mut self, url: &str) -> Result<String, FederationError> {
        if self.fetches >= MAX_FETCHES {
            return Err(FederationError::TooManyFetches(MAX_FETCHES));
        }
        self.fetches += 1;
        let request = Request::get(url).body(Vec::new()).map_err(|_| FederationError::Identifier)?;
        let response = self.federation.http.send(request, self.federation.limits).await?;
        if response.status() != StatusCode::OK {
            return Err(FederationError::Status(response.status().as_u16()));
        }
        String::from_utf8(response.into_body()).map_err(|_| FederationError::Statement("not text"))
    }
}

/// Applies what the superiors of a whole chain demand: constraints, metadata of the next superior, policies.
pub(super) fn conclude(
    subject: &Statement,
    statements: &[Statement],
    anchor: &str,
    top: Option<&Statement>,
) -> Result<ResolvedEntity, FederationError> {
    for (intermediates, statement) in statements.iter().enumerate() {
        let below = statements.iter().take(intermediates + 1).map(|statement| statement.subject.as_str());
        statement.constraints.check(intermediates, below)?;
    }
    let mut metadata = subject.metadata.clone();
    if let Some(next) = statements.first() {
        overlay(&mut metadata, &next.metadata);
    }
    let mut policy = Policy::default();
    for statement in statements.iter().rev() {
        statement.constraints.filter(&mut metadata);
        policy.merge(&statement.policy)?;
    }
    policy.apply(&mut metadata)?;
    let all = || std::iter::once(subject).chain(statements).chain(top);
    Ok(ResolvedEntity {
        entity: subject.subject.clone(),
        trust_anchor: anchor.to_owned(),
        intermediates: statements.iter().skip(1).map(|statement| statement.subject.clone()).collect(),
        metadata,
        expires_at: all().map(|statement| statement.expires_at).min().unwrap_or(subject.expires_at),
    })
}

/// What the next superior says about its subordinate's metadata goes before what that says itself (§3.1.1).
fn overlay(metadata: &mut Metadata, superior: &Metadata) {
    for (kind, parameters) in superior {
        let (Some(Value::Object(own)), Value::Object(parameters)) = (metadata.get_mut(kind), parameters)
        else {
            continue;
        };
        own.extend(parameters.clone());
    }
}

impl fmt::Debug for Federation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Federation({} anchors)", self.anchors.len())
    }
}

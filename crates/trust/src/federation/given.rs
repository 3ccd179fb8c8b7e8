//! Statements that somebody brings, instead of fetching them: by themselves, and as a whole trust chain
//! (OpenID Federation 1.0 §3, §4).

use credenza_core::UnixTime;
use credenza_crypto::JwkSet;

use super::chain::{MAX_DEPTH, conclude};
use super::statement::Statement;
use super::{Federation, FederationError, ResolvedEntity};

/// An entity statement that is well-formed and valid now. Whose it is, [`verify_by`](Self::verify_by) says.
#[derive(Debug, Clone)]
pub struct GivenStatement(Statement);

impl GivenStatement {
    /// Reads a statement, and checks everything that it says itself.
    ///
    /// # Errors
    /// See [`FederationError`].
    pub fn parse(text: &str, now: UnixTime) -> Result<Self, FederationError> {
        Statement::parse(text, now).map(Self)
    }

    /// Who makes it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Whether an entity says it about itself.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0.issuer == self.0.subject
    }

    /// The keys of the one whom it is about.
    #[must_use]
    pub fn keys(&self) -> &JwkSet {
        &self.0.keys
    }

    /// Verifies the signature by the key of the set that the header names.
    ///
    /// # Errors
    /// It names none of them, or the signature does not verify.
    pub fn verify_by(&self, keys: &JwkSet) -> Result<(), FederationError> {
        self.0.verify(keys)
    }
}

impl Federation {
    /// The keys of a trust anchor; of anybody else, none.
    #[must_use]
    pub fn keys_of(&self, anchor: &str) -> Option<&JwkSet> {
        self.anchors.get(anchor)
    }

    /// Resolves an entity by a chain that is at hand (§4.1, §10.2): what it says about itself, what each superior says
    /// about the one below, and, where it is there, what the trust anchor says about itself. Nothing is fetched.
    ///
    /// # Errors
    /// [`FederationError::NoChain`] when it does not end at a trust anchor; see the others there.
    pub fn resolve_given(&self, chain: &[&str], now: UnixTime) -> Result<ResolvedEntity, FederationError> {
        const BROKEN: FederationError = FederationError::Statement("it does not belong to the one below it");
        let parse = |text: &&str| Statement::parse(text, now);
        let [own, above @ ..] = chain else { return Err(FederationError::NoChain) };
        // One more than the superiors: what the anchor says about itself.
        if above.len() > MAX_DEPTH + 1 {
            return Err(FederationError::NoChain);
        }
        let subject = parse(own)?;
        if subject.issuer != subject.subject {
            return Err(FederationError::Statement("a chain begins with what the entity says about itself"));
        }
        let mut statements: Vec<Statement> = above.iter().map(parse).collect::<Result<_, _>>()?;
        let top = statements.pop_if(|last| last.issuer == last.subject);
        let last = statements.last().ok_or(FederationError::NoChain)?;
        let keys = self.anchors.get(&last.issuer).ok_or(FederationError::NoChain)?;
        last.verify(keys)?;
        if let Some(top) = &top {
            if top.subject != last.issuer {
                return Err(BROKEN);
            }
            top.verify(keys)?;
        }
        // Each was signed with keys that the one above vouches for.
        let mut below = &subject;
        for statement in &statements {
            if statement.subject != below.issuer {
                return Err(BROKEN);
            }
            below.verify(&statement.keys)?;
            below = statement;
        }
        subject.verify(&subject.keys)?;
        conclude(&subject, &statements, &last.issuer, top.as_ref())
    }
}

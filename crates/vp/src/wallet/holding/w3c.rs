//! W3C credentials that are presented within a presentation: as JWTs, and with embedded proofs.

use std::fmt;

use credenza_core::Report;
use credenza_crypto::{Jwk, PublicKey};
use credenza_formats::w3c::DataModel;
use credenza_formats::w3c::data_integrity::{Contexts, Cryptosuite, expanded_types};
use credenza_formats::w3c::jwt::{Securing, VcJwt};
use credenza_query::dcql::Format;
use serde_json::{Map, Value};

use crate::messages::vp_formats::Accepted;

/// A credential as a JWT.
pub(in super::super) struct JwtCredential {
    text: String,
    pub(in super::super) securing: Securing,
    /// The key of `cnf`.
    holder: Option<PublicKey>,
    /// Whom it is about, when it is about one who has a name.
    pub(in super::super) subject: Option<String>,
}

impl JwtCredential {
    /// The credential, and its claims.
    pub(super) fn restore(text: &str) -> Option<(Self, Map<String, Value>)> {
        let read = VcJwt::read(text, &mut Report::new("stored credential"))?;
        let payload = read.dangerous_payload();
        let securing = if payload.contains_key("vc") { Securing::Claim } else { Securing::Payload };
        let holder = payload.get("cnf").and_then(|cnf| Jwk::from_value(cnf.get("jwk")?).ok());
        let document = read.into_stored_credential()?;
        let subject = subject(&document);
        let holder = holder.map(|jwk| jwk.key);
        Some((Self { text: text.to_owned(), securing, holder, subject }, document))
    }

    pub(in super::super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(in super::super) fn holder(&self) -> Option<&PublicKey> {
        self.holder.as_ref()
    }
}

/// Shows no claim.
impl fmt::Debug for JwtCredential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "JwtCredential({:?})", self.securing)
    }
}

/// A credential with embedded proofs.
pub(in super::super) struct ProofCredential {
    pub(in super::super) document: Map<String, Value>,
    pub(in super::super) model: DataModel,
    pub(in super::super) subject: Option<String>,
}

impl ProofCredential {
    pub(super) fn restore(document: Map<String, Value>) -> Option<Self> {
        let model = DataModel::of(&document)?;
        let subject = subject(&document);
        document.contains_key("proof").then_some(Self { document, model, subject })
    }

    /// What it says: without the proofs.
    pub(super) fn claims(&self) -> Map<String, Value> {
        let mut claims = self.document.clone();
        claims.remove("proof");
        claims
    }

    /// Whether each proof is of a type and a cryptosuite that the verifier accepts (§B.1.3.2.3).
    pub(super) fn is_accepted(&self, accepted: Accepted<'_>) -> bool {
        self.proofs().iter().all(|proof| {
            let text = |name: &str| proof.get(name).and_then(Value::as_str);
            text("type").is_some_and(|kind| accepted.name("proof_type_values", kind))
                && text("cryptosuite").is_none_or(|suite| accepted.name("cryptosuite_values", suite))
        })
    }

    fn proofs(&self) -> &[Value] {
        match self.document.get("proof") {
            Some(Value::Array(proofs)) => proofs,
            Some(one) => std::slice::from_ref(one),
            None => &[],
        }
    }

    /// The cryptosuite for the presentation: one that the holder's key can make and the verifier accepts, with the
    /// canonical form of the credential's own proof where there is a choice, since what that form can't say would
    /// spoil the other.
    pub(in super::super) fn suite(&self, key: &PublicKey, accepted: Accepted<'_>) -> Option<Cryptosuite> {
        let own = self.proofs().first().and_then(|proof| {
            Cryptosuite::from_names(
                proof.get("type")?.as_str()?,
                proof.get("cryptosuite").and_then(Value::as_str),
            )
        });
        let jcs = own.is_some_and(Cryptosuite::is_jcs);
        let possible = |suite: &&Cryptosuite| {
            suite.with_key(key).is_some()
                && accepted.name("proof_type_values", suite.proof_type())
                && suite.cryptosuite().is_none_or(|name| accepted.name("cryptosuite_values", name))
        };
        let suites = || Cryptosuite::CURRENT.iter().filter(possible);
        suites().find(|suite| suite.is_jcs() == jcs).or_else(|| suites().next()).copied()
    }
}

/// Shows no claim.
impl fmt::Debug for ProofCredential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ProofCredential({:?})", self.model)
    }
}

/// The id of the one subject.
fn subject(document: &Map<String, Value>) -> Option<String> {
    let subject = match document.get("credentialSubject")? {
        Value::Array(subjects) => match subjects.as_slice() {
            [one] => one,
            _ => return None,
        },
        one => one,
    };
    subject.get("id")?.as_str().map(str::to_owned)
}

/// The types by the contexts, and for what is no JSON-LD also as they are written (§B.1.1).
pub(super) fn types(claims: &Value, format: &Format, contexts: &Contexts) -> Vec<String> {
    let Some(document) = claims.as_object() else { return Vec::new() };
    let mut types = expanded_types(document, contexts);
    if *format != Format::LdpVc {
        let written = match document.get("type") {
            Some(Value::Array(types)) => types.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        for name in written.iter().filter_map(Value::as_str) {
            if !types.iter().any(|known| known == name) {
                types.push(name.to_owned());
            }
        }
    }
    types
}

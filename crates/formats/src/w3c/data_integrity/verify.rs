//! Verification: of each proof by itself, and of all of them together (VC Data Integrity §4.4, §4.5).

use credenza_core::{Report, UnixTime};
use credenza_crypto::PublicKey;
use serde_json::{Map, Value};

use super::proof::{self, Proof};
use super::{Contexts, Cryptosuite, Defect, Purpose, hash_data, rdfc};
use crate::w3c::binding::{Challenge, KeyOf, Presenter};
use crate::w3c::{Credential, Moment, Presentation, VerifiedCredential, VerifiedPresentation, rules};

/// What is accepted. Start from [`Expected::at`].
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Now, and how far clocks may differ.
    pub moment: Moment,
    /// Accepted cryptosuites.
    pub cryptosuites: &'a [Cryptosuite],
    /// Known contexts.
    pub contexts: &'a Contexts,
    /// The most work that a canonicalization may take.
    pub max_work: usize,
}

impl<'a> Expected<'a> {
    /// The current cryptosuites, and the usual bound on work.
    #[must_use]
    pub const fn at(moment: Moment, contexts: &'a Contexts) -> Self {
        Self { moment, cryptosuites: Cryptosuite::CURRENT, contexts, max_work: rdfc::MAX_WORK }
    }
}

/// A key that a verification method names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationMethod {
    /// The key.
    pub key: PublicKey,
    /// The DID or URL of its controller, in whose document the method stands.
    pub controller: String,
}

/// Finds the key of a verification method, when its controller's document lists it for this purpose, and under no
/// other purpose's name.
pub type FindMethod<'a> = &'a dyn Fn(&str, Purpose) -> Option<VerificationMethod>;

/// The verification methods that the proofs of a document name, before anything about them is known: for the caller to
/// resolve.
#[must_use]
pub fn verification_methods(document: &Map<String, Value>) -> Vec<&str> {
    let proofs = document.get("proof").and_then(proof::objects).unwrap_or_default();
    proofs.iter().filter_map(|proof| proof.get("verificationMethod")?.as_str()).collect()
}

/// Verifies a credential: all its proofs, one of which has to be its issuer's. Every check is noted in the report;
/// `None` says that one of them failed.
#[must_use]
pub fn verify_credential(
    document: Map<String, Value>,
    find_method: FindMethod<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<VerifiedCredential> {
    let verifier = Verifier { purpose: Purpose::AssertionMethod, challenge: None, find_method, expected };
    let (document, signers) = verifier.verify(document, report)?;
    let credential = Credential::check(document, expected.moment, report)?;
    let issued = is_by(&signers, credential.issuer());
    report.check(&rules::ISSUER_KEY, issued, || "no proof is the issuer's").then(|| VerifiedCredential {
        credential,
        holder: None,
        keys: signers.into_iter().map(|signer| signer.key).collect(),
    })
}

/// Verifies a presentation: all its proofs, each made for this request, and one of them the holder's where a holder is
/// named. Every check is noted in the report; `None` says that one of them failed. The credentials in it are verified
/// each by itself, and then [`VerifiedPresentation::check_binding`] says whether they are this holder's.
#[must_use]
pub fn verify_presentation(
    document: Map<String, Value>,
    find_method: FindMethod<'_>,
    challenge: &Challenge<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<VerifiedPresentation> {
    let verifier =
        Verifier { purpose: Purpose::Authentication, challenge: Some(challenge), find_method, expected };
    let (document, signers) = verifier.verify(document, report)?;
    let presentation = Presentation::check(document, report)?;
    let presented = presentation.holder().is_none_or(|holder| is_by(&signers, holder));
    report
        .check(&rules::HOLDER_KEY, presented, || "no proof is the holder's")
        .then_some(VerifiedPresentation { presentation, signers })
}

fn is_by(signers: &[Presenter], party: &str) -> bool {
    signers.iter().any(|signer| signer.controller.as_deref() == Some(party))
}

struct Verifier<'a> {
    purpose: Purpose,
    challenge: Option<&'a Challenge<'a>>,
    find_method: FindMethod<'a>,
    expected: &'a Expected<'a>,
}

impl Verifier<'_> {
    /// The document without its proofs, and who has made them, when every one of them verifies.
    fn verify(
        &self,
        mut document: Map<String, Value>,
        report: &mut Report,
    ) -> Option<(Map<String, Value>, Vec<Presenter>)> {
        let there = document.remove("proof");
        let proofs = there.as_ref().and_then(proof::objects);
        if !report.check(&rules::DI_PRESENT, proofs.is_some(), || "there is no proof, or there are too many")
        {
            return None;
        }
        let written = proofs?;
        let mut proofs = Vec::with_capacity(written.len());
        for object in &written {
            match Proof::read(object) {
                Ok(proof) => proofs.push(proof),
                Err(member) => {
                    report.fail(&rules::DI_FORM, format!("{member} is missing, or is not what it must be"));
                    return None;
                }
            }
        }
        report.pass(&rules::DI_FORM);
        let mut signers = Vec::with_capacity(proofs.len());
        let mut signed = document.clone();
        for proof in &proofs {
            // A chain's proof is made over the document with the proofs that it builds on (§4.5).
            let mut input = document.clone();
            if !proof.previous.is_empty() {
                let previous = previous(proof, &proofs, &written);
                report.check(
                    &rules::DI_CHAIN,
                    previous.is_some(),
                    || "a proof that this one builds on is not there, or two have its name",
                );
                input.insert("proof".to_owned(), previous?);
            }
            signers.push(self.verify_one(proof, input, &mut signed, report)?);
        }
        Some((signed, signers))
    }

    fn verify_one(
        &self,
        proof: &Proof,
        mut input: Map<String, Value>,
        signed: &mut Map<String, Value>,
        report: &mut Report,
    ) -> Option<Presenter> {
        let suite = proof.suite.filter(|suite| self.expected.cryptosuites.contains(suite));
        let mut sound = report.check(&rules::DI_SUITE, suite.is_some(), || match proof.suite {
            Some(suite) => format!("{} is not accepted here", suite.name()),
            None => "the cryptosuite is not known".to_owned(),
        });
        sound &= report.check(&rules::DI_PURPOSE, proof.purpose == self.purpose.name(), || {
            format!("proofPurpose is not {}", self.purpose.name())
        });
        sound &= self.check_times(proof, report);
        sound &= self.check_challenge(proof, report);
        if !sound {
            return None;
        }
        let suite = suite?;
        let method = (self.find_method)(&proof.method, self.purpose);
        report.check(&rules::DI_METHOD, method.is_some(), || {
            format!("no key for {} is found by verificationMethod", self.purpose.name())
        });
        let method = method?;
        let with_key = suite.with_key(&method.key);
        report.check(&rules::DI_KEY, with_key.is_some(), || format!("the key is none of {}", suite.name()));
        let (algorithm, hash) = with_key?;
        if suite.is_jcs() && !narrow_context(proof, &mut input, signed) {
            report.fail(&rules::DI_CONTEXTS, "the document's contexts do not begin with the proof's");
            return None;
        }
        if !self.check_contexts(&input, report) {
            return None;
        }
        let Expected { contexts, max_work, .. } = *self.expected;
        let message = match hash_data(suite, hash, &input, &proof.options, contexts, max_work) {
            Ok(message) => message,
            Err(defect) => {
                let rule = if defect == Defect::Context { &rules::DI_CONTEXTS } else { &rules::DI_CANONICAL };
                report.fail(rule, defect.to_string());
                return None;
            }
        };
        report.pass(&rules::DI_CANONICAL);
        let verified = method.key.verify(algorithm, &message, &proof.value);
        report.check(&rules::DI_SIGNATURE, verified.is_ok(), || "the signature does not verify");
        verified.ok()?;
        Some(Presenter::new(KeyOf::controlled_by(&method.key, &method.controller)))
    }

    /// All contexts are known, for proofs over JSON too: a reader goes by what their terms mean (§4.6).
    fn check_contexts(&self, document: &Map<String, Value>, report: &mut Report) -> bool {
        let known = knows_all(document, self.expected.contexts);
        report.check(&rules::DI_CONTEXTS, known, || Defect::Context.to_string())
    }

    fn check_times(&self, proof: &Proof, report: &mut Report) -> bool {
        let Moment { now, leeway } = self.expected.moment;
        let mut sound = true;
        match proof.created {
            None => report.skip(&rules::DI_CREATED, "it does not say when it was made"),
            Some(created) => {
                sound &= report
                    .check(&rules::DI_CREATED, created <= now + leeway, || format!("made at {created}"));
            }
        }
        match proof.expires {
            None => report.skip(&rules::DI_EXPIRES, "not limited"),
            Some(expires) => {
                sound &= report
                    .check(&rules::DI_EXPIRES, now < expires + leeway, || format!("expired at {expires}"));
            }
        }
        sound
    }

    fn check_challenge(&self, proof: &Proof, report: &mut Report) -> bool {
        let Some(challenge) = self.challenge else { return true };
        let answers = proof.challenge.as_deref() == Some(challenge.nonce);
        let mut sound = report.check(&rules::DI_CHALLENGE, answers, || match proof.challenge {
            Some(_) => "made for another request",
            None => "there is no challenge",
        });
        let ours = proof.domains == [challenge.audience];
        sound &= report.check(
            &rules::DI_DOMAIN,
            ours,
            || "domain does not name this verifier, and this one alone",
        );
        if let Some(created) = proof.created {
            let Moment { now, leeway } = self.expected.moment;
            let fresh = is_fresh(now, created, challenge, leeway);
            sound &= report.check(&rules::DI_AGE, fresh, || format!("made at {created}"));
        }
        sound
    }
}

fn is_fresh(
    now: UnixTime,
    created: UnixTime,
    challenge: &Challenge<'_>,
    leeway: std::time::Duration,
) -> bool {
    now.since(created) <= challenge.max_age + leeway
}

/// The proofs that one builds on, as they are written; each name has to lead to exactly one other proof.
fn previous(proof: &Proof, proofs: &[Proof], written: &[&Map<String, Value>]) -> Option<Value> {
    let named = |name: &String| {
        let mut named = proofs
            .iter()
            .zip(written)
            .filter(|(other, _)| other.id.as_ref() == Some(name))
            .map(|(_, object)| *object);
        let one = named.next()?;
        named.next().is_none().then(|| Value::Object(one.clone()))
    };
    if proof.id.as_ref().is_some_and(|own| proof.previous.contains(own)) {
        return None;
    }
    proof.previous.iter().map(named).collect::<Option<Vec<_>>>().map(Value::Array)
}

/// Has the document end with the contexts that the proof of a JCS suite covers, which must be the document's first
/// ones (VC-DI-ECDSA §3.3.2). What counts in the end is the shortest list.
fn narrow_context(proof: &Proof, input: &mut Map<String, Value>, signed: &mut Map<String, Value>) -> bool {
    let Some(covered) = proof.options.get("@context") else { return true };
    let list = |value: &'_ Value| match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let begins = |document: &Map<String, Value>| {
        document.get("@context").is_some_and(|there| list(there).starts_with(&list(covered)))
    };
    if !begins(input) {
        return false;
    }
    input.insert("@context".to_owned(), covered.clone());
    if begins(signed) {
        signed.insert("@context".to_owned(), covered.clone());
    }
    true
}

fn knows_all(object: &Map<String, Value>, contexts: &Contexts) -> bool {
    object.iter().all(|(name, value)| match (name.as_str(), value) {
        ("@context", Value::String(url)) => contexts.knows(url),
        ("@context", Value::Array(urls)) => {
            urls.iter().all(|url| url.as_str().is_some_and(|url| contexts.knows(url)))
        }
        ("@context", _) => false,
        (_, value) => knows_all_in(value, contexts),
    })
}

fn knows_all_in(value: &Value, contexts: &Contexts) -> bool {
    match value {
        Value::Object(object) => knows_all(object, contexts),
        Value::Array(items) => items.iter().all(|item| knows_all_in(item, contexts)),
        _ => true,
    }
}

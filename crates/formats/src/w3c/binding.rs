//! Holder binding: whether a presentation was made for this request, and by the one whom a credential is about.

use std::fmt;
use std::time::Duration;

use credenza_core::Report;
use credenza_crypto::PublicKey;

use super::{Presentation, VerifiedCredential, rules};

/// A public key, and whose it is: what the caller has found by a header or a verification method.
#[derive(Debug, Clone, Copy)]
pub struct KeyOf<'a> {
    /// The key.
    pub key: &'a PublicKey,
    /// The DID or URL in whose document the key stands. `None` when the key was found in another way, such as by a
    /// certificate: whether it is the right party's is then for the caller to say.
    pub controller: Option<&'a str>,
}

impl<'a> KeyOf<'a> {
    /// A key that a document of `controller` names.
    #[must_use]
    pub const fn controlled_by(key: &'a PublicKey, controller: &'a str) -> Self {
        Self { key, controller: Some(controller) }
    }

    /// A key of which the caller knows otherwise whose it is.
    #[must_use]
    pub const fn known(key: &'a PublicKey) -> Self {
        Self { key, controller: None }
    }
}

/// What a verifier has asked a presentation to be made for (OID4VP 1.0 §B.1.3.1.5, §B.1.3.2.5).
#[derive(Debug, Clone, Copy)]
pub struct Challenge<'a> {
    /// The nonce of this transaction: `nonce` of a JWT, `challenge` of a proof.
    pub nonce: &'a str,
    /// The verifier, exactly as it was named: `aud` of a JWT, `domain` of a proof.
    pub audience: &'a str,
    /// How old the presentation may be, where it says when it was made.
    pub max_age: Duration,
}

impl<'a> Challenge<'a> {
    /// How old a presentation may be, unless configured.
    pub const MAX_AGE: Duration = Duration::from_secs(300);

    /// Made within the last five minutes.
    #[must_use]
    pub const fn new(nonce: &'a str, audience: &'a str) -> Self {
        Self { nonce, audience, max_age: Self::MAX_AGE }
    }
}

/// A presentation that was verified, with the keys that have signed it. Its credentials are verified each by itself.
#[derive(Clone)]
pub struct VerifiedPresentation {
    /// The presentation, conforming to the data model.
    pub presentation: Presentation,
    /// Who has signed it.
    pub signers: Vec<Presenter>,
}

/// A key that has signed a presentation, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presenter {
    /// The key.
    pub key: PublicKey,
    /// Its controller, where the caller has found it by one.
    pub controller: Option<String>,
}

impl Presenter {
    pub(super) fn new(key: KeyOf<'_>) -> Self {
        Self { key: key.key.clone(), controller: key.controller.map(str::to_owned) }
    }
}

/// Shows no claim.
impl fmt::Debug for VerifiedPresentation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("VerifiedPresentation")
            .field("presentation", &self.presentation)
            .field("signers", &self.signers)
            .finish()
    }
}

impl VerifiedPresentation {
    /// Checks that the presentation is signed by the one whom the credential is about: with the key that the issuer
    /// has bound it to (`cnf`), or by the controller that is its one subject. A credential that names neither is bound
    /// to nobody, and fails here.
    pub fn check_binding(&self, credential: &VerifiedCredential, report: &mut Report) -> bool {
        let bound = match &credential.holder {
            Some(holder) => self.signers.iter().any(|signer| signer.key == holder.key),
            None => credential.credential.subject_id().is_some_and(|subject| {
                self.signers.iter().any(|signer| signer.controller.as_deref() == Some(subject))
            }),
        };
        report.check(
            &rules::HOLDER_BINDING,
            bound,
            || "the presentation is not signed by the key or the subject that the credential names",
        )
    }
}

//! Key proofs (Appendix F): what the proofs of a request prove, each check a rule.

mod attestation;
mod di_vp;
mod jwt;
mod key_attestation;
mod metadata;

use std::collections::HashSet;
use std::time::Duration;

use credenza_core::{Key, Report, UnixTime, Write, b64};
use credenza_crypto::Jwk;
use credenza_crypto::hash::sha256;
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_trust::did::{DidUrl, Relationship};
use credenza_trust::{DidResolver, Trust};

use super::CredentialConfiguration;
use super::seals::{Purpose, Seals};
use super::session::BoundKey;
use crate::messages::Proofs;
use crate::rules;

pub(crate) use jwt::PROOF_TYPE;
pub(super) use metadata::{check, supported};

/// How far in the future a proof may have been made, for clocks that differ.
const LEEWAY: Duration = Duration::from_secs(60);

/// What proofs must say.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: Option<&'a str>,
    pub(super) configuration: &'a CredentialConfiguration,
    /// `cryptographic_binding_methods_supported`.
    pub(super) binding_methods: &'a [String],
    pub(super) seals: &'a Seals,
    pub(super) dids: &'a DidResolver,
    pub(super) contexts: &'a Contexts,
    /// Who may vouch for keys.
    pub(super) wallet_providers: Option<&'a dyn Trust>,
    pub(super) now: UnixTime,
    /// How old a proof may be.
    pub(super) max_age: Duration,
}

/// Why proofs were not accepted; the report has the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Proof,
    Nonce,
}

/// What was proven.
#[derive(Default)]
pub(super) struct Proven {
    /// The keys to bind to, no two alike.
    pub(super) keys: Vec<BoundKey>,
    /// The nonces by which they were proven.
    nonces: Vec<String>,
}

/// What one proof shows.
struct Shown {
    /// The key that the proof is about; none for an attestation of keys alone.
    key: Option<BoundKey>,
    /// Keys that are attested.
    attested: Vec<Jwk>,
    nonces: Vec<String>,
}

/// Checks all proofs of a request: all of them or none.
pub(super) async fn verify(
    proofs: &Proofs,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Proven, Refused> {
    let known = expected.configuration.proof_types.iter().any(|kind| kind.name() == proofs.name());
    if !report.check(&rules::PROOF_KIND, known, || "this type is not among proof_types_supported") {
        return Err(Refused::Proof);
    }
    let mut shown = Vec::with_capacity(proofs.count());
    for number in 0..proofs.count() {
        let mut part = Report::new(format!("key proof {}", number + 1));
        let one = verify_one(proofs, number, expected, &mut part).await;
        report.parts.push(part);
        shown.push(one?);
    }
    collect(shown, report)
}

async fn verify_one(
    proofs: &Proofs,
    number: usize,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Shown, Refused> {
    match proofs {
        Proofs::Jwt(proofs) => {
            let proof = proofs.get(number).ok_or(Refused::Proof)?;
            jwt::verify(proof, expected, report).await
        }
        Proofs::DiVp(proofs) => {
            let proof = proofs.get(number).ok_or(Refused::Proof)?;
            di_vp::verify(proof, expected, report).await
        }
        Proofs::Attestation(attestation) => attestation::verify(attestation, expected, report).await,
        Proofs::Other(_) => Err(Refused::Proof),
    }
}

/// Every key once. Two proofs for one key are a mistake, or an attempt to get two credentials bound to it (§8.3); that
/// several proofs carry the same attestation is not.
fn collect(shown: Vec<Shown>, report: &mut Report) -> Result<Proven, Refused> {
    let mut seen = HashSet::new();
    let mut proven = Proven::default();
    let mut distinct = true;
    let mut attested = Vec::new();
    for Shown { key, attested: more, nonces } in shown {
        if let Some(key) = key {
            distinct &= seen.insert(key.jwk.thumbprint());
            proven.keys.push(key);
        }
        attested.extend(more);
        proven.nonces.extend(nonces);
    }
    if !report.check(&rules::PROOF_DISTINCT, distinct, || "two proofs are for the same key") {
        return Err(Refused::Proof);
    }
    for jwk in attested {
        if seen.insert(jwk.thumbprint()) {
            // Its name is the wallet provider's, not ours to repeat.
            proven.keys.push(BoundKey { jwk: Jwk::new(jwk.key), did: None });
        }
    }
    Ok(proven)
}

impl Expected<'_> {
    /// Whether a nonce is one of ours and fresh.
    fn nonce(&self, nonce: &str, report: &mut Report) -> Result<(), Refused> {
        match self.seals.open(Purpose::Nonce, self.now, nonce) {
            Ok(_) => report.pass(&rules::PROOF_NONCE),
            Err(error) => {
                report.fail(&rules::PROOF_NONCE, error.to_string());
                return Err(Refused::Nonce);
            }
        }
        Ok(())
    }

    /// Whether something was made just now.
    fn made_now(&self, at: UnixTime, report: &mut Report) -> Result<(), Refused> {
        let (oldest, newest) = (self.now - self.max_age, self.now + LEEWAY);
        must(report.check(&rules::PROOF_IAT, (oldest..=newest).contains(&at), || {
            if at > newest { "made in the future" } else { "too old" }
        }))
    }

    /// The key that a DID URL names for authentication, when the DID's method is offered.
    async fn key_of_did(&self, url: &str, report: &mut Report) -> Result<BoundKey, Refused> {
        let offered = DidUrl::parse(url).is_ok_and(|url| {
            let method = format!("did:{}", url.did.method());
            self.binding_methods.contains(&method)
        });
        must(report.check(
            &rules::PROOF_KEY,
            offered,
            || "kid is not a DID URL of a method that is among cryptographic_binding_methods_supported",
        ))?;
        match self.dids.resolve_key(url, Relationship::Authentication).await {
            Ok(resolved) => {
                let did = Some(resolved.url.did.as_str().to_owned());
                Ok(BoundKey { jwk: Jwk::new(resolved.jwk.key), did })
            }
            Err(error) => {
                report.fail(&rules::PROOF_KEY, error.to_string());
                Err(Refused::Proof)
            }
        }
    }
}

fn must(holds: bool) -> Result<(), Refused> {
    if holds { Ok(()) } else { Err(Refused::Proof) }
}

impl Proven {
    /// Whether what was proven is this key, by its thumbprint, and no other. A credential that is bound to no key would
    /// be anybody's.
    pub(super) fn continues(&self, holder_key: &str) -> Result<(), Box<Report>> {
        let mut report = Report::new("key proofs");
        let same = !self.keys.is_empty()
            && self.keys.iter().all(|key| key.jwk.thumbprint_text().as_str() == holder_key);
        let holds = report.check(&rules::PROOF_HOLDER, same, || "it is another key, or none");
        if holds { Ok(()) } else { Err(Box::new(report)) }
    }

    /// The writes that make the nonces unusable: inserts that fail when one was used before. A nonce is used up by the
    /// issuance that succeeds with it, not by a request that was refused: the wallet may mend that and try again.
    pub(super) fn spend(&self, now: UnixTime, lifetime: Duration) -> Vec<Write> {
        let mut nonces: Vec<&str> = self.nonces.iter().map(String::as_str).collect();
        nonces.sort_unstable();
        nonces.dedup();
        let key = |nonce: &str| Key::new("vci.c_nonce", b64::encode(sha256(nonce.as_bytes())));
        let expires = now + lifetime;
        nonces
            .into_iter()
            .map(|nonce| Write::Insert { key: key(nonce), value: Vec::new(), expires })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use credenza_core::SystemRandom;
    use credenza_crypto::{Algorithm, Signer as _, SoftwareSigner};

    use super::*;

    /// What an attestation brings beside the holder's key counts as much as what a proof brings.
    #[test]
    fn i04_attested_keys_are_the_holders_too() {
        let made = || SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().public_jwk().clone();
        let (holder, other) = (made(), made());
        let continues = |attested: &[&Jwk]| {
            let key = Some(BoundKey { jwk: holder.clone(), did: None });
            let attested = attested.iter().map(|jwk| (*jwk).clone()).collect();
            let shown = Shown { key, attested, nonces: Vec::new() };
            let proven = collect(vec![shown], &mut Report::new("key proofs")).ok().unwrap();
            proven.continues(&holder.thumbprint_text())
        };
        assert!(continues(&[&holder]).is_ok());
        let report = continues(&[&holder, &other]).unwrap_err();
        assert_eq!(report.first_failure().map(|check| check.rule.id), Some(rules::PROOF_HOLDER.id));
    }
}

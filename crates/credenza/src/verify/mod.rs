//! Verifies things by themselves, outside of any flow: a credential, a presentation, a JWT, a certificate chain.

pub mod rules;

use credenza_core::{Answer, Report, UnixTime};
use credenza_crypto::x509::{self, PathPolicy};
use credenza_crypto::{Algorithm, JwkSet, Jws, jwt};
use credenza_query::dcql::Format;
use credenza_trust::{Distrust, KeyMaterial, Purpose, Trust, Trusted};
use credenza_vp::messages::Presentation;
use credenza_vp::verifier::StatusCheck;
use credenza_vp::verifier::credential::{self, Bound, Context, Holder, Policy};
use serde::Deserialize;

/// What is demanded of the thing.
#[derive(Clone, Copy)]
pub struct Demand<'a> {
    /// Who is trusted.
    pub trust: &'a dyn Trust,
    /// Root certificates for bare certificate chains, DER.
    pub anchors: &'a [Vec<u8>],
    /// Nonce and audience that a presentation was made for; `None` for a credential as it was issued.
    pub holder: Option<(&'a str, &'a str)>,
    /// Who looks up whether a credential was revoked. `None`: nobody does, and the report warns of it.
    pub status: Option<&'a dyn StatusCheck>,
    /// Now.
    pub now: UnixTime,
}

/// Nothing that can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an SD-JWT VC, a JWT or a certificate chain: only these can be verified by themselves")]
pub struct NotVerifiable;

const ALGORITHMS: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];

/// Verifies a text. Every check is in the report; it is good when [`Report::ok`] says so.
///
/// # Errors
/// The text is of no kind that can be verified.
pub async fn verify(text: &str, demand: Demand<'_>) -> Result<Report, NotVerifiable> {
    let text = text.trim();
    if text.starts_with("-----BEGIN CERTIFICATE") {
        return Ok(certificates(text, demand));
    }
    if text.contains('~') {
        return Ok(sd_jwt(text, demand).await);
    }
    if text.matches('.').count() == 2 && !text.contains(char::is_whitespace) {
        return Ok(json_web_token(text, demand).await);
    }
    Err(NotVerifiable)
}

async fn sd_jwt(text: &str, demand: Demand<'_>) -> Report {
    let holder = match demand.holder {
        Some((nonce, audience)) => Holder::Bound(Bound::new(nonce, audience)),
        None if text.ends_with('~') => Holder::Unbound,
        // A presentation, and nobody said what for: the holder's signature can't be judged.
        None => Holder::Any,
    };
    let policy = Policy { accept_unchecked_status: demand.status.is_none(), ..Policy::default() };
    let context = Context { policy: &policy, trust: demand.trust, status: demand.status, now: demand.now };
    let presentation = Presentation::Text(text.to_owned());
    let (mut report, _) = credential::verify(&presentation, &Format::SdJwtVc, holder, context).await;
    if matches!(holder, Holder::Any) {
        report.warn(&rules::PURPOSE, "give --nonce and --aud to verify the holder's signature");
    }
    report
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    iss: Option<String>,
    exp: Option<UnixTime>,
    nbf: Option<UnixTime>,
    iat: Option<UnixTime>,
}

async fn json_web_token(text: &str, demand: Demand<'_>) -> Report {
    let mut report = Report::new("JWT");
    let jws = match Jws::parse(text) {
        Ok(jws) => jws,
        Err(error) => {
            report.fail(&rules::PARSE, error.to_string());
            return report;
        }
    };
    let claims: Claims = match credenza_core::json::from_slice(&jws.payload) {
        Ok(claims) => claims,
        Err(error) => {
            report.fail(&rules::PARSE, error.to_string());
            return report;
        }
    };
    report.pass(&rules::PARSE);
    let (Ok(x5c), Ok(jwk)) = (jws.header.x5c(), jws.header.jwk()) else {
        report.fail(&rules::SIGNER, "the key in the header is not one");
        return report;
    };
    let key = if by_its_own_key(&jws) {
        // These prove that somebody has the key that is in them, which is all they are for.
        let key = jwk.map(|jwk| jwk.key).ok_or_else(|| "no key in the header".to_owned());
        let own = "the key in its own header: it proves possession, not who has it";
        key.inspect(|_| report.pass_with(&rules::SIGNER, own))
    } else {
        let material = KeyMaterial {
            x5c: x5c.as_deref(),
            kid: jws.header.kid.as_deref(),
            issuer: claims.iss.as_deref(),
            jwk: jwk.as_ref(),
        };
        let resolved = demand.trust.resolve(&material, purpose(&jws), demand.now).await;
        resolved.map_err(|distrust| distrust.to_string()).map(|trusted| {
            report.pass_with(&rules::SIGNER, trusted.how);
            trusted.key
        })
    };
    match key {
        Ok(key) => {
            let verified = jws.verify(&key, &ALGORITHMS);
            report.check(&rules::SIGNATURE, verified.is_ok(), || "it does not verify with the signer's key");
        }
        Err(why) => {
            report.fail(&rules::SIGNER, why);
            report.skip(&rules::SIGNATURE, "no key to verify it with");
        }
    }
    let times = jwt::check_times(demand.now, jwt::LEEWAY, claims.exp, claims.nbf, claims.iat);
    report.check(&rules::TIMES, times.is_ok(), || {
        times.err().map(|error| error.to_string()).unwrap_or_default()
    });
    report
}

fn by_its_own_key(jws: &Jws<'_>) -> bool {
    ["openid4vci-proof+jwt", "dpop+jwt"].iter().any(|typ| jws.header.has_type(typ))
}

fn purpose(jws: &Jws<'_>) -> Purpose<'static> {
    let is = |typ| jws.header.has_type(typ);
    if is("oauth-authz-req+jwt") {
        Purpose::Verifier
    } else if is("statuslist+jwt") {
        Purpose::StatusList
    } else if is("key-attestation+jwt") || is("oauth-client-attestation+jwt") {
        Purpose::WalletProvider
    } else if is("openidvci-issuer-metadata+jwt") {
        Purpose::IssuerMetadata
    } else {
        Purpose::Issuer { credential_type: "" }
    }
}

fn certificates(text: &str, demand: Demand<'_>) -> Report {
    let mut report = Report::new("certificates");
    let chain = match x509::pem_to_der_chain(text) {
        Ok(chain) => chain,
        Err(error) => {
            report.fail(&rules::PARSE, error.to_string());
            return report;
        }
    };
    report.pass(&rules::PARSE);
    match x509::validate(&chain, demand.anchors, demand.now, PathPolicy::default()) {
        Ok((leaf, _)) => report.pass_with(&rules::PATH, leaf.subject),
        Err(error) => report.fail(&rules::PATH, error.to_string()),
    }
    report
}

/// Trusts the keys it was given, for every purpose: somebody has said that they are the signer's.
#[derive(Debug, Clone, Default)]
pub struct GivenKeys(pub JwkSet);

impl Trust for GivenKeys {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        _purpose: Purpose<'a>,
        _now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        let named = material.kid.and_then(|kid| self.0.by_kid(kid));
        let jwk = named.or(match self.0.keys.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        Answer::ready(jwk.ok_or(Distrust::Unknown).map(|jwk| Trusted {
            key: jwk.key.clone(),
            how: format!("the given key {}", jwk.thumbprint_text()).into(),
            name: None,
            authority_key_ids: Vec::new(),
            leaf: None,
        }))
    }
}

#[cfg(test)]
mod tests;

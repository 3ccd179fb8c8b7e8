//! Signed tokens: JWTs of every purpose, and status lists.

use credenza_core::{Report, UnixTime};
use credenza_crypto::cose::cwt;
use credenza_crypto::cose::{Sign1, Tagging};
use credenza_crypto::{Algorithm, Jws, jwt};
use credenza_formats::status_list::rules as list_rules;
use credenza_formats::status_list::token::{self, Expected, KeyClues, MAX_TOKEN};
use credenza_trust::{KeyMaterial, Purpose};
use serde::Deserialize;

use super::{Demand, Particulars, attestations, credentials, federation, lists, rules};

/// The algorithms that are accepted.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];

/// Verifies a JWT: a W3C credential or presentation, a status list, or any other.
pub(super) async fn verify(text: &str, demand: Demand<'_>, particulars: Particulars<'_>) -> Report {
    if let Ok(jws) = Jws::parse_within(text, MAX_TOKEN) {
        if jws.header.has_type("statuslist+jwt") {
            return status_list_jwt(text, &jws, demand, particulars).await;
        }
        if jws.header.has_type("entity-statement+jwt") {
            return federation::statement(text, demand, particulars).await;
        }
        if lists::is_of_entities(&jws) {
            return lists::of_entities(text, demand);
        }
        if let Some(format) = credentials::format_of(&jws) {
            return credentials::json_web_token(text, &format, demand, particulars).await;
        }
    }
    json_web_token(text, demand).await
}

async fn status_list_jwt(
    text: &str,
    jws: &Jws<'_>,
    demand: Demand<'_>,
    particulars: Particulars<'_>,
) -> Report {
    let mut report = Report::new("status list");
    let claims: Claims = credenza_core::json::from_slice(&jws.payload).unwrap_or_default();
    if let Some(unverified) = token::jwt::Unverified::read(text, MAX_TOKEN, &mut report)
        && let Some(key) = list_key(unverified.clues(), demand, &mut report).await
    {
        let uri = particulars.list_uri.or(claims.sub.as_deref()).unwrap_or_default();
        let expected = Expected { algorithms: &ALGORITHMS, ..Expected::of(uri, demand.now) };
        let _ = unverified.verify(&key, &expected, &mut report);
    }
    report
}

/// Verifies a status list in CBOR; `None` when the bytes are no signed message.
pub(super) async fn status_list_cwt(
    bytes: &[u8],
    demand: Demand<'_>,
    particulars: Particulars<'_>,
) -> Option<Report> {
    let message = Sign1::parse(bytes, Tagging::Optional).ok()?;
    let mut report = Report::new("status list");
    let own = message.payload.and_then(|payload| cwt::Claims::parse(payload).ok()?.subject);
    if let Some(unverified) = token::cwt::Unverified::read(bytes, MAX_TOKEN, &mut report)
        && let Some(key) = list_key(unverified.clues(), demand, &mut report).await
    {
        let uri = particulars.list_uri.or(own).unwrap_or_default();
        let expected = Expected { algorithms: &ALGORITHMS, ..Expected::of(uri, demand.now) };
        let _ = unverified.verify(&key, &expected, &mut report);
    }
    Some(report)
}

async fn list_key(
    clues: &KeyClues,
    demand: Demand<'_>,
    report: &mut Report,
) -> Option<credenza_crypto::PublicKey> {
    let material = KeyMaterial {
        x5c: (!clues.x5c.is_empty()).then_some(clues.x5c.as_slice()),
        kid: clues.kid.as_deref(),
        issuer: clues.issuer.as_deref(),
        jwk: None,
    };
    match demand.trust.resolve(&material, Purpose::StatusList, demand.now).await {
        Ok(trusted) => {
            report.pass_with(&rules::SIGNER, trusted.how);
            Some(trusted.key)
        }
        Err(distrust) => {
            report.fail(&rules::SIGNER, distrust.to_string());
            report.skip(&list_rules::SIGNATURE, "no key to verify it with");
            None
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
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
    if attestations::is_one(&jws) {
        attestations::judge(&jws, &mut report);
    }
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

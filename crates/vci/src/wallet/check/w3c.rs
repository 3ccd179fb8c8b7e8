//! A W3C credential that was received, in each way of securing it (§A.1).

use std::collections::HashMap;

use credenza_core::{Report, UnixTime};
use credenza_crypto::{Header, Jwk};
use credenza_formats::sd_jwt::{Expected as SdJwtExpected, SdJwt, SdJwtLimits};
use credenza_formats::w3c::binding::KeyOf;
use credenza_formats::w3c::data_integrity::{self, Purpose, VerificationMethod};
use credenza_formats::w3c::jwt::{self, Securing, VcJwt};
use credenza_formats::w3c::{Credential, Moment, VerifiedCredential, sd_jwt};
use credenza_trust::KeyMaterial;
use credenza_trust::did::{Did, DidResolver, Relationship};
use serde_json::{Map, Value};

use super::super::Parts;
use super::signer::Found;
use super::{ALGORITHMS, Checked, FreeKeys, signer};
use crate::messages::CredentialDefinition;
use crate::rules;

pub(super) async fn check_jwt(
    parts: &Parts,
    definition: &CredentialDefinition,
    securing: &[Securing],
    text: &str,
    free: &mut FreeKeys,
    now: UnixTime,
    report: &mut Report,
) -> Option<Checked> {
    let read = VcJwt::read(text, report)?;
    let issuer = read.dangerous_signer().map(str::to_owned);
    let issuer = issuer.as_deref();
    let found = by_header(parts, read.header(), issuer, definition, now, report).await?;
    let expected = jwt::Expected { moment: Moment::at(now), algorithms: ALGORITHMS, securing };
    let verified = jwt::verify(read, key_of(&found, issuer), &expected, report)?;
    accept(definition, verified, text.to_owned(), free, report).await
}

pub(super) async fn check_sd_jwt(
    parts: &Parts,
    definition: &CredentialDefinition,
    text: &str,
    free: &mut FreeKeys,
    now: UnixTime,
    report: &mut Report,
) -> Option<Checked> {
    let read = SdJwt::read(text, &SdJwtLimits::default(), report)?;
    let issuer = read.dangerous_payload().get("issuer").and_then(party).map(str::to_owned);
    let issuer = issuer.as_deref();
    let found = by_header(parts, read.header(), issuer, definition, now, report).await?;
    let expected = SdJwtExpected { algorithms: ALGORITHMS, ..sd_jwt::expected(now) };
    let verified = sd_jwt::verify(read, key_of(&found, issuer), &expected, report)?;
    accept(definition, verified, text.to_owned(), free, report).await
}

pub(super) async fn check_document(
    parts: &Parts,
    definition: &CredentialDefinition,
    document: &Map<String, Value>,
    free: &mut FreeKeys,
    now: UnixTime,
    report: &mut Report,
) -> Option<Checked> {
    let text = Value::Object(document.clone()).to_string();
    let mut methods = HashMap::new();
    for url in data_integrity::verification_methods(document) {
        let material = KeyMaterial {
            kid: Some(url),
            issuer: document.get("issuer").and_then(party),
            ..KeyMaterial::default()
        };
        let found = signer::find(parts, &material, definition.specific_type(), now, report).await?;
        let controller = url.split('#').next().unwrap_or(url).to_owned();
        methods.insert(url.to_owned(), VerificationMethod { key: found.key, controller });
    }
    let find = |url: &str, purpose| match purpose {
        Purpose::AssertionMethod => methods.get(url).cloned(),
        _ => None,
    };
    let expected = data_integrity::Expected::at(Moment::at(now), &parts.contexts);
    let verified = data_integrity::verify_credential(document.clone(), &find, &expected, report)?;
    accept(definition, verified, text, free, report).await
}

async fn by_header(
    parts: &Parts,
    header: &Header,
    issuer: Option<&str>,
    definition: &CredentialDefinition,
    now: UnixTime,
    report: &mut Report,
) -> Option<Found> {
    let chain = header.x5c().ok().flatten();
    let jwk = header.jwk().ok().flatten();
    let material =
        KeyMaterial { x5c: chain.as_deref(), kid: header.kid.as_deref(), issuer, jwk: jwk.as_ref() };
    signer::find(parts, &material, definition.specific_type(), now, report).await
}

/// A key that was found by the issuer's DID has to be the issuer's.
fn key_of<'a>(found: &'a Found, issuer: Option<&'a str>) -> KeyOf<'a> {
    match issuer {
        Some(did) if found.leaf.is_none() && did.starts_with("did:") => KeyOf::controlled_by(&found.key, did),
        _ => KeyOf::known(&found.key),
    }
}

/// The URL of a party: itself, or the `id` of an object.
fn party(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("id")?.as_str())
}

async fn accept(
    definition: &CredentialDefinition,
    verified: VerifiedCredential,
    text: String,
    free: &mut FreeKeys,
    report: &mut Report,
) -> Option<Checked> {
    let credential = verified.credential;
    let types = credential.types();
    let all = definition.types.iter().all(|wanted| types.contains(&wanted.as_str()));
    if !report.check(&rules::RECEIVED_TYPE, all, || "not of all the types that its definition names") {
        return None;
    }
    let bound_to = match &verified.holder {
        Some(holder) => Some(holder.thumbprint_text()),
        None => subject_key(&credential).await,
    };
    free.take(bound_to.as_deref(), report).then(|| Checked {
        expires_at: credential.valid_until(),
        claims: credential.into_document(),
        text,
        bound_to,
    })
}

/// The key of the subject, when the credential is about a DID that has its key in its name.
async fn subject_key(credential: &Credential) -> Option<String> {
    let did = Did::parse(credential.subject_id()?).ok()?;
    let resolver = DidResolver::offline();
    let document = resolver.resolve(&did).await.ok()?;
    let mut keys = document.keys(Relationship::Authentication);
    keys.next().map(|(_, key)| Jwk::new(key.key.clone()).thumbprint_text())
}

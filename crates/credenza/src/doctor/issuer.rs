//! The issuer's metadata, plain and signed.

use credenza_core::{HttpError, Report, UnixTime, well_known};
use credenza_crypto::{Algorithm, Certificate, Jws, jwt};
use credenza_vci::messages::CredentialIssuerMetadata;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, CONTENT_TYPE};
use http::{Response, StatusCode};
use serde::Deserialize;

use super::{Visitor, header, identifier, is_type, rules};

const JSON: &str = "application/json";
const JWT: &str = "application/jwt";
const NAME: &str = "openid-credential-issuer";

/// The report, and the metadata if it can be read.
pub(super) async fn check(visitor: &Visitor<'_>) -> (Report, Option<CredentialIssuerMetadata>) {
    let mut report = Report::new("issuer");
    let url = well_known::insert(&visitor.what.url, NAME);
    let answer = match visitor.get(url.as_str(), JSON).await {
        Ok(answer) => answer,
        Err(error) => {
            report.fail(&rules::METADATA_PATH, error.to_string());
            return (report, None);
        }
    };
    if answer.status() != StatusCode::OK {
        let advice = elsewhere(visitor, NAME).await;
        report.fail(&rules::METADATA_PATH, format!("{} answers {}. To do: {advice}", url, answer.status()));
        return (report, None);
    }
    report.pass(&rules::METADATA_PATH);
    bytes(&answer, &mut report);
    let metadata = match parse(&answer) {
        Ok(metadata) => metadata,
        Err(why) => {
            let advice =
                "see what answers at this address: it is not the service, or something changes what it says";
            report.fail(&rules::METADATA, format!("{why}. To do: {advice}"));
            return (report, None);
        }
    };
    report.pass(&rules::METADATA);
    let expected = identifier(&visitor.what.url);
    report.check(&rules::ISSUER, metadata.credential_issuer == expected, || {
        format!(
            "it is {}, and wallets that come to {expected} refuse it. To do: write in credenza.toml the `url` that wallets \
             use, and start the service anew",
            metadata.credential_issuer
        )
    });
    let named = [Some(&metadata.credential_endpoint), metadata.nonce_endpoint.as_ref()];
    let more = [&metadata.deferred_credential_endpoint, &metadata.notification_endpoint];
    let named = named.into_iter().chain(more.into_iter().map(Option::as_ref)).flatten();
    endpoints(visitor, named.map(String::as_str), &mut report);
    signed(visitor, &mut report).await;
    if let Some(known) = visitor.known() {
        let served = &metadata.credential_configurations_supported;
        let missing: Vec<&str> =
            known.types.iter().map(|one| one.id.as_str()).filter(|id| !served.contains_key(*id)).collect();
        if !missing.is_empty() {
            report.fail(
                &rules::CURRENT,
                format!(
                    "the credential types {} are in the configuration, and are not offered. To do: start the service anew, \
                     on every node, and see that the proxy leads to this one",
                    missing.join(", ")
                ),
            );
        }
    }
    (report, Some(metadata))
}

/// What to do when there is nothing at the right place: it may be at a wrong one.
pub(super) async fn elsewhere(visitor: &Visitor<'_>, name: &str) -> String {
    let (right, wrong) =
        (well_known::insert(&visitor.what.url, name), well_known::append(&visitor.what.url, name));
    let there = match visitor.get(wrong.as_str(), JSON).await {
        Ok(answer) => wrong != right && answer.status() == StatusCode::OK,
        Err(_) => false,
    };
    let path = right.path();
    if there {
        format!(
            "let the proxy pass {path} on as it is: it serves {} instead, where wallets don't look",
            wrong.path()
        )
    } else {
        format!(
            "let the proxy pass {path} on to the service as it is, and not only what is below the path of `url`"
        )
    }
}

fn parse(answer: &Response<Vec<u8>>) -> Result<CredentialIssuerMetadata, String> {
    if !is_type(answer, JSON) {
        return Err(format!("its type is {:?}, and not {JSON}", header(answer, CONTENT_TYPE)));
    }
    CredentialIssuerMetadata::parse(answer.body()).map_err(|error| error.to_string())
}

/// What proxies do to bytes.
fn bytes(answer: &Response<Vec<u8>>, report: &mut Report) {
    let coding = header(answer, CONTENT_ENCODING);
    report.check(&rules::COMPRESSION, coding.is_empty() || coding == "identity", || {
        format!(
            "the metadata comes as {coding}, and nobody has asked for that. To do: let the proxy compress only for those \
             who send Accept-Encoding (nginx: gzip_vary on, gzip_http_version 1.1)"
        )
    });
    match header(answer, ACCESS_CONTROL_ALLOW_ORIGIN) {
        "*" => report.pass(&rules::CORS),
        other => report.warn(
            &rules::CORS,
            format!(
                "Access-Control-Allow-Origin is {other:?}, and the service says *. To do: let the proxy pass the \
                 header on, and add none of its own"
            ),
        ),
    }
}

/// Whether everything is below the public URL.
pub(super) fn endpoints<'u>(visitor: &Visitor<'_>, urls: impl Iterator<Item = &'u str>, report: &mut Report) {
    let base = format!("{}/", identifier(&visitor.what.url));
    let outside: Vec<&str> = urls.filter(|url| !url.starts_with(&base)).collect();
    report.check(&rules::ENDPOINTS, outside.is_empty(), || {
        format!(
            "{} is elsewhere. To do: correct `url`; nothing on the way may rewrite answers",
            outside.join(", ")
        )
    });
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iat: UnixTime,
    #[serde(default)]
    exp: Option<UnixTime>,
}

async fn signed(visitor: &Visitor<'_>, report: &mut Report) {
    let url = well_known::insert(&visitor.what.url, NAME);
    let (Ok(signed), Ok(plain)) =
        (visitor.get(url.as_str(), JWT).await, visitor.get(url.as_str(), JSON).await)
    else {
        report.skip(&rules::METADATA_SIGNED, "it did not answer a second time");
        return;
    };
    let kept_apart = is_type(&signed, JWT) && is_type(&plain, JSON);
    report.check(&rules::VARY, kept_apart, || {
        format!(
            "asked for {JWT} it answers {:?}, asked for {JSON} then {:?}. To do: let caches on the way heed `Vary: accept`, \
             and pass the header Accept on",
            header(&signed, CONTENT_TYPE),
            header(&plain, CONTENT_TYPE)
        )
    });
    if !is_type(&signed, JWT) {
        report.skip(&rules::METADATA_SIGNED, "it can't be had");
        return;
    }
    match verify(visitor, &signed) {
        Ok(leaf) => {
            report.pass(&rules::METADATA_SIGNED);
            current(visitor, leaf.as_deref(), report);
        }
        Err(why) => {
            let advice =
                "nothing on the way may change or keep it; if the clock is right, start the service anew";
            report.fail(&rules::METADATA_SIGNED, format!("{why}. To do: {advice}"));
        }
    }
}

/// Verifies the signature with the certificate that comes with it: whether that one is trusted is another matter.
fn verify(visitor: &Visitor<'_>, answer: &Response<Vec<u8>>) -> Result<Option<Vec<u8>>, String> {
    let text = std::str::from_utf8(answer.body()).map_err(|_| "it is not text".to_owned())?.trim();
    let jws = Jws::parse(text).map_err(|error| error.to_string())?;
    let claims: Claims = credenza_core::json::object_from_slice(&jws.payload)
        .map_err(|_| "it has no sub or no iat".to_owned())?;
    let chain = jws.header.x5c().map_err(|error| error.to_string())?.unwrap_or_default();
    let leaf = chain.into_iter().next();
    let key = match (&leaf, jws.header.jwk().map_err(|error| error.to_string())?) {
        (Some(der), _) => Some(Certificate::parse(der).map_err(|error| error.to_string())?.key),
        (None, Some(jwk)) => Some(jwk.key),
        (None, None) => None,
    };
    if let Some(key) = key {
        let algorithms = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];
        jws.verify(&key, &algorithms).map_err(|error| error.to_string())?;
    }
    if claims.sub != identifier(&visitor.what.url) {
        return Err(format!("its sub is {}", claims.sub));
    }
    let now = visitor.what.clock.now();
    jwt::check_times(now, jwt::LEEWAY, claims.exp, None, Some(claims.iat))
        .map_err(|error| error.to_string())?;
    Ok(leaf)
}

/// Whether the service signs with the key that the configuration has.
fn current(visitor: &Visitor<'_>, leaf: Option<&[u8]>, report: &mut Report) {
    let Some(known) = visitor.known() else { return };
    let ours = known.issuer.x5c().first().map(Vec::as_slice);
    report.check(&rules::CURRENT, ours == leaf, || {
        "it signs with another certificate than that of `issuer.key`. To do: start the service anew, on every node, and see \
         that the proxy leads to this one"
    });
}

/// For those who only want to know whether something is there.
pub(super) fn status(answer: &Result<Response<Vec<u8>>, HttpError>) -> String {
    match answer {
        Ok(answer) => answer.status().to_string(),
        Err(error) => error.to_string(),
    }
}

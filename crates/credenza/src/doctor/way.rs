//! What a proxy does to requests and answers on their way.

use credenza_core::{HttpError, Report, SystemRandom, json};
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_oauth::AuthorizationServerMetadata;
use credenza_oauth::dpop::{self, ProofRequest};
use credenza_vci::messages::CredentialIssuerMetadata;
use http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderName, Response, StatusCode};

use super::issuer::status;
use super::{Visitor, header, rules};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A body somewhat smaller than the service takes ([`Limits::body`](credenza_server::Limits)).
const BODY: usize = 240 * 1024;

/// A header as long as an attestation with a chain of certificates.
const HEAD: usize = 8 * 1024;

type Sent = Result<Response<Vec<u8>>, HttpError>;

pub(super) async fn check(
    visitor: &Visitor<'_>,
    issuer: &CredentialIssuerMetadata,
    server: Option<&AuthorizationServerMetadata>,
) -> Report {
    let mut report = Report::new("on the way");
    if let Some(nonce) = &issuer.nonce_endpoint {
        nonces(visitor, nonce, &mut report).await;
    }
    if let Some(token) = server.and_then(|server| server.token_endpoint.as_deref()) {
        sizes(visitor, token, &mut report).await;
        proofs(visitor, token, server, &mut report).await;
    }
    access(visitor, &issuer.credential_endpoint, &mut report).await;
    report
}

async fn nonces(visitor: &Visitor<'_>, url: &str, report: &mut Report) {
    let (first, second) = (ask_nonce(visitor, url).await, ask_nonce(visitor, url).await);
    let (Ok(first), Ok(second)) = (&first, &second) else {
        let advice = "let the proxy pass POST requests on, also with an empty body";
        report.fail(&rules::NONCE_FRESH, format!("{url}: {}. To do: {advice}", status(&first)));
        return;
    };
    let nonce = |answer: &Response<Vec<u8>>| {
        json::parse_object(answer.body()).ok()?.get("c_nonce")?.as_str().map(str::to_owned)
    };
    let (one, two) = (nonce(first), nonce(second));
    report.check(&rules::NONCE_FRESH, one.is_some() && one != two, || match one {
        Some(_) => "the same one came twice. To do: let the proxy cache no answers to POST requests, and none of this path",
        None => "the answer has no c_nonce. To do: let the proxy pass POST requests on, also with an empty body",
    });
    report.check(&rules::NONCE_STORE, header(first, CACHE_CONTROL).contains("no-store"), || {
        format!(
            "Cache-Control is {:?}. To do: let the proxy pass this header on, and set none of its own",
            header(first, CACHE_CONTROL)
        )
    });
}

async fn ask_nonce(visitor: &Visitor<'_>, url: &str) -> Sent {
    visitor.post(url, FORM, &[], Vec::new()).await
}

/// A request that the service refuses, with something more or less.
async fn refused(visitor: &Visitor<'_>, url: &str, headers: &[(HeaderName, &str)], padding: usize) -> Sent {
    let mut body = b"grant_type=urn%3Acredenza%3Adoctor".to_vec();
    if padding > 0 {
        body.extend_from_slice(b"&padding=");
        body.resize(body.len() + padding, b'x');
    }
    visitor.post(url, FORM, headers, body).await
}

/// The error of the service in an answer; `None` where it is somebody else's answer.
fn error(sent: &Sent) -> Option<String> {
    let answer = sent.as_ref().ok()?;
    json::parse_object(answer.body()).ok()?.get("error")?.as_str().map(str::to_owned)
}

async fn sizes(visitor: &Visitor<'_>, token: &str, report: &mut Report) {
    let plain = refused(visitor, token, &[], 0).await;
    if !report.check(&rules::ERRORS, error(&plain).is_some(), || {
        format!(
            "{token} answers {} without one. To do: let the proxy put no pages of its own in place of errors (nginx: \
             proxy_intercept_errors off)",
            status(&plain)
        )
    }) {
        return;
    }
    let long = refused(visitor, token, &[], BODY).await;
    report.check(&rules::BODY, error(&long).is_some(), || {
        format!(
            "a body of {} KiB is answered {}. To do: let the proxy take 256 KiB at least (nginx: client_max_body_size 256k)",
            BODY / 1024,
            status(&long)
        )
    });
    let padding = "x".repeat(HEAD);
    let long = refused(visitor, token, &[(HeaderName::from_static("x-padding"), &padding)], 0).await;
    report.check(&rules::HEAD, error(&long).is_some(), || {
        format!(
            "a header of {} KiB is answered {}. To do: let the proxy take 16 KiB at least (nginx: \
             large_client_header_buffers 4 16k)",
            HEAD / 1024,
            status(&long)
        )
    });
}

async fn proofs(
    visitor: &Visitor<'_>,
    token: &str,
    server: Option<&AuthorizationServerMetadata>,
    report: &mut Report,
) {
    if server.is_none_or(|server| server.dpop_signing_alg_values_supported.is_empty()) {
        report.skip(&rules::DPOP, "the server takes no DPoP proofs");
        return;
    }
    let name = HeaderName::from_static("dpop");
    let (without, with) = (
        refused(visitor, token, &[], 0).await,
        refused(visitor, token, &[(name.clone(), "not a proof")], 0).await,
    );
    let told = |sent: &Sent| sent.as_ref().map(|answer| answer.body().clone()).unwrap_or_default();
    let arrived = error(&with).as_deref() == Some("invalid_dpop_proof") && told(&without) != told(&with);
    if !report.check(&rules::DPOP, arrived, || {
        "the service does not see it. To do: let the proxy pass all headers of requests on, DPoP among them"
    }) {
        return;
    }
    let Ok(signer) = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom) else { return };
    let request = ProofRequest {
        method: "POST",
        url: token,
        now: visitor.what.clock.now(),
        access_token: None,
        nonce: None,
    };
    let Ok(proof) = dpop::prove(&signer, &SystemRandom, &request).await else { return };
    let sent = refused(visitor, token, &[(name, &proof)], 0).await;
    let code = error(&sent);
    let nonce = sent.as_ref().is_ok_and(|answer| !header(answer, "dpop-nonce").is_empty());
    match code.as_deref() {
        Some("use_dpop_nonce") if !nonce => report.fail(
            &rules::DPOP_NONCE,
            "a nonce is demanded, and the header DPoP-Nonce has none. To do: let the proxy pass all headers of answers on",
        ),
        Some("invalid_dpop_proof") => report.fail(
            &rules::DPOP_NONCE,
            format!(
                "a proof for {token}, made now, is refused. To do: write the `url` that wallets use in credenza.toml, and set \
                 the clocks"
            ),
        ),
        _ => report.pass(&rules::DPOP_NONCE),
    }
}

async fn access(visitor: &Visitor<'_>, credential: &str, report: &mut Report) {
    let sent = visitor.post(credential, JSON, &[(AUTHORIZATION, "Bearer not-a-token")], b"{}".to_vec()).await;
    let Ok(answer) = &sent else {
        report.fail(&rules::AUTHORIZATION, format!("{credential}: {}", status(&sent)));
        return;
    };
    let challenges: Vec<&str> =
        answer.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect();
    let refused = answer.status() == StatusCode::UNAUTHORIZED;
    if !report.check(
        &rules::CHALLENGE,
        !refused || !challenges.is_empty(),
        || "an answer 401 comes without it. To do: let the proxy pass all headers of answers on",
    ) {
        return;
    }
    // Without a token the service names no error (RFC 6750 §3.1).
    let seen = refused && challenges.iter().any(|challenge| challenge.contains("error="));
    report.check(&rules::AUTHORIZATION, seen, || {
        format!(
            "{credential} answers {} as if there were no token. To do: let the proxy pass Authorization on (Apache: CGIPassAuth \
             or SetEnvIf; nginx: no proxy_set_header Authorization), and check nothing there itself",
            status(&sent)
        )
    });
}

//! The parameters of a request whose sender is known: each rule of OID4VP 1.0 §5 and §8 that a wallet has to keep.

use credenza_core::AddressPolicy;
use credenza_query::DcqlQuery;
use credenza_query::dcql::Format;
use url::Url;

use super::answer::Reply;
use super::encrypt::Encryption;
use super::progress::Progress;
use super::{Asked, Refusal, ResolveError, Who, address};
use crate::messages::{AuthorizationRequest, ClientIdPrefix, ResponseMode, is_url_safe};
use crate::rules;

/// Neither `nonce` nor `state` may be longer.
const MAX_TEXT: usize = 2048;

fn request(problem: impl Into<String>) -> Refusal {
    Refusal::Request(problem.into())
}

/// Checks the parameters. A refusal can be told to the verifier as soon as it is clear where to.
pub(super) fn accept(
    who: Who,
    parameters: AuthorizationRequest,
    addresses: AddressPolicy,
    mut progress: Progress,
) -> Result<Asked, ResolveError> {
    let response_uri = match response_uri(&who, &parameters, addresses, &mut progress) {
        Ok(url) => url,
        Err(refusal) => {
            let report = progress.refused(&refusal);
            return Err(ResolveError { refusal, report, reply: None });
        }
    };
    let state = parameters.state.clone().filter(|state| state.len() <= MAX_TEXT && is_url_safe(state));
    let mut reply = Reply { response_uri, state, encryption: None };
    match read(&parameters, &mut reply, &mut progress) {
        Ok((query, nonce)) => Ok(Asked {
            report: progress.finished(),
            who,
            query,
            verifier_info: parameters.verifier_info.and_then(|info| info.0.ok()).unwrap_or_default(),
            expires: parameters.exp,
            nonce,
            reply,
        }),
        Err(refusal) => {
            let report = progress.refused(&refusal);
            Err(ResolveError { refusal, report, reply: Some(Box::new(reply)) })
        }
    }
}

/// Where the answer goes, if this verifier may have it sent there (§5.9.3, §8.2).
fn response_uri(
    who: &Who,
    parameters: &AuthorizationRequest,
    addresses: AddressPolicy,
    progress: &mut Progress,
) -> Result<Url, Refusal> {
    progress.at(&rules::REQUEST_RESPONSE_MODE);
    if !matches!(parameters.response_mode, Some(ResponseMode::DirectPost | ResponseMode::DirectPostJwt)) {
        return Err(request("response_mode is missing or not supported"));
    }
    progress.at(&rules::REQUEST_RESPONSE_URI);
    let client_id = &who.client_id;
    let unsigned = client_id.prefix() == ClientIdPrefix::RedirectUri;
    let text = match (&parameters.response_uri, unsigned) {
        (Some(uri), false) => uri.as_str(),
        (None, true) => client_id.original(),
        (Some(uri), true) if uri == client_id.original() => uri.as_str(),
        (Some(_), true) => return Err(request("response_uri is not the client identifier")),
        (None, false) => return Err(request("response_uri is missing")),
    };
    let url = address::acceptable(text, addresses)
        .filter(|url| url.fragment().is_none())
        .ok_or_else(|| request("response_uri is not a URL that may be posted to"))?;
    if client_id.prefix() == ClientIdPrefix::X509SanDns
        && !url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(client_id.original()))
    {
        return Err(request("response_uri is on another host than the client identifier"));
    }
    Ok(url)
}

fn read(
    parameters: &AuthorizationRequest,
    reply: &mut Reply,
    progress: &mut Progress,
) -> Result<(DcqlQuery, String), Refusal> {
    progress.at(&rules::REQUEST_METADATA);
    let metadata = match &parameters.client_metadata {
        None => None,
        Some(attempt) => {
            Some(attempt.0.as_ref().map_err(|problem| request(format!("client_metadata: {problem}")))?)
        }
    };
    progress.at(&rules::REQUEST_ENCRYPTION);
    if parameters.response_mode.is_some_and(ResponseMode::is_encrypted) {
        reply.encryption = Some(Encryption::choose(metadata)?);
    } else {
        progress.skip("not asked for");
    }
    progress.at(&rules::REQUEST_REDIRECT_URI);
    if parameters.redirect_uri.is_some() {
        return Err(request("redirect_uri has no place beside response_mode direct_post"));
    }
    progress.at(&rules::REQUEST_RESPONSE_TYPE);
    if parameters.response_type.as_deref() != Some("vp_token") {
        return Err(request("response_type is not vp_token"));
    }
    progress.at(&rules::REQUEST_STATE);
    if parameters.state != reply.state {
        return Err(request("state has characters that it may not have, or is too long"));
    }
    progress.at(&rules::REQUEST_NONCE);
    let nonce = parameters.nonce.as_ref().ok_or_else(|| request("nonce is missing"))?;
    if nonce.len() > MAX_TEXT || !is_url_safe(nonce) {
        return Err(request("nonce has characters that it may not have, or is too long"));
    }
    progress.at(&rules::REQUEST_TRANSACTION_DATA);
    // No type of transaction data is known yet: whatever is there is unknown (§5.1, §8.4).
    if parameters.transaction_data.is_some() {
        return Err(Refusal::TransactionData);
    }
    progress.at(&rules::REQUEST_VERIFIER_INFO);
    if let Some(Err(problem)) = parameters.verifier_info.as_ref().map(|info| &info.0) {
        return Err(request(format!("verifier_info: {problem}")));
    }
    progress.at(&rules::REQUEST_QUERY);
    let query = match (&parameters.dcql_query, &parameters.scope) {
        (Some(_), Some(_)) => return Err(request("there are both dcql_query and scope")),
        (None, Some(_)) => return Err(Refusal::Scope),
        (None, None) => return Err(request("dcql_query is missing")),
        (Some(query), None) => query.0.clone().map_err(request)?,
    };
    progress.at(&rules::REQUEST_FORMATS);
    if !query.credentials().iter().any(|credential| credential.format == Format::SdJwtVc) {
        return Err(Refusal::Formats);
    }
    Ok((query, nonce.clone()))
}

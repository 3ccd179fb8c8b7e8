//! The parameters of a request whose sender is known: each rule of OID4VP 1.0 §5 and §8 that a wallet has to keep.

use credenza_core::id;
use credenza_query::dcql::Format;
use serde_json::{Map, Value, json};

use super::authenticate::Identified;
use super::encrypt::Encryption;
use super::identity::Metadata;
use super::progress::Progress;
use super::registered::allows;
use super::reply::{Destination, Place, Reply};
use super::{Asked, Query, Refusal, ResolveError, Wallet, address, scope, transaction};
use crate::Profile;
use crate::dialects::Asking;
use crate::messages::{
    AuthorizationRequest, ClientIdPrefix, ClientMetadata, ResponseMode, TransactionData, is_url_safe,
};
use crate::rules;
use crate::verifier::INTERACTIVE;

/// Neither `nonce` nor `state` may be longer.
pub(super) const MAX_TEXT: usize = 2048;

/// Which way a request came, and what is known of the way back.
pub(super) enum Channel<'a> {
    /// By a link: the request says where the answer goes.
    Link,
    /// Through the Digital Credentials API: the answer goes back to this origin.
    DcApi { reply: Reply, origin: &'a str },
    /// Inside of an authorization: the answer goes back to this endpoint (OID4VCI 1.1 §6.2.1.1).
    Interactive { reply: Reply, endpoint: &'a str },
}

fn request(problem: impl Into<String>) -> Refusal {
    Refusal::Request(problem.into())
}

/// Checks the parameters. A refusal can be told to the verifier as soon as it is clear where to.
pub(super) fn accept(
    wallet: &Wallet,
    identified: Identified,
    channel: Channel<'_>,
    mut progress: Progress,
) -> Result<Asked, ResolveError> {
    let (audience, reply) = match channel {
        Channel::DcApi { reply, origin } => (format!("origin:{origin}"), Ok(reply)),
        Channel::Interactive { reply, endpoint } => (format!("{INTERACTIVE}{endpoint}"), Ok(reply)),
        Channel::Link => {
            let to = destination(wallet, &identified, &mut progress);
            let state = identified.request.state.clone();
            let state = state.filter(|state| state.len() <= MAX_TEXT && is_url_safe(state));
            let spoken = identified.spoken.clone();
            let client_id = spoken.as_ref().map(|spoken| spoken.client_id.clone());
            let client_id = client_id.unwrap_or_else(|| identified.who.client_id.as_str().to_owned());
            (client_id, to.map(|to| Reply { to, state, encryption: None, spoken, nonces: None }))
        }
    };
    let mut reply = match reply {
        Ok(reply) => reply,
        Err(refusal) => {
            let report = progress.refused(&refusal);
            return Err(ResolveError { refusal, report, reply: None });
        }
    };
    match read(wallet, &identified, &mut reply, &mut progress) {
        Ok(Terms { query, nonce, transactions, vp_formats }) => Ok(Asked {
            report: progress.finished(),
            who: identified.who,
            query,
            verifier_info: identified.request.verifier_info.and_then(|info| info.0.ok()).unwrap_or_default(),
            expires: identified.request.exp,
            nonce,
            audience,
            transactions,
            vp_formats,
            id_token: None,
            reply,
        }),
        Err(refusal) => {
            let report = progress.refused(&refusal);
            Err(ResolveError { refusal, report, reply: Some(Box::new(reply)) })
        }
    }
}

/// Where the answer goes, if this verifier may have it sent there (§5.9.3, §8.2).
pub(super) fn destination(
    wallet: &Wallet,
    identified: &Identified,
    progress: &mut Progress,
) -> Result<Destination, Refusal> {
    let parameters = &identified.request;
    progress.at(&rules::REQUEST_RESPONSE_MODE);
    let mode = parameters.response_mode.filter(|mode| mode.is_posted() || mode.is_redirect());
    let mode = mode.ok_or_else(|| request("response_mode is missing or not supported"))?;
    progress.at(&rules::REQUEST_RESPONSE_URI);
    let (name, given) = if mode.is_posted() {
        ("response_uri", &parameters.response_uri)
    } else {
        ("redirect_uri", &parameters.redirect_uri)
    };
    let client_id = &identified.who.client_id;
    let unsigned = client_id.prefix() == ClientIdPrefix::RedirectUri;
    let text = match (given, unsigned) {
        (Some(uri), false) => uri.as_str(),
        (None, true) => client_id.original(),
        (Some(uri), true) if uri == client_id.original() => uri.as_str(),
        (Some(_), true) => return Err(request(format!("{name} is not the client identifier"))),
        (None, false) => return Err(request(format!("{name} is missing"))),
    };
    let url = address::acceptable(text, wallet.config.addresses)
        .filter(|url| url.fragment().is_none())
        .ok_or_else(|| request(format!("{name} is not a URL that an answer may go to")))?;
    if client_id.prefix() == ClientIdPrefix::X509SanDns
        && !url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(client_id.original()))
    {
        return Err(request(format!("{name} is on another host than the client identifier")));
    }
    // What an attestation lists is meant to the letter.
    let known_by_name = client_id.prefix() == ClientIdPrefix::PreRegistered;
    let is_one_of = |known: &[String]| match known_by_name {
        true => allows(known, text),
        false => known.iter().any(|uri| uri == text),
    };
    if identified.uris.as_ref().is_some_and(|known| !is_one_of(known)) {
        return Err(request(format!("{name} is none of those that the verifier is known to have")));
    }
    let place = Place { url, text: text.to_owned() };
    Ok(if mode.is_posted() {
        Destination::Post(place)
    } else {
        Destination::Redirect { place, fragment: mode == ResponseMode::Fragment }
    })
}

/// What the verifier says about itself, from where that has to be.
pub(super) fn metadata(identified: &Identified) -> Result<Option<&ClientMetadata>, Refusal> {
    let sent = identified.request.client_metadata.as_ref();
    match (&identified.metadata, sent) {
        (Metadata::Federation(known), _) | (Metadata::Registered(known), None) => Ok(Some(known)),
        (Metadata::Registered(_), Some(_)) => Err(Refusal::Client),
        (Metadata::Request, None) => Ok(None),
        (Metadata::Request, Some(sent)) => {
            let sent = sent.0.as_ref();
            Ok(Some(sent.map_err(|problem| request(format!("client_metadata: {problem}")))?))
        }
    }
}

/// What is asked, and what for.
struct Terms {
    query: Query,
    nonce: String,
    transactions: Vec<TransactionData>,
    vp_formats: Option<Map<String, Value>>,
}

fn read(
    wallet: &Wallet,
    identified: &Identified,
    reply: &mut Reply,
    progress: &mut Progress,
) -> Result<Terms, Refusal> {
    let parameters = &identified.request;
    let returned = match &reply.to {
        Destination::Post(_) | Destination::Redirect { .. } => None,
        Destination::Caller { .. } => {
            let fits = parameters.response_mode.is_some_and(ResponseMode::is_dc_api);
            Some((fits, "response_mode is neither dc_api nor dc_api.jwt"))
        }
        Destination::Interactive(_) => {
            let fits = parameters.response_mode.is_some_and(ResponseMode::is_interactive);
            Some((fits, "response_mode is neither ia_post nor ia_post.jwt"))
        }
    };
    if let Some((fits, problem)) = returned {
        progress.at(&rules::REQUEST_RESPONSE_MODE);
        if !fits {
            return Err(request(problem));
        }
    }
    let encrypted = parameters.response_mode.is_some_and(ResponseMode::is_encrypted);
    if wallet.config.profile == Profile::Haip {
        progress.at(&rules::REQUEST_PROFILE);
        if !encrypted {
            return Err(Refusal::Profile("the answer has to be encrypted (HAIP 1.0 §5.1, §5.2)"));
        }
    }
    progress.at(&rules::REQUEST_METADATA);
    let metadata = metadata(identified)?;
    progress.at(&rules::REQUEST_ENCRYPTION);
    if encrypted {
        reply.encryption = Some(Encryption::choose(metadata, wallet.config.profile)?);
    } else {
        progress.skip("not asked for");
    }
    if returned.is_none() {
        one_place(parameters, progress)?;
    }
    progress.at(&rules::REQUEST_RESPONSE_TYPE);
    if parameters.response_type.as_deref() != Some("vp_token") {
        return Err(request("response_type is not vp_token"));
    }
    progress.at(&rules::REQUEST_STATE);
    if returned.is_none() && parameters.state != reply.state {
        return Err(request("state has characters that it may not have, or is too long"));
    }
    progress.at(&rules::REQUEST_NONCE);
    let nonce = parameters.nonce.as_ref().ok_or_else(|| request("nonce is missing"))?;
    if nonce.len() > MAX_TEXT || !is_url_safe(nonce) {
        return Err(request("nonce has characters that it may not have, or is too long"));
    }
    if reply.spoken.is_some() && reply.encryption.is_some() {
        reply.nonces = Some((id::unguessable(&*wallet.random), nonce.clone()));
    }
    progress.at(&rules::REQUEST_VERIFIER_INFO);
    if let Some(Err(problem)) = parameters.verifier_info.as_ref().map(|info| &info.0) {
        return Err(request(format!("verifier_info: {problem}")));
    }
    progress.at(&rules::REQUEST_QUERY);
    let query = match (&parameters.dcql_query, &parameters.scope, &identified.definition) {
        (None, None, Asking::Here(definition)) => Query::Definition(definition.clone()),
        (_, _, Asking::Here(_) | Asking::At(_)) => return Err(request("there is another query")),
        (Some(_), Some(_), _) => return Err(request("there are both dcql_query and scope")),
        (None, Some(value), _) => Query::Dcql(scope::query(value, &wallet.config.scopes)?),
        (None, None, _) => return Err(request("dcql_query is missing")),
        (Some(query), None, _) => Query::Dcql(query.0.clone().map_err(request)?),
    };
    let transactions = transactions(wallet, parameters, &query, progress)?;
    progress.at(&rules::REQUEST_FORMATS);
    if query.is_of_unknown_formats() {
        return Err(Refusal::Formats);
    }
    let mut vp_formats = metadata.and_then(|metadata| metadata.vp_formats_supported.clone());
    if reply.spoken.is_some() && reply.encryption.is_none() {
        // What the holder of an mdoc adds to the nonce is said in the encryption, and nowhere else.
        let others = [Format::SdJwtVc, Format::VcSdJwt, Format::JwtVcJson, Format::LdpVc];
        let all = || others.iter().map(|format| (format.as_str().to_owned(), json!({}))).collect();
        vp_formats.get_or_insert_with(all).remove(Format::Mdoc.as_str());
    }
    Ok(Terms { query, nonce: nonce.clone(), transactions, vp_formats })
}

/// `response_uri` or `redirect_uri`, as the response mode says, and never both (§8.2).
pub(super) fn one_place(parameters: &AuthorizationRequest, progress: &mut Progress) -> Result<(), Refusal> {
    progress.at(&rules::REQUEST_REDIRECT_URI);
    let redirect = parameters.response_mode.is_some_and(ResponseMode::is_redirect);
    if !redirect && parameters.redirect_uri.is_some() {
        return Err(request("redirect_uri has no place beside response_mode direct_post"));
    }
    if redirect && parameters.response_uri.is_some() {
        return Err(request("response_uri has a place beside response_mode direct_post alone"));
    }
    Ok(())
}

fn transactions(
    wallet: &Wallet,
    parameters: &AuthorizationRequest,
    query: &Query,
    progress: &mut Progress,
) -> Result<Vec<TransactionData>, Refusal> {
    progress.at(&rules::REQUEST_TRANSACTION_DATA);
    match parameters.transaction_data.as_ref().map(|attempt| &attempt.0) {
        None => {
            progress.skip("there is none");
            Ok(Vec::new())
        }
        Some(Ok(texts)) => transaction::read(texts, query, &wallet.config.transaction_types),
        Some(Err(problem)) => Err(Refusal::TransactionData(problem.clone())),
    }
}

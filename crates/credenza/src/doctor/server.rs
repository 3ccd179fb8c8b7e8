//! The metadata of the authorization server.

use credenza_core::{Report, json, well_known};
use credenza_crypto::JwkSet;
use credenza_oauth::AuthorizationServerMetadata;
use credenza_vci::messages::CredentialIssuerMetadata;
use http::StatusCode;
use url::Url;

use super::issuer::{elsewhere, endpoints, status};
use super::{Visitor, identifier, is_type, rules};

const JSON: &str = "application/json";
const NAME: &str = "oauth-authorization-server";

/// The report, and the metadata of the service's own server if it has one that can be read.
pub(super) async fn check(
    visitor: &Visitor<'_>,
    issuer: &CredentialIssuerMetadata,
) -> (Report, Option<AuthorizationServerMetadata>) {
    let mut report = Report::new("authorization server");
    let own = identifier(&visitor.what.url);
    let mut found = None;
    let named = issuer.authorization_servers.iter().map(String::as_str);
    let named: Vec<&str> = if issuer.authorization_servers.is_empty() { vec![own] } else { named.collect() };
    for server in named {
        let metadata = one(visitor, server, &mut report).await;
        if server == own {
            found = metadata;
        }
    }
    (report, found)
}

async fn one(
    visitor: &Visitor<'_>,
    server: &str,
    report: &mut Report,
) -> Option<AuthorizationServerMetadata> {
    let own = server == identifier(&visitor.what.url);
    let Ok(at) = Url::parse(server) else {
        report.fail(
            &rules::SERVER_PATH,
            format!("{server} is not a URL. To do: correct [[authorization_servers]]"),
        );
        return None;
    };
    let mut answer = visitor.get(well_known::insert(&at, NAME).as_str(), JSON).await;
    if !own && !answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::OK) {
        // Others have theirs where OpenID Connect has it.
        answer = visitor.get(well_known::append(&at, "openid-configuration").as_str(), JSON).await;
    }
    let good =
        answer.as_ref().ok().filter(|answer| answer.status() == StatusCode::OK && is_type(answer, JSON));
    let Some(good) = good else {
        let advice = match own {
            true => elsewhere(visitor, NAME).await,
            false => "see that this server is up, or correct [[authorization_servers]]".to_owned(),
        };
        report.fail(&rules::SERVER_PATH, format!("{server}: {}. To do: {advice}", status(&answer)));
        return None;
    };
    report.pass(&rules::SERVER_PATH);
    let metadata: AuthorizationServerMetadata = match json::object_from_slice(good.body()) {
        Ok(metadata) => metadata,
        Err(error) => {
            report.fail(&rules::SERVER_ISSUER, format!("{server}: {error:?}"));
            return None;
        }
    };
    report.check(&rules::SERVER_ISSUER, metadata.issuer == server, || {
        format!(
            "it is {}, and wallets that come to {server} refuse it. To do: write the same identifier in both places",
            metadata.issuer
        )
    });
    if own {
        let named = [
            &metadata.token_endpoint,
            &metadata.authorization_endpoint,
            &metadata.pushed_authorization_request_endpoint,
            &metadata.challenge_endpoint,
        ];
        endpoints(visitor, named.into_iter().flatten().map(String::as_str), report);
    }
    match &metadata.jwks_uri {
        Some(uri) => {
            let answer = visitor.get(uri, JSON).await;
            let read = |body: &[u8]| json::object_from_slice::<JwkSet>(body).is_ok();
            let good = answer.as_ref().is_ok_and(|it| it.status() == StatusCode::OK && read(it.body()));
            report.check(&rules::SERVER_JWKS, good, || {
                format!("{uri}: {}. To do: let the server serve its public keys there", status(&answer))
            });
        }
        None => report.skip(&rules::SERVER_JWKS, format!("{server} names none")),
    }
    Some(metadata)
}

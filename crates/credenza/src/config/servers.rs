//! `[[authorization_servers]]`: other servers whose access tokens are accepted.

use std::path::PathBuf;

use credenza_core::Secret;
use credenza_vci::issuer::{ExternalAuthorizationServer, TokenCheck};
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::read::Reader;
use crate::keys;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    issuer: Spanned<String>,
    #[serde(default)]
    jwks_uri: Option<Url>,
    #[serde(default)]
    introspection: Option<Introspection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Introspection {
    endpoint: Url,
    client_id: String,
    client_secret: Spanned<PathBuf>,
}

/// What the sections say; `None` when one is wrong.
pub(super) fn servers(
    sections: &[Section],
    reader: &mut Reader<'_>,
) -> Option<Vec<ExternalAuthorizationServer>> {
    let servers: Vec<_> = sections.iter().map(|section| server(section, reader)).collect();
    servers.into_iter().collect()
}

fn server(section: &Section, reader: &mut Reader<'_>) -> Option<ExternalAuthorizationServer> {
    let check = match (&section.jwks_uri, &section.introspection) {
        (Some(jwks_uri), None) => TokenCheck::Jwks { jwks_uri: jwks_uri.clone() },
        (None, Some(Introspection { endpoint, client_id, client_secret })) => TokenCheck::Introspection {
            endpoint: endpoint.clone(),
            client_id: client_id.clone(),
            client_secret: secret(client_secret, reader)?,
        },
        _ => {
            let problem = "it says in no way, or in two, how its access tokens are checked";
            let remedy = "write either jwks_uri, or introspection = { endpoint, client_id, client_secret }";
            reader.problem("authorization_servers", &section.issuer, problem, remedy);
            return None;
        }
    };
    Some(ExternalAuthorizationServer { issuer: section.issuer.get_ref().clone(), check })
}

fn secret(file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<Secret> {
    let path = reader.folder.join(file.get_ref());
    let read = keys::read_private(&path).map_err(|error| error.to_string());
    let text = read.and_then(|bytes| {
        let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?.trim().to_owned();
        if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text) }
    });
    match text {
        Ok(text) => Some(Secret::new(text)),
        Err(error) => {
            let remedy = "point it at a file with the secret that the server has given to this issuer";
            let problem = format!("{}: {error}", path.display());
            reader.problem("authorization_servers.introspection.client_secret", file, problem, remedy);
            None
        }
    }
}

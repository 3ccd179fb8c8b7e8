//! The section `[authorization]`: the authorization code flow, its clients and its people.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use credenza_core::json;
use credenza_crypto::{JwkSet, x509};
use credenza_server::users::ConfiguredUser;
use credenza_vci::issuer::{Client, ClientAuthentication, DpopMode};
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use super::read::Reader;
use super::{automatic, sign_in};
use crate::service::Authorization;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    profile: Option<Profile>,
    #[serde(default)]
    public_clients: bool,
    #[serde(default)]
    require_par: bool,
    #[serde(default)]
    require_client_authentication: bool,
    #[serde(default)]
    wallet_providers: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    require_attestation_challenge: bool,
    #[serde(default)]
    dpop: DpopMode,
    #[serde(default)]
    request_uri_lifetime: Option<u64>,
    #[serde(default)]
    interactive: bool,
    #[serde(default)]
    automatic: Option<automatic::Section>,
    #[serde(default)]
    upstream: Option<sign_in::UpstreamSection>,
    #[serde(default)]
    presentation: Option<sign_in::PresentationSection>,
    #[serde(default)]
    clients: Vec<ClientSection>,
    #[serde(default)]
    users: Vec<UserSection>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Profile {
    Haip,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientSection {
    id: String,
    #[serde(default)]
    name: Option<String>,
    redirect_uris: Vec<String>,
    #[serde(default)]
    authentication: Option<Method>,
    #[serde(default)]
    jwks: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Method {
    None,
    PrivateKeyJwt,
    Attestation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserSection {
    name: Spanned<String>,
    #[serde(default)]
    display_name: Option<String>,
    password_hash: String,
    #[serde(default)]
    claims: Option<Spanned<PathBuf>>,
}

/// What the section says; the outer `None` says that it is wrong.
pub(super) fn authorization(
    section: Option<&Section>,
    reader: &mut Reader<'_>,
) -> Option<Option<Authorization>> {
    let Some(section) = section else { return Some(None) };
    // Everything is looked at before anything is given up.
    let providers: Vec<_> = section.wallet_providers.iter().map(|file| roots(file, reader)).collect();
    let clients: Vec<_> = section.clients.iter().map(|client| self::client(client, reader)).collect();
    let users: Vec<_> = section.users.iter().map(|user| self::user(user, reader)).collect();
    let names: Vec<&str> = section.users.iter().map(|user| user.name.get_ref().trim()).collect();
    let automatic = automatic::automatic(section.automatic.as_ref(), &names, reader);
    let upstream = sign_in::upstream(section.upstream.as_ref(), reader);
    let presentation = sign_in::presentation(section.presentation.as_ref(), reader);
    Some(Some(Authorization {
        haip: section.profile == Some(Profile::Haip),
        clients: clients.into_iter().collect::<Option<_>>()?,
        public_clients: section.public_clients,
        require_par: section.require_par,
        require_client_authentication: section.require_client_authentication,
        wallet_providers: providers.into_iter().collect::<Option<Vec<_>>>()?.concat(),
        require_attestation_challenge: section.require_attestation_challenge,
        dpop: section.dpop,
        request_uri_lifetime: section.request_uri_lifetime.map(Duration::from_secs),
        interactive: section.interactive,
        automatic: automatic?,
        upstream: upstream?,
        presentation: presentation?,
        users: users.into_iter().collect::<Option<_>>()?,
    }))
}

fn roots(file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<Vec<Vec<u8>>> {
    let path = reader.folder.join(file.get_ref());
    let read = fs::read_to_string(&path).map_err(|error| error.to_string());
    match read.and_then(|pem| x509::pem_to_der_chain(&pem).map_err(|error| error.to_string())) {
        Ok(certificates) => Some(certificates),
        Err(error) => {
            let remedy = "name PEM files with the root certificates of wallet providers that you trust";
            let problem = format!("{}: {error}", path.display());
            reader.problem("authorization.wallet_providers", file, problem, remedy);
            None
        }
    }
}

fn client(section: &ClientSection, reader: &mut Reader<'_>) -> Option<Client> {
    let authentication = match (section.authentication, &section.jwks) {
        (Some(Method::PrivateKeyJwt) | None, Some(file)) => {
            ClientAuthentication::PrivateKeyJwt(keys(file, reader)?)
        }
        // Without keys it is told when the issuer is put together, with the client's name.
        (Some(Method::PrivateKeyJwt), None) => ClientAuthentication::PrivateKeyJwt(JwkSet::default()),
        (Some(Method::Attestation), _) => ClientAuthentication::Attestation,
        (Some(Method::None) | None, _) => ClientAuthentication::None,
    };
    Some(Client {
        id: section.id.clone(),
        name: section.name.clone(),
        redirect_uris: section.redirect_uris.clone(),
        authentication,
    })
}

fn keys(file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<JwkSet> {
    let path = reader.folder.join(file.get_ref());
    let read = fs::read(&path).map_err(|error| error.to_string());
    let value = read.and_then(|bytes| json::from_slice::<Value>(&bytes).map_err(|error| error.to_string()));
    match value.and_then(|value| JwkSet::from_value(&value).map_err(|error| error.to_string())) {
        Ok(keys) => Some(keys),
        Err(error) => {
            let remedy = "point it at a JWK set with the public keys of the client: {\"keys\": [...]}";
            let problem = format!("{}: {error}", path.display());
            reader.problem("authorization.clients.jwks", file, problem, remedy);
            None
        }
    }
}

fn user(section: &UserSection, reader: &mut Reader<'_>) -> Option<ConfiguredUser> {
    let setting = "authorization.users";
    let name = section.name.get_ref().trim();
    if name.is_empty() {
        reader.problem(setting, &section.name, "a user without a name", "write the name to sign in with");
        return None;
    }
    let claims = match &section.claims {
        None => BTreeMap::new(),
        Some(file) => claims(file, reader)?,
    };
    let user = ConfiguredUser {
        name: name.to_owned(),
        display: section.display_name.clone().unwrap_or_else(|| name.to_owned()),
        password_hash: section.password_hash.clone(),
        claims,
    };
    if !user.has_hash() {
        let remedy = "write the argon2id hash of the password: \
                      printf %s \"$PASSWORD\" | argon2 \"$(openssl rand -hex 8)\" -id -e";
        let problem = format!("the password_hash of \"{name}\" is not an argon2id hash");
        reader.problem(setting, &section.name, problem, remedy);
        return None;
    }
    Some(user)
}

fn claims(file: &Spanned<PathBuf>, reader: &mut Reader<'_>) -> Option<BTreeMap<String, Map<String, Value>>> {
    let path = reader.folder.join(file.get_ref());
    let read = fs::read(&path).map_err(|error| error.to_string());
    match read.and_then(|bytes| json::from_slice(&bytes).map_err(|error| error.to_string())) {
        Ok(claims) => Some(claims),
        Err(error) => {
            let remedy = "point it at a JSON file with claims by credential type: {\"pid\": {\"given_name\": \"Erika\"}}";
            let problem = format!("{}: {error}", path.display());
            reader.problem("authorization.users.claims", file, problem, remedy);
            None
        }
    }
}

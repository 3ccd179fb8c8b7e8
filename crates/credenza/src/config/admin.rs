//! The section `[admin]`: who gets in, where, and whether it is written down.

use std::net::SocketAddr;

use credenza_core::b64;
use credenza_server::{Access, AdminToken, Role};
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;

/// The name of the token that is always there.
const ADMIN: &str = "admin";

/// No name is longer.
const MAX_NAME: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub(super) token_sha256: Spanned<String>,
    #[serde(default)]
    listen: Option<Spanned<String>>,
    #[serde(default)]
    audit: bool,
    #[serde(default)]
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    name: Spanned<String>,
    sha256: Spanned<String>,
    roles: Spanned<Vec<Role>>,
}

/// The admin plane, as an operator wants it; beside the token that may do everything.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Where it listens, when that is apart from the rest.
    pub listen: Option<SocketAddr>,
    /// Whether what is changed is kept in the database.
    pub audit: bool,
    /// Tokens that may do some things.
    pub tokens: Vec<Access>,
}

pub(super) fn admin(section: &Section, reader: &mut Reader<'_>) -> Option<Admin> {
    let listen = match &section.listen {
        None => Some(None),
        Some(text) => match text.get_ref().parse() {
            Ok(address) => Some(Some(address)),
            Err(_) => {
                let remedy = "write address and port, such as \"127.0.0.1:7778\"";
                reader.problem("admin.listen", text, "not an address with a port", remedy);
                None
            }
        },
    };
    let mut names: Vec<&str> = vec![ADMIN];
    let mut tokens = Some(Vec::new());
    for token in &section.tokens {
        let access = access(token, &names, reader);
        names.push(token.name.get_ref());
        tokens = tokens.zip(access).map(|(mut tokens, access)| {
            tokens.push(access);
            tokens
        });
    }
    Some(Admin { listen: listen?, audit: section.audit, tokens: tokens? })
}

fn access(token: &Token, names: &[&str], reader: &mut Reader<'_>) -> Option<Access> {
    let name = token.name.get_ref();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let good = !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(plain);
    if !good || names.contains(&name.as_str()) {
        let remedy =
            "letters, digits, and - _ . between them; each token has a name of its own, and not \"admin\"";
        reader.problem("admin.tokens.name", &token.name, "this can't be the name of a token", remedy);
    }
    let hash = b64::decode(token.sha256.get_ref()).ok().and_then(|hash| <[u8; 32]>::try_from(hash).ok());
    if hash.is_none() {
        let remedy = "make a long random token, and write its hash here: \
                      printf %s TOKEN | openssl dgst -sha256 -binary | basenc --base64url | tr -d =";
        reader.problem("admin.tokens.sha256", &token.sha256, "not a SHA-256 in base64url", remedy);
    }
    if token.roles.get_ref().is_empty() {
        let remedy = "one or more of \"issue\", \"verify\" and \"admin\"";
        reader.problem("admin.tokens.roles", &token.roles, "a token without roles opens nothing", remedy);
    }
    let roles = token.roles.get_ref().clone();
    (good && !roles.is_empty()).then_some(())?;
    Some(Access { name: name.clone(), token: AdminToken::from_sha256(hash?), roles })
}

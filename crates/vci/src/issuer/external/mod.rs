//! Authorization servers of others: their access tokens are accepted as if they were ours, once they are checked, by the
//! server's keys (RFC 9068) or by asking the server (RFC 7662).
//!
//! Such a token opens a session of its own when it is first seen: what it covers is what its scope and its authorization
//! details say, and the claims come from the claims source, which is told the token's subject.

mod introspection;
mod jwt;
mod session;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza_core::{Http, Secret, UnixTime, b64};
use credenza_crypto::JwkSet;
use credenza_crypto::hash::sha256;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::{AccessError, Issuer};
use crate::messages::AuthorizationDetail;
use credenza_oauth::AccessToken;

/// For how long keys and answers of a server are believed without asking again.
const KEPT: Duration = Duration::from_secs(300);

/// For how long an answer about a token is believed: a revoked one stays good for no longer.
const BELIEVED: Duration = Duration::from_secs(60);

/// Keys are not fetched more often than this for the sake of a name that is not known.
const PATIENCE: Duration = Duration::from_secs(30);

/// No more answers are kept.
const MAX_ANSWERS: usize = 10_000;

/// An authorization server that is somebody else's.
#[derive(Debug, Clone)]
pub struct ExternalAuthorizationServer {
    /// Its issuer identifier.
    pub issuer: String,
    /// How its access tokens are checked.
    pub check: TokenCheck,
}

/// How access tokens of another server are checked.
#[derive(Debug, Clone)]
pub enum TokenCheck {
    /// They are JWTs (RFC 9068), signed with one of the keys at this URL.
    Jwks {
        /// Where the keys are.
        jwks_uri: Url,
    },
    /// The server is asked (RFC 7662).
    Introspection {
        /// Where.
        endpoint: Url,
        /// As which client: `client_secret_basic`.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
    },
}

/// Those servers, the way to them, and what they have answered.
pub(super) struct External {
    pub(super) servers: Vec<ExternalAuthorizationServer>,
    pub(super) http: Option<Arc<dyn Http>>,
    keys: Mutex<HashMap<String, Keys>>,
    answers: Mutex<HashMap<[u8; 32], Answered>>,
}

struct Keys {
    set: Arc<JwkSet>,
    at: UnixTime,
}

struct Answered {
    /// `None`: the token is not good.
    token: Option<Foreign>,
    until: UnixTime,
}

/// What a token of another server says (RFC 9068 §2.2, RFC 7662 §2.2). Members that are not known are ignored.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Foreign {
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    aud: Audience,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    exp: Option<UnixTime>,
    #[serde(default)]
    nbf: Option<UnixTime>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    authorization_details: Vec<Map<String, Value>>,
    #[serde(default)]
    cnf: Option<Confirmation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
struct Confirmation {
    #[serde(default)]
    jkt: Option<String>,
}

/// One or several, or nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(untagged)]
enum Audience {
    #[default]
    Nobody,
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, issuer: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(one) => one == issuer,
            Self::Several(several) => several.iter().any(|one| one == issuer),
        }
    }
}

impl External {
    pub(super) fn new(servers: Vec<ExternalAuthorizationServer>, http: Option<Arc<dyn Http>>) -> Self {
        Self { servers, http, keys: Mutex::default(), answers: Mutex::default() }
    }
}

impl Issuer {
    /// The access token of another server, when it is good here.
    pub(super) async fn external_token(
        &self,
        token: &str,
        now: UnixTime,
    ) -> Result<AccessToken, AccessError> {
        for server in &self.external.servers {
            let said = match &server.check {
                TokenCheck::Jwks { jwks_uri } => self.read_jwt(server, jwks_uri, token, now).await?,
                TokenCheck::Introspection { endpoint, client_id, client_secret } => {
                    self.introspect(server, endpoint, (client_id, client_secret), token, now).await?
                }
            };
            if let Some(said) = said {
                let session = b64::encode(sha256(format!("{} {token}", server.issuer).as_bytes()));
                return self.adopt(session, &said, now).await;
            }
        }
        Err(AccessError::InvalidToken)
    }

    /// Whether authorization details are about this issuer. Where there are several servers they must say so (§5.1.1).
    pub(super) fn is_meant_by(&self, detail: &AuthorizationDetail) -> bool {
        match detail.locations.as_slice() {
            [] => self.external.servers.is_empty(),
            named => named.contains(&self.identifier),
        }
    }

    /// What holds for a token wherever it comes from: it is for us, and it is time.
    fn is_for_us(&self, server: &ExternalAuthorizationServer, said: &Foreign, now: UnixTime) -> bool {
        said.aud.names(&self.identifier)
            && said.iss.as_ref().is_none_or(|iss| *iss == server.issuer)
            && said.exp.is_some_and(|exp| now < exp)
            && said.nbf.is_none_or(|nbf| nbf <= now + credenza_crypto::jwt::LEEWAY)
    }
}

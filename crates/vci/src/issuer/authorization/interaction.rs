//! A request that waits for the user, and what the user says to it.

use std::collections::BTreeMap;

use credenza_core::{Key, StoreError, UnixTime};
use credenza_oauth::AuthorizationRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::wanted::Wanted;
use crate::issuer::Issuer;
use crate::issuer::seals::Purpose;

const KIND: &str = "vci.authorization";

/// A request as it waits, under one name from the push to the decision; whoever decides takes it away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) issuer: String,
    pub(super) request: AuthorizationRequest,
    /// Where the answer goes.
    pub(super) redirect_uri: String,
    pub(super) authenticated: bool,
    pub(super) instance: Option<String>,
    pub(super) wanted: Wanted,
    /// The offer that it belongs to.
    pub(super) session: Option<String>,
    pub(super) expires: UnixTime,
}

pub(super) fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

/// A request for the user to decide about: what a consent page shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Interaction {
    /// Names it, for the forms of the pages; as good as the right to decide, and good until it was used.
    pub handle: String,
    /// The client.
    pub client_id: String,
    /// What the client is called, when it is registered.
    pub client_name: Option<String>,
    /// Whether the client has proven that it is this one.
    pub authenticated: bool,
    /// Where the answer will go.
    pub redirect_uri: String,
    /// What is asked for, by configuration.
    pub configurations: Vec<String>,
    /// The session of the offer that it belongs to, when it does.
    pub session: Option<String>,
    /// When it is too late to decide.
    pub expires_at: UnixTime,
}

impl std::fmt::Debug for Interaction {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Interaction")
            .field("client_id", &self.client_id)
            .field("configurations", &self.configurations)
            .finish_non_exhaustive()
    }
}

/// The user has signed in, and agrees.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Approval {
    /// Who, as the user authentication names them; the claims source is asked about this name.
    pub subject: String,
    /// Claims about them, by configuration, when the user authentication knows some. Claims that came with an offer
    /// stay as they are.
    pub claims: BTreeMap<String, Map<String, Value>>,
    /// The thumbprint (RFC 7638) of the one key that what is issued may be bound to: the key by which the user has
    /// proven to be somebody. Whoever relays what a stranger has shown can't prove that key. `None`: any key will do.
    pub holder_key: Option<String>,
}

/// Why nobody can decide about a request (RFC 6749 §4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// `temporarily_unavailable`: those who know the user can't be asked for now.
    Unavailable,
    /// `server_error`: those who know the user have answered something else than they should.
    Error,
}

impl Failure {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "temporarily_unavailable",
            Self::Error => "server_error",
        }
    }
}

impl std::fmt::Debug for Approval {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Approval({} credentials)", self.claims.len())
    }
}

impl Approval {
    /// By this user, about whom the claims source knows the rest.
    #[must_use]
    pub fn by(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), claims: BTreeMap::new(), holder_key: None }
    }

    /// The same, with claims for a configuration.
    #[must_use]
    pub fn with_claims(mut self, configuration_id: impl Into<String>, claims: Map<String, Value>) -> Self {
        self.claims.insert(configuration_id.into(), claims);
        self
    }

    /// The same, for this key alone: a thumbprint (RFC 7638).
    #[must_use]
    pub fn for_key(mut self, thumbprint: impl Into<String>) -> Self {
        self.holder_key = Some(thumbprint.into());
        self
    }
}

impl Issuer {
    pub(super) async fn pending(&self, id: &str) -> Result<Option<Pending>, StoreError> {
        let Some(record) = self.store.get(&key(id)).await? else { return Ok(None) };
        let pending: Pending = serde_json::from_slice(&record.value)
            .map_err(|_| StoreError::Unavailable("an authorization request can't be read".to_owned()))?;
        Ok((pending.issuer == self.identifier).then_some(pending))
    }

    pub(super) fn interaction_of(&self, id: &str, pending: Pending) -> Interaction {
        let client = self.authorization.registered(&pending.request.client_id);
        Interaction {
            handle: self.seals.seal(Purpose::Interaction, pending.expires, id.as_bytes()),
            client_name: client.and_then(|client| client.name.clone()),
            client_id: pending.request.client_id,
            authenticated: pending.authenticated,
            redirect_uri: pending.redirect_uri,
            configurations: pending.wanted.configurations,
            session: pending.session,
            expires_at: pending.expires,
        }
    }
}

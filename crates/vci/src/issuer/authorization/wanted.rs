//! What an authorization request asks for: scopes (§5.1.2) and authorization details (§5.1.1), within the offer that it
//! belongs to.

use credenza_core::UnixTime;
use credenza_oauth::AuthorizationRequest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Reason;
use crate::issuer::Issuer;
use crate::issuer::session::{Session, State};
use crate::messages::{AuthorizationDetail, OPENID_CREDENTIAL};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    /// Each once, in the order of the request.
    pub(super) configurations: Vec<String>,
    /// Whether there were authorization details.
    pub(super) by_identifier: bool,
}

/// Whether an offer can still be taken up with a browser.
pub(super) fn is_open(session: &Session, now: UnixTime) -> bool {
    let waiting = match &session.state {
        State::Offered { .. } => true,
        State::Approved(approved) => now >= approved.code_ends,
        _ => false,
    };
    waiting && now < session.offer_ends && session.grants.authorization_code()
}

impl Issuer {
    pub(super) fn wanted(
        &self,
        request: &AuthorizationRequest,
        offered: Option<&Session>,
    ) -> Result<Wanted, Reason> {
        let is_offered = |id: &str| {
            offered.is_none_or(|session| session.datasets.iter().any(|set| set.configuration_id == id))
        };
        let mut configurations: Vec<String> = Vec::new();
        let mut add = |id: &str| {
            if !configurations.iter().any(|known| known == id) {
                configurations.push(id.to_owned());
            }
        };
        let catalogue = self.catalogue();
        for detail in &request.authorization_details {
            if detail.get("type").and_then(Value::as_str) != Some(OPENID_CREDENTIAL) {
                return Err(Reason::Details("this type of authorization_details is not supported"));
            }
            let detail: AuthorizationDetail = serde_json::from_value(self.dialects.read_detail(detail))
                .map_err(|_| Reason::Details("an openid_credential object is malformed"))?;
            if !self.is_meant_by(&detail) {
                return Err(Reason::Details("locations does not name this issuer"));
            }
            let id = &detail.credential_configuration_id;
            if !catalogue.kinds.contains_key(id) || !is_offered(id) {
                return Err(Reason::Details("a credential is asked for that is not offered here"));
            }
            add(id);
        }
        // Scopes that mean nothing here are ignored; one that means a credential must be on offer.
        for scope in request.scope.iter().flat_map(|scope| scope.split(' ')) {
            let meant = || {
                let kinds = catalogue.kinds.iter();
                kinds.filter(move |(_, kind)| kind.configuration.scope.as_deref() == Some(scope))
            };
            let mut on_offer = meant().filter(|(id, _)| is_offered(id)).peekable();
            if on_offer.peek().is_none() && meant().next().is_some() {
                return Err(Reason::Scope);
            }
            on_offer.for_each(|(id, _)| add(id));
        }
        let asked = request.scope.is_some() || !request.authorization_details.is_empty();
        if let (false, Some(session)) = (asked, offered) {
            session.datasets.iter().for_each(|set| add(&set.configuration_id));
        }
        if configurations.is_empty() {
            return Err(Reason::Scope);
        }
        Ok(Wanted { configurations, by_identifier: !request.authorization_details.is_empty() })
    }
}

//! Requests in the way of a draft, where the wallet answers those: recognised and translated when they come in.

use credenza_crypto::Unverified;
use credenza_oauth::Form;
use serde_json::{Map, Value};

use super::authenticate::{Identified, object};
use super::progress::Progress;
use super::{Refusal, Wallet};
use crate::Profile;
use crate::dialects::{self, Dialect, DialectError, Received, Spoken};
use crate::messages::{AuthorizationRequest, ClientId, REQUEST_OBJECT_TYPE};
use crate::rules;

impl From<DialectError> for Refusal {
    fn from(error: DialectError) -> Self {
        match error {
            DialectError::ClientId => {
                Self::ClientId("the draft that it is written in has no such identifier")
            }
            error => Self::Request(error.to_string()),
        }
    }
}

impl Wallet {
    fn dialect(&self, members: &Map<String, Value>) -> Option<Dialect> {
        let answered = self.config.earlier_drafts && self.config.profile != Profile::Haip;
        answered.then(|| dialects::detect(members)).flatten()
    }

    /// The parameters of a link.
    pub(super) fn parameters(
        &self,
        form: &Form<'_>,
    ) -> Result<(AuthorizationRequest, Option<Spoken>), Refusal> {
        if self.config.earlier_drafts {
            let members = dialects::members(form);
            if let Some(dialect) = self.dialect(&members) {
                let Received { request, spoken } = dialects::from_wire(dialect, members)?;
                return Ok((request, Some(spoken)));
            }
        }
        Ok((AuthorizationRequest::from_query(form), None))
    }

    /// Verifies a request object in the way of a draft; `None`: it is one of 1.0.
    pub(super) async fn authenticate_draft(
        &self,
        client_id: &ClientId,
        jwt: &str,
        progress: &mut Progress,
    ) -> Result<Option<Identified>, Refusal> {
        if !self.config.earlier_drafts {
            return Ok(None);
        }
        let unverified = Unverified::<Map<String, Value>>::parse(jwt, REQUEST_OBJECT_TYPE)
            .map_err(|error| object(error.to_string()))?;
        let Some(dialect) = self.dialect(unverified.dangerous_claims()) else { return Ok(None) };
        let received = dialects::from_wire(dialect, unverified.dangerous_claims().clone())?;
        progress.at(&rules::REQUEST_SAME_CLIENT);
        if received.request.client_id.as_deref() != Some(client_id.as_str()) {
            return Err(Refusal::ClientId("it is another one inside of the request object"));
        }
        let read = |claims| {
            let Received { request, spoken } = dialects::from_wire(dialect, claims)?;
            Ok((request, Some(spoken)))
        };
        self.signed(client_id.clone(), unverified, read, progress).await.map(Some)
    }
}

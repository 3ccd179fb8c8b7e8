//! What was issued for an offer, with the buttons that suspend, restore and revoke it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_vci::issuer::status::{ChangeError, CredentialRecord, CredentialState};
use http::StatusCode;
use serde::Serialize;

use super::posted::Posted;
use super::refuse;
use crate::service::Service;

/// No offer has more that were issued for it.
const MOST: usize = 100;

/// A credential, and what can be done to it.
#[derive(Serialize)]
pub(super) struct Issued {
    id: String,
    status: &'static str,
    copies: usize,
    /// Each state that it may be given, with the word on its button.
    changes: Vec<(&'static str, &'static str)>,
}

impl From<CredentialRecord> for Issued {
    fn from(record: CredentialRecord) -> Self {
        use CredentialState::{Revoked, Suspended, Valid};
        let changes = match record.state {
            Valid => vec![(Suspended.name(), "Suspend"), (Revoked.name(), "Revoke")],
            Suspended => vec![(Valid.name(), "Restore"), (Revoked.name(), "Revoke")],
            Revoked => Vec::new(),
        };
        Self { id: record.id, status: record.state.name(), copies: record.places.len(), changes }
    }
}

/// What was issued in a session; nothing where credentials have no status, or where the store does not answer.
pub(super) async fn of(service: &Service, session: &str) -> Vec<Issued> {
    let Some(publisher) = &service.status else { return Vec::new() };
    let records = publisher.lists.credentials(Some(session), None, MOST).await.unwrap_or_default();
    records.into_iter().map(Issued::from).collect()
}

/// `POST /issue/{id}/status`
pub(super) async fn change(
    State(service): State<Arc<Service>>,
    Path(session): Path<String>,
    posted: Posted,
) -> Response {
    let Some(publisher) = &service.status else { return StatusCode::NOT_FOUND.into_response() };
    let states = [CredentialState::Valid, CredentialState::Suspended, CredentialState::Revoked];
    let state = states.into_iter().find(|state| Some(state.name()) == posted.get("status"));
    let (Some(state), Some(credential)) = (state, posted.get("credential")) else {
        return refuse(&service, StatusCode::BAD_REQUEST, "This form is not complete.");
    };
    match publisher.lists.change(credential, state).await {
        Ok(record) => {
            publisher.publish(&record).await;
            posted.visitor.redirect(&service, &format!("/issue/{session}"))
        }
        Err(ChangeError::NotFound) => StatusCode::NOT_FOUND.into_response(),
        Err(ChangeError::Store(_)) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(error) => refuse(&service, StatusCode::CONFLICT, &format!("Nothing was changed: {error}.")),
    }
}

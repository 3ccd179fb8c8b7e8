//! Signing in and agreeing with nobody there: for certification and tests, never for a service with real credentials.

use std::sync::Arc;

use axum::response::Response;
use credenza_vci::issuer::Interaction;

use super::{back, refused, unavailable};
use crate::service::Service;

/// Decides about authorization requests in the place of a person, who is the same for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutomaticLogin {
    /// Who has signed in, as the user authentication knows them.
    pub subject: String,
    /// Clients whose requests are denied, as by a person who presses "Deny".
    pub deny: Vec<String>,
    /// Clients whose requests get the pages all the same: a scripted browser signs in.
    pub ask: Vec<String>,
}

/// The decision, unless somebody has to be asked.
pub(super) async fn decide(service: &Arc<Service>, interaction: &Interaction) -> Option<Response> {
    let automatic = service.automatic_login.as_ref()?;
    let named = |clients: &[String]| clients.contains(&interaction.client_id);
    if named(&automatic.ask) {
        return None;
    }
    let decided = if named(&automatic.deny) {
        service.issuer.deny(&interaction.handle).await
    } else {
        let users = service.users.as_ref()?;
        let user = match users.find(&automatic.subject).await {
            Ok(user) => user?,
            Err(error) => return Some(unavailable(service, &error)),
        };
        service.issuer.approve(&interaction.handle, user.into()).await
    };
    Some(decided.map_or_else(|error| refused(service, error), |url| back(&url)))
}

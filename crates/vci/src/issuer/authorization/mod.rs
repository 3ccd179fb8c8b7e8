//! The authorization server of an issuer: who may ask, what is asked for, what the user says to it.
//!
//! A request is pushed ([`Issuer::pushed_authorization`]) or comes with the browser; [`Issuer::authorize`] makes an
//! [`Interaction`] of it, for whoever shows pages. When somebody has signed in, [`Issuer::approve`] or [`Issuer::deny`]
//! ends it with the URL that the browser goes back to. Signing in is not our business: passwords, an OpenID Connect
//! provider, or a presentation all end in an [`Approval`].

mod challenge;
mod client;
mod decide;
mod error;
mod haip;
mod interaction;
mod interactive;
mod par;
mod request;
mod settings;
mod spent;
mod wanted;

use credenza_oauth::client_attestation::Challenges;

pub use error::{AuthorizeError, ClientError, PushError, Reason};
pub use interaction::{Approval, Failure, Interaction};
pub use interactive::{
    InteractiveAuthorization, InteractiveError, PresentationAsked, PresentationFailure, PresentationInside,
};
pub use settings::{
    AttestationSettings, AuthorizationLifetimes, AuthorizationSettings, Client, ClientAuthentication,
};

pub(super) use client::Caller;
pub(super) use haip::{comply, comply_metadata, comply_types};
pub(super) use spent::{Replayed, Spent};

/// The settings, checked, with what belongs to them.
pub(super) struct AuthorizationServer {
    /// `None`: the pre-authorized code is the only grant.
    settings: Option<AuthorizationSettings>,
    /// Where attestations are accepted.
    challenges: Option<Challenges>,
    /// Where there is an authorization challenge endpoint.
    interactive: Option<InteractiveAuthorization>,
}

impl AuthorizationServer {
    pub(super) const fn new(
        settings: Option<AuthorizationSettings>,
        challenges: Option<Challenges>,
        interactive: Option<InteractiveAuthorization>,
    ) -> Self {
        Self { settings, challenges, interactive }
    }

    /// Whether there is an authorization endpoint.
    pub(super) const fn enabled(&self) -> bool {
        self.settings.is_some()
    }

    pub(super) const fn settings(&self) -> Option<&AuthorizationSettings> {
        self.settings.as_ref()
    }

    pub(super) const fn interactive(&self) -> Option<&InteractiveAuthorization> {
        self.interactive.as_ref()
    }

    /// The client that is registered under this identifier.
    fn registered(&self, client_id: &str) -> Option<&Client> {
        self.settings.as_ref()?.clients.iter().find(|client| client.id == client_id)
    }
}

//! People who sign in at an OpenID Provider.

use credenza_core::Answer;
use credenza_oauth::openid::{OpenIdClient, OpenIdError, Remembered};
use serde_json::Value;

use super::{ClaimMapping, Departure, Destination, ElsewhereError, Returned, SignInElsewhere, Trip};
use crate::users::User;

/// An OpenID Provider whose word is taken for who somebody is.
pub struct UpstreamSignIn {
    client: OpenIdClient,
    label: String,
    mapping: ClaimMapping,
}

impl UpstreamSignIn {
    /// The name of this way in URLs.
    pub const WAY: &'static str = "upstream";

    /// A provider, as what its button says, and which of its claims count.
    #[must_use]
    pub fn new(client: OpenIdClient, label: impl Into<String>, mapping: ClaimMapping) -> Self {
        Self { client, label: label.into(), mapping }
    }

    async fn leave(&self, trip: &Trip) -> Result<Departure, ElsewhereError> {
        let departure = self.client.begin(&trip.state).await.map_err(because)?;
        let kept = serde_json::to_value(&departure.remembered)
            .map_err(|error| ElsewhereError::Unavailable(error.to_string()))?;
        Ok(Departure { kept, to: Destination::Browser(departure.url) })
    }

    async fn identify(&self, returned: Returned<'_>) -> Result<User, ElsewhereError> {
        let refused = |reason: &str| ElsewhereError::Refused(reason.to_owned());
        let url = returned.url.ok_or_else(|| refused("the browser was not away"))?;
        let remembered: Remembered = serde_json::from_value(returned.kept.clone())
            .map_err(|_| refused("what was remembered can't be read"))?;
        let identity = self.client.finish(&remembered, returned.state, url).await.map_err(because)?;
        let said = Value::Object(identity.claims);
        // An address that nobody has looked at can be anybody's (OpenID Connect Core §5.7).
        if self.mapping.subject.as_str() == "email" && said.get("email_verified") != Some(&Value::Bool(true))
        {
            return Err(refused("the e-mail address is not verified"));
        }
        self.mapping.user(&said)
    }
}

fn because(error: OpenIdError) -> ElsewhereError {
    match error {
        OpenIdError::Denied(body) if body.error == "access_denied" => ElsewhereError::Denied,
        OpenIdError::Denied(body)
            if matches!(body.error.as_str(), "server_error" | "temporarily_unavailable") =>
        {
            ElsewhereError::Unavailable(format!("the OpenID Provider says {}", body.error))
        }
        error if error.passes() => ElsewhereError::Unavailable(error.to_string()),
        error => ElsewhereError::Refused(error.to_string()),
    }
}

impl SignInElsewhere for UpstreamSignIn {
    fn way(&self) -> &'static str {
        Self::WAY
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn begin<'a>(&'a self, trip: &'a Trip) -> Answer<'a, Result<Departure, ElsewhereError>> {
        Answer::later(self.leave(trip))
    }

    fn finish<'a>(&'a self, returned: Returned<'a>) -> Answer<'a, Result<User, ElsewhereError>> {
        Answer::later(self.identify(returned))
    }
}

impl std::fmt::Debug for UpstreamSignIn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "UpstreamSignIn({:?})", self.client)
    }
}

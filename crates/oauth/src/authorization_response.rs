//! The authorization response (RFC 6749 §4.1.2) with `iss` (RFC 9207): put onto the redirect URI by the server, taken
//! from it by the client.

use credenza_core::{Report, Secret, secret};
use url::Url;

use crate::error::{ErrorBody, allowed};
use crate::{Form, redirect_uri, rules};

/// What comes back by the browser.
#[derive(Debug, Clone)]
pub struct AuthorizationResponse {
    /// The code, or why there is none.
    pub outcome: Result<Secret, ErrorBody>,
    /// The `state` of the request, when it had one.
    pub state: Option<String>,
    /// The server that answers.
    pub iss: Option<String>,
}

/// What the client knows about the request that a response must belong to.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedResponse<'a> {
    /// The `state` that was sent.
    pub state: &'a str,
    /// The issuer identifier of the server that was asked.
    pub issuer: &'a str,
    /// Whether its metadata says that it sends `iss` (`authorization_response_iss_parameter_supported`). One that
    /// does not say so must not send it (RFC 9207 §2.4).
    pub iss_supported: bool,
}

/// Why a response brings no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// Neither code nor error, both, or a parameter twice.
    #[error("the authorization response is malformed")]
    Malformed,
    /// It does not belong to this request, or another server has sent it: the report says which. Nothing in it may
    /// be used, not even its error.
    #[error("the authorization response was not meant for this request")]
    Foreign,
    /// The server said no.
    #[error("the authorization server refused: {}", .0.error)]
    Refused(ErrorBody),
}

impl AuthorizationResponse {
    /// The redirect URI with the response on it.
    #[must_use]
    pub fn to_url(&self, redirect_uri: &str) -> String {
        let mut parameters: Vec<(&str, &str)> = Vec::with_capacity(4);
        let description;
        match &self.outcome {
            Ok(code) => parameters.push(("code", code.expose())),
            Err(body) => {
                parameters.push(("error", &body.error));
                if let Some(text) = &body.error_description {
                    description = allowed(text);
                    parameters.push(("error_description", &description));
                }
            }
        }
        parameters.extend(self.state.as_deref().map(|state| ("state", state)));
        parameters.extend(self.iss.as_deref().map(|iss| ("iss", iss)));
        redirect_uri::with_parameters(redirect_uri, &parameters)
    }

    /// Takes a response from the URL that the browser was sent to. That it came to the right redirect URI is for the
    /// caller to know.
    ///
    /// # Errors
    /// [`ResponseError::Malformed`].
    pub fn from_url(url: &Url) -> Result<Self, ResponseError> {
        let query = url.query().unwrap_or_default();
        let form = Form::parse(query.as_bytes()).map_err(|_| ResponseError::Malformed)?;
        let text = |name: &str| form.get(name).map(str::to_owned);
        let outcome = match (text("code"), text("error")) {
            (Some(code), None) => Ok(Secret::new(code)),
            (None, Some(error)) => Err(ErrorBody {
                error,
                error_description: text("error_description"),
                error_uri: text("error_uri"),
            }),
            _ => return Err(ResponseError::Malformed),
        };
        Ok(Self { outcome, state: text("state"), iss: text("iss") })
    }

    /// The code, if the response belongs to this request and comes from the server that was asked: mix-up and
    /// cross-site forgery end here (RFC 9207 §2.4, RFC 9700 §4.4, §4.7).
    ///
    /// # Errors
    /// See [`ResponseError`].
    pub fn accept(
        self,
        expected: &ExpectedResponse<'_>,
        report: &mut Report,
    ) -> Result<Secret, ResponseError> {
        let state = self.state.as_deref();
        let same = state.is_some_and(|state| secret::equal(state.as_bytes(), expected.state.as_bytes()));
        let mut good = report.check(&rules::AUTHORIZATION_STATE, same, || match state {
            Some(_) => "another state",
            None => "no state",
        });
        let from = match self.iss.as_deref() {
            Some(iss) => expected.iss_supported && iss == expected.issuer,
            None => !expected.iss_supported,
        };
        good &= report.check(&rules::AUTHORIZATION_ISS, from, || match self.iss {
            Some(_) if !expected.iss_supported => "iss from a server that says it sends none",
            Some(_) => "another server",
            None => "no iss",
        });
        if !good {
            return Err(ResponseError::Foreign);
        }
        self.outcome.map_err(ResponseError::Refused)
    }
}

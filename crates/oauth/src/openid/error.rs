//! Why nobody has signed in at the provider.

use credenza_core::{HttpError, Report};

use crate::{ErrorBody, ResponseError};

/// Why signing in at a provider came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// The provider can't be asked, for now: the endpoint, and why.
    #[error("the {0} of the OpenID Provider can't be asked: {1}")]
    Unreachable(&'static str, HttpError),
    /// The provider answers with an error of its own.
    #[error("the {0} of the OpenID Provider answers with status {1}")]
    Failed(&'static str, u16),
    /// What it answers is not what OpenID Connect says.
    #[error("the {0} of the OpenID Provider answers with something else than it should")]
    Malformed(&'static str),
    /// A check has failed: metadata, ID token or UserInfo.
    #[error("what the OpenID Provider says was not accepted{}", failed(.0))]
    Refused(Box<Report>),
    /// The response that the browser has brought is malformed, or belongs to something else.
    #[error("the response of the OpenID Provider was not accepted{}", failed(.1))]
    Response(ResponseError, Box<Report>),
    /// The provider has let nobody in.
    #[error("the OpenID Provider says: {}", .0.error)]
    Denied(ErrorBody),
    /// Our own key can't sign.
    #[error("this client can't authenticate: {0}")]
    Signer(String),
}

fn failed(report: &Report) -> String {
    report.first_failure().map(|check| format!(": {}", check.rule.id)).unwrap_or_default()
}

impl OpenIdError {
    /// Whether the next try may go better.
    #[must_use]
    pub const fn passes(&self) -> bool {
        match self {
            Self::Unreachable(..) | Self::Signer(_) => true,
            Self::Failed(_, status) => *status >= 500 || *status == 429,
            _ => false,
        }
    }

    /// What was checked, when the reason is a check.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Refused(report) | Self::Response(_, report) => Some(report),
            _ => None,
        }
    }
}

//! Interactive Authorization: what the authorization challenge endpoint is asked and what it answers (OID4VCI 1.1 §6,
//! OAuth 2.0 for First-Party Applications §5).

use credenza_core::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The error code that asks for an interaction, with 401.
pub const INSUFFICIENT_AUTHORIZATION: &str = "insufficient_authorization";

/// The error code of a server that would need another interaction than the wallet supports.
pub const MISSING_INTERACTION_TYPE: &str = "missing_interaction_type";

/// The error code that leads to the ordinary authorization code flow.
pub const REDIRECT_TO_WEB: &str = "redirect_to_web";

/// The parameter with the types that a wallet supports.
pub const INTERACTION_TYPES_SUPPORTED: &str = "interaction_types_supported";

/// No `interaction_types_supported` is longer, in bytes.
pub const MAX_TYPES: usize = 2048;

/// What can happen between a wallet and an authorization server (§6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InteractionType {
    /// A credential is presented.
    Presentation,
    /// The holder goes on in a browser.
    Web,
}

impl InteractionType {
    /// The URN.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Presentation => "urn:openid:dcp:ia:openid4vp_presentation",
            Self::Web => "urn:openid:dcp:ia:auth_via_web",
        }
    }

    /// By its URN; `None`: an extension.
    #[must_use]
    pub fn from_urn(urn: &str) -> Option<Self> {
        [Self::Presentation, Self::Web].into_iter().find(|known| known.as_str() == urn)
    }
}

/// The types that a wallet supports, of those that are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InteractionTypes {
    /// It can present credentials.
    pub presentation: bool,
    /// It can open a browser.
    pub web: bool,
}

impl InteractionTypes {
    /// Reads `interaction_types_supported`: URNs with commas between them. `None`: it is none, or too long. Types of
    /// extensions are no mistake, and mean nothing here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TYPES {
            return None;
        }
        let mut types = Self::default();
        for urn in text.split(',') {
            if !is_urn(urn) {
                return None;
            }
            match InteractionType::from_urn(urn) {
                Some(InteractionType::Presentation) => types.presentation = true,
                Some(InteractionType::Web) => types.web = true,
                None => {}
            }
        }
        Some(types)
    }
}

impl std::fmt::Display for InteractionTypes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let presentation = self.presentation.then_some(InteractionType::Presentation.as_str());
        let web = self.web.then_some(InteractionType::Web.as_str());
        let types: Vec<&str> = presentation.into_iter().chain(web).collect();
        out.write_str(&types.join(","))
    }
}

/// `urn:`, a namespace, and something in it (RFC 8141 §2), of characters that such names have.
fn is_urn(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=:@/%".contains(&byte);
    let rest = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("urn:") => text.get(4..).unwrap_or_default(),
        _ => return false,
    };
    let parts = rest.split_once(':');
    parts.is_some_and(|(space, name)| space.len() >= 2 && !name.is_empty()) && rest.bytes().all(plain)
}

/// The authorization is complete (First-Party Applications §5.2.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthorizationCodeResponse {
    /// For the token endpoint.
    pub authorization_code: Secret,
}

/// The server needs an interaction (§6.2.1); the members beside `error`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InteractionRequired {
    /// Ties the next request to this one.
    pub auth_session: Secret,
    /// Which interaction: a URN.
    pub interaction_type_required: String,
    /// For a presentation: the request of OID4VP, as it would be given to the Digital Credentials API (§6.2.1.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openid4vp_request: Option<Map<String, Value>>,
    /// For a browser: the request that it is to be sent with (§6.2.1.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_uri: Option<String>,
    /// How long that is good, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_urns_with_commas_between_them() {
        let (both, presentation) = (
            InteractionTypes { presentation: true, web: true },
            InteractionTypes { presentation: true, web: false },
        );
        assert_eq!(InteractionTypes::parse(&both.to_string()), Some(both));
        let text =
            "urn:openid:dcp:ia:auth_via_web,urn:galaxysdo:ia:card,urn:openid:dcp:ia:openid4vp_presentation";
        assert_eq!(InteractionTypes::parse(text), Some(both));
        assert_eq!(InteractionTypes::parse(&presentation.to_string()), Some(presentation));
        assert_eq!(InteractionTypes::parse("urn:galaxysdo:ia:card"), Some(InteractionTypes::default()));
        let long = format!("urn:a1:{}", "x".repeat(MAX_TYPES));
        for wrong in
            ["", ",", "openid4vp_presentation", "urn:", "urn:x", "urn:ab:", "urn:ab:c d", "urn:ab:c,", &long]
        {
            assert_eq!(InteractionTypes::parse(wrong), None, "{wrong}");
        }
    }
}

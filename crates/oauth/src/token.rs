//! Access tokens that carry their own content, sealed: checking one needs no store.

use std::time::Duration;

use credenza_core::{Random, SealError, Sealer, UnixTime, b64};
use serde::{Deserialize, Serialize};

const PURPOSE: &str = "access_token";

/// How an access token is to be presented (RFC 6749 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TokenType {
    /// RFC 6750
    Bearer,
    /// RFC 9449 §5
    DPoP,
}

impl TokenType {
    /// By its name, without regard to case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("Bearer") {
            Some(Self::Bearer)
        } else if name.eq_ignore_ascii_case("DPoP") {
            Some(Self::DPoP)
        } else {
            None
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::DPoP => "DPoP",
        }
    }
}

impl<'de> Deserialize<'de> for TokenType {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let name = String::deserialize(input)?;
        Self::from_name(&name).ok_or_else(|| serde::de::Error::custom("neither Bearer nor DPoP"))
    }
}

/// What an access token says. The client can neither read nor change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// Who accepts it: the resource server's identifier.
    #[serde(rename = "aud")]
    pub audience: String,
    /// The session in which it was issued.
    #[serde(rename = "sid")]
    pub session: String,
    /// The client it was issued to; `None` when it was anonymous.
    #[serde(rename = "cid", default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The thumbprint of the key it is bound to (RFC 9449 §6.1); `None` for a bearer token.
    #[serde(rename = "jkt", default, skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
}

impl AccessToken {
    /// Seals the token. Every call gives another text.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer, random: &dyn Random, now: UnixTime, valid_for: Duration) -> String {
        let content = serde_json::to_vec(self).unwrap_or_default();
        sealer.seal(random, PURPOSE, now + valid_for, &content)
    }

    /// Opens a token that was sealed for `audience`.
    ///
    /// # Errors
    /// [`SealError::Forged`] for anything that is not such a token, [`SealError::Expired`] when it is too old.
    pub fn open(sealer: &Sealer, now: UnixTime, audience: &str, token: &str) -> Result<Self, SealError> {
        let content = sealer.open(PURPOSE, now, token)?;
        let token: Self = serde_json::from_slice(&content).map_err(|_| SealError::Forged)?;
        if token.audience == audience { Ok(token) } else { Err(SealError::Forged) }
    }

    /// The type that the token response names.
    #[must_use]
    pub fn token_type(&self) -> TokenType {
        if self.jkt.is_some() { TokenType::DPoP } else { TokenType::Bearer }
    }
}

/// The `ath` of a DPoP proof for this token (RFC 9449 §4.2).
#[must_use]
pub fn ath(token: &str) -> String {
    b64::encode(credenza_crypto::hash::sha256(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SeededRandom;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    #[test]
    fn a25_tokens_of_others_are_forged() {
        let random = SeededRandom::new(1);
        let sealer = Sealer::fresh(&random);
        let token = AccessToken {
            audience: "https://a.example".to_owned(),
            session: "s".to_owned(),
            client_id: None,
            jkt: None,
        };
        let minute = Duration::from_secs(60);
        let text = token.seal(&sealer, &random, NOW, minute);
        assert_ne!(text, token.seal(&sealer, &random, NOW, minute));
        assert_eq!(AccessToken::open(&sealer, NOW, "https://a.example", &text).unwrap(), token);
        assert_eq!(AccessToken::open(&sealer, NOW, "https://b.example", &text), Err(SealError::Forged));
        assert_eq!(
            AccessToken::open(&sealer, NOW + minute, "https://a.example", &text),
            Err(SealError::Expired)
        );
        let nonce = sealer.seal(&random, "c_nonce", NOW + minute, b"{}");
        assert_eq!(AccessToken::open(&sealer, NOW, "https://a.example", &nonce), Err(SealError::Forged));
    }
}

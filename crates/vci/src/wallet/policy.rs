//! What a wallet insists on.

use credenza_core::{AddressPolicy, Limits};

/// What a wallet insists on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Which addresses it talks to. The Http port, which alone sees where a name leads, must have the same policy.
    pub addresses: AddressPolicy,
    /// What each answer may cost.
    pub limits: Limits,
    /// How it uses DPoP.
    pub dpop: DpopUse,
    /// How many copies of each credential it asks for, where the issuer offers that; at most 100.
    pub copies: u32,
    /// Who it is, when the issuer does not serve anonymous wallets.
    pub client_id: Option<String>,
}

/// How a wallet uses DPoP (RFC 9449).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DpopUse {
    /// When the authorization server says that it knows it; then the token must be bound.
    #[default]
    WhenSupported,
    /// Always; a server that does not know it, or does not bind the token, is refused.
    Required,
}

impl Default for Policy {
    /// Public addresses, default limits, DPoP when supported, one copy, anonymous.
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::Public,
            limits: Limits::default(),
            dpop: DpopUse::WhenSupported,
            copies: 1,
            client_id: None,
        }
    }
}

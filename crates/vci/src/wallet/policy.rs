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
    /// When requests and responses with credentials are encrypted on top of TLS.
    pub encryption: EncryptionUse,
    /// What it makes of signed metadata; that needs somebody to trust.
    pub signed_metadata: SignedMetadataUse,
    /// Whether authorization requests must be pushed (RFC 9126); a server that does not take them so is refused.
    pub require_par: bool,
    /// Whether the wallet authenticates to each server; one that knows none of its ways is refused.
    pub require_client_authentication: bool,
}

impl Policy {
    /// What HAIP 1.0 wants of a wallet: pushed requests (§4.2), client authentication (§4.4), DPoP (§4.3), and signed
    /// metadata where there is some (§4.1).
    #[must_use]
    pub fn haip() -> Self {
        Self {
            dpop: DpopUse::Required,
            signed_metadata: SignedMetadataUse::WhenTrusted,
            require_par: true,
            require_client_authentication: true,
            ..Self::default()
        }
    }
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

/// When a wallet encrypts (§10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EncryptionUse {
    /// When the issuer demands it.
    WhenRequired,
    /// When the issuer offers it.
    #[default]
    WhenOffered,
    /// Always; an issuer that does not offer it, both ways, is refused.
    Required,
}

/// What a wallet makes of signed metadata (§12.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignedMetadataUse {
    /// It asks for unsigned metadata.
    #[default]
    Never,
    /// It asks for signed metadata. What somebody has signed who is not trusted is not read; the unsigned is, instead.
    WhenTrusted,
    /// Metadata must be signed by somebody who is trusted.
    Required,
}

impl Default for Policy {
    /// Public addresses, default limits, DPoP when supported, one copy, encryption when offered, unsigned
    /// metadata.
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::Public,
            limits: Limits::default(),
            dpop: DpopUse::WhenSupported,
            copies: 1,
            encryption: EncryptionUse::default(),
            signed_metadata: SignedMetadataUse::default(),
            require_par: false,
            require_client_authentication: false,
        }
    }
}

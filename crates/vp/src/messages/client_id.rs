//! Client identifiers and their prefixes (OID4VP 1.0 §5.9).

use std::fmt;

/// How the rest of a client identifier is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientIdPrefix {
    /// `redirect_uri`: the place the answer goes to; unsigned.
    RedirectUri,
    /// `x509_san_dns`: a DNS name of the signer's certificate.
    X509SanDns,
    /// `x509_hash`: the SHA-256 hash of the signer's certificate.
    X509Hash,
    /// `decentralized_identifier`: a DID.
    DecentralizedIdentifier,
    /// `verifier_attestation`: the subject of an attestation.
    VerifierAttestation,
    /// `openid_federation`: an entity of a federation.
    OpenidFederation,
    /// `origin`: reserved for the Digital Credentials API; never accepted in a request.
    Origin,
    /// No prefix, or none of these: the verifier was registered before.
    PreRegistered,
}

impl ClientIdPrefix {
    /// The prefix as it is written; empty for a pre-registered client.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RedirectUri => "redirect_uri",
            Self::X509SanDns => "x509_san_dns",
            Self::X509Hash => "x509_hash",
            Self::DecentralizedIdentifier => "decentralized_identifier",
            Self::VerifierAttestation => "verifier_attestation",
            Self::OpenidFederation => "openid_federation",
            Self::Origin => "origin",
            Self::PreRegistered => "",
        }
    }

    const ALL: [Self; 7] = [
        Self::RedirectUri,
        Self::X509SanDns,
        Self::X509Hash,
        Self::DecentralizedIdentifier,
        Self::VerifierAttestation,
        Self::OpenidFederation,
        Self::Origin,
    ];
}

/// A client identifier, always kept whole: `aud` of presentations and every comparison use it with its prefix
/// (OID4VP 1.0 §14.8).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientId {
    full: String,
    prefix: ClientIdPrefix,
}

impl ClientId {
    /// Reads an identifier: the prefix is what stands before the first `:`, when it is a known one.
    #[must_use]
    pub fn parse(full: impl Into<String>) -> Self {
        let full = full.into();
        let prefix = full
            .split_once(':')
            .and_then(|(prefix, _)| ClientIdPrefix::ALL.into_iter().find(|known| known.as_str() == prefix))
            .unwrap_or(ClientIdPrefix::PreRegistered);
        Self { full, prefix }
    }

    /// Makes an identifier.
    #[must_use]
    pub fn new(prefix: ClientIdPrefix, original: &str) -> Self {
        let full = match prefix {
            ClientIdPrefix::PreRegistered => original.to_owned(),
            _ => format!("{}:{original}", prefix.as_str()),
        };
        Self { full, prefix }
    }

    /// The whole identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// How it is to be understood.
    #[must_use]
    pub const fn prefix(&self) -> ClientIdPrefix {
        self.prefix
    }

    /// What follows the prefix.
    #[must_use]
    pub fn original(&self) -> &str {
        match self.prefix {
            ClientIdPrefix::PreRegistered => &self.full,
            _ => self.full.split_once(':').map_or("", |(_, original)| original),
        }
    }

    /// Whether there is a `:` though no prefix is known: such requests are refused here (§5.9.2 leaves the choice).
    #[must_use]
    pub fn has_unknown_prefix(&self) -> bool {
        self.prefix == ClientIdPrefix::PreRegistered && self.full.contains(':')
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.full)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ClientId({})", self.full)
    }
}

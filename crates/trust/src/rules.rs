//! The checks that a report can name when a key's owner was looked for.

use credenza_core::Rule;

/// The credential's issuer.
pub const ISSUER: Rule = Rule::new(
    "trust.issuer",
    "OID4VP 1.0 §8.6; RFC 5280 §6",
    "The credential was signed by someone who is trusted to issue it.",
);

/// The verifier that asks.
pub const VERIFIER: Rule = Rule::new(
    "trust.verifier",
    "OID4VP 1.0 §5.9.3; RFC 5280 §6",
    "The request was signed by someone who is trusted to ask.",
);

/// The issuer of a status list.
pub const STATUS_LIST: Rule = Rule::new(
    "trust.status-list",
    "Token Status List §11.3",
    "The status list was signed by someone who is trusted to say which credentials are revoked.",
);

/// The provider of a wallet.
pub const WALLET_PROVIDER: Rule = Rule::new(
    "trust.wallet-provider",
    "OID4VCI 1.0 Appendix D, Appendix E",
    "The attestation was signed by a trusted provider of wallets.",
);

/// The issuer, when it signs its metadata.
pub const ISSUER_METADATA: Rule = Rule::new(
    "trust.issuer-metadata",
    "OID4VCI 1.0 §12.2.3",
    "The issuer's metadata was signed by someone who is trusted to issue.",
);

/// All of them.
pub const ALL: [&Rule; 5] = [&ISSUER, &VERIFIER, &STATUS_LIST, &WALLET_PROVIDER, &ISSUER_METADATA];

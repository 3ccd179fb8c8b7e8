//! The checks of things that are verified by themselves, beside those of credentials.

use credenza_core::Rule;

/// It can be read.
pub const PARSE: Rule = Rule::new("verify.parse", "RFC 7515 §5.2", "It is well formed.");
/// Whose it is.
pub const SIGNER: Rule =
    Rule::new("verify.signer", "RFC 7515 §6", "The signer is known, and trusted for this kind of thing.");
/// The signature.
pub const SIGNATURE: Rule = Rule::new(
    "verify.signature",
    "RFC 7515 §5.2",
    "The signature was made by the signer over exactly this content.",
);
/// The times.
pub const TIMES: Rule = Rule::new("verify.times", "RFC 7519 §4.1", "It is valid now.");
/// The path.
pub const PATH: Rule = Rule::new(
    "verify.path",
    "RFC 5280 §6",
    "The chain leads to a trusted root, and every certificate is valid now.",
);
/// What a presentation was made for.
pub const PURPOSE: Rule =
    Rule::new("verify.purpose", "RFC 9901 §7.3", "It is known which request the presentation was made for.");
/// Whether a certificate is revoked.
pub const REVOCATION: Rule = Rule::new(
    "verify.revocation",
    "RFC 5280 §6.3",
    "The certificate is in no current revocation list of its issuer.",
);

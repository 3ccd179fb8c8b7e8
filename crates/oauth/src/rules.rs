//! The checks of this crate, by name.

use credenza_core::Rule;

/// One proof, and no more.
pub const DPOP_ONE: Rule = Rule::new("dpop.one", "RFC 9449 §4.3", "There is exactly one DPoP proof, a JWT.");
/// The JWT's type.
pub const DPOP_TYP: Rule =
    Rule::new("dpop.typ", "RFC 9449 §4.3", "The proof says that it is one: its typ is dpop+jwt.");
/// The algorithm.
pub const DPOP_ALG: Rule = Rule::new(
    "dpop.alg",
    "RFC 9449 §4.3",
    "It is signed with an asymmetric algorithm that is accepted here.",
);
/// The key.
pub const DPOP_JWK: Rule =
    Rule::new("dpop.jwk", "RFC 9449 §4.3", "It carries the public key, and nothing private.");
/// The claims.
pub const DPOP_CLAIMS: Rule =
    Rule::new("dpop.claims", "RFC 9449 §4.3", "It has jti, htm, htu and iat, each of the right type.");
/// The signature.
pub const DPOP_SIGNATURE: Rule =
    Rule::new("dpop.signature", "RFC 9449 §4.3", "The signature was made with the key that it carries.");
/// The method.
pub const DPOP_HTM: Rule = Rule::new("dpop.htm", "RFC 9449 §4.3", "It was made for this HTTP method.");
/// The URL.
pub const DPOP_HTU: Rule =
    Rule::new("dpop.htu", "RFC 9449 §4.3", "It was made for this URL, query and fragment left aside.");
/// The time.
pub const DPOP_IAT: Rule = Rule::new("dpop.iat", "RFC 9449 §4.3, §11.1", "It was made just now.");
/// The server's nonce.
pub const DPOP_NONCE: Rule = Rule::new(
    "dpop.nonce",
    "RFC 9449 §4.3, §8",
    "It contains a nonce that this server has given out recently.",
);
/// The access token.
pub const DPOP_ATH: Rule = Rule::new("dpop.ath", "RFC 9449 §4.3, §7", "It was made for this access token.");
/// The token's key.
pub const DPOP_JKT: Rule =
    Rule::new("dpop.jkt", "RFC 9449 §4.3, §6", "It was made with the key that the access token is bound to.");
/// Used once.
pub const DPOP_REPLAY: Rule = Rule::new("dpop.replay", "RFC 9449 §11.1", "It was not used before.");

/// All checks, in the order they are made.
pub const ALL: [&Rule; 13] = [
    &DPOP_ONE,
    &DPOP_TYP,
    &DPOP_ALG,
    &DPOP_JWK,
    &DPOP_CLAIMS,
    &DPOP_SIGNATURE,
    &DPOP_HTM,
    &DPOP_HTU,
    &DPOP_IAT,
    &DPOP_NONCE,
    &DPOP_ATH,
    &DPOP_JKT,
    &DPOP_REPLAY,
];

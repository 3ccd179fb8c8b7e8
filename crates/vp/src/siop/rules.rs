//! The checks of self-issued ID tokens, by name: the relying party's on tokens, and the provider's on requests.

use credenza_core::Rule;

/// An ID token is there, and is a JWT that can be read.
pub const SHAPE: Rule = Rule::new(
    "siop.id-token.shape",
    "SIOPv2 §11; OpenID Connect Core §2",
    "There is an ID token, and it is a signed JWT with the claims that it needs.",
);
/// `iss` is `sub`.
pub const SELF_ISSUED: Rule = Rule::new(
    "siop.id-token.self-issued",
    "SIOPv2 §11.1 step 1",
    "The token is issued by its own subject: iss and sub are the same.",
);
/// `aud`.
pub const AUDIENCE: Rule = Rule::new(
    "siop.id-token.aud",
    "SIOPv2 §11.1 step 2",
    "The token is meant for the relying party that has asked.",
);
/// The subject syntax type.
pub const SYNTAX: Rule = Rule::new(
    "siop.id-token.subject-syntax",
    "SIOPv2 §8, §11.1 step 3",
    "The subject names its key in a way that was asked for.",
);
/// The key that `sub` leads to.
pub const KEY: Rule = Rule::new(
    "siop.id-token.key",
    "SIOPv2 §8, §11.1 step 4",
    "The subject leads to one key: the one in the token, or the one of its DID that the header names.",
);
/// The algorithm.
pub const ALGORITHM: Rule = Rule::new(
    "siop.id-token.alg",
    "SIOPv2 §11.1 step 4",
    "The token is signed by an algorithm that is allowed.",
);
/// The signature.
pub const SIGNATURE: Rule =
    Rule::new("siop.id-token.signature", "SIOPv2 §11.1 step 4", "The subject's key has signed the token.");
/// `sub`.
pub const SUBJECT: Rule = Rule::new(
    "siop.id-token.sub",
    "SIOPv2 §8, §11.1 step 5",
    "The subject is the thumbprint of the key, or the DID that the document is about.",
);
/// `exp`.
pub const EXPIRY: Rule = Rule::new("siop.id-token.exp", "SIOPv2 §11.1 step 6", "The token has not expired.");
/// `iat`.
pub const ISSUED_AT: Rule =
    Rule::new("siop.id-token.iat", "SIOPv2 §11.1 step 6", "The token was made for this occasion, just now.");
/// `nonce`.
pub const NONCE: Rule =
    Rule::new("siop.id-token.nonce", "SIOPv2 §11.1 step 7", "The token has the nonce of the request.");
/// The nonce, once.
pub const REPLAY: Rule = Rule::new(
    "siop.id-token.replay",
    "SIOPv2 §11.1 step 7, §11.2",
    "The request is one of ours and was not answered before.",
);

/// `scope`.
pub const REQUEST_SCOPE: Rule = Rule::new(
    "siop.request.scope",
    "SIOPv2 §9; OpenID Connect Core §3.1.2.1",
    "The request has the scope openid, without which it is none for an ID token.",
);
/// What the relying party says about itself.
pub const REQUEST_METADATA: Rule = Rule::new(
    "siop.request.metadata",
    "SIOPv2 §7.4, §7.5, §9",
    "What the relying party says about ID tokens is there, in one place, and can be read.",
);
/// Something that both sides can do.
pub const REQUEST_SUPPORTED: Rule = Rule::new(
    "siop.request.supported",
    "SIOPv2 §10, §10.3",
    "The wallet can make an ID token of a kind that the relying party takes.",
);

/// All of them.
pub const ALL: [&Rule; 15] = [
    &SHAPE,
    &SELF_ISSUED,
    &AUDIENCE,
    &SYNTAX,
    &KEY,
    &ALGORITHM,
    &SIGNATURE,
    &SUBJECT,
    &EXPIRY,
    &ISSUED_AT,
    &NONCE,
    &REPLAY,
    &REQUEST_SCOPE,
    &REQUEST_METADATA,
    &REQUEST_SUPPORTED,
];

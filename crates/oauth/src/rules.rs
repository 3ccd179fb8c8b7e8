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

/// The response belongs to the request.
pub const AUTHORIZATION_STATE: Rule = Rule::new(
    "authorization.state",
    "RFC 6749 §10.12, RFC 9700 §4.7",
    "The authorization response belongs to the request that was sent.",
);
/// The response is from the server that was asked.
pub const AUTHORIZATION_ISS: Rule = Rule::new(
    "authorization.iss",
    "RFC 9207 §2.4",
    "The authorization response comes from the server that was asked.",
);

/// A client assertion.
pub const ASSERTION_JWT: Rule = Rule::new(
    "client-assertion.jwt",
    "RFC 7523 §3",
    "The client assertion is a JWT with the claims it needs, each of the right type.",
);
/// Its client.
pub const ASSERTION_CLIENT: Rule =
    Rule::new("client-assertion.client", "RFC 7523 §3", "It is from the client and about the client.");
/// Its audience.
pub const ASSERTION_AUD: Rule = Rule::new(
    "client-assertion.aud",
    "RFC 7523 §3",
    "It was made for this server alone: aud is the server's issuer identifier.",
);
/// Its signature.
pub const ASSERTION_SIGNATURE: Rule =
    Rule::new("client-assertion.signature", "RFC 7523 §3", "It is signed with a key of the client's.");
/// Its time.
pub const ASSERTION_TIME: Rule =
    Rule::new("client-assertion.time", "RFC 7523 §3", "It is valid now, and not for long.");
/// Used once.
pub const ASSERTION_REPLAY: Rule =
    Rule::new("client-assertion.replay", "RFC 7523 §3", "It was not used before.");

/// A client attestation.
pub const ATTESTATION_JWT: Rule = Rule::new(
    "client-attestation.jwt",
    "Client Attestation §4",
    "There is exactly one client attestation, a JWT.",
);
/// Its type.
pub const ATTESTATION_TYP: Rule = Rule::new(
    "client-attestation.typ",
    "Client Attestation §4",
    "It says that it is one: its typ is oauth-client-attestation+jwt.",
);
/// Its claims.
pub const ATTESTATION_CLAIMS: Rule = Rule::new(
    "client-attestation.claims",
    "Client Attestation §4",
    "It names the client, the client's key and when it ends.",
);
/// Its signature.
pub const ATTESTATION_SIGNATURE: Rule = Rule::new(
    "client-attestation.signature",
    "Client Attestation §7.1",
    "It is signed with the key of the wallet provider.",
);
/// Its time.
pub const ATTESTATION_TIME: Rule =
    Rule::new("client-attestation.time", "Client Attestation §4, §7.1", "It is valid now.");
/// The key of the instance.
pub const ATTESTATION_CNF: Rule = Rule::new(
    "client-attestation.cnf",
    "Client Attestation §4",
    "It names a public key of the wallet instance.",
);
/// The client is the one of the request.
pub const ATTESTATION_CLIENT: Rule = Rule::new(
    "client-attestation.client",
    "Client Attestation §7.5",
    "The client that it vouches for is the one that the request names.",
);
/// A proof of possession.
pub const ATTESTATION_POP: Rule = Rule::new(
    "client-attestation.pop",
    "Client Attestation §5, §7.2",
    "There is a proof that the client has the attested key, with the claims it needs.",
);
/// Its signature.
pub const ATTESTATION_POP_SIGNATURE: Rule = Rule::new(
    "client-attestation.pop-signature",
    "Client Attestation §7.2",
    "The proof is signed with the attested key.",
);
/// Its audience.
pub const ATTESTATION_POP_AUD: Rule = Rule::new(
    "client-attestation.pop-aud",
    "Client Attestation §5.1, §7.2",
    "The proof was made for this server alone: aud is the server's issuer identifier.",
);
/// Its time.
pub const ATTESTATION_POP_TIME: Rule = Rule::new(
    "client-attestation.pop-time",
    "Client Attestation §9.7, §11.1",
    "The proof was made just now.",
);
/// Its challenge.
pub const ATTESTATION_CHALLENGE: Rule = Rule::new(
    "client-attestation.challenge",
    "Client Attestation §6, §7.2",
    "The proof contains a challenge that this server has given out recently.",
);
/// Used once.
pub const ATTESTATION_REPLAY: Rule =
    Rule::new("client-attestation.replay", "Client Attestation §11.1", "The proof was not used before.");

/// All checks, in the order they are made.
pub const ALL: [&Rule; 34] = [
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
    &AUTHORIZATION_STATE,
    &AUTHORIZATION_ISS,
    &ASSERTION_JWT,
    &ASSERTION_CLIENT,
    &ASSERTION_AUD,
    &ASSERTION_SIGNATURE,
    &ASSERTION_TIME,
    &ASSERTION_REPLAY,
    &ATTESTATION_JWT,
    &ATTESTATION_TYP,
    &ATTESTATION_CLAIMS,
    &ATTESTATION_SIGNATURE,
    &ATTESTATION_TIME,
    &ATTESTATION_CNF,
    &ATTESTATION_CLIENT,
    &ATTESTATION_POP,
    &ATTESTATION_POP_SIGNATURE,
    &ATTESTATION_POP_AUD,
    &ATTESTATION_POP_TIME,
    &ATTESTATION_CHALLENGE,
    &ATTESTATION_REPLAY,
];

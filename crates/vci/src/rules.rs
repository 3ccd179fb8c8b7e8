//! The checks of this crate, by name.

use credenza_core::Rule;

/// The proof is a JWT.
pub const PROOF_JWT: Rule = Rule::new("vci.proof.jwt", "OID4VCI 1.0 §F.1", "The key proof is a JWT.");
/// Its type.
pub const PROOF_TYP: Rule = Rule::new(
    "vci.proof.typ",
    "OID4VCI 1.0 §F.1",
    "The proof says that it is one: its typ is openid4vci-proof+jwt.",
);
/// Its algorithm.
pub const PROOF_ALG: Rule = Rule::new(
    "vci.proof.alg",
    "OID4VCI 1.0 §F.1, §F.4",
    "It is signed with an algorithm that the metadata names for this credential.",
);
/// Its key.
pub const PROOF_KEY: Rule = Rule::new(
    "vci.proof.key",
    "OID4VCI 1.0 §F.1",
    "It names the key to bind to in exactly one way, and carries nothing private.",
);
/// Its signature.
pub const PROOF_SIGNATURE: Rule = Rule::new(
    "vci.proof.signature",
    "OID4VCI 1.0 §F.4",
    "The signature was made with the key that is to be bound.",
);
/// Its claims.
pub const PROOF_CLAIMS: Rule =
    Rule::new("vci.proof.claims", "OID4VCI 1.0 §F.1", "It has the claims it needs, each of the right type.");
/// Its audience.
pub const PROOF_AUD: Rule = Rule::new(
    "vci.proof.aud",
    "OID4VCI 1.0 §F.1",
    "It was made for this issuer: aud is the issuer's identifier.",
);
/// Its issuer.
pub const PROOF_ISS: Rule = Rule::new(
    "vci.proof.iss",
    "OID4VCI 1.0 §F.1",
    "iss is the client that the access token was issued to, and absent when that was anonymous.",
);
/// Its time.
pub const PROOF_IAT: Rule = Rule::new("vci.proof.iat", "OID4VCI 1.0 §F.4, §13.8", "It was made just now.");
/// Its nonce.
pub const PROOF_NONCE: Rule = Rule::new(
    "vci.proof.nonce",
    "OID4VCI 1.0 §F.4",
    "It contains a nonce of this issuer's, fresh and never used.",
);
/// Its key once.
pub const PROOF_DISTINCT: Rule =
    Rule::new("vci.proof.distinct", "OID4VCI 1.0 §8.3", "No two proofs of a request are for the same key.");

/// Its key is the one that was shown.
pub const PROOF_HOLDER: Rule = Rule::new(
    "vci.proof.holder",
    "OpenID4VCI issue 742",
    "Where the user was known by a credential, the key is the one that this credential is bound to.",
);
/// Its kind.
pub const PROOF_KIND: Rule = Rule::new(
    "vci.proof.kind",
    "OID4VCI 1.0 §8.2, §F",
    "The proofs are of a type that the metadata names for this credential.",
);

/// A key attestation.
pub const KEY_ATTESTATION_REQUIRED: Rule = Rule::new(
    "vci.key-attestation.required",
    "OID4VCI 1.0 §12.2.4, §D",
    "Where the metadata demands it, somebody who is trusted vouches for the keys.",
);
/// Its form.
pub const KEY_ATTESTATION_JWT: Rule =
    Rule::new("vci.key-attestation.jwt", "OID4VCI 1.0 §D.1", "The key attestation is a JWT.");
/// Its type.
pub const KEY_ATTESTATION_TYP: Rule = Rule::new(
    "vci.key-attestation.typ",
    "OID4VCI 1.0 §D.1",
    "It says that it is one: its typ is key-attestation+jwt.",
);
/// Its algorithm.
pub const KEY_ATTESTATION_ALG: Rule = Rule::new(
    "vci.key-attestation.alg",
    "OID4VCI 1.0 §D.1, §F.1",
    "It is signed with an algorithm that the metadata names for this credential.",
);
/// Its claims.
pub const KEY_ATTESTATION_CLAIMS: Rule = Rule::new(
    "vci.key-attestation.claims",
    "OID4VCI 1.0 §D.1",
    "It has the claims it needs, each of the right type, and nothing private.",
);
/// Its signature.
pub const KEY_ATTESTATION_SIGNATURE: Rule = Rule::new(
    "vci.key-attestation.signature",
    "OID4VCI 1.0 §D.1",
    "It was signed by the one who is trusted to vouch for keys.",
);
/// Its time.
pub const KEY_ATTESTATION_TIME: Rule = Rule::new(
    "vci.key-attestation.time",
    "OID4VCI 1.0 §D.1",
    "It is valid now, and says until when beside a proof of possession.",
);
/// Its keys.
pub const KEY_ATTESTATION_KEYS: Rule = Rule::new(
    "vci.key-attestation.keys",
    "OID4VCI 1.0 §D.1, §F.1",
    "It attests at least one key, none twice, and the proof's key among them.",
);
/// How keys are kept.
pub const KEY_ATTESTATION_STORAGE: Rule = Rule::new(
    "vci.key-attestation.storage",
    "OID4VCI 1.0 §D.1, §12.2.4",
    "The keys are kept as safely as the metadata demands.",
);
/// How their owner is known.
pub const KEY_ATTESTATION_AUTHENTICATION: Rule = Rule::new(
    "vci.key-attestation.authentication",
    "OID4VCI 1.0 §D.1, §12.2.4",
    "The owner of the keys is authenticated as well as the metadata demands.",
);

/// No more credentials than keys.
pub const RECEIVED_COUNT: Rule = Rule::new(
    "vci.received.count",
    "OID4VCI 1.0 §8.3",
    "There is at least one credential, and not more than keys were proven.",
);
/// It is of the format asked for.
pub const RECEIVED_FORMAT: Rule = Rule::new(
    "vci.received.format",
    "OID4VCI 1.0 §A.3.4",
    "The credential is in the format that was asked for.",
);
/// It is of the type asked for.
pub const RECEIVED_TYPE: Rule =
    Rule::new("vci.received.type", "OID4VCI 1.0 §A.3.2", "The credential is of the type that was asked for.");
/// It is bound to our key.
pub const RECEIVED_KEY: Rule = Rule::new(
    "vci.received.key",
    "OID4VCI 1.0 §8.3",
    "The credential is bound to a key of this wallet's, and no other credential is bound to the same.",
);
/// Its issuer is trusted.
pub const RECEIVED_TRUST: Rule = Rule::new(
    "vci.received.trust",
    "OID4VCI 1.0 §13.3",
    "The credential is signed by somebody who is trusted to issue this type.",
);

/// All checks of this crate.
pub const ALL: [&Rule; 28] = [
    &PROOF_JWT,
    &PROOF_TYP,
    &PROOF_ALG,
    &PROOF_KEY,
    &PROOF_SIGNATURE,
    &PROOF_CLAIMS,
    &PROOF_AUD,
    &PROOF_ISS,
    &PROOF_IAT,
    &PROOF_NONCE,
    &PROOF_DISTINCT,
    &PROOF_HOLDER,
    &PROOF_KIND,
    &KEY_ATTESTATION_REQUIRED,
    &KEY_ATTESTATION_JWT,
    &KEY_ATTESTATION_TYP,
    &KEY_ATTESTATION_ALG,
    &KEY_ATTESTATION_CLAIMS,
    &KEY_ATTESTATION_SIGNATURE,
    &KEY_ATTESTATION_TIME,
    &KEY_ATTESTATION_KEYS,
    &KEY_ATTESTATION_STORAGE,
    &KEY_ATTESTATION_AUTHENTICATION,
    &RECEIVED_COUNT,
    &RECEIVED_FORMAT,
    &RECEIVED_TYPE,
    &RECEIVED_KEY,
    &RECEIVED_TRUST,
];

//! The checks of an SD-JWT, by name.

use credenza_core::Rule;

/// The parts are there and can be read.
pub const PARSE: Rule =
    Rule::new("sd-jwt.parse", "RFC 9901 §4", "The credential has the parts of an SD-JWT and can be read.");
/// `typ`
pub const TYP: Rule =
    Rule::new("sd-jwt.typ", "SD-JWT VC §2.2.1", "The header says that this is the expected kind of token.");
/// `alg`
pub const ALG: Rule = Rule::new(
    "sd-jwt.alg",
    "RFC 9901 §7.1 step 2.a",
    "The issuer signed with an algorithm that is accepted here.",
);
/// The issuer's signature.
pub const SIGNATURE: Rule =
    Rule::new("sd-jwt.signature", "RFC 9901 §7.1 step 2.b", "The issuer's signature verifies.");
/// `_sd_alg`
pub const SD_ALG: Rule = Rule::new(
    "sd-jwt.sd-alg",
    "RFC 9901 §4.1.1",
    "The digests are made with a hash function that is accepted here.",
);
/// `_sd`, `...` and `_sd_alg` stand where they may and have the form they must have.
pub const STRUCTURE: Rule = Rule::new(
    "sd-jwt.disclosures.structure",
    "RFC 9901 §4.1, §4.2.4",
    "The reserved members _sd, ... and _sd_alg stand where they may, and hold digests and nothing else.",
);
/// Salt, name and value; salt and value.
pub const FORM: Rule = Rule::new(
    "sd-jwt.disclosures.form",
    "RFC 9901 §7.1 step 3.c",
    "Each disclosure has the form that belongs to the place of its digest.",
);
/// No disclosure is named `_sd`, `...` or `_sd_alg`.
pub const RESERVED_NAME: Rule = Rule::new(
    "sd-jwt.disclosures.reserved-name",
    "RFC 9901 §7.1 step 3.c.ii",
    "No disclosure brings in a reserved name.",
);
/// No disclosure overwrites a claim.
pub const NAME_CLASH: Rule = Rule::new(
    "sd-jwt.disclosures.name-clash",
    "RFC 9901 §7.1 step 3.c.ii",
    "No disclosure brings in a claim that is there already.",
);
/// No digest twice.
pub const UNIQUE: Rule = Rule::new(
    "sd-jwt.disclosures.unique",
    "RFC 9901 §7.1 step 4",
    "No digest and no disclosure occurs twice.",
);
/// Every disclosure belongs to a digest.
pub const REFERENCED: Rule = Rule::new(
    "sd-jwt.disclosures.referenced",
    "RFC 9901 §7.1 step 5",
    "The issuer signed the digest of each disclosure.",
);
/// The claims are not nested deeper than accepted.
pub const DEPTH: Rule = Rule::new(
    "sd-jwt.disclosures.depth",
    "RFC 9901 §7.1 step 3",
    "With everything disclosed, the claims are not nested deeper than is accepted here.",
);
/// `exp`
pub const EXP: Rule = Rule::new("sd-jwt.exp", "RFC 9901 §7.1 step 6", "The credential has not expired.");
/// `nbf`
pub const NBF: Rule = Rule::new("sd-jwt.nbf", "RFC 9901 §7.1 step 6", "The credential is valid already.");
/// `iat`
pub const IAT: Rule =
    Rule::new("sd-jwt.iat", "RFC 9901 §7.1 step 6", "The credential was not issued in the future.");
/// `aud`
pub const AUD: Rule =
    Rule::new("sd-jwt.aud", "RFC 9901 §7.1 step 6", "The credential is not meant for somebody else.");
/// Claims that the verifier needs.
pub const REQUIRED_CLAIMS: Rule = Rule::new(
    "sd-jwt.required-claims",
    "RFC 9901 §7.1 step 6",
    "The claims that decide on validity here are disclosed.",
);
/// There is a KB-JWT.
pub const KB_PRESENT: Rule = Rule::new(
    "sd-jwt.kb.present",
    "RFC 9901 §7.3 step 2",
    "The holder has signed the presentation, exactly when that was asked for.",
);
/// The KB-JWT can be read.
pub const KB_PARSE: Rule = Rule::new(
    "sd-jwt.kb.parse",
    "RFC 9901 §4.3",
    "The holder's signature is a JWT with all claims it must have.",
);
/// `cnf` names a key.
pub const KB_KEY: Rule = Rule::new(
    "sd-jwt.kb.key",
    "RFC 9901 §7.3 step 5.a",
    "The issuer has signed whose key the credential is bound to.",
);
/// `typ` of the KB-JWT.
pub const KB_TYP: Rule =
    Rule::new("sd-jwt.kb.typ", "RFC 9901 §7.3 step 5.d", "The holder's signature is a key binding JWT.");
/// `alg` of the KB-JWT.
pub const KB_ALG: Rule = Rule::new(
    "sd-jwt.kb.alg",
    "RFC 9901 §7.3 step 5.b",
    "The holder signed with an algorithm that is accepted here.",
);
/// Signature of the KB-JWT.
pub const KB_SIGNATURE: Rule = Rule::new(
    "sd-jwt.kb.signature",
    "RFC 9901 §7.3 step 5.c",
    "The holder's signature verifies with the key that the credential is bound to.",
);
/// `nonce`
pub const KB_NONCE: Rule =
    Rule::new("sd-jwt.kb.nonce", "RFC 9901 §7.3 step 5.f", "The presentation was made for this request.");
/// `aud`
pub const KB_AUD: Rule =
    Rule::new("sd-jwt.kb.aud", "RFC 9901 §7.3 step 5.f", "The presentation was made for this verifier.");
/// `iat`
pub const KB_IAT: Rule =
    Rule::new("sd-jwt.kb.iat", "RFC 9901 §7.3 step 5.e", "The presentation was made just now.");
/// `sd_hash`
pub const KB_SD_HASH: Rule = Rule::new(
    "sd-jwt.kb.sd-hash",
    "RFC 9901 §7.3 step 5.g",
    "The holder has signed this credential with these disclosures.",
);
/// `exp` and `nbf` of the KB-JWT.
pub const KB_TIMES: Rule =
    Rule::new("sd-jwt.kb.times", "RFC 9901 §7.3 step 5.h", "The holder's signature is valid now.");
/// `vct`
pub const VC_VCT: Rule =
    Rule::new("sd-jwt-vc.vct", "SD-JWT VC §2.2.2.1", "The credential says what type it has.");
/// `aka_vcts`
pub const VC_AKA_VCTS: Rule = Rule::new(
    "sd-jwt-vc.aka-vcts",
    "SD-JWT VC §2.2.2.2",
    "Further types of the credential are a list of other names.",
);
/// Registered claims are in the clear.
pub const VC_REGISTERED: Rule = Rule::new(
    "sd-jwt-vc.registered-claims",
    "SD-JWT VC §2.2.2.3",
    "The claims that decide on validity are signed in the clear and not hidden in disclosures.",
);
/// Types of the registered claims.
pub const VC_CLAIM_TYPES: Rule = Rule::new(
    "sd-jwt-vc.claim-types",
    "SD-JWT VC §2.2.2.3",
    "The registered claims have the types that they must have.",
);
/// `cnf`, where it is there.
pub const VC_CNF: Rule = Rule::new(
    "sd-jwt-vc.cnf",
    "SD-JWT VC §2.2.2.3",
    "The key that the credential is bound to is a public key.",
);

/// All of them, in the order in which they are made.
pub const ALL: [&Rule; 33] = [
    &PARSE,
    &TYP,
    &ALG,
    &SIGNATURE,
    &SD_ALG,
    &STRUCTURE,
    &FORM,
    &RESERVED_NAME,
    &NAME_CLASH,
    &UNIQUE,
    &REFERENCED,
    &DEPTH,
    &EXP,
    &NBF,
    &IAT,
    &AUD,
    &REQUIRED_CLAIMS,
    &VC_VCT,
    &VC_AKA_VCTS,
    &VC_REGISTERED,
    &VC_CLAIM_TYPES,
    &VC_CNF,
    &KB_PRESENT,
    &KB_PARSE,
    &KB_KEY,
    &KB_TYP,
    &KB_ALG,
    &KB_SIGNATURE,
    &KB_NONCE,
    &KB_AUD,
    &KB_IAT,
    &KB_SD_HASH,
    &KB_TIMES,
];

//! The checks of a status, by name.

use credenza_core::Rule;

/// `status.status_list` of the credential.
pub const REFERENCE: Rule = Rule::new(
    "status-list.reference",
    "Token Status List §6.2",
    "The credential says, in the form that is demanded, in which list its status is and where.",
);
/// The order of things.
pub const ORDER: Rule = Rule::new(
    "status-list.order",
    "Token Status List §8.3",
    "The credential itself is valid, before anybody is asked for its status.",
);
/// The request for the list.
pub const FETCH: Rule =
    Rule::new("status-list.fetch", "Token Status List §8.2", "The list could be fetched from its address.");
/// `Content-Type`
pub const CONTENT_TYPE: Rule = Rule::new(
    "status-list.content-type",
    "Token Status List §8.2",
    "The answer says that it is a status list token.",
);
/// The key of the list.
pub const KEY: Rule = Rule::new(
    "status-list.key",
    "Token Status List §11.3",
    "The list is signed with a key that is trusted to sign the status of this credential.",
);
/// It can be read.
pub const PARSE: Rule = Rule::new(
    "status-list.parse",
    "Token Status List §5.1, §5.2",
    "The list is a signed token with all claims that are demanded.",
);
/// `typ`
pub const TYP: Rule = Rule::new(
    "status-list.typ",
    "Token Status List §5.1, §5.2",
    "The header says that this is a status list token.",
);
/// `alg`
pub const ALG: Rule = Rule::new(
    "status-list.alg",
    "Token Status List §11.2, RFC 8725 §3.1",
    "The list is signed with an algorithm that is accepted here.",
);
/// The signature.
pub const SIGNATURE: Rule =
    Rule::new("status-list.signature", "Token Status List §5.1, §5.2", "The signature of the list verifies.");
/// `sub`
pub const SUBJECT: Rule = Rule::new(
    "status-list.sub",
    "Token Status List §8.3 step 4.a",
    "The list is the one that the credential names, and no other.",
);
/// `iat`, `nbf`
pub const ISSUED_AT: Rule = Rule::new(
    "status-list.iat",
    "Token Status List §5.1, RFC 7519 §4.1",
    "The list was not issued in the future.",
);
/// `iat`, against a policy.
pub const FRESH: Rule = Rule::new(
    "status-list.fresh",
    "Token Status List §8.3 step 4.b",
    "The list is no older than is accepted here.",
);
/// `iat`, against an earlier list.
pub const NEWEST: Rule = Rule::new(
    "status-list.newest",
    "Token Status List §8.3 step 4.b",
    "The list is no older than one that was seen before.",
);
/// `exp`
pub const EXPIRES: Rule =
    Rule::new("status-list.exp", "Token Status List §8.3 step 4.c", "The list has not expired.");
/// `ttl`
pub const TTL: Rule =
    Rule::new("status-list.ttl", "Token Status List §5.1", "The list may be kept for a positive time.");
/// `aud`
pub const AUDIENCE: Rule =
    Rule::new("status-list.aud", "RFC 7519 §4.1.3", "The list is for us, if it says whom it is for.");
/// `bits`
pub const BITS: Rule =
    Rule::new("status-list.bits", "Token Status List §4.2, §4.3", "A status takes 1, 2, 4 or 8 bits.");
/// `lst`
pub const LIST: Rule = Rule::new(
    "status-list.lst",
    "Token Status List §4.1, §8.3 step 5",
    "The list can be decompressed, and is no larger than is accepted here.",
);
/// `idx`
pub const INDEX: Rule = Rule::new(
    "status-list.idx",
    "Token Status List §8.3 step 6",
    "The list has an entry for the credential.",
);
/// The status.
pub const STATUS: Rule = Rule::new(
    "status-list.status",
    "Token Status List §8.3 step 7",
    "The list says that the credential is valid.",
);

/// All of them.
pub const ALL: [&Rule; 20] = [
    &ORDER,
    &REFERENCE,
    &FETCH,
    &CONTENT_TYPE,
    &PARSE,
    &TYP,
    &KEY,
    &ALG,
    &SIGNATURE,
    &SUBJECT,
    &ISSUED_AT,
    &FRESH,
    &NEWEST,
    &EXPIRES,
    &TTL,
    &AUDIENCE,
    &BITS,
    &LIST,
    &INDEX,
    &STATUS,
];

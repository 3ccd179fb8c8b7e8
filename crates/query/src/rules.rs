//! The checks of this crate, by name: whether an answer fits the query (OID4VP 1.0 §8.6).

use credenza_core::Rule;

/// Ids of the answer are ids of the query.
pub const KNOWN: Rule =
    Rule::new("dcql.credential.known", "OID4VP 1.0 §8.1", "Everything that was presented was asked for.");
/// No id of the answer comes twice.
pub const ONCE: Rule =
    Rule::new("dcql.credential.once", "OID4VP 1.0 §8.1", "Each credential query is answered in one place.");
/// The answer is not empty, and no id in it is without a presentation.
pub const NOT_EMPTY: Rule = Rule::new(
    "dcql.credential.not-empty",
    "OID4VP 1.0 §8.1",
    "Something was presented, and each credential query that is answered has a presentation.",
);
/// One presentation, unless `multiple`.
pub const MULTIPLE: Rule = Rule::new(
    "dcql.multiple",
    "OID4VP 1.0 §6.1",
    "There are not more presentations than may answer the query.",
);
/// The format asked for.
pub const FORMAT: Rule =
    Rule::new("dcql.format", "OID4VP 1.0 §6.1", "The credential has the format that was asked for.");
/// A type asked for.
pub const TYPE: Rule =
    Rule::new("dcql.type", "OID4VP 1.0 §6.1", "The credential is of a type that was asked for.");
/// A proof of the holder's key, where one is required.
pub const HOLDER_BINDING: Rule = Rule::new(
    "dcql.holder-binding",
    "OID4VP 1.0 §6.1",
    "Whoever presented the credential proved possession of the holder's key.",
);
/// One of the trusted authorities.
pub const AUTHORITIES: Rule = Rule::new(
    "dcql.trusted-authorities",
    "OID4VP 1.0 §6.1.1",
    "The credential comes from one of the authorities that were named.",
);
/// All claims of one claim set.
pub const CLAIMS: Rule = Rule::new(
    "dcql.claims",
    "OID4VP 1.0 §6.4.1",
    "All claims are there that were asked for, or one set of them.",
);
/// Values asked for.
pub const VALUES: Rule =
    Rule::new("dcql.values", "OID4VP 1.0 §6.3", "The claims have values that were asked for.");
/// All credentials, or one option of each required set.
pub const SETS: Rule = Rule::new(
    "dcql.sets",
    "OID4VP 1.0 §6.4.2",
    "Every credential is there that the verifier insists on, or one combination of them.",
);

/// All of them, in the order in which an answer is looked at.
pub const ALL: [&Rule; 11] = [
    &KNOWN,
    &ONCE,
    &NOT_EMPTY,
    &MULTIPLE,
    &FORMAT,
    &TYPE,
    &HOLDER_BINDING,
    &AUTHORITIES,
    &CLAIMS,
    &VALUES,
    &SETS,
];

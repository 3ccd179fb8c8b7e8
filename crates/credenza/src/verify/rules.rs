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
/// The document of a DID.
pub const DID_DOCUMENT: Rule = Rule::new(
    "verify.did.document",
    "DID Core 1.0 §5.1, §6.2",
    "It is the well-formed document of this DID, and no key's name is in it twice.",
);
/// The keys in it.
pub const DID_KEYS: Rule =
    Rule::new("verify.did.keys", "DID Core 1.0 §5.2", "The keys in the document can be used.");
/// What they are for.
pub const DID_USE: Rule =
    Rule::new("verify.did.use", "DID Core 1.0 §5.3", "One of the keys at least is there to sign something.");
/// References to them.
pub const DID_REFERENCES: Rule = Rule::new(
    "verify.did.references",
    "DID Core 1.0 §5.3",
    "Every key of the document that is listed for a use is in the document.",
);
/// The name and the keys.
pub const DID_NAME: Rule = Rule::new(
    "verify.did.name",
    "did:key §3; did:jwk §2",
    "A document whose DID is made of a key has that key, and no other.",
);
/// The signer of a list.
pub const LIST_SIGNER: Rule = Rule::new(
    "verify.list.signer",
    "ISO/IEC 18013-5 §C.1.7; ETSI TS 119 602 §6.8",
    "The list was signed by somebody who is given as its signer.",
);
/// The signature of a list.
pub const LIST_SIGNATURE: Rule = Rule::new(
    "verify.list.signature",
    "ISO/IEC 18013-5 §C.1.7; ETSI TS 119 602 §6.8",
    "The signature was made over exactly this list.",
);
/// The form of a list.
pub const LIST_FORM: Rule = Rule::new(
    "verify.list.form",
    "ISO/IEC 18013-5 §C.1.7; ETSI TS 119 602 §6",
    "The list has the structure and the members that it must have.",
);
/// When a list is in force.
pub const LIST_FRESH: Rule = Rule::new(
    "verify.list.fresh",
    "ISO/IEC 18013-5 §C.1.7; ETSI TS 119 602 §6.3",
    "The list is in force: issued, and the next one is not due yet.",
);
/// Entries of a list.
pub const LIST_ONCE: Rule = Rule::new(
    "verify.list.once",
    "ISO/IEC 18013-5 §C.1.7; ETSI TS 119 602 §6.6",
    "No certificate is listed twice for the same thing.",
);
/// Entries of a list that are left out.
pub const LIST_ENTRIES: Rule = Rule::new(
    "verify.list.entries",
    "ISO/IEC 18013-5 §C.1.7; ETSI TS 119 602 §6.6",
    "Every certificate in the list can be used.",
);
/// An entity statement.
pub const STATEMENT: Rule = Rule::new(
    "verify.federation.statement",
    "OpenID Federation 1.0 §3",
    "The entity statement is well formed, and has what its kind must have and nothing of the other kind.",
);
/// When it is valid.
pub const STATEMENT_TIMES: Rule =
    Rule::new("verify.federation.times", "OpenID Federation 1.0 §3.1", "Every statement is valid now.");
/// Who signed it.
pub const STATEMENT_SIGNATURE: Rule = Rule::new(
    "verify.federation.signature",
    "OpenID Federation 1.0 §3.2, §10.2",
    "Every statement was signed with a key of the one who makes it.",
);
/// The way to an anchor.
pub const CHAIN: Rule = Rule::new(
    "verify.federation.chain",
    "OpenID Federation 1.0 §10",
    "A chain of statements leads to a trust anchor that is given.",
);
/// What superiors demand.
pub const POLICY: Rule = Rule::new(
    "verify.federation.policy",
    "OpenID Federation 1.0 §6",
    "The constraints and metadata policies of all superiors hold.",
);

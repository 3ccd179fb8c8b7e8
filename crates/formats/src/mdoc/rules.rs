//! The checks of an mdoc, by name.

use credenza_core::Rule;

/// The parts are there and can be read.
pub const PARSE: Rule = Rule::new(
    "mdoc.parse",
    "ISO/IEC 18013-5 §8.3.2.1.2.2",
    "The bytes are CBOR that can be read in one way only, and have the parts of an mdoc.",
);
/// `version` of the response.
pub const RESPONSE_VERSION: Rule = Rule::new(
    "mdoc.response.version",
    "ISO/IEC 18013-5 §8.3.2.1.2.2",
    "The response has a version that we understand.",
);
/// `status` of the response.
pub const RESPONSE_STATUS: Rule =
    Rule::new("mdoc.response.status", "ISO/IEC 18013-5 §8.3.2.1.2.3", "The wallet reports no error.");
/// One document.
pub const RESPONSE_DOCUMENTS: Rule = Rule::new(
    "mdoc.response.documents",
    "HAIP 1.0 §5.3.1",
    "The response has one document and nothing else.",
);
/// `docType`
pub const DOC_TYPE: Rule = Rule::new(
    "mdoc.doc-type",
    "ISO/IEC 18013-5 §9.3.1",
    "The type of the document is the one that the issuer has signed, and the one that is expected.",
);
/// `version` of the mobile security object.
pub const MSO_VERSION: Rule = Rule::new(
    "mdoc.mso.version",
    "ISO/IEC 18013-5 §9.1.2.4",
    "What the issuer has signed has a version that we understand.",
);
/// `x5chain`
pub const X5CHAIN: Rule = Rule::new(
    "mdoc.issuer-auth.x5chain",
    "ISO/IEC 18013-5 §9.1.2.4",
    "The certificate of the key that signed comes with the signature.",
);
/// `alg` of the issuer's signature.
pub const ISSUER_ALG: Rule = Rule::new(
    "mdoc.issuer-auth.alg",
    "ISO/IEC 18013-5 §9.1.2.4",
    "The issuer signed with an algorithm that is accepted here.",
);
/// The issuer's signature.
pub const ISSUER_SIGNATURE: Rule =
    Rule::new("mdoc.issuer-auth.signature", "ISO/IEC 18013-5 §9.3.1", "The issuer's signature verifies.");
/// `digestAlgorithm`
pub const DIGEST_ALGORITHM: Rule = Rule::new(
    "mdoc.digest-algorithm",
    "ISO/IEC 18013-5 §9.1.2.5",
    "The digests are made with a hash function that is accepted here.",
);
/// Every item has one digest of its own.
pub const DIGEST_ID: Rule = Rule::new(
    "mdoc.digest-id",
    "ISO/IEC 18013-5 §9.3.1",
    "The issuer signed a digest for each data element, and no two elements share one.",
);
/// The identifiers are small enough.
pub const DIGEST_ID_RANGE: Rule = Rule::new(
    "mdoc.digest-id.range",
    "ISO/IEC 18013-5 §9.1.2.4",
    "The identifiers of the digests are below 2^31.",
);
/// The digests match.
pub const DIGEST: Rule = Rule::new(
    "mdoc.digest",
    "ISO/IEC 18013-5 §9.1.2.5",
    "Each data element is the one that the issuer has signed.",
);
/// No element twice.
pub const ELEMENT_UNIQUE: Rule = Rule::new(
    "mdoc.element-unique",
    "ISO/IEC 18013-5 §8.3.2.1.2.2",
    "No data element occurs twice in a namespace.",
);
/// `random`
pub const RANDOM: Rule = Rule::new(
    "mdoc.random",
    "ISO/IEC 18013-5 §9.1.2.5",
    "Each data element has at least 16 bytes of randomness, so that its digest does not give it away.",
);
/// The form of the times.
pub const VALIDITY_FORM: Rule = Rule::new(
    "mdoc.validity.form",
    "ISO/IEC 18013-5 §9.1.2.4",
    "The times are in UTC, with a Z and without fractions of a second.",
);
/// The order of the times.
pub const VALIDITY_ORDER: Rule = Rule::new(
    "mdoc.validity.order",
    "ISO/IEC 18013-5 §9.1.2.4",
    "The document becomes valid when it is signed or later, and ends after that.",
);
/// The signer was allowed to sign at that time.
pub const VALIDITY_SIGNED: Rule = Rule::new(
    "mdoc.validity.signed",
    "ISO/IEC 18013-5 §9.3.1",
    "The document was signed while the signer's certificate was valid.",
);
/// Now is within the validity.
pub const VALIDITY: Rule = Rule::new("mdoc.validity", "ISO/IEC 18013-5 §9.3.1", "The document is valid now.");
/// `issuing_country`
pub const ISSUING_COUNTRY: Rule = Rule::new(
    "mdoc.issuing-country",
    "ISO/IEC 18013-5 §9.3.1",
    "The country and jurisdiction in a driving licence are those of the signer's certificate.",
);
/// The device key is the holder's.
pub const DEVICE_KEY: Rule =
    Rule::new("mdoc.device-key", "ISO/IEC 18013-5 §9.1.2.4", "The document is bound to the holder's key.");
/// Signature or MAC.
pub const DEVICE_AUTH: Rule = Rule::new(
    "mdoc.device-auth",
    "ISO/IEC 18013-5 §9.1.3",
    "The holder has authenticated the presentation in exactly one way, by signature or by MAC.",
);
/// `alg` of the holder's signature or MAC.
pub const DEVICE_ALG: Rule = Rule::new(
    "mdoc.device-auth.alg",
    "ISO/IEC 18013-5 §9.1.3.6",
    "The holder used an algorithm that is accepted here and that goes with the key.",
);
/// The holder's signature.
pub const DEVICE_SIGNATURE: Rule = Rule::new(
    "mdoc.device-auth.signature",
    "ISO/IEC 18013-5 §9.1.3.6",
    "The holder signed this presentation for this request.",
);
/// The holder's MAC.
pub const DEVICE_MAC: Rule = Rule::new(
    "mdoc.device-auth.mac",
    "ISO/IEC 18013-5 §9.1.3.5",
    "The holder authenticated this presentation for this request.",
);
/// What the holder has signed himself.
pub const KEY_AUTHORIZATIONS: Rule = Rule::new(
    "mdoc.key-authorizations",
    "ISO/IEC 18013-5 §9.1.2.4",
    "The issuer allows the holder to sign the data elements that he signed himself.",
);

/// All of them.
pub const ALL: [&Rule; 26] = [
    &PARSE,
    &RESPONSE_VERSION,
    &RESPONSE_STATUS,
    &RESPONSE_DOCUMENTS,
    &DOC_TYPE,
    &MSO_VERSION,
    &X5CHAIN,
    &ISSUER_ALG,
    &ISSUER_SIGNATURE,
    &DIGEST_ALGORITHM,
    &DIGEST_ID,
    &DIGEST_ID_RANGE,
    &DIGEST,
    &ELEMENT_UNIQUE,
    &RANDOM,
    &VALIDITY_FORM,
    &VALIDITY_ORDER,
    &VALIDITY_SIGNED,
    &VALIDITY,
    &ISSUING_COUNTRY,
    &DEVICE_KEY,
    &DEVICE_AUTH,
    &DEVICE_ALG,
    &DEVICE_SIGNATURE,
    &DEVICE_MAC,
    &KEY_AUTHORIZATIONS,
];

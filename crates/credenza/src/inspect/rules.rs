//! What the inspector looks for. These are remarks about a text, not a verification of it.

use credenza_core::Rule;

/// The header is JSON without duplicate members.
pub const HEADER: Rule = Rule::new(
    "inspect.jose.header",
    "RFC 7515 §4",
    "The header is a JSON object in which no member appears twice.",
);
/// The payload is JSON without duplicate members.
pub const PAYLOAD: Rule = Rule::new(
    "inspect.jwt.payload",
    "RFC 7519 §7.2",
    "The claims are a JSON object in which no member appears twice.",
);
/// The algorithm.
pub const ALGORITHM: Rule = Rule::new(
    "inspect.jose.alg",
    "RFC 8725 §3.1",
    "The algorithm is a signature with an asymmetric key that is supported here.",
);
/// The type.
pub const TYPE: Rule =
    Rule::new("inspect.jwt.typ", "RFC 8725 §3.11", "The header says what kind of token this is.");
/// Extensions.
pub const CRITICAL: Rule = Rule::new(
    "inspect.jose.crit",
    "RFC 7515 §4.1.11",
    "No extension that a receiver would have to know is demanded.",
);
/// Times.
pub const TIMES: Rule = Rule::new("inspect.jwt.times", "RFC 7519 §4.1", "It is valid now, by its own times.");
/// Embedded private keys.
pub const PRIVATE_KEY: Rule = Rule::new("inspect.jwk.private", "RFC 7517 §9.2", "No private key is in it.");
/// A usable key.
pub const KEY: Rule =
    Rule::new("inspect.jwk.key", "RFC 7518 §6", "The values are a key of the type that they name.");
/// A key set.
pub const KEY_IDS: Rule =
    Rule::new("inspect.jwks.kid", "RFC 7517 §4.5", "Each key of the set has a name of its own.");
/// Disclosures.
pub const DISCLOSURES: Rule = Rule::new(
    "inspect.sd-jwt.disclosures",
    "RFC 9901 §7.1",
    "Each disclosure is referred to by exactly one digest.",
);
/// The digest algorithm.
pub const SD_ALG: Rule = Rule::new(
    "inspect.sd-jwt.sd-alg",
    "RFC 9901 §4.1.1",
    "The digests are of a hash function that is supported here.",
);
/// The credential type.
pub const VCT: Rule =
    Rule::new("inspect.sd-jwt-vc.vct", "SD-JWT VC §3.2.2.2", "The credential names its type.");
/// The binding of a presentation.
pub const SD_HASH: Rule = Rule::new(
    "inspect.sd-jwt.sd-hash",
    "RFC 9901 §4.3",
    "The key binding is about exactly these disclosures.",
);
/// An encrypted token.
pub const ENCRYPTION: Rule = Rule::new(
    "inspect.jwe.alg",
    "RFC 7518 §4.1",
    "The content is encrypted by key agreement and an authenticated cipher, uncompressed.",
);
/// One way of an offer.
pub const OFFER_FORM: Rule = Rule::new(
    "inspect.offer.form",
    "OID4VCI 1.0 §4.1",
    "The link carries the offer or a reference to it, not both.",
);
/// Members of an offer.
pub const OFFER: Rule = Rule::new(
    "inspect.offer.members",
    "OID4VCI 1.0 §4.1.1",
    "The offer names its issuer and at least one credential.",
);
/// The transport of what is referred to.
pub const HTTPS: Rule =
    Rule::new("inspect.url.https", "RFC 9700 §2.6", "What is referred to is fetched over https.");
/// One way of a request.
pub const REQUEST_FORM: Rule = Rule::new(
    "inspect.request.form",
    "RFC 9101 §5",
    "The link carries one request: its parameters, an object, or a reference to one.",
);
/// The one who asks.
pub const CLIENT_ID: Rule = Rule::new(
    "inspect.request.client-id",
    "OID4VP 1.0 §5.9",
    "The verifier names itself, under a prefix that is known.",
);
/// Freshness.
pub const NONCE: Rule =
    Rule::new("inspect.request.nonce", "OID4VP 1.0 §5.2", "A nonce ties the answer to this request.");
/// What is asked.
pub const QUERY: Rule = Rule::new(
    "inspect.request.query",
    "OID4VP 1.0 §5.1",
    "Credentials are asked for, by a query or by a scope.",
);
/// Where the answer goes.
pub const RESPONSE: Rule = Rule::new(
    "inspect.request.response",
    "OID4VP 1.0 §8.2",
    "It is said where the answer goes, in the way that the response mode demands.",
);
/// The query is well formed.
pub const DCQL: Rule = Rule::new("inspect.dcql", "OID4VP 1.0 §6", "The query is well formed.");
/// Metadata of an issuer.
pub const ISSUER_METADATA: Rule = Rule::new(
    "inspect.issuer-metadata.members",
    "OID4VCI 1.0 §12.2.4",
    "The issuer names itself, its credential endpoint and its credentials.",
);
/// Metadata of an authorization server.
pub const SERVER_METADATA: Rule = Rule::new(
    "inspect.as-metadata.members",
    "RFC 8414 §2",
    "The authorization server names itself and its token endpoint.",
);
/// A certificate that parses.
pub const CERTIFICATE: Rule = Rule::new(
    "inspect.certificate",
    "RFC 5280 §4.1",
    "It is a certificate with a key that is supported here.",
);
/// The time of a certificate.
pub const VALIDITY: Rule =
    Rule::new("inspect.certificate.validity", "RFC 5280 §4.1.2.5", "The certificate is valid now.");
/// The order of a chain.
pub const CHAIN: Rule = Rule::new(
    "inspect.certificate.chain",
    "RFC 7515 §4.1.6",
    "Each certificate is named as the issuer of the one before it.",
);
/// CBOR that is accepted.
pub const CBOR: Rule = Rule::new(
    "inspect.cbor",
    "RFC 8949 §5.3",
    "It is CBOR of definite lengths in which no key of a map appears twice.",
);
/// A mobile document.
pub const MDOC: Rule = Rule::new(
    "inspect.mdoc",
    "ISO/IEC 18013-5 §8.3.2.1.2.2",
    "It is a mobile document with everything that has to be in one.",
);
/// The type of a document.
pub const MDOC_TYPE: Rule = Rule::new(
    "inspect.mdoc.doc-type",
    "ISO/IEC 18013-5 §9.3.1",
    "The document is of the type that its issuer has signed.",
);
/// Digests of the elements.
pub const MDOC_DIGESTS: Rule = Rule::new(
    "inspect.mdoc.digests",
    "ISO/IEC 18013-5 §9.3.1",
    "Each data element has the digest that stands in the security object.",
);
/// The validity of a document.
pub const MDOC_TIMES: Rule =
    Rule::new("inspect.mdoc.validity", "ISO/IEC 18013-5 §9.1.2.4", "The document is valid now.");
/// A status list.
pub const STATUS_LIST: Rule = Rule::new(
    "inspect.status-list",
    "Token Status List §4",
    "The list inflates, within bounds, to statuses of 1, 2, 4 or 8 bits.",
);
/// An embedded proof.
pub const CRYPTOSUITE: Rule = Rule::new(
    "inspect.w3c.cryptosuite",
    "VC Data Integrity §2.1",
    "The proof was made with a cryptosuite that is supported here.",
);
/// A DID.
pub const DID: Rule = Rule::new("inspect.did", "DID Core §3.1", "It is a well-formed DID.");
/// The document of a DID.
pub const DID_DOCUMENT: Rule =
    Rule::new("inspect.did.document", "DID Core §5", "The document is well formed and names its keys.");
/// A list of trusted entities.
pub const TRUST_LIST: Rule =
    Rule::new("inspect.trust-list", "ETSI TS 119 602", "The list says when it was issued.");
/// A statement of a federation.
pub const FEDERATION: Rule = Rule::new(
    "inspect.federation.statement",
    "OpenID Federation 1.0 §3.1",
    "The statement names issuer, subject, its time and the subject's keys.",
);
/// A revocation list in force.
pub const CRL: Rule =
    Rule::new("inspect.crl", "RFC 5280 §5.1.2", "The revocation list is the current one, by its own times.");

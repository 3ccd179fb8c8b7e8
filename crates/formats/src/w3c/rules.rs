//! The checks of W3C Verifiable Credentials, by name.

use credenza_core::Rule;

/// `@context`
pub const CONTEXT: Rule = Rule::new(
    "w3c.context",
    "VCDM 2.0 §4.3, VCDM 1.1 §4.1",
    "The document says by its first context which version of the data model it follows.",
);
/// `id`
pub const ID: Rule = Rule::new(
    "w3c.id",
    "VCDM 2.0 §4.4, VCDM 1.1 §4.2",
    "The document's identifier, if it has one, is a URL.",
);
/// `type`
pub const TYPE: Rule =
    Rule::new("w3c.type", "VCDM 2.0 §4.5, VCDM 1.1 §4.3", "The document says that it is what was asked for.");
/// `issuer`
pub const ISSUER: Rule =
    Rule::new("w3c.issuer", "VCDM 2.0 §4.7, VCDM 1.1 §4.5", "The credential names its issuer by a URL.");
/// `credentialSubject`
pub const SUBJECT: Rule =
    Rule::new("w3c.subject", "VCDM 2.0 §4.8, VCDM 1.1 §4.4", "The credential makes claims about a subject.");
/// No dates of the other version.
pub const PERIOD_NAMES: Rule = Rule::new(
    "w3c.period.names",
    "VCDM 2.0 §4.9, VCDM 1.1 §4.6",
    "The credential gives its period as its version of the data model does, and in no other way.",
);
/// `validFrom`, `issuanceDate`
pub const VALID_FROM: Rule =
    Rule::new("w3c.valid-from", "VCDM 2.0 §4.9, VCDM 1.1 §4.6", "The credential is valid already.");
/// `validUntil`, `expirationDate`
pub const VALID_UNTIL: Rule =
    Rule::new("w3c.valid-until", "VCDM 2.0 §4.9, VCDM 1.1 §4.6", "The credential has not expired.");
/// The order of the two.
pub const PERIOD_ORDER: Rule =
    Rule::new("w3c.period.order", "VCDM 2.0 §4.9", "The credential's period begins before it ends.");
/// Status, schema, terms of use, refresh service and evidence have a type.
pub const TYPED_OBJECTS: Rule = Rule::new(
    "w3c.typed-objects",
    "VCDM 2.0 §4.5, §4.10, §4.11, VCDM 1.1 §4.3, §4.9",
    "Status, schema, terms of use, refresh service and evidence say how they are to be understood.",
);
/// `holder`
pub const HOLDER: Rule =
    Rule::new("w3c.holder", "VCDM 2.0 §4.13, VCDM 1.1 §4.10", "The presentation names its holder by a URL.");
/// `verifiableCredential`
pub const EMBEDDED: Rule = Rule::new(
    "w3c.embedded",
    "VCDM 2.0 §4.13, VCDM 1.1 §4.10, §6.3.1",
    "The presentation's credentials are each secured in a way that is known here.",
);
/// The key is the issuer's.
pub const ISSUER_KEY: Rule = Rule::new(
    "w3c.issuer-key",
    "VC-JOSE-COSE §4.3, VC Data Integrity §5.9",
    "The key that has signed the credential is its issuer's.",
);
/// The key is the holder's.
pub const HOLDER_KEY: Rule = Rule::new(
    "w3c.holder-key",
    "VC-JOSE-COSE §4.3, VC Data Integrity §5.9",
    "The key that has signed the presentation is its holder's.",
);
/// The presenter is the one whom the credential is about.
pub const HOLDER_BINDING: Rule = Rule::new(
    "w3c.holder-binding",
    "OpenID4VP 1.0 §14.1",
    "The credential was presented by the one to whom it was issued.",
);
/// `cnf`
pub const CNF: Rule =
    Rule::new("w3c.cnf", "RFC 7800 §3.2", "The key that the credential is bound to is a public key.");

/// The JWT can be read.
pub const JWT_PARSE: Rule =
    Rule::new("w3c.jwt.parse", "RFC 7519 §7.2", "The document is a JWT and can be read.");
/// `typ`
pub const JWT_TYP: Rule = Rule::new(
    "w3c.jwt.typ",
    "VC-JOSE-COSE §3.1, VCDM 1.1 §6.3.1",
    "The header says that this is the expected kind of token.",
);
/// `cty`
pub const JWT_CTY: Rule = Rule::new(
    "w3c.jwt.cty",
    "VC-JOSE-COSE §3.1",
    "The header says what the payload is, if it says anything of it.",
);
/// `alg`
pub const JWT_ALG: Rule =
    Rule::new("w3c.jwt.alg", "RFC 8725 §3.1", "The signature's algorithm is accepted here.");
/// The signature.
pub const JWT_SIGNATURE: Rule =
    Rule::new("w3c.jwt.signature", "VC-JOSE-COSE §5.1, VCDM 1.1 §6.3.1", "The signature verifies.");
/// The claim `vc` or `vp`.
pub const JWT_CLAIMS: Rule = Rule::new(
    "w3c.jwt.claims",
    "VCDM 1.1 §6.3.1, VC-JOSE-COSE §3.1.3",
    "The document stands where this kind of token has it, and in no other place.",
);
/// Registered claims and properties.
pub const JWT_MAPPING: Rule = Rule::new(
    "w3c.jwt.mapping",
    "VCDM 1.1 §6.3.1, VC-JOSE-COSE §4.1.2",
    "The claims of the token and the properties of the document say the same.",
);
/// `exp`
pub const JWT_EXP: Rule = Rule::new("w3c.jwt.exp", "RFC 7519 §4.1.4", "The token has not expired.");
/// `nbf`
pub const JWT_NBF: Rule = Rule::new("w3c.jwt.nbf", "RFC 7519 §4.1.5", "The token is valid already.");
/// `iat`
pub const JWT_IAT: Rule =
    Rule::new("w3c.jwt.iat", "RFC 7519 §4.1.6", "The token was not issued in the future.");
/// `nonce`
pub const VP_NONCE: Rule =
    Rule::new("w3c.vp.nonce", "OpenID4VP 1.0 §B.1.3.1.5", "The presentation was made for this request.");
/// `aud`
pub const VP_AUD: Rule =
    Rule::new("w3c.vp.aud", "OpenID4VP 1.0 §B.1.3.1.5", "The presentation was made for this verifier.");
/// Its age.
pub const VP_AGE: Rule =
    Rule::new("w3c.vp.age", "OpenID4VP 1.0 §14.1", "The presentation was made just now.");
/// What an SD-JWT has to show.
pub const SD_JWT_VISIBLE: Rule = Rule::new(
    "w3c.sd-jwt.visible",
    "VC-JOSE-COSE §3.2",
    "What decides on the credential's meaning and validity is signed in the clear and not hidden in disclosures.",
);

/// There is a proof.
pub const DI_PRESENT: Rule = Rule::new(
    "w3c.proof.present",
    "VC Data Integrity §4.4",
    "The document carries at least one proof, and no more than are accepted here.",
);
/// Its form.
pub const DI_FORM: Rule = Rule::new(
    "w3c.proof.form",
    "VC Data Integrity §2.1, §4.4",
    "The proof has the members that it must have, in the form that they must have.",
);
/// The cryptosuite.
pub const DI_SUITE: Rule =
    Rule::new("w3c.proof.cryptosuite", "VC Data Integrity §3.1", "The proof's cryptosuite is accepted here.");
/// `proofPurpose`
pub const DI_PURPOSE: Rule = Rule::new(
    "w3c.proof.purpose",
    "VC Data Integrity §2.2, §4.4",
    "The proof was made for the purpose that is expected here.",
);
/// `created`
pub const DI_CREATED: Rule =
    Rule::new("w3c.proof.created", "VC Data Integrity §2.1", "The proof was not made in the future.");
/// Its age.
pub const DI_AGE: Rule = Rule::new("w3c.proof.age", "OpenID4VP 1.0 §14.1", "The proof was made just now.");
/// `expires`
pub const DI_EXPIRES: Rule =
    Rule::new("w3c.proof.expires", "VC Data Integrity §2.1", "The proof has not expired.");
/// `challenge`
pub const DI_CHALLENGE: Rule = Rule::new(
    "w3c.proof.challenge",
    "VC Data Integrity §4.4, OpenID4VP 1.0 §B.1.3.2.5",
    "The proof was made for this request.",
);
/// `domain`
pub const DI_DOMAIN: Rule = Rule::new(
    "w3c.proof.domain",
    "VC Data Integrity §4.4, OpenID4VP 1.0 §B.1.3.2.5",
    "The proof was made for this verifier.",
);
/// `verificationMethod`
pub const DI_METHOD: Rule = Rule::new(
    "w3c.proof.method",
    "VC Data Integrity §5.9, §5.10",
    "The proof's key is known, and its controller has published it for this purpose.",
);
/// The key and the cryptosuite.
pub const DI_KEY: Rule = Rule::new(
    "w3c.proof.key",
    "VC-DI-ECDSA §2.1.1, VC-DI-EdDSA §2.1.1",
    "The proof's key is of the kind that its cryptosuite takes.",
);
/// `previousProof`
pub const DI_CHAIN: Rule = Rule::new(
    "w3c.proof.chain",
    "VC Data Integrity §2.1.2, §4.5",
    "The proofs that this proof builds on are there.",
);
/// The contexts.
pub const DI_CONTEXTS: Rule = Rule::new(
    "w3c.proof.contexts",
    "VC Data Integrity §4.6",
    "All contexts of the document are known here; none was fetched.",
);
/// Canonicalization.
pub const DI_CANONICAL: Rule = Rule::new(
    "w3c.proof.canonical",
    "VC Data Integrity §2.4.3, §5.12",
    "All of the document is covered by the proof, and it can be brought into its canonical form with bounded work.",
);
/// The signature.
pub const DI_SIGNATURE: Rule =
    Rule::new("w3c.proof.signature", "VC Data Integrity §4.4", "The proof's signature verifies.");

/// All of them, in the order in which they are made.
pub const ALL: [&Rule; 45] = [
    &JWT_PARSE,
    &JWT_TYP,
    &JWT_CTY,
    &JWT_ALG,
    &JWT_SIGNATURE,
    &VP_NONCE,
    &VP_AUD,
    &JWT_EXP,
    &JWT_NBF,
    &JWT_IAT,
    &VP_AGE,
    &CNF,
    &JWT_CLAIMS,
    &JWT_MAPPING,
    &SD_JWT_VISIBLE,
    &DI_PRESENT,
    &DI_FORM,
    &DI_SUITE,
    &DI_PURPOSE,
    &DI_CREATED,
    &DI_AGE,
    &DI_EXPIRES,
    &DI_CHALLENGE,
    &DI_DOMAIN,
    &DI_METHOD,
    &DI_KEY,
    &DI_CHAIN,
    &DI_CONTEXTS,
    &DI_CANONICAL,
    &DI_SIGNATURE,
    &CONTEXT,
    &ID,
    &TYPE,
    &ISSUER,
    &SUBJECT,
    &PERIOD_NAMES,
    &VALID_FROM,
    &VALID_UNTIL,
    &PERIOD_ORDER,
    &TYPED_OBJECTS,
    &HOLDER,
    &EMBEDDED,
    &ISSUER_KEY,
    &HOLDER_KEY,
    &HOLDER_BINDING,
];

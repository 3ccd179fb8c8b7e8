//! The checks of this crate, by name: the verifier's on presentations, and the wallet's on requests.

use credenza_core::Rule;

/// The presentation has the shape of its format.
pub const SHAPE: Rule = Rule::new(
    "vp.presentation.shape",
    "OID4VP 1.0 §8.1",
    "The presentation has the shape that its format prescribes.",
);
/// The format is one that can be verified here.
pub const FORMAT: Rule =
    Rule::new("vp.presentation.format", "OID4VP 1.0 §8.6 step 2", "The format can be verified here.");
/// Not more presentations than a response may have.
pub const COUNT: Rule = Rule::new(
    "vp.presentation.count",
    "OID4VP 1.0 §15.10",
    "There are not more presentations than are looked at.",
);
/// The credential says by which certificates it was signed, in a form that can be read.
pub const KEY_MATERIAL: Rule = Rule::new(
    "credential.key-material",
    "SD-JWT VC §2.5",
    "What the credential says about its issuer's key can be read.",
);
/// One credential in a presentation.
pub const ONE_CREDENTIAL: Rule = Rule::new(
    "vp.presentation.one-credential",
    "OID4VP 1.0 §8.1",
    "The presentation has one credential in it: each is presented by itself.",
);
/// The key that the holder has signed with.
pub const HOLDER_KEY: Rule = Rule::new(
    "vp.presentation.holder-key",
    "OID4VP 1.0 §B.1.3, §14.1",
    "What the presentation says about its holder's key leads to one.",
);
/// Not more types than are looked at.
pub const TYPES: Rule = Rule::new(
    "credential.types",
    "OID4VP 1.0 §15.10",
    "The credential does not have more types than are looked at.",
);
/// The status.
pub const STATUS: Rule = Rule::new(
    "credential.status",
    "OID4VP 1.0 §8.6 step 2.5; Token Status List §8.3",
    "The credential is neither revoked nor suspended.",
);

/// The link is one to a request.
pub const REQUEST_LINK: Rule =
    Rule::new("vp.request.link", "OID4VP 1.0 §5", "The link can be read as a request.");
/// The client identifier.
pub const REQUEST_CLIENT_ID: Rule = Rule::new(
    "vp.request.client-id",
    "OID4VP 1.0 §5.9",
    "The verifier names itself in a way that is known here.",
);
/// Fetching the request object.
pub const REQUEST_FETCH: Rule = Rule::new(
    "vp.request.fetch",
    "OID4VP 1.0 §5.10",
    "The request object could be fetched, directly and as what it is.",
);
/// The request object's form.
pub const REQUEST_OBJECT: Rule = Rule::new(
    "vp.request.object",
    "OID4VP 1.0 §5; RFC 9101 §4",
    "The request object is a JWT of its own kind, and complete in itself.",
);
/// The client identifier, outside and inside.
pub const REQUEST_SAME_CLIENT: Rule = Rule::new(
    "vp.request.same-client",
    "OID4VP 1.0 §5.10.1",
    "The request object comes from the verifier that the link names.",
);
/// The certificate that goes with the client identifier.
pub const REQUEST_CERTIFICATE: Rule = Rule::new(
    "vp.request.certificate",
    "OID4VP 1.0 §5.9.3",
    "The certificate belongs to the name that the verifier gives itself.",
);
/// The request object's signature.
pub const REQUEST_SIGNATURE: Rule =
    Rule::new("vp.request.signature", "RFC 9101 §6.2", "The verifier has signed the request.");
/// `aud`.
pub const REQUEST_AUDIENCE: Rule =
    Rule::new("vp.request.audience", "OID4VP 1.0 §5.8", "The request is meant for a wallet like this one.");
/// `exp`, `nbf`, `iat`.
pub const REQUEST_TIMES: Rule =
    Rule::new("vp.request.times", "RFC 9101 §4; RFC 7519 §4.1", "The request is valid now.");
/// `wallet_nonce`.
pub const REQUEST_WALLET_NONCE: Rule = Rule::new(
    "vp.request.wallet-nonce",
    "OID4VP 1.0 §5.10.1",
    "The request was made for this wallet just now.",
);
/// `response_mode`.
pub const REQUEST_RESPONSE_MODE: Rule = Rule::new(
    "vp.request.response-mode",
    "OID4VP 1.0 §5.2, §8.2",
    "The answer is wanted in a way that is known here.",
);
/// `response_uri`.
pub const REQUEST_RESPONSE_URI: Rule = Rule::new(
    "vp.request.response-uri",
    "OID4VP 1.0 §5.9.3, §8.2",
    "The answer goes to an address that is the verifier's.",
);
/// `client_metadata`.
pub const REQUEST_METADATA: Rule =
    Rule::new("vp.request.metadata", "OID4VP 1.0 §5.1", "What the verifier says about itself can be read.");
/// The key for the response.
pub const REQUEST_ENCRYPTION: Rule = Rule::new(
    "vp.request.encryption",
    "OID4VP 1.0 §8.3",
    "There is a key to encrypt the answer to, where that is wanted.",
);
/// No `redirect_uri` beside `response_uri`.
pub const REQUEST_REDIRECT_URI: Rule = Rule::new(
    "vp.request.redirect-uri",
    "OID4VP 1.0 §8.2",
    "There is one place for the answer, and not two.",
);
/// `response_type`.
pub const REQUEST_RESPONSE_TYPE: Rule = Rule::new(
    "vp.request.response-type",
    "OID4VP 1.0 §5.6",
    "Presentations are asked for, and nothing else.",
);
/// `state`.
pub const REQUEST_STATE: Rule =
    Rule::new("vp.request.state", "OID4VP 1.0 §5.2", "The state has only characters that it may have.");
/// `nonce`.
pub const REQUEST_NONCE: Rule =
    Rule::new("vp.request.nonce", "OID4VP 1.0 §5.2", "The request has a nonce to bind the answer to it.");
/// `transaction_data`.
pub const REQUEST_TRANSACTION_DATA: Rule = Rule::new(
    "vp.request.transaction-data",
    "OID4VP 1.0 §5.1, §8.4",
    "No transaction is to be signed that is not known here.",
);
/// `verifier_info`.
pub const REQUEST_VERIFIER_INFO: Rule = Rule::new(
    "vp.request.verifier-info",
    "OID4VP 1.0 §5.1",
    "The attestations about the verifier have their form; they are not believed for that.",
);
/// `dcql_query`.
pub const REQUEST_QUERY: Rule =
    Rule::new("vp.request.query", "OID4VP 1.0 §5.1, §6", "The query can be understood.");
/// The formats that are asked for.
pub const REQUEST_FORMATS: Rule =
    Rule::new("vp.request.formats", "OID4VP 1.0 §8.5", "A format is asked for that can be presented here.");

/// The key, for client identifiers that name it by other means than certificates.
pub const REQUEST_KEY: Rule = Rule::new(
    "vp.request.key",
    "OID4VP 1.0 §5.9.2, §5.9.3",
    "The key that has to have signed is the verifier's, by what its client identifier refers to.",
);
/// The verifier's attestation.
pub const REQUEST_ATTESTATION: Rule = Rule::new(
    "vp.request.attestation",
    "OID4VP 1.0 §5.9.3, §12",
    "Somebody who is trusted with it attests that this is the verifier's key.",
);
/// `expected_origins`.
pub const REQUEST_ORIGIN: Rule = Rule::new(
    "vp.request.origin",
    "OID4VP 1.0 §A.2",
    "The website that asks is one that the verifier has signed its request for.",
);
/// The profile.
pub const REQUEST_PROFILE: Rule =
    Rule::new("vp.request.profile", "HAIP 1.0 §5", "The request keeps within the profile.");
/// Transactions that a presentation authorises.
pub const TRANSACTION_DATA: Rule = Rule::new(
    "vp.presentation.transaction-data",
    "OID4VP 1.0 §8.4, §B.3.3.1",
    "The holder has signed the transactions of the request, and no others.",
);

/// `iss` of a signed response.
pub const JARM_ISSUER: Rule = Rule::new(
    "vp.jarm.issuer",
    "JARM §2.4 step 2",
    "The wallet that has signed the response is one that was agreed with.",
);
/// `aud` of a signed response.
pub const JARM_AUDIENCE: Rule =
    Rule::new("vp.jarm.audience", "JARM §2.4 step 3", "The signed response is meant for this verifier.");
/// `exp` of a signed response.
pub const JARM_EXPIRY: Rule = Rule::new(
    "vp.jarm.expiry",
    "JARM §2.4 step 4",
    "The signed response says until when it is valid, and is now.",
);
/// The signature of a response.
pub const JARM_SIGNATURE: Rule = Rule::new(
    "vp.jarm.signature",
    "JARM §2.4 step 5",
    "The response is signed with a key of the wallet that it names.",
);

/// All of them.
pub const ALL: [&Rule; 39] = [
    &SHAPE,
    &FORMAT,
    &COUNT,
    &KEY_MATERIAL,
    &ONE_CREDENTIAL,
    &HOLDER_KEY,
    &TYPES,
    &STATUS,
    &REQUEST_LINK,
    &REQUEST_CLIENT_ID,
    &REQUEST_FETCH,
    &REQUEST_OBJECT,
    &REQUEST_SAME_CLIENT,
    &REQUEST_CERTIFICATE,
    &REQUEST_SIGNATURE,
    &REQUEST_AUDIENCE,
    &REQUEST_TIMES,
    &REQUEST_WALLET_NONCE,
    &REQUEST_RESPONSE_MODE,
    &REQUEST_RESPONSE_URI,
    &REQUEST_METADATA,
    &REQUEST_ENCRYPTION,
    &REQUEST_REDIRECT_URI,
    &REQUEST_RESPONSE_TYPE,
    &REQUEST_STATE,
    &REQUEST_NONCE,
    &REQUEST_TRANSACTION_DATA,
    &REQUEST_VERIFIER_INFO,
    &REQUEST_QUERY,
    &REQUEST_FORMATS,
    &REQUEST_KEY,
    &REQUEST_ATTESTATION,
    &REQUEST_ORIGIN,
    &REQUEST_PROFILE,
    &TRANSACTION_DATA,
    &JARM_ISSUER,
    &JARM_AUDIENCE,
    &JARM_EXPIRY,
    &JARM_SIGNATURE,
];

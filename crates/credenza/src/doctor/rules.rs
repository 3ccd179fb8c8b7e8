//! The checks of a deployment, by name.

use credenza_core::Rule;

/// The URL.
pub const URL: Rule = Rule::new(
    "doctor.url",
    "OID4VCI 1.0 §12.2.1",
    "The public URL is https, without a query and a fragment, and can be the issuer's identifier.",
);
/// The name.
pub const DNS_RESOLVES: Rule =
    Rule::new("doctor.dns.resolves", "RFC 1034 §3.6", "The name in the URL leads to addresses.");
/// The addresses.
pub const DNS_PUBLIC: Rule = Rule::new(
    "doctor.dns.public",
    "RFC 1918 §3; RFC 6890 §2.2",
    "Every address of the name is one that wallets on the internet can reach.",
);
/// TLS.
pub const TLS_TRUSTED: Rule = Rule::new(
    "doctor.tls.trusted",
    "RFC 5280 §6; RFC 9325 §3.1",
    "A TLS connection is made, and the server's certificates lead to a root that is trusted here.",
);
/// The name in the certificate.
pub const TLS_NAME: Rule =
    Rule::new("doctor.tls.name", "RFC 9525 §6", "The server's certificate is for the name in the URL.");
/// When the certificate ends.
pub const TLS_EXPIRY: Rule = Rule::new(
    "doctor.tls.expiry",
    "RFC 5280 §4.1.2.5",
    "The server's certificates are valid now, and for the next two weeks.",
);
/// The root.
pub const TLS_ROOT: Rule = Rule::new(
    "doctor.tls.root",
    "RFC 8446 §4.4.2",
    "The server sends no root certificate: who does not have it already believes none.",
);
/// Without TLS.
pub const TLS_PLAIN: Rule = Rule::new(
    "doctor.tls.plain",
    "OID4VCI 1.0 §12.2.2, §13.9",
    "The service is not served over plain http beside https.",
);
/// Anybody there.
pub const REACH: Rule = Rule::new("doctor.reach", "RFC 9110 §15", "The service answers at its public URL.");
/// Redirects.
pub const REDIRECT: Rule = Rule::new(
    "doctor.redirect",
    "OID4VCI 1.0 §12.2.2; RFC 8414 §3.2; RFC 9110 §15.4",
    "The service answers by itself: wallets are not sent to another address.",
);
/// The probe.
pub const READY: Rule =
    Rule::new("doctor.ready", "Credenza, operations: /readyz", "The service is ready: its store answers.");
/// The clock.
pub const CLOCK: Rule = Rule::new(
    "doctor.clock",
    "RFC 9110 §6.6.1; RFC 7519 §4.1",
    "The clock of the service agrees with the one of this machine.",
);
/// The admin plane.
pub const ADMIN: Rule = Rule::new(
    "doctor.admin",
    "RFC 6750 §3",
    "The admin plane and the metrics let nobody in who has no token.",
);
/// Where the metadata is.
pub const METADATA_PATH: Rule = Rule::new(
    "doctor.metadata.path",
    "OID4VCI 1.0 §12.2.2",
    "The issuer's metadata is where wallets look for it: with /.well-known between the host and the path.",
);
/// The metadata.
pub const METADATA: Rule = Rule::new(
    "doctor.metadata",
    "OID4VCI 1.0 §12.2.2, §12.2.4",
    "The issuer's metadata is JSON, says so, and can be used by a wallet.",
);
/// Whose it is.
pub const ISSUER: Rule = Rule::new(
    "doctor.issuer",
    "OID4VCI 1.0 §12.2.4",
    "The metadata's credential_issuer is the public URL, character by character.",
);
/// Where the endpoints are.
pub const ENDPOINTS: Rule = Rule::new(
    "doctor.endpoints",
    "OID4VCI 1.0 §12.2.4; RFC 8414 §2",
    "Every endpoint that the metadata names is below the public URL.",
);
/// Signed metadata.
pub const METADATA_SIGNED: Rule = Rule::new(
    "doctor.metadata.signed",
    "OID4VCI 1.0 §12.2.3",
    "The signed form of the metadata is this issuer's, its signature verifies, and it is valid now.",
);
/// Both forms at one address.
pub const VARY: Rule = Rule::new(
    "doctor.vary",
    "RFC 9110 §12.5.5; OID4VCI 1.0 §12.2.2",
    "Whoever asks for signed or for plain metadata gets that: no cache mixes the two up.",
);
/// Whether it is the configuration that is at hand.
pub const CURRENT: Rule = Rule::new(
    "doctor.current",
    "Credenza, operations",
    "The service that answers runs with this configuration: its keys, and its credential types.",
);
/// Where the authorization server's metadata is.
pub const SERVER_PATH: Rule = Rule::new(
    "doctor.server.path",
    "RFC 8414 §3.1",
    "The metadata of the authorization server is where wallets look for it.",
);
/// Whose it is.
pub const SERVER_ISSUER: Rule = Rule::new(
    "doctor.server.issuer",
    "RFC 8414 §3.3",
    "The metadata's issuer is the identifier of the authorization server, character by character.",
);
/// Its keys.
pub const SERVER_JWKS: Rule = Rule::new(
    "doctor.server.jwks",
    "RFC 8414 §2; RFC 7517 §5",
    "Where the metadata names a set of keys, it can be fetched and read.",
);
/// Compression.
pub const COMPRESSION: Rule = Rule::new(
    "doctor.compression",
    "RFC 9110 §12.5.3",
    "Nothing on the way compresses what was not asked for in compressed form.",
);
/// Browsers.
pub const CORS: Rule = Rule::new(
    "doctor.cors",
    "Fetch Standard, CORS protocol",
    "Wallets that run in a browser may read the metadata.",
);
/// Nonces are made anew.
pub const NONCE_FRESH: Rule = Rule::new(
    "doctor.nonce.fresh",
    "OID4VCI 1.0 §7.2",
    "Each request for a nonce gets another one: none comes from a cache.",
);
/// Nonces are not kept.
pub const NONCE_STORE: Rule = Rule::new(
    "doctor.nonce.no-store",
    "OID4VCI 1.0 §7.2",
    "Answers with a nonce say that no cache may keep them (Cache-Control: no-store).",
);
/// Errors arrive.
pub const ERRORS: Rule = Rule::new(
    "doctor.errors",
    "RFC 6749 §5.2",
    "Errors of the service arrive as it has made them: JSON with a code.",
);
/// The size of a body.
pub const BODY: Rule = Rule::new(
    "doctor.body",
    "RFC 9110 §15.5.14",
    "Requests of the size that the service takes pass on the way to it.",
);
/// The size of a head.
pub const HEAD: Rule = Rule::new(
    "doctor.head",
    "RFC 6585 §5",
    "Requests with long headers pass: attestations and proofs travel in them.",
);
/// `Authorization`
pub const AUTHORIZATION: Rule = Rule::new(
    "doctor.header.authorization",
    "RFC 6750 §2.1",
    "The header Authorization arrives at the service.",
);
/// `WWW-Authenticate`
pub const CHALLENGE: Rule = Rule::new(
    "doctor.header.www-authenticate",
    "RFC 6750 §3",
    "The header WWW-Authenticate of the service arrives at the wallet.",
);
/// `DPoP`
pub const DPOP: Rule =
    Rule::new("doctor.header.dpop", "RFC 9449 §4.1", "The header DPoP arrives at the service.");
/// `DPoP-Nonce`
pub const DPOP_NONCE: Rule = Rule::new(
    "doctor.header.dpop-nonce",
    "RFC 9449 §8",
    "A proof that is made for the public URL is understood, and the nonce that is asked for in return arrives.",
);
/// When a signing certificate ends.
pub const KEY_EXPIRY: Rule = Rule::new(
    "doctor.key.expiry",
    "RFC 5280 §4.1.2.5",
    "The certificates of the key are valid now, and for the next thirty days.",
);
/// The root in `x5c`.
pub const KEY_ROOT: Rule = Rule::new(
    "doctor.key.root",
    "HAIP 1.0 §5, §6.1, §6.1.1",
    "The root certificate is not among those that are sent with signatures.",
);
/// Whose certificate it is.
pub const KEY_NAME: Rule = Rule::new(
    "doctor.key.name",
    "OID4VP 1.0 §5.9.3; RFC 5280 §4.2.1.6",
    "The certificate of the key names the host or the URL of the service.",
);
/// Own credentials.
pub const TRUST: Rule = Rule::new(
    "doctor.trust",
    "Credenza, verifier.trusted_issuers",
    "The service's verifier accepts what the service's issuer signs.",
);
/// Status lists.
pub const STATUS: Rule = Rule::new(
    "doctor.status",
    "Token Status List §8.1, §9",
    "The status lists are reachable, fresh, and signed by somebody whom the verifier trusts.",
);
/// Types.
pub const TYPES: Rule = Rule::new(
    "doctor.types",
    "SD-JWT VC §4.3",
    "The metadata of each type of the issuer is at its vct, and is the document whose hash the credentials carry.",
);
/// A request.
pub const REQUEST: Rule = Rule::new(
    "doctor.request",
    "OID4VP 1.0 §5.10; RFC 9101 §5.2",
    "A wallet fetches a request of the verifier by its request_uri, and understands it.",
);
/// All of them, in the order in which they are made.
pub const ALL: [&Rule; 41] = [
    &URL,
    &DNS_RESOLVES,
    &DNS_PUBLIC,
    &TLS_TRUSTED,
    &TLS_NAME,
    &TLS_EXPIRY,
    &TLS_ROOT,
    &TLS_PLAIN,
    &REACH,
    &REDIRECT,
    &READY,
    &CLOCK,
    &ADMIN,
    &METADATA_PATH,
    &METADATA,
    &ISSUER,
    &ENDPOINTS,
    &METADATA_SIGNED,
    &VARY,
    &CURRENT,
    &SERVER_PATH,
    &SERVER_ISSUER,
    &SERVER_JWKS,
    &COMPRESSION,
    &CORS,
    &NONCE_FRESH,
    &NONCE_STORE,
    &ERRORS,
    &BODY,
    &HEAD,
    &AUTHORIZATION,
    &CHALLENGE,
    &DPOP,
    &DPOP_NONCE,
    &KEY_EXPIRY,
    &KEY_ROOT,
    &KEY_NAME,
    &TRUST,
    &STATUS,
    &TYPES,
    &REQUEST,
];

//! The checks of signing in at an OpenID Provider, by name.

use credenza_core::Rule;

/// The metadata is the provider's own.
pub const DISCOVERY_ISSUER: Rule = Rule::new(
    "openid.discovery.issuer",
    "OpenID Connect Discovery §4.3",
    "The metadata names exactly the provider that was asked.",
);
/// Where the metadata leads to.
pub const DISCOVERY_ENDPOINTS: Rule = Rule::new(
    "openid.discovery.endpoints",
    "OpenID Connect Discovery §3",
    "The metadata has an authorization endpoint, a token endpoint and keys, all of them behind TLS.",
);
/// An ID token.
pub const ID_TOKEN_JWT: Rule = Rule::new(
    "openid.id-token.jwt",
    "OpenID Connect Core §2",
    "The ID token is a signed JWT with iss, sub, aud, exp and iat.",
);
/// Its signature.
pub const ID_TOKEN_SIGNATURE: Rule = Rule::new(
    "openid.id-token.signature",
    "OpenID Connect Core §3.1.3.7, §10.1",
    "The ID token was signed with a key of the provider, by an algorithm that is accepted here.",
);
/// Its issuer.
pub const ID_TOKEN_ISS: Rule = Rule::new(
    "openid.id-token.iss",
    "OpenID Connect Core §3.1.3.7",
    "The ID token was issued by the provider that was asked.",
);
/// Its audience.
pub const ID_TOKEN_AUD: Rule = Rule::new(
    "openid.id-token.aud",
    "OpenID Connect Core §3.1.3.7",
    "The ID token is for this client, and for nobody else.",
);
/// Its authorized party.
pub const ID_TOKEN_AZP: Rule = Rule::new(
    "openid.id-token.azp",
    "OpenID Connect Core §3.1.3.7",
    "Where the ID token says to whom it was issued, that is this client.",
);
/// Its time.
pub const ID_TOKEN_TIME: Rule = Rule::new(
    "openid.id-token.time",
    "OpenID Connect Core §3.1.3.7",
    "The ID token has not expired, and was issued just now.",
);
/// Its nonce.
pub const ID_TOKEN_NONCE: Rule = Rule::new(
    "openid.id-token.nonce",
    "OpenID Connect Core §3.1.3.7",
    "The ID token contains the nonce of this very request.",
);
/// The access token.
pub const ID_TOKEN_AT_HASH: Rule = Rule::new(
    "openid.id-token.at-hash",
    "OpenID Connect Core §3.1.3.8",
    "Where the ID token names an access token, that is the one that came with it.",
);
/// The person.
pub const ID_TOKEN_SUB: Rule = Rule::new(
    "openid.id-token.sub",
    "OpenID Connect Core §2",
    "The subject is not empty, and no longer than 255 ASCII characters.",
);
/// The person, again.
pub const USERINFO_SUB: Rule = Rule::new(
    "openid.userinfo.sub",
    "OpenID Connect Core §5.3.2",
    "The UserInfo endpoint speaks of the person that the ID token names.",
);

/// All checks, in the order they are made.
pub const ALL: [&Rule; 12] = [
    &DISCOVERY_ISSUER,
    &DISCOVERY_ENDPOINTS,
    &ID_TOKEN_JWT,
    &ID_TOKEN_SIGNATURE,
    &ID_TOKEN_ISS,
    &ID_TOKEN_AUD,
    &ID_TOKEN_AZP,
    &ID_TOKEN_TIME,
    &ID_TOKEN_NONCE,
    &ID_TOKEN_AT_HASH,
    &ID_TOKEN_SUB,
    &USERINFO_SUB,
];

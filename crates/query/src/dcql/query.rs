//! The query: its types, the rules it has to obey, and how it is written.

use std::collections::HashSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::error::QueryError;
use super::read;
use credenza_core::ClaimsPath;

/// How many credential queries a query may have.
pub const MAX_CREDENTIALS: usize = 64;
/// How many claims a credential query may have.
pub const MAX_CLAIMS: usize = 256;
/// How many claim sets a credential query may have.
pub const MAX_CLAIM_SETS: usize = 64;
/// How many credential sets a query may have.
pub const MAX_CREDENTIAL_SETS: usize = 64;
/// How many options a credential set may have.
pub const MAX_OPTIONS: usize = 64;
/// How many values, types or authorities may be listed in one place.
pub const MAX_VALUES: usize = 64;
/// How long, in bytes, any string of a query may be.
pub const MAX_TEXT: usize = 4096;

/// What a verifier asks for: a DCQL query that obeys the rules of OID4VP 1.0 §6, whichever way it was made.
///
/// Members that are not known are ignored, as §6 demands, and are not written again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DcqlQuery {
    credentials: Vec<CredentialQuery>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credential_sets: Vec<CredentialSetQuery>,
}

/// A request for presentations of one kind of credential (OID4VP 1.0 §6.1).
///
/// An empty list stands for an absent member: a list that is there has elements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CredentialQuery {
    /// Names the query in the answer and in credential sets: letters, digits, `_` and `-`.
    pub id: String,
    /// The format of the credential.
    pub format: Format,
    /// Whether more than one credential may answer.
    #[serde(skip_serializing_if = "is_false")]
    pub multiple: bool,
    /// The types of credential that are accepted.
    pub meta: Meta,
    /// Whose credentials are accepted: at least one of these has to fit. Empty: anyone's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_authorities: Vec<TrustedAuthority>,
    /// Whether the answer has to prove possession of the holder's key.
    #[serde(skip_serializing_if = "is_true")]
    pub require_cryptographic_holder_binding: bool,
    /// The claims that are asked for. Empty: none that can be withheld.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimsQuery>,
    /// Which of the claims together are enough, the verifier's favourite first. Empty: all of them are needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim_sets: Vec<Vec<String>>,
}

/// The format of a credential (OID4VP 1.0 Appendix B).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Format {
    /// `dc+sd-jwt`: IETF SD-JWT VC.
    SdJwtVc,
    /// `mso_mdoc`: ISO/IEC 18013-5 mdoc.
    Mdoc,
    /// `jwt_vc_json`: W3C credential signed as a JWT.
    JwtVcJson,
    /// `ldp_vc`: W3C credential with a Data Integrity proof.
    LdpVc,
    /// `jwt_vc_json-ld`: W3C credential signed as a JWT, read as JSON-LD. As the two that follow it is not in
    /// Appendix B, and is asked for with the same `type_values`.
    JwtVcJsonLd,
    /// `vc+jwt`: W3C credential of the data model 2.0 signed as a JWT.
    VcJwt,
    /// `vc+sd-jwt`, with W3C types: W3C credential of the data model 2.0 as an SD-JWT.
    VcSdJwt,
    /// A format that is not known here: valid, and no credential matches it.
    Other(String),
}

impl Format {
    /// Those that are known here.
    pub const KNOWN: [Self; 7] = [
        Self::SdJwtVc,
        Self::Mdoc,
        Self::JwtVcJson,
        Self::LdpVc,
        Self::JwtVcJsonLd,
        Self::VcJwt,
        Self::VcSdJwt,
    ];

    /// The format of this identifier.
    #[must_use]
    pub fn new(identifier: &str) -> Self {
        match identifier {
            "dc+sd-jwt" => Self::SdJwtVc,
            "mso_mdoc" => Self::Mdoc,
            "jwt_vc_json" => Self::JwtVcJson,
            "ldp_vc" => Self::LdpVc,
            "jwt_vc_json-ld" => Self::JwtVcJsonLd,
            "vc+jwt" => Self::VcJwt,
            "vc+sd-jwt" => Self::VcSdJwt,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The identifier, as it stands in a query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::SdJwtVc => "dc+sd-jwt",
            Self::Mdoc => "mso_mdoc",
            Self::JwtVcJson => "jwt_vc_json",
            Self::LdpVc => "ldp_vc",
            Self::JwtVcJsonLd => "jwt_vc_json-ld",
            Self::VcJwt => "vc+jwt",
            Self::VcSdJwt => "vc+sd-jwt",
            Self::Other(other) => other,
        }
    }

    /// Whether it is a W3C credential, in whichever way it is secured.
    #[must_use]
    pub const fn is_w3c(&self) -> bool {
        matches!(self, Self::JwtVcJson | Self::LdpVc | Self::JwtVcJsonLd | Self::VcJwt | Self::VcSdJwt)
    }

    /// Whether it is a W3C credential signed as a JWT.
    #[must_use]
    pub const fn is_w3c_jwt(&self) -> bool {
        matches!(self, Self::JwtVcJson | Self::JwtVcJsonLd | Self::VcJwt)
    }

    /// Whether a credential of that format answers a query for this one. The names of W3C credentials as JWTs differ by
    /// how they are read, and not by what they are.
    #[must_use]
    pub fn accepts(&self, other: &Self) -> bool {
        !matches!(self, Self::Other(_)) && (self == other || (self.is_w3c_jwt() && other.is_w3c_jwt()))
    }
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// The types of credential that are accepted, as each format names them.
///
/// §6.1 lets `meta` be empty and mean any type; Appendix B requires its formats to name types all the same, and the
/// appendix is followed: to ask for anything at all is no query.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Meta {
    /// SD-JWT VC: the type or a type it extends is one of these (Appendix B.3.5).
    SdJwtVc {
        /// Values of `vct`.
        vct_values: Vec<String>,
    },
    /// mdoc: the document type is this one (Appendix B.2.3).
    Mdoc {
        /// The document type.
        doctype_value: String,
    },
    /// W3C formats: the credential has all types of one of these lists (Appendix B.1.1).
    W3c {
        /// Lists of fully expanded types.
        type_values: Vec<Vec<String>>,
    },
    /// Any type, as drafts before 1.0 allowed: only [`dialect`](super::dialect) and
    /// [Presentation Exchange](crate::presentation_exchange) make it, and a query with it cannot be sent as a query of 1.0.
    Any {},
    /// What a format that is not known here asks for.
    Other(Map<String, Value>),
}

/// Whose credentials are accepted (OID4VP 1.0 §6.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustedAuthority {
    /// How authorities are named: `aki`, `etsi_tl`, `openid_federation`. Others are valid, and match when the caller
    /// of the matcher gives evidence of that kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Names of authorities, one of which has to fit; for `aki` the key identifier as base64url.
    pub values: Vec<String>,
}

/// A claim that is asked for (OID4VP 1.0 §6.3).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimsQuery {
    /// Names the claim in `claim_sets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where the claim is.
    pub path: ClaimsPath,
    /// The values that are of interest. Empty: any value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ClaimValue>,
    /// mdoc: whether the verifier means to keep the claim (Appendix B.2.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent_to_retain: Option<bool>,
}

/// A value that a claim may be asked to have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum ClaimValue {
    /// A string.
    Text(String),
    /// A negative integer.
    Negative(i64),
    /// An integer from zero up.
    Integer(u64),
    /// A boolean.
    Bool(bool),
}

impl ClaimValue {
    /// The value, when it is a string, an integer or a boolean.
    #[must_use]
    pub fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Bool(bool) => Some(Self::Bool(*bool)),
            Value::Number(number) => {
                number.as_u64().map(Self::Integer).or_else(|| number.as_i64().map(Self::Negative))
            }
            _ => None,
        }
    }

    /// Whether a claim has this type and this value (OID4VP 1.0 §6.3): `1`, `"1"`, `1.0` and `true` are four values.
    #[must_use]
    pub fn matches(&self, claim: &Value) -> bool {
        match (self, claim) {
            (Self::Text(text), Value::String(claim)) => text == claim,
            (Self::Bool(bool), Value::Bool(claim)) => bool == claim,
            (Self::Integer(number), Value::Number(claim)) => claim.as_u64() == Some(*number),
            (Self::Negative(number), Value::Number(claim)) => claim.as_i64() == Some(*number),
            _ => false,
        }
    }
}

impl From<&str> for ClaimValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for ClaimValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for ClaimValue {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i64> for ClaimValue {
    fn from(number: i64) -> Self {
        u64::try_from(number).map_or(Self::Negative(number), Self::Integer)
    }
}

/// Which credentials together serve one purpose of the verifier (OID4VP 1.0 §6.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialSetQuery {
    /// Lists of ids of credential queries, one of which has to be answered in full.
    pub options: Vec<Vec<String>>,
    /// Whether the verifier insists on this set.
    #[serde(skip_serializing_if = "is_true")]
    pub required: bool,
}

impl DcqlQuery {
    /// Reads a query as it stands in a request.
    ///
    /// `null` is a wrong type everywhere: it never stands for an absent member.
    ///
    /// # Errors
    /// [`QueryError`], with the place and the rule that is broken; the wire code is `invalid_request`.
    pub fn parse(query: &Value) -> Result<Self, QueryError> {
        let (credentials, sets) = read::query(query)?;
        Self::new(credentials, sets)
    }

    /// A query of these parts; no sets means that all credentials are asked for.
    ///
    /// # Errors
    /// [`QueryError`], when one of the rules of OID4VP 1.0 §6 is broken.
    pub fn new(
        credentials: Vec<CredentialQuery>,
        credential_sets: Vec<CredentialSetQuery>,
    ) -> Result<Self, QueryError> {
        let query = Self { credentials, credential_sets };
        query.validate()?;
        Ok(query)
    }

    /// The credential queries, in the verifier's order; at least one.
    #[must_use]
    pub fn credentials(&self) -> &[CredentialQuery] {
        &self.credentials
    }

    /// The credential sets; none when all credentials are asked for.
    #[must_use]
    pub fn credential_sets(&self) -> &[CredentialSetQuery] {
        &self.credential_sets
    }

    /// The credential query of this id.
    #[must_use]
    pub fn credential(&self, id: &str) -> Option<&CredentialQuery> {
        self.credentials.iter().find(|credential| credential.id == id)
    }

    /// The first claim that a credential query asks for a second time, which a verifier must not do (§6.1) and a wallet
    /// overlooks: the positions of the credential query and of the claim in it.
    #[must_use]
    pub fn duplicate_claim(&self) -> Option<(usize, usize)> {
        self.credentials.iter().enumerate().find_map(|(position, credential)| {
            let mut seen = HashSet::new();
            let twice = credential.claims.iter().position(|claim| !seen.insert(&claim.path))?;
            Some((position, twice))
        })
    }

    /// Takes the type constraint out of the credential queries at these positions.
    pub(crate) fn accept_any_type(&mut self, positions: &[usize]) {
        for position in positions {
            if let Some(credential) = self.credentials.get_mut(*position) {
                credential.meta = Meta::Any {};
            }
        }
    }
}

impl<'de> Deserialize<'de> for DcqlQuery {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::parse(&Value::deserialize(input)?).map_err(D::Error::custom)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_true(value: &bool) -> bool {
    *value
}

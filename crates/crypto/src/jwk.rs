//! JSON Web Keys (RFC 7517): public ones only, by type.

use credenza_core::b64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::hash::sha256;
use crate::{Algorithm, Certificate, Curve, PublicKey};

/// Members that only a private or symmetric key has (RFC 7518 §6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key with what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// The key itself.
    pub key: PublicKey,
    /// `kid`: its name within a set.
    pub kid: Option<String>,
    /// `alg`: the one algorithm it is for.
    pub alg: Option<String>,
    /// `use`: `sig` or `enc`. When the JWK says it by `key_ops`, it is said here.
    pub usage: Option<String>,
    /// `x5c`: certificates, DER, leaf first.
    pub x5c: Vec<Vec<u8>>,
}

/// Why a JWK was not accepted. Never repeats a value of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Not an object, a member is missing or has the wrong type.
    #[error("not a JWK: the member \"{0}\" is missing or has the wrong form")]
    Malformed(&'static str),
    /// It has a private member; whoever sent it has given a secret away.
    #[error("a private key was sent where a public one belongs")]
    Private,
    /// A `kty` or `crv` that is not supported.
    #[error("this type of key is not supported")]
    Unsupported,
    /// Not a point on its curve, or an RSA key of a wrong size.
    #[error("the values are not a key of the type it names")]
    NotAKey,
}

impl From<crate::public_key::NotAKey> for JwkError {
    fn from(_: crate::public_key::NotAKey) -> Self {
        Self::NotAKey
    }
}

impl Jwk {
    /// A key about which nothing else is said.
    #[must_use]
    pub fn new(key: PublicKey) -> Self {
        Self { key, kid: None, alg: None, usage: None, x5c: Vec::new() }
    }

    /// Reads a JWK; members that are not known are ignored (RFC 7517 §4).
    ///
    /// # Errors
    /// See [`JwkError`].
    pub fn from_value(value: &Value) -> Result<Self, JwkError> {
        let members = value.as_object().ok_or(JwkError::Malformed("kty"))?;
        if PRIVATE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
            return Err(JwkError::Private);
        }
        let key = match text(members, "kty")?.ok_or(JwkError::Malformed("kty"))? {
            "EC" => {
                let curve = curve(members)?;
                PublicKey::from_coordinates(curve, &bytes(members, "x")?, &bytes(members, "y")?)?
            }
            "OKP" => PublicKey::from_okp(curve(members)?, &bytes(members, "x")?)?,
            "RSA" => PublicKey::from_rsa(&bytes(members, "n")?, &bytes(members, "e")?)?,
            "oct" => return Err(JwkError::Private),
            _ => return Err(JwkError::Unsupported),
        };
        let owned = |name| text(members, name).map(|value| value.map(str::to_owned));
        let x5c = match members.get("x5c") {
            None => Vec::new(),
            Some(chain) => x5c(chain).ok_or(JwkError::Malformed("x5c"))?,
        };
        // The first certificate is this key's, or the chain vouches for somebody else (RFC 7517 §4.7).
        if let Some(leaf) = x5c.first()
            && !Certificate::parse(leaf).is_ok_and(|leaf| leaf.key == key)
        {
            return Err(JwkError::Malformed("x5c"));
        }
        let usage = match (owned("use")?, operations(members)?) {
            (Some(usage), Some(operations)) if usage != operations => {
                return Err(JwkError::Malformed("key_ops"));
            }
            (usage, operations) => usage.or_else(|| operations.map(str::to_owned)),
        };
        Ok(Self { key, kid: owned("kid")?, alg: owned("alg")?, usage, x5c })
    }

    /// Whether signatures of `algorithm` may be verified with the key: its type, its `use` and its `alg` allow it
    /// (RFC 8725 §3.1).
    #[must_use]
    pub fn verifies(&self, algorithm: Algorithm) -> bool {
        self.key.fits(algorithm)
            && self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.alg.as_deref().is_none_or(|alg| Algorithm::from_name(alg) == Some(algorithm))
    }

    /// The JWK as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut members = required_members(&self.key);
        let mut optional = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), Value::String(value.clone()));
            }
        };
        optional("kid", &self.kid);
        optional("alg", &self.alg);
        optional("use", &self.usage);
        if !self.x5c.is_empty() {
            members.insert(
                "x5c".to_owned(),
                self.x5c.iter().map(|cert| Value::from(b64::encode_std(cert))).collect(),
            );
        }
        Value::Object(members)
    }

    /// The SHA-256 thumbprint (RFC 7638), over the required members of the key as it was parsed: whatever else was
    /// said about the key does not change it.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        let mut members: Vec<(String, Value)> = required_members(&self.key).into_iter().collect();
        members.sort_by(|one, other| one.0.cmp(&other.0));
        let canonical = Value::Object(members.into_iter().collect());
        sha256(canonical.to_string().as_bytes())
    }

    /// The thumbprint as base64url, as `jkt` carries it.
    #[must_use]
    pub fn thumbprint_text(&self) -> String {
        b64::encode(self.thumbprint())
    }

    /// The thumbprint as a URI (RFC 9278), as `kid` and key identifiers of some profiles carry it.
    #[must_use]
    pub fn thumbprint_uri(&self) -> String {
        format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}", self.thumbprint_text())
    }
}

fn required_members(key: &PublicKey) -> Map<String, Value> {
    let encode = |bytes: &[u8]| Value::String(b64::encode(bytes));
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    match key {
        PublicKey::Ec { curve, .. } => {
            let (x, y) = key.coordinates().unwrap_or_default();
            put("kty", "EC".into());
            put("crv", curve.name().into());
            put("x", encode(x));
            put("y", encode(y));
        }
        PublicKey::Okp { curve, bytes } => {
            put("kty", "OKP".into());
            put("crv", curve.name().into());
            put("x", encode(bytes));
        }
        PublicKey::Rsa { n, e } => {
            put("kty", "RSA".into());
            put("n", encode(n));
            put("e", encode(e));
        }
    }
    members
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, JwkError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(JwkError::Malformed(name)),
    }
}

/// What `key_ops` says, in terms of `use` (RFC 7517 §4.3): all operations are of one kind, and none is named twice.
fn operations(members: &Map<String, Value>) -> Result<Option<&'static str>, JwkError> {
    const MALFORMED: JwkError = JwkError::Malformed("key_ops");
    let Some(operations) = members.get("key_ops") else { return Ok(None) };
    let operations = operations.as_array().ok_or(MALFORMED)?;
    let mut kind = None;
    for (number, operation) in operations.iter().enumerate() {
        if operations.iter().take(number).any(|before| before == operation) {
            return Err(MALFORMED);
        }
        let found = match operation.as_str().ok_or(MALFORMED)? {
            "sign" | "verify" => "sig",
            "encrypt" | "decrypt" | "wrapKey" | "unwrapKey" | "deriveKey" | "deriveBits" => "enc",
            _ => continue,
        };
        if kind.replace(found).is_some_and(|before| before != found) {
            return Err(MALFORMED);
        }
    }
    Ok(kind)
}

fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let value = text(members, name)?.ok_or(JwkError::Malformed(name))?;
    b64::decode(value).map_err(|_| JwkError::Malformed(name))
}

fn curve(members: &Map<String, Value>) -> Result<Curve, JwkError> {
    let name = text(members, "crv")?.ok_or(JwkError::Malformed("crv"))?;
    Curve::from_name(name).ok_or(JwkError::Unsupported)
}

/// Reads an `x5c` value: a non-empty array of base64 (not base64url) DER certificates (RFC 7515 §4.1.6).
#[must_use]
pub(crate) fn x5c(value: &Value) -> Option<Vec<Vec<u8>>> {
    let chain = value.as_array().filter(|chain| !chain.is_empty())?;
    chain.iter().map(|certificate| b64::decode_std(certificate.as_str()?).ok()).collect()
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(out)
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(input)?).map_err(serde::de::Error::custom)
    }
}

/// A set of keys (RFC 7517 §5). Keys that can't be used are left out when it is read, as the RFC asks; a private
/// one makes the whole set unacceptable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct JwkSet {
    /// The usable keys, in their order.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads a set.
    ///
    /// # Errors
    /// No array `keys`, or a private key in it.
    pub fn from_value(value: &Value) -> Result<Self, JwkError> {
        let keys = value.get("keys").and_then(Value::as_array).ok_or(JwkError::Malformed("keys"))?;
        let mut usable = Vec::with_capacity(keys.len());
        for key in keys {
            match Jwk::from_value(key) {
                Ok(key) => usable.push(key),
                Err(JwkError::Private) => return Err(JwkError::Private),
                Err(_) => {}
            }
        }
        Ok(Self { keys: usable })
    }

    /// The key of that name; none when two have it (CVE class: key confusion by duplicate `kid`).
    #[must_use]
    pub fn by_kid(&self, kid: &str) -> Option<&Jwk> {
        let mut named = self.keys.iter().filter(|key| key.kid.as_deref() == Some(kid));
        named.next().filter(|_| named.next().is_none())
    }
}

impl<'de> Deserialize<'de> for JwkSet {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(input)?).map_err(serde::de::Error::custom)
    }
}

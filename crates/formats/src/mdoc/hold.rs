//! Holding: what a wallet keeps of an mdoc, and what it shows of it.

use std::fmt;
use std::ops::Range;

use credenza_core::{ClaimsPath, PathElement, Report};
use credenza_crypto::PublicKey;
use serde_json::{Map, Value};

use super::verify::{claims, verify_issuer_signed};
use super::{
    Expected, IssuerSigned, KeyAuthorizations, MdocLimits, ParseError, Presentation, ValidityInfo, rules,
    value,
};

/// Why an mdoc can't be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Not an `IssuerSigned`.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A data element has no form in JSON.
    #[error("a data element has no form in JSON")]
    Element,
}

/// A document in a wallet: the bytes as they were issued, and its data elements.
pub struct Held {
    pub(super) bytes: Vec<u8>,
    pub(super) doc_type: String,
    /// Where the bytes have the issuer's signature.
    pub(super) issuer_auth: Range<usize>,
    /// Where the bytes have the data elements, by namespace.
    pub(super) namespaces: Vec<(String, Vec<Element>)>,
    pub(super) key_authorizations: KeyAuthorizations,
    claims: Map<String, Value>,
    holder: PublicKey,
    issuer_algorithm: i64,
    validity: ValidityInfo,
    status: Option<Value>,
}

pub(super) struct Element {
    pub(super) identifier: String,
    pub(super) at: Range<usize>,
}

impl Held {
    /// Verifies what an issuer has sent and takes it in. `holder` is the key that it has to be bound to. `None` says:
    /// refused, see the report.
    #[must_use]
    pub fn accept(
        bytes: Vec<u8>,
        limits: &MdocLimits,
        issuer_key: &PublicKey,
        holder: &PublicKey,
        expected: &Expected<'_>,
        report: &mut Report,
    ) -> Option<Self> {
        let parsed = match IssuerSigned::parse(&bytes, limits) {
            Ok(parsed) => parsed,
            Err(error) => {
                report.fail(&rules::PARSE, error.to_string());
                return None;
            }
        };
        report.pass(&rules::PARSE);
        let verified = verify_issuer_signed(&parsed, issuer_key, expected, report);
        let own = report.check(
            &rules::DEVICE_KEY,
            parsed.mso.device_key == *holder,
            || "the document is bound to another key",
        );
        let verified = verified.filter(|_| own)?;
        let outline = Outline::of(&parsed);
        Some(Self::new(bytes, outline, verified.claims, verified.status))
    }

    /// Takes in a document that was accepted before and comes from the wallet's own storage: its signature and times
    /// are not looked at again.
    ///
    /// # Errors
    /// See [`HoldError`].
    pub fn restore(bytes: Vec<u8>, limits: &MdocLimits) -> Result<Self, HoldError> {
        let parsed = IssuerSigned::parse(&bytes, limits)?;
        let claims = claims(&parsed).ok_or(HoldError::Element)?;
        let status = parsed.mso.status.map(value::to_json).transpose().map_err(|_| HoldError::Element)?;
        let outline = Outline::of(&parsed);
        Ok(Self::new(bytes, outline, claims, status))
    }

    fn new(bytes: Vec<u8>, outline: Outline, claims: Map<String, Value>, status: Option<Value>) -> Self {
        let Outline { doc_type, issuer_auth, namespaces, key_authorizations, .. } = outline;
        let Outline { holder, issuer_algorithm, validity, .. } = outline;
        Self {
            bytes,
            doc_type,
            issuer_auth,
            namespaces,
            key_authorizations,
            claims,
            holder,
            issuer_algorithm,
            validity,
            status,
        }
    }

    /// The document as it was issued.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `docType`
    #[must_use]
    pub fn doc_type(&self) -> &str {
        &self.doc_type
    }

    /// The data elements in their JSON view: an object for each namespace.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The data elements: namespace and identifier.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str)> {
        self.namespaces.iter().flat_map(|(namespace, elements)| {
            elements.iter().map(|element| (namespace.as_str(), element.identifier.as_str()))
        })
    }

    /// The key that the document is bound to.
    #[must_use]
    pub fn holder(&self) -> &PublicKey {
        &self.holder
    }

    /// The number of the issuer's algorithm, for `issuerauth_alg_values` (OpenID4VP 1.0 §B.2.2, see
    /// [`signature_meets`](credenza_crypto::cose::algorithm::signature_meets)).
    #[must_use]
    pub fn issuer_algorithm(&self) -> i64 {
        self.issuer_algorithm
    }

    /// When it was signed and is valid.
    #[must_use]
    pub fn validity(&self) -> &ValidityInfo {
        &self.validity
    }

    /// `status`
    #[must_use]
    pub fn status(&self) -> Option<&Value> {
        self.status.as_ref()
    }

    /// What the holder may sign himself.
    #[must_use]
    pub fn key_authorizations(&self) -> &KeyAuthorizations {
        &self.key_authorizations
    }

    /// The data elements that a verifier sees if these paths are presented.
    #[must_use]
    pub fn preview(&self, paths: &[ClaimsPath]) -> Map<String, Value> {
        let mut preview = Map::new();
        for (namespace, identifier) in self.elements().filter(|(namespace, id)| selects(paths, namespace, id))
        {
            let value = self.claims.get(namespace).and_then(|elements| elements.get(identifier));
            let elements = preview.entry(namespace).or_insert_with(|| Value::Object(Map::new()));
            if let (Some(elements), Some(value)) = (elements.as_object_mut(), value) {
                elements.insert(identifier.to_owned(), value.clone());
            }
        }
        preview
    }

    /// Presents the data elements that the paths name, and nothing else. A path is a namespace and an element
    /// (OpenID4VP 1.0 §7.2); any other path selects nothing.
    #[must_use]
    pub fn present(&self, paths: &[ClaimsPath]) -> Presentation<'_> {
        Presentation::new(self, |namespace, identifier| selects(paths, namespace, identifier))
    }
}

fn selects(paths: &[ClaimsPath], namespace: &str, identifier: &str) -> bool {
    paths.iter().any(|path| match path.elements() {
        [PathElement::Key(named), PathElement::Key(element)] => named == namespace && element == identifier,
        _ => false,
    })
}

/// Shows the size and no element.
impl fmt::Debug for Held {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Held({}, {} elements)", self.doc_type, self.elements().count())
    }
}

/// What is kept beside the bytes.
struct Outline {
    doc_type: String,
    issuer_auth: Range<usize>,
    namespaces: Vec<(String, Vec<Element>)>,
    key_authorizations: KeyAuthorizations,
    holder: PublicKey,
    issuer_algorithm: i64,
    validity: ValidityInfo,
}

impl Outline {
    fn of(parsed: &IssuerSigned<'_>) -> Self {
        let namespaces = parsed.namespaces.iter().map(|(namespace, items)| {
            let element = |item: &super::IssuerSignedItem<'_>| Element {
                identifier: item.identifier.to_owned(),
                at: item.at.clone(),
            };
            ((*namespace).to_owned(), items.iter().map(element).collect())
        });
        Self {
            doc_type: parsed.mso.doc_type.to_owned(),
            issuer_auth: parsed.issuer_auth_at.clone(),
            namespaces: namespaces.collect(),
            key_authorizations: parsed.mso.key_authorizations.clone(),
            holder: parsed.mso.device_key.clone(),
            issuer_algorithm: parsed.issuer_auth.header.algorithm,
            validity: parsed.mso.validity,
        }
    }
}

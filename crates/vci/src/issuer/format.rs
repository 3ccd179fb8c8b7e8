//! The formats of credentials, with what the operator says about each.

use credenza_formats::mdoc::{ElementType, ElementTypes};
use serde::{Deserialize, Serialize};

use crate::messages::CredentialDefinition;

/// The format of a credential, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format")]
pub enum Format {
    /// SD-JWT VC (Appendix A.3).
    #[serde(rename = "dc+sd-jwt")]
    SdJwtVc {
        /// The type of the credential.
        vct: String,
    },
    /// ISO mdoc (Appendix A.2). Its claims are an object for each namespace.
    #[serde(rename = "mso_mdoc")]
    Mdoc {
        /// The type of the credential.
        doctype: String,
        /// Which texts are dates and bytes, beside those of the driving licence and of the European person
        /// identification data, which are known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        element_types: Vec<TypedElement>,
    },
    /// W3C credential of the data model 1.1 as the claim `vc` of a JWT (Appendix A.1.1).
    #[serde(rename = "jwt_vc_json")]
    JwtVcJson {
        /// The type of the credential.
        credential_definition: CredentialDefinition,
    },
    /// W3C credential as a JWT, read as JSON-LD (Appendix A.1.3). Its first context says the data model: 1.1 is put
    /// into the claim `vc`, 2.0 is secured as VC-JOSE-COSE does.
    #[serde(rename = "jwt_vc_json-ld")]
    JwtVcJsonLd {
        /// The type of the credential, with its contexts.
        credential_definition: CredentialDefinition,
    },
    /// W3C credential with an embedded proof (Appendix A.1.2).
    #[serde(rename = "ldp_vc")]
    LdpVc {
        /// The type of the credential, with its contexts. Each of them must be known to the issuer.
        credential_definition: CredentialDefinition,
        /// How proofs are made; when absent, by RDF canonicalization and the algorithm of the signer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cryptosuite: Option<String>,
    },
    /// W3C credential of the data model 2.0 as a JWT (VC-JOSE-COSE §3.1), by its media type.
    #[serde(rename = "vc+jwt")]
    VcJwt {
        /// The type of the credential, with its contexts.
        credential_definition: CredentialDefinition,
    },
    /// W3C credential of the data model 2.0 as an SD-JWT (VC-JOSE-COSE §3.2), by its media type.
    #[serde(rename = "vc+sd-jwt")]
    VcSdJwt {
        /// The type of the credential, with its contexts.
        credential_definition: CredentialDefinition,
    },
}

/// What a data element of an mdoc is in CBOR, where JSON has a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedElement {
    /// Namespace, element, and names of members within it; an array stands for each of its items.
    pub path: Vec<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ElementKind,
}

/// What a text of JSON is in CBOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ElementKind {
    /// `2026-11-24`, tag 1004.
    #[serde(rename = "full-date")]
    FullDate,
    /// A time of RFC 3339, tag 0.
    #[serde(rename = "tdate")]
    DateTime,
    /// One or the other, as the text is.
    #[serde(rename = "date")]
    Date,
    /// Bytes: base64url or base64.
    #[serde(rename = "bstr")]
    Bytes,
}

impl From<ElementKind> for ElementType {
    fn from(kind: ElementKind) -> Self {
        match kind {
            ElementKind::FullDate => Self::FullDate,
            ElementKind::DateTime => Self::DateTime,
            ElementKind::Date => Self::Date,
            ElementKind::Bytes => Self::Bytes,
        }
    }
}

/// The types that are known, and those of the configuration. `None`: a path that is not namespace and element.
pub(super) fn element_types(typed: &[TypedElement]) -> Option<ElementTypes> {
    typed.iter().try_fold(ElementTypes::standard(), |types, element| {
        let (namespace, path) = element.path.split_first().filter(|(_, path)| !path.is_empty())?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        Some(types.with(namespace, &path, element.kind.into()))
    })
}

impl Format {
    /// The format's identifier on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SdJwtVc { .. } => "dc+sd-jwt",
            Self::Mdoc { .. } => "mso_mdoc",
            Self::JwtVcJson { .. } => "jwt_vc_json",
            Self::JwtVcJsonLd { .. } => "jwt_vc_json-ld",
            Self::LdpVc { .. } => "ldp_vc",
            Self::VcJwt { .. } => "vc+jwt",
            Self::VcSdJwt { .. } => "vc+sd-jwt",
        }
    }

    /// The credential's type: `vct`, `doctype`, or of a W3C credential's types the one that says what it is.
    #[must_use]
    pub fn credential_type(&self) -> &str {
        match self {
            Self::SdJwtVc { vct } => vct,
            Self::Mdoc { doctype, .. } => doctype,
            _ => self.definition().map(CredentialDefinition::specific_type).unwrap_or_default(),
        }
    }

    /// The definition of a W3C credential.
    #[must_use]
    pub const fn definition(&self) -> Option<&CredentialDefinition> {
        match self {
            Self::SdJwtVc { .. } | Self::Mdoc { .. } => None,
            Self::JwtVcJson { credential_definition }
            | Self::JwtVcJsonLd { credential_definition }
            | Self::LdpVc { credential_definition, .. }
            | Self::VcJwt { credential_definition }
            | Self::VcSdJwt { credential_definition } => Some(credential_definition),
        }
    }
}

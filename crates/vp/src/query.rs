//! What is asked for, in the language that it is asked in.

use credenza_query::DcqlQuery;
use credenza_query::dcql::Format;
use credenza_query::presentation_exchange::{InputDescriptor, PresentationDefinition, designations};
use serde::{Deserialize, Serialize};

/// A query of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Query {
    /// In DCQL.
    Dcql(DcqlQuery),
    /// In Presentation Exchange, which drafts before 1.0 have.
    Definition(Box<PresentationDefinition>),
}

impl Query {
    /// The query in DCQL, if it is in that.
    #[must_use]
    pub fn dcql(&self) -> Option<&DcqlQuery> {
        match self {
            Self::Dcql(query) => Some(query),
            Self::Definition(_) => None,
        }
    }

    /// The presentation definition, if it is one.
    #[must_use]
    pub fn definition(&self) -> Option<&PresentationDefinition> {
        match self {
            Self::Dcql(_) => None,
            Self::Definition(definition) => Some(definition),
        }
    }

    /// What the verifier says that it is for.
    #[must_use]
    pub fn purpose(&self) -> Option<&str> {
        self.definition()?.purpose.as_deref()
    }

    /// Whether the holder of the credential that answers this part has to sign; `None`: there is no such part. Drafts
    /// with definitions know nothing else.
    pub(crate) fn binds(&self, id: &str) -> Option<bool> {
        match self {
            Self::Dcql(query) => Some(query.credential(id)?.require_cryptographic_holder_binding),
            Self::Definition(definition) => definition.descriptor(id).map(|_| true),
        }
    }

    /// Whether what answers this part can authorise a transaction: with a KB-JWT alone. An mdoc would need a data element
    /// that its issuer lets the holder sign (OID4VP 1.0 §B.2.1), and no type that is known here has one. Of a definition
    /// the formats are looked at when the choice is made.
    pub(crate) fn can_authorise(&self, id: &str) -> bool {
        let format = self.dcql().and_then(|query| query.credential(id)).map(|credential| &credential.format);
        format.is_none_or(|format| matches!(format, Format::SdJwtVc | Format::VcSdJwt))
    }

    /// Whether no part of it is in a format that is known.
    pub(crate) fn is_of_unknown_formats(&self) -> bool {
        match self {
            Self::Dcql(query) => query.credentials().iter().all(|one| matches!(one.format, Format::Other(_))),
            // Which of the formats of a definition are known comes out when credentials are looked for.
            Self::Definition(_) => false,
        }
    }

    /// The formats that answers may be in.
    pub(crate) fn formats(&self) -> Vec<Format> {
        let mut formats = Vec::new();
        match self {
            Self::Dcql(query) => formats.extend(query.credentials().iter().map(|one| one.format.clone())),
            Self::Definition(definition) => {
                let descriptors = definition.input_descriptors.iter();
                formats.extend(descriptors.flat_map(|descriptor| formats_of(definition, descriptor)));
            }
        }
        formats
    }
}

impl From<DcqlQuery> for Query {
    fn from(query: DcqlQuery) -> Self {
        Self::Dcql(query)
    }
}

impl From<PresentationDefinition> for Query {
    fn from(definition: PresentationDefinition) -> Self {
        Self::Definition(Box::new(definition))
    }
}

/// The known formats that an input descriptor accepts: all of them, where it names none.
pub(crate) fn formats_of(definition: &PresentationDefinition, descriptor: &InputDescriptor) -> Vec<Format> {
    let named = definition.formats(descriptor);
    let accepted = move |format: &Format| {
        named.is_none_or(|named| designations(format).iter().any(|name| named.contains_key(*name)))
    };
    Format::KNOWN.into_iter().filter(accepted).collect()
}

//! What a configuration of an issuer's offers, as far as this wallet knows the format.

use credenza_formats::w3c::jwt::{EITHER, Securing};
use credenza_formats::{mdoc, sd_jwt};

use crate::messages::{CredentialDefinition, SupportedCredential};

/// A credential that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted {
    /// An SD-JWT VC, and the media types that it may say it is of.
    SdJwtVc { vct: String, media_types: &'static [&'static str] },
    /// An mdoc.
    Mdoc { doctype: String },
    /// A W3C credential as a JWT.
    Jwt { definition: CredentialDefinition, securing: &'static [Securing] },
    /// A W3C credential as an SD-JWT.
    SdJwt { definition: CredentialDefinition },
    /// A W3C credential with an embedded proof.
    Document { definition: CredentialDefinition },
}

impl Wanted {
    /// `None`: a format that is not known, or one without its type.
    pub(super) fn of(configuration: &SupportedCredential) -> Option<Self> {
        const EARLIER: &[&str] = &[sd_jwt::MEDIA_TYPE, sd_jwt::EARLIER_MEDIA_TYPE];
        let definition = || configuration.definition();
        match (configuration.format.as_str(), &configuration.vct) {
            ("dc+sd-jwt", Some(vct)) => {
                Some(Self::SdJwtVc { vct: vct.clone(), media_types: &[sd_jwt::MEDIA_TYPE] })
            }
            // Before it was W3C's, the name meant SD-JWT VC.
            ("vc+sd-jwt", Some(vct)) => Some(Self::SdJwtVc { vct: vct.clone(), media_types: EARLIER }),
            ("vc+sd-jwt", None) => definition().map(|definition| Self::SdJwt { definition }),
            (mdoc::FORMAT, _) => configuration.doctype.clone().map(|doctype| Self::Mdoc { doctype }),
            ("jwt_vc_json" | "jwt_vc_json-ld", _) => {
                definition().map(|definition| Self::Jwt { definition, securing: EITHER })
            }
            ("vc+jwt", _) => {
                definition().map(|definition| Self::Jwt { definition, securing: &[Securing::Payload] })
            }
            ("ldp_vc", _) => definition().map(|definition| Self::Document { definition }),
            _ => None,
        }
    }

    /// What kind of credential it is, whatever the format calls that.
    pub(super) fn credential_type(&self) -> &str {
        match self {
            Self::SdJwtVc { vct, .. } => vct,
            Self::Mdoc { doctype } => doctype,
            Self::Jwt { definition, .. } | Self::SdJwt { definition } | Self::Document { definition } => {
                definition.specific_type()
            }
        }
    }
}

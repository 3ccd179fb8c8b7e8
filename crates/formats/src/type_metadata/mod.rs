//! SD-JWT VC type metadata (SD-JWT VC §4, §5): what a type of credential is, what its claims are and how it looks.
//!
//! [`TypeMetadata`] is one document, as it is published. [`TypeResolver`] brings the document of a type with all that it
//! extends, each held against its integrity, and merges them into an [`EffectiveType`]. [`check()`] holds a credential
//! against that: [`AsIssued`] is the credential with its undisclosed places still in it. [`svg`] fills a template.
//!
//! Who publishes metadata of a type may say how it looks; that says nothing about who may issue it (§6.6, §6.7).

pub mod as_issued;
pub mod check;
pub mod display;
pub mod document;
pub mod effective;
pub mod integrity;
pub mod resolve;
pub mod rules;
mod strict;
pub mod svg;

pub use as_issued::AsIssued;
pub use check::{Beholder, check, look_up_and_check};
pub use display::{
    BackgroundImage, ClaimDisplay, ColorScheme, Contrast, Logo, Orientation, Rendering, Simple, SvgTemplate,
    TemplateProperties, TypeDisplay, in_language,
};
pub use document::{ClaimMetadata, DocumentError, SelectiveDisclosure, TypeMetadata};
pub use effective::{EffectiveType, InheritanceError};
pub use integrity::{Integrity, IntegrityError};
pub use resolve::{TypeError, TypeResolver, TypeResolverConfig};

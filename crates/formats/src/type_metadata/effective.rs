//! A type with everything that it inherits (SD-JWT VC §4.4, §4.5.2, §4.6.5).

use std::collections::HashMap;

use credenza_core::ClaimsPath;

use super::display::TypeDisplay;
use super::document::{ClaimMetadata, MAX_CLAIMS, SelectiveDisclosure, TypeMetadata, check_svg_ids};

/// What holds for a type once all that it extends has been taken in. Made by [`EffectiveType::merge`] alone, so that
/// metadata that was only partly processed is never used (§4.7).
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveType {
    types: Vec<String>,
    display: Vec<TypeDisplay>,
    claims: Vec<ClaimMetadata>,
    describes_claims: bool,
}

/// Why a type can't extend what it extends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InheritanceError {
    /// No document at all.
    #[error("there is no type metadata")]
    Nothing,
    /// The documents do not follow each other.
    #[error("a document is not that of the type that is extended")]
    Unlinked,
    /// A type twice.
    #[error("the type extends itself")]
    Circular,
    /// `always` or `never` was changed.
    #[error("the type changes whether {0} is selectively disclosable, which the extended type has decided")]
    SelectiveDisclosure(ClaimsPath),
    /// A mandatory claim was made optional.
    #[error("the type makes {0} optional, which the extended type demands")]
    Mandatory(ClaimsPath),
    /// An `svg_id` for two claims.
    #[error("the type and what it extends use one svg_id for two claims")]
    SvgId,
    /// More claims than [`MAX_CLAIMS`].
    #[error("the type describes more than {MAX_CLAIMS} claims with all that it inherits")]
    TooManyClaims,
}

impl EffectiveType {
    /// Merges the documents of a type: its own first, then each that the one before extends.
    ///
    /// # Errors
    /// See [`InheritanceError`].
    pub fn merge(chain: &[TypeMetadata]) -> Result<Self, InheritanceError> {
        if chain.is_empty() {
            return Err(InheritanceError::Nothing);
        }
        let types: Vec<String> = chain.iter().map(|document| document.vct.clone()).collect();
        for (number, document) in chain.iter().enumerate() {
            let (_, above) = types.split_at(number + 1);
            if above.contains(&document.vct) {
                return Err(InheritanceError::Circular);
            }
            if document.extends.as_ref() != above.first() {
                return Err(InheritanceError::Unlinked);
            }
        }
        let display = chain.iter().find_map(|document| document.display.clone()).unwrap_or_default();
        let mut claims = Claims::default();
        for document in chain.iter().rev() {
            for claim in document.claims.as_deref().unwrap_or_default() {
                claims.add(claim)?;
            }
        }
        check_svg_ids(&claims.all).map_err(|_| InheritanceError::SvgId)?;
        let describes_claims = chain.iter().any(|document| document.claims.is_some());
        Ok(Self { types, display, claims: claims.all, describes_claims })
    }

    /// The type itself.
    #[must_use]
    pub fn vct(&self) -> &str {
        self.types.first().map_or("", String::as_str)
    }

    /// The type and all that it extends, from special to general. They say how it is built, not who may issue it
    /// (§6.6).
    #[must_use]
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// How it is shown, by language: the display of the nearest type that has one.
    #[must_use]
    pub fn display(&self) -> &[TypeDisplay] {
        &self.display
    }

    /// Its claims, inherited ones first.
    #[must_use]
    pub fn claims(&self) -> &[ClaimMetadata] {
        &self.claims
    }

    /// Whether anything is said about claims, so that credentials have to be held against it.
    #[must_use]
    pub fn describes_claims(&self) -> bool {
        self.describes_claims
    }
}

#[derive(Default)]
struct Claims {
    all: Vec<ClaimMetadata>,
    places: HashMap<ClaimsPath, usize>,
}

impl Claims {
    fn add(&mut self, own: &ClaimMetadata) -> Result<(), InheritanceError> {
        let known = self.places.get(&own.path).and_then(|place| self.all.get_mut(*place));
        let Some(inherited) = known else {
            if self.all.len() >= MAX_CLAIMS {
                return Err(InheritanceError::TooManyClaims);
            }
            self.places.insert(own.path.clone(), self.all.len());
            self.all.push(own.clone());
            return Ok(());
        };
        let decided = inherited.sd.unwrap_or_default();
        if decided != SelectiveDisclosure::Allowed && own.sd.is_some_and(|sd| sd != decided) {
            return Err(InheritanceError::SelectiveDisclosure(own.path.clone()));
        }
        if inherited.mandatory == Some(true) && own.mandatory == Some(false) {
            return Err(InheritanceError::Mandatory(own.path.clone()));
        }
        // Each member as a whole: what is inside of them is never merged.
        inherited.sd = own.sd.or(inherited.sd);
        inherited.mandatory = own.mandatory.or(inherited.mandatory);
        inherited.display = own.display.clone().or_else(|| inherited.display.take());
        inherited.svg_id = own.svg_id.clone().or_else(|| inherited.svg_id.take());
        Ok(())
    }
}

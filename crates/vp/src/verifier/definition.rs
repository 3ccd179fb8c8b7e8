//! Definitions of Presentation Exchange: which of them can be asked with.

use credenza_query::dcql::Format;
use credenza_query::presentation_exchange::{Predicate, PresentationDefinition, designations};

use super::CreateError;
use crate::query::formats_of;

/// Refuses what nothing could answer: better told to whoever asks than to each wallet.
pub(super) fn check(definition: &PresentationDefinition) -> Result<(), CreateError> {
    if definition.input_descriptors.is_empty() {
        return Err(CreateError::Definition("it has no input descriptors"));
    }
    for descriptor in &definition.input_descriptors {
        if descriptor.unsupported.is_some() {
            return Err(CreateError::Definition("it insists on a feature that is not supported"));
        }
        if descriptor.fields.iter().any(|field| field.predicate == Some(Predicate::Required)) {
            return Err(CreateError::Definition("no format derives predicates"));
        }
        if formats_of(definition, descriptor).is_empty() {
            return Err(CreateError::Definition(
                "an input descriptor names no format that can be verified here",
            ));
        }
    }
    Ok(())
}

/// Whether everything that answers this input descriptor has a KB-JWT, with which a transaction can be authorised.
pub(super) fn signs(definition: &PresentationDefinition, id: &str) -> bool {
    let named = definition.descriptor(id).and_then(|descriptor| definition.formats(descriptor));
    let known = designations(&Format::SdJwtVc);
    named.is_some_and(|formats| formats.keys().all(|name| known.contains(&name.as_str())))
}

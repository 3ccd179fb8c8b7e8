//! Whether a choice answers a presentation definition: everything that is insisted on, and of each credential what was
//! asked for, with or without what is welcome (Presentation Exchange 2.1).

use std::collections::BTreeSet;

use credenza_query::presentation_exchange::PresentationDefinition;
use serde_json::{Map, Value};

use super::matches::matching_definition;
use super::select::refuse;
use super::{AnswerError, Choice};

pub(super) fn check(
    definition: &PresentationDefinition,
    formats: Option<&Map<String, Value>>,
    choices: &[Choice<'_>],
) -> Result<(), AnswerError> {
    let holdings: Vec<_> = choices.iter().map(|choice| choice.holding).collect();
    let found = matching_definition(definition, formats, &holdings);
    let mut answered = BTreeSet::new();
    for (position, choice) in choices.iter().enumerate() {
        let descriptors = found.descriptors.iter().enumerate();
        let (descriptor, matches) = descriptors
            .into_iter()
            .find(|(_, one)| one.descriptor.id == choice.query_id)
            .ok_or_else(|| refuse(format!("\"{}\" was not asked for", choice.query_id)))?;
        let answer = matches
            .matches
            .iter()
            .find(|one| one.candidate == position)
            .ok_or_else(|| refuse(format!("a credential does not answer \"{}\"", choice.query_id)))?;
        let all = answer.disclose.iter().all(|path| choice.disclose.contains(path));
        let asked = |path| answer.disclose.contains(path) || answer.optional.contains(path);
        if !all || !choice.disclose.iter().all(asked) {
            return Err(refuse(format!("other claims than \"{}\" asks for", choice.query_id)));
        }
        if !answered.insert(descriptor) {
            return Err(refuse(format!("\"{}\" takes one credential", choice.query_id)));
        }
    }
    if definition.is_answered_by(&answered) {
        Ok(())
    } else {
        Err(refuse("something that is required is missing, or there is too much"))
    }
}

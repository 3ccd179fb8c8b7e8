//! Whether a choice answers the request: everything that is insisted on, and of each credential exactly what was
//! asked for (OID4VP 1.0 §6.4).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::matches::matching;
use super::{AnswerError, Choice, Query, select_definition};

pub(super) fn refuse(problem: impl Into<String>) -> AnswerError {
    AnswerError::Choice(problem.into())
}

pub(super) fn check(
    query: &Query,
    formats: Option<&Map<String, Value>>,
    choices: &[Choice<'_>],
) -> Result<(), AnswerError> {
    if choices.is_empty() {
        return Err(refuse("nothing is chosen"));
    }
    let query = match query {
        Query::Dcql(query) => query,
        Query::Definition(definition) => return select_definition::check(definition, formats, choices),
    };
    let holdings: Vec<_> = choices.iter().map(|choice| choice.holding).collect();
    let found = matching(query, formats, &holdings);
    let mut answered: HashSet<&str> = HashSet::new();
    for (position, choice) in choices.iter().enumerate() {
        let matches = found
            .credential(choice.query_id)
            .ok_or_else(|| refuse(format!("\"{}\" was not asked for", choice.query_id)))?;
        let answer = matches
            .matches
            .iter()
            .find(|one| one.candidate == position)
            .ok_or_else(|| refuse(format!("a credential does not answer \"{}\"", choice.query_id)))?;
        if answer.disclose != choice.disclose {
            return Err(refuse(format!("other claims than \"{}\" asks for", choice.query_id)));
        }
        if !answered.insert(choice.query_id) && !matches.query.multiple {
            return Err(refuse(format!("\"{}\" takes one credential", choice.query_id)));
        }
    }
    let met = |option: &Vec<String>| option.iter().all(|id| answered.contains(id.as_str()));
    let complete = if query.credential_sets().is_empty() {
        query.credentials().iter().all(|credential| answered.contains(credential.id.as_str()))
    } else {
        query.credential_sets().iter().all(|set| !set.required || set.options.iter().any(met))
    };
    if complete { Ok(()) } else { Err(refuse("something that is required is missing")) }
}

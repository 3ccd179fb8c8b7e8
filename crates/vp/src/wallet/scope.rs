//! Queries that go by a name (OID4VP 1.0 §5.5).

use credenza_query::DcqlQuery;
use serde_json::{Value, json};

use super::Refusal;

/// The query that a `scope` stands for. Each of its values has to be known; of several, all is asked for.
pub(super) fn query(scope: &str, known: &[(String, DcqlQuery)]) -> Result<DcqlQuery, Refusal> {
    let values: Vec<_> = scope.split(' ').filter(|value| !value.is_empty()).collect();
    let queries: Option<Vec<_>> = values
        .iter()
        .map(|value| known.iter().find(|(name, _)| name == value).map(|(_, query)| query))
        .collect();
    match queries.ok_or(Refusal::Scope)?.as_slice() {
        [] => Err(Refusal::Scope),
        [one] => Ok((*one).clone()),
        several => DcqlQuery::parse(&together(several)).map_err(|_| Refusal::Scope),
    }
}

/// All of several queries as one; that their ids differ is checked when it is parsed.
fn together(queries: &[&DcqlQuery]) -> Value {
    let mut credentials = Vec::new();
    let mut sets = Vec::new();
    for query in queries {
        credentials.extend(query.credentials().iter().map(|one| json!(one)));
        if query.credential_sets().is_empty() {
            let ids: Vec<_> = query.credentials().iter().map(|one| one.id.as_str()).collect();
            sets.push(json!({ "options": [ids] }));
        } else {
            sets.extend(query.credential_sets().iter().map(|set| json!(set)));
        }
    }
    json!({ "credentials": credentials, "credential_sets": sets })
}

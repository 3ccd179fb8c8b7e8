//! Claims paths beyond [`ClaimsPath::select`]: in an mdoc, in a presentation, and where exactly a claim was found.

use credenza_core::claims_path::{ClaimsPath, PathElement, SelectError};
use serde_json::Value;

/// Why a path selects nothing in an mdoc (OID4VP 1.0 §7.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MdocPathError {
    /// The path is not a namespace and a data element identifier, both strings.
    #[error("the path of an mdoc claim is a namespace and a data element identifier")]
    Malformed,
    /// The mdoc does not have this namespace.
    #[error("the mdoc has no such namespace")]
    NoNamespace,
    /// The namespace does not have this data element.
    #[error("the mdoc has no such data element")]
    NoElement,
}

/// Namespace and data element identifier, when `path` has the form of an mdoc claim's path (OID4VP 1.0 §7.2).
#[must_use]
pub fn as_mdoc(path: &ClaimsPath) -> Option<(&str, &str)> {
    match path.elements() {
        [PathElement::Key(namespace), PathElement::Key(element)] => Some((namespace, element)),
        _ => None,
    }
}

/// The data element that `path` selects in an mdoc, whose namespaces are the members of `claims`, and whose data
/// elements, converted to JSON, are the members of those (OID4VP 1.0 §7.2.1).
///
/// # Errors
/// See [`MdocPathError`].
pub fn select_mdoc<'v>(path: &ClaimsPath, claims: &'v Value) -> Result<&'v Value, MdocPathError> {
    let (namespace, element) = as_mdoc(path).ok_or(MdocPathError::Malformed)?;
    let namespace = claims.get(namespace).ok_or(MdocPathError::NoNamespace)?;
    namespace.get(element).ok_or(MdocPathError::NoElement)
}

/// The claims of a *presentation* that may be what `path` has selected in the whole credential.
///
/// In a presentation, elements of an array can be withheld, and those after them move towards the front: what was at
/// position 3 is now at 3 or before it. So an index selects every element up to itself, and of these guesses the ones
/// that do not fit the rest of the path drop out instead of ending the search. Everything else is as in
/// [`ClaimsPath::select`].
///
/// ```
/// # use credenza_query::{ClaimsPath, path::select_presented};
/// # use serde_json::json;
/// let path: ClaimsPath = serde_json::from_value(json!(["nationalities", 1])).unwrap();
/// assert_eq!(select_presented(&path, &json!({"nationalities": ["NL"]})).unwrap(), [&json!("NL")]);
/// ```
///
/// # Errors
/// See [`SelectError`].
pub fn select_presented<'v>(path: &ClaimsPath, claims: &'v Value) -> Result<Vec<&'v Value>, SelectError> {
    let mut selected = vec![top(claims)?];
    let mut guessing = false;
    for element in path.elements() {
        let mut next = Vec::with_capacity(selected.len());
        for value in selected {
            match (element, value) {
                (PathElement::Key(key), Value::Object(members)) => next.extend(members.get(key)),
                (PathElement::Index(index), Value::Array(items)) => {
                    next.extend(items.iter().take(index.saturating_add(1)));
                }
                (PathElement::All, Value::Array(items)) => next.extend(items),
                _ if guessing => {}
                _ => return Err(SelectError::Shape),
            }
        }
        guessing |= matches!(element, PathElement::Index(_));
        selected = next;
    }
    if selected.is_empty() { Err(SelectError::Absent) } else { Ok(selected) }
}

/// A claim that a path has selected.
pub(crate) struct Found<'v> {
    pub(crate) value: &'v Value,
    /// Its position in each array that a `null` of the path went through.
    positions: Vec<usize>,
}

impl Found<'_> {
    /// The path of this one claim: `path`, with positions in place of its `null`s.
    pub(crate) fn path(&self, path: &ClaimsPath) -> Option<ClaimsPath> {
        let mut positions = self.positions.iter();
        let fixed = |element: &PathElement| match element {
            PathElement::All => positions.next().map(|at| PathElement::Index(*at)),
            other => Some(other.clone()),
        };
        ClaimsPath::new(path.elements().iter().map(fixed).collect::<Option<_>>()?).ok()
    }
}

/// As [`ClaimsPath::select`], and where each of the claims is.
pub(crate) fn locate<'v>(path: &ClaimsPath, claims: &'v Value) -> Result<Vec<Found<'v>>, SelectError> {
    let mut selected = vec![Found { value: top(claims)?, positions: Vec::new() }];
    for element in path.elements() {
        let mut next = Vec::with_capacity(selected.len());
        for Found { value, positions } in selected {
            match (element, value) {
                (PathElement::Key(key), Value::Object(members)) => {
                    next.extend(members.get(key).map(|value| Found { value, positions }));
                }
                (PathElement::Index(index), Value::Array(items)) => {
                    next.extend(items.get(*index).map(|value| Found { value, positions }));
                }
                (PathElement::All, Value::Array(items)) => {
                    next.extend(items.iter().enumerate().map(|(position, value)| {
                        let positions = positions.iter().copied().chain([position]).collect();
                        Found { value, positions }
                    }));
                }
                _ => return Err(SelectError::Shape),
            }
        }
        selected = next;
    }
    if selected.is_empty() { Err(SelectError::Absent) } else { Ok(selected) }
}

/// How many paths are written out in a message.
const LISTED: usize = 8;
/// How many characters of a path are written out in a message.
const LISTED_CHARS: usize = 80;

/// Paths for a person to read. A stranger may have chosen the names in them: control characters are escaped, and what is
/// too long or too much is cut.
pub(crate) fn listed<'p>(paths: impl ExactSizeIterator<Item = &'p ClaimsPath>) -> String {
    let more = paths.len().saturating_sub(LISTED);
    let shown = |path: &ClaimsPath| path.to_string().escape_debug().take(LISTED_CHARS).collect::<String>();
    let text = paths.take(LISTED).map(shown).collect::<Vec<_>>().join(", ");
    if more == 0 { text } else { format!("{text} and {more} more") }
}

/// Processing starts at the top-level object of the credential.
fn top(claims: &Value) -> Result<&Value, SelectError> {
    if claims.is_object() { Ok(claims) } else { Err(SelectError::Shape) }
}

//! Credentials as people read them: names and labels from the issuer's display data, values as text.

use credenza_core::{ClaimsPath, PathElement};
use credenza_formats::held::HeldCredential;
use credenza_vci::messages::{ClaimDescription, CredentialDisplay};
use serde_json::{Map, Value};

/// Claims that are about the credential and not about the person.
const TECHNICAL: &[&str] =
    &["_sd_alg", "aud", "cnf", "exp", "iat", "iss", "jti", "nbf", "status", "vct", "vct#integrity"];

/// Longer values are cut on a screen.
const MAX_VALUE: usize = 200;

/// One line about a claim.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Where the claim is.
    pub path: Vec<PathElement>,
    /// What to call it.
    pub label: String,
    /// Its value as text.
    pub value: String,
}

/// How the credential wants to be shown, in the language nearest to ours.
#[must_use]
pub fn display(held: &HeldCredential) -> CredentialDisplay {
    let all: Vec<CredentialDisplay> =
        held.display.iter().filter_map(|display| serde_json::from_value(display.clone()).ok()).collect();
    in_our_language(&all, |display| display.locale.as_deref()).cloned().unwrap_or_default()
}

/// The name of the credential, or its type.
#[must_use]
pub fn name(held: &HeldCredential) -> String {
    let display = display(held);
    printable(if display.name.is_empty() { &held.credential_type } else { &display.name })
}

/// A line for each claim that is about the person: in the order of the issuer's description, then of the credential.
#[must_use]
pub fn lines(held: &HeldCredential, claims: &Map<String, Value>) -> Vec<Line> {
    let descriptions: Vec<ClaimDescription> = held
        .claims_display
        .iter()
        .filter_map(|description| serde_json::from_value(description.clone()).ok())
        .collect();
    let mut lines = Vec::new();
    for (name, value) in claims.iter().filter(|(name, _)| !TECHNICAL.contains(&name.as_str())) {
        collect(&mut vec![PathElement::Key(name.clone())], value, &descriptions, &mut lines);
    }
    let place = |line: &Line| {
        let described = |description: &ClaimDescription| same(description.path.elements(), &line.path);
        descriptions.iter().position(described).unwrap_or(usize::MAX)
    };
    lines.sort_by_key(place);
    lines
}

fn collect(
    path: &mut Vec<PathElement>,
    value: &Value,
    descriptions: &[ClaimDescription],
    lines: &mut Vec<Line>,
) {
    match value {
        // An object of which nothing is told: the members are what people read.
        Value::Object(members) => {
            for (name, member) in members {
                path.push(PathElement::Key(name.clone()));
                collect(path, member, descriptions, lines);
                path.pop();
            }
        }
        Value::Array(elements) if elements.iter().any(Value::is_object) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(PathElement::Index(index));
                collect(path, element, descriptions, lines);
                path.pop();
            }
        }
        _ => lines.push(Line { path: path.clone(), label: label(path, descriptions), value: text_of(value) }),
    }
}

/// The issuer's label for a path; else the names on the way, made readable.
fn label(path: &[PathElement], descriptions: &[ClaimDescription]) -> String {
    let described = descriptions.iter().find(|description| same(description.path.elements(), path));
    let label = described.and_then(|description| {
        in_our_language(&description.display, |display| display.locale.as_deref())?.name.clone()
    });
    if let Some(label) = label {
        return printable(&label);
    }
    let words: Vec<String> = path
        .iter()
        .filter_map(|element| match element {
            PathElement::Key(name) => Some(readable(name)),
            PathElement::Index(index) => Some((index + 1).to_string()),
            PathElement::All => None,
        })
        .collect();
    printable(&words.join(" › "))
}

/// The label of a path that was asked for.
#[must_use]
pub fn label_of(held: &HeldCredential, path: &ClaimsPath) -> String {
    let descriptions: Vec<ClaimDescription> = held
        .claims_display
        .iter()
        .filter_map(|description| serde_json::from_value(description.clone()).ok())
        .collect();
    label(path.elements(), &descriptions)
}

fn same(description: &[PathElement], path: &[PathElement]) -> bool {
    description.len() == path.len()
        && description.iter().zip(path).all(|(one, other)| {
            one == other || matches!((one, other), (PathElement::All, PathElement::Index(_)))
        })
}

fn readable(name: &str) -> String {
    let mut text = name.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn text_of(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "nothing".to_owned(),
        Value::Array(elements) => elements.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    printable(&text)
}

/// Strangers' text on a terminal: no control characters, no reversal of direction, not too long.
#[must_use]
pub fn printable(text: &str) -> String {
    let deceptive = |char: char| {
        char.is_control()
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    };
    let mut clean: String = text
        .chars()
        .map(|char| if deceptive(char) { '\u{fffd}' } else { char })
        .take(MAX_VALUE + 1)
        .collect();
    if clean.chars().count() > MAX_VALUE {
        clean.truncate(clean.char_indices().nth(MAX_VALUE - 1).map_or(0, |(at, _)| at));
        clean.push('…');
    }
    clean
}

/// English, or what says no language, or the first.
pub(super) fn in_our_language<T>(all: &[T], locale: impl Fn(&T) -> Option<&str>) -> Option<&T> {
    let english = |item: &&T| locale(item).is_some_and(|locale| locale == "en" || locale.starts_with("en-"));
    all.iter()
        .find(english)
        .or_else(|| all.iter().find(|item| locale(item).is_none()))
        .or_else(|| all.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn held(claims_display: &Value) -> HeldCredential {
        serde_json::from_value(json!({
            "format": "dc+sd-jwt", "type": "urn:x:1", "issuer": "https://i.example", "configuration_id": "x",
            "credential": "", "claims": {}, "batch": "b", "received_at": 0,
            "display": [{"name": "Ausweis", "locale": "de"}, {"name": "Identity", "locale": "en"}],
            "claims_display": claims_display,
        }))
        .unwrap()
    }

    #[test]
    fn labels_come_from_the_issuer_and_else_from_the_names() {
        let held =
            held(&json!([{"path": ["given_name"], "display": [{"name": "First name", "locale": "en-GB"}]}]));
        let claims = json!({"vct": "urn:x:1", "given_name": "Erika", "address": {"postal_code": "1"}, "over_18": true});
        let lines = lines(&held, claims.as_object().unwrap());
        let seen: Vec<_> = lines.iter().map(|line| (line.label.as_str(), line.value.as_str())).collect();
        assert_eq!(seen, [("First name", "Erika"), ("Address › Postal code", "1"), ("Over 18", "yes")]);
        assert_eq!(name(&held), "Identity");
    }

    #[test]
    fn strangers_text_does_not_play_with_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), MAX_VALUE);
    }
}

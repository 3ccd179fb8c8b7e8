//! Credentials as people read them: names and labels from the issuer's display data, values as text.

use credenza_core::{ClaimsPath, PathElement};
use credenza_formats::held::HeldCredential;
use credenza_formats::mdoc;
use credenza_vci::messages::{ClaimDescription, CredentialDisplay};
use serde_json::{Map, Value};

/// Claims that are about the credential and not about the person.
const TECHNICAL: &[&str] =
    &["_sd_alg", "aud", "cnf", "exp", "iat", "iss", "jti", "nbf", "status", "vct", "vct#integrity"];

/// Where a W3C credential says something about a person.
const SUBJECT: &str = "credentialSubject";

/// Texts that are longer and have only the letters of base64url are no texts.
const MAX_WORD: usize = 100;

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
    let view = View { descriptions: &descriptions, unnamed: unnamed(held) };
    let mut lines = Vec::new();
    for (name, value) in claims.iter().filter(|(name, _)| is_about_the_person(held, name)) {
        view.collect(&mut vec![PathElement::Key(name.clone())], value, &mut lines);
    }
    lines.sort_by_key(|line| view.described(&line.path).map_or(usize::MAX, |(place, ..)| place));
    lines
}

/// Of a W3C credential, what it says of its subject; of any other, what is not technical.
fn is_about_the_person(held: &HeldCredential, name: &str) -> bool {
    if held.claims.contains_key("@context") { name == SUBJECT } else { !TECHNICAL.contains(&name) }
}

/// How many names at the beginning of each path say nothing to a person: the namespace of an mdoc, the
/// `credentialSubject` of a W3C credential.
fn unnamed(held: &HeldCredential) -> usize {
    usize::from(held.format == mdoc::FORMAT || held.claims.contains_key("@context"))
}

/// What is needed to find names for claims.
struct View<'a> {
    descriptions: &'a [ClaimDescription],
    unnamed: usize,
}

impl View<'_> {
    fn collect(&self, path: &mut Vec<PathElement>, value: &Value, lines: &mut Vec<Line>) {
        match value {
            // An object of which nothing is told: the members are what people read.
            Value::Object(members) => {
                for (name, member) in members {
                    path.push(PathElement::Key(name.clone()));
                    self.collect(path, member, lines);
                    path.pop();
                }
            }
            Value::Array(elements) if elements.iter().any(Value::is_object) => {
                for (index, element) in elements.iter().enumerate() {
                    path.push(PathElement::Index(index));
                    self.collect(path, element, lines);
                    path.pop();
                }
            }
            // A subject's own name is the holder's key.
            _ if is_holder_id(path, value) => {}
            _ => lines.push(Line { path: path.clone(), label: self.label(path), value: text_of(value) }),
        }
    }

    /// The description of a path, or of the longest part of its beginning that has one: its place, itself, and how long
    /// that part is.
    fn described(&self, path: &[PathElement]) -> Option<(usize, &ClaimDescription, usize)> {
        (self.unnamed + 1..=path.len()).rev().find_map(|length| {
            let part = path.get(..length)?;
            let fits = |one: &ClaimDescription| same(one.path.elements(), part);
            let place = self.descriptions.iter().position(fits)?;
            Some((place, self.descriptions.get(place)?, length))
        })
    }

    /// The issuer's label for a path; the names on the way, made readable, as far as it has none.
    fn label(&self, path: &[PathElement]) -> String {
        let described = self.described(path).and_then(|(_, description, length)| {
            let display = in_our_language(&description.display, |display| display.locale.as_deref())?;
            Some((display.name.clone()?, length))
        });
        let (named, from) = match described {
            Some((name, length)) => (Some(name), length),
            None => (None, self.unnamed),
        };
        let rest = path.get(from..).unwrap_or_default().iter().filter_map(|element| match element {
            PathElement::Key(name) => Some(readable(name)),
            PathElement::Index(index) => Some((index + 1).to_string()),
            PathElement::All => None,
        });
        printable(&named.into_iter().chain(rest).collect::<Vec<_>>().join(" › "))
    }
}

fn is_holder_id(path: &[PathElement], value: &Value) -> bool {
    let of_subject = matches!(path, [PathElement::Key(subject), .., PathElement::Key(id)] if subject == SUBJECT && id == "id");
    of_subject && value.as_str().is_some_and(|id| id.starts_with("did:"))
}

/// The label of a path that was asked for.
#[must_use]
pub fn label_of(held: &HeldCredential, path: &ClaimsPath) -> String {
    let descriptions: Vec<ClaimDescription> = held
        .claims_display
        .iter()
        .filter_map(|description| serde_json::from_value(description.clone()).ok())
        .collect();
    View { descriptions: &descriptions, unnamed: unnamed(held) }.label(path.elements())
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
        Value::String(text) if is_data(text) => format!("data ({} bytes)", text.len() / 4 * 3),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "nothing".to_owned(),
        Value::Array(elements) => elements.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    printable(&text)
}

/// Whether a text stands for bytes, such as those of a picture.
fn is_data(text: &str) -> bool {
    let is_letter =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/' | b'=');
    text.len() > MAX_WORD && text.bytes().all(is_letter)
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
    fn mdocs_and_w3c_credentials_are_read_without_their_scaffolding() {
        let seen = |held: &HeldCredential| {
            let lines = lines(held, &held.claims).into_iter();
            lines.map(|line| format!("{}: {}", line.label, line.value)).collect::<Vec<_>>()
        };
        let described = json!([
            {"path": ["org.iso.18013.5.1", "portrait"], "display": [{"name": "Picture"}]},
            {"path": ["org.iso.18013.5.1", "driving_privileges"], "display": [{"name": "May drive"}]},
        ]);
        let mut mdoc = HeldCredential { format: "mso_mdoc".to_owned(), ..held(&described) };
        let claims = json!({"org.iso.18013.5.1": {
            "age_over_18": true, "driving_privileges": [{"vehicle_category_code": "B"}], "portrait": "_9j_".repeat(100),
        }});
        mdoc.claims = claims.as_object().cloned().unwrap();
        assert_eq!(
            seen(&mdoc),
            ["Picture: data (300 bytes)", "May drive › 1 › Vehicle category code: B", "Age over 18: yes"]
        );
        let mut diploma = held(&json!([]));
        let claims = json!({
            "@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiableCredential"], "issuer": "did:x:1",
            "credentialSubject": {"id": "did:jwk:abc", "degree": {"name": "Magister"}},
        });
        diploma.claims = claims.as_object().cloned().unwrap();
        assert_eq!(seen(&diploma), ["Degree › Name: Magister"]);
    }

    #[test]
    fn strangers_text_does_not_play_with_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), MAX_VALUE);
    }
}

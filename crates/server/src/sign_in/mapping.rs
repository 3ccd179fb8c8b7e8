//! From what the other side says about somebody to what credentials say about them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ElsewhereError;
use crate::users::User;

/// Where a claim is: a name, or a JSON pointer (RFC 6901), which begins with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(String);

/// Which claims of the other side are taken over.
#[derive(Debug, Clone)]
pub struct ClaimMapping {
    /// The name by which the claims source knows them.
    pub subject: Selector,
    /// What a page calls them; the first that is there.
    pub names: Vec<Selector>,
    /// By credential configuration: where a claim goes, and where it is from.
    pub claims: BTreeMap<String, Vec<(Selector, Selector)>>,
}

impl Selector {
    /// A name, or a JSON pointer.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn get<'a>(&self, from: &'a Value) -> Option<&'a Value> {
        if self.0.starts_with('/') { from.pointer(&self.0) } else { from.get(&self.0) }
    }

    /// Puts a value there, in objects that are made where they are missing.
    fn set(&self, into: &mut Map<String, Value>, value: Value) {
        let Some(path) = self.0.strip_prefix('/') else {
            into.insert(self.0.clone(), value);
            return;
        };
        let mut names: Vec<String> =
            path.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
        let Some(last) = names.pop() else { return };
        let mut at = into;
        for name in names {
            let inner = at.entry(name).or_insert_with(|| Value::Object(Map::new()));
            match inner {
                Value::Object(inner) => at = inner,
                // Something else is there already: the first line wins.
                _ => return,
            }
        }
        at.entry(last).or_insert(value);
    }
}

impl ClaimMapping {
    /// Nothing but the subject.
    #[must_use]
    pub fn subject(subject: Selector) -> Self {
        Self { subject, names: Vec::new(), claims: BTreeMap::new() }
    }

    /// Whoever is described by what the other side says.
    ///
    /// # Errors
    /// [`ElsewhereError::Refused`]: there is no subject in it.
    pub fn user(&self, said: &Value) -> Result<User, ElsewhereError> {
        let subject = match self.subject.get(said) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(ElsewhereError::Refused("it does not say who it is".to_owned())),
        };
        let name = self.names.iter().find_map(|name| name.get(said)?.as_str());
        let name = name.filter(|name| !name.is_empty()).unwrap_or(&subject).to_owned();
        let mut claims = BTreeMap::new();
        for (configuration, taken) in &self.claims {
            let mut all = Map::new();
            for (to, from) in taken {
                if let Some(value) = from.get(said).filter(|value| !value.is_null()) {
                    to.set(&mut all, value.clone());
                }
            }
            if !all.is_empty() {
                claims.insert(configuration.clone(), all);
            }
        }
        Ok(User { subject, name, claims, holder_key: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_are_found_by_name_and_by_pointer_and_put_where_they_belong() {
        let take = |to: &str, from: &str| (Selector::new(to), Selector::new(from));
        let taken = vec![
            take("given_name", "first"),
            take("/address/locality", "/home/town"),
            take("/address/country", "/home/land"),
            take("/given_name/x", "first"),
            take("nothing", "gone"),
            take("/a~1b", "/x~1y"),
        ];
        let mapping = ClaimMapping {
            names: vec![Selector::new("gone"), Selector::new("first")],
            claims: [("pid".to_owned(), taken), ("other".to_owned(), vec![take("x", "gone")])].into(),
            ..ClaimMapping::subject(Selector::new("/ids/0"))
        };
        let said = json!({"first": "Ada", "home": {"town": "London"}, "ids": ["a1"], "gone": null, "x/y": 1});
        let user = mapping.user(&said).unwrap();
        assert_eq!((user.subject.as_str(), user.name.as_str()), ("a1", "Ada"));
        let expected = json!({"pid": {"given_name": "Ada", "address": {"locality": "London"}, "a/b": 1}});
        assert_eq!(json!(user.claims), expected);
        for nobody in [json!({}), json!({"ids": [""]}), json!({"ids": [null]}), json!({"ids": [{}]})] {
            assert!(matches!(mapping.user(&nobody), Err(ElsewhereError::Refused(_))), "{nobody}");
        }
    }
}

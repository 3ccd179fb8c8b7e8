//! JSONPath, as far as it names things: names, indices, wildcards and descendants.

use credenza_core::{ClaimsPath, PathElement};
use serde_json::Value;

use super::error::Defect;
use super::read::MAX_TEXT;

/// No path has more steps.
pub const MAX_STEPS: usize = 16;

/// So many values are looked at for one path; what is not found by then is not there.
const MAX_VISITS: usize = 100_000;

/// A path such as `$.vc.credentialSubject.degrees[*]['name']`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The member of that name.
    Name(String),
    /// The element at that place.
    Index(usize),
    /// Each member or element.
    Any,
    /// The value itself and everything in it.
    Descendants,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// [`Defect::JsonPath`], for what is no such path; [`Defect::TooLong`], [`Defect::TooMany`].
    pub fn parse(text: &str) -> Result<Self, Defect> {
        if text.len() > MAX_TEXT {
            return Err(Defect::TooLong);
        }
        let mut rest = text.strip_prefix('$').ok_or(Defect::JsonPath)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if steps.len() == MAX_STEPS {
                return Err(Defect::TooMany(MAX_STEPS));
            }
            let (step, after) = if let Some(after) = rest.strip_prefix("..") {
                if after.is_empty() {
                    return Err(Defect::JsonPath);
                }
                // What follows is as after a single dot, or a bracket.
                steps.push(Step::Descendants);
                if after.starts_with('[') { bracketed(after)? } else { dotted(after)? }
            } else if let Some(after) = rest.strip_prefix('.') {
                dotted(after)?
            } else {
                bracketed(rest)?
            };
            steps.push(step);
            rest = after;
        }
        Ok(Self(steps))
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether it is the root alone.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The first value that the path selects.
    #[must_use]
    pub fn select<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        first(&self.0, root).map(|found| found.0)
    }

    /// The same as a claims path, when it names claims in one way only.
    #[must_use]
    pub fn to_claims_path(&self) -> Option<ClaimsPath> {
        let element = |step: &Step| match step {
            Step::Name(name) => Some(PathElement::Key(name.clone())),
            Step::Index(index) => Some(PathElement::Index(*index)),
            Step::Any => Some(PathElement::All),
            Step::Descendants => None,
        };
        ClaimsPath::new(self.0.iter().map(element).collect::<Option<_>>()?).ok()
    }
}

fn dotted(text: &str) -> Result<(Step, &str), Defect> {
    if let Some(after) = text.strip_prefix('*') {
        return Ok((Step::Any, after));
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    // As written by people: `@context` and `given-name` need no quotes here.
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | ':' | '+' | '/');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Defect::JsonPath);
    }
    Ok((Step::Name(name.to_owned()), after))
}

fn bracketed(text: &str) -> Result<(Step, &str), Defect> {
    let inside = text.strip_prefix('[').ok_or(Defect::JsonPath)?;
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let Some(quote) = quote else {
        let (inside, after) = inside.split_once(']').ok_or(Defect::JsonPath)?;
        if inside == "*" {
            return Ok((Step::Any, after));
        }
        let digits = !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
        let index = digits.then(|| inside.parse().ok()).flatten().ok_or(Defect::JsonPath)?;
        return Ok((Step::Index(index), after));
    };
    let mut name = String::new();
    let mut chars = inside.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, escaped @ ('\\' | '\'' | '"' | '/'))) => name.push(escaped),
                _ => return Err(Defect::JsonPath),
            },
            c if c == quote => {
                let after = inside.get(at..).and_then(|rest| rest.strip_prefix(quote));
                let after = after.and_then(|rest| rest.strip_prefix(']')).ok_or(Defect::JsonPath)?;
                return Ok((Step::Name(name), after));
            }
            c => name.push(c),
        }
    }
    Err(Defect::JsonPath)
}

/// The first value, and where it is.
pub(super) fn first<'v>(steps: &[Step], root: &'v Value) -> Option<(&'v Value, Vec<PathElement>)> {
    let mut walk = Walk { at: Vec::new(), visits: MAX_VISITS };
    let found = walk.first(steps, root)?;
    Some((found, walk.at))
}

struct Walk {
    at: Vec<PathElement>,
    visits: usize,
}

impl Walk {
    fn first<'v>(&mut self, steps: &[Step], value: &'v Value) -> Option<&'v Value> {
        self.visits = self.visits.checked_sub(1)?;
        let Some((step, rest)) = steps.split_first() else { return Some(value) };
        match step {
            Step::Name(name) => self.below(PathElement::Key(name.clone()), rest, value.get(name.as_str())?),
            Step::Index(index) => self.below(PathElement::Index(*index), rest, value.get(*index)?),
            Step::Any => self.each(rest, value),
            Step::Descendants => self.first(rest, value).or_else(|| self.each(steps, value)),
        }
    }

    fn each<'v>(&mut self, steps: &[Step], value: &'v Value) -> Option<&'v Value> {
        match value {
            Value::Object(members) => members
                .iter()
                .find_map(|(name, value)| self.below(PathElement::Key(name.clone()), steps, value)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .find_map(|(index, value)| self.below(PathElement::Index(index), steps, value)),
            _ => None,
        }
    }

    fn below<'v>(&mut self, element: PathElement, steps: &[Step], value: &'v Value) -> Option<&'v Value> {
        self.at.push(element);
        let found = self.first(steps, value);
        if found.is_none() {
            self.at.pop();
        }
        found
    }
}

//! Metadata policies: merged from the anchor down, applied to the subject (OpenID Federation 1.0 §6.1).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::FederationError;
use super::statement::Metadata;

const CONTRADICTION: FederationError = FederationError::Policy("two superiors contradict each other");

/// Parameter policies by entity type and parameter.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Policy(BTreeMap<String, BTreeMap<String, ParameterPolicy>>);

/// The operators on one parameter. Other operators are ignored: one that is critical is refused with its statement.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
struct ParameterPolicy {
    /// `Some(Null)` removes the parameter.
    #[serde(default, deserialize_with = "present")]
    value: Option<Value>,
    add: Option<Vec<Value>>,
    default: Option<Value>,
    one_of: Option<Vec<Value>>,
    subset_of: Option<Vec<Value>>,
    superset_of: Option<Vec<Value>>,
    essential: Option<bool>,
}

/// Null is a value here, and not the absence of one.
fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(input).map(Some)
}

impl Policy {
    /// Merges the policy of the next subordinate into this one (§6.1.4.1).
    pub(super) fn merge(&mut self, below: &Self) -> Result<(), FederationError> {
        for (kind, parameters) in &below.0 {
            let own = self.0.entry(kind.clone()).or_default();
            for (name, policy) in parameters {
                policy.check(name)?;
                let merged = own.entry(name.clone()).or_default();
                merged.merge(policy)?;
                merged.check(name)?;
            }
        }
        Ok(())
    }

    /// Applies the policy to the subject's metadata (§6.1.4.2).
    pub(super) fn apply(&self, metadata: &mut Metadata) -> Result<(), FederationError> {
        for (kind, parameters) in &self.0 {
            let Some(Value::Object(entity)) = metadata.get_mut(kind) else { continue };
            for (name, policy) in parameters {
                match policy.apply(name, entity.remove(name))? {
                    Some(value) => {
                        entity.insert(name.clone(), value);
                    }
                    None => {
                        entity.remove(name);
                    }
                }
            }
        }
        Ok(())
    }
}

impl ParameterPolicy {
    fn merge(&mut self, below: &Self) -> Result<(), FederationError> {
        self.value = equal(self.value.take(), below.value.as_ref())?;
        self.default = equal(self.default.take(), below.default.as_ref())?;
        self.add = union(self.add.take(), below.add.as_ref());
        self.superset_of = union(self.superset_of.take(), below.superset_of.as_ref());
        self.subset_of = intersection(self.subset_of.take(), below.subset_of.as_ref());
        self.one_of = intersection(self.one_of.take(), below.one_of.as_ref());
        if self.one_of.as_ref().is_some_and(Vec::is_empty) {
            return Err(CONTRADICTION);
        }
        self.essential = match (self.essential, below.essential) {
            (None, None) => None,
            (own, below) => Some(own == Some(true) || below == Some(true)),
        };
        Ok(())
    }

    /// Whether the operators go together (§6.1.3.1).
    fn check(&self, name: &str) -> Result<(), FederationError> {
        const MISFIT: FederationError = FederationError::Policy("operators that do not go together");
        let within = |some: &[Value], all: &Option<Vec<Value>>| {
            all.as_ref().is_none_or(|all| some.iter().all(|value| all.contains(value)))
        };
        let holds = |fits: bool| if fits { Ok(()) } else { Err(MISFIT) };
        holds(
            self.one_of.is_none()
                || (self.add.is_none() && self.subset_of.is_none() && self.superset_of.is_none()),
        )?;
        holds(within(self.add.as_deref().unwrap_or_default(), &self.subset_of))?;
        holds(within(self.superset_of.as_deref().unwrap_or_default(), &self.subset_of))?;
        match &self.value {
            None => Ok(()),
            Some(Value::Null) => holds(
                self.essential != Some(true)
                    && self.default.is_none()
                    && self.add.as_ref().is_none_or(Vec::is_empty)
                    && self.one_of.is_none()
                    && self.superset_of.as_ref().is_none_or(Vec::is_empty),
            ),
            Some(value) => {
                holds(self.one_of.as_ref().is_none_or(|allowed| allowed.contains(value)))?;
                if self.add.is_none() && self.subset_of.is_none() && self.superset_of.is_none() {
                    return Ok(());
                }
                let values = values(name, value)?;
                let all = Some(values.clone());
                holds(within(self.add.as_deref().unwrap_or_default(), &all))?;
                holds(within(&values, &self.subset_of))?;
                holds(within(self.superset_of.as_deref().unwrap_or_default(), &all))
            }
        }
    }

    fn apply(&self, name: &str, found: Option<Value>) -> Result<Option<Value>, FederationError> {
        let mut parameter = found;
        if let Some(value) = &self.value {
            parameter = Some(value.clone()).filter(|value| !value.is_null());
        }
        if let Some(add) = &self.add {
            let own = parameter.as_ref().map(|parameter| values(name, parameter)).transpose()?;
            parameter = union(Some(own.unwrap_or_default()), Some(add)).map(|all| array(name, all));
        }
        let parameter = parameter.or_else(|| self.default.clone());
        let Some(mut parameter) = parameter else {
            return match self.essential {
                Some(true) => Err(FederationError::Policy("a parameter that is essential is missing")),
                _ => Ok(None),
            };
        };
        if self.one_of.as_ref().is_some_and(|allowed| !allowed.contains(&parameter)) {
            return Err(FederationError::Policy("a value that is not one of those allowed"));
        }
        if let Some(allowed) = &self.subset_of {
            let kept = values(name, &parameter)?.into_iter().filter(|value| allowed.contains(value));
            parameter = array(name, kept.collect());
        }
        if let Some(needed) = &self.superset_of {
            let own = values(name, &parameter)?;
            if !needed.iter().all(|value| own.contains(value)) {
                return Err(FederationError::Policy("a value that is needed is missing"));
            }
        }
        Ok(Some(parameter))
    }
}

/// The values of a parameter as a set; `scope` is one, written as words (§6.1.3.1.8).
fn values(name: &str, parameter: &Value) -> Result<Vec<Value>, FederationError> {
    match parameter {
        Value::Array(values) => Ok(values.clone()),
        Value::String(words) if name == "scope" => {
            Ok(words.split_ascii_whitespace().map(Value::from).collect())
        }
        _ => Err(FederationError::Policy("an operator on sets, and a value that is none")),
    }
}

fn array(name: &str, values: Vec<Value>) -> Value {
    if name == "scope" {
        let words: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        return words.join(" ").into();
    }
    Value::Array(values)
}

fn equal(own: Option<Value>, below: Option<&Value>) -> Result<Option<Value>, FederationError> {
    match (own, below) {
        (Some(own), Some(below)) if own != *below => Err(CONTRADICTION),
        (own, below) => Ok(own.or_else(|| below.cloned())),
    }
}

fn union(own: Option<Vec<Value>>, below: Option<&Vec<Value>>) -> Option<Vec<Value>> {
    let Some(below) = below else { return own };
    let mut all = own.unwrap_or_default();
    for value in below {
        if !all.contains(value) {
            all.push(value.clone());
        }
    }
    Some(all)
}

fn intersection(own: Option<Vec<Value>>, below: Option<&Vec<Value>>) -> Option<Vec<Value>> {
    match (own, below) {
        (Some(mut own), Some(below)) => {
            own.retain(|value| below.contains(value));
            Some(own)
        }
        (own, below) => own.or_else(|| below.cloned()),
    }
}

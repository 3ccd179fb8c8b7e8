//! From a definition to a query of DCQL.

use std::collections::BTreeSet;

use credenza_core::{ClaimsPath, PathElement};
use serde_json::Value;

use super::{MAX_COMBINATIONS, Untranslatable};
use crate::dcql::{ClaimValue, ClaimsQuery, CredentialQuery, CredentialSetQuery, DcqlQuery, Format, Meta};
use crate::presentation_exchange::definition::{
    Field, InputDescriptor, LimitDisclosure, Predicate, PresentationDefinition,
};
use crate::presentation_exchange::filter::Filter;
use crate::presentation_exchange::json_path::{JsonPath, Step};
use crate::presentation_exchange::requirements::{Amount, Source, SubmissionRequirement};
use crate::presentation_exchange::submission::designations;

/// A definition, said in DCQL.
#[derive(Debug, Clone, PartialEq)]
pub struct Translated {
    /// The query: an input descriptor becomes one credential query for each format.
    pub query: DcqlQuery,
    /// For each credential query, in order, the input descriptor that it stands for: a position.
    pub descriptors: Vec<usize>,
}

/// Says a definition in DCQL. Fields that are optional are not asked for: DCQL has none.
///
/// # Errors
/// See [`Untranslatable`].
pub fn to_dcql(definition: &PresentationDefinition) -> Result<Translated, Untranslatable> {
    let mut credentials: Vec<CredentialQuery> = Vec::new();
    let mut descriptors = Vec::new();
    for (position, descriptor) in definition.input_descriptors.iter().enumerate() {
        let formats = accepted(definition, descriptor);
        let mut problem = "no format is known";
        for format in &formats {
            match credential(descriptor, format, identifier(&descriptor.id, &credentials)) {
                Ok(query) => {
                    credentials.push(query);
                    descriptors.push(position);
                }
                Err(what) => problem = what,
            }
        }
        if descriptors.last() != Some(&position) {
            return Err(Untranslatable::Part { id: descriptor.id.clone(), what: problem });
        }
    }
    let ids = |position: usize| {
        let own = descriptors.iter().zip(&credentials).filter(move |(one, _)| **one == position);
        own.map(|(_, query)| query.id.clone()).collect::<Vec<_>>()
    };
    let mut sets = Vec::new();
    if definition.submission_requirements.is_empty() {
        if credentials.len() > definition.input_descriptors.len() {
            for position in 0..definition.input_descriptors.len() {
                let options = ids(position).into_iter().map(|id| vec![id]).collect();
                sets.push(CredentialSetQuery { options, required: true });
            }
        }
    } else {
        for requirement in &definition.submission_requirements {
            let options = options(requirement)?;
            let required = !options.iter().any(BTreeSet::is_empty);
            let options = options.iter().filter(|option| !option.is_empty());
            let each = options.map(|option| product(option.iter().map(|one| ids(*one)).collect()));
            let options = each.collect::<Result<Vec<_>, _>>()?.concat();
            if options.len() > MAX_COMBINATIONS {
                return Err(Untranslatable::Combinations);
            }
            sets.push(CredentialSetQuery { options, required });
        }
    }
    // A query of 1.0 names types: what it needs here is put in for the rest to be checked, and taken out again.
    let mut untyped = Vec::new();
    for (position, query) in credentials.iter_mut().enumerate() {
        if query.meta == (Meta::Any {}) {
            untyped.push(position);
            query.meta = match query.format {
                Format::SdJwtVc => Meta::SdJwtVc { vct_values: vec!["any".to_owned()] },
                _ => Meta::W3c { type_values: vec![vec!["any".to_owned()]] },
            };
        }
    }
    let mut query = DcqlQuery::new(credentials, sets)?;
    query.accept_any_type(&untyped);
    Ok(Translated { query, descriptors })
}

/// The formats that are accepted and known; all that have claims at paths, where nothing is said.
fn accepted(definition: &PresentationDefinition, descriptor: &InputDescriptor) -> Vec<Format> {
    const ALL: [Format; 4] = [Format::SdJwtVc, Format::Mdoc, Format::JwtVcJson, Format::LdpVc];
    match definition.formats(descriptor) {
        Some(formats) => ALL
            .into_iter()
            .filter(|format| designations(format).iter().any(|name| formats.contains_key(*name)))
            .collect(),
        // A path says enough of the format where there is but one that has it.
        None => {
            let has = |name: &str| {
                let first = |path: &JsonPath| matches!(path.steps(), [Step::Name(one), ..] if one == name);
                descriptor.fields.iter().any(|field| field.path.iter().any(first))
            };
            match (has("vct"), has("vc")) {
                (true, _) => vec![Format::SdJwtVc],
                (false, true) => vec![Format::JwtVcJson, Format::LdpVc],
                (false, false) => ALL.into_iter().filter(|format| *format != Format::Mdoc).collect(),
            }
        }
    }
}

/// An id that DCQL allows and that is not there yet.
fn identifier(id: &str, credentials: &[CredentialQuery]) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let id: String = id.chars().take(64).map(allowed).collect();
    let taken = |id: &str| id.is_empty() || credentials.iter().any(|query| query.id == id);
    if !taken(&id) {
        return id;
    }
    let numbered = (2_usize..).map(|number| format!("{id}-{number}"));
    numbered.into_iter().find(|id| !taken(id)).unwrap_or_default()
}

fn credential(
    descriptor: &InputDescriptor,
    format: &Format,
    id: String,
) -> Result<CredentialQuery, &'static str> {
    if let Some(feature) = descriptor.unsupported {
        return Err(feature);
    }
    if descriptor.limit_disclosure == Some(LimitDisclosure::Required) && format.is_w3c() {
        return Err("limit_disclosure is required, and the format can't be shown in part");
    }
    let mut meta = match format {
        Format::Mdoc => Meta::Mdoc { doctype_value: descriptor.id.clone() },
        _ => Meta::Any {},
    };
    let mut fields = Vec::new();
    for field in descriptor.fields.iter().filter(|field| !field.optional) {
        if field.predicate == Some(Predicate::Required) {
            return Err("a predicate is required");
        }
        let is_vct =
            field.path.iter().any(|path| matches!(path.steps(), [Step::Name(name)] if name == "vct"));
        if *format == Format::SdJwtVc && is_vct && meta == (Meta::Any {}) {
            let filter = field.filter.as_ref().ok_or("vct has no filter")?;
            let values = filter.values().ok_or("the filter of vct does not name its values")?;
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let vct_values = values.iter().map(text).collect::<Option<Vec<_>>>();
            meta = Meta::SdJwtVc { vct_values: vct_values.ok_or("a vct is not a string")? };
            continue;
        }
        fields.push(alternatives(field, format)?);
    }
    let (claims, claim_sets) = arranged(fields)?;
    Ok(CredentialQuery {
        id,
        format: format.clone(),
        multiple: false,
        meta,
        trusted_authorities: Vec::new(),
        require_cryptographic_holder_binding: true,
        claims,
        claim_sets,
    })
}

/// The claims queries that a field stands for, one of which is enough.
fn alternatives(field: &Field, format: &Format) -> Result<Vec<ClaimsQuery>, &'static str> {
    let (within, values) = wanted(field.filter.as_ref())?;
    let mut found: Vec<ClaimsQuery> = Vec::new();
    for path in &field.path {
        let Some(path) = path.to_claims_path() else { continue };
        let mut elements = path.elements().to_vec();
        let named = |elements: &[PathElement], name: &str| matches!(elements.first(), Some(PathElement::Key(key)) if key == name);
        if named(&elements, "vc") && elements.len() > 1 {
            // The envelope of a JWT: elsewhere there is none.
            if !format.is_w3c() {
                continue;
            }
            elements.remove(0);
        }
        if format.is_w3c() && named(&elements, "iss") {
            elements = vec!["issuer".into()];
        }
        if within {
            elements.push(PathElement::All);
        }
        let Ok(path) = ClaimsPath::new(elements) else { continue };
        if *format == Format::Mdoc && crate::path::as_mdoc(&path).is_none() {
            continue;
        }
        if !found.iter().any(|one| one.path == path) {
            let intent_to_retain = field.intent_to_retain.filter(|_| *format == Format::Mdoc);
            found.push(ClaimsQuery { id: None, path, values: values.clone(), intent_to_retain });
        }
    }
    if found.is_empty() { Err("no path of a field fits the format") } else { Ok(found) }
}

/// The values that a filter accepts, and whether they are elements of an array; no values: all.
fn wanted(filter: Option<&Filter>) -> Result<(bool, Vec<ClaimValue>), &'static str> {
    let Some(filter) = filter else { return Ok((false, Vec::new())) };
    let members = filter.source().as_object().ok_or("a filter is no object")?;
    // A type alone leaves the choice of the claim as it is.
    let says_little =
        |name: &String| matches!(name.as_str(), "type" | "format" | "title" | "description" | "$comment");
    if members.keys().all(says_little) {
        return Ok((false, Vec::new()));
    }
    let of_array = members.len() == 2 && members.get("type").is_some_and(|it| it == "array");
    let inner = members.get("contains").filter(|_| of_array);
    let inner = inner.and_then(|inner| Filter::parse(inner).ok());
    let values = inner.as_ref().unwrap_or(filter).values().ok_or("a filter does not name its values")?;
    let values = values.iter().map(ClaimValue::parse).collect::<Option<Vec<_>>>();
    let values = values.filter(|values| !values.is_empty());
    Ok((inner.is_some(), values.ok_or("a filter names values that DCQL has not")?))
}

/// Claims, and the sets that their alternatives make.
fn arranged(fields: Vec<Vec<ClaimsQuery>>) -> Result<(Vec<ClaimsQuery>, Vec<Vec<String>>), &'static str> {
    if fields.iter().all(|field| field.len() == 1) {
        let mut claims: Vec<ClaimsQuery> = Vec::new();
        for claim in fields.into_iter().flatten() {
            if !claims.contains(&claim) {
                claims.push(claim);
            }
        }
        return Ok((claims, Vec::new()));
    }
    let mut claims = Vec::new();
    let mut names = Vec::new();
    for (number, field) in fields.into_iter().enumerate() {
        let mut own = Vec::new();
        for (option, claim) in field.into_iter().enumerate() {
            let id = format!("f{number}-{option}");
            own.push(id.clone());
            claims.push(ClaimsQuery { id: Some(id), ..claim });
        }
        names.push(own);
    }
    let sets = product(names).map_err(|_| "the paths have too many combinations")?;
    Ok((claims, sets))
}

/// One of each.
fn product<T: Clone>(lists: Vec<Vec<T>>) -> Result<Vec<Vec<T>>, Untranslatable> {
    let mut all = vec![Vec::new()];
    for list in lists {
        if all.len() * list.len() > MAX_COMBINATIONS {
            return Err(Untranslatable::Combinations);
        }
        let longer = |start: &Vec<T>| {
            let start = start.clone();
            list.iter()
                .map(move |one| start.iter().chain([one]).cloned().collect::<Vec<T>>())
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    Ok(all)
}

/// The smallest sets of input descriptors that satisfy a requirement.
fn options(requirement: &SubmissionRequirement) -> Result<Vec<BTreeSet<usize>>, Untranslatable> {
    let parts: Vec<Vec<BTreeSet<usize>>> = match &requirement.source {
        Source::Descriptors(members) => members.iter().map(|one| vec![BTreeSet::from([*one])]).collect(),
        Source::Nested(nested) => nested.iter().map(options).collect::<Result<_, _>>()?,
    };
    let chosen = match requirement.amount {
        Amount::All => vec![parts],
        amount => combinations(&parts, amount.needed(parts.len()))?,
    };
    let mut all = Vec::new();
    for parts in chosen {
        all.extend(product(parts)?.into_iter().map(|sets| sets.into_iter().flatten().collect()));
        if all.len() > MAX_COMBINATIONS {
            return Err(Untranslatable::Combinations);
        }
    }
    Ok(all)
}

/// So many of these, in every way.
fn combinations<T: Clone>(items: &[T], count: usize) -> Result<Vec<Vec<T>>, Untranslatable> {
    if count == 0 {
        return Ok(vec![Vec::new()]);
    }
    let mut all = Vec::new();
    for (position, first) in items.iter().enumerate() {
        let rest = items.get(position + 1..).unwrap_or_default();
        if rest.len() + 1 < count {
            break;
        }
        for others in combinations(rest, count - 1)? {
            all.push([vec![first.clone()], others].concat());
            if all.len() > MAX_COMBINATIONS {
                return Err(Untranslatable::Combinations);
            }
        }
    }
    Ok(all)
}

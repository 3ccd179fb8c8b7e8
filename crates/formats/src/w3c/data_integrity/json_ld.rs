//! From JSON-LD to RDF, with nothing lost on the way ("safe mode", VC Data Integrity §2.4.3).
//!
//! JSON-LD drops what its contexts do not define, and what is dropped is not signed. Here each such part is made
//! visible instead, and the document is refused: undefined terms and relative URLs are expanded to a marker.

use std::sync::Arc;

use oxjsonld::{JsonLdParser, JsonLdRemoteDocument, SliceJsonLdParser};
use oxrdf::{GraphName, Literal, NamedNode, NamedOrBlankNode, Quad, Term};
use serde_json::{Map, Value, json};

use super::{Contexts, Defect};

/// What undefined terms and relative URLs are expanded to. It is no name that anybody could mean.
const MARKER: &str = "undefined-term://credenza.invalid/";

/// Keywords that a document may use. `@direction` is not among them, since RDF would lose it; neither are those by
/// which a document could define terms of its own, or say things about others than it seems to.
const KEYWORDS: [&str; 7] = ["@context", "@id", "@type", "@value", "@language", "@list", "@set"];

/// No document says more, in statements.
const MAX_QUADS: usize = 10_000;

/// The statements of a document, when its contexts are known, and when nothing in it would be lost.
///
/// # Errors
/// [`Defect::Context`], [`Defect::Undefined`], [`Defect::JsonLd`], [`Defect::TooLarge`]
pub fn to_quads(document: &Map<String, Value>, contexts: &Contexts) -> Result<Vec<Quad>, Defect> {
    let mut keyword_like = 0;
    let marked = mark(document, contexts, &mut keyword_like)?;
    let text = Value::Object(marked).to_string();
    let parser = parser(&text, contexts).ok_or(Defect::JsonLd)?;
    let mut quads = Vec::new();
    for quad in parser {
        if quads.len() >= MAX_QUADS {
            return Err(Defect::TooLarge);
        }
        let quad = sound(quad.map_err(|_| Defect::JsonLd)?)?;
        if let Term::Literal(literal) = &quad.object
            && is_keyword_like(literal.value())
        {
            keyword_like -= 1;
        }
        quads.push(quad);
    }
    // A text such as "@none" vanishes where a name is expected.
    if keyword_like == 0 { Ok(quads) } else { Err(Defect::Undefined) }
}

fn parser<'t>(text: &'t str, contexts: &Contexts) -> Option<SliceJsonLdParser<'t>> {
    let known = Arc::new(contexts.clone());
    let parser = JsonLdParser::new()
        // Lenient keeps the names that are no IRIs, and would be dropped: they are refused, or are what is looked for.
        .lenient()
        .with_base_iri(MARKER)
        .ok()?
        .for_slice(text)
        .with_load_document_callback(move |url, _| match known.document(url) {
            Some(document) => {
                Ok(JsonLdRemoteDocument { document: document.to_vec(), document_url: url.to_owned() })
            }
            None => Err("the context is not known here".into()),
        });
    Some(parser)
}

/// The types of a document as its contexts define them (OID4VP 1.0 §B.1.1), sorted: each an IRI, or as it is written where the
/// known contexts do not define it. Contexts that are not known define nothing, so that a document has to be refused
/// for them elsewhere where that matters.
#[must_use]
pub fn expanded_types(document: &Map<String, Value>, contexts: &Contexts) -> Vec<String> {
    let list = |name: &str| match document.get(name) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let written: Vec<&str> = list("type").iter().filter_map(Value::as_str).collect();
    let known = list("@context").iter().filter(|url| url.as_str().is_some_and(|url| contexts.knows(url)));
    let marker = json!({ "@vocab": MARKER });
    let named: Vec<&Value> = std::iter::once(&marker).chain(known).collect();
    let text = json!({ "@context": named, "@id": SUBJECT, "@type": written }).to_string();
    let types: Option<Vec<String>> = parser(&text, contexts).and_then(|parser| {
        let name = |quad: Result<Quad, _>| match quad.ok()?.object {
            Term::NamedNode(node) => {
                let name = node.into_string();
                Some(name.strip_prefix(MARKER).map(str::to_owned).unwrap_or(name))
            }
            _ => None,
        };
        parser.map(name).collect()
    });
    let mut types = types.unwrap_or_else(|| written.into_iter().map(str::to_owned).collect());
    types.sort_unstable();
    types
}

/// Whose types are looked for.
const SUBJECT: &str = "urn:credenza:subject";

/// Has each list of contexts begin with a marker for what they do not define, and refuses what would be lost.
fn mark(
    object: &Map<String, Value>,
    contexts: &Contexts,
    keyword_like: &mut isize,
) -> Result<Map<String, Value>, Defect> {
    let mut marked = Map::with_capacity(object.len());
    // The contexts first, wherever they stand.
    if let Some(named) = object.get("@context") {
        let named = match named {
            Value::Array(named) => named.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut list = vec![json!({ "@vocab": MARKER })];
        for context in named {
            let url = context.as_str().filter(|url| contexts.knows(url)).ok_or(Defect::Context)?;
            list.push(url.into());
        }
        marked.insert("@context".to_owned(), Value::Array(list));
    }
    let is_value = object.contains_key("value") || object.contains_key("@value");
    for (name, value) in object {
        if name == "@context" {
            continue;
        }
        if (name.starts_with('@') && !KEYWORDS.contains(&name.as_str())) || (is_value && name == "direction")
        {
            return Err(Defect::Undefined);
        }
        marked.insert(name.clone(), mark_value(value, contexts, keyword_like)?);
    }
    Ok(marked)
}

fn mark_value(value: &Value, contexts: &Contexts, keyword_like: &mut isize) -> Result<Value, Defect> {
    match value {
        Value::Null => Err(Defect::Undefined),
        Value::Object(object) => Ok(Value::Object(mark(object, contexts, keyword_like)?)),
        Value::Array(items) => items
            .iter()
            .map(|item| mark_value(item, contexts, keyword_like))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        Value::String(text) => {
            if is_keyword_like(text) {
                *keyword_like += 1;
            }
            Ok(value.clone())
        }
        other => Ok(other.clone()),
    }
}

/// `@` and letters: JSON-LD ignores names of that form (JSON-LD 1.1 §9.17).
fn is_keyword_like(text: &str) -> bool {
    text.strip_prefix('@')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// The statement, when each name in it is an IRI and none is a marker.
fn sound(quad: Quad) -> Result<Quad, Defect> {
    if let NamedOrBlankNode::NamedNode(node) = &quad.subject {
        check_name(node)?;
    }
    check_name(&quad.predicate)?;
    if let GraphName::NamedNode(node) = &quad.graph_name {
        check_name(node)?;
    }
    let object = match quad.object {
        Term::NamedNode(node) => {
            check_name(&node)?;
            Term::NamedNode(node)
        }
        Term::Literal(literal) => Term::Literal(match literal.language() {
            Some(language) => Literal::new_language_tagged_literal(literal.value(), language)
                .map_err(|_| Defect::Undefined)?,
            None => {
                check_name(&literal.datatype().into_owned())?;
                literal
            }
        }),
        other => other,
    };
    Ok(Quad { object, ..quad })
}

fn check_name(node: &NamedNode) -> Result<(), Defect> {
    let name = node.as_str();
    if name.starts_with(MARKER) || NamedNode::new(name).is_err() { Err(Defect::Undefined) } else { Ok(()) }
}

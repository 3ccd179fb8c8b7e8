//! Filling SVG templates with claims (SD-JWT VC §4.5.1.2.2), so that nothing in the result runs, and nothing is fetched.
//!
//! Metadata and claims come from strangers. What is not known to be harmless is refused, not repaired: elements and
//! links by a list of those that are let through, and everything that refers to other places.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::document::{ClaimMetadata, is_svg_id};

/// Bytes of a template.
pub const MAX_TEMPLATE: usize = 512 * 1024;
/// Characters of one claim in a picture; the rest is cut off and an ellipsis put in its place.
pub const MAX_TEXT: usize = 200;
/// How deep elements may be nested.
pub const MAX_DEPTH: usize = 64;

/// Elements that draw and do nothing else. Not `use`: copies of copies are a way to exhaust who draws them.
const ELEMENTS: [&str; 24] = [
    "svg",
    "g",
    "defs",
    "title",
    "desc",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "textPath",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
    "pattern",
    "image",
    "marker",
    "style",
];

/// Why a template is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SvgError {
    /// Longer than [`MAX_TEMPLATE`], or nested deeper than [`MAX_DEPTH`].
    #[error("the template is larger than is drawn")]
    TooLarge,
    /// Not well-formed.
    #[error("the template is not well-formed")]
    Malformed,
    /// A document type, a processing instruction, CDATA.
    #[error("the template has a declaration in it")]
    Declaration,
    /// An element that is not one of those that only draw.
    #[error("the template has an element that is not let through")]
    Element,
    /// An event handler, a link to another place, or a style that loads something.
    #[error("the template has an attribute or a style that could run or load something")]
    Active,
    /// A placeholder outside of text.
    #[error("the template has a placeholder where there may be none")]
    MisplacedPlaceholder,
    /// A placeholder of no claim.
    #[error("the template has a placeholder that the type's claims do not know")]
    UnknownPlaceholder,
}

/// The template with the claims of a credential in it. A claim that is not there leaves nothing in its place.
///
/// # Errors
/// See [`SvgError`].
pub fn render(
    template: &str,
    claims: &[ClaimMetadata],
    credential: &Map<String, Value>,
) -> Result<String, SvgError> {
    if template.len() > MAX_TEMPLATE {
        return Err(SvgError::TooLarge);
    }
    let ids = claims.iter().filter_map(|claim| Some((claim.svg_id.as_deref()?, claim))).collect();
    let credential = Value::Object(credential.clone());
    let mut renderer =
        Renderer { ids, credential, out: String::with_capacity(template.len()), open: Vec::new() };
    renderer.document(template.trim_start_matches('\u{feff}').trim())?;
    Ok(renderer.out)
}

struct Renderer<'a> {
    ids: HashMap<&'a str, &'a ClaimMetadata>,
    credential: Value,
    out: String,
    open: Vec<&'a str>,
}

impl<'a> Renderer<'a> {
    fn document(&mut self, template: &'a str) -> Result<(), SvgError> {
        let mut rest = template;
        if let Some(declared) = rest.strip_prefix("<?xml ") {
            rest = declared.split_once("?>").ok_or(SvgError::Malformed)?.1.trim_start();
        }
        let mut root = false;
        while let Some((text, markup)) = rest.split_once('<') {
            self.text(text)?;
            if root && self.open.is_empty() && !markup.starts_with("!--") {
                return Err(SvgError::Malformed);
            }
            rest = if let Some(comment) = markup.strip_prefix("!--") {
                let (comment, after) = comment.split_once("-->").ok_or(SvgError::Malformed)?;
                if comment.contains("{{") {
                    return Err(SvgError::MisplacedPlaceholder);
                }
                after
            } else if markup.starts_with(['!', '?']) {
                return Err(SvgError::Declaration);
            } else {
                let end = tag_end(markup).ok_or(SvgError::Malformed)?;
                let (tag, after) = markup.split_at(end);
                self.tag(tag)?;
                root = true;
                after.strip_prefix('>').ok_or(SvgError::Malformed)?
            };
        }
        self.text(rest)?;
        if root && self.open.is_empty() { Ok(()) } else { Err(SvgError::Malformed) }
    }

    /// Text between tags, with its placeholders.
    fn text(&mut self, text: &str) -> Result<(), SvgError> {
        match self.open.last() {
            None if text.trim().is_empty() => return Ok(()),
            None => return Err(SvgError::Malformed),
            Some(&"style") => {
                if text.contains("{{") {
                    return Err(SvgError::MisplacedPlaceholder);
                }
                inert_style(text)?;
            }
            Some(_) => {}
        }
        let mut rest = text;
        while let Some((before, placeholder)) = rest.split_once("{{") {
            let (id, after) = placeholder.split_once("}}").ok_or(SvgError::Malformed)?;
            self.out.push_str(before);
            let claim = self.ids.get(id).filter(|_| is_svg_id(id)).ok_or(SvgError::UnknownPlaceholder)?;
            let shown = shown(claim, &self.credential);
            self.out.push_str(&shown);
            rest = after;
        }
        self.out.push_str(rest);
        Ok(())
    }

    /// A tag without its angle brackets.
    fn tag(&mut self, tag: &'a str) -> Result<(), SvgError> {
        if tag.contains("{{") {
            return Err(SvgError::MisplacedPlaceholder);
        }
        if let Some(name) = tag.strip_prefix('/') {
            if self.open.pop() != Some(name.trim_end()) {
                return Err(SvgError::Malformed);
            }
        } else {
            let (inside, alone) = tag.strip_suffix('/').map_or((tag, false), |inside| (inside, true));
            let end = inside.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inside.len());
            let (name, attributes) = inside.split_at(end);
            if !ELEMENTS.contains(&name) || (self.open.is_empty() && name != "svg") {
                return Err(SvgError::Element);
            }
            check_attributes(attributes)?;
            if !alone {
                if self.open.len() >= MAX_DEPTH {
                    return Err(SvgError::TooLarge);
                }
                self.open.push(name);
            }
        }
        // Writing to a string does not fail.
        let _ = write!(self.out, "<{tag}>");
        Ok(())
    }
}

/// Where the tag ends: at the first `>` that is not in quotes.
fn tag_end(markup: &str) -> Option<usize> {
    let mut quote = None;
    for (place, character) in markup.char_indices() {
        match (quote, character) {
            (None, '>') => return Some(place),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

fn check_attributes(mut rest: &str) -> Result<(), SvgError> {
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(());
        }
        let (name, after) = rest.split_once('=').ok_or(SvgError::Malformed)?;
        let after = after.trim_start();
        let quote =
            after.chars().next().filter(|quote| ['"', '\''].contains(quote)).ok_or(SvgError::Malformed)?;
        let (value, after) =
            after.get(1..).and_then(|after| after.split_once(quote)).ok_or(SvgError::Malformed)?;
        check_attribute(name.trim_end(), value)?;
        rest = after;
    }
}

fn check_attribute(name: &str, value: &str) -> Result<(), SvgError> {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte);
    // A character reference could hide what is looked for here.
    if name.is_empty() || !name.bytes().all(named) || value.contains(['<', '&']) {
        return Err(SvgError::Malformed);
    }
    let lower = name.to_ascii_lowercase();
    let harmless = match lower.as_str() {
        "xmlns" => value == "http://www.w3.org/2000/svg",
        "xmlns:xlink" => value == "http://www.w3.org/1999/xlink",
        "xml:space" | "xml:lang" => true,
        "href" | "xlink:href" => {
            let picture = |kind: &str| value.starts_with(kind);
            value.starts_with('#') || picture("data:image/png;base64,") || picture("data:image/jpeg;base64,")
        }
        name => !name.starts_with("on") && !name.contains(':') && !["src", "action", "ping"].contains(&name),
    };
    if !harmless {
        return Err(SvgError::Active);
    }
    if lower.ends_with("href") || lower.starts_with("xmlns") { Ok(()) } else { inert_style(value) }
}

/// A style, or an attribute that could be one, that loads nothing and hides nothing.
fn inert_style(style: &str) -> Result<(), SvgError> {
    let lower = style.to_ascii_lowercase();
    let inside = lower.replace("url(#", "");
    let loads =
        ["url(", "image(", "image-set(", "src(", "@", "\\", "/*", "javascript:", "expression", "binding"];
    if loads.iter().any(|word| inside.contains(word)) { Err(SvgError::Active) } else { Ok(()) }
}

/// What a claim looks like as text: escaped, of bounded length, without what turns or hides the text around it.
fn shown(claim: &ClaimMetadata, credential: &Value) -> String {
    let selected = claim.path.select(credential).unwrap_or_default();
    let mut words = Vec::new();
    for value in selected {
        match value {
            Value::Array(items) => words.extend(items.iter().filter_map(word)),
            value => words.extend(word(value)),
        }
    }
    let text = words.join(", ");
    let mut out = String::with_capacity(text.len());
    for (number, character) in text.chars().filter(|c| !c.is_control() && !turns_text(*c)).enumerate() {
        if number >= MAX_TEXT {
            out.push('…');
            break;
        }
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Marks that change the direction of the text after them.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

//! How a type and its claims are shown to people (SD-JWT VC §4.5, §4.6.2).

use serde::{Deserialize, Serialize};

use super::DocumentError;
use super::integrity::Integrity;

/// How a type is shown in one language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TypeDisplay {
    /// The language (RFC 5646).
    pub locale: String,
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How it is drawn.
    #[serde(default, deserialize_with = "super::strict::member", skip_serializing_if = "Option::is_none")]
    pub rendering: Option<Rendering>,
}

/// The ways to draw it that are known here.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Rendering {
    /// Colours and pictures (§4.5.1.1).
    #[serde(default, deserialize_with = "super::strict::member", skip_serializing_if = "Option::is_none")]
    pub simple: Option<Simple>,
    /// Templates (§4.5.1.2).
    #[serde(default, deserialize_with = "super::strict::list", skip_serializing_if = "Option::is_none")]
    pub svg_templates: Option<Vec<SvgTemplate>>,
}

/// Colours and pictures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Simple {
    /// The logo.
    #[serde(default, deserialize_with = "super::strict::member", skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
    /// The picture behind the text.
    #[serde(default, deserialize_with = "super::strict::member", skip_serializing_if = "Option::is_none")]
    pub background_image: Option<BackgroundImage>,
    /// A CSS colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background_color: Option<String>,
    /// A CSS colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_color: Option<String>,
}

/// A logo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logo {
    /// Where it is.
    pub uri: String,
    /// What its bytes are.
    #[serde(default, rename = "uri#integrity", skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// For those who can't see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<String>,
}

/// A picture behind the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundImage {
    /// Where it is.
    pub uri: String,
    /// What its bytes are.
    #[serde(default, rename = "uri#integrity", skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// An SVG template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SvgTemplate {
    /// Where it is.
    pub uri: String,
    /// What its bytes are.
    #[serde(default, rename = "uri#integrity", skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
    /// What it is good for; there when there are several.
    #[serde(default, deserialize_with = "super::strict::member", skip_serializing_if = "Option::is_none")]
    pub properties: Option<TemplateProperties>,
}

/// What a template is made for. Values that are not known here are kept apart from those that are absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TemplateProperties {
    /// The shape of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orientation: Option<Orientation>,
    /// Light or dark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color_scheme: Option<ColorScheme>,
    /// The contrast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrast: Option<Contrast>,
}

/// The shape of the place that a template is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orientation {
    /// Higher than wide.
    Portrait,
    /// Wider than high.
    Landscape,
}

/// The colours that a template is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorScheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// The contrast that a template is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contrast {
    /// Usual.
    Normal,
    /// For those who need more.
    High,
}

/// How a claim is called in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimDisplay {
    /// The language (RFC 5646).
    pub locale: String,
    /// Its name.
    pub label: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl TypeDisplay {
    /// The template that fits best to the place and to what the person prefers (§4.5.1.2.1): each wish that it is made
    /// for counts, one that it is made against excludes nothing but comes last.
    #[must_use]
    pub fn best_template(&self, wishes: TemplateProperties) -> Option<&SvgTemplate> {
        let templates = self.rendering.as_ref()?.svg_templates.as_deref()?;
        let score = |template: &&SvgTemplate| {
            let has = template.properties.unwrap_or_default();
            fits(has.orientation, wishes.orientation)
                + fits(has.color_scheme, wishes.color_scheme)
                + fits(has.contrast, wishes.contrast)
        };
        // The first of equals: the publisher's order.
        templates.iter().rev().max_by_key(score)
    }

    pub(super) fn check(&self) -> Result<(), DocumentError> {
        let Some(rendering) = &self.rendering else { return Ok(()) };
        let sound = |integrity: &Option<String>| {
            integrity.as_deref().is_none_or(|integrity| Integrity::parse(integrity).is_ok())
        };
        if let Some(Simple { logo, background_image, .. }) = &rendering.simple {
            let logo = logo.as_ref().is_none_or(|logo| sound(&logo.integrity));
            if !logo || !background_image.as_ref().is_none_or(|image| sound(&image.integrity)) {
                return Err(DocumentError::Integrity);
            }
        }
        let Some(templates) = &rendering.svg_templates else { return Ok(()) };
        if !templates.iter().all(|template| sound(&template.integrity)) {
            return Err(DocumentError::Integrity);
        }
        let told_apart =
            templates.len() < 2 || templates.iter().all(|template| template.properties.is_some());
        let empty = |template: &SvgTemplate| template.properties == Some(TemplateProperties::default());
        if !told_apart || templates.iter().any(empty) {
            return Err(DocumentError::TemplateProperties);
        }
        Ok(())
    }
}

fn fits<T: PartialEq>(has: Option<T>, wish: Option<T>) -> i8 {
    match (has, wish) {
        (Some(has), Some(wish)) => {
            if has == wish {
                1
            } else {
                -1
            }
        }
        _ => 0,
    }
}

/// The entry for the first of the languages that there is one for: exactly, then by the primary language, then the
/// publisher's first.
pub fn in_language<'a, T>(
    entries: &'a [T],
    locale: impl Fn(&T) -> &str,
    languages: &[&str],
) -> Option<&'a T> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    languages
        .iter()
        .find_map(|wanted| {
            let exact = entries.iter().find(|entry| locale(entry).eq_ignore_ascii_case(wanted));
            exact.or_else(|| entries.iter().find(|entry| primary(locale(entry)) == primary(wanted)))
        })
        .or_else(|| entries.first())
}

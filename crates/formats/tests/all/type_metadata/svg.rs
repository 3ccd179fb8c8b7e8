//! SVG templates.

use credenza_formats::type_metadata::TypeMetadata;
use credenza_formats::type_metadata::svg::{MAX_TEXT, SvgError, render};
use serde_json::{Value, json};

use crate::support::{object, vectors};

fn try_render(template: &str, credential: Value) -> Result<String, SvgError> {
    let document = json!({"vct": "urn:a", "claims": [
        {"path": ["name"], "svg_id": "name"}, {"path": ["list", null], "svg_id": "list"},
        {"path": ["nested"], "svg_id": "nested"},
    ]});
    let metadata = TypeMetadata::parse(document.to_string().as_bytes()).unwrap();
    render(template, &metadata.claims.unwrap(), &object(credential))
}

fn text(inside: &str, credential: Value) -> String {
    let drawn = try_render(&format!("<svg><text>{inside}</text></svg>"), credential).unwrap();
    drawn.strip_prefix("<svg><text>").unwrap().strip_suffix("</text></svg>").unwrap().to_owned()
}

// Clauses: SDVC-4.5.1.2.2-01, SDVC-4.5.1.2.2-02
#[test]
fn the_printed_template() {
    let vectors = vectors("sd-jwt-vc/type_metadata.json");
    let metadata = TypeMetadata::parse(vectors["figure_30_metadata"].to_string().as_bytes()).unwrap();
    let credential = object(vectors["figure_29_credential"].clone());
    let template = vectors["figure_18_svg"].as_str().unwrap();
    let drawn = render(template, &metadata.claims.unwrap(), &credential).unwrap();
    assert!(drawn.contains(">Street address: 42 Galaxy Way</text>"), "{drawn}");
}

// Clauses: SDVC-4.5.1.2.2-04, SDVC-4.5.1.2.2-05, SDVC-6.5-01, SDVC-6.5-02, SDVC-6.5-03
#[test]
fn values_are_escaped() {
    let hostile = json!({"name": "<script>&\"'{{list}}", "list": ["a", 1, true]});
    assert_eq!(text("{{name}}", hostile.clone()), "&lt;script&gt;&amp;&quot;&apos;{{list}}");
    assert_eq!(text("a{{list}}b", hostile), "aa, 1, trueb");
}

// Clauses: SDVC-6.5-04
#[test]
fn values_do_not_distort_what_is_around_them() {
    let long = json!({"name": "a".repeat(MAX_TEXT + 5)});
    assert_eq!(text("{{name}}", long), format!("{}…", "a".repeat(MAX_TEXT)));
    assert_eq!(text("{{name}}", json!({"name": "a\u{202e}b\n\u{0}c"})), "abc");
}

// Clauses: SDVC-4.5.1.2.2-06, SDVC-4.5.1.2.2-07
#[test]
fn absent_claims_and_unknown_names() {
    assert_eq!(text("[{{name}}{{nested}}]", json!({"nested": {"a": 1}})), "[]");
    for unknown in ["{{other}}", "{{}}", "{{ name }}"] {
        let template = format!("<svg><text>{unknown}</text></svg>");
        assert_eq!(try_render(&template, json!({})), Err(SvgError::UnknownPlaceholder), "{unknown}");
    }
}

// Clauses: SDVC-4.5.1.2.2-03
#[test]
fn placeholders_stand_in_text_alone() {
    for template in [
        r#"<svg><text x="{{name}}">a</text></svg>"#,
        "<svg><!-- {{name}} --></svg>",
        "<svg><style>{{name}}</style></svg>",
        "<svg><{{name}}/></svg>",
    ] {
        assert_eq!(
            try_render(template, json!({"name": "a"})),
            Err(SvgError::MisplacedPlaceholder),
            "{template}"
        );
    }
}

// Clauses: SDVC-4.5.1.2.2-08, SDVC-4.5.1.2.2-09, SDVC-4.5.1.2.2-10, SDVC-4.5.1.2.2-11
#[test]
fn nothing_runs_and_nothing_is_fetched() {
    for (inside, error) in [
        ("<script>alert(1)</script>", SvgError::Element),
        ("<SCRIPT/>", SvgError::Element),
        ("<foreignObject/>", SvgError::Element),
        (r##"<animate attributeName="href"/>"##, SvgError::Element),
        (r##"<use href="#a"/>"##, SvgError::Element),
        ("<x:script/>", SvgError::Element),
        (r#"<g xmlns="http://www.w3.org/1999/xhtml"/>"#, SvgError::Active),
        (r#"<g xmlns:x="http://www.w3.org/1999/xhtml"/>"#, SvgError::Active),
        (r#"<g onload="alert(1)"/>"#, SvgError::Active),
        (r#"<g OnClick="alert(1)"/>"#, SvgError::Active),
        (r#"<image href="https://tracker.example/a.png"/>"#, SvgError::Active),
        (r#"<image xlink:href="//tracker.example/a.png"/>"#, SvgError::Active),
        (r#"<image href=" data:image/svg+xml;base64,AA"/>"#, SvgError::Active),
        (r#"<image href="data:image/svg+xml;base64,AA"/>"#, SvgError::Active),
        (r#"<g fill="url(https://tracker.example)"/>"#, SvgError::Active),
        (r#"<g style="background: URL( 'https://tracker.example' )"/>"#, SvgError::Active),
        (r#"<g style="background: ur\6c(//tracker.example)"/>"#, SvgError::Active),
        (r#"<g style="background: &#117;rl(//tracker.example)"/>"#, SvgError::Malformed),
        ("<style>@import '//tracker.example'</style>", SvgError::Active),
        ("<style>a{b:u/**/rl(c)}</style>", SvgError::Active),
        ("<!DOCTYPE a>", SvgError::Declaration),
        (r#"<!ENTITY a "b">"#, SvgError::Declaration),
        ("<?xml-stylesheet href='a'?>", SvgError::Declaration),
        ("<![CDATA[<script/>]]>", SvgError::Declaration),
        ("<g>", SvgError::Malformed),
        ("</g>", SvgError::Malformed),
        ("<g a/>", SvgError::Malformed),
        ("<g a=b/>", SvgError::Malformed),
        ("<g", SvgError::Element),
        ("<!-- a", SvgError::Malformed),
        ("{{name", SvgError::Malformed),
    ] {
        assert_eq!(try_render(&format!("<svg>{inside}</svg>"), json!({})), Err(error), "{inside}");
    }
    for (template, error) in [
        ("", SvgError::Malformed),
        ("text", SvgError::Malformed),
        ("<g/>", SvgError::Element),
        ("<svg/><svg/>", SvgError::Malformed),
        ("<svg/>text", SvgError::Malformed),
    ] {
        assert_eq!(try_render(template, json!({})), Err(error), "{template}");
    }
    let deep = format!("<svg>{}{}</svg>", "<g>".repeat(100), "</g>".repeat(100));
    assert_eq!(try_render(&deep, json!({})), Err(SvgError::TooLarge));
}

#[test]
fn a_usual_template_is_drawn_as_it_is() {
    let template = r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"><defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs><style>.b{fill:url(#a);font-size:4px}</style><rect width='9' height='9' class="b"/><image href="data:image/png;base64,AAAA"/><text x="1">A &amp; B &gt; C</text></svg>"##;
    assert_eq!(
        try_render(&format!("<?xml version=\"1.0\"?>\n{template}\n<!-- end -->"), json!({})).unwrap(),
        template
    );
}

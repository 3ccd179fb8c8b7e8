//! Documents, integrity, display and inheritance.

use credenza_formats::type_metadata::{
    ColorScheme, DocumentError, EffectiveType, InheritanceError, Integrity, IntegrityError, Orientation,
    TemplateProperties, TypeDisplay, TypeMetadata, in_language,
};
use serde_json::{Value, json};

use crate::support::{path, vectors};

fn parse(document: &Value) -> Result<TypeMetadata, DocumentError> {
    TypeMetadata::parse(document.to_string().as_bytes())
}

fn merge(documents: &[Value]) -> Result<EffectiveType, InheritanceError> {
    EffectiveType::merge(&documents.iter().map(|document| parse(document).unwrap()).collect::<Vec<_>>())
}

fn claims(claims: &Value) -> Value {
    json!({"vct": "urn:a", "claims": claims})
}

// Clauses: SDVC-4.2-02, SDVC-4.2-03, SDVC-4.2-04, SDVC-4.2-05, SDVC-4.2-06, SDVC-4.2-07, SDVC-4.2-08, SDVC-4.5-03,
// SDVC-4.5-04, SDVC-4.5-05, SDVC-4.5-06, SDVC-4.5.1-01, SDVC-4.5.1-02
#[test]
fn the_printed_document_is_read_and_written_back() {
    let printed = &vectors("sd-jwt-vc/type_metadata.json")["figure_30_metadata"];
    let read = parse(printed).unwrap();
    assert_eq!(&serde_json::to_value(&read).unwrap(), printed);
    assert_eq!(read.display.unwrap().len(), 2);
    assert!(parse(&json!({"vct": "urn:a"})).is_ok());
}

// Clauses: SDVC-4.2-01, SDVC-4.2-02
#[test]
fn a_document_is_an_object_with_a_type() {
    for wrong in
        ["[]", "\"urn:a\"", "null", "{}", r#"{"vct":1}"#, r#"{"vct":"urn:a","vct":"urn:b"}"#, "{", ""]
    {
        assert!(matches!(TypeMetadata::parse(wrong.as_bytes()), Err(DocumentError::Json(_))), "{wrong}");
    }
    assert_eq!(parse(&json!({"vct": ""})), Err(DocumentError::EmptyType));
    let large = json!({"vct": "urn:a", "name": "a".repeat(256 * 1024)});
    assert_eq!(parse(&large), Err(DocumentError::TooLarge));
}

// Clauses: SDVC-4.2-09, SDVC-4.2-10
#[test]
fn what_is_not_understood_is_passed_over() {
    let more = json!({
        "vct": "urn:a", "x": 1, "claims": [{"path": ["a"], "x": {}}],
        "display": [{"locale": "en", "name": "A", "x": 1, "rendering": {"hologram": {}, "simple": {"x": 1}}}],
    });
    assert!(parse(&more).is_ok());
}

// Clauses: SDVC-4.5.1.1-01, SDVC-4.5.1.1-02, SDVC-4.5.1.1-03, SDVC-4.5.1.1-04, SDVC-4.5.1.1.1-01,
// SDVC-4.5.1.1.1-02, SDVC-4.5.1.1.1-03, SDVC-4.5.1.1.2-01, SDVC-4.5.1.1.2-02, SDVC-4.5.1.2-01, SDVC-4.5.1.2-02,
// SDVC-4.5.1.2-03, SDVC-4.5.1.2-04, SDVC-4.5.1.2.1-02, SDVC-4.6.2-03, SDVC-4.6.2-04, SDVC-4.6.2-05
#[test]
fn displays_have_what_they_must_have() {
    let shown = |display: Value| parse(&json!({"vct": "urn:a", "display": [display]}));
    let drawn = |rendering: Value| shown(json!({"locale": "en", "name": "A", "rendering": rendering}));
    assert!(drawn(json!({"simple": {}})).is_ok());
    assert!(drawn(json!({"svg_templates": [{"uri": "https://a.example/a.svg"}]})).is_ok());
    for wrong in [
        shown(json!({"name": "A"})),
        shown(json!({"locale": "en"})),
        shown(json!({"lang": "en", "name": "A"})),
        drawn(json!({"simple": []})),
        drawn(json!({"simple": {"logo": {"alt_text": "a"}}})),
        drawn(json!({"simple": {"background_image": {}}})),
        drawn(json!({"svg_templates": {"uri": "https://a.example"}})),
        drawn(json!({"svg_templates": [{"properties": {"contrast": "high"}}]})),
        drawn(json!({"svg_templates": [{"uri": "https://a.example", "properties": {"contrast": "low"}}]})),
        parse(&claims(&json!([{"path": ["a"], "display": [{"locale": "en"}]}]))),
        parse(&claims(&json!([{"path": ["a"], "display": [{"label": "A"}]}]))),
    ] {
        assert!(matches!(wrong, Err(DocumentError::Json(_))), "{wrong:?}");
    }
    let one = json!({"uri": "https://a.example/1", "properties": {"contrast": "high"}});
    let nameless = json!({"uri": "https://a.example/2"});
    let empty = json!({"uri": "https://a.example/2", "properties": {}});
    for templates in [json!([one, nameless]), json!([one, empty]), json!([empty])] {
        assert_eq!(drawn(json!({"svg_templates": templates})), Err(DocumentError::TemplateProperties));
    }
    for rendering in [
        json!({"simple": {"logo": {"uri": "https://a.example", "uri#integrity": "sha256-"}}}),
        json!({"simple": {"background_image": {"uri": "https://a.example", "uri#integrity": "md5-AA"}}}),
        json!({"svg_templates": [{"uri": "https://a.example", "uri#integrity": "x"}]}),
    ] {
        assert_eq!(drawn(rendering), Err(DocumentError::Integrity));
    }
}

// Clauses: SDVC-4.6-02, SDVC-4.6-06, SDVC-4.6-07, SDVC-4.6-09, SDVC-4.6.1-01
#[test]
fn claims_have_what_they_must_have() {
    assert!(
        parse(&claims(&json!([{"path": ["a", null, 0, "b"], "mandatory": true, "sd": "never"}]))).is_ok()
    );
    for wrong in [
        json!([{"sd": "always"}]),
        json!([{"path": []}]),
        json!([{"path": "a"}]),
        json!([{"path": ["a", -1]}]),
        json!([{"path": ["a", 1.5]}]),
        json!([{"path": ["a", true]}]),
        json!([{"path": ["a"], "sd": "sometimes"}]),
        json!([{"path": ["a"], "mandatory": "true"}]),
        json!({"path": ["a"]}),
    ] {
        assert!(matches!(parse(&claims(&wrong)), Err(DocumentError::Json(_))), "{wrong}");
    }
    assert_eq!(parse(&claims(&json!([{"path": ["a"]}, {"path": ["a"]}]))), Err(DocumentError::SamePath));
    for (id, good) in [("a", true), ("_a1", true), ("1a", false), ("a-b", false), ("", false), ("é", false)]
    {
        let parsed = parse(&claims(&json!([{"path": ["a"], "svg_id": id}])));
        assert_eq!(parsed.is_ok(), good, "{id}");
    }
    let twice = json!([{"path": ["a"], "svg_id": "a"}, {"path": ["b"], "svg_id": "a"}]);
    assert_eq!(parse(&claims(&twice)), Err(DocumentError::SvgId));
}

// Clauses: SDVC-4.3-02, SDVC-5-01, SDVC-5-02, SDVC-5-03
#[test]
fn integrity_by_the_strongest_function() {
    let good = Integrity::of(b"abc").to_string();
    assert_eq!(good, "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    let parse = |text: &str| Integrity::parse(text);
    for same in [
        good.clone(),
        good.replace('=', ""),
        good.replace('+', "-").replace('/', "_"),
        format!("{good}?ct=application/json"),
        format!("  {good}\tsha256-{}=", "A".repeat(43)),
        format!("md5-xxx {good}"),
    ] {
        assert!(parse(&same).unwrap().matches(b"abc"), "{same}");
        assert!(!parse(&same).unwrap().matches(b"abd"), "{same}");
    }
    // A weaker hash that fits does not help when there is a stronger one that does not.
    let stronger = format!("{good} sha512-{}==", "A".repeat(86));
    assert!(!parse(&stronger).unwrap().matches(b"abc"));
    assert_eq!(parse(""), Err(IntegrityError::NoKnownFunction));
    assert_eq!(parse("sha1-AAAA md5-AAAA"), Err(IntegrityError::NoKnownFunction));
    for wrong in ["sha256", "sha256-", "sha256-*", "sha256-?"] {
        assert_eq!(parse(wrong), Err(IntegrityError::Malformed), "{wrong}");
    }
    for other in ["sha256-AAAA", "sha384-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="] {
        assert!(!parse(other).unwrap().matches(b"abc"), "{other}");
    }
    assert_eq!(parse(&vec![good.clone(); 9].join(" ")), Err(IntegrityError::TooMany));
    // As printed in the draft, a few characters short: nothing matches it, and the document is one all the same.
    let printed = "sha256-9cLlJNXN+TsMk+PmKjZ5t0WRL5ca/xGgX3c1ULmXfh=";
    assert!(parse(printed).is_ok());
    let alone = json!({"vct": "urn:a", "extends#integrity": good_integrity()});
    assert_eq!(self::parse(&alone), Err(DocumentError::IntegrityOfNothing));
    let broken = json!({"vct": "urn:a", "extends": "urn:b", "extends#integrity": "sha256-*"});
    assert_eq!(self::parse(&broken), Err(DocumentError::Integrity));
}

fn good_integrity() -> String {
    Integrity::of(b"abc").to_string()
}

// Clauses: SDVC-4.4-01, SDVC-4.4-02, SDVC-4.6.5-01
#[test]
fn the_printed_child_inherits() {
    let vectors = vectors("sd-jwt-vc/type_metadata.json");
    let both = [vectors["figure_21_child"].clone(), vectors["figure_20_base"].clone()];
    let effective = merge(&both).unwrap();
    let claims = serde_json::to_value(effective.claims()).unwrap();
    assert_eq!(claims, vectors["figure_22_effective"]["claims"]);
    let [child, base] = both;
    assert_eq!(effective.types(), [child["vct"].as_str().unwrap(), base["vct"].as_str().unwrap()]);
    assert_eq!(merge(std::slice::from_ref(&child)), Err(InheritanceError::Unlinked));
    assert_eq!(merge(&[base.clone(), child]), Err(InheritanceError::Unlinked));
    assert_eq!(merge(&[]), Err(InheritanceError::Nothing));
}

#[test]
fn the_nearest_display_counts_as_a_whole() {
    let shown = |vct: &str, extends: &str, display: Value| {
        let mut document = json!({"vct": vct, "extends": extends, "display": display});
        let members = document.as_object_mut().unwrap();
        members.retain(|_, value| *value != "" && !value.is_null());
        document
    };
    let far = shown("urn:c", "", json!([{"locale": "en", "name": "C"}, {"locale": "de", "name": "C"}]));
    let near = shown("urn:b", "urn:c", json!([{"locale": "en", "name": "B"}]));
    let own = shown("urn:a", "urn:b", Value::Null);
    let effective = merge(&[own, near, far.clone()]).unwrap();
    assert_eq!(effective.display().len(), 1);
    assert_eq!(effective.display()[0].name, "B");
    // An empty display of one's own is one, too.
    let bare = shown("urn:a", "urn:c", json!([]));
    assert!(merge(&[bare, far]).unwrap().display().is_empty());
}

// Clauses: SDVC-4.6.5.1-01, SDVC-4.6.5.1-02, SDVC-4.6.5-01
#[test]
fn what_a_type_has_decided_its_children_keep() {
    let of = |vct: &str, extends: Option<&str>, claim: Value| json!({"vct": vct, "extends": extends, "claims": [claim]});
    let try_it = |base: Value, child: Value| {
        merge(&[of("urn:a", Some("urn:b"), child), of("urn:b", None, base)])
            .map(|effective| effective.claims()[0].clone())
    };
    let claim = |sd: &str| json!({"path": ["a"], "sd": sd});
    for (base, child, good) in [
        ("always", "always", true),
        ("always", "never", false),
        ("always", "allowed", false),
        ("never", "always", false),
        ("never", "allowed", false),
        ("never", "never", true),
        ("allowed", "always", true),
        ("allowed", "never", true),
    ] {
        let merged = try_it(claim(base), claim(child));
        let expected =
            if good { Ok(()) } else { Err(InheritanceError::SelectiveDisclosure(path(r#"["a"]"#))) };
        assert_eq!(merged.map(drop), expected, "{base} {child}");
    }
    let mandatory = |value: Value| json!({"path": ["a"], "mandatory": value});
    assert_eq!(
        try_it(mandatory(json!(true)), mandatory(json!(false))),
        Err(InheritanceError::Mandatory(path(r#"["a"]"#)))
    );
    assert_eq!(try_it(mandatory(json!(false)), mandatory(json!(true))).unwrap().mandatory, Some(true));
    // What a child says nothing about, it inherits; what it does say, it says as a whole.
    let base = json!({"path": ["a"], "sd": "never", "mandatory": true, "svg_id": "a",
        "display": [{"locale": "en", "label": "A"}, {"locale": "de", "label": "A"}]});
    let child = json!({"path": ["a"], "display": [{"locale": "fr", "label": "A"}]});
    let merged = serde_json::to_value(try_it(base, child.clone()).unwrap()).unwrap();
    assert_eq!(merged["display"], child["display"]);
    assert_eq!(
        (&merged["sd"], &merged["mandatory"], &merged["svg_id"]),
        (&json!("never"), &json!(true), &json!("a"))
    );
    let clash = merge(&[
        of("urn:a", Some("urn:b"), json!({"path": ["b"], "svg_id": "a"})),
        of("urn:b", None, json!({"path": ["a"], "svg_id": "a"})),
    ]);
    assert_eq!(clash, Err(InheritanceError::SvgId));
}

// Clauses: SDVC-4.5-01, SDVC-4.5-02, SDVC-4.6.2-01, SDVC-4.6.2-02, SDVC-4.5.1.2.1-01, SDVC-4.5.1.2.1-03,
// SDVC-4.5.1.2.1-04, SDVC-4.5.1.2.1-05
#[test]
fn the_language_and_the_template_that_fit_best() {
    let displays: Vec<TypeDisplay> = serde_json::from_value(json!([
        {"locale": "en-US", "name": "1"}, {"locale": "de-DE", "name": "2"}, {"locale": "de-AT", "name": "3"},
    ]))
    .unwrap();
    let name = |languages: &[&str]| {
        in_language(&displays, |display| &display.locale, languages).map(|display| display.name.as_str())
    };
    assert_eq!(name(&["DE-at"]), Some("3"));
    assert_eq!(name(&["de"]), Some("2"));
    assert_eq!(name(&["fr", "de-CH"]), Some("2"));
    assert_eq!(name(&["fr"]), Some("1"));
    assert_eq!(name(&[]), Some("1"));

    let display: TypeDisplay = serde_json::from_value(json!({"locale": "en", "name": "A", "rendering": {"svg_templates": [
        {"uri": "1", "properties": {"orientation": "landscape"}},
        {"uri": "2", "properties": {"orientation": "landscape", "color_scheme": "dark", "contrast": "high"}},
        {"uri": "3", "properties": {"orientation": "portrait"}},
    ]}}))
    .unwrap();
    let best = |orientation, color_scheme| {
        let wishes = TemplateProperties { orientation, color_scheme, contrast: None };
        display.best_template(wishes).map(|template| template.uri.as_str())
    };
    assert_eq!(best(Some(Orientation::Portrait), None), Some("3"));
    assert_eq!(best(Some(Orientation::Landscape), Some(ColorScheme::Dark)), Some("2"));
    assert_eq!(best(Some(Orientation::Landscape), Some(ColorScheme::Light)), Some("1"));
    assert_eq!(best(None, None), Some("1"));
}

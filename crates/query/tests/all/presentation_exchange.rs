//! Presentation Exchange: the public fixtures, matching, requirements, submissions, translations, limits.

#![expect(clippy::needless_pass_by_value, reason = "values are written where they are used")]

use credenza_query::presentation_exchange::{
    Defect, DefinitionError, Filter, JsonPath, MAX_DESCRIPTORS, MAX_FILTER_DEPTH, Mapping, Mismatch,
    PresentationDefinition, PresentationSubmission, SubmissionEntry, SubmissionError, from_dcql, to_dcql,
};
use credenza_query::{Candidate, Format, Presented};
use serde_json::{Map, Value, json};

use crate::support::{mdoc, query, sd_jwt, vector, vectors};

fn definition(value: &Value) -> PresentationDefinition {
    PresentationDefinition::parse(value).unwrap()
}

fn refused(value: &Value) -> DefinitionError {
    PresentationDefinition::parse(value).unwrap_err()
}

/// A definition with one descriptor of these constraints.
fn constrained(constraints: Value) -> Value {
    json!({ "id": "d", "input_descriptors": [{ "id": "one", "constraints": constraints }] })
}

fn field(path: &str, filter: Value) -> Value {
    json!({ "path": [path], "filter": filter })
}

/// As many descriptors as names, each wanting a claim of that name, in these groups.
fn grouped(descriptors: &[(&str, &[&str])], requirements: Value) -> Value {
    let descriptor = |(id, groups): &(&str, &[&str])| json!({ "id": id, "group": groups, "constraints": { "fields": [{ "path": [format!("$.{id}")] }] } });
    json!({
        "id": "d",
        "input_descriptors": descriptors.iter().map(descriptor).collect::<Vec<_>>(),
        "submission_requirements": requirements,
    })
}

fn jwt_vc(claims: &Value) -> Candidate<'_> {
    Candidate { format: "jwt_vc_json", ..sd_jwt("VerifiableCredential", claims) }
}

#[test]
fn every_definition_of_the_specification_is_read() {
    let mut read = 0;
    for version in ["latest", "v2.0.0"] {
        let folder = format!("presentation-exchange/{version}/presentation-definition");
        for (name, file) in vectors(&folder, ".json") {
            // Two of the files are an input descriptor by itself.
            let value = match file.get("presentation_definition") {
                Some(definition) => definition.clone(),
                None => json!({ "id": "around", "input_descriptors": [file] }),
            };
            let parsed = PresentationDefinition::parse(&value).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(serde_json::to_value(&parsed).unwrap(), value, "{name}");
            read += 1;
        }
    }
    assert_eq!(read, 23);
}

#[test]
fn definitions_of_the_first_version_are_not_half_understood() {
    for (name, file) in vectors("presentation-exchange/v1.0.0/presentation-definition", "_example.json") {
        let value = file.get("presentation_definition").cloned();
        let value = value.unwrap_or_else(|| json!({ "id": "around", "input_descriptors": [file] }));
        if value.to_string().contains("\"schema\":") {
            assert_eq!(refused(&value).defect, Defect::EarlierVersion, "{name}");
        }
    }
    let sample = vector("presentation-exchange/sample-credentials/presentation_definition.json");
    assert!(refused(&sample).to_string().starts_with("presentation_definition."));
}

#[test]
fn every_submission_requirement_of_the_specification_is_read() {
    let descriptors: Vec<Value> = ["A", "B", "C", "D"]
        .iter()
        .flat_map(|group| {
            [1, 2].map(
                |n| json!({ "id": format!("{group}{n}"), "group": [group], "constraints": { "fields": [] } }),
            )
        })
        .collect();
    let files = vectors("presentation-exchange/latest/submission-requirements", "example.json");
    assert_eq!(files.len(), 5);
    for (name, file) in files {
        let requirements = &file["submission_requirements"];
        let read = definition(&json!({
            "id": "d", "input_descriptors": descriptors, "submission_requirements": requirements
        }));
        assert_eq!(read.submission_requirements.len(), requirements.as_array().unwrap().len(), "{name}");
    }
}

#[test]
fn submissions_of_the_specification_are_read() {
    let mut read = 0;
    for (_, file) in vectors("presentation-exchange/latest/presentation-submission", ".json") {
        let place = [&file["presentation_submission"], &file["vp"]["presentation_submission"]];
        for value in place.into_iter().filter(|value| value.is_object()) {
            let submission = PresentationSubmission::parse(value).unwrap();
            assert_eq!(serde_json::to_value(&submission).unwrap(), *value);
            read += 1;
        }
    }
    assert_eq!(read, 5);
    let nested =
        vector("presentation-exchange/latest/presentation-submission/nested_submission_example.json");
    let nested = PresentationSubmission::parse(&nested["presentation_submission"]).unwrap();
    assert_eq!(nested.descriptor_map[0].chain().count(), 3);
}

#[test]
fn the_bank_account_of_the_specification() {
    let file = vector("presentation-exchange/latest/presentation-definition/multi_group_example.json");
    let asked = definition(&file["presentation_definition"]);
    let account = json!({
        "credentialSchema": { "id": "https://bank-schemas.org/1.0.0/accounts.json" },
        "issuer": "did:example:123",
        "credentialSubject": { "account": [{ "id": "DE89 3704 0044 0532 0130 00", "route": "123456789" }] },
    });
    let job = json!({
        "credentialSchema": "https://business-standards.org/schemas/employment-history.json",
        "jobs": [{ "active": true }],
    });
    let licence = json!({
        "credentialSchema": { "id": "https://schema.eu/claims/DriversLicense.json" },
        "issuer": "did:example:gov1",
        "credentialSubject": { "dob": "1990-02-28" },
    });
    let all = [jwt_vc(&account), sd_jwt("job", &job), jwt_vc(&licence)];
    let matching = asked.matching(&all);
    let chosen: Vec<_> = matching.selection().unwrap().iter().map(|one| one.descriptor.id.clone()).collect();
    assert_eq!(chosen, ["banking_input_2", "employment_input", "drivers_license_input_1"]);
    // Without the licence one requirement is open, and the one who is closest is spoken of.
    let two = all[..2].to_vec();
    let matching = asked.matching(&two);
    assert!(matching.selection().is_none());
    let words: Vec<_> = matching.unmet().iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), 1);
    assert!(words[0].starts_with("requirement 3 can't be met: for 'drivers_license_input_"), "{words:?}");
    // A date that is none.
    let wrong = json!({
        "credentialSchema": { "id": "https://schema.eu/claims/DriversLicense.json" },
        "issuer": "did:example:gov1", "credentialSubject": { "dob": "28.2.1990" },
    });
    let matching = asked.matching(&[jwt_vc(&wrong)]);
    let miss = &matching.descriptors[3].misses[0].mismatch;
    assert_eq!(*miss, Mismatch::Fields { missing: vec![], other_value: vec![2] });
}

#[test]
fn references_in_a_filter_lead_to_its_definitions() {
    let file = vector("presentation-exchange/latest/presentation-definition/pd_filter2.json");
    let asked = definition(&file["presentation_definition"]);
    let terms = |scheme: &str| {
        json!({
            "termsOfUse": [{ "type": ["https://train.trust-scheme.de/info"], "trustScheme": scheme }],
            "type": ["VerifiableCredential", "creditCard"],
        })
    };
    let (good, bad) = (terms("worldbankfederation.com"), terms("somebody.example"));
    assert!(asked.matching(&[jwt_vc(&good)]).satisfiable());
    assert!(!asked.matching(&[jwt_vc(&bad)]).satisfiable());
}

#[test]
fn no_more_is_disclosed_than_the_fields() {
    let asked = definition(&constrained(json!({
        "limit_disclosure": "required",
        "fields": [
            { "path": ["$.nothing", "$.given_name"] },
            { "path": ["$.degrees[*].name"], "filter": { "const": "BSc" } },
            { "path": ["$.nickname"], "optional": true },
            { "path": ["$.email"], "optional": true, "filter": { "const": "x" } },
        ],
    })));
    let claims = json!({
        "given_name": "Erika", "family_name": "M", "nickname": "E", "email": "y",
        "degrees": [{ "name": "BSc" }, { "name": "MSc" }],
    });
    let candidates = [sd_jwt("v", &claims), jwt_vc(&claims)];
    let matching = asked.matching(&candidates);
    let found = &matching.descriptors[0];
    let paths =
        |paths: &[credenza_query::ClaimsPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(paths(&found.matches[0].disclose), ["degrees[0].name", "given_name"]);
    assert_eq!(paths(&found.matches[0].optional), ["nickname"]);
    // A signed W3C credential is shown whole or not at all.
    assert_eq!(found.misses[0].mismatch, Mismatch::Undividable);
}

#[test]
fn an_mdoc_is_asked_for_by_its_document_type() {
    let mut asked = constrained(json!({
        "limit_disclosure": "required",
        "fields": [{ "path": ["$['org.iso.18013.5.1']['family_name']"], "intent_to_retain": false }],
    }));
    asked["input_descriptors"][0]["id"] = "org.iso.18013.5.1.mDL".into();
    asked["input_descriptors"][0]["format"] = json!({ "mso_mdoc": { "alg": ["ES256"] } });
    let asked = definition(&asked);
    let claims = json!({ "org.iso.18013.5.1": { "family_name": "M" } });
    let matching = asked.matching(&[
        mdoc("org.iso.18013.5.1.mDL", &claims),
        mdoc("other", &claims),
        sd_jwt("v", &claims),
    ]);
    let found = &matching.descriptors[0];
    assert_eq!(found.matches[0].disclose[0].to_string(), "org.iso.18013.5.1.family_name");
    let misses: Vec<_> = found.misses.iter().map(|miss| miss.mismatch.clone()).collect();
    assert_eq!(misses, [Mismatch::DocumentType, Mismatch::Format]);
}

#[test]
fn paths_are_written_for_the_payload_of_a_jwt() {
    let claims = json!({ "issuer": { "id": "did:x" }, "credentialSubject": { "dob": "2000-01-01" } });
    let asked = definition(&constrained(json!({ "fields": [
        { "path": ["$.vc.credentialSubject.dob"] },
        field("$.iss", json!({ "const": "did:x" })),
    ] })));
    assert!(asked.matching(&[jwt_vc(&claims)]).satisfiable());
    assert!(!asked.matching(&[sd_jwt("v", &claims)]).satisfiable());
}

#[test]
fn features_that_are_insisted_on_and_not_known_are_never_met() {
    let claims = json!({ "age": 20 });
    for constraints in [
        json!({ "subject_is_issuer": "required" }),
        json!({ "is_holder": [{ "field_id": ["a"], "directive": "required" }] }),
        json!({ "same_subject": [{ "field_id": ["a"], "directive": "required" }] }),
        json!({ "statuses": { "suspended": { "directive": "required" } } }),
        json!({ "fields": [{ "path": ["$.age"], "filter": { "minimum": 18 }, "predicate": "required" }] }),
    ] {
        let asked = definition(&constrained(constraints));
        let matching = asked.matching(&[sd_jwt("v", &claims)]);
        assert!(matching.unmet()[0].to_string().ends_with("is insisted on, which is not supported"));
    }
    let preferred = json!({
        "subject_is_issuer": "preferred",
        "fields": [{ "path": ["$.age"], "filter": { "minimum": 18 }, "predicate": "preferred" }],
    });
    assert!(definition(&constrained(preferred)).matching(&[sd_jwt("v", &claims)]).satisfiable());
}

#[test]
fn all_and_pick() {
    let three: &[(&str, &[&str])] = &[("a", &["G"]), ("b", &["G"]), ("c", &["H"])];
    let chosen = |requirements: Value, there: &[&str]| {
        let asked = definition(&grouped(three, requirements));
        let claims: Vec<Value> = there.iter().map(|name| json!({ *name: 1 })).collect();
        let candidates: Vec<_> = claims.iter().map(|claims| sd_jwt("v", claims)).collect();
        let matching = asked.matching(&candidates);
        assert_eq!(matching.selection().is_none(), !matching.unmet().is_empty());
        matching.selection().map(|all| all.iter().map(|one| one.descriptor.id.clone()).collect::<String>())
    };
    let some = |text: &str| Some(text.to_owned());
    let pick = |more: Value| {
        let mut requirement = json!({ "rule": "pick", "from": "G" });
        requirement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([requirement])
    };
    assert_eq!(chosen(json!([{ "rule": "all", "from": "G" }]), &["a", "b", "c"]), some("ab"));
    assert_eq!(chosen(json!([{ "rule": "all", "from": "G" }]), &["a", "c"]), None);
    assert_eq!(chosen(pick(json!({ "count": 1 })), &["b", "a"]), some("a"));
    assert_eq!(chosen(pick(json!({ "count": 2 })), &["b"]), None);
    assert_eq!(chosen(pick(json!({ "min": 1, "max": 2 })), &["b"]), some("b"));
    assert_eq!(chosen(pick(json!({})), &["b"]), some("b"));
    let nested = json!([{ "rule": "pick", "count": 1, "from_nested": [
        { "rule": "all", "from": "G" }, { "rule": "all", "from": "H" }
    ] }]);
    assert_eq!(chosen(nested.clone(), &["a", "c"]), some("c"));
    assert_eq!(chosen(nested.clone(), &["a", "b", "c"]), some("ab"));
    // The smallest part that is lacking: one credential and not two.
    let asked = definition(&grouped(three, nested));
    let words = asked.matching(&[]).unmet().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(words, ["requirement 1 can't be met: for 'c' there is no credential of an accepted format"]);
    // One that is picked for both would be one too many for the second.
    let conflict = json!([{ "rule": "all", "from": "G" }, { "rule": "pick", "count": 1, "from": "G" }]);
    assert_eq!(chosen(conflict, &["a", "b"]), None);
}

#[test]
fn rules_of_definitions() {
    let one = |change: fn(&mut Value)| {
        let mut value = grouped(&[("a", &["G"]), ("b", &["G"])], json!([{ "rule": "all", "from": "G" }]));
        change(&mut value);
        refused(&value)
    };
    for (change, at, defect) in [
        ((|v| drop(v.as_object_mut().unwrap().remove("id"))) as fn(&mut Value), "id", Defect::Missing),
        (|v| v["id"] = json!(1), "id", Defect::Expected("a string")),
        (|v| v["input_descriptors"] = json!({}), "input_descriptors", Defect::Expected("an array")),
        (|v| v["input_descriptors"][1]["id"] = json!("a"), "input_descriptors[1].id", Defect::Repeated),
        (
            |v| v["input_descriptors"][0]["constraints"] = json!({}),
            "input_descriptors[0].constraints",
            Defect::Empty,
        ),
        (
            |v| v["input_descriptors"][0]["constraints"]["fields"][0]["path"] = json!([]),
            "input_descriptors[0].constraints.fields[0].path",
            Defect::Empty,
        ),
        (
            |v| v["input_descriptors"][0]["constraints"]["fields"][0]["predicate"] = json!("required"),
            "input_descriptors[0].constraints.fields[0].predicate",
            Defect::PredicateWithoutFilter,
        ),
        (|v| v["submission_requirements"][0]["rule"] = json!("any"), "submission_requirements[0].rule", {
            Defect::Expected("all or pick")
        }),
        (|v| v["submission_requirements"][0]["from"] = json!("X"), "submission_requirements[0].from", {
            Defect::UnknownGroup
        }),
        (|v| v["submission_requirements"][0]["from_nested"] = json!([]), "submission_requirements[0]", {
            Defect::Source
        }),
        (
            |v| v["submission_requirements"] = json!([{ "rule": "pick", "from": "G", "count": 0 }]),
            "submission_requirements[0].count",
            Defect::Expected("greater than zero"),
        ),
        (
            |v| v["submission_requirements"] = json!([{ "rule": "pick", "from": "G", "count": 3 }]),
            "submission_requirements[0]",
            Defect::Number,
        ),
        (
            |v| v["submission_requirements"] = json!([{ "rule": "pick", "from": "G", "min": 2, "max": 1 }]),
            "submission_requirements[0]",
            Defect::Number,
        ),
    ] {
        let error = one(change);
        assert_eq!(
            (error.at.as_str(), error.defect),
            (format!("presentation_definition.{at}").as_str(), defect)
        );
        assert_eq!(error.code(), "invalid_request");
    }
}

#[test]
fn filters() {
    let accepts = |filter: Value, value: Value| Filter::parse(&filter).unwrap().accepts(&value);
    assert!(accepts(json!({ "type": "integer", "minimum": 18 }), json!(18)));
    assert!(accepts(json!({ "const": 1 }), json!(1.0)));
    assert!(!accepts(json!({ "exclusiveMinimum": 18 }), json!(18)));
    assert!(!accepts(json!({ "maximum": 3 }), json!(18_446_744_073_709_551_615_u64)));
    assert!(!accepts(json!({ "not": { "enum": ["a", "b"] } }), json!("a")));
    assert!(accepts(json!({ "oneOf": [{ "const": "a" }, { "type": "number" }] }), json!("a")));
    assert!(!accepts(json!({ "oneOf": [{ "type": "string" }, { "const": "a" }] }), json!("a")));
    assert!(!accepts(json!({ "type": "string", "minLength": 2 }), json!("ä")));
    assert!(!accepts(json!({ "type": "array", "items": { "type": "string" } }), json!(["a", 1])));
    assert!(!accepts(json!({ "minItems": 2 }), json!([1])));
    let of_age = json!({ "type": "string", "format": "date", "formatMaximum": "2008-11-24" });
    assert!(accepts(of_age.clone(), json!("2008-11-24")) && !accepts(of_age, json!("2008-11-25")));
    assert!(!accepts(json!({ "format": "date-time" }), json!("2020-01-01")));
    // What JSON Schema does not have says nothing; what it has and we have not is refused.
    assert!(accepts(json!({ "const": "a", "forrmatMaximum": "x" }), json!("a")));
    let refused = |filter: Value| Filter::parse(&filter).unwrap_err().defect;
    assert_eq!(refused(json!({ "anyOf": [{ "patternProperties": {} }] })), Defect::Assertion);
    assert_eq!(refused(json!({ "formatMinimum": "1999" })), Defect::Assertion);
    assert_eq!(refused(json!({ "type": "date" })), Defect::Expected("a type of JSON Schema"));
    assert_eq!(refused(json!({ "pattern": "(a)\\1" })), Defect::Pattern);
    assert_eq!(refused(json!({ "$ref": "https://evil.example/schema" })), Defect::Reference);
}

#[test]
fn limits_of_definitions() {
    let refused_filter = |filter: Value| Filter::parse(&filter).unwrap_err().defect;
    let endless = json!({ "$defs": { "a": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" });
    assert_eq!(refused_filter(endless), Defect::TooDeep(MAX_FILTER_DEPTH));
    // Each definition twice the one before it: a thousand million schemas in a few lines.
    let mut defs = Map::from_iter([("d0".to_owned(), json!({ "type": "string" }))]);
    for level in 1..=10 {
        let below = json!({ "$ref": format!("#/$defs/d{}", level - 1) });
        defs.insert(format!("d{level}"), json!({ "allOf": [below, below, below, below] }));
    }
    assert!(matches!(
        refused_filter(json!({ "$defs": defs, "$ref": "#/$defs/d5" })),
        Defect::TooMany(_) | Defect::TooDeep(_)
    ));
    let many: Vec<_> = (0..=MAX_DESCRIPTORS)
        .map(|n| json!({ "id": n.to_string(), "constraints": { "fields": [] } }))
        .collect();
    let error = refused(&json!({ "id": "d", "input_descriptors": many }));
    assert_eq!(error.defect, Defect::TooMany(MAX_DESCRIPTORS));
    let mut nested = json!({ "rule": "all", "from": "G" });
    for _ in 0..10 {
        nested = json!({ "rule": "all", "from_nested": [nested] });
    }
    let error = refused(&grouped(&[("a", &["G"])], json!([nested])));
    assert!(matches!(error.defect, Defect::TooDeep(_)));
    // Descendants of descendants of a wide claim: looked at for a while, and then not there.
    let path = JsonPath::parse("$..a..b..c..d").unwrap();
    let wide = json!({ "a": (0..20_000).map(|_| json!({ "b": [] })).collect::<Vec<_>>() });
    assert_eq!(path.select(&wide), None);
}

#[test]
fn json_paths() {
    let claims = json!({ "a": { "b c": [1, { "d": 2 }] }, "@type": "t", "it's": 3 });
    for (path, found) in [
        ("$.a['b c'][0]", json!(1)),
        ("$[\"a\"][\"b c\"][1].d", json!(2)),
        ("$..d", json!(2)),
        ("$.a.*[1].d", json!(2)),
        ("$.@type", json!("t")),
        ("$['it\\'s']", json!(3)),
    ] {
        assert_eq!(JsonPath::parse(path).unwrap().select(&claims), Some(&found), "{path}");
    }
    for path in
        ["", "a", "$.", "$..", "$.a[?(@.b)]", "$[0:2]", "$[0,1]", "$[-1]", "$['a", "$.a b", "$[(@.length-1)]"]
    {
        assert!(JsonPath::parse(path).is_err(), "{path}");
    }
    assert!(JsonPath::parse(&"$.a".replace(".a", &".a".repeat(17))).is_err());
}

#[test]
fn submissions_are_made_and_found_again() {
    let entry =
        |descriptor, format, enveloped| SubmissionEntry { descriptor, format, designation: None, enveloped };
    let formats = [Format::SdJwtVc, Format::Mdoc, Format::JwtVcJson, Format::LdpVc];
    let entries = [
        entry("a", &formats[0], true),
        entry("b", &formats[1], true),
        entry("c", &formats[2], true),
        entry("d", &formats[3], true),
    ];
    let several = PresentationSubmission::new("s".into(), "d".into(), &entries);
    let token = json!(["sd~", "mdoc", "jwt", { "type": ["VerifiablePresentation"] }]);
    let read = PresentationSubmission::parse(&serde_json::to_value(&several).unwrap()).unwrap();
    let found = read.resolve(&token).unwrap();
    let seen: Vec<_> = found.iter().map(|one| (one.descriptor, one.format, one.presentation)).collect();
    assert_eq!(
        seen,
        [
            ("a", "dc+sd-jwt", &token[0]),
            ("b", "mso_mdoc", &token[1]),
            ("c", "jwt_vc_json", &token[2]),
            ("d", "ldp_vc", &token[3]),
        ]
    );
    let alone = PresentationSubmission::new("s".into(), "d".into(), &entries[..1]);
    assert_eq!(alone.descriptor_map[0].path, "$");
    assert_eq!(alone.resolve(&json!("sd~")).unwrap().len(), 1);
    // Something that nobody speaks of, a place that is not there, and a part of a presentation.
    assert_eq!(alone.resolve(&json!(["x", "y"])).unwrap_err(), SubmissionError::Path);
    assert_eq!(several.resolve(&json!(["x"])).unwrap_err(), SubmissionError::Path);
    let part = |path: &str| PresentationSubmission {
        descriptor_map: vec![Mapping { path: path.to_owned(), ..alone.descriptor_map[0].clone() }],
        ..alone.clone()
    };
    assert_eq!(part("$.a").resolve(&json!({ "a": "x" })).unwrap_err(), SubmissionError::Path);
    assert_eq!(part("$[0]").resolve(&json!(["x", "y"])).unwrap_err(), SubmissionError::Unnamed);
    let mut other = serde_json::to_value(&several).unwrap();
    other["descriptor_map"][2]["path_nested"]["id"] = json!("a");
    assert_eq!(PresentationSubmission::parse(&other).unwrap_err(), SubmissionError::Id);
}

#[test]
fn a_verifier_checks_what_it_got() {
    let asked = definition(&grouped(
        &[("a", &["G"]), ("b", &["G"])],
        json!([{ "rule": "pick", "count": 1, "from": "G" }]),
    ));
    let claims = json!({ "a": 1 });
    let submission = |id: &str| PresentationSubmission::new("s".into(), id.into(), &[]);
    let presented = |id| Presented { id, credentials: vec![sd_jwt("v", &claims)] };
    let failed = |definition_id: &str, presented: &[Presented<'_>]| {
        let report = asked.check(&submission(definition_id), presented);
        report.first_failure().map(|check| check.rule.id)
    };
    assert_eq!(failed("d", &[presented("a")]), None);
    assert_eq!(failed("x", &[presented("a")]), Some("pe.submission.definition"));
    assert_eq!(failed("d", &[presented("a"), presented("z")]), Some("pe.descriptor.known"));
    assert_eq!(failed("d", &[presented("a"), presented("a")]), Some("pe.descriptor.once"));
    assert_eq!(failed("d", &[]), Some("pe.requirements"));
    let report = asked.check(&submission("d"), &[presented("b")]);
    assert!(report.find("pe.fields").is_some() && !report.ok());
    let asked = definition(&json!({
        "id": "d", "input_descriptors": [{
            "id": "a", "format": { "mso_mdoc": {} }, "constraints": { "fields": [{ "path": ["$['a']['b']"] }] },
        }],
    }));
    let report = asked.check(&submission("d"), &[presented("a")]);
    assert_eq!(report.parts[0].first_failure().unwrap().rule.id, "pe.format");
}

#[test]
fn definitions_and_queries_say_the_same() {
    let formats = |format: &Format| {
        let name = if *format == Format::SdJwtVc { "vc+sd-jwt" } else { format.as_str() };
        Map::from_iter([(name.to_owned(), json!({ "alg": ["ES256"] }))])
    };
    let asked = query(&json!({
        "credentials": [
            { "id": "pid", "format": "dc+sd-jwt", "meta": { "vct_values": ["urn:pid"] }, "claims": [
                { "path": ["given_name"] }, { "path": ["age", "18"], "values": [true] },
                { "path": ["nationalities", null], "values": ["DE", "FR"] },
            ] },
            { "id": "mdl", "format": "mso_mdoc", "meta": { "doctype_value": "org.iso.18013.5.1.mDL" }, "claims": [
                { "path": ["org.iso.18013.5.1", "family_name"], "intent_to_retain": true },
            ] },
        ],
        "credential_sets": [{ "options": [["pid"], ["mdl"]] }],
    }));
    let said = from_dcql(&asked, "d", formats).unwrap();
    let definition = definition(&said);
    let back = to_dcql(&definition).unwrap();
    assert_eq!(back.descriptors, [0, 1]);
    let back = serde_json::to_value(&back.query).unwrap();
    assert_eq!(back["credentials"][0], serde_json::to_value(&asked).unwrap()["credentials"][0]);
    assert_eq!(back["credentials"][1]["id"], "org_iso_18013_5_1_mDL");
    assert_eq!(back["credential_sets"][0]["options"], json!([["pid"], ["org_iso_18013_5_1_mDL"]]));
    // And both find the same.
    let claims =
        json!({ "vct": "urn:pid", "given_name": "E", "age": { "18": true }, "nationalities": ["NL", "DE"] });
    assert!(asked.matching(&[sd_jwt("urn:pid", &claims)]).satisfiable());
    assert!(definition.matching(&[sd_jwt("urn:pid", &claims)]).satisfiable());
    let multiple = query(&json!({ "credentials": [
        { "id": "pid", "format": "dc+sd-jwt", "meta": { "vct_values": ["v"] }, "multiple": true }
    ] }));
    assert!(from_dcql(&multiple, "d", formats).is_err());
}

#[test]
fn what_dcql_can_not_say_is_not_said() {
    for constraints in [
        json!({ "fields": [field("$.age", json!({ "minimum": 18 }))] }),
        json!({ "fields": [field("$.vct", json!({ "type": "string", "pattern": "urn:" }))] }),
        json!({ "subject_is_issuer": "required" }),
        json!({ "fields": [{ "path": ["$..deep"] }] }),
    ] {
        assert!(to_dcql(&definition(&constrained(constraints.clone()))).is_err(), "{constraints}");
    }
    let several = definition(&constrained(json!({ "fields": [
        { "path": ["$.credentialSubject.dob", "$.vc.credentialSubject.dob", "$.credentialSubject.birth"] },
        field("$.type", json!({ "type": "array", "contains": { "const": "Licence" } })),
    ] })));
    let translated = to_dcql(&several).unwrap();
    assert!(translated.descriptors.iter().all(|position| *position == 0));
    let claims =
        json!({ "type": ["VerifiableCredential", "Licence"], "credentialSubject": { "birth": "x" } });
    assert!(translated.query.matching(&[jwt_vc(&claims)]).satisfiable());
}

//! Queries that are built, and drafts' queries that are translated.

use credenza_query::dcql::dialect;
use credenza_query::{Dcql, DcqlQuery, Meta, PathElement, Problem};
use serde_json::{Value, json};

use crate::parsing::full;
use crate::support::{query, sd_jwt};

#[test]
fn everything_can_be_built() {
    let built = Dcql::credential("pid")
        .sd_jwt(["urn:a", "urn:b"])
        .multiple()
        .trusted_authority("aki", ["AQI"])
        .without_holder_binding()
        .claim(["x"])
        .id("a")
        .values(["1"])
        .claim(["y".into(), PathElement::Index(0), PathElement::All])
        .id("b")
        .claim_set(["a", "b"])
        .claim_set(["b"])
        .credential("mdl")
        .mdoc("org.iso.18013.5.1.mDL")
        .claim(["org.iso.18013.5.1", "given_name"])
        .intent_to_retain(false)
        .credential("w3c")
        .ldp_vc([vec!["A", "B"], vec!["C"]])
        .credential("jwt")
        .jwt_vc([["A"]])
        .set([vec!["pid"], vec!["mdl", "w3c"]])
        .optional_set([["jwt"]])
        .build()
        .unwrap();
    let mut expected = full();
    expected["credentials"][0]["claims"][0]["values"] = json!(["1"]);
    expected["credentials"].as_array_mut().unwrap().pop();
    assert_eq!(serde_json::to_value(&built).unwrap(), expected);
}

// Clauses: VP-6.1-04, VP-6.1-12, VP-6.4.1-04
#[test]
fn mistakes_are_found_when_it_is_built() {
    let begun = || Dcql::credential("a").sd_jwt(["v"]);
    for (builder, at, problem) in [
        (Dcql::credential("a"), "credentials[0].format", Problem::Missing),
        (Dcql::credential("a b").sd_jwt(["v"]), "credentials[0].id", Problem::Identifier),
        (begun().credential("a").mdoc("d"), "credentials[1].id", Problem::Repeated),
        (Dcql::credential("a").sd_jwt([""]), "credentials[0].meta.vct_values[0]", Problem::Empty),
        (Dcql::credential("a").mdoc("d").claim(["x"]), "credentials[0].claims[0].path", Problem::MdocPath),
        (begun().claim(["x"]).claim(["x"]), "credentials[0].claims[1].path", Problem::DuplicateClaim),
        (begun().claim_set(["x"]), "credentials[0].claim_sets", Problem::SetsWithoutClaims),
        (begun().claim(["x"]).claim_set(["x"]), "credentials[0].claims[0].id", Problem::Missing),
        (begun().values(["x"]), "credentials[0].claims", Problem::Missing),
        (begun().set([["b"]]), "credential_sets[0].options[0][0]", Problem::UnknownReference),
        (
            begun().trusted_authority("aki", Vec::<String>::new()),
            "credentials[0].trusted_authorities[0].values",
            Problem::Empty,
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!((error.at.as_str(), error.problem), (format!("dcql_query.{at}").as_str(), problem));
    }
    let empty = begun().claim(Vec::<String>::new()).claim(["fine"]).build().unwrap_err();
    assert_eq!(empty.at, "dcql_query.credentials[0].claims[0].path");
    assert!(matches!(empty.problem, Problem::Path(_)));
}

#[test]
fn type_constraints_of_another_format_do_not_build() {
    let mut credentials = query(&full()).credentials().to_vec();
    credentials[1].meta = Meta::SdJwtVc { vct_values: vec!["v".into()] };
    assert_eq!(DcqlQuery::new(credentials.clone(), Vec::new()).unwrap_err().problem, Problem::OtherFormat);
    credentials[1].meta = Meta::Any {};
    assert_eq!(DcqlQuery::new(credentials, Vec::new()).unwrap_err().problem, Problem::OtherFormat);
}

#[test]
fn drafts_are_translated() {
    let draft = json!({"credentials": [
        {"id": "a", "format": "mso_mdoc", "claims": [{"namespace": "ns", "claim_name": "el"}], "meta": {"doctype_value": "d"}},
        {"id": "b", "format": "vc+sd-jwt"},
        {"id": "c", "format": "ldp_vc", "meta": {}},
        {"id": "d", "format": "vc+sd-jwt", "meta": {"type_values": [["T"]]}}
    ]});
    assert!(DcqlQuery::parse(&draft).is_err());
    let read = dialect::parse(&draft).unwrap();
    let claims = json!({});
    assert_eq!(read.credentials()[0].claims[0].path.to_string(), "ns.el");
    assert_eq!(
        (read.credentials()[1].format.as_str(), &read.credentials()[1].meta),
        ("dc+sd-jwt", &Meta::Any {})
    );
    assert_eq!(read.credentials()[2].meta, Meta::Any {});
    assert_eq!(read.credentials()[3].format.as_str(), "vc+sd-jwt");
    assert_eq!(read.matching(&[sd_jwt("anything", &claims)]).credential("b").unwrap().matches.len(), 1);
}

#[test]
fn a_query_of_the_final_text_is_its_own_translation() {
    assert_eq!(dialect::parse(&full()).unwrap(), query(&full()));
    for broken in [json!(null), json!({"credentials": [1]}), json!({"credentials": [{"id": "a"}]})] {
        assert!(dialect::parse(&broken).is_err());
    }
    let mut wrong: Value = full();
    wrong["credentials"][0]["meta"] = Value::Null;
    assert!(dialect::parse(&wrong).is_err());
}

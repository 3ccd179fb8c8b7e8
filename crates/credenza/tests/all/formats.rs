//! Credentials of every format between a service and a wallet, each a process of its own.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Service, good, good_json};

/// A type of credential that `init` writes, or one that is added to its folder.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    /// The file of the type, where `init` writes none.
    added: Option<Value>,
    pub(crate) claims: Value,
    /// What `show` has to say.
    shows: &'static [&'static str],
    pub(crate) query: Value,
    /// Where the verifier finds what it has asked for.
    pub(crate) learns: &'static str,
    /// Where there must be nothing.
    pub(crate) does_not_learn: Option<&'static str>,
}

impl Case {
    /// A type that `init` writes, of which nothing else is said.
    pub(crate) fn of(id: &'static str) -> Self {
        Self {
            id,
            added: None,
            claims: Value::Null,
            shows: &[],
            query: Value::Null,
            learns: "",
            does_not_learn: None,
        }
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let licence = json!({"org.iso.18013.5.1": {
        "family_name": "Mustermann", "given_name": "Erika", "birth_date": "1964-08-12", "age_over_18": true,
        "document_number": "B072", "driving_privileges": [{"vehicle_category_code": "B"}],
        "issue_date": "2024-08-12", "expiry_date": "2039-08-11", "issuing_authority": "Authority",
        "issuing_country": "UT", "un_distinguishing_sign": "UT", "portrait": "_9j_4AAQ",
    }});
    let pid = json!({"eu.europa.ec.eudi.pid.1": {
        "family_name": "Mustermann", "given_name": "Erika", "birth_date": "1964-08-12",
        "expiry_date": "2031-01-14", "issuing_authority": "Authority", "issuing_country": "DE",
    }});
    let diploma = json!({"credentialSubject": {
        "given_name": "Erika", "family_name": "Mustermann", "degree": {"name": "Magister"},
    }});
    let mdoc = |doctype: &str, namespace: &str, element: &str| {
        json!({"id": "q", "format": "mso_mdoc", "meta": {"doctype_value": doctype},
               "claims": [{"path": [namespace, element]}]})
    };
    let w3c = |format: &str| {
        json!({"id": "q", "format": format, "meta": {"type_values": [["DiplomaCredential"]]},
               "claims": [{"path": ["credentialSubject", "degree"]}]})
    };
    let v2 = |format: &str| {
        Some(json!({
            "id": format, "format": format,
            "credential_definition": {
                "@context": ["https://www.w3.org/ns/credentials/v2"],
                "type": ["VerifiableCredential", "DiplomaCredential"],
            },
        }))
    };
    // A credential with a proof over RDF has a meaning for each of its terms: those of a context of the issuer's own.
    let with_terms = v2("ldp_vc").map(|mut kind| {
        kind["credential_definition"]["@context"] = json!(["https://www.w3.org/ns/credentials/v2", TERMS]);
        kind
    });
    let w3c_case = |id: &'static str, added, does_not_learn| Case {
        id,
        added,
        claims: diploma.clone(),
        shows: &["Magister", "Mustermann"],
        query: w3c(if id == "diploma" { "jwt_vc_json" } else { id }),
        learns: "/credentialSubject/degree/name",
        does_not_learn,
    };
    vec![
        Case {
            id: "mdl",
            added: None,
            claims: licence,
            shows: &["Driving Licence", "Family name", "May drive › 1 › Vehicle category code", "mso_mdoc"],
            query: mdoc("org.iso.18013.5.1.mDL", "org.iso.18013.5.1", "age_over_18"),
            learns: "/org.iso.18013.5.1/age_over_18",
            does_not_learn: Some("/org.iso.18013.5.1/family_name"),
        },
        Case {
            id: "pid-mdoc",
            added: None,
            claims: pid,
            shows: &["Date of birth", "1964-08-12"],
            query: mdoc("eu.europa.ec.eudi.pid.1", "eu.europa.ec.eudi.pid.1", "given_name"),
            learns: "/eu.europa.ec.eudi.pid.1/given_name",
            does_not_learn: Some("/eu.europa.ec.eudi.pid.1/birth_date"),
        },
        w3c_case("diploma", None, None),
        w3c_case("vc+jwt", v2("vc+jwt"), None),
        w3c_case("vc+sd-jwt", v2("vc+sd-jwt"), Some("/credentialSubject/family_name")),
        Case {
            // Types are asked for by what the contexts make of them (OID4VP 1.0 §B.1.1).
            query: json!({"id": "q", "format": "ldp_vc",
                          "meta": {"type_values": [["https://issuer.example/terms#DiplomaCredential"]]},
                          "claims": [{"path": ["credentialSubject", "degree"]}]}),
            ..w3c_case("ldp_vc", with_terms, None)
        },
    ]
}

/// The URL of the issuer's own context, and its document.
const TERMS: &str = "https://issuer.example/terms/v1";
const TERMS_DOCUMENT: &str = r#"{"@context": {"@vocab": "https://issuer.example/terms#"}}"#;

/// A service with all of these types, and a wallet that knows it.
pub(crate) fn service_and_wallet(home: &str) -> Service {
    let mut service = Service::start();
    let types = service.folder.path().join("credential-types");
    for (number, added) in cases().into_iter().filter_map(|case| case.added).enumerate() {
        std::fs::write(types.join(format!("added-{number}.json")), added.to_string()).unwrap();
    }
    let terms = service.folder.path().join("terms.jsonld");
    std::fs::write(&terms, TERMS_DOCUMENT).unwrap();
    let file = service.folder.path().join("credenza.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{config}\n[contexts]\n\"{TERMS}\" = \"terms.jsonld\"\n")).unwrap();
    service.restart();
    // Who is trusted: the verifier, the issuer of mobile documents, and the one who is known by a DID.
    let wallet = |arguments: &[&str]| good(&[&["wallet", "--home", home], arguments].concat());
    let keys = service.folder.path().join("keys");
    let did = config.split('"').find(|text| text.starts_with("did:jwk:")).unwrap();
    for trusted in [keys.join("root.pem").to_str().unwrap(), keys.join("iaca.pem").to_str().unwrap(), did] {
        wallet(&["trust", "add", trusted]);
    }
    wallet(&["context", "add", TERMS, terms.to_str().unwrap()]);
    service
}

#[tokio::test]
async fn issue_hold_present_verify() {
    let home = tempfile::tempdir().unwrap();
    let service = service_and_wallet(home.path().to_str().unwrap());
    let wallet = |arguments: &[&str]| {
        good(&[&["wallet", "--home", home.path().to_str().unwrap()], arguments].concat())
    };
    assert_eq!(wallet(&["trust", "list"]).lines().count(), 3);
    assert_eq!(wallet(&["context", "list"]).trim(), TERMS);

    for case in cases() {
        let id = case.id;
        let offer = json!({"credentials": [{"type": id, "claims": case.claims}]});
        let (status, offer) = service.api(Method::POST, "/offers", Some(offer)).await;
        assert_eq!(status, 201, "{id}: {offer}");
        let link = offer["uri"].as_str().unwrap();
        let received: Value =
            serde_json::from_str(&wallet(&["accept", "--yes", link, "--copies", "2", "--json"])).unwrap();
        let held = received["credentials"][0]["id"].as_str().unwrap();
        let shown = wallet(&["show", held]);
        for text in case.shows {
            assert!(shown.contains(text), "{id}: no {text} in\n{shown}");
        }
        assert!(shown.contains("2 of 2 unused") && !shown.contains("nobody you trust"), "{id}:\n{shown}");

        let ask = json!({"dcql_query": {"credentials": [case.query]}, "response_mode": "direct_post.jwt"});
        let (status, asked) = service.api(Method::POST, "/presentations", Some(ask)).await;
        assert_eq!(status, 201, "{id}: {asked}");
        // W3C credentials as JWTs answer for each other: it is said which one.
        let chosen = format!("q={held}");
        wallet(&["present", "--yes", "--choose", &chosen, asked["uri"].as_str().unwrap()]);
        let session = format!("/presentations/{}", asked["id"].as_str().unwrap());
        let (_, report) = service.api(Method::GET, &format!("{session}/report"), None).await;
        assert_eq!(report["ok"], true, "{id}: {report}");
        let (_, result) = service.api(Method::POST, &format!("{session}/result"), Some(json!({}))).await;
        let claims = &result["presentations"][0]["claims"];
        assert!(claims.pointer(case.learns).is_some(), "{id}: {claims}");
        if let Some(place) = case.does_not_learn {
            assert!(claims.pointer(place).is_none(), "{id}: {claims}");
        }
        assert!(wallet(&["show", held]).contains("1 of 2 unused"), "{id}");
    }
    let listed = good_json(&["wallet", "--home", home.path().to_str().unwrap(), "list", "--json"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(cases().len()));
}

//! The person of the demonstration. Nobody of this name and address exists.

use credenza::core::b64;
use credenza::keys::identity::COUNTRY;
use serde_json::{Map, Value, json};

/// The name of the credential type that the demo issues.
pub(crate) const CONFIGURATION: &str = "pid";

/// The licence of the demonstration.
pub(crate) const LICENCE: &str = "mdl";

/// Its namespace.
pub(crate) const LICENCE_NAMESPACE: &str = "org.iso.18013.5.1";

/// The diploma of the demonstration.
pub(crate) const DIPLOMA: &str = "diploma";

const PORTRAIT: &[u8] = include_bytes!("portrait.jpg");

/// What the demo issues, with the claims of the person, in the order of the pages.
#[must_use]
pub(crate) fn all() -> Vec<(&'static str, Map<String, Value>)> {
    vec![
        (CONFIGURATION, claims()),
        (LICENCE, licence()),
        (DIPLOMA, diploma()),
        (
            "pid-mdoc",
            object(json!({"eu.europa.ec.eudi.pid.1": {
                "family_name": "Mustermann",
                "given_name": "Erika",
                "birth_date": "1964-08-12",
                "nationality": "DE",
                "age_over_18": true,
                "issuance_date": "2026-01-15",
                "expiry_date": "2031-01-14",
                "issuing_authority": "Demo Authority",
                "issuing_country": "DE",
            }})),
        ),
    ]
}

/// The claims of the demo's first credential.
#[must_use]
pub(crate) fn claims() -> Map<String, Value> {
    object(json!({
        "family_name": "Mustermann",
        "given_name": "Erika",
        "birthdate": "1964-08-12",
        "place_of_birth": {"locality": "Berlin"},
        "nationalities": ["DE"],
        "address": {
            "street_address": "Heidestraße 17",
            "postal_code": "51147",
            "locality": "Köln",
            "country": "DE",
        },
        "age_equal_or_over": {"18": true},
        "issuing_authority": "Demo Authority",
        "issuing_country": "DE",
    }))
}

/// A driving licence with everything that ISO/IEC 18013-5 makes mandatory.
#[must_use]
pub(crate) fn licence() -> Map<String, Value> {
    object(json!({LICENCE_NAMESPACE: {
        "family_name": "Mustermann",
        "given_name": "Erika",
        "birth_date": "1964-08-12",
        "age_over_18": true,
        "document_number": "B072RRE2I55",
        "driving_privileges": [
            {"vehicle_category_code": "B", "issue_date": "1982-09-01", "expiry_date": "2039-08-11"},
            {"vehicle_category_code": "AM"},
        ],
        "issue_date": "2024-08-12",
        "expiry_date": "2039-08-11",
        "issuing_authority": "Demo Authority",
        "issuing_country": COUNTRY,
        "un_distinguishing_sign": COUNTRY,
        "portrait": b64::encode(PORTRAIT),
    }}))
}

/// A university's diploma.
#[must_use]
pub(crate) fn diploma() -> Map<String, Value> {
    object(json!({"credentialSubject": {
        "given_name": "Erika",
        "family_name": "Mustermann",
        "degree": {
            "name": "Master of Arts",
            "institution": "Universität zu Köln",
            "awarded": "1989-07-14",
        },
    }}))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

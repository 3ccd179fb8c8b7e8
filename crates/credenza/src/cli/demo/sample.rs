//! The person of the demonstration. Nobody of this name and address exists.

use serde_json::{Map, Value, json};

/// The name of the credential type that the demo issues.
pub(crate) const CONFIGURATION: &str = "pid";

/// The claims of the demo's credential.
#[must_use]
pub(crate) fn claims() -> Map<String, Value> {
    let claims = json!({
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
    });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

//! Whatever is sent, it is the sender's mistake: no request makes a 500, and none goes without the headers of safety.

use std::sync::LazyLock;

use axum::body::Body;
use http::Request;
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::fixed;
use crate::world::{TOKEN, World};

static WORLD: LazyLock<World> = LazyLock::new(fixed);

/// Names that requests have, and some that they don't.
const NAMES: [&str; 22] = [
    "credentials",
    "type",
    "claims",
    "tx_code",
    "length",
    "code",
    "delivery",
    "expires_in",
    "correlation_id",
    "dcql_query",
    "query_id",
    "response_mode",
    "redirect_uri",
    "correlation_id",
    "text",
    "proofs",
    "jwt",
    "credential_configuration_id",
    "notification_id",
    "event",
    "id",
    "format",
];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["pid", "adult", "dc+sd-jwt", "direct_post", "by_value"])
            .prop_map(Value::from),
    ];
    let name = prop_oneof![prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), ".{0,8}"];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => json().prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec((prop::sample::select(NAMES.to_vec()), ".{0,12}"), 0..6).prop_map(|pairs| {
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn h05_h08_no_request_makes_a_fault(
        route in any::<prop::sample::Index>(),
        id in "[ -~]{0,24}",
        query in "[ -~]{0,24}",
        content_type in prop::sample::select(vec!["application/json", "application/x-www-form-urlencoded", "text/plain", "x"]),
        header in "[ -~]{0,24}",
        body in body(),
    ) {
        let table = WORLD.service.route_table();
        let route = route.get(&table);
        let escape = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let mut path = route.path.clone();
        for name in ["{id}", "{handle}", "{flow}", "{name}"] {
            path = path.replace(name, &escape(&id));
        }
        let bearer = format!("Bearer {TOKEN}");
        let request = Request::builder()
            .method(route.method.clone())
            .uri(format!("{path}?{}=x", escape(&query)))
            .header("content-type", content_type)
            .header("authorization", if route.admin { bearer.as_str() } else { header.as_str() })
            .header("dpop", &header)
            .header("cookie", format!("credenza={header}; __Host-credenza={header}"))
            .header("last-event-id", &header)
            .header("accept", "application/json")
            .body(Body::from(body))
            .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let got = runtime.block_on(WORLD.send(request));
        prop_assert!(got.status.as_u16() < 500, "{} {path}: {} {}", route.method, got.status, got.text());
        prop_assert_eq!(got.header("x-content-type-options"), "nosniff");
        if route.admin && got.status.is_client_error() {
            prop_assert_eq!(got.header("content-type"), "application/problem+json");
        }
    }
}

//! Queries that one node stores are asked with by the others, and pages that one node makes are served by all.

use http::{Method, Request};
use serde_json::{Value, json};

use crate::nodes::Nodes;
use crate::world::{answer, pid_request};

const SHOP: &str = "https://shop.example";

#[tokio::test(flavor = "multi_thread")]
async fn stored_queries_and_pages_are_those_of_all_nodes() {
    let with_shop = |_: &std::path::Path, text: String| {
        text.replace("[verifier]\n", &format!("[verifier]\nwebsites = [\"{SHOP}\"]\n"))
    };
    let Some(nodes) = Nodes::start_with(2, with_shop) else { return };
    let ask =
        async |node: usize, body: Value| nodes.api(node, Method::POST, "/presentations", Some(body)).await;
    assert_eq!(ask(1, json!({"query": "names"})).await.0, 422);
    let dcql = |claim: &str| pid_request(&json!([{"path": [claim]}]), &json!({}))["dcql_query"].clone();
    let put = async |node: usize, claim: &str| {
        let query = json!({"name": "Names", "scope": "com.example.names", "dcql_query": dcql(claim)});
        nodes.api(node, Method::PUT, "/queries/names", Some(query)).await
    };
    let (status, problem) = put(0, "given_name").await;
    assert!(status < 300, "{status} {problem}");
    for by in ["query", "scope"] {
        let name = if by == "query" { "names" } else { "com.example.names" };
        assert_eq!(ask(1, json!({by: name})).await.0, 201, "{by}");
    }
    // Changed at the other node, it is the new one at the first.
    assert!(put(1, "family_name").await.0 < 300);
    let (_, shown) = nodes.api(0, Method::GET, "/queries/names", None).await;
    assert_eq!(shown["dcql_query"]["credentials"][0]["claims"][0]["path"], json!(["family_name"]));

    // A page that one node has made is to be had from the other, for its website alone.
    let (status, made) = ask(0, json!({"query": "names", "page": {"origins": [SHOP]}})).await;
    assert_eq!(status, 201, "{made}");
    let place: url::Url = made["page_url"].as_str().unwrap().parse().unwrap();
    let get = async |origin: &str| {
        let url = format!("{}{}", nodes.node(1), place.path());
        let request = Request::get(url).header("origin", origin).body(Vec::new()).unwrap();
        answer(&nodes.send(request).await.unwrap())
    };
    let (status, page) = get(SHOP).await;
    assert_eq!((status, &page["state"]), (200, &json!("created")));
    assert_eq!(get("https://evil.example").await.0, 403);

    assert_eq!(nodes.api(1, Method::DELETE, "/queries/names", None).await.0, 204);
    assert_eq!(ask(0, json!({"query": "names"})).await.0, 422);
}

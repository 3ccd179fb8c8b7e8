//! Metadata of the issuer's own types, at the URL that the type is (SD-JWT VC §4.3.1).

use serde_json::json;

use crate::fixed_with;
use crate::world::Wanted;

// Clauses: SDVC-4.3.1-01, SDVC-4.3.1-02
// Checks: ISS-092, ISS-094
#[tokio::test]
async fn types_are_published_where_they_say() {
    for (base, path) in [("https://service.example", ""), ("https://service.example/tenant", "/tenant")] {
        let world = fixed_with(Wanted { base, ..Wanted::default() });
        let got = world.get(&format!("{path}/vct/diploma")).await;
        assert_eq!(got.status, 200);
        assert_eq!(got.header("content-type"), "application/json");
        assert_eq!(got.header("cache-control"), "public, max-age=300");
        assert_eq!(got.header("access-control-allow-origin"), "*");
        let document = got.json();
        assert_eq!(document["vct"], format!("{base}/vct/diploma"));
        assert_eq!(document["display"], json!([{"locale": "en", "name": "Diploma"}]));
        for other in ["pid", "diploma/more", "diplom", "%64iploma%2f"] {
            assert_eq!(world.get(&format!("{path}/vct/{other}")).await.status, 404, "{other}");
        }
    }
}

//! Metadata as strings of Unicode: compared as they are (RFC 8414 §4).

use credenza_oauth::AuthorizationServerMetadata;

// Clauses: ASM-4-01, ASM-4-02, ASM-4-03
#[test]
fn strings_are_compared_code_point_by_code_point_after_json_is_undone() {
    let text = r#"{
        "issuer": "https:\/\/as.example\/\u0061",
        "grant_types_supported": ["\u0061uthorization_code", "caf\u00e9", "\ufb01x", "Ｗide", "pair:\ud83d\ude00"]
    }"#;
    let metadata: AuthorizationServerMetadata = serde_json::from_str(text).unwrap();
    assert_eq!(metadata.issuer, "https://as.example/a");
    for same in ["authorization_code", "café", "ﬁx", "Ｗide", "pair:😀"] {
        assert!(metadata.supports_grant(same), "{same}");
    }
    // What looks alike, or would be alike after normalization or folding, is another string.
    for other in ["cafe\u{301}", "fix", "Wide", "ｗide", "Authorization_code", "authorization_code ", "CAFÉ"]
    {
        assert!(!metadata.supports_grant(other), "{other}");
    }
}

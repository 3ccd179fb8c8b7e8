//! Where a parameter may lead a browser: to a page of ours and nowhere else (H14).

/// The pages that one comes back to.
const PAGES: [&str; 4] = ["/issue", "/verify", "/inspect", "/wallet"];

/// The path below the base URL, when it is one of a page of ours.
pub(super) fn own_page(path: Option<&str>) -> Option<&str> {
    let path = path?;
    let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte));
    let below =
        |page: &&str| path.strip_prefix(*page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (plain && PAGES.iter().any(below)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h14_nobody_is_sent_away() {
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https:evil.example",
            "https://evil.example",
            "/issue/..//evil",
            "/issueevil",
            "/issue\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/logout",
            "",
        ] {
            assert_eq!(own_page(Some(bad)), None, "{bad}");
        }
        assert_eq!(own_page(Some("/verify/abc-_9")), Some("/verify/abc-_9"));
        assert_eq!(own_page(None), None);
    }
}

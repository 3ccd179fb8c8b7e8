//! Where a person's browser may be sent after the answer: only below addresses that were configured.

use url::Url;

/// What is replaced by the response code in a redirect.
const PLACEHOLDER: &str = "{RESPONSE_CODE}";

/// No redirect is longer.
const MAX_REDIRECT: usize = 2048;

/// Schemes that do something else than opening a page or an app.
pub(super) fn is_own_scheme(scheme: &str) -> bool {
    !matches!(
        scheme,
        "http"
            | "https"
            | "javascript"
            | "data"
            | "file"
            | "blob"
            | "about"
            | "vbscript"
            | "view-source"
            | "ws"
            | "wss"
            | "ftp"
            | "filesystem"
            | "intent"
    )
}

/// Whether people may be sent below this address at all: https, http on this machine, or an app's own scheme; without
/// query and fragment.
#[must_use]
pub fn is_prefix(prefix: &Url) -> bool {
    let scheme = match prefix.scheme() {
        "https" => prefix.has_host(),
        "http" => super::config::is_loopback(prefix),
        scheme => is_own_scheme(scheme),
    };
    let plain = prefix.query().is_none() && prefix.fragment().is_none();
    scheme && plain && prefix.username().is_empty() && prefix.password().is_none()
}

/// Whether a redirect lies below one of the prefixes: same scheme, host and port, and the path or one below it. The
/// code may stand in the path, the query or the fragment, and not where it would choose the host.
pub(super) fn is_allowed(template: &str, prefixes: &[Url]) -> bool {
    // Read as a browser will read it: with a code in place, and nothing that parsers disagree about.
    if template.len() > MAX_REDIRECT || template.contains('\\') || template.chars().any(char::is_control) {
        return false;
    }
    let Ok(url) = Url::parse(&template.replace(PLACEHOLDER, "code")) else { return false };
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    prefixes.iter().any(|prefix| {
        url.scheme() == prefix.scheme()
            && url.host_str() == prefix.host_str()
            && url.port_or_known_default() == prefix.port_or_known_default()
            && is_below(url.path(), prefix.path())
    })
}

/// `/a` has below it `/a` and `/a/b`, and not `/ab`.
fn is_below(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The redirect with the code in it.
pub(super) fn with_code(template: &str, code: &str) -> String {
    if template.contains(PLACEHOLDER) {
        return template.replace(PLACEHOLDER, code);
    }
    match Url::parse(template) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair("response_code", code);
            url.into()
        }
        Err(_) => template.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p16_only_below_what_is_configured() {
        let prefixes: Vec<Url> =
            ["https://shop.example/done", "myapp://back"].iter().map(|text| text.parse().unwrap()).collect();
        for fine in [
            "https://shop.example/done",
            "https://shop.example/done/{RESPONSE_CODE}",
            "https://shop.example/done?a=b#response_code={RESPONSE_CODE}",
            "https://shop.example:443/done?x={RESPONSE_CODE}",
            "HTTPS://SHOP.example/done",
            "myapp://back/home?c={RESPONSE_CODE}",
        ] {
            assert!(is_allowed(fine, &prefixes), "{fine}");
        }
        for evil in [
            "https://evil.example/done",
            "https://shop.example.evil.example/done",
            "https://shop.example@evil.example/done",
            "https://user@shop.example/done",
            "https://shop.example/other",
            "https://shop.example/done/../other",
            "https://shop.example/done%2f..%2f/../../x",
            "https://shop.example/doneish",
            "https://shop.example:8443/done",
            "http://shop.example/done",
            "//shop.example/done",
            "/done",
            "https:\\\\shop.example\\done",
            "https://shop.example/\\evil.example/done",
            "javascript:alert(1)//https://shop.example/done",
            "data:text/html,x",
            "https://{RESPONSE_CODE}.shop.example/done",
            "{RESPONSE_CODE}://shop.example/done",
            "https://shop.example{RESPONSE_CODE}/done",
            "myapp://backdoor/home",
            "",
        ] {
            assert!(!is_allowed(evil, &prefixes), "{evil}");
        }
        assert!(!is_allowed("https://shop.example/done", &[]));
    }

    #[test]
    fn the_code_finds_its_place() {
        assert_eq!(with_code("https://a.example/x#{RESPONSE_CODE}", "c1"), "https://a.example/x#c1");
        assert_eq!(with_code("https://a.example/x?y=z", "c1"), "https://a.example/x?y=z&response_code=c1");
    }

    #[test]
    fn prefixes_that_make_no_sense() {
        for text in
            ["http://shop.example/", "javascript:alert(1)", "https://a.example/?x", "https://u@a.example/"]
        {
            assert!(!is_prefix(&text.parse().unwrap()), "{text}");
        }
        assert!(is_prefix(&"http://127.0.0.1:3000/".parse().unwrap()));
    }
}

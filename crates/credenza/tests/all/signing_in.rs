//! A person's way through the pages of the authorization endpoint, each step on another node.

use credenza::core::b64;
use credenza::oauth::pkce;
use http::{HeaderMap, StatusCode};

use crate::nodes::Nodes;

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mBOMR7u3LFc2yYKn9n0Jb0e1f4wXyZ";
pub(crate) const CALLBACK: &str = "https://wallet.example/cb";

/// A browser that keeps cookies, and follows nothing by itself.
struct Browser<'a> {
    nodes: &'a Nodes,
    client: reqwest::Client,
    cookies: Vec<(String, String)>,
    next: usize,
}

impl Browser<'_> {
    async fn send(&mut self, path: &str, fields: Option<&[(&str, &str)]>) -> (StatusCode, HeaderMap, String) {
        let url = format!("{}{path}", self.nodes.node(self.next));
        self.next += 1;
        let request = match fields {
            None => self.client.get(url),
            Some(fields) => self
                .client
                .post(url)
                .header("origin", &self.nodes.url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(serde_urlencoded::to_string(fields).unwrap()),
        };
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        for set in headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        (status, headers, response.text().await.unwrap())
    }

    /// Sends the form of a page; where that leads.
    async fn submit(&mut self, page: &str, to: &str, more: &[(&str, &str)]) -> String {
        let (csrf, interaction) = (field(page, "csrf"), field(page, "interaction"));
        let mut fields = vec![("csrf", &*csrf), ("interaction", &*interaction)];
        fields.extend(more);
        let (status, headers, page) = self.send(to, Some(&fields)).await;
        assert_eq!(status, 303, "{page}");
        headers["location"].to_str().unwrap().to_owned()
    }
}

/// The value of a hidden field of a page.
fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no {name} in {page}")).1;
    rest.split_once('"').unwrap().0.to_owned()
}

/// Signs in and agrees to a credential of the type `pid`; the authorization code.
pub(crate) async fn code(nodes: &Nodes) -> String {
    #[expect(clippy::disallowed_methods, reason = "a browser, not a part of ours")]
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut browser = Browser { nodes, client, cookies: Vec::new(), next: 0 };
    let state = b64::encode(b"the state");
    let query = serde_urlencoded::to_string([
        ("response_type", "code"),
        ("client_id", "wallet"),
        ("redirect_uri", CALLBACK),
        ("code_challenge", &pkce::challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
        ("scope", "pid"),
        ("state", &state),
    ]);
    let (status, _, login) = browser.send(&format!("/authorize?{}", query.unwrap()), None).await;
    assert_eq!(status, 200, "{login}");
    let to = browser.submit(&login, "/authorize/login", &[("name", "ada"), ("password", "lovelace")]).await;
    let (_, _, consent) = browser.send(&to, None).await;
    let back: url::Url = browser.submit(&consent, "/authorize/approve", &[]).await.parse().unwrap();
    let (_, code) = back.query_pairs().find(|(name, _)| name == "code").unwrap();
    code.into_owned()
}

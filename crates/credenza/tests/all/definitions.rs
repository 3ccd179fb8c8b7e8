//! A service that asks with definitions of Presentation Exchange, and a wallet in a terminal that answers: each a process
//! of its own; and what the wallet asks its person.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Service, bad, good, good_json};

struct Terminal {
    home: tempfile::TempDir,
}

impl Terminal {
    /// A wallet with so many PIDs of this service, which trusts it.
    async fn with_pids(service: &Service, count: usize) -> Self {
        let wallet = Self { home: tempfile::tempdir().unwrap() };
        for _ in 0..count {
            let offer = service.offer(json!({})).await;
            let link = offer["uri"].as_str().unwrap();
            good_json(&wallet.command(&["accept", "--yes", "--copies", "1", "--json", link]));
        }
        good(&wallet.command(&["trust", "add", service.root().to_str().unwrap()]));
        wallet
    }

    fn command<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let home = self.home.path().to_str().unwrap();
        [&["wallet", "--home", home, "--earlier-drafts"], more].concat()
    }

    /// Presents in a terminal, with this typed. What was shown, and whether it ended well.
    #[cfg(target_os = "linux")]
    fn typed(&self, link: &str, keys: &str) -> (String, bool) {
        use std::io::Write as _;
        use std::process::{Command, Stdio};

        let arguments = self.command(&["present", link]);
        let quoted = arguments.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(" ");
        let binary = env!("CARGO_BIN_EXE_credenza");
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &format!("'{binary}' {quoted}"), "/dev/null"])
            .env("SHELL", "/bin/sh")
            .env_remove("CREDENZA_WALLET_PASSPHRASE")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(keys.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
    }
}

/// What DCQL can't say: a pattern, one of two, and what the verifier can do without.
fn definition(dialect: &str) -> Value {
    let name = if matches!(dialect, "draft18" | "draft20") { "vc+sd-jwt" } else { "dc+sd-jwt" };
    let descriptor = |id: &str, fields: Value| {
        json!({"id": id, "group": ["A"], "format": {name: {}},
            "constraints": {"limit_disclosure": "required", "fields": fields}})
    };
    json!({
        "id": "d", "purpose": "to greet you",
        "submission_requirements": [{"rule": "pick", "count": 1, "from": "A"}],
        "input_descriptors": [
            descriptor("licence", json!([{"path": ["$.licence_number"]}])),
            descriptor("who", json!([
                {"path": ["$.vct"], "filter": {"type": "string", "pattern": "^urn:eudi:"}},
                {"path": ["$.family_name"], "filter": {"type": "string", "minLength": 3}},
                {"path": ["$.given_name"], "optional": true},
            ])),
        ],
    })
}

async fn ask(service: &Service, definition: &Value, dialect: &str, mode: &str) -> (String, String) {
    let body = json!({
        "presentation_definition": definition, "dialect": dialect, "response_mode": mode,
        "client_id_prefix": "redirect_uri",
    });
    let (status, asked) = service.api(Method::POST, "/presentations", Some(body)).await;
    assert_eq!(status, 201, "{asked}");
    let text = |name: &str| asked[name].as_str().unwrap().to_owned();
    (text("id"), text("uri"))
}

async fn shown(service: &Service, id: &str) -> Value {
    service.api(Method::GET, &format!("/presentations/{id}"), None).await.1
}

/// The names of what was shown, of those that the wallet may withhold.
fn names(shown: &Value) -> Vec<&str> {
    let claims = &shown["presentations"][0]["claims"];
    let known = ["birthdate", "family_name", "given_name"];
    known.into_iter().filter(|name| claims.get(name).is_some()).collect()
}

#[tokio::test]
async fn a_definition_is_answered_in_each_draft_and_with_what_is_welcome() {
    let service = Service::start();
    let wallet = Terminal::with_pids(&service, 1).await;
    for dialect in ["draft18", "draft20", "draft23", "draft24"] {
        for (mode, also) in [("direct_post", false), ("direct_post.jwt", true)] {
            let (id, link) = ask(&service, &definition(dialect), dialect, mode).await;
            let mut command = wallet.command(&["present", &link, "--yes", "--allow-unknown"]);
            command.extend(also.then_some(["--also", "who"]).into_iter().flatten());
            good(&command);
            let shown = shown(&service, &id).await;
            assert_eq!(shown["state"], "verified", "{dialect} {mode}: {shown}");
            assert_eq!(shown["presentations"][0]["query_id"], "who");
            let expected: &[&str] = if also { &["family_name", "given_name"] } else { &["family_name"] };
            assert_eq!(names(&shown), expected, "{dialect} {mode}");
            let (status, report) =
                service.api(Method::GET, &format!("/presentations/{id}/report"), None).await;
            assert_eq!(status, 200);
            assert!(report.to_string().contains("pe.requirements"), "{report}");
        }
    }
}

#[tokio::test]
async fn a_definition_that_nothing_answers_is_not_answered() {
    let service = Service::start();
    let wallet = Terminal::with_pids(&service, 1).await;
    let mut all = definition("draft20");
    all["submission_requirements"] = json!([{"rule": "all", "from": "A"}]);
    let mut filter = definition("draft20");
    let field = "/input_descriptors/1/constraints/fields/1/filter";
    *filter.pointer_mut(field).unwrap() = json!({"type": "string", "minLength": 300});
    for (value, why) in [(all, "licence"), (filter, "who")] {
        let (id, link) = ask(&service, &value, "draft20", "direct_post").await;
        let said = bad(1, &wallet.command(&["present", &link, "--yes", "--allow-unknown"]));
        assert!(said.contains("nothing was sent") && said.contains(why), "{said}");
        assert_eq!(shown(&service, &id).await["state"], "created");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn in_a_terminal_the_person_is_asked_which_what_else_and_whether() {
    let service = Service::start();
    let wallet = Terminal::with_pids(&service, 2).await;
    let asking = async || ask(&service, &definition("draft20"), "draft20", "direct_post").await;

    // The second one, after a number that is none; what is welcome, too; yes.
    let (id, link) = asking().await;
    let (said, done) = wallet.typed(&link, "7\n2\ny\ny\n");
    assert!(done, "{said}");
    assert!(said.contains("Several credentials fit \"who\""), "{said}");
    assert!(said.contains("A number from 1 to 2, please."), "{said}");
    assert!(said.contains("would like, and can do without"), "{said}");
    assert!(said.contains("to greet you") && said.contains("Presented to"), "{said}");
    assert_eq!(names(&shown(&service, &id).await), ["family_name", "given_name"]);

    // Nothing typed: the first, and no more than is asked for.
    let (id, link) = asking().await;
    let (said, done) = wallet.typed(&link, "\n\ny\n");
    assert!(done, "{said}");
    assert_eq!(names(&shown(&service, &id).await), ["family_name"]);

    // No.
    let (id, link) = asking().await;
    let (said, done) = wallet.typed(&link, "\n\nn\n");
    assert!(!done && !said.contains("Presented to"), "{said}");
    assert_eq!(shown(&service, &id).await["state"], "created");
}

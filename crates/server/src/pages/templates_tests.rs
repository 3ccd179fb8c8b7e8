//! Every template with everything it can show. `CREDENZA_PAGES_DIR=… cargo test -p credenza-server templates` also
//! writes the pages to a folder, to be looked at.

use super::*;
use crate::demo_wallet::{Card, Claim};
use crate::pages::view::{Face, PARTS, ReportView};
use credenza_core::{Report, Rule};
use serde_json::{Value as Json, json};

const SIGNATURE: Rule = Rule::new("sd-jwt.signature", "RFC 9901 §7.1", "The issuer signed this credential.");
const TRUST: Rule = Rule::new("trust.issuer", "HAIP §6.1.1", "The issuer is one that this verifier trusts.");
const DISCLOSED: Rule = Rule::new(
    "sd-jwt.disclosures.digests",
    "RFC 9901 §7.1",
    "Each disclosed claim is one that the issuer signed, and none occurs twice.",
);
const NONCE: Rule =
    Rule::new("sd-jwt.kb.nonce", "RFC 9901 §7.3", "The presentation was made for this request.");
const STATUS: Rule =
    Rule::new("status", "Token Status List §8.3", "The credential is neither suspended nor revoked.");
const RESPONSE: Rule =
    Rule::new("vp.response.encrypted", "OpenID4VP 1.0 §8.3", "The answer was encrypted to this verifier.");
const QUERY: Rule =
    Rule::new("dcql.satisfied", "OpenID4VP 1.0 §6.4", "The answer holds everything that was asked for.");

fn report(good: bool) -> Report {
    let mut part = Report::new("presentation pid: dc+sd-jwt urn:eudi:pid:1");
    part.pass(&SIGNATURE);
    part.pass_with(&TRUST, "X.509 anchor CN=Credenza Demo CA");
    part.pass(&DISCLOSED);
    part.check(&NONCE, good, || "the nonce is another one than this request's");
    part.skip(&STATUS, "the credential names no status list");
    let mut whole = Report::new("authorization response");
    whole.pass(&RESPONSE);
    if good {
        whole.pass(&QUERY);
    } else {
        whole.skip(&QUERY, "a presentation was refused");
    }
    whole.parts.push(part);
    whole
}

fn card(name: &str, background: Option<&str>) -> Face {
    let claim = |label: &str, value: &str| Claim { label: label.into(), value: value.into() };
    Face::from(Card {
        id: "c1".into(),
        name: name.into(),
        issuer: "Credenza Demo Authority".into(),
        kind: "dc+sd-jwt · urn:eudi:pid:1".into(),
        holder: Some("Ada Lovelace".into()),
        background: background.map(Into::into),
        claims: vec![
            claim("Given name", "Ada"),
            claim("Family name", "Lovelace"),
            claim("Date of birth", "1990-12-10"),
            claim("Address", "12 St James's Square, London"),
        ],
        copies: 3,
        expires: Some(UnixTime::from_secs(1_800_000_000)),
        ..Card::default()
    })
}

fn party(trusted: bool) -> Json {
    json!({
        "name": if trusted { "Credenza Demo Verifier" } else { "shop.example" },
        "identifier": "x509_san_dns:verifier.example",
        "known_by": if trusted { "Its certificate comes from Credenza Demo CA, which this wallet trusts." }
            else { "Nobody this wallet trusts vouches for it." },
        "trusted": trusted,
    })
}

fn steps(failed: bool) -> Json {
    json!([
        {"label": "Created", "state": "done", "at": "2026-11-24T15:04:05Z"},
        {"label": "Opened by a wallet", "state": "done", "at": "2026-11-24T15:04:12Z"},
        {"label": "Answered", "state": if failed { "failed" } else { "now" },
         "note": if failed { Some("invalid_proof: the nonce is not one of ours") } else { None }},
        {"label": "Verified", "state": "todo"},
    ])
}

fn dcql() -> String {
    serde_json::to_string_pretty(&json!({"credentials": [{"id": "pid", "format": "dc+sd-jwt",
        "meta": {"vct_values": ["urn:eudi:pid:1"]}, "claims": [{"path": ["given_name"]}]}]}))
    .unwrap()
}

const LINK: &str = "openid-credential-offer://?credential_offer_uri=http%3A%2F%2F127.0.0.1%3A8080%2Foffer%2Fw3Jp8vJmQk2nQm0B6l5f0A";

fn pages() -> Vec<(&'static str, &'static str, Json)> {
    let field = |name: &str, label: &str, input: &str, value: &str, hint: Option<&str>| json!({"name": name, "label": label, "input": input, "value": value, "hint": hint});
    let pid = "Person identification data";
    let fields = json!([
        field("a", "Given name", "text", "Ada", None),
        field("b", "Family name", "text", "Lovelace", None),
        field("c", "Date of birth", "date", "1990-12-10", None),
        field("d", "Nationalities", "text", "GB, IT", Some("Several, separated by commas")),
        field("e", "Street", "text", "12 St James's Square", None),
        field("f", "City", "text", "London", None),
        field("g", "Over 18", "checkbox", "true", None),
    ]);
    let issue = json!({
        "types": [{"id": "pid", "name": pid}, {"id": "diploma", "name": "University diploma"}],
        "form": {"id": "pid", "name": pid, "fields": fields, "card": card(pid, None)},
        "tx_code": true, "problem": null,
    });
    let qr = Json::String(String::new());
    let offer = |done: bool, lost: bool| {
        json!({"id": "x", "name": format!("Offer: {pid}"), "qr": qr, "link": LINK, "tx_code": ["493", "536"],
            "expires": "2026-11-24T15:14:05Z", "steps_taken": steps(lost), "done": done, "lost": lost,
            "failure": if lost { Some("The wallet's proof was refused") } else { None }})
    };
    let verify = json!({"presets": [
            {"id": "a", "name": "Name and over 18", "explains": "Given name, and whether the holder is over 18. Not the date of birth."},
            {"id": "b", "name": "Full identity", "explains": "Name, date of birth and address."},
        ], "chosen": "a", "device": "cross", "dcql": dcql(), "problem": null});
    let presentation = |done: bool, verdict: Json| {
        json!({"id": "x", "name": "Name and over 18", "qr": qr, "link": LINK, "expires": "2026-11-24T15:14:05Z",
            "steps_taken": steps(false), "done": done, "lost": false, "same_device": false, "verdict": verdict})
    };
    let (good, bad) = (report(true), report(false));
    let verdict = |report: &Report, reason: &str| {
        json!({"ok": report.ok(), "reason": reason, "report": ReportView::from(report),
            "credentials": [{"name": pid, "claims": [{"label": "Given name", "value": "Ada"},
                {"label": "Over 18", "value": "yes"}]}]})
    };
    let candidate = |name: &str| {
        json!({"card": card(name, None),
            "discloses": [{"label": "Given name", "value": "Ada"}, {"label": "Over 18", "value": "yes"}],
            "withholds": ["Family name", "Date of birth", "Address", "Nationalities"]})
    };
    let consent = |answerable: bool| {
        json!({"consent": {"id": "k", "verifier": party(answerable), "purpose": "To sell you a film ticket",
            "asks": [{"id": "pid", "required": true, "candidates": if answerable { vec![candidate(pid)] } else { vec![] }}],
            "signs_in": answerable, "answerable": answerable, "missing": ["No credential of type urn:eudi:pid:1 is in this wallet."],
            "report": ReportView::from(&good)}})
    };
    let waiting = |verified: bool, failure: Option<&str>| {
        json!({"at": "/authorize", "interaction": "i", "issuer": "Credenza Demo Authority", "label": "Show your ID",
            "way": "wallet", "state": "s", "link": "openid4vp://?request_uri=x", "qr": qr,
            "expires": "2026-11-24T15:14:05Z", "version": 1, "opened": !verified, "verified": verified,
            "ended": verified || failure.is_some(), "failure": failure})
    };
    vec![
        ("authorize_wallet.html", "authorize-wallet", waiting(false, None)),
        ("authorize_wallet.html", "authorize-wallet-shown", waiting(true, None)),
        (
            "authorize_wallet.html",
            "authorize-wallet-failed",
            waiting(false, Some("The wallet's owner said no.")),
        ),
        (
            "authorize_failed.html",
            "authorize-failed",
            json!({"at": "/authorize", "interaction": "i", "message": "Those who know you can't be asked.", "reason": "unavailable"}),
        ),
        ("home.html", "home", json!({"tiles": PARTS})),
        ("issue.html", "issue", issue),
        ("offer.html", "offer", offer(false, false)),
        ("offer.html", "offer-failed", offer(true, true)),
        ("verify.html", "verify", verify),
        ("presentation.html", "presentation", presentation(false, Json::Null)),
        ("presentation.html", "verified", presentation(true, verdict(&good, ""))),
        (
            "presentation.html",
            "refused-presentation",
            presentation(true, verdict(&bad, "The presentation was not made for this request.")),
        ),
        (
            "wallet.html",
            "wallet",
            json!({
                "said": {"kind": "good", "title": "Received", "text": "The credential is in your wallet."},
                "cards": [card(pid, None), card("University diploma", Some("#f2d6a2")), card("Membership", None)],
                "history": [{"at": "2026-11-24T15:04:05Z", "kind": "received", "tone": "good", "party": "Credenza Demo Authority", "what": pid},
                    {"at": "2026-11-24T15:06:05Z", "kind": "presented", "tone": "", "party": "Credenza Demo Verifier", "what": "Given name, Over 18"}],
            }),
        ),
        ("wallet.html", "wallet-empty", json!({"cards": [], "history": []})),
        (
            "wallet_offer.html",
            "wallet-offer",
            json!({"offer": {"id": "o", "issuer": party(true), "credentials": [card(pid, None)],
            "tx_code": {"length": 6, "numeric": true, "description": "Six digits, shown on the issuer's page."}}}),
        ),
        ("wallet_consent.html", "wallet-consent", consent(true)),
        ("wallet_consent.html", "wallet-cannot", consent(false)),
        (
            "refused.html",
            "refused",
            json!({"title": "The wallet refused this request", "message": "The request is not signed by the verifier that it names.",
            "code": "vp.request.signature", "checked": ReportView::from(&bad), "back": "/wallet"}),
        ),
        (
            "inspect.html",
            "inspect",
            json!({"text": "eyJ…", "problem": null, "found": {"kind": "SD-JWT VC with key binding",
            "parts": [{"name": "Header", "text": "{\n  \"alg\": \"ES256\",\n  \"typ\": \"dc+sd-jwt\"\n}", "remark": "Signed by the issuer"},
                {"name": "Payload", "text": "{\n  \"iss\": \"https://issuer.example\",\n  \"vct\": \"urn:eudi:pid:1\"\n}", "remark": null}],
            "report": ReportView::from(&good)}}),
        ),
        ("login.html", "login", json!({"problem": "That is not the token.", "next": "/issue"})),
        (
            "authorize_login.html",
            "authorize-login",
            json!({"at": "/authorize", "interaction": "x", "issuer": "Credenza Demo Authority", "name": "ada",
            "problem": "The name or the password is wrong.", "wallet": {"name": "The Wallet"}}),
        ),
        (
            "authorize_consent.html",
            "authorize-consent",
            json!({"at": "/authorize", "interaction": "x", "issuer": "Credenza Demo Authority", "user": "Ada Lovelace",
            "credentials": ["Person identification data", "University diploma"],
            "wallet": {"name": "The Wallet", "identifier": "https://wallet.example", "known": true,
                "known_by": "It has proven that it is this wallet.", "goes_to": "wallet.example"}}),
        ),
    ]
}

#[test]
fn every_template_renders() {
    let templates = Templates::new().unwrap();
    let qr = crate::qr::svg(LINK).unwrap();
    for (template, name, view) in pages() {
        let layout = Layout {
            base: "",
            host: "127.0.0.1:8080",
            nav: PARTS.iter().collect(),
            here: "/verify",
            demo: true,
            signed_in: true,
            csrf: "token".into(),
        };
        // The QR code alone is markup of our own making.
        let view = Value::from(Serde(view));
        let view = context! { qr => Value::from_safe_string(qr.clone()), ..view };
        let text =
            templates.render(template, &layout, &view).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert!(
            !text.contains("style=") && !text.contains("onclick") && !text.contains("<script>"),
            "{name}"
        );
        if let Ok(folder) = std::env::var("CREDENZA_PAGES_DIR") {
            std::fs::write(format!("{folder}/{name}.html"), text).unwrap();
        }
    }
}

/// Payloads that break out of text, of an attribute, of a script and of a URL.
const PAYLOADS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "</svg><script>alert(1)</script>",
];

#[test]
fn h13_p21_texts_of_strangers_are_escaped_wherever_they_are_shown() {
    fn poison(value: &mut Json, payload: &str) {
        match value {
            Json::String(text) => *text = payload.to_owned(),
            Json::Array(items) => items.iter_mut().for_each(|item| poison(item, payload)),
            Json::Object(members) => members.values_mut().for_each(|member| poison(member, payload)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
    let templates = Templates::new().unwrap();
    for payload in PAYLOADS {
        for (template, name, mut view) in pages() {
            poison(&mut view, payload);
            let layout = Layout {
                base: "",
                host: "h",
                nav: PARTS.iter().collect(),
                here: "/",
                demo: true,
                signed_in: false,
                csrf: payload.into(),
            };
            let text = templates
                .render(template, &layout, &view)
                .unwrap_or_else(|error| panic!("{name}: {error:#}"));
            for hole in ["<script>alert", "<img src=x", "' onmouseover='", ">49<"] {
                assert!(!text.contains(hole), "{name}: {payload}");
            }
        }
    }
}

#[test]
fn texts_for_people() {
    assert_eq!(shorten("Person", 6), "Person");
    assert_eq!(shorten("Person identification", 8), "Person…");
    assert_eq!(date("2026-11-24T15:04:05Z"), "2026-11-24 15:04 UTC");
    assert_eq!(date("soon"), "soon");
    assert_eq!((sentence("élan vital").as_str(), sentence("").as_str()), ("Élan vital", ""));
}

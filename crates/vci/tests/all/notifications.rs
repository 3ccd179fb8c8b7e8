//! The notification endpoint.

use credenza_vci::issuer::{OfferRequest, SessionState};
use serde_json::{Value, json};

use crate::support::*;

struct Issued {
    world: World,
    offer: String,
    token: String,
    id: String,
}

impl Issued {
    fn new() -> Self {
        let world = World::new();
        let offer = world.offer();
        let token = world.redeem(&offer);
        let issued = body(&world.credential(&token, &world.request()));
        let id = issued["notification_id"].as_str().unwrap().to_owned();
        Self { world, offer: offer.id, token, id }
    }

    fn tell(&self, event: &str) -> (u16, String) {
        refused(&self.world.notify(&self.token, &json!({ "notification_id": self.id, "event": event })))
    }

    fn send(&self, request: &Value) -> (u16, String) {
        refused(&self.world.notify(&self.token, request))
    }
}

fn done() -> (u16, String) {
    (204, String::new())
}

fn invalid_request() -> (u16, String) {
    (400, "invalid_notification_request".to_owned())
}

// Clauses: VCI-11.1-01, VCI-11.1-03, VCI-11.2-01, VCI-11.2-02
// Checks: ISS-078
#[test]
fn c19_identical_notifications_succeed_and_contradictions_do_not() {
    let issued = Issued::new();
    assert_eq!(issued.tell("credential_accepted"), done());
    let events = issued.world.view(&issued.offer).events.len();
    assert_eq!(issued.tell("credential_accepted"), done());
    assert_eq!(issued.world.view(&issued.offer).events.len(), events);
    assert_eq!(issued.tell("credential_failure"), invalid_request());
    assert_eq!(issued.world.state(&issued.offer), SessionState::Acknowledged);
    assert_eq!(issued.tell("credential_deleted"), done());
    assert_eq!(issued.world.state(&issued.offer), SessionState::Failed);
    assert_eq!(issued.tell("credential_accepted"), invalid_request());

    let issued = Issued::new();
    assert_eq!(issued.tell("credential_failure"), done());
    for event in ["credential_accepted", "credential_deleted"] {
        assert_eq!(issued.tell(event), invalid_request());
    }
    // The wallet may fetch it once more after a failure.
    let again = body(&issued.world.credential(&issued.token, &issued.world.request()));
    assert_eq!(
        issued.send(&json!({ "notification_id": again["notification_id"], "event": "credential_accepted" })),
        done()
    );
    assert_eq!(issued.world.state(&issued.offer), SessionState::Acknowledged);
}

// Clauses: VCI-11-02, VCI-11-03, VCI-11.1-02, VCI-11.3-01, VCI-11.3-02
#[test]
fn c19_unknown_and_foreign_identifiers() {
    let issued = Issued::new();
    let world = &issued.world;
    let invalid = (400, "invalid_notification_id".to_owned());
    let other = world.create(OfferRequest::of("pid", erika()));
    let other_token = world.redeem(&other);
    let others = body(&world.credential(&other_token, &world.request()))["notification_id"].clone();
    for id in [json!("x"), json!(""), others, json!(world.nonce()), json!(issued.token)] {
        assert_eq!(
            issued.send(&json!({ "notification_id": id, "event": "credential_accepted" })),
            invalid,
            "{id}"
        );
    }
    let request = json!({ "notification_id": issued.id, "event": "credential_accepted" });
    assert_eq!(refused(&world.notify(&other_token, &request)), invalid);
    assert_eq!(refused(&world.notify("x", &request)), (401, "invalid_token".to_owned()));
    let none = credenza_oauth::respond(wait(
        world.issuer.notification(&headers(JSON), request.to_string().as_bytes()),
    ));
    assert_eq!((none.status().as_u16(), none.body().len()), (401, 0));
    assert_eq!(world.state(&issued.offer), SessionState::Issued);
}

// Clauses: VCI-11.1-04, VCI-11.1-06, VCI-11.1-07, VCI-11.1-09
// Checks: ISS-079
#[test]
fn c20_malformed_notifications() {
    let issued = Issued::new();
    let good = json!({ "notification_id": issued.id, "event": "credential_accepted" });
    let changed = |name: &str, value: Value| {
        let mut request = good.clone();
        request[name] = value;
        issued.send(&request)
    };
    for (name, value) in [
        ("event", json!("credential_stored")),
        ("event", json!("Credential_Accepted")),
        ("event", json!(null)),
        ("notification_id", json!(7)),
        ("event_description", json!("ü")),
        ("event_description", json!("line\nbreak")),
        ("event_description", json!("quote\"")),
        ("event_description", json!("back\\slash")),
        ("event_description", json!("x".repeat(1_000_000))),
        ("event_description", json!(7)),
    ] {
        let shown = value.to_string();
        assert_eq!(changed(name, value), invalid_request(), "{name} {}", shown.get(..20).unwrap_or(&shown));
    }
    assert_eq!(issued.send(&json!({})), invalid_request());
    assert_eq!(issued.send(&json!([])), invalid_request());
    let headers_ = with(headers(FORM), "authorization", &format!("Bearer {}", issued.token));
    let form = credenza_oauth::respond(wait(issued.world.issuer.notification(&headers_, b"event=x")));
    assert_eq!(refused(&form), invalid_request());
    assert_eq!(changed("unknown", json!({ "a": 1 })), done());
    assert_eq!(changed("event_description", json!("Could not store it. Out of storage!")), done());
}

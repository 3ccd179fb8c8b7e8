//! Transactions that a person authorises by presenting, on both sides (catalogue rows R09, P17; WVP-023).

use credenza_core::b64;
use credenza_crypto::{HashAlgorithm, hash};
use credenza_formats::sd_jwt::{Binding, Held, SdJwtLimits};
use credenza_query::Dcql;
use credenza_vp::messages::{MemberKind, TransactionData, TransactionDataError, TransactionType};
use credenza_vp::verifier::{CreateError, RespondError, Status};
use credenza_vp::wallet::WalletBuilder;
use credenza_vp::{CreatedRequest, PresentationRequest, ResponseMode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::request_kit::{by_value, refused_with};
use crate::world::{VCT, World, query, run, world};

const KIND: &str = "urn:example:payment";

fn payment(change: impl FnOnce(&mut Value)) -> Value {
    let mut members = json!({ "type": KIND, "credential_ids": ["pid"], "payee": "Möbius", "amount": 12.5 });
    change(&mut members);
    members
}

fn data(members: Value) -> TransactionData {
    let Value::Object(members) = members else { panic!("transaction data is an object") };
    TransactionData::new(members).unwrap()
}

fn knows(builder: WalletBuilder) -> WalletBuilder {
    let kind = TransactionType::new(KIND)
        .required("payee", MemberKind::Text)
        .required("amount", MemberKind::Number)
        .optional("recurring", MemberKind::Boolean);
    builder.transaction_type(kind)
}

fn ask(world: &World, transactions: Vec<TransactionData>) -> CreatedRequest {
    let mut request = PresentationRequest::new(query());
    request.transaction_data = transactions;
    world.create(request)
}

// Clauses: VP-5.1-19, VP-5.1-23, VP-8.4-01, VP-B.3.3.1-03, VP-B.3.3.1-04, VP-B.3.3.1-05, VP-B.3.3.1-06, VP-B.3.3.1-07
#[test]
fn transactions_are_shown_signed_and_checked() {
    let one = data(payment(|_| {}));
    let long = data(payment(|it| it["transaction_data_hashes_alg"] = json!(["sha-512", "sha-256"])));
    let old = data(payment(|it| it["transaction_data_hashes_alg"] = json!(["md5", "sha-256"])));
    for transactions in [vec![one.clone()], vec![long.clone()], vec![one, long, old]] {
        let world = world();
        let created = ask(&world, transactions.clone());
        let side = world.wallet_with(knows);
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        assert_eq!(asked.transactions(), transactions.as_slice());
        assert_eq!(asked.transactions()[0].members()["payee"], "Möbius");
        assert!(!format!("{:?}", asked.transactions()).contains("Möbius"));
        world.agree(&side, asked, &world.held()).unwrap();
        assert_eq!(world.status(&created.id), Status::Verified);
        let result = run(world.verifier.result(&created.id, None)).unwrap();
        let texts: Vec<_> = transactions.iter().map(TransactionData::encoded).collect();
        assert_eq!(result.presentations[0].transaction_data, texts);
    }
}

// Clauses: VP-5.1-20, VP-5.1-21, VP-5.1-23, VP-8.4-02, VP-B.3.3-03, VP-B.3.3.1-01
#[test]
fn r09_transactions_that_a_wallet_does_not_understand() {
    let world = world();
    let link = |data: Value| by_value(|claims| claims["transaction_data"] = data);
    let encoded = |members: Value| b64::encode(members.to_string());
    let side = world.wallet_with(knows);
    let good = encoded(payment(|_| {}));
    run(side.wallet.resolve(&link(json!([good])))).unwrap();
    let with_recurring = encoded(payment(|it| it["recurring"] = true.into()));
    run(side.wallet.resolve(&link(json!([with_recurring])))).unwrap();

    let without = |name: &str| {
        payment(|it| {
            it.as_object_mut().unwrap().remove(name);
        })
    };
    let mut bad = vec![
        json!([]),
        json!("text"),
        json!([1]),
        json!(["not base64!"]),
        json!([b64::encode("[]")]),
        json!([b64::encode(r#"{"type":"a","type":"b"}"#)]),
        json!([format!("{good}=")]),
        json!([payment(|_| {})]),
        json!(vec![good.clone(); 17]),
    ];
    let members = [
        payment(|it| it["type"] = "urn:example:other".into()),
        payment(|it| it["type"] = 1.into()),
        payment(|it| it["new"] = 1.into()),
        payment(|it| it["amount"] = "12".into()),
        payment(|it| it["recurring"] = "yes".into()),
        payment(|it| it["credential_ids"] = json!([])),
        payment(|it| it["credential_ids"] = json!("pid")),
        payment(|it| it["credential_ids"] = json!(["pid", "other"])),
        payment(|it| it["transaction_data_hashes_alg"] = json!(["md5"])),
        payment(|it| it["transaction_data_hashes_alg"] = json!([])),
        payment(|it| it["transaction_data_hashes_alg"] = json!("sha-256")),
        without("type"),
        without("credential_ids"),
        without("payee"),
    ];
    // One that is not understood spoils the others.
    bad.extend(members.into_iter().map(|members| json!([good, encoded(members)])));
    for data in bad {
        refused_with(run(side.wallet.resolve(&link(data))), "invalid_transaction_data");
    }
    // A wallet that knows no type at all.
    refused_with(run(world.wallet().wallet.resolve(&link(json!([good])))), "invalid_transaction_data");
    // A credential that need not sign can't authorise.
    let unbound = by_value(|claims| {
        claims["transaction_data"] = json!([good]);
        claims["dcql_query"]["credentials"][0]["require_cryptographic_holder_binding"] = false.into();
    });
    refused_with(run(side.wallet.resolve(&unbound)), "invalid_transaction_data");
}

/// A presentation whose KB-JWT has further claims.
fn presentation(world: &World, nonce: &str, audience: &str, more: Value) -> String {
    let Value::Object(more) = more else { panic!("claims are an object") };
    let held = Held::restore(world.issue(&World::claims()), &SdJwtLimits::default()).unwrap();
    let paths = [&["family_name"][..], &["age_equal_or_over", "18"][..]];
    let paths: Vec<_> =
        paths.iter().map(|path| credenza_core::ClaimsPath::keys(path.iter().copied()).unwrap()).collect();
    let binding = Binding { nonce, audience, issued_at: world.now(), more };
    run(held.present(&paths).bind(&world.holder, &binding)).unwrap()
}

// Clauses: VP-8.6-02, VP-B.3.3.1-02, VP-B.3.3.1-05, VP-B.3.3.1-06, VP-B.3.3.1-07
#[test]
fn p17_hashes_that_are_not_those_of_the_request() {
    let world = world();
    let one = data(payment(|_| {}));
    let named = data(payment(|it| it["transaction_data_hashes_alg"] = json!(["sha-384"])));
    let send = |transactions: &[&TransactionData], more: Value| {
        let mut request = PresentationRequest::new(query());
        request.response_mode = ResponseMode::DirectPost;
        request.transaction_data = transactions.iter().map(|data| (*data).clone()).collect();
        let created = world.create(request);
        let claims = world.request_claims(&created);
        let text = |name: &str| claims[name].as_str().unwrap().to_owned();
        let presented = presentation(&world, &text("nonce"), &text("client_id"), more);
        let token = json!({ "pid": [presented] }).to_string();
        world.post(&created.request_id, &[("vp_token", &token), ("state", &text("state"))])
    };
    let sha256 = |data: &TransactionData| data.hash(HashAlgorithm::Sha256);
    let sha384 = |data: &TransactionData| data.hash(HashAlgorithm::Sha384);
    send(&[&one], json!({ "transaction_data_hashes": [sha256(&one)] })).unwrap();
    let alg = json!({
        "transaction_data_hashes": [sha384(&named)],
        "transaction_data_hashes_alg": "sha-384",
    });
    send(&[&named], alg.clone()).unwrap();

    let decoded = b64::encode(hash::sha256(&b64::decode(one.encoded()).unwrap()));
    let padded = format!("{}=", sha256(&one));
    for (transactions, more) in [
        (vec![&one], json!({})),
        (vec![&one], json!({ "transaction_data_hashes": [] })),
        (vec![&one], json!({ "transaction_data_hashes": sha256(&one) })),
        (vec![&one], json!({ "transaction_data_hashes": [1] })),
        (vec![&one], json!({ "transaction_data_hashes": [decoded] })),
        (vec![&one], json!({ "transaction_data_hashes": [padded] })),
        (vec![&one], json!({ "transaction_data_hashes": [sha256(&one), sha256(&named)] })),
        (vec![&one], json!({ "transaction_data_hashes": [sha256(&one), sha256(&one)] })),
        (
            vec![&one],
            json!({ "transaction_data_hashes": [sha384(&one)], "transaction_data_hashes_alg": "sha-384" }),
        ),
        (
            vec![&one],
            json!({ "transaction_data_hashes": [sha256(&one)], "transaction_data_hashes_alg": "md5" }),
        ),
        (vec![&one], json!({ "transaction_data_hashes": [sha256(&one)], "transaction_data_hashes_alg": 1 })),
        (vec![&named], json!({ "transaction_data_hashes": [sha384(&named)] })),
        (
            vec![&named],
            json!({ "transaction_data_hashes": [sha256(&named)], "transaction_data_hashes_alg": "sha-256" }),
        ),
        (vec![&one, &named], json!({ "transaction_data_hashes": [sha256(&one)] })),
        (vec![], json!({ "transaction_data_hashes": [sha256(&one)] })),
    ] {
        match send(&transactions, more.clone()) {
            Err(RespondError::Refused(report)) => {
                let failure = report.first_failure().unwrap().rule.id;
                assert_eq!(failure, "vp.presentation.transaction-data", "{more}");
            }
            other => panic!("{more}: {other:?}"),
        }
    }
}

// Clauses: VP-5.1-24
#[test]
fn one_of_several_credentials_authorises() {
    let world = world();
    let query = Dcql::credential("a")
        .sd_jwt([VCT])
        .claim(["family_name"])
        .credential("b")
        .sd_jwt([VCT])
        .claim(["given_name"])
        .build()
        .unwrap();
    let mut request = PresentationRequest::new(query);
    request.transaction_data = vec![data(payment(|it| it["credential_ids"] = json!(["b", "a"])))];
    let created = world.create(request);
    let side = world.wallet_with(knows);
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    world.agree(&side, asked, &world.held()).unwrap();
    let result = run(world.verifier.result(&created.id, None)).unwrap();
    let signed = result.presentations.iter().filter(|one| !one.transaction_data.is_empty()).count();
    assert_eq!((result.presentations.len(), signed), (2, 1));
}

#[test]
fn transactions_that_can_not_be_asked_for() {
    let world = world();
    let mut request = PresentationRequest::new(query());
    request.transaction_data = vec![data(payment(|it| it["credential_ids"] = json!(["other"])))];
    assert_eq!(run(world.verifier.create(request)).unwrap_err(), CreateError::TransactionData);
    let unbound = Dcql::credential("pid").sd_jwt([VCT]).without_holder_binding().build().unwrap();
    let mut request = PresentationRequest::new(unbound);
    request.transaction_data = vec![data(payment(|_| {}))];
    assert_eq!(run(world.verifier.create(request)).unwrap_err(), CreateError::TransactionData);
    let long = TransactionData::new(Map::from_iter([("type".to_owned(), json!("x".repeat(20_000)))]));
    assert_eq!(long.unwrap_err(), TransactionDataError::Encoding);
}

proptest! {
    #[test]
    fn transaction_data_of_strangers_never_panics(text in "\\PC{0,80}") {
        let _ = TransactionData::parse(text.clone());
        let _ = TransactionData::parse(b64::encode(text));
    }

    #[test]
    fn transaction_data_keeps_its_text(payee in "\\PC{0,40}", id in "[a-z]{1,8}") {
        let members = json!({ "type": KIND, "credential_ids": [id], "payee": payee });
        let made = data(members.clone());
        let read = TransactionData::parse(made.encoded()).unwrap();
        prop_assert_eq!(&read, &made);
        prop_assert_eq!(Value::Object(read.members().clone()), members);
    }
}

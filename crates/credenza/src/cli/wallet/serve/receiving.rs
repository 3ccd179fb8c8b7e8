//! Offers, and asking an issuer without one; what is in the wallet; and what was promised.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, RawQuery, State};
use axum::response::{IntoResponse, Response};
use credenza::core::{Clock as _, SystemClock};
use credenza::server::demo_wallet::{Accepted, WalletRefusal};
use credenza::wallet::{Alone, Wanted, card};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Served, call, json_object, page};
use page::NO_STORE;

/// How long is waited after an issuer did not answer: the first time, and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is promised for later than this is looked after again then: clocks can be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);

/// How long somebody may wait for what was promised, in seconds.
const MAX_WAIT: u64 = 120;

/// `GET /offer`: the query is that of an offer's link. A browser gets a page, a program that asks for it JSON.
pub(super) async fn offer(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let link = format!("openid-credential-offer://?{}", query.unwrap_or_default());
    let obtained = obtain(&served, Handed::Offer(link)).await;
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.starts_with("application/json")) {
        return as_json(obtained);
    }
    match obtained {
        Ok(accepted) => page::received(&accepted),
        Err(refusal) => page::refused("a credential offer", &refusal),
    }
}

/// `POST /offer`: what a website has given to `navigator.credentials.create`.
pub(super) async fn dc_api_offer(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match call(&headers, &body) {
        Some((origin, request)) => as_json(obtain(&served, Handed::DcApi { origin, request }).await),
        None => malformed("a JSON object with origin and request is needed"),
    }
}

/// `POST /issue`: an issuer's identifier, and the name of one of its configurations, or several.
pub(super) async fn issue(State(served): State<Arc<Served>>, headers: HeaderMap, body: Bytes) -> Response {
    match wanted(&headers, &body) {
        Some(wanted) => as_json(obtain(&served, wanted).await),
        None => malformed("a JSON object with issuer and configuration is needed"),
    }
}

fn wanted(headers: &HeaderMap, body: &[u8]) -> Option<Handed> {
    let mut members = json_object(headers, body)?;
    let Some(Value::String(issuer)) = members.remove("issuer") else { return None };
    let configurations = match members.remove("configuration")? {
        Value::String(one) => vec![one],
        Value::Array(several) => several
            .into_iter()
            .map(|one| if let Value::String(one) = one { Some(one) } else { None })
            .collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    (!configurations.is_empty()).then_some(Handed::Issuer { issuer, configurations })
}

#[derive(Deserialize)]
pub(super) struct Patience {
    /// For how many seconds nothing is said as long as something is promised.
    #[serde(default)]
    wait: u64,
}

/// `GET /credentials`: what is there, and what was promised.
pub(super) async fn credentials(
    State(served): State<Arc<Served>>,
    Query(Patience { wait }): Query<Patience>,
) -> Response {
    let mut rounds = served.rounds.subscribe();
    let settled = async {
        while served.holder.waiting().is_ok_and(|waiting| !waiting.is_empty()) {
            rounds.changed().await.ok()?;
        }
        Some(())
    };
    // When the time is over, it is told as it is.
    let _ = tokio::time::timeout(Duration::from_secs(wait.min(MAX_WAIT)), settled).await;
    let (Ok(entries), Ok(pending)) = (served.holder.credentials().all(), served.holder.waiting()) else {
        let refusal = WalletRefusal::new("the wallet can't be read");
        let answer = Json(page::refused_json(&refusal));
        return (StatusCode::INTERNAL_SERVER_ERROR, [NO_STORE], answer).into_response();
    };
    let credentials: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let card = card(entry);
            json!({"id": card.id, "name": card.name, "issuer": card.issuer, "kind": card.kind,
                   "unused_copies": card.copies, "copies": entry.copies.len(), "expires": card.expires})
        })
        .collect();
    let answer = json!({"credentials": credentials, "pending": pending});
    (StatusCode::OK, [NO_STORE], Json(answer)).into_response()
}

/// `DELETE /credentials/{id}`.
pub(super) async fn remove(State(served): State<Arc<Served>>, Path(id): Path<String>) -> Response {
    match served.holder.remove_credential(&id) {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What somebody has handed to the wallet.
enum Handed {
    Offer(String),
    DcApi { origin: String, request: Vec<u8> },
    Issuer { issuer: String, configurations: Vec<String> },
}

/// Goes on though whoever has asked hangs up: a credential that was issued and not stored would be lost.
async fn obtain(served: &Arc<Served>, handed: Handed) -> Result<Accepted, WalletRefusal> {
    let Ok(slot) = Arc::clone(&served.slots).try_acquire_owned() else {
        return Err(WalletRefusal::new("too much is going on; try again later"));
    };
    let served = Arc::clone(served);
    let work = tokio::spawn(async move {
        let _slot = slot;
        let alone = Alone {
            tx_code: served.tx_code.as_deref(),
            redirect_uri: &served.redirect_uri,
            browser: &served.browser,
        };
        let obtained = match &handed {
            Handed::Offer(link) => served.holder.obtain(Wanted::Offer(link), alone).await,
            Handed::DcApi { origin, request } => {
                served.holder.obtain(Wanted::DcApi { origin, request }, alone).await
            }
            Handed::Issuer { issuer, configurations } => {
                let configurations: Vec<&str> = configurations.iter().map(String::as_str).collect();
                let wanted = Wanted::Issuer { issuer, configurations: &configurations };
                served.holder.obtain(wanted, alone).await
            }
        };
        served.promised.notify_one();
        obtained
    });
    match work.await {
        Ok(obtained) => obtained,
        Err(_) => Err(WalletRefusal::new("the wallet could not go on")),
    }
}

fn as_json(obtained: Result<Accepted, WalletRefusal>) -> Response {
    match obtained {
        Ok(accepted) => (StatusCode::OK, [NO_STORE], Json(listed(&accepted))).into_response(),
        Err(refusal) => {
            (StatusCode::BAD_REQUEST, [NO_STORE], Json(page::refused_json(&refusal))).into_response()
        }
    }
}

/// Without claims: what they are is the wallet's business.
fn listed(accepted: &Accepted) -> Value {
    let credentials: Vec<Value> = accepted
        .credentials
        .iter()
        .map(|card| {
            json!({"id": card.id, "name": card.name, "issuer": card.issuer, "kind": card.kind,
                           "unused_copies": card.copies, "expires": card.expires})
        })
        .collect();
    json!({"credentials": credentials, "pending": accepted.pending})
}

fn malformed(problem: &str) -> Response {
    (StatusCode::BAD_REQUEST, [NO_STORE], Json(json!({"error": problem}))).into_response()
}

/// Comes for what was promised, each at its time, for as long as the wallet is served.
pub(super) async fn keep_asking(served: Arc<Served>) {
    let mut pause = PAUSE;
    loop {
        let waiting = served.holder.waiting().unwrap_or_default();
        let Some(next) = waiting.iter().map(|waiting| waiting.not_before).min() else {
            served.promised.notified().await;
            continue;
        };
        let left = next.since(SystemClock.now());
        if !left.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(left.min(LONGEST_SLEEP)) => {}
                () = served.promised.notified() => {}
            }
            continue;
        }
        let polled = served.holder.poll(None).await;
        served.rounds.send_modify(|rounds| *rounds = rounds.wrapping_add(1));
        match polled {
            Ok(_) => pause = PAUSE,
            Err(_) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

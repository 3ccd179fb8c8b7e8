//! `credenza wallet serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use credenza::core::AddressPolicy;
use credenza::server::demo_wallet::WalletRefusal;
use credenza::server::{Limits, serve};
use credenza::vp::Profile;
use credenza::wallet::{Holder, Unattended, Unknown};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Home;
use crate::cli::{Usage, Verdict, output, serve as service};

/// Answer requests over HTTP with nobody there: for tests and certification.
///
/// GET /authorize takes a request as an authorization endpoint does, answers it, and sends the browser on; what was
/// refused is said on a page. POST /dc-api takes {"origin": …, "request": …}, where the request is what a website
/// gives to navigator.credentials.get, and answers with {"protocol": …, "data": …}.
///
/// Whoever reaches it gets whatever he asks for: let it have no credential of value.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where to listen. Another address than one of this machine needs --public.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Present without asking: there is no other way here.
    #[arg(long, required = true)]
    yes: bool,
    /// Also answer verifiers that nobody you trust vouches for.
    #[arg(long)]
    allow_unknown: bool,
    /// Let other machines reach it.
    #[arg(long)]
    public: bool,
    /// Follow requests to addresses on this machine, over http too.
    #[arg(long)]
    local: bool,
    /// Keep to the High Assurance Interoperability Profile.
    #[arg(long)]
    haip: bool,
}

struct Served {
    holder: Holder,
    unknown: Unknown,
}

pub(super) async fn run(home: &Home, arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    if !arguments.public && !arguments.listen.ip().is_loopback() {
        return Err(Usage::error("other machines could reach that address: say --public if they shall"));
    }
    let addresses = if arguments.local { AddressPolicy::Loopback } else { AddressPolicy::Public };
    let profile = if arguments.haip { Profile::Haip } else { Profile::Open };
    let holder = home.open_within(addresses, 1, profile)?;
    let unknown = if arguments.allow_unknown { Unknown::Answer } else { Unknown::Refuse };
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("can't listen on {}", arguments.listen))?;
    let at = listener.local_addr()?;
    output::line(&if json {
        json!({"listen": at.to_string()}).to_string()
    } else {
        format!("Answering whoever asks: http://{at}/authorize and http://{at}/dc-api")
    })?;
    let router = Router::new()
        .route("/authorize", get(authorize))
        .route("/dc-api", post(dc_api))
        .with_state(Arc::new(Served { holder, unknown }));
    serve(listener, router, Limits::default(), service::shutdown()).await?;
    Ok(Verdict::Good)
}

/// The authorization endpoint: the query is the request.
async fn authorize(State(served): State<Arc<Served>>, RawQuery(query): RawQuery) -> Response {
    let link = format!("openid4vp://?{}", query.unwrap_or_default());
    let Unattended { refusal, redirect_uri, .. } = served.holder.answer_link(&link, served.unknown).await;
    match (redirect_uri.and_then(|uri| HeaderValue::try_from(uri).ok()), refusal) {
        (Some(uri), _) => (StatusCode::FOUND, [NO_STORE, (header::LOCATION, uri)]).into_response(),
        (None, None) => page(StatusCode::OK, "Presented.".to_owned()),
        (None, Some(refusal)) => page(StatusCode::BAD_REQUEST, said(&refusal)),
    }
}

/// What a platform would do with a call of the Digital Credentials API.
async fn dc_api(State(served): State<Arc<Served>>, headers: HeaderMap, body: Bytes) -> Response {
    // A page in somebody's browser can't send this type without asking first, and is not answered.
    let json_body = headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "application/json");
    let Some((origin, request)) = json_body.then(|| call(&body)).flatten() else {
        let problem = json!({"error": "a JSON object with origin and request is needed"});
        return (StatusCode::BAD_REQUEST, [NO_STORE], Json(problem)).into_response();
    };
    let answered = served.holder.answer_dc_api(&origin, &request, served.unknown).await;
    match (answered.dc_api, answered.refusal) {
        (Some(call), _) => (StatusCode::OK, [NO_STORE], Json(call)).into_response(),
        (None, refusal) => {
            let refusal = refusal.as_ref().map(said).unwrap_or_default();
            (StatusCode::BAD_REQUEST, [NO_STORE], Json(json!({"error": refusal}))).into_response()
        }
    }
}

fn call(body: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut members = credenza::core::json::parse_object(body).ok()?;
    let Some(Value::String(origin)) = members.remove("origin") else { return None };
    Some((origin, members.remove("request")?.to_string().into_bytes()))
}

const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Plain text, so that nothing of what strangers have sent is more than text.
fn page(status: StatusCode, text: String) -> Response {
    let plain = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    let sniff = (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    (status, [NO_STORE, plain, sniff], text).into_response()
}

fn said(refusal: &WalletRefusal) -> String {
    match &refusal.code {
        Some(code) => format!("Refused ({code}): {refusal}"),
        None => format!("Refused: {refusal}"),
    }
}

//! Verifying by hand: choose what to ask for, show the code, watch, read the claims and the report.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_core::id;
use credenza_query::DcqlQuery;
use credenza_vci::messages::ClaimDescription;
use credenza_vp::verifier::{CheckedPresentation, PresentationRequest, SessionError, SessionView, Status};
use http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use serde_json::Value;

use super::claims_form::{keys, label, words};
use super::flow::Flow;
use super::issue::name;
use super::posted::Posted;
use super::view::{Markup, ReportView, Step, steps};
use super::visitor::{Entered, Visitor};
use crate::admin::{self, Naming, Of, Session};
use crate::demo_wallet::Claim;
use crate::qr;
use crate::query_register::{Asks, StoredQuery};
use crate::service::Service;
use crate::stopping::Stopping;

#[derive(Serialize)]
struct FormView<'a> {
    presets: Vec<PresetView>,
    chosen: &'a str,
    device: &'a str,
    dcql: String,
    problem: Option<String>,
}

#[derive(Serialize)]
struct PresetView {
    id: String,
    name: String,
    explains: String,
}

impl From<StoredQuery> for PresetView {
    fn from(query: StoredQuery) -> Self {
        Self { id: query.id, name: query.name, explains: query.explains }
    }
}

/// `GET /verify`
pub(super) async fn form(State(service): State<Arc<Service>>, Entered(visitor): Entered) -> Response {
    let Ok(queries) = service.queries.all().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let first = queries.first();
    let dcql =
        first.and_then(|query| serde_json::to_string_pretty(query.asks.dcql()?).ok()).unwrap_or_default();
    let chosen = first.map(|query| query.id.clone()).unwrap_or_default();
    let presets = queries.into_iter().map(PresetView::from).collect();
    let view = FormView { presets, chosen: &chosen, device: "cross", dcql, problem: None };
    visitor.page(&service, "verify.html", "/verify", &view)
}

async fn presets(service: &Service) -> Vec<PresetView> {
    service.queries.all().await.unwrap_or_default().into_iter().map(PresetView::from).collect()
}

/// `POST /verify`
pub(super) async fn create(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let same_device = posted.get("device") == Some("same");
    let (title, query) = match wanted(&service, &posted).await {
        Ok(wanted) => wanted,
        Err(problem) => return again(&service, posted, problem).await,
    };
    let back = id::short(&*service.random);
    let mut request = PresentationRequest::new(query);
    if same_device {
        request.redirect = Some(service.url(&format!("/done/{back}?response_code={{RESPONSE_CODE}}")));
    }
    let created = match service.verifier.create(request).await {
        Ok(created) => created,
        Err(error) => return again(&service, posted, error.to_string()).await,
    };
    let (link, until) = (&created.wallet_link, created.expires_at);
    if admin::remember(&service, Of::Presentation, &created.id, link, until).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let flow = Flow { id: created.id, name: title, tx_code: None, same_device };
    let path = format!("/verify/{}", flow.id);
    let mut response = posted.visitor.redirect(&service, &path);
    flow.give(&service, &path, until, &mut response);
    if same_device {
        flow.give(&service, &format!("/done/{back}"), until, &mut response);
    }
    response
}

/// What is asked for, and what that is called.
async fn wanted(service: &Service, posted: &Posted) -> Result<(String, DcqlQuery), String> {
    let chosen = posted.get("preset").unwrap_or_default();
    if chosen.is_empty() {
        let text = posted.get("dcql_query").unwrap_or_default();
        return Ok(("Your own query".to_owned(), admin::parse_query(text.as_bytes())?));
    }
    match service.queries.find(chosen).await {
        Ok(None) => Err("There is no such query.".to_owned()),
        Ok(Some(query)) => match query.asks {
            Asks::DcqlQuery(dcql) => Ok((query.name, dcql)),
            Asks::PresentationDefinition(_) => {
                Err("This query is for wallets of earlier drafts: it is asked over the API.".to_owned())
            }
        },
        Err(error) => Err(error.to_string()),
    }
}

/// The form with what was typed, and why that can't be.
async fn again(service: &Service, posted: Posted, problem: String) -> Response {
    let typed = |name| posted.get(name).unwrap_or_default().to_owned();
    let (chosen, device, dcql) = (typed("preset"), typed("device"), typed("dcql_query"));
    let view = FormView {
        presets: presets(service).await,
        chosen: &chosen,
        device: &device,
        dcql,
        problem: Some(problem),
    };
    posted.visitor.page(service, "verify.html", "/verify", &view)
}

#[derive(Serialize)]
struct PresentationView {
    id: String,
    name: String,
    link: String,
    qr: Markup,
    expires: String,
    steps_taken: Vec<Step>,
    /// Changes whenever something has happened.
    version: usize,
    done: bool,
    lost: bool,
    ended: bool,
    failure: Option<String>,
    same_device: bool,
    /// It was verified, and is shown elsewhere: in the browser that the wallet comes back to.
    return_needed: bool,
    /// It was verified, and was shown before.
    handed_out: bool,
    verdict: Option<Verdict>,
}

#[derive(Serialize)]
struct Verdict {
    ok: bool,
    reason: String,
    credentials: Vec<Presented>,
    report: Option<ReportView>,
}

#[derive(Serialize)]
struct Presented {
    name: String,
    claims: Vec<Claim>,
}

/// `GET /verify/{id}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Entered(visitor): Entered,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let flow = Flow::of(&service, &headers, &id);
    page(&service, visitor, &id, flow, None).await
}

/// `GET /done/{flow}`: where the wallet on the same device leads the browser back to. The code is good once, in the
/// browser that began, so that nobody is shown what somebody else has presented (OID4VP §14.2).
pub(super) async fn done(
    State(service): State<Arc<Service>>,
    Entered(visitor): Entered,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let Some(flow) = Flow::brought(&service, &headers) else {
        return visitor.page(&service, "refused.html", "/verify", &NotYours::new());
    };
    let query = uri.query().unwrap_or_default();
    let code = url::form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, value)| (name == "response_code").then(|| value.into_owned()));
    let id = flow.id.clone();
    page(&service, visitor, &id, Some(flow), code).await
}

#[derive(Serialize)]
struct NotYours {
    title: &'static str,
    message: &'static str,
    back: &'static str,
}

impl NotYours {
    const fn new() -> Self {
        Self {
            title: "Not in this browser",
            message: "The result is shown in the browser in which the request was made.",
            back: "/verify",
        }
    }
}

async fn page(
    service: &Service,
    visitor: Visitor,
    id: &str,
    flow: Option<Flow>,
    code: Option<String>,
) -> Response {
    let session = match service.verifier.session(id).await {
        Ok(session) => session,
        Err(SessionError::Store(_)) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(_) => return StatusCode::NOT_FOUND.into_response(),
    };
    let link = admin::link(service, Of::Presentation, id).await.ok().flatten().unwrap_or_default();
    let returned = code.is_some();
    let verdict = match &flow {
        Some(_) => verdict(service, &session, code.as_deref()).await,
        None => None,
    };
    let view = presentation_view(session, link, flow.as_ref(), verdict, returned);
    visitor.page(service, "presentation.html", "/verify", &view)
}

fn presentation_view(
    session: SessionView,
    link: String,
    flow: Option<&Flow>,
    verdict: Option<Verdict>,
    returned: bool,
) -> PresentationView {
    let ended = admin::has_ended(session.status);
    let lost =
        matches!(session.status, Status::Rejected | Status::Failed | Status::Expired | Status::Cancelled);
    let answered = session.status == Status::Verified;
    PresentationView {
        qr: Markup(qr::svg(&link).unwrap_or_default()),
        link,
        name: flow.map_or_else(|| "Presentation".to_owned(), |flow| flow.name.clone()),
        same_device: flow.is_some_and(|flow| flow.same_device),
        return_needed: answered && verdict.is_none() && !returned,
        handed_out: answered && verdict.is_none() && returned,
        expires: session.expires_at.to_rfc3339(),
        steps_taken: steps(&STEPS, &session.events, lost),
        version: session.events.len(),
        done: ended || session.status == Status::Failed,
        lost,
        ended,
        failure: failure(&session),
        verdict,
        id: session.id,
    }
}

/// The way of a presentation, each step with the event that takes it.
const STEPS: [(&str, &str); 3] = [
    ("Request created", "presentation.created"),
    ("Opened by a wallet", "presentation.retrieved"),
    ("Answered and verified", "presentation.verified"),
];

fn failure(session: &SessionView) -> Option<String> {
    match session.status {
        Status::Failed => {
            let code = session.wallet_error.as_ref().map(|error| error.error.as_str());
            Some(match code {
                Some("access_denied") | None => "The wallet's owner said no.".to_owned(),
                Some(code) => format!("The wallet said no: {code}"),
            })
        }
        Status::Expired => Some("Nobody answered in time.".to_owned()),
        Status::Cancelled => Some("The request was called off.".to_owned()),
        Status::Created | Status::Retrieved => {
            session.refusal.as_ref().map(|check| format!("An answer was refused by the check {check}."))
        }
        Status::Verified | Status::Rejected => None,
    }
}

async fn verdict(service: &Service, session: &SessionView, code: Option<&str>) -> Option<Verdict> {
    let report = || async { service.verifier.report(&session.id).await.ok().flatten().map(ReportView::from) };
    match session.status {
        Status::Verified => {
            let result = service.verifier.result(&session.id, code).await.ok()?;
            let credentials = result.presentations.iter().map(|one| presented(service, one)).collect();
            Some(Verdict { ok: true, reason: String::new(), credentials, report: report().await })
        }
        Status::Rejected => {
            let report = report().await;
            let reason = report.as_ref().and_then(ReportView::first_failure);
            let reason = reason.unwrap_or("A check has failed.").to_owned();
            Some(Verdict { ok: false, reason, credentials: Vec::new(), report })
        }
        _ => None,
    }
}

/// Claims that say something about the credential, not about its holder.
const TECHNICAL: [&str; 12] =
    ["iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "sub", "jti", "_sd_alg", "aud"];

fn presented(service: &Service, presentation: &CheckedPresentation) -> Presented {
    let configuration = service.issuer.configurations().find(|configuration| {
        presentation.types.iter().any(|kind| kind == configuration.format.credential_type())
    });
    let described = configuration.as_ref().map(|one| one.claims.as_slice()).unwrap_or_default();
    let mut claims = Vec::new();
    for (key, value) in presentation.claims.as_object().into_iter().flatten() {
        if !TECHNICAL.contains(&key.as_str()) {
            list(described, &mut vec![key.clone()], value, &mut claims);
        }
    }
    let name =
        configuration.as_ref().map_or_else(|| presentation.types.join(", "), |one| name(one).to_owned());
    Presented { name, claims }
}

/// A line for each value, called as the issuer calls it.
fn list(described: &[ClaimDescription], at: &mut Vec<String>, value: &Value, out: &mut Vec<Claim>) {
    if let Value::Object(members) = value {
        for (key, inner) in members {
            at.push(key.clone());
            list(described, at, inner, out);
            at.pop();
        }
        return;
    }
    let known = described.iter().find(|claim| keys(&claim.path).as_ref() == Some(at));
    let label = known.map_or_else(
        || at.iter().map(|key| words(key)).collect::<Vec<_>>().join(": "),
        |claim| label(&claim.path, &claim.display),
    );
    out.push(Claim { label, value: text(value) });
}

/// A value as people read it.
fn text(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// `GET /verify/{id}/events`
pub(super) async fn events(
    State(service): State<Arc<Service>>,
    Entered(_): Entered,
    Path(id): Path<String>,
    headers: HeaderMap,
    stopping: Stopping,
) -> Response {
    admin::stream(&service, Session::Presentation(id), Naming::Change, &headers, stopping)
        .await
        .into_response()
}

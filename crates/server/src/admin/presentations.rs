//! `/api/v1/presentations`: ask for a presentation, watch it, read what came of it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_query::DcqlQuery;
use credenza_vp::dialects::{Dialect, Language};
use credenza_vp::messages::{RequestUriMethod, TransactionData, VerifierInfo};
use credenza_vp::siop::{IdTokenRequest, SelfIssuedSubject};
use credenza_vp::verifier::{
    CheckedPresentation, CreateError, CreatedDcApi, CreatedRequest, DcApiCall, PresentationRequest,
    RequestedPrefix, ResultError, SessionError, SessionView, Status,
};
use credenza_vp::{ResponseMode, verifier};
use http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::Body;
use super::events::{self, Naming, Session};
use super::links::{self, Of};
use super::{definition, no_such, qr_code, queries, websites};
use crate::problem::{Kind, Problem};
use crate::query_register::Asks;
use crate::respond::json;
use crate::service::Service;
use crate::stopping::Stopping;
use crate::web::page;

/// What to ask for, as the API words it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreatePresentation {
    #[serde(default)]
    dcql_query: Option<Value>,
    #[serde(default)]
    presentation_definition: Option<Value>,
    #[serde(default, alias = "query_id")]
    query: Option<String>,
    #[serde(default)]
    response_mode: Option<ResponseMode>,
    #[serde(default)]
    client_id_prefix: Option<RequestedPrefix>,
    #[serde(default)]
    request_uri_method: Option<RequestUriMethod>,
    #[serde(default)]
    by_value: bool,
    #[serde(default)]
    authorization_endpoint: Option<String>,
    #[serde(default)]
    redirect_uri: Option<String>,
    #[serde(default)]
    return_to: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    correlation_id: Option<String>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    transaction_data: Vec<Map<String, Value>>,
    #[serde(default)]
    verifier_info: Vec<VerifierInfo>,
    #[serde(default)]
    id_token: bool,
    #[serde(default)]
    dialect: Option<Dialect>,
    #[serde(default)]
    query_language: Option<Language>,
    #[serde(default)]
    dc_api: Option<DcApiCall>,
    #[serde(default)]
    page: Option<DcApiCall>,
}

/// A request that was made, and where to go from here.
#[derive(Serialize)]
struct Created {
    #[serde(flatten)]
    request: CreatedRequest,
    status_url: String,
    result_url: String,
    report_url: String,
    events_url: String,
    qr_url: String,
    /// Where the browser is sent, when its answer comes back to a page of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_url: Option<String>,
}

/// `POST /api/v1/presentations`
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    Body(wanted): Body<CreatePresentation>,
) -> Result<Response, Problem> {
    let asks = query(&service, &wanted).await?;
    definition::check(&asks, wanted.dialect, wanted.query_language)?;
    let Wanted { mut request, dc_api, page, return_to } = wanted.request(asks)?;
    match (dc_api, page) {
        (None, None) => {}
        (Some(call), None) => return create_for_dc_api(&service, request, call).await,
        (None, Some(call)) => return websites::create(&service, request, call).await,
        (Some(_), Some(_)) => {
            let why = "a page asks through the Digital Credentials API, too: only one of dc_api and page";
            return Err(Problem::new(Kind::InvalidRequest).because(why));
        }
    }
    let place = return_to.map(|back| websites::answered_here(&service, &mut request, back)).transpose()?;
    let request = match &place {
        None => service.verifier.create(request).await?,
        Some(_) => service.verifier.create(request).await.map_err(websites::at_return)?,
    };
    let start_url = match place {
        Some(place) => Some(place.awaits(&service, &request).await?),
        None => None,
    };
    links::remember(&service, Of::Presentation, &request.id, &request.wallet_link, request.expires_at)
        .await?;
    let status_url = service.url(&format!("/api/v1/presentations/{}", request.id));
    let created = Created {
        result_url: format!("{status_url}/result"),
        report_url: format!("{status_url}/report"),
        events_url: format!("{status_url}/events"),
        qr_url: format!("{status_url}/qr.svg"),
        start_url,
        status_url,
        request,
    };
    Ok(json(StatusCode::CREATED, &created))
}

/// The request, and how a website asks for it, if one does.
struct Wanted {
    request: PresentationRequest,
    dc_api: Option<DcApiCall>,
    page: Option<DcApiCall>,
    return_to: Option<String>,
}

impl CreatePresentation {
    fn request(self, asks: Asks) -> Result<Wanted, Problem> {
        let mut request = PresentationRequest::new(asks);
        if self.dc_api.is_some() {
            request.response_mode = ResponseMode::DcApiJwt;
        }
        if let Some(mode) = self.response_mode {
            request.response_mode = mode;
        }
        if let Some(method) = self.request_uri_method {
            request.request_uri_method = method;
        }
        request.by_value = self.by_value;
        request.prefix = self.client_id_prefix;
        request.authorization_endpoint = self.authorization_endpoint;
        if request.response_mode.is_redirect() {
            request.redirect_uri = self.redirect_uri;
        } else {
            request.redirect = self.redirect_uri;
        }
        request.lifetime = self.expires_in.map(Duration::from_secs);
        request.correlation_id = self.correlation_id;
        request.scope = self.scope;
        request.id_token = self.id_token.then(IdTokenRequest::default);
        request.verifier_info = self.verifier_info;
        if self.dialect.is_none() && self.query_language.is_some() {
            let why = "1.0 has one query language: name a dialect";
            return Err(Problem::new(Kind::Unprocessable).because(why).at("/query_language"));
        }
        let language = self.query_language.unwrap_or(Language::PresentationExchange);
        request.dialect = self.dialect.map(|dialect| (dialect, language));
        for members in self.transaction_data {
            let data = TransactionData::new(members).map_err(|error| {
                Problem::new(Kind::Unprocessable).because(error.to_string()).at("/transaction_data")
            })?;
            request.transaction_data.push(data);
        }
        Ok(Wanted { request, dc_api: self.dc_api, page: self.page, return_to: self.return_to })
    }
}

/// A request for a website to ask with, and where the answer is brought.
#[derive(Serialize)]
struct CreatedForDcApi {
    #[serde(flatten)]
    request: CreatedDcApi,
    response_url: String,
    status_url: String,
    result_url: String,
    report_url: String,
    events_url: String,
}

async fn create_for_dc_api(
    service: &Service,
    request: PresentationRequest,
    call: DcApiCall,
) -> Result<Response, Problem> {
    let request = service.verifier.create_for_dc_api(request, call).await?;
    let status_url = service.url(&format!("/api/v1/presentations/{}", request.id));
    let created = CreatedForDcApi {
        response_url: page::response_url(service, &request.request_id),
        result_url: format!("{status_url}/result"),
        report_url: format!("{status_url}/report"),
        events_url: format!("{status_url}/events"),
        status_url,
        request,
    };
    Ok(json(StatusCode::CREATED, &created))
}

/// What is asked for: said here, by the name of a query, or by the scope of one that is stored.
async fn query(service: &Service, wanted: &CreatePresentation) -> Result<Asks, Problem> {
    let unknown = |at| Problem::new(Kind::Unprocessable).because("there is no such query").at(at);
    match (&wanted.dcql_query, &wanted.presentation_definition, &wanted.query, &wanted.scope) {
        (Some(dcql), None, None, _) => Ok(Asks::DcqlQuery(queries::parse(dcql)?)),
        (None, Some(stated), None, _) => definition::parse(stated),
        (None, None, Some(id), _) => {
            let found = service.queries.find(id).await?;
            Ok(found.ok_or_else(|| unknown("/query"))?.asks)
        }
        (None, None, None, Some(scope)) => {
            let found = service.queries.of_scope(scope).await?;
            Ok(found.ok_or_else(|| unknown("/scope"))?.asks)
        }
        _ => Err(Problem::new(Kind::InvalidRequest).because(
            "one of dcql_query, presentation_definition, query and scope is needed, and one of the first three at most",
        )),
    }
}

/// Reads a DCQL query; the reason is for the person who wrote it.
pub(crate) fn parse_query(text: &[u8]) -> Result<DcqlQuery, String> {
    let value = credenza_core::json::parse(text).map_err(|error| error.to_string())?;
    DcqlQuery::parse(&value).map_err(|error| error.to_string())
}

/// How a presentation stands, with what was presented as soon as that is known and needs no response code.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    session: SessionView,
    #[serde(skip_serializing_if = "Option::is_none")]
    presentations: Option<Vec<CheckedPresentation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SelfIssuedSubject>,
}

/// `GET /api/v1/presentations/{id}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let session = service.verifier.session(&id).await?;
    let open = session.status == Status::Verified && !session.needs_response_code;
    let result = if open { Some(service.verifier.result(&id, None).await?) } else { None };
    let (presentations, subject) = result.map(|result| (result.presentations, result.subject)).unzip();
    Ok(json(StatusCode::OK, &Shown { session, presentations, subject: subject.flatten() }))
}

/// `DELETE /api/v1/presentations/{id}`: forgets it with everything in it.
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    match service.verifier.delete(&id).await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(no_such("presentation")),
    }
}

/// `POST /api/v1/presentations/{id}/cancel`
pub(super) async fn cancel(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let view = service.verifier.cancel(&id).await?;
    Ok(json(StatusCode::OK, &view))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantResult {
    #[serde(default)]
    response_code: Option<String>,
}

/// `POST /api/v1/presentations/{id}/result`: the verified claims. A POST, since a response code is spent by it.
pub(super) async fn result(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Body(want): Body<WantResult>,
) -> Result<Response, Problem> {
    let result = service.verifier.result(&id, want.response_code.as_deref()).await?;
    Ok(json(StatusCode::OK, &result))
}

/// `GET /api/v1/presentations/{id}/report`
pub(super) async fn report(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let report = service.verifier.report(&id).await?;
    let report = report.ok_or_else(|| Problem::new(Kind::NotFound).because("nothing was answered yet"))?;
    Ok(json(StatusCode::OK, &report))
}

/// `GET /api/v1/presentations/{id}/events`
pub(super) async fn events(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    stopping: Stopping,
) -> Result<Response, Problem> {
    events::answer(&service, Session::Presentation(id), Naming::ByKind, &uri, &headers, stopping).await
}

/// `GET /api/v1/presentations/{id}/qr.svg`
pub(super) async fn qr(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    qr_code::answer(&service, Of::Presentation, &id).await
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        let at = match &error {
            CreateError::Store(_) | CreateError::Key => {
                return match error {
                    CreateError::Store(error) => error.into(),
                    _ => Self::new(Kind::Internal),
                };
            }
            CreateError::Signer | CreateError::DnsName | CreateError::Identity(_) => "/client_id_prefix",
            CreateError::TransactionData => "/transaction_data",
            CreateError::Origins => "/dc_api/origins",
            CreateError::ResponseMode => "/response_mode",
            CreateError::Method => "/request_uri_method",
            CreateError::Redirect => "/redirect_uri",
            CreateError::DuplicateClaim | CreateError::Format(_) => "/dcql_query",
            CreateError::Definition(_) => "/presentation_definition",
            CreateError::IdToken => "/id_token",
            CreateError::Dialect(_) => "/dialect",
            CreateError::AuthorizationEndpoint => "/authorization_endpoint",
            CreateError::Lifetime => "/expires_in",
            CreateError::TooLong(_) | CreateError::Profile(_) => "",
        };
        Self::new(Kind::Unprocessable).because(error.to_string()).at(at)
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::Unknown => no_such("presentation"),
            SessionError::Ended => Self::new(Kind::Conflict).because(error.to_string()),
        }
    }
}

impl From<ResultError> for Problem {
    fn from(error: ResultError) -> Self {
        match error {
            ResultError::Store(error) => error.into(),
            ResultError::Unknown => no_such("presentation"),
            ResultError::NotVerified => Self::new(Kind::Conflict).because(error.to_string()),
            ResultError::ResponseCode => {
                Self::new(Kind::Conflict).because(error.to_string()).at("/response_code")
            }
        }
    }
}

/// Whether nothing more can happen to a presentation.
pub(crate) const fn has_ended(status: Status) -> bool {
    use verifier::Status::{Cancelled, Expired, Rejected, Verified};
    matches!(status, Verified | Rejected | Expired | Cancelled)
}

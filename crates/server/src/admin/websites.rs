//! `"page"` of `POST /api/v1/presentations`: a presentation that a website of the caller's shows with
//! `<credenza-verify>`.

use axum::response::Response;
use credenza_vp::verifier::{CreateError, CreatedRequest, DcApiCall, PresentationRequest};
use http::StatusCode;
use serde::Serialize;

use super::links::{self, Of};
use crate::pages::answer::Place;
use crate::problem::{Kind, Problem};
use crate::respond::json;
use crate::service::Service;
use crate::web::page::{self, Page};

/// A request that was made for a website, and where to go from here.
#[derive(Serialize)]
struct Created {
    #[serde(flatten)]
    request: CreatedRequest,
    /// What the component is told as its `src`.
    page_url: String,
    status_url: String,
    result_url: String,
    report_url: String,
    events_url: String,
    qr_url: String,
}

/// Makes it, for websites that the service knows.
pub(super) async fn create(
    service: &Service,
    request: PresentationRequest,
    call: DcApiCall,
) -> Result<Response, Problem> {
    if !call.origins.iter().all(|origin| service.websites.contains(origin)) {
        let why = "an origin is none of the service's websites";
        return Err(Problem::new(Kind::Unprocessable).because(why).at("/page/origins"));
    }
    let (request, page_url) = for_page(service, request, call).await?;
    let status_url = service.url(&format!("/api/v1/presentations/{}", request.id));
    let created = Created {
        page_url,
        result_url: format!("{status_url}/result"),
        report_url: format!("{status_url}/report"),
        events_url: format!("{status_url}/events"),
        qr_url: format!("{status_url}/qr.svg"),
        status_url,
        request,
    };
    Ok(json(StatusCode::CREATED, &created))
}

/// Makes a request that a page shows, and the URL that the page asks for it with.
pub(crate) async fn for_page(
    service: &Service,
    request: PresentationRequest,
    call: DcApiCall,
) -> Result<(CreatedRequest, String), Problem> {
    let origins = call.origins.clone();
    let (request, website) = service.verifier.create_for_website(request, call).await.map_err(at_page)?;
    let until = request.expires_at;
    links::remember(service, Of::Presentation, &request.id, &request.wallet_link, until).await?;
    page::keep(service, &Page::new(&request, website, origins), until).await?;
    let token = page::token(service, &request.id, until);
    Ok((request, page::url(service, &token)))
}

fn at_page(error: CreateError) -> Problem {
    match error {
        CreateError::Origins => Problem::from(error).at("/page/origins"),
        _ => error.into(),
    }
}

/// Has the browser bring the answer to our own page, from where it goes on to `return_to`.
pub(super) fn answered_here(
    service: &Service,
    request: &mut PresentationRequest,
    return_to: String,
) -> Result<Place, Problem> {
    if !request.response_mode.is_redirect() || request.redirect_uri.is_some() {
        let why = "return_to is for the response modes fragment and query, in place of redirect_uri";
        return Err(Problem::new(Kind::Unprocessable).because(why).at("/return_to"));
    }
    let place = Place::new(service);
    request.redirect_uri = Some(place.redirect_uri(service));
    request.redirect = Some(return_to);
    Ok(place)
}

/// What is wrong with a request whose answer our own page takes.
pub(super) fn at_return(error: CreateError) -> Problem {
    match error {
        CreateError::Redirect => Problem::from(error).at("/return_to"),
        _ => error.into(),
    }
}

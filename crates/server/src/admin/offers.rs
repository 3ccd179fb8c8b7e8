//! `/api/v1/offers`: make an offer, watch it, call it off.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use credenza_vci::issuer::{
    CancelError, CreatedOffer, Deferral, Delivery, OfferError, OfferGrants, OfferRequest, OfferedCredential,
    TxCodeRequest,
};
use credenza_vci::messages::InputMode;
use http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::body::{self, Body};
use super::events::{self, Naming, Session};
use super::links::{self, Of};
use super::{no_such, qr_code};
use crate::problem::{Kind, Problem};
use crate::respond::json;
use crate::service::Service;
use crate::stopping::Stopping;

/// What to offer, as the API words it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateOffer {
    credentials: Vec<Credential>,
    #[serde(default)]
    tx_code: Option<TxCode>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    grants: OfferGrants,
    #[serde(default)]
    delivery: Delivery,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    correlation_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    r#type: String,
    #[serde(default)]
    claims: Option<Map<String, Value>>,
    #[serde(default)]
    deferral: Option<Deferral>,
}

/// `true` for six digits, or which code.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "tx_code must be true, false, or an object with length, code, description, input_mode"
)]
enum TxCode {
    Asked(bool),
    Which(TxCodeDetails),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TxCodeDetails {
    #[serde(default)]
    code: Option<credenza_core::Secret>,
    #[serde(default)]
    length: Option<u8>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    input_mode: InputMode,
}

impl From<CreateOffer> for OfferRequest {
    fn from(from: CreateOffer) -> Self {
        let tx_code = match from.tx_code {
            None | Some(TxCode::Asked(false)) => None,
            Some(TxCode::Asked(true)) => Some(TxCodeRequest::default()),
            Some(TxCode::Which(TxCodeDetails { code, length, description, input_mode })) => {
                Some(TxCodeRequest { code, length, description, input_mode })
            }
        };
        let credentials = from.credentials.into_iter().map(|Credential { r#type, claims, deferral }| {
            OfferedCredential { configuration_id: r#type, claims, deferral }
        });
        Self {
            credentials: credentials.collect(),
            tx_code,
            subject: from.subject,
            grants: from.grants,
            delivery: from.delivery,
            expires_in: from.expires_in,
            reference: from.correlation_id,
        }
    }
}

/// An offer that was made, and where to go from here.
#[derive(Serialize)]
struct Created {
    #[serde(flatten)]
    offer: CreatedOffer,
    status_url: String,
    events_url: String,
    qr_url: String,
}

/// `POST /api/v1/offers`
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    Body(request): Body<CreateOffer>,
) -> Result<Response, Problem> {
    let named: Vec<String> = request.credentials.iter().map(|one| one.r#type.clone()).collect();
    // One that another node has made a moment ago.
    if let Some(types) = &service.types
        && !named.iter().all(|id| service.issuer.configurations().any(|one| one.id == *id))
    {
        types.catch_up().await?;
    }
    let offer = service.issuer.create_offer(request.into()).await.map_err(|error| refused(error, &named))?;
    links::remember(&service, Of::Offer, &offer.id, &offer.uri, offer.expires_at).await?;
    let status_url = service.url(&format!("/api/v1/offers/{}", offer.id));
    let created = Created {
        events_url: format!("{status_url}/events"),
        qr_url: format!("{status_url}/qr.svg"),
        status_url,
        offer,
    };
    Ok(json(StatusCode::CREATED, &created))
}

/// `GET /api/v1/offers/{id}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let view = service.issuer.session(&id).await?.ok_or_else(|| no_such("offer"))?;
    Ok(json(StatusCode::OK, &view))
}

/// `DELETE /api/v1/offers/{id}`
pub(super) async fn cancel(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let view = service.issuer.cancel(&id).await?;
    Ok(json(StatusCode::OK, &view))
}

/// `GET /api/v1/offers/{id}/events`
pub(super) async fn events(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    stopping: Stopping,
) -> Result<Response, Problem> {
    events::answer(&service, Session::Offer(id), Naming::ByKind, &uri, &headers, stopping).await
}

/// `GET /api/v1/offers/{id}/qr.svg`
pub(super) async fn qr(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    qr_code::answer(&service, Of::Offer, &id).await
}

/// The problem, at the credential that it is about. The first one that is wrong is told; where several are of its type,
/// it can be any of them.
fn refused(error: OfferError, named: &[String]) -> Problem {
    let of_type = |id: &str, member: &str| {
        let mut places = named.iter().enumerate().filter(|(_, name)| *name == id);
        match (places.next(), places.next()) {
            (Some((number, _)), None) => format!("/credentials/{number}{member}"),
            _ => "/credentials".to_owned(),
        }
    };
    let at = match &error {
        OfferError::UnknownConfiguration(id) => {
            let number = named.iter().position(|name| name == id);
            number.map(|number| format!("/credentials/{number}/type"))
        }
        OfferError::MissingClaim { configuration, .. } | OfferError::Unfit { configuration, .. } => {
            Some(of_type(configuration, "/claims"))
        }
        OfferError::ReservedClaim(claim) if named.len() == 1 => {
            Some(body::below("/credentials/0/claims", claim))
        }
        _ => None,
    };
    let problem = Problem::from(error);
    match at {
        Some(at) => problem.at(at),
        None => problem,
    }
}

impl From<OfferError> for Problem {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::Store(error) => error.into(),
            OfferError::TooLarge => Self::new(Kind::TooLarge).because(error.to_string()),
            OfferError::NoAuthorization => {
                Self::new(Kind::Unprocessable).because(error.to_string()).at("/grants")
            }
            OfferError::TxCode(_) => Self::new(Kind::Unprocessable).because(error.to_string()).at("/tx_code"),
            OfferError::Lifetime => {
                Self::new(Kind::Unprocessable).because(error.to_string()).at("/expires_in")
            }
            _ => Self::new(Kind::Unprocessable).because(error.to_string()).at("/credentials"),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Store(error) => error.into(),
            CancelError::NotFound => no_such("offer"),
            CancelError::TooLate(_) => Self::new(Kind::Conflict).because(error.to_string()),
        }
    }
}

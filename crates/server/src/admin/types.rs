//! `/api/v1/credential-types`: what can be offered.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_core::StoreError;
use credenza_vci::issuer::CredentialConfiguration;
use http::{StatusCode, Uri};
use serde::Serialize;
use serde_json::{Map, Value};

use super::body::{self, Body};
use super::no_such;
use super::paging::{self, Page};
use crate::problem::{Kind, Problem};
use crate::respond::{NO_STORE, json};
use crate::service::Service;
use crate::type_register::{TypeError, TypeRegister};

/// A type, and where it comes from.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    configuration: &'a CredentialConfiguration,
    origin: Origin,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Origin {
    Configuration,
    Api,
}

impl<'a> View<'a> {
    fn of(service: &Service, configuration: &'a CredentialConfiguration) -> Self {
        let made = service.types.as_ref().is_some_and(|types| !types.is_fixed(&configuration.id));
        Self { configuration, origin: if made { Origin::Api } else { Origin::Configuration } }
    }
}

async fn catch_up(service: &Service) -> Result<(), StoreError> {
    match &service.types {
        Some(types) => types.catch_up().await,
        None => Ok(()),
    }
}

/// `GET /api/v1/credential-types`
pub(super) async fn list(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Problem> {
    let page = Page::of(&uri, &[])?;
    catch_up(&service).await?;
    let all: Vec<_> = service.issuer.configurations().collect();
    let views = all.iter().map(|one| (one.id.clone(), View::of(&service, one))).collect();
    Ok(paging::answer(&service, &uri, &page, "credential_types", page.of_all(views)))
}

/// `GET /api/v1/credential-types/{id}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    catch_up(&service).await?;
    let known = service.issuer.configurations().find(|one| one.id == id);
    let known = known.ok_or_else(|| no_such("credential type"))?;
    Ok(json(StatusCode::OK, &View::of(&service, &known)))
}

/// `PUT /api/v1/credential-types/{id}`
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Body(object): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let configuration = read(id, object)?;
    let new = register(&service)?.put(configuration.clone()).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &View::of(&service, &configuration)))
}

/// `DELETE /api/v1/credential-types/{id}`
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    register(&service)?.remove(&id).await?;
    Ok((StatusCode::NO_CONTENT, [NO_STORE]).into_response())
}

fn register(service: &Service) -> Result<&TypeRegister, Problem> {
    service.types.as_ref().ok_or_else(|| Problem::new(Kind::MethodNotAllowed))
}

/// Reads a type as it would be read from a file. What [`View`] adds is ignored, so that an answer can be changed and sent
/// back.
fn read(id: String, mut object: Map<String, Value>) -> Result<CredentialConfiguration, Problem> {
    object.shift_remove("origin");
    if let Some(unknown) = CredentialConfiguration::unknown_member(&object) {
        let detail = format!("a credential type has no member `{unknown}`");
        return Err(Problem::new(Kind::UnknownMember).because(detail).at(body::below("", unknown)));
    }
    let named = object.entry("id").or_insert_with(|| Value::String(id.clone()));
    if *named != Value::String(id) {
        let detail = "its id is not the one at the end of the path";
        return Err(Problem::new(Kind::Unprocessable).because(detail).at("/id"));
    }
    body::typed(Value::Object(object))
}

impl From<TypeError> for Problem {
    fn from(error: TypeError) -> Self {
        match error {
            TypeError::Store(error) => error.into(),
            TypeError::NotFound => no_such("credential type"),
            TypeError::Fixed => Self::new(Kind::Conflict).because(error.to_string()),
            TypeError::Invalid(_) => Self::new(Kind::Unprocessable).because(error.to_string()),
        }
    }
}

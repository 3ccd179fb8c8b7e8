//! Issuing by hand: choose, fill in, offer, watch.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_vci::issuer::{
    CreatedOffer, CredentialConfiguration, OfferError, OfferGrants, OfferRequest, SessionState, SessionView,
};
use http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use serde_json::{Map, Value};

use super::claims_form::{self, Field};
use super::flow::Flow;
use super::issued::{self, Issued};
use super::posted::Posted;
use super::view::{Face, Markup, Step, steps};
use super::visitor::{Entered, Visitor};
use crate::admin::{self, Naming, Of, Session};
use crate::demo_wallet::Card;
use crate::qr;
use crate::service::Service;
use crate::stopping::Stopping;

/// Digits of a transaction code.
const TX_CODE_LENGTH: u8 = 6;

#[derive(Serialize)]
struct FormView<'a> {
    types: Vec<TypeLink<'a>>,
    form: Form<'a>,
    /// Whether anybody can sign in.
    can_sign_in: bool,
    #[serde(flatten)]
    ways: Ways,
    problem: Option<String>,
}

/// How the wallet's owner shows who they are.
#[derive(Default, Clone, Copy, Serialize)]
struct Ways {
    tx_code: bool,
    sign_in: bool,
}

#[derive(Serialize)]
struct TypeLink<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Form<'a> {
    id: &'a str,
    name: &'a str,
    fields: Vec<Field>,
    card: Face,
}

/// `GET /issue`
pub(super) async fn form(
    State(service): State<Arc<Service>>,
    Entered(visitor): Entered,
    uri: Uri,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let wanted = url::form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, value)| (name == "type").then_some(value));
    let Some(configuration) = configuration(&service, wanted.as_deref()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    show_form(&service, visitor, &configuration, fields(&service, &configuration), Ways::default(), None)
}

fn show_form(
    service: &Service,
    visitor: Visitor,
    configuration: &CredentialConfiguration,
    fields: Vec<Field>,
    ways: Ways,
    problem: Option<String>,
) -> Response {
    let all = configurations(service);
    let types = all.iter().map(|one| TypeLink { id: &one.id, name: name(one) });
    let form =
        Form { id: &configuration.id, name: name(configuration), fields, card: face(service, configuration) };
    let view = FormView { types: types.collect(), form, can_sign_in: service.users.is_some(), ways, problem };
    visitor.page(service, "issue.html", "/issue", &view)
}

/// `POST /issue`
pub(super) async fn create(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let Some(configuration) = configuration(&service, posted.get("type")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut fields = fields(&service, &configuration);
    let ways = Ways { tx_code: posted.get("tx_code").is_some(), sign_in: posted.get("sign_in").is_some() };
    let claims = claims_form::claims(&fields, &posted);
    // A form that was left empty leaves it to the source.
    let brought = configuration.claims_source.is_some() && claims.is_empty();
    let mut request = OfferRequest::of(&configuration.id, claims);
    if brought {
        request.credentials.iter_mut().for_each(|credential| credential.claims = None);
    }
    if ways.sign_in {
        request = request.with_grants(OfferGrants::AuthorizationCode);
    }
    if ways.tx_code {
        request = request.with_tx_code(TX_CODE_LENGTH);
    }
    match offer(&service, request).await {
        Ok(offer) => {
            let flow = Flow {
                name: name(&configuration).to_owned(),
                tx_code: offer.tx_code.as_ref().map(|code| code.expose().to_owned()),
                same_device: false,
                id: offer.id,
            };
            let path = format!("/issue/{}", flow.id);
            let mut response = posted.visitor.redirect(&service, &path);
            flow.give(&service, &path, offer.expires_at, &mut response);
            response
        }
        Err(error) => {
            claims_form::refill(&mut fields, &posted);
            let problem = Some(error.to_string());
            show_form(&service, posted.visitor, &configuration, fields, ways, problem)
        }
    }
}

async fn offer(service: &Service, request: OfferRequest) -> Result<CreatedOffer, OfferError> {
    let offer = service.issuer.create_offer(request).await?;
    admin::remember(service, Of::Offer, &offer.id, &offer.uri, offer.expires_at).await?;
    Ok(offer)
}

#[derive(Serialize)]
struct OfferView {
    id: String,
    name: String,
    link: String,
    qr: Markup,
    tx_code: Option<Vec<String>>,
    expires: String,
    steps_taken: Vec<Step>,
    /// Changes whenever something has happened.
    version: usize,
    /// Nothing more is to be done here.
    done: bool,
    /// It came to nothing.
    lost: bool,
    /// Nothing more will happen.
    ended: bool,
    failure: Option<String>,
    /// What was issued for it, where that can be revoked.
    issued: Vec<Issued>,
    /// The argument of `navigator.credentials.create`, where offers are made through it, too.
    dc_api: Option<String>,
}

/// `GET /issue/{id}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Entered(visitor): Entered,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let session = match service.issuer.session(&id).await {
        Ok(Some(session)) => session,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let link = admin::link(&service, Of::Offer, &id).await.ok().flatten().unwrap_or_default();
    let flow = Flow::of(&service, &headers, &id);
    let issued = issued::of(&service, &id).await;
    let dc_api = create_options(&service, &id).await;
    let view = OfferView { issued, dc_api, ..offer_view(&service, session, link, flow) };
    visitor.page(&service, "offer.html", "/issue", &view)
}

/// What the browser is given for its wallets, while the offer is open.
async fn create_options(service: &Service, id: &str) -> Option<String> {
    if !service.offers_by_dc_api {
        return None;
    }
    // A store that fails costs the button alone.
    let offer = service.issuer.offer_by_value(id).await.ok().flatten()?;
    Some(offer.to_create_options().to_string())
}

fn offer_view(service: &Service, session: SessionView, link: String, flow: Option<Flow>) -> OfferView {
    use SessionState::{Acknowledged, Cancelled, Expired, Failed, Issued};
    let (name, tx_code) = match flow {
        Some(flow) => (flow.name, flow.tx_code),
        None => {
            let first = session.credentials.first().map(|credential| credential.configuration_id.as_str());
            let known = configuration(service, first);
            (known.map_or_else(|| "Offer".to_owned(), |one| name(&one).to_owned()), None)
        }
    };
    let lost = matches!(session.state, Failed | Expired | Cancelled);
    let done = lost || matches!(session.state, Issued | Acknowledged);
    OfferView {
        qr: Markup(qr::svg(&link).unwrap_or_default()),
        link,
        name,
        tx_code: tx_code.filter(|_| !done).map(|code| grouped(&code)),
        expires: session.expires_at.to_rfc3339(),
        steps_taken: steps(&OFFER_STEPS, &session.events, lost),
        version: session.events.len(),
        done,
        lost,
        ended: admin::offer_has_ended(session.state),
        failure: failure(&session),
        issued: Vec::new(),
        dc_api: None,
        id: session.id,
    }
}

/// The way of an offer, each step with the event that takes it.
const OFFER_STEPS: [(&str, &str); 5] = [
    ("Offer created", "offer.created"),
    ("Opened by a wallet", "offer.retrieved"),
    ("Code redeemed", "offer.authorized"),
    ("Credential issued", "credential.issued"),
    ("Stored by the wallet", "credential.accepted"),
];

fn failure(session: &SessionView) -> Option<String> {
    match session.state {
        SessionState::Failed => {
            Some(session.failure.clone().unwrap_or_else(|| "The issuance has failed.".to_owned()))
        }
        SessionState::Expired => Some("Nobody came in time.".to_owned()),
        SessionState::Cancelled => Some("The offer was called off.".to_owned()),
        SessionState::Issued | SessionState::Acknowledged => None,
        _ => {
            let wrong = session.tx_code.filter(|code| code.wrong > 0)?;
            Some(format!("{} of {} tries at the transaction code were wrong.", wrong.wrong, wrong.allowed))
        }
    }
}

/// `GET /issue/{id}/events`
pub(super) async fn events(
    State(service): State<Arc<Service>>,
    Entered(_): Entered,
    Path(id): Path<String>,
    headers: HeaderMap,
    stopping: Stopping,
) -> Response {
    admin::stream(&service, Session::Offer(id), Naming::Change, &headers, stopping).await.into_response()
}

/// Six digits as two groups of three: easier to read, and still copied without a space.
fn grouped(code: &str) -> Vec<String> {
    match code.split_at_checked(3) {
        Some((one, other)) if code.len() == 6 => vec![one.to_owned(), other.to_owned()],
        _ => vec![code.to_owned()],
    }
}

/// All configurations: those with demo data first, in its order.
fn configurations(service: &Service) -> Vec<Arc<CredentialConfiguration>> {
    let mut all: Vec<_> = service.issuer.configurations().collect();
    let place = |id: &str| service.samples.iter().position(|(known, _)| known == id);
    all.sort_by_key(|one| place(&one.id).unwrap_or(usize::MAX));
    all
}

/// The configuration of that id; without an id, the first.
fn configuration(service: &Service, id: Option<&str>) -> Option<Arc<CredentialConfiguration>> {
    let mut all = configurations(service).into_iter();
    match id {
        Some(id) => all.find(|one| one.id == id),
        None => all.next(),
    }
}

fn sample<'a>(service: &'a Service, id: &str) -> Option<&'a Map<String, Value>> {
    service.samples.iter().find_map(|(known, claims)| (known == id).then_some(claims))
}

fn fields(service: &Service, configuration: &CredentialConfiguration) -> Vec<Field> {
    let nothing = Map::new();
    claims_form::fields(configuration, sample(service, &configuration.id).unwrap_or(&nothing))
}

/// What a configuration is called, in English if there is a choice.
pub(super) fn name(configuration: &CredentialConfiguration) -> &str {
    let mut named = configuration.display.iter();
    let english = named.find(|one| one.locale.as_deref().is_none_or(|locale| locale.starts_with("en")));
    english.or(configuration.display.first()).map_or(configuration.id.as_str(), |one| one.name.as_str())
}

fn face(service: &Service, configuration: &CredentialConfiguration) -> Face {
    let look = configuration.display.first();
    // At the top, in a namespace of an mdoc, or in the subject of a W3C credential.
    let named = |claims: &Map<String, Value>| {
        let text = |key| claims.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(format!("{} {}", text("given_name"), text("family_name")).trim().to_owned())
            .filter(|name| !name.is_empty())
    };
    let person = sample(service, &configuration.id).and_then(|sample| {
        let within = sample.values().filter_map(Value::as_object);
        std::iter::once(sample).chain(within).find_map(named)
    });
    Face::from(Card {
        name: name(configuration).to_owned(),
        issuer: service.issuer_name.clone(),
        holder: person,
        kind: format!("{} · {}", configuration.format.name(), configuration.format.credential_type()),
        background: look.and_then(|look| look.background_color.clone()),
        text: look.and_then(|look| look.text_color.clone()),
        ..Card::default()
    })
}

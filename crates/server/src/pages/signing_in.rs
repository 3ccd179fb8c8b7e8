//! The demo wallet signs in: the browser goes to the issuer, and comes back with its answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};

use super::flow::Flow;
use super::posted::Posted;
use super::visitor::Visitor;
use super::wallet::refused;
use crate::demo_wallet::WalletRefusal;
use crate::service::Service;

pub(super) const START: &str = "/wallet/sign-in";
pub(super) const BACK: &str = "/wallet/signed-in";

/// How long signing in may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// `POST /wallet/sign-in`
pub(super) async fn start(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    let offer = posted.get("offer").unwrap_or_default();
    let url = match wallet.sign_in(offer, &service.url(BACK)).await {
        Ok(url) => url,
        Err(refusal) => return refused(&service, posted.visitor, "Nobody can sign in for this", &refusal),
    };
    // As with verifiers: the demo wallet leads a browser nowhere else (H14).
    if url.origin() != service.base.origin() {
        let refusal = WalletRefusal::new(
            "This wallet signs in with the issuer of the demo alone. For others there is: credenza wallet accept",
        );
        return refused(&service, posted.visitor, "This issuer is somebody else", &refusal);
    }
    // The answer is taken from the browser that was sent away, and from no other.
    let flow = Flow { id: offer.to_owned(), name: String::new(), tx_code: None, same_device: true };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, url.to_string())]).into_response();
    flow.give(&service, BACK, service.clock.now() + PATIENCE, &mut response);
    posted.visitor.answer(response)
}

/// `GET /wallet/signed-in`: nothing is accepted yet; that is the person's next click.
pub(super) async fn back(State(service): State<Arc<Service>>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    let visitor = Visitor::of(&service, &headers);
    let title = "Nobody has signed in";
    let Some(flow) = Flow::brought(&service, &headers) else {
        let refusal = WalletRefusal::new("This browser was not sent to sign in, or too long ago.");
        return refused(&service, visitor, title, &refusal);
    };
    let mut response = service.base.clone();
    response.set_path(&format!("{}{BACK}", service.base_path));
    response.set_query(uri.query());
    match wallet.signed_in(&flow.id, &response).await {
        Ok(()) => visitor.redirect(&service, &format!("/wallet/shown/{}", flow.id)),
        Err(refusal) => refused(&service, visitor, title, &refusal),
    }
}

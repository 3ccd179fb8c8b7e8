//! The pages of the demo wallet: what is in it, what is offered, who asks, and the person's decision.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri, header};
use serde::Serialize;

use super::own_page::own_page;
use super::posted::Posted;
use super::view::{ConsentView, Face, HistoryView, OfferPreviewView, ReportView};
use super::visitor::{Entered, Visitor};
use crate::demo_wallet::{Choice, Shown, WalletRefusal};
use crate::service::Service;

#[derive(Serialize)]
struct Overview {
    said: Option<&'static Said>,
    cards: Vec<Face>,
    history: Vec<HistoryView>,
}

/// What a page says about what was just done. The query of the page only names one of these.
#[derive(Serialize)]
struct Said {
    #[serde(skip)]
    name: &'static str,
    kind: &'static str,
    title: &'static str,
    text: &'static str,
}

const SAYINGS: [Said; 5] = [
    Said { name: "received", kind: "good", title: "Received", text: "The credential is in your wallet." },
    Said {
        name: "presented",
        kind: "good",
        title: "Shared",
        text: "The verifier has the answer. Its page shows what came of it.",
    },
    Said {
        name: "promised",
        kind: "",
        title: "Promised",
        text: "The issuer needs some time. Come back to this page: the wallet asks again.",
    },
    Said { name: "declined", kind: "", title: "Declined", text: "Nothing was shared or accepted." },
    Said { name: "removed", kind: "", title: "Removed", text: "The credential and all its copies are gone." },
];

/// `GET /wallet`
pub(super) async fn overview(
    State(service): State<Arc<Service>>,
    Entered(visitor): Entered,
    uri: Uri,
) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    let query = uri.query().unwrap_or_default();
    let said = SAYINGS.iter().find(|saying| query.strip_prefix("said=") == Some(saying.name));
    let cards = wallet.credentials().await.into_iter().map(Face::from).collect();
    let history = wallet.history().await.into_iter().map(HistoryView::from).collect();
    visitor.page(&service, "wallet.html", "/wallet", &Overview { said, cards, history })
}

/// `POST /wallet/open`: a link of either kind.
pub(super) async fn open(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    let link = posted.get("link").unwrap_or_default().trim();
    let opened = if is_offer(link) {
        wallet.offer(link).await.map(|offer| offer.id)
    } else {
        wallet.request(link).await.map(|consent| consent.id)
    };
    match opened {
        Ok(id) => {
            let from = own_page(posted.get("from")).map(|from| format!("?from={from}")).unwrap_or_default();
            posted.visitor.redirect(&service, &format!("/wallet/shown/{id}{from}"))
        }
        Err(refusal) => refused(&service, posted.visitor, "The wallet can't open this", &refusal),
    }
}

/// Offers and requests are told apart by their parameters, since both can be https links.
fn is_offer(link: &str) -> bool {
    link.starts_with("openid-credential-offer:")
        || link.contains("credential_offer=")
        || link.contains("credential_offer_uri=")
}

/// `GET /wallet/shown/{id}`: an offer or a request that waits for the decision.
pub(super) async fn shown(
    State(service): State<Arc<Service>>,
    Entered(visitor): Entered,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    let from = own_page(uri.query().and_then(|query| query.strip_prefix("from=")));
    match wallet.shown(&id).await {
        Some(shown) => show(&service, visitor, shown, None, from),
        None => refused(
            &service,
            visitor,
            "This was decided already",
            &WalletRefusal::new("Open the link again."),
        ),
    }
}

#[derive(Serialize)]
struct OfferPage<'a> {
    /// The page that led here, and that is gone back to.
    from: Option<&'a str>,
    offer: OfferPreviewView,
    refusal: Option<WalletRefusal>,
}

#[derive(Serialize)]
struct ConsentPage<'a> {
    from: Option<&'a str>,
    consent: ConsentView,
}

fn show(
    service: &Service,
    visitor: Visitor,
    shown: Shown,
    refusal: Option<WalletRefusal>,
    from: Option<&str>,
) -> Response {
    match shown {
        Shown::Offer(offer) => {
            let view = OfferPage { from, offer: offer.into(), refusal };
            visitor.page(service, "wallet_offer.html", "/wallet", &view)
        }
        Shown::Request(consent) => {
            let view = ConsentPage { from, consent: consent.into() };
            visitor.page(service, "wallet_consent.html", "/wallet", &view)
        }
    }
}

/// `POST /wallet/accept`
pub(super) async fn accept(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    let offer = posted.get("offer").unwrap_or_default();
    let tx_code: Option<String> =
        posted.get("tx_code").map(|typed| typed.chars().filter(|letter| !letter.is_whitespace()).collect());
    match wallet.accept(offer, tx_code.as_deref()).await {
        Ok(accepted) if accepted.credentials.is_empty() => {
            posted.visitor.redirect(&service, "/wallet?said=promised")
        }
        Ok(_) => posted.visitor.redirect(&service, "/wallet?said=received"),
        Err(refusal) => {
            let shown = if refusal.again { wallet.shown(offer).await } else { None };
            match shown {
                Some(shown) => {
                    let from = own_page(posted.get("from")).map(str::to_owned);
                    show(&service, posted.visitor, shown, Some(refusal), from.as_deref())
                }
                None => refused(&service, posted.visitor, "The credential did not come", &refusal),
            }
        }
    }
}

/// `POST /wallet/present`
pub(super) async fn present(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    let consent = posted.get("consent").unwrap_or_default();
    let choices: Vec<Choice> = posted
        .starting("choice:")
        .map(|(ask, credential)| Choice {
            ask: ask.to_owned(),
            credential: credential.to_owned(),
            ..Choice::default()
        })
        .collect();
    match wallet.present(consent, &choices).await {
        Ok(presented) => match presented.redirect_uri.filter(|to| is_ours(&service, to)) {
            Some(to) => {
                posted.visitor.answer((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
            }
            None => {
                let to = own_page(posted.get("from")).unwrap_or("/wallet?said=presented").to_owned();
                posted.visitor.redirect(&service, &to)
            }
        },
        Err(refusal) => refused(&service, posted.visitor, "The answer was not accepted", &refusal),
    }
}

/// Whether a verifier's redirect leads to our own verifier: the demo wallet leads a browser nowhere else (H14).
fn is_ours(service: &Service, to: &str) -> bool {
    to.strip_prefix(&service.url("/done/")).is_some()
}

/// `POST /wallet/decline`
pub(super) async fn decline(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    match wallet.decline(posted.get("shown").unwrap_or_default()).await {
        Ok(()) => posted.visitor.redirect(&service, "/wallet?said=declined"),
        Err(refusal) => refused(&service, posted.visitor, "The other side could not be told", &refusal),
    }
}

/// `POST /wallet/remove`
pub(super) async fn remove(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let Some(wallet) = &service.wallet else { return StatusCode::NOT_FOUND.into_response() };
    wallet.remove(posted.get("credential").unwrap_or_default()).await;
    posted.visitor.redirect(&service, "/wallet?said=removed")
}

#[derive(Serialize)]
struct Refused<'a> {
    title: &'static str,
    message: &'a str,
    code: Option<&'a str>,
    checked: Option<ReportView>,
    back: &'static str,
}

pub(super) fn refused(
    service: &Service,
    visitor: Visitor,
    title: &'static str,
    refusal: &WalletRefusal,
) -> Response {
    let view = Refused {
        title,
        message: &refusal.message,
        code: refusal.code.as_deref(),
        checked: refusal.report.as_ref().map(ReportView::from),
        back: "/wallet",
    };
    visitor.page(service, "refused.html", "/wallet", &view)
}

//! Receiving with nobody there: for tests and certification, never for somebody's real credentials.

use credenza_core::Limits;
use credenza_server::demo_wallet::{Accepted, OfferPreview, WalletRefusal};
use url::Url;

use super::display::printable;
use super::holder::Holder;
use crate::http::ReqwestHttp;

/// What somebody has handed to the wallet.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// An offer by link.
    Offer(&'a str),
    /// An offer through the Digital Credentials API: what a website of this origin has given to
    /// `navigator.credentials.create`.
    DcApi {
        /// The website's origin.
        origin: &'a str,
        /// The options: JSON.
        request: &'a [u8],
    },
    /// Nothing was offered; an issuer is asked.
    Issuer {
        /// Its identifier.
        issuer: &'a str,
        /// What it issues, by the names in its metadata.
        configurations: &'a [&'a str],
    },
}

/// What stands in for the person.
#[derive(Debug, Clone, Copy)]
pub struct Alone<'a> {
    /// Given to issuers that ask for a transaction code.
    pub tx_code: Option<&'a str>,
    /// Where authorization servers send the browser with their answer. Nothing has to listen there.
    pub redirect_uri: &'a Url,
    /// The browser.
    pub browser: &'a ReqwestHttp,
}

impl Holder {
    /// Accepts what is offered at once. Where somebody has to sign in, the authorization server is followed as a browser
    /// follows it, and has to send it back without a page: it knows by itself who asks.
    ///
    /// # Errors
    /// Why nothing was received. What was begun is forgotten.
    pub async fn obtain(&self, wanted: Wanted<'_>, alone: Alone<'_>) -> Result<Accepted, WalletRefusal> {
        let preview = match wanted {
            Wanted::Offer(link) => self.open_offer(link).await,
            Wanted::DcApi { origin, request } => self.open_dc_api_offer(origin, request).await,
            Wanted::Issuer { issuer, configurations } => self.ask_issuer(issuer, configurations).await,
        }?;
        let obtained = self.accept_alone(&preview, alone).await;
        if obtained.is_err() {
            // Nobody comes back to it.
            let _ = self.decide(&preview.id);
        }
        obtained
    }

    async fn accept_alone(
        &self,
        preview: &OfferPreview,
        alone: Alone<'_>,
    ) -> Result<Accepted, WalletRefusal> {
        if preview.sign_in {
            let url = self.begin_sign_in(&preview.id, alone.redirect_uri.as_str()).await?;
            let back = alone.browser.sent_back(&url, alone.redirect_uri, Limits::default()).await;
            let back = back.map_err(|error| {
                WalletRefusal::new(printable(&format!("the authorization endpoint: {error}")))
            })?;
            self.end_sign_in(&preview.id, &back)?;
        }
        let tx_code = preview.tx_code.as_ref().and(alone.tx_code);
        self.accept_offer(&preview.id, tx_code).await
    }
}

//! Offers: shown, and accepted.

#![expect(clippy::result_large_err, reason = "a refusal is what pages show; it is made once, for a person")]

use credenza_core::UnixTime;
use credenza_oauth::ResponseError;
use credenza_server::demo_wallet::{Accepted, Card, Claim, OfferPreview, Party, TxCodePrompt, WalletRefusal};
use credenza_vci::messages::{CredentialOffer, InputMode, IssuerDisplay, OfferLink};
use credenza_vci::wallet::{OfferedSummary, Opened, Ready, Received, Step, Summary, WalletError};
use url::Url;

use super::display::{in_our_language, printable};
use super::holder::{Holder, Pending, card, vault_refusal};
use super::types;

impl Holder {
    /// Opens an offer and shows it.
    ///
    /// # Errors
    /// What a person should read.
    pub async fn open_offer(&self, link: &str) -> Result<OfferPreview, WalletRefusal> {
        let opened = self.receiving.open(link).await.map_err(|error| refusal(&error))?;
        Ok(self.show(opened, link))
    }

    /// Opens an offer that a website of this origin has made through the Digital Credentials API: what it has given to
    /// `navigator.credentials.create`.
    ///
    /// # Errors
    /// What a person should read.
    pub async fn open_dc_api_offer(
        &self,
        origin: &str,
        request: &[u8],
    ) -> Result<OfferPreview, WalletRefusal> {
        let opened = self.receiving.open_dc_api(origin, request).await.map_err(|error| refusal(&error))?;
        let offer = CredentialOffer::from_create_options(request).map_err(|error| refusal(&error.into()))?;
        // A second try goes by a link.
        Ok(self.show(opened, &OfferLink::ByValue(Box::new(offer)).to_deep_link()))
    }

    /// Asks an issuer for credentials that it did not offer: by its identifier, and the names of what it issues.
    ///
    /// # Errors
    /// What a person should read.
    pub async fn ask_issuer(
        &self,
        issuer: &str,
        configuration_ids: &[&str],
    ) -> Result<OfferPreview, WalletRefusal> {
        let opened =
            self.receiving.start(issuer, configuration_ids).await.map_err(|error| refusal(&error))?;
        Ok(self.show(opened, issuer))
    }

    fn show(&self, opened: Opened, link: &str) -> OfferPreview {
        let mut preview = preview(opened.summary());
        preview.id = self.new_id();
        preview.sign_in = matches!(opened, Opened::NeedsAuthorization(_));
        let pending = Pending::Offer(Box::new(opened), link.to_owned(), preview.clone());
        self.keep_as(preview.id.clone(), pending);
        preview
    }

    /// Prepares signing in for an offer that was shown: where the browser has to go. It will come back to
    /// `redirect_uri`.
    ///
    /// # Errors
    /// What a person should read.
    pub async fn begin_sign_in(&self, id: &str, redirect_uri: &str) -> Result<Url, WalletRefusal> {
        let (opened, link, preview) = match self.decide(id)? {
            Pending::Offer(opened, link, preview) => (*opened, link, preview),
            other => {
                self.keep_as(id.to_owned(), other);
                return Err(WalletRefusal::new("there is nothing to sign in for"));
            }
        };
        let Opened::NeedsAuthorization(offer) = opened else {
            self.keep_as(id.to_owned(), Pending::Offer(Box::new(opened), link, preview));
            return Err(WalletRefusal::new("nobody has to sign in for this"));
        };
        let authorizing = offer.authorize(redirect_uri).await.map_err(|error| refusal(&error))?;
        let url = authorizing.url().clone();
        self.keep_as(id.to_owned(), Pending::SigningIn(Box::new(authorizing), link, preview));
        Ok(url)
    }

    /// Goes on with the URL that the browser was sent back to: the offer can be accepted then.
    ///
    /// # Errors
    /// What a person should read; with [`WalletRefusal::again`], the right answer can still come.
    pub fn end_sign_in(&self, id: &str, response: &Url) -> Result<(), WalletRefusal> {
        let (authorizing, link, mut preview) = match self.decide(id)? {
            Pending::SigningIn(authorizing, link, preview) => (authorizing, link, preview),
            other => {
                self.keep_as(id.to_owned(), other);
                return Err(WalletRefusal::new("nobody is signing in"));
            }
        };
        match authorizing.finish(response) {
            Ok(ready) => {
                preview.sign_in = false;
                let pending = Pending::Offer(Box::new(Opened::Ready(ready)), link, preview);
                self.keep_as(id.to_owned(), pending);
                Ok(())
            }
            Err((authorizing, error)) => {
                let again =
                    !matches!(error, WalletError::Authorization { error: ResponseError::Refused(_), .. });
                let refused = WalletRefusal { again, ..refusal(&error) };
                if again {
                    self.keep_as(id.to_owned(), Pending::SigningIn(authorizing, link, preview));
                } else {
                    self.remember("refused", &preview.issuer.name, refused.message.clone());
                }
                Err(refused)
            }
        }
    }

    /// Accepts an offer that was shown. The credentials are on the disk before the issuer is told so.
    ///
    /// # Errors
    /// What a person should read; with [`WalletRefusal::again`], the same offer can be accepted with another code.
    pub async fn accept_offer(&self, id: &str, tx_code: Option<&str>) -> Result<Accepted, WalletRefusal> {
        let (opened, link, preview) = match self.decide(id)? {
            Pending::Offer(opened, link, preview) => (*opened, link, preview),
            Pending::Again(link, preview) => {
                (self.receiving.open(&link).await.map_err(|error| refusal(&error))?, link, preview)
            }
            other @ (Pending::SigningIn(..) | Pending::Interacting(..)) => {
                self.keep_as(id.to_owned(), other);
                return Err(WalletRefusal::new("you have not signed in yet"));
            }
            other @ (Pending::Request(_) | Pending::SignIn(_)) => {
                self.keep_as(id.to_owned(), other);
                return Err(WalletRefusal::new("this is a request, not an offer"));
            }
        };
        let issuer = party(opened.summary());
        let ready = match ready(opened, tx_code) {
            Ok(ready) => ready,
            Err((opened, refused)) => {
                self.keep_as(id.to_owned(), Pending::Offer(opened, link, preview));
                return Err(refused);
            }
        };
        let received = match ready.accept().await {
            Ok(received) => received,
            Err(error) => {
                let mut refused = refusal(&error);
                refused.again = tx_code.is_some() && mistyped(&error);
                if refused.again {
                    self.keep_as(id.to_owned(), Pending::Again(link, preview));
                }
                self.remember("refused", &issuer.name, refused.code.clone().unwrap_or_default());
                return Err(refused);
            }
        };
        // What was promised needs it to be fetched, so it comes first.
        let mut received = received;
        let renewal = received.renewal.take();
        let grant = renewal.as_ref().map(|renewal| renewal.grant().to_owned());
        renewal.map(|renewal| self.keep_renewal(renewal)).transpose()?;
        let pending = self.keep_promises(&received.pending)?;
        let kept = self.keep(received, &issuer.name).await;
        if let Some(grant) = &grant {
            match &kept {
                Ok(accepted) => self.note_brought(grant, accepted)?,
                Err(_) if pending.is_empty() => self.forget_renewal(grant),
                Err(_) => {}
            }
        }
        Ok(Accepted { pending, ..kept? })
    }

    /// Keeps what has come. It is on the disk before the issuer is told so.
    pub(super) async fn keep(&self, mut received: Received, issuer: &str) -> Result<Accepted, WalletRefusal> {
        for held in &mut received.credentials {
            if let Err(report) = types::complete(&self.types, held).await {
                let _ = received.receipt.failed().await;
                self.remember("refused", issuer, String::new());
                return Err(refusal(&WalletError::Received(report)));
            }
        }
        let name = issuer_name(&received.issuer_display);
        let entries = match self.credentials.add(name.as_deref(), received.credentials) {
            Ok(entries) => entries,
            Err(error) => {
                // The issuer may offer them again.
                let _ = received.receipt.failed().await;
                return Err(vault_refusal(error));
            }
        };
        // The credentials are good whether or not the issuer hears of it.
        let _ = received.receipt.accepted().await;
        let credentials: Vec<Card> = entries.iter().map(card).collect();
        let names = credentials.iter().map(|card| card.name.as_str()).collect::<Vec<_>>().join(", ");
        if !credentials.is_empty() {
            self.remember("received", issuer, names);
        }
        Ok(Accepted { credentials, ..Accepted::default() })
    }
}

fn ready(opened: Opened, tx_code: Option<&str>) -> Result<Ready, (Box<Opened>, WalletRefusal)> {
    match (opened, tx_code) {
        (Opened::Ready(ready), _) => Ok(ready),
        (waiting @ Opened::NeedsTxCode(_), None) => {
            let message = "the issuer asks for a transaction code: it has told it to you in another way";
            Err((Box::new(waiting), WalletRefusal { again: true, ..WalletRefusal::new(message) }))
        }
        (waiting @ Opened::NeedsAuthorization(_), _) => {
            let message = "the issuer wants you to sign in first";
            Err((Box::new(waiting), WalletRefusal { again: true, ..WalletRefusal::new(message) }))
        }
        (Opened::NeedsTxCode(waiting), Some(code)) => waiting.tx_code(code).map_err(|(waiting, error)| {
            let refused = WalletRefusal { again: true, ..refusal(&error) };
            (Box::new(Opened::NeedsTxCode(waiting)), refused)
        }),
    }
}

/// Whether another transaction code may do better.
fn mistyped(error: &WalletError) -> bool {
    matches!(error, WalletError::Refused { step: Step::Token, code, .. } if code == "invalid_grant" || code == "invalid_tx_code")
}

pub(super) fn refusal(error: &WalletError) -> WalletRefusal {
    let mut refusal = WalletRefusal::new(error.to_string());
    match error {
        WalletError::Unexpected { step: Step::Offer, reason } if reason.contains("404") => {
            refusal.message =
                "this offer is not there (any more): it was used, has expired, or was withdrawn".to_owned();
        }
        WalletError::Refused { code, .. } => refusal.code = Some(code.clone()),
        WalletError::Authorization { error: ResponseError::Refused(body), .. } => {
            refusal.code = Some(printable(&body.error));
        }
        WalletError::Authorization { report, .. } => {
            refusal.code = report.first_failure().map(|check| check.rule.id.to_owned());
            refusal.report = refusal.code.is_some().then(|| (**report).clone());
        }
        WalletError::Received(report) => {
            refusal.code = report.first_failure().map(|check| check.rule.id.to_owned());
            refusal.report = Some((**report).clone());
        }
        _ => {}
    }
    refusal
}

fn preview(summary: &Summary) -> OfferPreview {
    OfferPreview {
        id: String::new(),
        issuer: party(summary),
        credentials: summary.credentials.iter().map(|offered| offered_card(offered, summary)).collect(),
        sign_in: false,
        tx_code: summary.tx_code.as_ref().map(|tx_code| TxCodePrompt {
            length: tx_code.length,
            numeric: tx_code.input_mode == InputMode::Numeric,
            description: tx_code.description.as_deref().map(printable),
        }),
    }
}

fn party(summary: &Summary) -> Party {
    let host = summary.issuer.host_str().unwrap_or_default();
    let secure = summary.issuer.scheme() == "https";
    Party {
        name: issuer_name(&summary.issuer_display).unwrap_or_else(|| host.to_owned()),
        identifier: summary.issuer.as_str().trim_end_matches('/').to_owned(),
        known_by: if secure {
            format!("its metadata was fetched from {host} over TLS; the name is its own word")
        } else {
            format!("it is a service on this machine ({host}); nothing vouches for its name")
        },
        trusted: secure,
    }
}

fn issuer_name(display: &[IssuerDisplay]) -> Option<String> {
    in_our_language(display, |display| display.locale.as_deref())?.name.as_deref().map(printable)
}

fn offered_card(offered: &OfferedSummary, summary: &Summary) -> Card {
    let look =
        in_our_language(&offered.display, |display| display.locale.as_deref()).cloned().unwrap_or_default();
    let name = if look.name.is_empty() { &offered.credential_type } else { &look.name };
    let label = |claim: &credenza_vci::messages::ClaimDescription| {
        let named = in_our_language(&claim.display, |display| display.locale.as_deref())
            .and_then(|display| display.name.clone());
        printable(&named.unwrap_or_else(|| claim.path.to_string()))
    };
    Card {
        id: String::new(),
        name: printable(name),
        issuer: party(summary).name,
        holder: None,
        kind: format!("{} · {}", offered.format, offered.credential_type),
        background: look.background_color,
        text: look.text_color,
        claims: offered
            .claims
            .iter()
            .map(|claim| Claim { label: label(claim), value: String::new() })
            .collect(),
        copies: usize::try_from(offered.copies).unwrap_or(0),
        expires: None::<UnixTime>,
    }
}

//! Being authorized without a browser: the issuer asks for a credential, and the person agrees to show it.

#![expect(clippy::result_large_err, reason = "a refusal is what pages show; it is made once, for a person")]

use credenza_server::demo_wallet::{Choice, Consent, OfferPreview, WalletRefusal};
use credenza_vci::wallet::{Interacted, NeedsAuthorization, Opened, Presenting};
use credenza_vp::Asked;

use super::holder::{Holder, Pending};
use super::receiving::refusal;

/// An issuer that wants to see a credential first.
pub(super) struct Interacting {
    presenting: Presenting,
    asked: Box<Asked>,
    link: String,
    pub(super) preview: OfferPreview,
}

impl Holder {
    /// Asks the issuer of an offer that was shown whether something else than a browser will do: what it wants to see,
    /// and what would be disclosed. `None`: it has to be a browser, because the issuer wants that, or because nothing
    /// here answers it.
    ///
    /// # Errors
    /// What a person should read.
    pub async fn begin_interaction(&self, id: &str) -> Result<Option<Consent>, WalletRefusal> {
        let (opened, link, preview) = match self.decide(id)? {
            Pending::Offer(opened, link, preview) => (*opened, link, preview),
            other => {
                self.keep_as(id.to_owned(), other);
                return Err(WalletRefusal::new("there is nothing to sign in for"));
            }
        };
        let offer = match opened {
            Opened::NeedsAuthorization(offer) if offer.can_interact() => offer,
            other => {
                self.keep_as(id.to_owned(), Pending::Offer(Box::new(other), link, preview));
                return Ok(None);
            }
        };
        let presenting = match offer.interact(None).await.map_err(|error| refusal(&error))? {
            Interacted::Presentation(presenting) => *presenting,
            Interacted::Browser(offer) => return Ok(self.to_browser(id, offer, link, preview)),
            Interacted::Ready(ready) => {
                self.keep_as(id.to_owned(), Pending::Offer(Box::new(Opened::Ready(ready)), link, preview));
                return Ok(None);
            }
            Interacted::Web(_) => return Err(WalletRefusal::new("the issuer demands another browser")),
        };
        let request = presenting.request().clone();
        let asked = self.presenting.resolve_interactive(presenting.endpoint(), request).await;
        let consent = match &asked {
            Ok(asked) => Some(self.consent(asked)?).filter(|consent| consent.answerable),
            Err(_) => None,
        };
        match (asked, consent) {
            (Ok(asked), Some(consent)) => {
                let interacting = Interacting { presenting, asked: Box::new(asked), link, preview };
                self.keep_as(id.to_owned(), Pending::Interacting(Box::new(interacting)));
                Ok(Some(Consent { id: id.to_owned(), ..consent }))
            }
            // The issuer need not know whether there is nothing to show, or nobody who wants to.
            _ => Ok(self.to_browser(id, presenting.in_browser(), link, preview)),
        }
    }

    /// Shows the issuer what it wants to see: the offer can be accepted then.
    ///
    /// # Errors
    /// What a person should read. What was begun is used up, except when the choice did not fit.
    pub async fn answer_interaction(&self, id: &str, choices: &[Choice]) -> Result<(), WalletRefusal> {
        let Interacting { presenting, asked, link, mut preview } = *self.interacting(id)?;
        let answered = match self.answer_asked(asked, choices).await {
            Ok(answered) => answered,
            Err((asked, refused)) => {
                if let Some(asked) = asked {
                    let interacting = Interacting { presenting, asked, link, preview };
                    self.keep_as(id.to_owned(), Pending::Interacting(Box::new(interacting)));
                }
                return Err(refused);
            }
        };
        let answer = presenting.answer(answered.interactive.unwrap_or_default()).await;
        match answer.map_err(|error| refusal(&error)) {
            Ok(Interacted::Ready(ready)) => {
                preview.sign_in = false;
                self.keep_as(id.to_owned(), Pending::Offer(Box::new(Opened::Ready(ready)), link, preview));
                Ok(())
            }
            Ok(_) => Err(WalletRefusal::new("the issuer wants more than it has asked for")),
            Err(refused) => {
                self.remember("refused", &preview.issuer.name, refused.code.clone().unwrap_or_default());
                Err(refused)
            }
        }
    }

    /// Shows the issuer nothing: [`begin_sign_in`](Self::begin_sign_in) is left.
    ///
    /// # Errors
    /// What a person should read.
    pub fn leave_interaction(&self, id: &str) -> Result<(), WalletRefusal> {
        let Interacting { presenting, link, preview, .. } = *self.interacting(id)?;
        self.to_browser(id, presenting.in_browser(), link, preview);
        Ok(())
    }

    fn interacting(&self, id: &str) -> Result<Box<Interacting>, WalletRefusal> {
        match self.decide(id)? {
            Pending::Interacting(interacting) => Ok(interacting),
            other => {
                self.keep_as(id.to_owned(), other);
                Err(WalletRefusal::new("the issuer does not wait for a presentation"))
            }
        }
    }

    fn to_browser(
        &self,
        id: &str,
        offer: NeedsAuthorization,
        link: String,
        preview: OfferPreview,
    ) -> Option<Consent> {
        let opened = Box::new(Opened::NeedsAuthorization(offer));
        self.keep_as(id.to_owned(), Pending::Offer(opened, link, preview));
        None
    }
}

//! The wallet behind the trait through which pages and terminal drive it.

use credenza_core::Answer;
use credenza_server::DemoWallet;
use credenza_server::demo_wallet::{
    Accepted, Card, Choice, Consent, HistoryEntry, OfferPreview, Presented, Shown, WalletRefusal,
};

use url::Url;

use super::holder::{Holder, Pending, card};
use super::login;

impl DemoWallet for Holder {
    fn offer<'a>(&'a self, link: &'a str) -> Answer<'a, Result<OfferPreview, WalletRefusal>> {
        Answer::later(self.open_offer(link))
    }

    fn sign_in<'a>(
        &'a self,
        offer: &'a str,
        redirect_uri: &'a str,
    ) -> Answer<'a, Result<Url, WalletRefusal>> {
        Answer::later(self.begin_sign_in(offer, redirect_uri))
    }

    fn signed_in<'a>(&'a self, offer: &'a str, response: &'a Url) -> Answer<'a, Result<(), WalletRefusal>> {
        Answer::ready(self.end_sign_in(offer, response))
    }

    fn accept<'a>(
        &'a self,
        offer: &'a str,
        tx_code: Option<&'a str>,
    ) -> Answer<'a, Result<Accepted, WalletRefusal>> {
        Answer::later(self.accept_offer(offer, tx_code))
    }

    fn request<'a>(&'a self, link: &'a str) -> Answer<'a, Result<Consent, WalletRefusal>> {
        Answer::later(self.open_request(link))
    }

    fn present<'a>(
        &'a self,
        consent: &'a str,
        choices: &'a [Choice],
    ) -> Answer<'a, Result<Presented, WalletRefusal>> {
        Answer::later(self.answer_request(consent, choices))
    }

    fn shown<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Shown>> {
        let shown = self.peek(id, |pending| match pending {
            Pending::Offer(_, _, preview)
            | Pending::Again(_, preview)
            | Pending::SigningIn(_, _, preview) => Some(Shown::Offer(preview.clone())),
            Pending::Interacting(interacting) => Some(Shown::Offer(interacting.preview.clone())),
            // Matched anew: what was missing may have come meanwhile.
            Pending::Request(asked) => {
                let consent = self.consent(asked).ok()?;
                Some(Shown::Request(Consent { id: id.to_owned(), ..consent }))
            }
            Pending::SignIn(asked) => {
                Some(Shown::Request(Consent { id: id.to_owned(), ..login::consent(asked) }))
            }
        });
        Answer::ready(shown.flatten())
    }

    fn decline<'a>(&'a self, shown: &'a str) -> Answer<'a, Result<(), WalletRefusal>> {
        Answer::later(self.decline_shown(shown))
    }

    fn credentials(&self) -> Answer<'_, Vec<Card>> {
        Answer::later(async move {
            // Whoever looks into the wallet comes for what was promised, too. What does not come is asked for again.
            if self.waiting().is_ok_and(|waiting| !waiting.is_empty()) {
                let _ = self.poll(None).await;
            }
            self.credentials.all().unwrap_or_default().iter().map(card).collect()
        })
    }

    fn remove<'a>(&'a self, credential: &'a str) -> Answer<'a, bool> {
        let name = self.credentials.find(credential).ok().flatten().map(|entry| card(&entry).name);
        let removed = self.remove_credential(credential).unwrap_or(false);
        if removed {
            self.remember("removed", "", name.unwrap_or_default());
        }
        Answer::ready(removed)
    }

    fn history(&self) -> Answer<'_, Vec<HistoryEntry>> {
        Answer::ready(self.remembered())
    }
}

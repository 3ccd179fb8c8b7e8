//! Signing in with a credential that a wallet on another device shows.

use std::sync::{Arc, Mutex};

use credenza_core::Answer;
use credenza_query::Dcql;
use credenza_server::sign_in::{
    ClaimMapping, Departure, Destination, ElsewhereError, PresentationSignIn, Returned, Selector,
    SignInElsewhere, Trip, WalletLinks,
};
use credenza_server::users::User;
use credenza_vp::Verifier;
use serde_json::json;

use crate::authorize::{field, post, request};
use crate::fixed_with;
use crate::pages::Browser;
use crate::wallet_plane::{offer, present, receive};
use crate::world::{VCT, Wanted};

/// The links of whoever has left last: what a QR code has in it.
pub(crate) type Links = Mutex<Option<WalletLinks>>;

/// The real thing, and what it leads to.
pub(crate) struct Observed {
    way: PresentationSignIn,
    links: Arc<Links>,
}

impl Observed {
    pub(crate) fn new(verifier: Arc<Verifier>, links: Arc<Links>) -> Self {
        let names = Dcql::credential("pid").sd_jwt([VCT]).claim(["given_name"]).claim(["family_name"]);
        let mapping = ClaimMapping {
            names: vec![Selector::new("/pid/given_name")],
            ..ClaimMapping::subject(Selector::new("/pid/family_name"))
        };
        let way = PresentationSignIn::new(verifier, names.build().unwrap(), "Show your ID", mapping);
        Self { way, links }
    }
}

impl SignInElsewhere for Observed {
    fn way(&self) -> &'static str {
        self.way.way()
    }

    fn label(&self) -> &str {
        self.way.label()
    }

    fn begin<'a>(&'a self, trip: &'a Trip) -> Answer<'a, Result<Departure, ElsewhereError>> {
        Answer::later(async move {
            let departure = self.way.begin(trip).await?;
            if let Destination::Wallet(links) = &departure.to {
                *self.links.lock().unwrap() = Some(links.clone());
            }
            Ok(departure)
        })
    }

    fn finish<'a>(&'a self, returned: Returned<'a>) -> Answer<'a, Result<User, ElsewhereError>> {
        self.way.finish(returned)
    }
}

#[tokio::test]
async fn a_wallet_on_another_device_signs_somebody_in() {
    let world = fixed_with(Wanted { sign_in_by_wallet: true, ..Wanted::default() });
    let body = json!({ "credentials": [{ "type": "pid", "claims": crate::world::ada() }] });
    let (held, keys) = receive(&world, &offer(&world, body).await).await;
    let mut browser = Browser::new(&world);
    let login = browser.get(&request()).await.text();
    assert!(login.contains("Show your ID"), "{login}");
    let interaction = field(&login, "interaction");
    let handle = url::form_urlencoded::byte_serialize(interaction.as_bytes()).collect::<String>();
    let left = browser.get(&format!("/authorize/with/wallet?interaction={handle}")).await;
    let at = left.header("location").to_owned();
    let page = browser.get(&at).await.text();
    assert!(page.contains("Scan the code") && page.contains("<svg"), "{page}");

    let link = world.shown.lock().unwrap().clone().unwrap().other_device.unwrap().0;
    // The wallet is led nowhere: the person is at the other device.
    assert_eq!(present(&world, &link, &held[0], &keys).await, None);
    let page = browser.get(&at).await.text();
    assert!(page.contains("Every check that is needed has passed."), "{page}");
    // Another browser does not get in by it.
    let mut stranger = Browser::new(&world);
    assert_eq!(stranger.get(&at).await.status, 400);
    let gone_on = post(&mut browser, &page, &at, &[]).await;
    assert_eq!(gone_on.status, 303, "{}", gone_on.text());
    let consent = browser.get(gone_on.header("location")).await.text();
    assert!(consent.contains("Ada") && consent.contains("Give The Wallet a credential?"), "{consent}");
    let decided = post(&mut browser, &consent, "/authorize/approve", &[]).await;
    assert!(decided.header("location").contains("code="), "{}", decided.text());
    assert_eq!(browser.get(&at).await.status, 400, "it is over");
}

#[tokio::test]
async fn the_link_for_this_device_is_no_use_to_whoever_waits() {
    let world = fixed_with(Wanted { sign_in_by_wallet: true, ..Wanted::default() });
    let body = json!({ "credentials": [{ "type": "pid", "claims": crate::world::ada() }] });
    let (held, keys) = receive(&world, &offer(&world, body).await).await;
    let mut browser = Browser::new(&world);
    let login = browser.get(&request()).await.text();
    let interaction = field(&login, "interaction");
    let handle = url::form_urlencoded::byte_serialize(interaction.as_bytes()).collect::<String>();
    let left = browser.get(&format!("/authorize/with/wallet?interaction={handle}")).await;
    let at = left.header("location").to_owned();
    let page = browser.get(&at).await.text();
    let links = world.shown.lock().unwrap().clone().unwrap();
    // The wallet gets the code for the way back, and whoever has not got it is not signed in by waiting.
    let back = present(&world, &links.same_device, &held[0], &keys).await.unwrap();
    assert!(back.contains("/authorize/back/wallet?state=") && back.contains("response_code="), "{back}");
    assert_eq!(post(&mut browser, &page, &at, &[]).await.status, 400);
}

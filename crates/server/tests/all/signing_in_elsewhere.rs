//! Signing in with a credential that a wallet on another device shows.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use credenza_core::Answer;
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Signer, jwt};
use credenza_query::Dcql;
use credenza_server::sign_in::{
    ClaimMapping, Departure, Destination, ElsewhereError, PresentationSignIn, Returned, Selector,
    SignInElsewhere, Trip, WalletLinks,
};
use credenza_server::users::User;
use credenza_vci::wallet::HolderKeys as _;
use credenza_vp::Verifier;
use http::{Request, StatusCode};
use serde_json::json;

use crate::authorize::{CALLBACK, field, parameter, post, request, token};
use crate::fixed_with;
use crate::pages::Browser;
use crate::wallet_plane::{offer, present, receive};
use crate::world::{Got, VCT, Wanted, World};

/// The links of whoever has left last: what a QR code has in it.
pub(crate) type Links = Mutex<Option<WalletLinks>>;

/// The real thing, and what it leads to.
pub(crate) struct Observed {
    way: PresentationSignIn,
    links: Arc<Links>,
}

impl Observed {
    pub(crate) fn new(verifier: Arc<Verifier>, links: Arc<Links>, same_key: bool) -> Self {
        let names = Dcql::credential("pid").sd_jwt([VCT]).claim(["given_name"]).claim(["family_name"]);
        let taken = ["given_name", "family_name"];
        let taken = taken.map(|name| (Selector::new(name), Selector::new(format!("/pid/{name}"))));
        let mapping = ClaimMapping {
            claims: [("pid".to_owned(), taken.into())].into(),
            names: vec![Selector::new("/pid/given_name")],
            ..ClaimMapping::subject(Selector::new("/pid/family_name"))
        };
        let way = PresentationSignIn::new(verifier, names.build().unwrap(), "Show your ID", mapping);
        Self { way: if same_key { way.for_the_same_key() } else { way }, links }
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

/// What the wallet gets whose user was known by a credential that is bound to the key `held`: for that key, and for one
/// that was made just now.
async fn for_both_keys(same_key: bool) -> [Got; 2] {
    let world = fixed_with(Wanted { sign_in_by_wallet: true, same_key, ..Wanted::default() });
    let body = json!({ "credentials": [{ "type": "pid", "claims": crate::world::ada() }] });
    let (held, keys) = receive(&world, &offer(&world, body).await).await;
    let mut browser = Browser::new(&world);
    let login = browser.get(&request()).await.text();
    let interaction = field(&login, "interaction");
    let handle = url::form_urlencoded::byte_serialize(interaction.as_bytes()).collect::<String>();
    let left = browser.get(&format!("/authorize/with/wallet?interaction={handle}")).await;
    let at = left.header("location").to_owned();
    let link = world.shown.lock().unwrap().clone().unwrap().other_device.unwrap().0;
    assert_eq!(present(&world, &link, &held[0], &keys).await, None);
    let page = browser.get(&at).await.text();
    let gone_on = post(&mut browser, &page, &at, &[]).await;
    let consent = browser.get(gone_on.header("location")).await.text();
    let decided = post(&mut browser, &consent, "/authorize/approve", &[]).await;
    let code = parameter(decided.header("location"), "code").unwrap();
    let token = token(&world, &code, CALLBACK).await.json();
    let token = token["access_token"].as_str().unwrap_or_else(|| panic!("{token}"));
    let fresh = keys.generate(&[Algorithm::Es256]).await.unwrap();
    let shown = keys.find(held[0].key_thumbprint.as_ref().unwrap());
    [ask_for(&world, token, &*fresh).await, ask_for(&world, token, &*shown).await]
}

async fn ask_for(world: &World, token: &str, key: &dyn Signer) -> Got {
    let nonce = world.post("/nonce", "application/x-www-form-urlencoded", String::new()).await.json();
    let claims =
        json!({ "aud": Wanted::default().base, "iat": world.clock.now(), "nonce": nonce["c_nonce"] });
    let header = Header::signing(key, "openid4vci-proof+jwt", IdentifiedBy::Jwk);
    let proof = jwt::sign(key, &header, &claims).await.unwrap();
    let body = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [proof] } });
    let request = Request::post("/credential")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    world.send(request.unwrap()).await
}

#[tokio::test]
async fn i04_whoever_has_somebody_else_show_a_credential_gets_nothing_for_their_own_key() {
    let [stranger, holder] = for_both_keys(true).await;
    assert_eq!(
        (stranger.status, &stranger.json()["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_proof"))
    );
    assert!(stranger.text().contains("vci.proof.holder"), "{}", stranger.text());
    assert_eq!(holder.status, 200, "{}", holder.text());
}

#[tokio::test]
async fn any_key_will_do_unless_it_was_said_otherwise() {
    let got = for_both_keys(false).await;
    assert_eq!(got.map(|got| got.status), [200, 200]);
}

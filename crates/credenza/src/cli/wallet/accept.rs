//! `credenza wallet accept` and `ask`: from an offer, or from an issuer's name, to credentials.

use credenza::core::AddressPolicy;
use credenza::server::demo_wallet::{OfferPreview, WalletRefusal};
use credenza::wallet::{Holder, default_choices};

use super::callback::{Callback, open_browser};
use super::home::Home;
use super::{
    Usage, Verdict, confirm, consent, declined, output, received, refused, thing, without_interruption,
};

/// How to accept.
pub(super) struct Accept {
    pub(super) tx_code: Option<String>,
    pub(super) yes: bool,
    pub(super) copies: u32,
    pub(super) browser: bool,
}

/// Accepts an offer: a link, or with an origin what the website there has given to `navigator.credentials.create`.
pub(super) async fn offer(
    home: &Home,
    link: &str,
    origin: Option<&str>,
    how: Accept,
    json: bool,
) -> anyhow::Result<Verdict> {
    let holder = home.open(thing::policy_for(origin.unwrap_or(link)), how.copies)?;
    output::progress("opening the offer");
    let opened = match origin {
        Some(origin) => holder.open_dc_api_offer(origin, link.as_bytes()).await,
        None => holder.open_offer(link).await,
    };
    match opened {
        Ok(preview) => accept(&holder, &preview, how, json).await,
        Err(refusal) => refused(&refusal, json),
    }
}

/// Asks an issuer for what it did not offer.
pub(super) async fn ask(
    home: &Home,
    issuer: &str,
    credentials: &[String],
    how: Accept,
    json: bool,
) -> anyhow::Result<Verdict> {
    let addresses: AddressPolicy = thing::policy_for(issuer);
    let holder = home.open(addresses, how.copies)?;
    output::progress("asking the issuer");
    let names: Vec<&str> = credentials.iter().map(String::as_str).collect();
    match holder.ask_issuer(issuer, &names).await {
        Ok(preview) => accept(&holder, &preview, how, json).await,
        Err(refusal) => refused(&refusal, json),
    }
}

async fn accept(holder: &Holder, preview: &OfferPreview, how: Accept, json: bool) -> anyhow::Result<Verdict> {
    let Accept { mut tx_code, yes, browser, .. } = how;
    if !yes || !json {
        eprintln!("{}", consent::offer(preview));
    }
    if !yes {
        confirm("Accept this?", "accept the offer", json).await?.then_some(()).ok_or_else(declined)?;
    }
    let mut sign_in_is_left = preview.sign_in;
    if sign_in_is_left {
        match without_browser(holder, preview, yes, json).await? {
            Ok(done) => sign_in_is_left = !done,
            Err(refusal) => return refused(&refusal, json),
        }
    }
    if sign_in_is_left && let Err(refusal) = sign_in(holder, preview, browser).await? {
        return refused(&refusal, json);
    }
    loop {
        if preview.tx_code.is_some() && tx_code.is_none() {
            if !output::can_ask() {
                return Err(Usage::error("the issuer asks for a transaction code: give it with --tx-code"));
            }
            tx_code = Some(output::ask_text(&consent::tx_code(preview)).await?);
        }
        output::progress("fetching the credentials");
        match without_interruption(holder.accept_offer(&preview.id, tx_code.as_deref())).await? {
            Ok(accepted) => {
                received(&accepted, json)?;
                return Ok(Verdict::Good);
            }
            Err(refusal) if refusal.again && output::can_ask() => {
                eprintln!("{refusal}; try again.");
                tx_code = None;
            }
            Err(refusal) => return refused(&refusal, json),
        }
    }
}

/// Shows the issuer a credential, where it takes that in the place of somebody who signs in; whether it did.
async fn without_browser(
    holder: &Holder,
    preview: &OfferPreview,
    yes: bool,
    json: bool,
) -> anyhow::Result<Result<bool, WalletRefusal>> {
    let consent = match holder.begin_interaction(&preview.id).await {
        Ok(Some(consent)) => consent,
        Ok(None) => return Ok(Ok(false)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let choices = default_choices(&consent);
    if !yes || !json {
        eprintln!("{}", consent::request(&consent, &choices));
    }
    let agreed = if yes {
        // With nobody there, nothing is shown to whom nobody vouches for.
        consent.verifier.trusted
    } else {
        confirm("Present this to get what is offered?", "present", json).await?
    };
    if !agreed {
        return Ok(holder.leave_interaction(&preview.id).map(|()| false));
    }
    output::progress("presenting");
    let answered = without_interruption(holder.answer_interaction(&preview.id, &choices)).await?;
    Ok(answered.map(|()| true))
}

/// Sends the person to the issuer, and waits until the browser comes back. Ctrl-C ends the command: nothing was
/// received yet.
async fn sign_in(
    holder: &Holder,
    preview: &OfferPreview,
    browser: bool,
) -> anyhow::Result<Result<(), WalletRefusal>> {
    let callback = Callback::open().await?;
    let url = match holder.begin_sign_in(&preview.id, callback.uri()).await {
        Ok(url) => url,
        Err(refusal) => return Ok(Err(refusal)),
    };
    eprintln!("Sign in with the issuer in your browser:\n\n  {url}\n");
    if browser {
        open_browser(&url);
    }
    output::progress("waiting for the browser to come back");
    callback
        .wait(|response| match holder.end_sign_in(&preview.id, response) {
            Ok(()) => Ok(Ok(())),
            Err(refusal) if refusal.again => Err(refusal.to_string()),
            Err(refusal) => Ok(Err(refusal)),
        })
        .await
}

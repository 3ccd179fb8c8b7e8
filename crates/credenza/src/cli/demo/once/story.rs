//! The steps of the story.

use std::sync::Arc;

use anyhow::Context as _;
use credenza::core::{AddressPolicy, Clock as _, Http, Secret, SystemClock};
use credenza::server::demo_wallet::{Consent, WalletRefusal};
use credenza::service::LookUp;
use credenza::trust::{Anchor, Trust, X509Anchors};
use credenza::verify::{Demand, verify};
use credenza::wallet::{Holder, default_choices};
use serde_json::{Value, json};
use url::Url;

use super::client::Client;
use super::tap::Tap;
use super::{Step, formats, revoke};
use crate::cli::demo::sample;
use crate::cli::demo::world::wallet;

/// Where the story happens.
pub(super) struct World {
    pub(super) url: Url,
    pub(super) token: Secret,
    pub(super) roots: Vec<Vec<u8>>,
}

/// Tells the story; each step is handed out when it has happened.
pub(super) async fn tell(
    world: &World,
    mut each: impl FnMut(Step) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let client = Client::new(world.url.clone(), world.token.clone());
    let tap = Arc::new(Tap::new());
    let holder = wallet(Arc::clone(&tap) as Arc<dyn Http>, &world.roots)?;

    let offer = client
        .post(
            "/offers",
            &json!({"credentials": [{"type": sample::CONFIGURATION, "claims": sample::claims()}], "tx_code": true}),
        )
        .await?;
    let (link, code) = (text(&offer, "uri")?, text(&offer, "tx_code")?);
    each(Step {
        name: "offer",
        meaning: "The issuer offers a credential, guarded by a transaction code.",
        ok: true,
        detail: link.clone(),
        report: None,
    })?;
    each(wrong_code(&holder, &link, &code).await?)?;
    each(receive(&holder, &client, world, &link, &code, &text(&offer, "id")?).await?)?;
    each(offer_again(&holder, &link, &code).await)?;

    let request =
        ask(&client, json!([{"path": ["given_name"]}, {"path": ["age_equal_or_over", "18"]}]), true).await?;
    let consent = holder.open_request(&text(&request, "uri")?).await?;
    each(consider(&consent))?;
    each(present(&holder, &consent).await)?;
    let id = text(&request, "id")?;
    each(verified(&client, &id).await?)?;
    each(replay(&tap, &client, &id).await?)?;

    tap.tamper(true);
    let request = ask(&client, json!([{"path": ["given_name"]}]), false).await?;
    let consent = holder.open_request(&text(&request, "uri")?).await?;
    let answered = holder.answer_request(&consent.id, &default_choices(&consent)).await.map(|_| ());
    each(tampered(&client, &text(&request, "id")?, answered).await?)?;
    tap.tamper(false);

    each(revoke::revoke(&client, &text(&offer, "id")?).await?)?;
    let request = ask(&client, json!([{"path": ["given_name"]}]), true).await?;
    let consent = holder.open_request(&text(&request, "uri")?).await?;
    let answered = holder.answer_request(&consent.id, &default_choices(&consent)).await.map(|_| ());
    each(revoke::refused(&client, &text(&request, "id")?, answered).await?)?;

    for told in formats::all() {
        each(formats::tell(&told, &client, &holder).await?)?;
    }
    Ok(())
}

async fn wrong_code(holder: &Holder, link: &str, code: &str) -> anyhow::Result<Step> {
    let shown = holder.open_offer(link).await?;
    // Of the right form, and not the right one.
    let wrong: String = code.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
    let refused = holder.accept_offer(&shown.id, Some(&wrong)).await;
    Ok(refusal(
        "wrong code",
        "A wrong transaction code is refused, and can be corrected.",
        refused,
        |refusal| refusal.again && refusal.code.is_some(),
    ))
}

async fn receive(
    holder: &Holder,
    client: &Client,
    world: &World,
    link: &str,
    code: &str,
    offer: &str,
) -> anyhow::Result<Step> {
    let shown = holder.open_offer(link).await?;
    holder.accept_offer(&shown.id, Some(code)).await?;
    let entry = holder.credentials().all()?.into_iter().next().context("the wallet is empty")?;
    let copy = entry.copies.first().context("no copy")?;
    let anchors: Vec<Anchor> = world.roots.iter().cloned().map(Anchor::for_issuers).collect();
    let trust = X509Anchors::new(&anchors)?;
    let trust: Arc<dyn Trust> = Arc::new(trust);
    let look_up = LookUp::uncached().over(AddressPolicy::Loopback, Arc::new(SystemClock), Arc::clone(&trust));
    let demand = Demand {
        trust: &*trust,
        anchors: &world.roots,
        holder: None,
        status: Some(&look_up),
        now: SystemClock.now(),
    };
    let report = verify(&copy.held.credential, demand).await?;
    let keys: std::collections::HashSet<_> =
        entry.copies.iter().filter_map(|copy| copy.held.key_thumbprint.as_deref()).collect();
    let session = client.get(&format!("/offers/{offer}")).await?;
    let state = session.get("state").and_then(Value::as_str).unwrap_or_default();
    Ok(Step {
        name: "receive",
        meaning: "The wallet receives three copies, each bound to a key of its own, and acknowledges them.",
        ok: report.ok() && entry.copies.len() == 3 && keys.len() == 3 && state == "acknowledged",
        detail: format!(
            "{} copies, {} keys; the issuer's session is {state}",
            entry.copies.len(),
            keys.len()
        ),
        report: Some(serde_json::to_value(&report)?),
    })
}

async fn offer_again(holder: &Holder, link: &str, code: &str) -> Step {
    let again = match holder.open_offer(link).await {
        Ok(shown) => holder.accept_offer(&shown.id, Some(code)).await.map(|_| ()),
        Err(refusal) => Err(refusal),
    };
    refusal("offer again", "The same offer is not good a second time.", again, |_| true)
}

async fn ask(client: &Client, claims: Value, encrypted: bool) -> anyhow::Result<Value> {
    let query = json!({"credentials": [{
        "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:eudi:pid:1"]}, "claims": claims,
    }]});
    let mode = if encrypted { "direct_post.jwt" } else { "direct_post" };
    client.post("/presentations", &json!({"dcql_query": query, "response_mode": mode})).await
}

fn consider(consent: &Consent) -> Step {
    let candidate = consent.asks.first().and_then(|ask| ask.candidates.first());
    let labels = |claims: &[credenza::server::demo_wallet::Claim]| {
        claims.iter().map(|claim| claim.label.clone()).collect::<Vec<_>>().join(", ")
    };
    let told = candidate.map(|candidate| labels(&candidate.discloses)).unwrap_or_default();
    let kept = candidate.map(|candidate| candidate.withholds.join(", ")).unwrap_or_default();
    Step {
        name: "consider",
        meaning: "The wallet knows who asks, and shows what would be told and what would not.",
        ok: consent.answerable && consent.verifier.trusted && told == "Given name, 18 or older",
        detail: format!("{}; tells {told}; keeps back {kept}", consent.verifier.known_by),
        report: None,
    }
}

async fn present(holder: &Holder, consent: &Consent) -> Step {
    let choices = default_choices(consent);
    let presented = holder.answer_request(&consent.id, &choices).await;
    Step {
        name: "present",
        meaning: "The wallet presents exactly that, encrypted to a key of this request alone.",
        ok: presented.is_ok(),
        detail: match presented {
            Ok(presented) => format!("accepted by {}", presented.verifier.name),
            Err(refusal) => refusal.to_string(),
        },
        report: None,
    }
}

async fn verified(client: &Client, id: &str) -> anyhow::Result<Step> {
    let session = client.get(&format!("/presentations/{id}")).await?;
    let report = client.get(&format!("/presentations/{id}/report")).await?;
    let result = client.post(&format!("/presentations/{id}/result"), &json!({})).await?;
    let claims = result.pointer("/presentations/0/claims").cloned().unwrap_or_default();
    let told = |name: &str| claims.get(name).is_some();
    let minimal = told("given_name") && told("age_equal_or_over") && !told("family_name") && !told("address");
    let status = session.get("state").and_then(Value::as_str).unwrap_or_default();
    let good = report.get("ok") == Some(&Value::Bool(true));
    let technical = ["iss", "iat", "exp", "vct", "cnf"];
    let names = claims.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.filter(|name| !technical.contains(name)).collect();
    Ok(Step {
        name: "verify",
        meaning: "The verifier accepts it, and has learned nothing but what it asked for.",
        ok: status == "verified" && good && minimal,
        detail: format!("{status}; the verifier has {}", names.join(", ")),
        report: Some(report),
    })
}

async fn replay(tap: &Tap, client: &Client, id: &str) -> anyhow::Result<Step> {
    let answer = tap.replay().await.context("nothing was posted")??;
    let session = client.get(&format!("/presentations/{id}")).await?;
    let still = session.get("state").and_then(Value::as_str).unwrap_or_default();
    Ok(Step {
        name: "replay",
        meaning: "The same answer, sent again by somebody who has seen it, is refused.",
        ok: answer.status().is_client_error() && still == "verified",
        detail: format!("{}: {}", answer.status(), String::from_utf8_lossy(answer.body())),
        report: None,
    })
}

async fn tampered(client: &Client, id: &str, answered: Result<(), WalletRefusal>) -> anyhow::Result<Step> {
    let report = client.get(&format!("/presentations/{id}/report")).await?;
    let session = client.get(&format!("/presentations/{id}")).await?;
    let check = session.get("refusal").and_then(Value::as_str).unwrap_or_default().to_owned();
    let refused = report.get("ok") == Some(&Value::Bool(false));
    Ok(Step {
        name: "tamper",
        meaning: "An answer with a changed claim is refused, and the report names the check.",
        ok: answered.is_err() && refused && check.starts_with("sd-jwt."),
        detail: format!("refused by the check {check}"),
        report: Some(report),
    })
}

fn refusal<T>(
    name: &'static str,
    meaning: &'static str,
    outcome: Result<T, WalletRefusal>,
    right: impl FnOnce(&WalletRefusal) -> bool,
) -> Step {
    let (ok, detail) = match outcome {
        Ok(_) => (false, "it was accepted".to_owned()),
        Err(refusal) => (right(&refusal), refusal.to_string()),
    };
    Step { name, meaning, ok, detail, report: None }
}

pub(super) fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    let found = value.get(name).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("the service did not answer with {name}"))
}

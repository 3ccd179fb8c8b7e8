//! The end of the story: the credential is revoked, and not accepted any more.

use anyhow::Context as _;
use credenza::server::demo_wallet::WalletRefusal;
use serde_json::{Value, json};

use super::Step;
use super::client::Client;
use super::story::text;

/// Revokes what was issued in a session.
pub(super) async fn revoke(client: &Client, offer: &str) -> anyhow::Result<Step> {
    let issued = client.get(&format!("/credentials?session={offer}")).await?;
    let credential = issued.pointer("/credentials/0").context("the register is empty")?;
    let id = text(credential, "id")?;
    let revoked = client.patch(&format!("/credentials/{id}"), &json!({"status": "revoked"})).await?;
    let places = revoked.pointer("/places").and_then(Value::as_array).map_or(0, Vec::len);
    let published = revoked.get("published") == Some(&Value::Bool(true));
    Ok(Step {
        name: "revoke",
        meaning: "The issuer revokes the credential: all its copies, each at a place of its own in a status list.",
        ok: text(&revoked, "status")? == "revoked" && published && places == 3,
        detail: format!(
            "{places} places; the list is {}",
            if published { "published" } else { "not published yet" }
        ),
        report: None,
    })
}

/// Looks at what became of the presentation of a revoked credential.
pub(super) async fn refused(
    client: &Client,
    id: &str,
    answered: Result<(), WalletRefusal>,
) -> anyhow::Result<Step> {
    let report = client.get(&format!("/presentations/{id}/report")).await?;
    let session = client.get(&format!("/presentations/{id}")).await?;
    let check = session.get("refusal").and_then(Value::as_str).unwrap_or_default().to_owned();
    let refused = report.get("ok") == Some(&Value::Bool(false));
    Ok(Step {
        name: "verify again",
        meaning: "What was accepted before is refused now, and the report names the check.",
        ok: answered.is_err() && refused && check == "status-list.status",
        detail: format!("refused by the check {check}"),
        report: Some(report),
    })
}

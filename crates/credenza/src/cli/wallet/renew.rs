//! `credenza wallet renew`: credentials anew, without the person.

use credenza::core::{AddressPolicy, Clock as _, SystemClock};
use credenza::server::demo_wallet::Accepted;
use credenza::wallet::Renewable;
use credenza::wallet::credentials::Entry;

use super::home::Home;
use super::{Usage, Verdict, output, received, refused, thing, without_interruption};

/// Renews the one of that id, or all that need it.
pub(super) async fn run(home: &Home, id: Option<&str>, json: bool) -> anyhow::Result<Verdict> {
    let (renewable, entries) = {
        let holder = home.open(AddressPolicy::Public, 1)?;
        (holder.renewable()?, holder.credentials().all()?)
    };
    let wanted: Vec<(&Renewable, &str)> = renewable
        .iter()
        .filter_map(|one| {
            let wanted = |entry: &&String| match id {
                Some(id) => *entry == id,
                None => entries.iter().any(|held| held.id == **entry && needs_it(held)),
            };
            // Everything that came together is renewed together.
            Some((one, one.entries().iter().find(wanted)?.as_str()))
        })
        .collect();
    if wanted.is_empty() {
        return match id {
            Some(id) => Err(Usage::error(format!(
                "\"{id}\" is no credential that can be renewed; see: credenza wallet list"
            ))),
            None if json => output::json(&Accepted::default()).map(|()| Verdict::Good),
            None => output::line("Nothing needs to be renewed, or can be.").map(|()| Verdict::Good),
        };
    }
    let (mut all, mut first_refusal) = (Accepted::default(), None);
    for (one, entry) in wanted {
        // An issuer on this machine is asked on this machine, and nobody else is.
        let holder = home.open(thing::policy_for(one.issuer()), 1)?;
        output::progress("asking for new copies");
        match without_interruption(holder.renew(entry)).await? {
            Ok(accepted) => {
                all.credentials.extend(accepted.credentials);
                all.pending.extend(accepted.pending);
            }
            Err(refusal) => drop(first_refusal.get_or_insert(refusal)),
        }
    }
    if !all.credentials.is_empty() || !all.pending.is_empty() {
        received(&all, json)?;
    }
    first_refusal.map_or(Ok(Verdict::Good), |refusal| refused(&refusal, json))
}

/// Whether every copy was shown, or it has ended.
fn needs_it(entry: &Entry) -> bool {
    let now = SystemClock.now();
    let ended =
        |copy: &credenza::wallet::credentials::Copy| copy.held.expires_at.is_some_and(|end| end <= now);
    entry.fresh() == 0 || entry.copies.iter().all(ended)
}

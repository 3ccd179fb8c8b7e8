//! Credentials anew, without the person: by the refresh tokens that came with the first ones, kept in the vault.

#![expect(clippy::result_large_err, reason = "a refusal is what pages show; it is made once, for a person")]

use std::sync::Arc;

use credenza_core::Secret;
use credenza_server::demo_wallet::{Accepted, WalletRefusal};
use credenza_vci::wallet::{PendingCredential, Refreshed, Renewal, Step, WalletError};
use serde::{Deserialize, Serialize};

use super::holder::{Holder, vault_refusal};
use super::receiving::refusal;
use super::vault::{Vault, VaultError};

const PREFIX: &str = "renewal-";

/// What can be had anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Renewable {
    /// By what.
    renewal: Renewal,
    /// The entries that it has brought.
    entries: Vec<String>,
}

impl Renewable {
    /// Whom to ask.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.renewal.issuer()
    }

    /// The ids of the credentials that would be replaced.
    #[must_use]
    pub fn entries(&self) -> &[String] {
        &self.entries
    }
}

/// The renewals in the vault, by their grants.
#[derive(Clone)]
pub(super) struct Renewals {
    vault: Arc<dyn Vault>,
}

impl Renewals {
    pub(super) fn new(vault: Arc<dyn Vault>) -> Self {
        Self { vault }
    }

    fn write(&self, renewable: &Renewable) -> Result<(), VaultError> {
        let name = name(renewable.renewal.grant());
        let text = serde_json::to_string(renewable).map_err(|_| VaultError::Damaged((&name).into()))?;
        self.vault.write(&name, &Secret::new(text))
    }

    fn find(&self, grant: &str) -> Result<Option<Renewable>, VaultError> {
        let name = name(grant);
        let Some(text) = self.vault.read(&name)? else { return Ok(None) };
        serde_json::from_str(text.expose()).map(Some).map_err(|_| VaultError::Damaged(name.into()))
    }

    fn all(&self) -> Result<Vec<Renewable>, VaultError> {
        let names = self.vault.names()?;
        let grants = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
        grants.filter_map(|grant| self.find(grant).transpose()).collect()
    }

    fn remove(&self, grant: &str) -> Result<bool, VaultError> {
        self.vault.remove(&name(grant))
    }
}

fn name(grant: &str) -> String {
    format!("{PREFIX}{grant}")
}

impl Holder {
    /// What can be had anew without the person.
    ///
    /// # Errors
    /// The vault can't be read.
    pub fn renewable(&self) -> Result<Vec<Renewable>, VaultError> {
        let all = self.renewals.all()?;
        Ok(all.into_iter().filter(|renewable| !renewable.entries.is_empty()).collect())
    }

    /// Fetches a credential anew, with everything that came with it. The old copies go when the new ones are stored.
    ///
    /// # Errors
    /// What a person should read.
    pub async fn renew(&self, id: &str) -> Result<Accepted, WalletRefusal> {
        let _one_at_a_time = self.refreshing.lock().await;
        let is_it = |renewable: &Renewable| renewable.entries.iter().any(|entry| entry == id);
        let found = self.renewals.all().map_err(vault_refusal)?.into_iter().find(is_it);
        let Some(old) = found else {
            return Err(WalletRefusal::new("the issuer of this credential lets nobody renew it"));
        };
        let issuer = old.issuer().to_owned();
        let Some(refreshed) = self.refresh(&old).await? else {
            return Err(WalletRefusal::new("the issuer renews it no more: ask for it again, and sign in"));
        };
        let mut received = refreshed.fetch().await.map_err(|error| refusal(&error))?;
        let pending = self.keep_promises(&received.pending)?;
        received.renewal = None;
        let accepted = self.keep(received, &issuer).await?;
        let Some(kept) = self.renewals.find(old.renewal.grant()).map_err(vault_refusal)? else {
            return Ok(Accepted { pending, ..accepted });
        };
        let replaced = self.replaced(&kept, &accepted).map_err(vault_refusal)?;
        let (new, stay) = (accepted.credentials.iter().map(|card| card.id.clone()), kept.entries.iter());
        let stay = stay.filter(|entry| !replaced.contains(entry)).cloned();
        self.renewals
            .write(&Renewable { entries: stay.chain(new).collect(), ..kept })
            .map_err(vault_refusal)?;
        for entry in &replaced {
            self.credentials.remove(entry).map_err(vault_refusal)?;
        }
        Ok(Accepted { pending, ..accepted })
    }

    /// The entries whose successors have come. What was only promised anew replaces nothing.
    fn replaced(&self, old: &Renewable, accepted: &Accepted) -> Result<Vec<String>, VaultError> {
        let kind = |id: &String| -> Result<Option<String>, VaultError> {
            let entry = self.credentials.find(id)?;
            Ok(entry.and_then(|entry| Some(entry.copies.first()?.held.configuration_id.clone())))
        };
        let new: Vec<Option<String>> =
            accepted.credentials.iter().map(|card| kind(&card.id)).collect::<Result<_, _>>()?;
        let mut replaced = Vec::new();
        for id in &old.entries {
            let kind = kind(id)?;
            // One that is not there any more is left out, too.
            if kind.is_none() || new.contains(&kind) {
                replaced.push(id.clone());
            }
        }
        Ok(replaced)
    }

    /// Keeps what came with credentials to renew them. It has brought nothing yet.
    pub(super) fn keep_renewal(&self, renewal: Renewal) -> Result<(), WalletRefusal> {
        self.renewals.write(&Renewable { renewal, entries: Vec::new() }).map_err(vault_refusal)
    }

    /// Notes what a grant has brought; one that has brought nothing and promises nothing is forgotten.
    pub(super) fn note_brought(&self, grant: &str, accepted: &Accepted) -> Result<(), WalletRefusal> {
        let Some(mut renewable) = self.renewals.find(grant).map_err(vault_refusal)? else { return Ok(()) };
        renewable.entries.extend(accepted.credentials.iter().map(|card| card.id.clone()));
        self.renewals.write(&renewable).map_err(vault_refusal)
    }

    /// Forgets a grant of which nothing came.
    pub(super) fn forget_renewal(&self, grant: &str) {
        // What stays is a token that nobody asks for.
        let _ = self.renewals.remove(grant);
    }

    /// Removes a credential; what would renew it goes with the last one that it has brought.
    ///
    /// # Errors
    /// The vault can't be written.
    pub fn remove_credential(&self, id: &str) -> Result<bool, VaultError> {
        let promised = self.promises.grants()?;
        for mut renewable in self.renewals.all()? {
            let before = renewable.entries.len();
            renewable.entries.retain(|entry| entry != id);
            let grant = renewable.renewal.grant();
            if renewable.entries.is_empty() && before > 0 && !promised.iter().any(|one| one == grant) {
                self.renewals.remove(grant)?;
            } else if renewable.entries.len() < before {
                self.renewals.write(&renewable)?;
            }
        }
        self.credentials.remove(id)
    }

    /// The promise with a new access token; `None` where nothing can bring one.
    pub(super) async fn refreshed(
        &self,
        promise: &PendingCredential,
    ) -> Result<Option<PendingCredential>, WalletRefusal> {
        let Some(grant) = promise.grant() else { return Ok(None) };
        let _one_at_a_time = self.refreshing.lock().await;
        let Some(renewable) = self.renewals.find(grant).map_err(vault_refusal)? else { return Ok(None) };
        let refreshed = self.refresh(&renewable).await?;
        Ok(refreshed.and_then(|refreshed| promise.refreshed(&refreshed)))
    }

    /// Uses a refresh token, and keeps what takes its place before anything else; `None` when it is good no more.
    async fn refresh(&self, renewable: &Renewable) -> Result<Option<Refreshed>, WalletRefusal> {
        match self.receiving.refresh(&renewable.renewal).await {
            Ok(refreshed) => {
                let next = Renewable { renewal: refreshed.renewal().clone(), ..renewable.clone() };
                self.renewals.write(&next).map_err(vault_refusal)?;
                self.promises.refresh(&refreshed).map_err(vault_refusal)?;
                Ok(Some(refreshed))
            }
            Err(WalletError::Refused { step: Step::Token, code, .. }) if code == "invalid_grant" => {
                self.renewals.remove(renewable.renewal.grant()).map_err(vault_refusal)?;
                Ok(None)
            }
            Err(error) => Err(refusal(&error)),
        }
    }
}

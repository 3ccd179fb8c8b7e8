//! Credentials that an issuer has promised for later: kept in the vault over a restart, and asked for again.

#![expect(clippy::result_large_err, reason = "a refusal is what pages show; it is made once, for a person")]

use std::sync::Arc;

use credenza_core::{Random, Secret, id};
use credenza_server::demo_wallet::{Accepted, Waiting, WalletRefusal};
use credenza_vci::wallet::{PendingCredential, Polled, Refreshed, WalletError};

use super::display::{in_our_language, printable};
use super::holder::{Holder, vault_refusal};
use super::keys::VaultKeys;
use super::receiving::refusal;
use super::vault::{Vault, VaultError};

const PREFIX: &str = "pending-";

/// What was promised. It has access tokens in it, as the vault has keys.
#[derive(Clone)]
pub(super) struct Promises {
    vault: Arc<dyn Vault>,
    keys: VaultKeys,
    random: Arc<dyn Random>,
}

impl Promises {
    pub(super) fn new(vault: Arc<dyn Vault>, keys: VaultKeys, random: Arc<dyn Random>) -> Self {
        Self { vault, keys, random }
    }

    /// Keeps a promise; when it returns, it is safe.
    fn add(&self, promise: &PendingCredential) -> Result<String, VaultError> {
        let id: String =
            id::short(&*self.random).chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        self.write(&id, promise)?;
        Ok(id)
    }

    fn write(&self, id: &str, promise: &PendingCredential) -> Result<(), VaultError> {
        let text = serde_json::to_string(promise).map_err(|_| VaultError::Damaged(name(id).into()))?;
        self.vault.write(&name(id), &Secret::new(text))
    }

    fn all(&self) -> Result<Vec<(String, PendingCredential)>, VaultError> {
        let mut promises = Vec::new();
        for name in self.vault.names()? {
            if let Some(id) = name.strip_prefix(PREFIX)
                && let Some(promise) = self.find(id)?
            {
                promises.push((id.to_owned(), promise));
            }
        }
        promises.sort_by_key(|(_, promise)| promise.since());
        Ok(promises)
    }

    fn find(&self, id: &str) -> Result<Option<PendingCredential>, VaultError> {
        let Some(text) = self.vault.read(&name(id))? else { return Ok(None) };
        serde_json::from_str(text.expose()).map(Some).map_err(|_| VaultError::Damaged(name(id).into()))
    }

    fn remove(&self, id: &str) -> Result<bool, VaultError> {
        self.vault.remove(&name(id))
    }

    /// Gives all promises of a grant its new access token.
    pub(super) fn refresh(&self, refreshed: &Refreshed) -> Result<(), VaultError> {
        for (id, promise) in self.all()? {
            if let Some(promise) = promise.refreshed(refreshed) {
                self.write(&id, &promise)?;
            }
        }
        Ok(())
    }

    /// The grants under which something was promised.
    pub(super) fn grants(&self) -> Result<Vec<String>, VaultError> {
        Ok(self.all()?.iter().filter_map(|(_, promise)| promise.grant().map(str::to_owned)).collect())
    }
}

fn name(id: &str) -> String {
    format!("{PREFIX}{id}")
}

impl Holder {
    /// Keeps what an issuer has promised.
    pub(super) fn keep_promises(
        &self,
        promises: &[PendingCredential],
    ) -> Result<Vec<Waiting>, WalletRefusal> {
        let kept = promises.iter().map(|promise| {
            let id = self.promises.add(promise).map_err(vault_refusal)?;
            Ok(waiting(id, promise))
        });
        kept.collect()
    }

    /// What was promised and has not come yet, the oldest first.
    ///
    /// # Errors
    /// The vault can't be read.
    pub fn waiting(&self) -> Result<Vec<Waiting>, VaultError> {
        Ok(self.promises.all()?.into_iter().map(|(id, promise)| waiting(id, &promise)).collect())
    }

    /// Asks again for what was promised: for the one of that id, or for everything whose time has come. What the
    /// issuer will never bring is forgotten, with its keys.
    ///
    /// # Errors
    /// What a person should read about the first that did not come; the others were asked for all the same.
    pub async fn poll(&self, id: Option<&str>) -> Result<Accepted, WalletRefusal> {
        let promises = match id {
            Some(id) => {
                let unknown =
                    || WalletRefusal::new("nothing of this id is pending; see: credenza wallet list");
                let promise = self.promises.find(id).map_err(vault_refusal)?.ok_or_else(unknown)?;
                vec![(id.to_owned(), promise)]
            }
            None => self.promises.all().map_err(vault_refusal)?,
        };
        let now = self.clock.now();
        let mut accepted = Accepted::default();
        let mut first_refusal = None;
        for (name, promise) in promises {
            if id.is_none() && now < promise.not_before() {
                accepted.pending.push(waiting(name, &promise));
                continue;
            }
            match self.ask_again(&name, &promise).await {
                Ok(more) => {
                    accepted.credentials.extend(more.credentials);
                    accepted.pending.extend(more.pending);
                }
                Err(refusal) => drop(first_refusal.get_or_insert(refusal)),
            }
        }
        match first_refusal {
            Some(refusal) if accepted.credentials.is_empty() => Err(refusal),
            _ => Ok(accepted),
        }
    }

    async fn ask_again(&self, id: &str, promise: &PendingCredential) -> Result<Accepted, WalletRefusal> {
        let mut promise = promise.clone();
        let mut renewable = promise.grant().is_some();
        if promise.has_ended_token(self.clock.now()) {
            renewable = self.refresh_promise(&mut promise).await?;
        }
        let mut polled = self.receiving.poll(&promise).await;
        if renewable && polled.as_ref().is_err_and(WalletError::wants_refresh) {
            renewable = self.refresh_promise(&mut promise).await?;
            if renewable {
                polled = self.receiving.poll(&promise).await;
            }
        }
        match polled {
            Ok(Polled::Pending(promise)) => {
                self.promises.write(id, &promise).map_err(vault_refusal)?;
                let pending = vec![waiting(id.to_owned(), &promise)];
                Ok(Accepted { pending, ..Accepted::default() })
            }
            Ok(Polled::Received(received)) => {
                let accepted = self.keep(*received, promise.issuer()).await?;
                promise.grant().map(|grant| self.note_brought(grant, &accepted)).transpose()?;
                self.promises.remove(id).map_err(vault_refusal)?;
                Ok(accepted)
            }
            Err(error) => {
                if error.is_final() || (error.wants_refresh() && !renewable) {
                    // The promise first: keys without one do no harm.
                    self.promises.remove(id).map_err(vault_refusal)?;
                    for key in promise.keys() {
                        self.promises.keys.forget(key).map_err(vault_refusal)?;
                    }
                    self.remember("refused", promise.issuer(), error.to_string());
                }
                Err(refusal(&error))
            }
        }
    }

    /// Gets a new access token for a promise; `false` where nothing can bring one.
    async fn refresh_promise(&self, promise: &mut PendingCredential) -> Result<bool, WalletRefusal> {
        let refreshed = self.refreshed(promise).await?;
        let renewable = refreshed.is_some();
        *promise = refreshed.unwrap_or_else(|| promise.clone());
        Ok(renewable)
    }
}

fn waiting(id: String, promise: &PendingCredential) -> Waiting {
    let offered = promise.offered();
    let look = in_our_language(&offered.display, |display| display.locale.as_deref());
    let name = look.map(|look| look.name.as_str()).filter(|name| !name.is_empty());
    Waiting {
        id,
        name: printable(name.unwrap_or(&offered.credential_type)),
        issuer: printable(promise.issuer()),
        since: promise.since(),
        not_before: promise.not_before(),
    }
}

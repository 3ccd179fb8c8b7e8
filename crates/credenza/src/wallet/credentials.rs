//! The credentials of a wallet: the copies that were fetched together are one entry.

use std::sync::Arc;

use credenza_core::{Random, Secret, UnixTime, id};
use credenza_formats::held::HeldCredential;
use serde::{Deserialize, Serialize};

use super::keys::VaultKeys;
use super::vault::{Vault, VaultError};

const PREFIX: &str = "credential-";

/// A credential with all of its copies.
#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    /// What people type to mean it.
    pub id: String,
    /// How the issuer calls itself.
    pub issuer_name: Option<String>,
    /// The copies: the same claims, each bound to a key of its own.
    pub copies: Vec<Copy>,
}

/// One copy.
#[derive(Clone, Serialize, Deserialize)]
pub struct Copy {
    /// The credential.
    pub held: HeldCredential,
    /// How often it was shown. Who sees one copy twice knows that it was the same person.
    pub shown: u32,
}

impl Entry {
    /// The copy to show next: one that was shown least.
    #[must_use]
    pub fn next(&self) -> Option<&Copy> {
        self.copies.iter().min_by_key(|copy| copy.shown)
    }

    /// How many copies nobody has seen yet.
    #[must_use]
    pub fn fresh(&self) -> usize {
        self.copies.iter().filter(|copy| copy.shown == 0).count()
    }

    /// When it was received.
    #[must_use]
    pub fn received_at(&self) -> UnixTime {
        self.copies.first().map_or(UnixTime::EPOCH, |copy| copy.held.received_at)
    }
}

/// The list of credentials.
#[derive(Clone)]
pub struct Credentials {
    vault: Arc<dyn Vault>,
    keys: VaultKeys,
    random: Arc<dyn Random>,
}

impl Credentials {
    /// The credentials in this vault, whose keys are in `keys`.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>, keys: VaultKeys, random: Arc<dyn Random>) -> Self {
        Self { vault, keys, random }
    }

    /// Keeps what was received; hands out the new entries. When it returns, they are safe.
    ///
    /// # Errors
    /// The vault can't be written.
    pub fn add(
        &self,
        issuer_name: Option<&str>,
        received: Vec<HeldCredential>,
    ) -> Result<Vec<Entry>, VaultError> {
        let mut entries: Vec<Entry> = Vec::new();
        for held in received {
            let copy = Copy { held, shown: 0 };
            let same = entries.iter_mut().find(|entry| {
                entry.copies.first().is_some_and(|first| {
                    first.held.batch == copy.held.batch
                        && first.held.configuration_id == copy.held.configuration_id
                })
            });
            match same {
                Some(entry) => entry.copies.push(copy),
                None => entries.push(Entry {
                    id: self.new_id(),
                    issuer_name: issuer_name.map(str::to_owned),
                    copies: vec![copy],
                }),
            }
        }
        entries.iter().try_for_each(|entry| self.write(entry))?;
        Ok(entries)
    }

    /// All, the newest first.
    ///
    /// # Errors
    /// The vault can't be read.
    pub fn all(&self) -> Result<Vec<Entry>, VaultError> {
        let mut entries = Vec::new();
        for name in self.vault.names()? {
            if let Some(id) = name.strip_prefix(PREFIX) {
                entries.extend(self.find(id)?);
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.received_at()));
        Ok(entries)
    }

    /// The one of that id.
    ///
    /// # Errors
    /// The vault can't be read.
    pub fn find(&self, id: &str) -> Result<Option<Entry>, VaultError> {
        let name = name(id);
        let Some(text) = self.vault.read(&name)? else { return Ok(None) };
        serde_json::from_str(text.expose()).map(Some).map_err(|_| VaultError::Damaged(name.into()))
    }

    /// Notes that a copy was shown. Called before it is sent: what was sent counts, whatever the answer.
    ///
    /// # Errors
    /// The vault can't be written.
    pub fn note_shown(&self, thumbprint: Option<&str>, credential: &str) -> Result<(), VaultError> {
        for mut entry in self.all()? {
            let copy = entry.copies.iter_mut().find(|copy| match thumbprint {
                Some(_) => copy.held.key_thumbprint.as_deref() == thumbprint,
                None => copy.held.credential == credential,
            });
            if let Some(copy) = copy {
                copy.shown = copy.shown.saturating_add(1);
                return self.write(&entry);
            }
        }
        Ok(())
    }

    /// Removes one with its keys; `false` when there is none.
    ///
    /// # Errors
    /// The vault can't be written.
    pub fn remove(&self, id: &str) -> Result<bool, VaultError> {
        let Some(entry) = self.find(id)? else { return Ok(false) };
        // The credential first: a key without a credential does no harm, a credential without its key would.
        self.vault.remove(&name(id))?;
        for thumbprint in entry.copies.iter().filter_map(|copy| copy.held.key_thumbprint.as_deref()) {
            self.keys.forget(thumbprint)?;
        }
        Ok(true)
    }

    fn write(&self, entry: &Entry) -> Result<(), VaultError> {
        let text = serde_json::to_string(entry).map_err(|_| VaultError::Damaged(name(&entry.id).into()))?;
        self.vault.write(&name(&entry.id), &Secret::new(text))
    }

    /// Short enough to type: eight characters of a random name.
    fn new_id(&self) -> String {
        id::short(&*self.random).chars().filter(char::is_ascii_alphanumeric).take(8).collect()
    }
}

fn name(id: &str) -> String {
    format!("{PREFIX}{id}")
}

#[cfg(test)]
mod tests {
    use super::super::vault::MemoryVault;
    use super::*;
    use credenza_core::SystemRandom;
    use serde_json::Map;

    fn held(batch: &str, key: &str) -> HeldCredential {
        HeldCredential {
            format: "dc+sd-jwt".to_owned(),
            credential_type: "urn:example:1".to_owned(),
            issuer: "https://issuer.example".to_owned(),
            configuration_id: "pid".to_owned(),
            credential: format!("{batch}.{key}"),
            key_thumbprint: Some(key.to_owned()),
            claims: Map::new(),
            display: Vec::new(),
            claims_display: Vec::new(),
            batch: batch.to_owned(),
            received_at: UnixTime::from_secs(if batch == "a" { 1 } else { 2 }),
            expires_at: None,
        }
    }

    fn credentials() -> Credentials {
        let vault: Arc<dyn Vault> = Arc::new(MemoryVault::default());
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let keys = VaultKeys::new(Arc::clone(&vault), Arc::clone(&random));
        Credentials::new(vault, keys, random)
    }

    #[test]
    fn copies_of_a_batch_are_one_entry() {
        let credentials = credentials();
        let added =
            credentials.add(Some("Issuer"), vec![held("a", "1"), held("a", "2"), held("b", "3")]).unwrap();
        assert_eq!(added.iter().map(|entry| entry.copies.len()).collect::<Vec<_>>(), [2, 1]);
        let all = credentials.all().unwrap();
        assert_eq!(all[0].copies[0].held.batch, "b", "the newest first");
    }

    #[test]
    fn p_unused_copies_are_shown_first() {
        let credentials = credentials();
        let id = credentials.add(None, vec![held("a", "1"), held("a", "2")]).unwrap()[0].id.clone();
        let next =
            || credentials.find(&id).unwrap().unwrap().next().unwrap().held.key_thumbprint.clone().unwrap();
        assert_eq!(next(), "1");
        credentials.note_shown(Some("1"), "").unwrap();
        assert_eq!(next(), "2");
        assert_eq!(credentials.find(&id).unwrap().unwrap().fresh(), 1);
        credentials.note_shown(Some("2"), "").unwrap();
        credentials.note_shown(Some("2"), "").unwrap();
        assert_eq!(next(), "1");
    }

    #[test]
    fn removed_with_its_keys() {
        let credentials = credentials();
        credentials.vault.write("key-1", &Secret::new("k".to_owned())).unwrap();
        let id = credentials.add(None, vec![held("a", "1")]).unwrap()[0].id.clone();
        assert!(credentials.remove(&id).unwrap());
        assert!(!credentials.remove(&id).unwrap());
        assert!(credentials.vault.names().unwrap().is_empty());
    }
}

//! Places in lists: leased in blocks, by one commit each, and scattered.

use std::sync::{Arc, MutexGuard, PoisonError};

use credenza_core::{Answer, Key, RecordWrite, Secret, StoreError, UnixTime, id};
use credenza_formats::status_list::{Allocator, Lease, StatusReference};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lists::{self, List};
use super::{MAX_RACES, Place, StatusLists, bitstring, credential, read, too_many_races, written};
use crate::issuer::{ClaimsError, IssuanceContext, StatusSource};

const KIND: &str = "status.filling";

/// The list that is being filled, and how far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Filling {
    pub(super) list: String,
    pub(super) bits: u8,
    pub(super) capacity: u64,
    pub(super) taken: u64,
}

/// The places of one list that belong to this node.
#[derive(Debug)]
pub(super) struct Leased {
    list: String,
    allocator: Allocator,
}

fn key() -> Key {
    Key::new(KIND, "current")
}

impl StatusLists {
    pub(super) async fn filling(&self) -> Result<Option<Filling>, StoreError> {
        match self.records.get(&key()).await? {
            Some(kept) => read(&kept.value).map(Some),
            None => Ok(None),
        }
    }

    /// Places for so many copies: nobody else has got them, or ever will.
    pub(super) async fn places(&self, copies: usize) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::with_capacity(copies);
        while places.len() < copies {
            let leased = self.leased().clone();
            match leased.and_then(|leased| Some((leased.allocator.take()?, leased))) {
                Some((index, leased)) => places.push(Place { list: leased.list.clone(), index }),
                None => self.lease().await?,
            }
        }
        Ok(places)
    }

    /// Leases the next block, and begins a list where there is none, or where the last one is full or of another kind.
    async fn lease(&self) -> Result<(), StoreError> {
        for _ in 0..MAX_RACES {
            let kept = self.records.get(&key()).await?;
            let filling: Option<Filling> = kept.as_ref().map(|kept| read(&kept.value)).transpose()?;
            let usable = filling.filter(|filling| {
                filling.bits == self.policy.bits.number() && filling.capacity == self.policy.capacity
            });
            let next = usable.and_then(|filling| {
                let lease = Lease::after(filling.taken, self.policy.lease, filling.capacity)?;
                Some((Filling { taken: lease.end, ..filling }, lease))
            });
            let (filling, lease, begun) = match next {
                Some((filling, lease)) => (filling, lease, None),
                None => self.begin()?,
            };
            let value = written(&filling)?;
            let mut writes = vec![match &kept {
                Some(kept) => RecordWrite::Replace { key: key(), expected: kept.version, value },
                None => RecordWrite::Insert { key: key(), group: String::new(), value },
            }];
            if let Some(list) = &begun {
                let (key, value) = (lists::key(&filling.list), written(list)?);
                writes.push(RecordWrite::Insert { key, group: String::new(), value });
            }
            match self.records.commit(writes).await {
                Ok(()) => return self.take_over(&filling.list, begun, lease).await,
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(too_many_races())
    }

    /// A list to be, with its first block taken.
    fn begin(&self) -> Result<(Filling, Lease, Option<List>), StoreError> {
        let (bits, capacity) = (self.policy.bits.number(), self.policy.capacity);
        let lease = Lease::after(0, self.policy.lease, capacity).ok_or_else(too_many_races)?;
        let created_at = self.clock.now();
        let secret = Secret::new(id::unguessable(&*self.random));
        let list = List { bits, capacity, created_at, secret };
        // Random, so that a list that was forgotten with a lost database is never begun again.
        let filling = Filling { list: id::short(&*self.random), bits, capacity, taken: lease.end };
        Ok((filling, lease, Some(list)))
    }

    /// Hands a lease to this node's allocator.
    async fn take_over(&self, id: &str, begun: Option<List>, lease: Lease) -> Result<(), StoreError> {
        {
            let leased = self.leased();
            if let Some(known) = leased.as_ref().filter(|known| known.list == id) {
                known.allocator.add(lease);
                return Ok(());
            }
        }
        let list = match begun {
            Some(list) => list,
            None => self
                .list(id)
                .await?
                .ok_or_else(|| StoreError::Unavailable("the status list is gone".to_owned()))?,
        };
        let permutation = list.permutation(&self.uri(id))?;
        let mut leased = self.leased();
        // Another caller may have been here meanwhile.
        match leased.as_ref().filter(|known| known.list == id) {
            Some(known) => known.allocator.add(lease),
            None => {
                let fresh = Leased { list: id.to_owned(), allocator: Allocator::new(permutation) };
                fresh.allocator.add(lease);
                *leased = Some(Arc::new(fresh));
            }
        }
        Ok(())
    }

    fn leased(&self) -> MutexGuard<'_, Option<Arc<Leased>>> {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes places for the copies, and enters the credential into the register. Only then may it go out, so that
    /// whatever is out can be revoked.
    async fn enter(
        &self,
        context: &IssuanceContext<'_>,
        copies: usize,
        expires: UnixTime,
    ) -> Result<Vec<Value>, StoreError> {
        let places = self.places(copies).await?;
        let statuses = places.iter().map(|place| self.status(context, place)).collect();
        let record = credential::CredentialRecord {
            id: credential::new_id(self.clock.now(), &*self.random),
            session: context.session.to_owned(),
            credential_configuration_id: context.configuration.id.clone(),
            state: credential::CredentialState::Valid,
            issued_at: self.clock.now(),
            expires_at: expires,
            changed_at: None,
            places,
        };
        self.records.commit(vec![record.insert()?]).await?;
        Ok(statuses)
    }

    /// What a copy says about its place, as its format says it.
    fn status(&self, context: &IssuanceContext<'_>, place: &Place) -> Value {
        let uri = self.uri(&place.list);
        if bitstring::is_for(&context.configuration.format) {
            return bitstring::entries(&uri, place.index);
        }
        StatusReference { idx: place.index, uri }.to_status()
    }
}

impl StatusSource for StatusLists {
    fn assign<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
        copies: usize,
        expires: UnixTime,
    ) -> Answer<'a, Result<Vec<Value>, ClaimsError>> {
        Answer::later(async move {
            let entered = self.enter(context, copies, expires).await;
            entered.map_err(|error| ClaimsError::Unavailable(error.to_string()))
        })
    }

    fn aggregation(&self) -> Option<&str> {
        Some(self.aggregation_uri())
    }
}

//! The statuses of a list, in chunks: a change rewrites one, and a list is read a page of them at a time.

use std::collections::BTreeMap;

use credenza_core::{Key, Listing, RecordWrite, StoreError};
use credenza_formats::status_list::{Status, StatusArray, StatusBits};

use super::{Place, StatusLists};

const KIND: &str = "status.chunk";

/// Bytes of a chunk.
const CHUNK: usize = 4096;

/// As many chunks are read at once.
const PAGE: usize = 256;

/// Why a place could not be written.
pub(super) enum Unwritten {
    /// The list has too few bits for the status.
    TooWide(StatusBits),
    /// The store.
    Store(StoreError),
}

impl From<StoreError> for Unwritten {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Ordered by number within a list: a list has at most 4096 chunks.
fn key(list: &str, number: u64) -> Key {
    Key::new(KIND, format!("{list}.{number:08}"))
}

fn damaged() -> StoreError {
    StoreError::Unavailable("a status list can't be read".to_owned())
}

/// Entries in a chunk.
fn entries(bits: StatusBits) -> u64 {
    u64::try_from(CHUNK).unwrap_or(u64::MAX) * 8 / u64::from(bits.number())
}

impl StatusLists {
    /// The writes that give all these places a status, under the versions that are there now.
    pub(super) async fn set(&self, places: &[Place], status: Status) -> Result<Vec<RecordWrite>, Unwritten> {
        let mut by_list: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for place in places {
            by_list.entry(&place.list).or_default().push(place.index);
        }
        let mut writes = Vec::new();
        for (list, indices) in by_list {
            let known = self.list(list).await?.ok_or_else(damaged)?;
            let bits = known.bits()?;
            if StatusBits::for_status(status) > bits {
                return Err(Unwritten::TooWide(bits));
            }
            let entries = entries(bits);
            let mut by_chunk: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
            for index in indices.into_iter().filter(|index| *index < known.capacity) {
                by_chunk.entry(index / entries).or_default().push(index % entries);
            }
            for (number, within) in by_chunk {
                writes.push(self.set_chunk(key(list, number), list, bits, &within, status).await?);
            }
        }
        Ok(writes)
    }

    async fn set_chunk(
        &self,
        key: Key,
        list: &str,
        bits: StatusBits,
        within: &[u64],
        status: Status,
    ) -> Result<RecordWrite, StoreError> {
        let kept = self.records.get(&key).await?;
        let bytes = kept.as_ref().map_or_else(|| vec![0; CHUNK], |kept| kept.value.clone());
        let mut chunk = StatusArray::from_bytes(bits, bytes);
        for index in within {
            chunk.set(*index, status).map_err(|_| damaged())?;
        }
        let value = chunk.as_bytes().to_vec();
        Ok(match kept {
            Some(kept) => RecordWrite::Replace { key, expected: kept.version, value },
            None => RecordWrite::Insert { key, group: list.to_owned(), value },
        })
    }

    /// All statuses of a list as they are now.
    pub(super) async fn statuses(
        &self,
        list: &str,
        bits: StatusBits,
        capacity: u64,
    ) -> Result<StatusArray, StoreError> {
        let empty = StatusArray::new(bits, capacity).map_err(|_| damaged())?;
        let mut bytes = empty.as_bytes().to_vec();
        let mut last: Option<String> = None;
        loop {
            let listing = Listing::of(KIND, PAGE).in_group(list).after(last.as_deref());
            let page = self.records.list(listing).await?;
            for (id, kept) in &page {
                let number = id.rsplit_once('.').and_then(|(_, number)| number.parse::<usize>().ok());
                let start = number.ok_or_else(damaged)?.saturating_mul(CHUNK);
                for (byte, stored) in bytes.iter_mut().skip(start).zip(&kept.value) {
                    *byte = *stored;
                }
            }
            if page.len() < PAGE {
                return Ok(StatusArray::from_bytes(bits, bytes));
            }
            last = page.into_iter().next_back().map(|(id, _)| id);
        }
    }
}

//! The Records port.

use credenza_core::{Answer, Kept, Key, Listing, RecordWrite, Records, StoreError};
use tokio_postgres::Row;

use super::{PostgresStore, strange, version};

impl PostgresStore {
    async fn kept(&self, key: &Key) -> Result<Option<Kept>, StoreError> {
        let rows = self.connections.ask(|it| &it.kept, &[&key.kind, &key.id.as_bytes()]).await?;
        rows.first().map(|row| kept(row, 0)).transpose()
    }

    async fn listed(&self, listing: Listing<'_>) -> Result<Vec<(String, Kept)>, StoreError> {
        let limit = i64::try_from(listing.limit).unwrap_or(i64::MAX);
        // An id is never empty, so that the empty one comes before all.
        let after = listing.after.unwrap_or_default().as_bytes();
        let rows = match listing.group {
            None => self.connections.ask(|it| &it.list, &[&listing.kind, &after, &limit]).await?,
            Some(group) => {
                let group = group.as_bytes();
                self.connections.ask(|it| &it.list_group, &[&listing.kind, &after, &limit, &group]).await?
            }
        };
        let one = |row: &Row| {
            let id = String::from_utf8(row.try_get(0).map_err(strange)?).map_err(strange)?;
            Ok((id, kept(row, 1)?))
        };
        rows.iter().map(one).collect()
    }

    async fn keep(&self, writes: &[RecordWrite]) -> Result<(), StoreError> {
        // Versions begin with 1: one that the database can't hold is no record's.
        let number = |expected: &u64| i64::try_from(*expected).unwrap_or(0);
        let (mut operations, mut kinds, mut ids) = (Vec::<i16>::new(), Vec::new(), Vec::<&[u8]>::new());
        let (mut expected, mut groups, mut values) =
            (Vec::<i64>::new(), Vec::<&[u8]>::new(), Vec::<&[u8]>::new());
        for write in writes {
            let (operation, version, group, value): (_, _, &[u8], &[u8]) = match write {
                RecordWrite::Insert { group, value, .. } => (1, 0, group.as_bytes(), value),
                RecordWrite::Replace { expected, value, .. } => (2, number(expected), &[], value),
                RecordWrite::Remove { expected, .. } => (3, number(expected), &[], &[]),
            };
            let Key { kind, id } = write.key();
            operations.push(operation);
            kinds.push(*kind);
            ids.push(id.as_bytes());
            expected.push(version);
            groups.push(group);
            values.push(value);
        }
        self.connections
            .ask(|it| &it.keep, &[&operations, &kinds, &ids, &expected, &groups, &values])
            .await?;
        Ok(())
    }
}

impl Records for PostgresStore {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Kept>, StoreError>> {
        Answer::later(self.kept(key))
    }

    fn list<'a>(&'a self, listing: Listing<'a>) -> Answer<'a, Result<Vec<(String, Kept)>, StoreError>> {
        Answer::later(self.listed(listing))
    }

    fn commit(&self, writes: Vec<RecordWrite>) -> Answer<'_, Result<(), StoreError>> {
        Answer::later(async move { self.keep(&writes).await })
    }
}

/// Columns of (version, value), from this one on.
fn kept(row: &Row, first: usize) -> Result<Kept, StoreError> {
    Ok(Kept { version: version(row, first)?, value: row.try_get(first + 1).map_err(strange)? })
}

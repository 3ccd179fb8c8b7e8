//! All rows of a PostgreSQL database, of any kind: for moving them.

use credenza_core::StoreError;
use tokio_postgres::Client;

use super::{PostgresStore, strange};
use crate::OpenError;
use crate::transfer::{Part, Row};

pub(crate) struct Rows(Client);

type Answered<T> = Result<T, StoreError>;

impl Rows {
    pub(crate) async fn open(store: &PostgresStore) -> Result<Self, OpenError> {
        Ok(Self(store.connections.client().await?))
    }

    async fn ask(
        &self,
        sql: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Answered<Vec<tokio_postgres::Row>> {
        let answered = self.0.query(sql, parameters).await;
        answered.map_err(|error| StoreError::Unavailable(super::connections::explain(&error)))
    }

    pub(crate) async fn kinds(&self, part: Part) -> Answered<Vec<String>> {
        let sql = match part {
            Part::Sessions => "SELECT DISTINCT kind FROM credenza_sessions",
            Part::Records => "SELECT DISTINCT kind FROM credenza_records WHERE kind <> 'store.transfer'",
        };
        self.ask(sql, &[]).await?.iter().map(|row| row.try_get(0).map_err(strange)).collect()
    }

    pub(crate) async fn count(&self, part: Part, now: i64) -> Answered<u64> {
        let rows = match part {
            Part::Sessions => {
                self.ask("SELECT count(*) FROM credenza_sessions WHERE expires > $1", &[&now]).await?
            }
            Part::Records => {
                self.ask("SELECT count(*) FROM credenza_records WHERE kind <> 'store.transfer'", &[]).await?
            }
        };
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(strange)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub(crate) async fn read(
        &self,
        part: Part,
        kind: &str,
        after: Option<&str>,
        limit: usize,
        now: i64,
    ) -> Answered<Vec<Row>> {
        let sql = match part {
            Part::Sessions => {
                "SELECT id, ''::bytea, version, expires, value FROM credenza_sessions
                WHERE kind = $1 AND (id > $2 OR $3) AND expires > $5 ORDER BY id LIMIT $4"
            }
            Part::Records => {
                "SELECT id, belongs, version, 0::bigint, value FROM credenza_records
                WHERE kind = $1 AND (id > $2 OR $3) AND $5::bigint IS NOT NULL ORDER BY id LIMIT $4"
            }
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let id = after.unwrap_or_default().as_bytes();
        let rows = self.ask(sql, &[&kind, &id, &after.is_none(), &limit, &now]).await?;
        let text = |row: &tokio_postgres::Row, column: usize| {
            String::from_utf8(row.try_get(column).map_err(strange)?).map_err(strange)
        };
        let one = |row: &tokio_postgres::Row| {
            Ok(Row {
                id: text(row, 0)?,
                group: text(row, 1)?,
                version: row.try_get(2).map_err(strange)?,
                expires: row.try_get(3).map_err(strange)?,
                value: row.try_get(4).map_err(strange)?,
            })
        };
        rows.iter().map(one).collect()
    }

    pub(crate) async fn write(&self, part: Part, kind: &str, rows: &[Row]) -> Answered<()> {
        let ids: Vec<&[u8]> = rows.iter().map(|row| row.id.as_bytes()).collect();
        let versions: Vec<i64> = rows.iter().map(|row| row.version).collect();
        let values: Vec<&[u8]> = rows.iter().map(|row| &*row.value).collect();
        match part {
            Part::Sessions => {
                let ends: Vec<i64> = rows.iter().map(|row| row.expires).collect();
                let sql = "INSERT INTO credenza_sessions (kind, id, version, expires, value)
                    SELECT $1, * FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[])
                    ON CONFLICT (kind, id) DO UPDATE
                    SET version = excluded.version, expires = excluded.expires, value = excluded.value";
                self.ask(sql, &[&kind, &ids, &versions, &ends, &values]).await?;
            }
            Part::Records => {
                let groups: Vec<&[u8]> = rows.iter().map(|row| row.group.as_bytes()).collect();
                let sql = "INSERT INTO credenza_records (kind, id, version, belongs, value)
                    SELECT $1, * FROM unnest($2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[])
                    ON CONFLICT (kind, id) DO UPDATE
                    SET version = excluded.version, belongs = excluded.belongs, value = excluded.value";
                self.ask(sql, &[&kind, &ids, &versions, &groups, &values]).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn note(&self) -> Answered<Option<String>> {
        let rows = self.ask("SELECT value FROM credenza_records WHERE kind = 'store.transfer'", &[]).await?;
        let text =
            |row: &tokio_postgres::Row| String::from_utf8(row.try_get(0).map_err(strange)?).map_err(strange);
        rows.first().map(text).transpose()
    }

    pub(crate) async fn set_note(&self, note: Option<&str>) -> Answered<()> {
        let Some(note) = note else {
            self.ask("DELETE FROM credenza_records WHERE kind = 'store.transfer'", &[]).await?;
            return Ok(());
        };
        let sql = "INSERT INTO credenza_records (kind, id, belongs, version, value)
            VALUES ('store.transfer', 'note', '', 1, $1)
            ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value";
        self.ask(sql, &[&note.as_bytes()]).await?;
        Ok(())
    }
}

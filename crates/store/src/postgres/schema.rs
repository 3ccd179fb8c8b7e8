//! The tables, and the functions that commit several writes: forward only, by one node at a time.

use tokio_postgres::Client;
use tokio_postgres::error::Error;

/// Only one node migrates at a time: the number of the lock that they take, "CRDZ".
const LOCK: i64 = 0x4352_445a;

/// What a commit says, in place of an SQL state, when a record is not as it has to be. The detail is the write's number.
pub(super) const CONFLICT: &str = "CZ001";

/// What makes each schema from the one before it. Released ones never change.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE credenza_sessions (
        kind text NOT NULL,
        id bytea NOT NULL, -- UTF-8; text could not hold every character
        version bigint NOT NULL,
        expires bigint NOT NULL, -- seconds since 1970
        value bytea NOT NULL,
        PRIMARY KEY (kind, id)
    );
    CREATE INDEX credenza_sessions_by_expiry ON credenza_sessions (expires);

    CREATE FUNCTION credenza_commit(
        operations smallint[], kinds text[], ids bytea[], expected bigint[], expiries bigint[], contents bytea[],
        present bigint
    ) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        done bigint;
    BEGIN
        -- Everybody locks in one order, whatever the order of the writes: nobody waits in a circle.
        PERFORM FROM credenza_sessions AS s
        JOIN unnest(kinds, ids) AS written (kind, id) ON s.kind = written.kind AND s.id = written.id
        ORDER BY s.kind, s.id FOR UPDATE OF s;
        FOR i IN 1 .. cardinality(operations) LOOP
            IF operations[i] = 1 THEN
                INSERT INTO credenza_sessions AS s (kind, id, version, expires, value)
                VALUES (kinds[i], ids[i], 1, expiries[i], contents[i])
                ON CONFLICT (kind, id) DO UPDATE
                SET version = 1, expires = excluded.expires, value = excluded.value
                WHERE s.expires <= present;
            ELSIF operations[i] = 2 THEN
                UPDATE credenza_sessions AS s
                SET version = s.version + 1, expires = expiries[i], value = contents[i]
                WHERE s.kind = kinds[i] AND s.id = ids[i] AND s.expires > present AND s.version = expected[i];
            ELSE
                DELETE FROM credenza_sessions AS s
                WHERE s.kind = kinds[i] AND s.id = ids[i] AND s.expires > present;
            END IF;
            GET DIAGNOSTICS done = ROW_COUNT;
            IF done = 0 THEN
                RAISE EXCEPTION USING ERRCODE = 'CZ001', MESSAGE = 'conflict', DETAIL = (i - 1)::text;
            END IF;
        END LOOP;
    END $$;
", "
    CREATE TABLE credenza_records (
        kind text NOT NULL,
        id bytea NOT NULL,
        belongs bytea NOT NULL, -- empty: to nothing
        version bigint NOT NULL,
        value bytea NOT NULL,
        PRIMARY KEY (kind, id)
    );
    CREATE INDEX credenza_records_by_group ON credenza_records (kind, belongs, id) WHERE belongs <> '';

    CREATE FUNCTION credenza_keep(
        operations smallint[], kinds text[], ids bytea[], expected bigint[], owners bytea[], contents bytea[]
    ) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        done bigint;
    BEGIN
        PERFORM FROM credenza_records AS r
        JOIN unnest(kinds, ids) AS written (kind, id) ON r.kind = written.kind AND r.id = written.id
        ORDER BY r.kind, r.id FOR UPDATE OF r;
        FOR i IN 1 .. cardinality(operations) LOOP
            IF operations[i] = 1 THEN
                INSERT INTO credenza_records AS r (kind, id, belongs, version, value)
                VALUES (kinds[i], ids[i], owners[i], 1, contents[i]) ON CONFLICT DO NOTHING;
            ELSIF operations[i] = 2 THEN
                UPDATE credenza_records AS r SET version = r.version + 1, value = contents[i]
                WHERE r.kind = kinds[i] AND r.id = ids[i] AND r.version = expected[i];
            ELSE
                DELETE FROM credenza_records AS r
                WHERE r.kind = kinds[i] AND r.id = ids[i] AND r.version = expected[i];
            END IF;
            GET DIAGNOSTICS done = ROW_COUNT;
            IF done = 0 THEN
                RAISE EXCEPTION USING ERRCODE = 'CZ001', MESSAGE = 'conflict', DETAIL = (i - 1)::text;
            END IF;
        END LOOP;
    END $$;
"];

/// What a migration found.
pub(super) enum Schema {
    /// The one of this release.
    Current,
    /// One of a later release.
    Newer { found: i64, known: i64 },
}

pub(super) async fn migrate(client: &mut Client) -> Result<Schema, Error> {
    let transaction = client.transaction().await?;
    // Until the end of the transaction; a node that dies gives it back.
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction.batch_execute("CREATE TABLE IF NOT EXISTS credenza_schema (version bigint NOT NULL)").await?;
    let row = transaction.query_one("SELECT coalesce(max(version), 0) FROM credenza_schema", &[]).await?;
    let found: i64 = row.try_get(0)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    let Some(missing) = MIGRATIONS.get(done..) else { return Ok(Schema::Newer { found, known }) };
    if !missing.is_empty() {
        for migration in missing {
            transaction.batch_execute(migration).await?;
        }
        transaction.execute("INSERT INTO credenza_schema (version) VALUES ($1)", &[&known]).await?;
    }
    transaction.commit().await?;
    Ok(Schema::Current)
}

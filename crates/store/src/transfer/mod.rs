//! From one store to another: sessions and records are copied as they are, with their versions.

mod ends;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use credenza_core::{FixedClock, StoreError, UnixTime};

use self::ends::End;
use crate::OpenError;

/// Rows that are read, written and noted as done at a time.
const BATCH: usize = 500;

/// One of the two kinds of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What expires.
    Sessions,
    /// What stays: issued credentials, status lists, credential types.
    Records,
}

impl Part {
    /// Its name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Records => "records",
        }
    }
}

/// A row of either kind: a session has an expiry, a record may have a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) version: i64,
    pub(crate) expires: i64,
    pub(crate) value: Vec<u8>,
}

/// What is moved, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// The URL of the store that is read.
    pub from: &'a str,
    /// The URL of the store that is written.
    pub to: &'a str,
    /// What is moved.
    pub parts: &'a [Part],
    /// Whether a target that has something already is written to: what has the same name is replaced.
    pub into_used: bool,
    /// The present: sessions that are over are left behind.
    pub now: UnixTime,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being moved.
    pub part: Part,
    /// How many rows of it were moved, by this call.
    pub moved: u64,
    /// How many rows of it there were at first.
    pub total: u64,
}

/// Why it was not moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// One of the two can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// One of the two stopped answering.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Both are the same.
    #[error("source and target are the same store")]
    Same,
    /// A store in memory has nothing to be moved, and keeps nothing.
    #[error("memory: is gone with its process")]
    Memory,
    /// Records can't be there.
    #[error("Redis keeps sessions alone")]
    SessionsAlone,
    /// The target is in use.
    #[error("the target has {0} already")]
    Used(&'static str),
    /// The target was begun to be filled from another store.
    #[error("the target was left half filled from another source")]
    OtherSource,
    /// The caller wanted no more; the next call goes on from here.
    #[error("stopped; the same command goes on from here")]
    Stopped,
}

/// Moves what is asked for, batch by batch; `told` hears of each batch, and can stop it. A transfer that was stopped, or
/// killed, goes on where it was when it is asked for again. Nodes must not use the source meanwhile: what they change
/// behind the transfer's back is not moved.
///
/// # Errors
/// See [`TransferError`].
pub async fn transfer(
    transfer: Transfer<'_>,
    told: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), TransferError> {
    if transfer.from == transfer.to {
        return Err(TransferError::Same);
    }
    let clock = Arc::new(FixedClock::at(transfer.now));
    let from = End::open(transfer.from, Arc::clone(&clock)).await?;
    let to = End::open(transfer.to, clock).await?;
    if transfer.parts.contains(&Part::Records) && !(from.has_records() && to.has_records()) {
        return Err(TransferError::SessionsAlone);
    }
    let source = fingerprint(transfer.from);
    let begun = to.note().await?.map(|text| Note::parse(&text));
    match &begun {
        Some(note) if note.as_ref().is_none_or(|note| note.source != source) => {
            return Err(TransferError::OtherSource);
        }
        Some(_) => {}
        None if transfer.into_used => {}
        None => {
            for part in transfer.parts {
                if to.count(*part, transfer.now).await? > 0 {
                    return Err(TransferError::Used(part.name()));
                }
            }
        }
    }
    if begun.is_none() {
        // Before the first row: a transfer that is killed right after it would find a target in use.
        let part = transfer.parts.first().map_or("", |part| part.name());
        let note = Note { source: source.clone(), part, kind: String::new(), id: String::new() };
        to.set_note(Some(&note.text())).await?;
    }
    let mut done = begun.flatten();
    for part in transfer.parts {
        // What came before the note's place was moved by an earlier call.
        let after = match done.take() {
            Some(note) if note.part == part.name() => Some((note.kind, note.id)),
            Some(note) => {
                done = Some(note);
                continue;
            }
            None => None,
        };
        move_part(&from, &to, *part, after, (&source, transfer.now), told).await?;
    }
    to.set_note(None).await?;
    Ok(())
}

async fn move_part(
    from: &End,
    to: &End,
    part: Part,
    after: Option<(String, String)>,
    (source, now): (&str, UnixTime),
    told: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), TransferError> {
    let mut progress = Progress { part, moved: 0, total: from.count(part, now).await? };
    let (first, mut last) = after.map_or((String::new(), None), |(kind, id)| (kind, Some(id)));
    for kind in from.kinds(part).await?.into_iter().filter(|kind| *kind >= first) {
        if kind != first {
            last = None;
        }
        loop {
            let rows = from.read(part, &kind, last.as_deref(), BATCH, now).await?;
            let Some(end) = rows.last() else { break };
            to.write(part, &kind, &rows, now).await?;
            let note =
                Note { source: source.to_owned(), part: part.name(), kind: kind.clone(), id: end.id.clone() };
            to.set_note(Some(&note.text())).await?;
            last = Some(note.id);
            progress.moved += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            if told(progress).is_break() {
                return Err(TransferError::Stopped);
            }
        }
        last = None;
    }
    Ok(())
}

/// Up to where the target has everything.
struct Note {
    source: String,
    part: &'static str,
    kind: String,
    id: String,
}

impl Note {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n{}", self.source, self.part, self.kind, self.id)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.splitn(4, '\n');
        let source = lines.next()?.to_owned();
        let part = lines.next()?;
        let part = [Part::Sessions, Part::Records].into_iter().map(Part::name).find(|name| *name == part)?;
        Some(Self { source, part, kind: lines.next()?.to_owned(), id: lines.next()?.to_owned() })
    }
}

/// Tells sources apart, without their passwords.
fn fingerprint(url: &str) -> String {
    let mut hasher = DefaultHasher::new();
    url.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

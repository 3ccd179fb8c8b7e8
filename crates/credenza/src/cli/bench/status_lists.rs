//! Status lists of one, ten and a hundred million entries: what it costs to look one up, to set one, and to publish all.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use credenza::formats::status_list::{EncodedList, Level, Permutation, Status, StatusArray, StatusBits};
use serde::Serialize;

/// One entry in so many is revoked.
const REVOKED: u64 = 100;

#[derive(Serialize)]
pub(super) struct Figures(Vec<Row>);

#[derive(Serialize)]
struct Row {
    entries: u64,
    look_up_nanoseconds: f64,
    set_nanoseconds: f64,
    /// Of the whole list, deflated: what publishing costs besides one signature.
    encode_milliseconds: f64,
    bytes: usize,
}

pub(super) fn measure() -> anyhow::Result<Figures> {
    [1_000_000, 10_000_000, 100_000_000].into_iter().map(row).collect::<Result<_, _>>().map(Figures)
}

fn row(entries: u64) -> anyhow::Result<Row> {
    let places = Permutation::new(&[7; 32], "bench", entries)?;
    let revoked: Vec<u64> = (0..entries / REVOKED).filter_map(|number| places.index(number)).collect();
    let mut list = StatusArray::new(StatusBits::One, entries)?;
    let start = Instant::now();
    for index in &revoked {
        list.set(*index, Status::Invalid)?;
    }
    let set = each(start.elapsed(), revoked.len());
    let start = Instant::now();
    for index in &revoked {
        black_box(list.get(*index))?;
    }
    let look_up = each(start.elapsed(), revoked.len());
    let start = Instant::now();
    let encoded = EncodedList::new(&list, Level::default());
    let encode = start.elapsed().as_secs_f64() * 1e3;
    Ok(Row {
        entries,
        look_up_nanoseconds: look_up,
        set_nanoseconds: set,
        encode_milliseconds: encode,
        bytes: encoded.compressed().len(),
    })
}

fn each(all: Duration, count: usize) -> f64 {
    all.as_secs_f64() * 1e9 / f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX))
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Status lists of one bit, one entry in a hundred revoked")?;
        for Row { entries, look_up_nanoseconds, set_nanoseconds, encode_milliseconds, bytes } in &self.0 {
            writeln!(
                out,
                "  {entries:>11} entries: look up {look_up_nanoseconds:.0} ns, set {set_nanoseconds:.0} ns, \
                 encode {encode_milliseconds:.0} ms to {bytes} bytes"
            )?;
        }
        Ok(())
    }
}

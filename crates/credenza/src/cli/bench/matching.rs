//! Matching a DCQL query with ten, a thousand and a hundred thousand credentials in the wallet.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use credenza::query::{Authorities, Candidate, Dcql, Matching, TypeIndex};
use serde::Serialize;
use serde_json::{Value, json};

/// A size is measured for so long, and twice at least.
const SLICE: Duration = Duration::from_millis(200);
/// So many types there are, of which one is asked for: a common one, and one in a hundred thousand.
const TYPES: [usize; 2] = [10, 100_000];

#[derive(Serialize)]
pub(super) struct Figures(Vec<Row>);

#[derive(Serialize)]
struct Row {
    types: usize,
    credentials: usize,
    matching: usize,
    microseconds: f64,
    nanoseconds_each: f64,
    microseconds_indexed: f64,
}

pub(super) fn measure() -> anyhow::Result<Figures> {
    let sizes = [10, 1_000, 100_000];
    let rows = TYPES.into_iter().flat_map(|types| sizes.map(|credentials| row(types, credentials)));
    rows.collect::<Result<_, _>>().map(Figures)
}

fn row(types: usize, credentials: usize) -> anyhow::Result<Row> {
    let query = Dcql::credential("id")
        .sd_jwt(["urn:example:type:0"])
        .claim(["given_name"])
        .claim(["address", "country"])
        .build()?;
    let names: Vec<String> =
        (0..types.min(credentials)).map(|number| format!("urn:example:type:{number}")).collect();
    let claims: Vec<Value> = (0..credentials)
        .map(|number| json!({"given_name": "Erika", "number": number, "address": {"country": "DE", "locality": "Köln"}}))
        .collect();
    let candidates: Vec<_> = claims
        .iter()
        .zip(names.iter().cycle())
        .map(|(claims, kind)| Candidate {
            format: "dc+sd-jwt",
            types: vec![kind.as_str()],
            claims,
            holder_binding: true,
            authorities: Authorities::default(),
        })
        .collect();
    let fitting = |found: &Matching<'_>| found.credentials.first().map_or(0, |one| one.matches.len());
    let (microseconds, matching) = timed(|| fitting(&black_box(query.matching(black_box(&candidates)))));
    let index = TypeIndex::of(&candidates);
    let at = |position: usize| candidates.get(position).cloned().unwrap_or_else(nothing);
    let (microseconds_indexed, indexed) = timed(|| fitting(&black_box(query.matching_among(&index, at))));
    anyhow::ensure!(matching == indexed, "{matching} fit, and {indexed} with the index");
    let nanoseconds_each = microseconds * 1e3 / f64::from(u32::try_from(credentials)?);
    Ok(Row { types, credentials, matching, microseconds, nanoseconds_each, microseconds_indexed })
}

/// The index has no position that the list has not; and what is of no format answers nothing.
fn nothing<'a>() -> Candidate<'a> {
    Candidate {
        format: "",
        types: Vec::new(),
        claims: &Value::Null,
        holder_binding: false,
        authorities: Authorities::default(),
    }
}

/// How long one round takes, in microseconds, and what comes of the last one.
fn timed(mut round: impl FnMut() -> usize) -> (f64, usize) {
    let (start, mut rounds, mut found) = (Instant::now(), 0_u32, 0);
    while rounds < 2 || start.elapsed() < SLICE {
        found = round();
        rounds += 1;
    }
    (start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds), found)
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Matching a DCQL query for one type of so many:")?;
        for row in &self.0 {
            let Row { types, credentials, matching, microseconds, nanoseconds_each, microseconds_indexed } =
                row;
            writeln!(
                out,
                "  {types:>7} types, {credentials:>7} credentials, {matching:>6} fit   {microseconds:>10.1} µs, {nanoseconds_each:>4.0} ns each   with an index {microseconds_indexed:>10.1} µs"
            )?;
        }
        Ok(())
    }
}

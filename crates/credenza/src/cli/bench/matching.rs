//! Matching a DCQL query with ten, a thousand and a hundred thousand credentials in the wallet.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use credenza::query::{Authorities, Candidate, Dcql};
use serde::Serialize;
use serde_json::{Value, json};

/// A size is measured for so long, and twice at least.
const SLICE: Duration = Duration::from_millis(200);
/// So many types there are, of which one is asked for.
const TYPES: usize = 10;

#[derive(Serialize)]
pub(super) struct Figures(Vec<Row>);

#[derive(Serialize)]
struct Row {
    credentials: usize,
    matching: usize,
    microseconds: f64,
    nanoseconds_each: f64,
}

pub(super) fn measure() -> anyhow::Result<Figures> {
    [10, 1_000, 100_000].into_iter().map(row).collect::<Result<_, _>>().map(Figures)
}

fn row(credentials: usize) -> anyhow::Result<Row> {
    let query = Dcql::credential("id")
        .sd_jwt(["urn:example:type:0"])
        .claim(["given_name"])
        .claim(["address", "country"])
        .build()?;
    let types: Vec<String> = (0..TYPES).map(|number| format!("urn:example:type:{number}")).collect();
    let claims: Vec<Value> = (0..credentials)
        .map(|number| json!({"given_name": "Erika", "number": number, "address": {"country": "DE", "locality": "Köln"}}))
        .collect();
    let candidates: Vec<_> = claims
        .iter()
        .zip(types.iter().cycle())
        .map(|(claims, kind)| Candidate {
            format: "dc+sd-jwt",
            types: vec![kind.as_str()],
            claims,
            holder_binding: true,
            authorities: Authorities::default(),
        })
        .collect();
    let (start, mut rounds, mut matching) = (Instant::now(), 0_u32, 0);
    while rounds < 2 || start.elapsed() < SLICE {
        let found = black_box(query.matching(black_box(&candidates)));
        matching = found.credentials.first().map_or(0, |found| found.matches.len());
        rounds += 1;
    }
    let microseconds = start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    let nanoseconds_each = microseconds * 1e3 / f64::from(u32::try_from(credentials)?);
    Ok(Row { credentials, matching, microseconds, nanoseconds_each })
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Matching a DCQL query, one credential in {TYPES} of the type that is asked for:")?;
        for Row { credentials, matching, microseconds, nanoseconds_each } in &self.0 {
            writeln!(
                out,
                "  {credentials:>7} credentials, {matching:>6} fit   {microseconds:>10.1} µs   {nanoseconds_each:>6.0} ns each"
            )?;
        }
        Ok(())
    }
}

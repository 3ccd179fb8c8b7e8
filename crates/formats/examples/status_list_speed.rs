//! What a status list costs: allocating, setting, encoding, signing, verifying and looking up, at 1, 10 and 100 million
//! entries of which one in a hundred is revoked. Run it with `--release`.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use credenza_core::{Report, SystemRandom, UnixTime};
use credenza_crypto::{Algorithm, IdentifiedBy, Signer as _, SoftwareSigner};
use credenza_formats::status_list::token::{Expected, Issuance, MAX_TOKEN, jwt};
use credenza_formats::status_list::{EncodedList, Level, Permutation, Status, StatusArray, StatusBits};

const URI: &str = "https://issuer.example/status/1";
const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const REVOKED: u64 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?.with_kid("status");
    println!("entries | level | index | set | encode | token | sign | verify and inflate | look up");
    for entries in [1_000_000, 10_000_000, 100_000_000] {
        let indices = Permutation::new(&[7; 32], URI, entries)?;
        let mut list = StatusArray::new(StatusBits::One, entries)?;
        let revoked = entries / REVOKED;
        let (index, chosen) = timed(|| (0..revoked).filter_map(|n| indices.index(n)).collect::<Vec<_>>());
        let (set, result) = timed(|| chosen.iter().try_for_each(|index| list.set(*index, Status::Invalid)));
        result?;
        for level in [1, 6, 9].into_iter().filter_map(Level::new) {
            let (encode, encoded) = timed(|| EncodedList::new(&list, level));
            let header = jwt::header(&signer, IdentifiedBy::Kid);
            let (sign, token) =
                timed(|| now(jwt::issue(&signer, &header, &Issuance::new(URI, NOW), &encoded)));
            let token = token?;
            let (verify, verified) = timed(|| {
                let mut report = Report::new("status list");
                let key = &signer.public_jwk().key;
                jwt::Unverified::read(&token, MAX_TOKEN, &mut report)?.verify(
                    key,
                    &Expected::of(URI, NOW),
                    &mut report,
                )
            });
            let verified = verified.ok_or("the list is not accepted")?;
            let (look_up, found) = timed(|| {
                chosen
                    .iter()
                    .filter(|index| black_box(verified.lookup(**index)) == Ok(Status::Invalid))
                    .count()
            });
            println!(
                "{entries} | {level:?} | {:?} each | {:?} each | {encode:.1?} | {} bytes | {sign:.1?} | {verify:.1?} | {:?} each, {found} revoked",
                each(index, revoked),
                each(set, revoked),
                token.len(),
                each(look_up, revoked),
            );
        }
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn each(all: Duration, count: u64) -> Duration {
    all / u32::try_from(count).unwrap_or(u32::MAX)
}

/// Runs a future that a software key makes ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

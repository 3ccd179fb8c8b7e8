//! The ground floor of Credenza: ports to the outside world, the verification report, sealed values and small helpers.
//!
//! Everything above this crate is a function of values and of these ports, so that every protocol step can be run in
//! a test with a fixed clock, seeded randomness and a store in memory.
//!
//! ```
//! use credenza_core::{Clock, FixedClock, Random, SeededRandom, UnixTime};
//!
//! let clock = FixedClock::at(UnixTime::from_secs(1_700_000_000));
//! let random = SeededRandom::new(7);
//! assert_eq!(clock.now().to_rfc3339(), "2023-11-14T22:13:20Z");
//! assert_eq!(credenza_core::id::unguessable(&random).len(), 43);
//! ```

pub mod answer;
pub mod b64;
pub mod base58;
pub mod claims_path;
pub mod epoch;
pub mod event;
pub mod id;
pub mod jcs;
pub mod json;
pub mod ports;
pub mod report;
pub mod sealed;
pub mod secret;
pub mod time;
pub mod well_known;

pub use answer::Answer;
pub use claims_path::{ClaimsPath, PathElement};
pub use epoch::Epoch;
pub use event::{Event, EventSink, NoEvents, RecordingSink};
pub use ports::agreed_clock::AgreedClock;
pub use ports::clock::{Clock, Deviation, FixedClock, SystemClock};
pub use ports::http::{AddressPolicy, Http, HttpError, Limits};
pub use ports::random::{Random, SeededRandom, SystemRandom};
pub use ports::recorded::{FnHttp, RecordedHttp};
pub use ports::records::{Kept, Listing, RecordWrite, Records};
pub use ports::store::{Key, Record, Store, StoreError, Write};
pub use report::{Check, Outcome, Report, Rule};
pub use sealed::{SealError, Sealer};
pub use secret::Secret;
pub use time::UnixTime;

//! The HTTP service: the wallet plane that the metadata advertises, the admin plane `/api/v1`, and the pages.

pub mod demo_wallet;
pub mod inspect;

pub use demo_wallet::DemoWallet;
pub use inspect::{Inspect, InspectedPart, Inspection};

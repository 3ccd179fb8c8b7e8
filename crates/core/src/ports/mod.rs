//! Ports: the few ways in which Credenza touches the outside world.

pub mod agreed_clock;
pub mod clock;
pub mod http;
pub mod random;
pub mod recorded;
pub mod records;
pub mod store;

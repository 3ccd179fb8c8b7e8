//! OpenID4VP through the Digital Credentials API (OpenID4VP 1.0 Annex A): a website asks in the browser, and the
//! platform carries request and answer and says which origin asks.

mod message;

pub use message::{Call, MessageError, Protocol};

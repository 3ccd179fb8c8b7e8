//! The promises of the Store port.

//! The tests of OAuth's shared parts.

mod dpop;
mod vectors;

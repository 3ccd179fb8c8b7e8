//! The tests of OAuth's shared parts.

#![cfg(test)]

mod dpop;
mod vectors;

//! Tests of mdoc.

mod attacks;
mod device;
mod hold;
mod issue;
mod round_trip;
mod support;
mod transcript;
mod vectors;

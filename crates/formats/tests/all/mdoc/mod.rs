//! Tests of mdoc.

mod attacks;
mod device;
mod encoding;
mod hold;
mod issue;
mod round_trip;
mod rules;
mod support;
mod transcript;
mod vectors;

//! Status lists: what is written, what is read, and what is refused.

mod allocate;
mod bits;
mod bitstring;
mod cwt;
mod encode;
mod jwt;
mod references;
mod resolve;
mod shared;
mod vectors;

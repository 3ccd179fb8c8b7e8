//! The service as its clients meet it.

mod world;

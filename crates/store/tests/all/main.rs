//! Tests of the store's adapters, and of the contract that judges them.

#![cfg(test)]

mod checker;
mod crash;
mod durable;
mod files;
mod kept;
mod memory;
mod model;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_server;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
mod redis_server;
mod transfer;
mod two;

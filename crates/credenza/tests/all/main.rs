//! The binary from outside: real processes, real HTTP, a real browser.

#![cfg(test)]

mod browser;
mod commands;
mod crash;
mod demo;
mod formats;
mod once_only;
mod tools;
mod trusted_lists;
mod two_processes;
mod wallet_serve;
mod world;

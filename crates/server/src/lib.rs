//! The HTTP service: the wallet plane that the metadata advertises, the admin plane `/api/v1`, and the pages.
//!
//! [`Service`] holds the engines and makes an axum router; [`serve`] runs one on a listener, within [`Limits`]. A
//! handler reads the request, asks an engine, and shapes the answer: what is right or wrong is decided below.
//!
//! ```no_run
//! use std::sync::Arc;
//! use credenza_server::{Limits, Service, serve};
//!
//! async fn run(service: Arc<Service>, shutdown: impl Future<Output = ()> + Send) -> std::io::Result<()> {
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     serve(listener, service.router(), Limits::default(), shutdown).await
//! }
//! ```

mod access;
mod admin;
mod admin_token;
mod audit;
pub mod demo_wallet;
mod guard;
pub mod hub;
mod idempotency;
pub mod inspect;
mod keep_up;
pub mod limits;
mod listener;
mod media_type;
pub mod metrics;
mod one_record;
mod pages;
mod patient_io;
mod planes;
pub mod presets;
pub mod problem;
mod publisher;
mod qr;
mod query_register;
mod respond;
mod routes;
pub mod service;
pub mod sign_in;
mod stated;
mod stopping;
mod timed;
mod tls;
mod type_register;
pub mod users;
mod wallet_plane;
mod web;
mod webhooks;

pub use access::{Access, Role};
pub use admin_token::AdminToken;
pub use demo_wallet::DemoWallet;
pub use hub::EventHub;
pub use inspect::{Inspect, InspectedPart, Inspection};
pub use limits::Limits;
pub use listener::{serve, serve_tls};
pub use metrics::Metrics;
pub use pages::AutomaticLogin;
pub use qr::{TooLong, svg as qr_svg};
pub use routes::Route;
pub use service::{Pages, Preset, Service, ServiceBuilder, ServiceError};
pub use timed::{TimedSigner, TimedStore};
pub use tls::{Tls, TlsError};
pub use users::{ConfiguredUser, ConfiguredUsers, UserAuthentication};
pub use webhooks::Egress;

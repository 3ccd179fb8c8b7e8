//! Issue, hold, present and verify digital credentials over OpenID4VCI and OpenID4VP.

pub mod config;
pub mod http;
pub mod inspect;
pub mod keys;
pub mod service;
pub mod verify;
pub mod wallet;

pub use credenza_core as core;
pub use credenza_crypto as crypto;
pub use credenza_formats as formats;
pub use credenza_oauth as oauth;
pub use credenza_query as query;
pub use credenza_server as server;
pub use credenza_store as store;
pub use credenza_trust as trust;
pub use credenza_vci as vci;
pub use credenza_vp as vp;

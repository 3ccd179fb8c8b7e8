//! The verifier: asks for presentations and judges the answers (OID4VP 1.0).
//!
//! A request is a session of one state machine ([`session`]). Its record in the store is sealed, so that neither the
//! key for the response nor the claims can be read there. The name that the wallet sees is a sealed value too: it
//! leads to the session, and nobody but the verifier can follow it (§13.3, §14.2).
//!
//! **What ends a session.** A response that passes every check. A response that proves to come from the holder of a
//! trusted credential, made for this very request, and is not what was asked for. Everything else is answered with
//! 400 and changes nothing that a later, right response could notice: whoever has seen a QR code can post rubbish.
//! A wallet's error counts when it carries the session's `state`; it ends the waiting, and a right response that
//! comes later still wins.

mod bitstring;
mod check;
pub mod config;
mod create;
pub mod credential;
mod dc_api;
mod definition;
mod dialect;
mod error;
mod identity;
mod interactive;
mod jarm;
mod judge;
mod listing;
mod mdoc;
mod parameters;
mod policy;
mod redirect;
mod request;
mod request_object;
mod respond;
mod result;
mod sd_jwt;
pub mod session;
mod status;
pub mod status_lists;
mod storage;
mod transactions;
mod w3c;
mod wallet_metadata;

use std::sync::Arc;

use credenza_core::{Clock, EventSink, Random, Sealer, Store};
use credenza_trust::Trust;

pub use config::{BuildError, VerifierBuilder};
pub use create::CreatedRequest;
pub use credential::CheckedPresentation;
pub use dc_api::{CreatedDcApi, DcApiCall};
pub use error::{CreateError, RequestObjectError, RespondError, ResultError, SessionError};
pub use identity::VerifierIdentity;
pub use interactive::CreatedInteractive;
pub(crate) use interactive::INTERACTIVE;
pub use jarm::KnownWallet;
pub use policy::Policy;
pub use redirect::is_prefix as is_redirect_prefix;
pub use request::{PresentationRequest, RequestedPrefix};
pub use request_object::{Fetch, RequestObject};
pub use result::PresentationResult;
pub use session::{SessionView, Status};
pub use status::{StatusCheck, StatusError};
pub use status_lists::{StatusListCheck, TrustedSigners, Undetermined};

/// What a verifier needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Keeps the sessions.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes nonces and keys.
    pub random: Arc<dyn Random>,
    /// Seals the records and the request ids.
    pub sealer: Arc<Sealer>,
    /// Knows who may issue.
    pub trust: Arc<dyn Trust>,
    /// Is told what happens.
    pub events: Arc<dyn EventSink>,
}

/// A verifier. Cheap to share behind an `Arc`; it has no state of its own.
pub struct Verifier {
    ports: Ports,
    config: config::Config,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Verifier").field("base", &self.config.base.as_str()).finish_non_exhaustive()
    }
}

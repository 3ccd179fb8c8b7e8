//! A service on this machine for examples and tests: everything fresh, everything in memory.

use std::net::Ipv4Addr;
use std::sync::Arc;

use credenza_core::{Clock as _, Sealer, SystemClock, SystemRandom};
use credenza_server::{Limits, serve};
use credenza_store::MemoryStore;
use credenza_vci::issuer::Issuer;
use credenza_vp::Verifier;
use tokio::net::TcpListener;
use url::Url;

use super::Parts;
use crate::config::examples::PID;
use crate::keys::identity::Identity;

/// An issuer and a verifier behind a loopback port, until the runtime ends. It issues the type `pid`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let local = credenza::service::Local::start().await?;
/// assert!(local.issuer.configurations().any(|known| known.id == "pid"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Local {
    /// Where it is.
    pub url: Url,
    /// Issues.
    pub issuer: Arc<Issuer>,
    /// Asks and verifies; it trusts the issuer.
    pub verifier: Arc<Verifier>,
    /// The root certificate behind both: DER.
    pub root: Vec<u8>,
}

impl Local {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// There is no port, or no key.
    pub async fn start() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url: Url = format!("http://{}", listener.local_addr()?).parse()?;
        let identity = Identity::generate("Local", &url, SystemClock.now(), &SystemRandom)?;
        let root = identity.authority.certificate().to_vec();
        let parts = Parts::new(
            url.clone(),
            ("Local Issuer".to_owned(), Arc::new(identity.issuer), vec![serde_json::from_str(PID)?]),
            (Arc::new(identity.verifier), vec![root.clone()]),
            Arc::new(MemoryStore::new(Arc::new(SystemClock))),
            Sealer::fresh(&SystemRandom),
        );
        let assembled = parts.assemble()?;
        let router = assembled.service.build()?.router();
        tokio::spawn(serve(listener, router, Limits::default(), std::future::pending()));
        Ok(Self { url, issuer: assembled.issuer, verifier: assembled.verifier, root })
    }
}

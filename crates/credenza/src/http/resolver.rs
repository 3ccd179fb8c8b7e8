//! Name resolution that hands out no address to which the policy forbids a connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use credenza_core::{AddressPolicy, Answer};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync {
    /// The addresses.
    ///
    /// # Errors
    /// The name is not known, or nobody could be asked.
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a, std::io::Result<Vec<IpAddr>>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a, std::io::Result<Vec<IpAddr>>> {
        Answer::later(async move {
            Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
        })
    }
}

/// All addresses of a name are ones that are shut.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to no address that may be connected to")]
pub(super) struct LocalOnly;

pub(super) struct Guarded {
    pub(super) policy: AddressPolicy,
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) internal: Vec<String>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, lookup) = (self.policy, Arc::clone(&self.lookup));
        let internal = self.internal.iter().any(|host| host == name.as_str());
        Box::pin(async move {
            let mut addresses = lookup.lookup(name.as_str()).await?;
            if !internal {
                addresses.retain(|address| policy.address(*address));
            }
            // "localhost" is this machine, whatever a resolver says.
            if name.as_str() == "localhost" {
                addresses.retain(IpAddr::is_loopback);
            }
            if addresses.is_empty() {
                return Err(LocalOnly.into());
            }
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

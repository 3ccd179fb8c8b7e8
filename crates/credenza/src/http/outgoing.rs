//! What an operator says about requests that go out.

use credenza_core::AddressPolicy;

use super::ReqwestHttp;

/// Whom a service trusts for TLS beside the platform's authorities, and which hosts it asks wherever they are.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// Root certificates: DER.
    pub roots: Vec<Vec<u8>>,
    /// Names or addresses without ports, which may be internal, and may speak http.
    pub internal_hosts: Vec<String>,
}

impl Outgoing {
    /// The same, with more hosts.
    #[must_use]
    pub fn reaching(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        self.internal_hosts.extend(hosts);
        self
    }

    /// An adapter that keeps to it.
    #[must_use]
    pub fn client(&self, policy: AddressPolicy) -> ReqwestHttp {
        let hosts = self.internal_hosts.iter().cloned();
        ReqwestHttp::new(policy).with_internal(hosts).with_roots(self.roots.clone())
    }
}

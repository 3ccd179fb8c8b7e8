//! Webhooks: where they are kept, and what they may be sent to.

use std::sync::Arc;

use credenza_core::{AddressPolicy, Records};
use credenza_server::Egress;
use credenza_server::service::ServiceBuilder;

use crate::http::Outgoing;

/// What a service needs to tell others what happens.
pub struct Webhooks {
    /// Keeps webhooks and their deliveries: the records that status lists are in, too, so that a change of a status is
    /// noted with it.
    pub records: Arc<dyn Records>,
    /// Names or addresses without ports that may be internal, and may speak http. Whoever makes a webhook has a say in
    /// its URL, so these are not those of [`Outgoing`].
    pub internal_hosts: Vec<String>,
}

impl Webhooks {
    pub(super) fn apply(
        self,
        service: ServiceBuilder,
        addresses: AddressPolicy,
        outgoing: &Outgoing,
    ) -> ServiceBuilder {
        let Self { records, internal_hosts } = self;
        let reached = Outgoing { internal_hosts: internal_hosts.clone(), ..outgoing.clone() };
        service.webhooks(records, Arc::new(reached.client(addresses)), Egress { addresses, internal_hosts })
    }
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Webhooks({:?})", self.internal_hosts)
    }
}

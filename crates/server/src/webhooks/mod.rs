//! Webhooks: what happens to sessions and credentials, told to the services of the operator's own side.
//!
//! An event leaves a note in the commit that makes it happen (the outbox). A node that holds the lease of the outbox turns
//! notes into deliveries, one for each webhook that wants the event; a node that holds the lease of a webhook sends its
//! deliveries, those of one session in order. Whatever dies in between, the note or the delivery is still there: a
//! receiver gets everything at least once, and knows by `webhook-id` what it has had already. No flow ever waits for a
//! receiver.

mod build;
mod courier;
mod deliveries;
mod egress;
mod lease;
mod message;
mod outbox;
mod register;
mod secret;
mod work;

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Clock, Http, Random, RecordWrite, Records, Sealer, Store, StoreError};
use credenza_vci::issuer::Issuer;
use credenza_vp::Verifier;
use tokio::sync::Notify;

pub(crate) use build::Wanted;
pub(crate) use deliveries::{Deliveries, Delivery, ReplayError, State};
pub use egress::Egress;
pub(crate) use message::Message;
pub(crate) use outbox::Outbox;
pub(crate) use register::{Change, Include, Register, RegisterError, Webhook};

/// How often the outbox is looked at for what other nodes have put there.
const TICK: Duration = Duration::from_millis(500);

/// The ports that webhooks work over.
pub(crate) struct Ports {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) records: Arc<dyn Records>,
    pub(crate) http: Arc<dyn Http>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// The webhooks of a service.
pub(crate) struct Webhooks {
    pub(crate) register: Register,
    pub(crate) deliveries: Deliveries,
    outbox: Arc<Outbox>,
    leases: lease::Leases,
    ports: Ports,
    issuer: Arc<Issuer>,
    verifier: Arc<Verifier>,
    /// There is something new to send.
    wake: Arc<Notify>,
}

impl Webhooks {
    pub(crate) fn new(
        ports: Ports,
        egress: Egress,
        issuer: Arc<Issuer>,
        verifier: Arc<Verifier>,
    ) -> Arc<Self> {
        let wake = Arc::new(Notify::new());
        let outbox =
            Arc::new(Outbox::new(Arc::clone(&ports.store), Arc::clone(&ports.clock), Arc::clone(&wake)));
        Arc::new(Self {
            register: Register::new(&ports, egress, Arc::clone(&outbox)),
            deliveries: Deliveries::new(Arc::clone(&ports.records), Arc::clone(&ports.clock)),
            leases: lease::Leases::new(&ports),
            outbox,
            ports,
            issuer,
            verifier,
            wake,
        })
    }

    /// What notes events down in the commits that make them happen.
    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// The writes by which a message is on its way to those of these webhooks that want it; for the commit of what it
    /// tells of.
    pub(crate) fn writes(
        &self,
        webhooks: &[Webhook],
        message: &Message,
    ) -> Result<Vec<RecordWrite>, StoreError> {
        let mut writes = Vec::new();
        for webhook in webhooks.iter().filter(|webhook| webhook.wants(message)) {
            writes.extend(self.deliveries.begin(webhook, message)?);
        }
        Ok(writes)
    }

    /// Sends a webhook a message that tells of nothing.
    pub(crate) async fn test(&self, webhook: &Webhook) -> Result<Option<Delivery>, StoreError> {
        let message = Message::test(&*self.ports.random, self.ports.clock.now());
        let (delivery, writes) = self.deliveries.begun(webhook, &message)?;
        let new = self.deliveries.commit(writes.to_vec()).await?;
        self.wake();
        Ok(new.then_some(delivery))
    }

    /// Forgets a part of what is known of a webhook that is gone. Says whether there may be more.
    pub(crate) async fn forget_all(&self, webhook: &str) -> Result<bool, StoreError> {
        self.deliveries.forget(webhook, true).await
    }

    /// There is something new to send.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}

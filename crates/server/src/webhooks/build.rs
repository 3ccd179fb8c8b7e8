//! How a service gets webhooks.

use std::future::Future;
use std::sync::Arc;

use credenza_core::{Http, Records};

use super::{Egress, Ports, Webhooks};
use crate::service::{Service, ServiceBuilder};

/// What webhooks need beside what a service has anyway.
pub(crate) struct Wanted {
    records: Arc<dyn Records>,
    http: Arc<dyn Http>,
    egress: Egress,
}

impl Wanted {
    pub(crate) fn over(self, builder: &ServiceBuilder) -> Arc<Webhooks> {
        let ports = Ports {
            store: Arc::clone(&builder.store),
            records: self.records,
            http: self.http,
            sealer: Arc::clone(&builder.sealer),
            clock: Arc::clone(&builder.clock),
            random: Arc::clone(&builder.random),
        };
        let (issuer, verifier) = (Arc::clone(&builder.issuer), Arc::clone(&builder.verifier));
        let webhooks = Webhooks::new(ports, self.egress, issuer, verifier);
        builder.hub.note_in(Arc::clone(webhooks.outbox()));
        webhooks
    }
}

impl ServiceBuilder {
    /// Tells other services what happens: webhooks are kept in `records` (the same in which status lists are), and sent
    /// over `http` by [`Service::work`].
    pub fn webhooks(mut self, records: Arc<dyn Records>, http: Arc<dyn Http>, egress: Egress) -> Self {
        self.webhooks = Some(Wanted { records, http, egress });
        self
    }
}

impl Service {
    /// Does the work that no request waits for: sends webhooks. To be run beside the listener of every node; ends when
    /// `stop` does.
    pub async fn work(self: Arc<Self>, stop: impl Future<Output = ()>) {
        match &self.webhooks {
            Some(webhooks) => Arc::clone(webhooks).work(stop).await,
            None => stop.await,
        }
    }
}

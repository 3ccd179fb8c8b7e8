//! Where the claims of credentials come from, when the offer does not bring them.

mod rest;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use credenza_core::{AddressPolicy, Clock};
use credenza_vci::issuer::{ClaimsSource, TableClaims};
use url::Url;

use crate::http::Outgoing;

pub use rest::{Credentials, RestClaims};

/// The sources that credential types can name.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Hosts that may be asked though they are internal.
    pub internal_hosts: Vec<String>,
    /// What each is.
    pub named: BTreeMap<String, Source>,
}

/// One source.
#[derive(Debug, Clone)]
pub enum Source {
    /// A table.
    Table(TableClaims),
    /// A service, see [`RestClaims`].
    Rest {
        /// Where it is asked.
        url: Url,
        /// How it knows who asks.
        credentials: Credentials,
        /// For how long it is waited for, with all repetitions.
        time: Duration,
    },
}

impl Sources {
    /// The sources as ports.
    pub(crate) fn ports(
        self,
        policy: AddressPolicy,
        outgoing: &Outgoing,
        clock: &Arc<dyn Clock>,
    ) -> impl Iterator<Item = (String, Arc<dyn ClaimsSource>)> {
        let http = Arc::new(outgoing.clone().reaching(self.internal_hosts).client(policy));
        let clock = Arc::clone(clock);
        self.named.into_iter().map(move |(name, source)| {
            let source: Arc<dyn ClaimsSource> = match source {
                Source::Table(table) => Arc::new(table),
                Source::Rest { url, credentials, time } => {
                    Arc::new(RestClaims::new(http.clone(), Arc::clone(&clock), url, credentials, time))
                }
            };
            (name, source)
        })
    }
}

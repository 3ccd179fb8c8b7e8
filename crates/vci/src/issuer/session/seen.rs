//! What a session looks like from outside.

use credenza_core::UnixTime;

use super::{Granted, Session, State};
use crate::issuer::view::{CredentialView, IssuedView, SessionView, TxCodeView};

impl Session {
    pub(in crate::issuer) fn view(&self, id: &str, now: UnixTime) -> SessionView {
        let (granted, failure) = match &self.state {
            State::Offered { .. } | State::Approved(_) => (None, None),
            State::Granted(granted) => (Some(granted), None),
            State::Closed { failure, granted } => (granted.as_ref(), failure.clone()),
        };
        let wrong = self.events.iter().filter(|event| event.reason.as_deref() == Some("tx_code")).count()
            + self.events.iter().filter(|event| event.kind == "tx_code.wrong").count();
        let issued = |dataset: usize| {
            let responses = granted.map(|granted| granted.responses.as_slice()).unwrap_or_default();
            responses
                .iter()
                .filter(|response| response.dataset == dataset)
                .map(|response| IssuedView {
                    at: response.at,
                    copies: response.copies,
                    notification: response.notification,
                })
                .collect()
        };
        SessionView {
            id: id.to_owned(),
            state: self.standing(now),
            reference: self.reference.clone(),
            created_at: self.created_at,
            expires_at: self.ends(),
            tx_code: self.tx_code.as_ref().map(|lock| TxCodeView {
                wrong: u32::try_from(wrong).unwrap_or(u32::MAX),
                allowed: lock.allowed,
            }),
            sender_constrained: granted.map(|granted| granted.grant.jkt.is_some()),
            credentials: self
                .datasets
                .iter()
                .enumerate()
                .map(|(number, dataset)| CredentialView {
                    configuration_id: dataset.configuration_id.clone(),
                    identifier: dataset.identifier.clone(),
                    issued: issued(number),
                    deferred: granted
                        .map(|granted| granted.promises_for(id, number, now))
                        .unwrap_or_default(),
                })
                .collect(),
            failure: failure.or_else(|| granted.and_then(Granted::failure)),
            events: self.events.clone(),
        }
    }
}

//! The session of an access token that another server has issued: made when the token is first seen.

use credenza_core::{StoreError, UnixTime, Write};
use credenza_oauth::AccessToken;
use serde_json::Value;

use super::Foreign;
use crate::issuer::offer::OfferGrants;
use crate::issuer::records;
use crate::issuer::session::{Dataset, Grant, Happening, Session, State};
use crate::issuer::{AccessError, Issuer};
use crate::messages::{AuthorizationDetail, OPENID_CREDENTIAL};

impl Issuer {
    /// The token as if it were ours, in a session of its own.
    pub(super) async fn adopt(
        &self,
        id: String,
        said: &Foreign,
        now: UnixTime,
    ) -> Result<AccessToken, AccessError> {
        let jkt = said.cnf.as_ref().and_then(|cnf| cnf.jkt.clone());
        let token = AccessToken {
            audience: self.identifier.clone(),
            session: id.clone(),
            client_id: said.client_id.clone(),
            jkt,
        };
        if self.load(&id).await.map_err(|_| AccessError::Unavailable)?.is_some() {
            return Ok(token);
        }
        let (datasets, by_identifier) = self.covered_by(said);
        if datasets.is_empty() {
            return Err(AccessError::InsufficientScope);
        }
        let ends = said.exp.ok_or(AccessError::InvalidToken)?;
        let grant = Grant {
            datasets: (0..datasets.len()).collect(),
            by_identifier,
            client_id: token.client_id.clone(),
            jkt: token.jkt.clone(),
            token_ends: ends,
            instance: None,
            code: None,
            holder_key: None,
            refresh: None,
        };
        let session = Session {
            issuer: self.identifier.clone(),
            reference: None,
            created_at: now,
            offer_ends: ends,
            tx_code: None,
            grants: OfferGrants::AuthorizationCode,
            subject: said.sub.clone(),
            datasets,
            state: State::Offered { retrieved: true, wrong_tx_codes: 0 },
            events: Vec::new(),
        };
        let (session, _) =
            session.on(Happening::Redeemed(grant), now).map_err(|_| AccessError::InvalidToken)?;
        let value = self.encode(&session).map_err(|_| AccessError::Unavailable)?;
        let insert = Write::Insert { key: records::key(&id), value, expires: self.kept_until(&session) };
        match self.store.commit([vec![insert], self.outbox(&id, &session, 0)].concat()).await {
            Ok(()) => self.tell(&id, &session, 0),
            // Another request with the same token was faster.
            Err(StoreError::Conflict(_)) => {}
            Err(StoreError::Unavailable(_)) => return Err(AccessError::Unavailable),
        }
        Ok(token)
    }

    /// What the token is good for here, and whether it names data sets.
    fn covered_by(&self, said: &Foreign) -> (Vec<Dataset>, bool) {
        let catalogue = self.catalogue();
        let dataset = |id: &str, identifier: String| {
            let kind = catalogue.kinds.get(id)?;
            Some(Dataset {
                configuration_id: id.to_owned(),
                identifier,
                deferral: kind.configuration.deferral,
                claims: None,
            })
        };
        let mut datasets: Vec<Dataset> = Vec::new();
        let mut by_identifier = false;
        for detail in &said.authorization_details {
            if detail.get("type").and_then(Value::as_str) != Some(OPENID_CREDENTIAL) {
                continue;
            }
            let Ok(detail) = serde_json::from_value::<AuthorizationDetail>(Value::Object(detail.clone()))
            else {
                continue;
            };
            if !self.is_meant_by(&detail) {
                continue;
            }
            let id = &detail.credential_configuration_id;
            by_identifier |= !detail.credential_identifiers.is_empty();
            for identifier in detail.credential_identifiers {
                datasets.extend(dataset(id, identifier));
            }
            if !datasets.iter().any(|known| known.configuration_id == *id) {
                datasets.extend(dataset(id, format!("{id}#1")));
            }
        }
        for scope in said.scope.iter().flat_map(|scope| scope.split(' ')) {
            for (id, kind) in &catalogue.kinds {
                let meant = kind.configuration.scope.as_deref() == Some(scope);
                if meant && !datasets.iter().any(|known| known.configuration_id == *id) {
                    datasets.extend(dataset(id, format!("{id}#1")));
                }
            }
        }
        (datasets, by_identifier)
    }
}

//! The pre-authorized code (§6.1), with its transaction code.

use credenza_core::{Secret, secret};

use super::{Asked, ClientError, Decision, GrantRequest};
use crate::issuer::authorization::Spent;
use crate::issuer::offers::hash_of;
use crate::issuer::seals::Purpose;
use crate::issuer::session::{Grant, Happening, Session, State};
use crate::issuer::{Issuer, TokenError};
use crate::messages::TokenResponse;

impl Issuer {
    pub(super) async fn by_pre_authorized_code(
        &self,
        asked: &Asked<'_>,
        code: &Secret,
        tx_code: Option<&Secret>,
        spent: &Spent,
    ) -> Result<TokenResponse, TokenError> {
        debug_assert!(matches!(asked.request.grant, GrantRequest::PreAuthorizedCode { .. }));
        if asked.caller.client_id.is_none() && !self.anonymous_access {
            let reason = "client_id is missing: anonymous access is not supported";
            return Err(ClientError::Unknown(reason).into());
        }
        let id = self
            .seals
            .open_text(Purpose::PreAuthorizedCode, asked.now, code.expose())
            .map_err(|_| TokenError::InvalidGrant)?;
        let decide = |session: &Session| {
            let grant = self.unlock(&id, session, asked, tx_code)?;
            let happening = grant.clone().map_or(Happening::WrongTxCode, Happening::Redeemed);
            Ok(Decision { happening: Some(happening), grant })
        };
        self.settle_grant(id.clone(), asked.now, spent, decide).await
    }

    /// What the request gets; `None` when the transaction code is wrong.
    fn unlock(
        &self,
        id: &str,
        session: &Session,
        asked: &Asked<'_>,
        tx_code: Option<&Secret>,
    ) -> Result<Option<Grant>, TokenError> {
        let now = asked.now;
        if !matches!(session.state, State::Offered { .. }) || now >= session.offer_ends {
            return Err(TokenError::InvalidGrant);
        }
        let right = match (&session.tx_code, tx_code) {
            (None, None) => true,
            (None, Some(_)) => return Err(TokenError::InvalidRequest("no tx_code is expected")),
            (Some(_), None) => return Err(TokenError::InvalidRequest("tx_code is missing")),
            (Some(lock), Some(code)) => {
                let hash = self
                    .seals
                    .open(Purpose::TxCode, now, &lock.sealed)
                    .map_err(|_| TokenError::InvalidGrant)?;
                secret::equal(&hash, &hash_of(id, code.expose()))
            }
        };
        // Before the transaction code is judged: a request that can't be granted must not cost a try.
        let all: Vec<usize> = (0..session.datasets.len()).collect();
        let datasets = self.covered(session, &all, asked.request)?;
        Ok(right.then(|| Grant {
            datasets,
            by_identifier: !asked.request.authorization_details.is_empty(),
            client_id: asked.caller.client_id.clone(),
            jkt: asked.proof.map(|proof| proof.jkt.clone()),
            token_ends: now + self.lifetimes.token(asked.proof.is_some()),
            instance: asked.caller.instance.clone(),
            code: None,
            holder_key: None,
            refresh: None,
        }))
    }
}

//! Refresh tokens (RFC 6749 §6, RFC 9700 §4.14.2): bound to client, instance and key, each good once.

use std::time::Duration;

use credenza_core::Secret;

use super::{Asked, Decision, bound_to_another};
use crate::issuer::authorization::Spent;
use crate::issuer::seals::Purpose;
use crate::issuer::session::{Grant, Happening, Refresh, Session, State};
use crate::issuer::{Issuer, TokenError};
use crate::messages::TokenResponse;

/// Why a grant is over when a refresh token is shown again.
const REFRESH_REUSED: &str = "a refresh token was used twice";

/// For this long the last refresh token but one still brings the last one, since answers get lost: to a client that
/// has proven its key, so that no thief can use it.
const GRACE: Duration = Duration::from_secs(30);

/// A grant is not renewed more often: each time leaves a line in the session.
const MAX_GENERATION: u32 = 1000;

impl Issuer {
    pub(super) async fn by_refresh_token(
        &self,
        asked: &Asked<'_>,
        token: &Secret,
        spent: &Spent,
    ) -> Result<TokenResponse, TokenError> {
        let content = self
            .seals
            .open_text(Purpose::RefreshToken, asked.now, token.expose())
            .map_err(|_| TokenError::InvalidGrant)?;
        let (generation, id) = content.split_once(' ').ok_or(TokenError::InvalidGrant)?;
        let generation: u32 = generation.parse().map_err(|_| TokenError::InvalidGrant)?;
        let decide = |session: &Session| self.renew(session, generation, asked);
        self.settle_grant(id.to_owned(), asked.now, spent, decide).await
    }

    fn renew(&self, session: &Session, generation: u32, asked: &Asked<'_>) -> Result<Decision, TokenError> {
        let Asked { request, caller, proof, now } = *asked;
        let State::Granted(granted) = &session.state else { return Err(TokenError::InvalidGrant) };
        let grant = &granted.grant;
        let Some(current) = &grant.refresh else { return Err(TokenError::InvalidGrant) };
        // Whoever it is not bound to can do nothing with it, and must not be able to end the grant either.
        if caller.client_id != grant.client_id || caller.instance != grant.instance || now >= current.ends {
            return Err(TokenError::InvalidGrant);
        }
        if grant.jkt.as_deref() != proof.map(|proof| proof.jkt.as_str()) {
            return Err(bound_to_another(proof));
        }
        // It can't be widened; it is not narrowed either, since the session has one grant.
        self.covered(session, &grant.datasets, request)?;
        let token_ends = now + self.lifetimes.token(grant.jkt.is_some());
        let renewed = |refresh: Refresh| Grant { token_ends, refresh: Some(refresh), ..grant.clone() };
        if generation == current.generation {
            if generation >= MAX_GENERATION {
                return Err(TokenError::InvalidGrant);
            }
            let refresh = Refresh { generation: generation + 1, since: now, ends: current.ends };
            let happening = Happening::Refreshed { token_ends, refresh: refresh.clone() };
            return Ok(Decision { happening: Some(happening), grant: Some(renewed(refresh)) });
        }
        let bound = grant.jkt.is_some() || grant.instance.is_some();
        if bound && generation.saturating_add(1) == current.generation && now < current.since + GRACE {
            return Ok(Decision { happening: None, grant: Some(renewed(current.clone())) });
        }
        Ok(Decision { happening: Some(Happening::Revoked(REFRESH_REUSED)), grant: None })
    }
}

//! The authorization code (RFC 6749 §4.1.3): good once, for the client, the verifier and the key that it was made for.

use credenza_core::Secret;
use credenza_oauth::pkce;

use super::{Asked, ClientError, Decision, bound_to_another};
use crate::issuer::authorization::Spent;
use crate::issuer::seals::Purpose;
use crate::issuer::session::{Approved, Grant, Happening, Refresh, Session, State};
use crate::issuer::{Issuer, TokenError};
use crate::messages::TokenResponse;

/// Why a grant is over when its code is shown again.
const CODE_REUSED: &str = "an authorization code was used twice";

/// A code, and what goes with it.
pub(super) struct Presented<'a> {
    pub(super) code: &'a Secret,
    pub(super) redirect_uri: Option<&'a str>,
    pub(super) code_verifier: Option<&'a Secret>,
}

impl Issuer {
    pub(super) async fn by_authorization_code(
        &self,
        asked: &Asked<'_>,
        presented: &Presented<'_>,
        spent: &Spent,
    ) -> Result<TokenResponse, TokenError> {
        if asked.caller.client_id.is_none() {
            return Err(ClientError::Unknown("client_id is missing").into());
        }
        let content = self
            .seals
            .open_text(Purpose::AuthorizationCode, asked.now, presented.code.expose())
            .map_err(|_| TokenError::InvalidGrant)?;
        let (code, id) = content.split_once(' ').ok_or(TokenError::InvalidGrant)?;
        let decide = |session: &Session| match &session.state {
            State::Approved(approved) if approved.code == code => {
                let grant = self.follow(session, approved, asked, presented)?;
                Ok(Decision { happening: Some(Happening::CodeRedeemed(grant.clone())), grant: Some(grant) })
            }
            // Two have the code, and one of them should not: neither keeps what came of it.
            State::Granted(granted) if granted.grant.code.as_deref() == Some(code) => {
                Ok(Decision { happening: Some(Happening::Revoked(CODE_REUSED)), grant: None })
            }
            _ => Err(TokenError::InvalidGrant),
        };
        self.settle_grant(id.to_owned(), asked.now, spent, decide).await
    }

    /// What the approval gives this client. Whoever is another, or does not know the verifier, leaves the code alone:
    /// it ends soon enough, and a thief must not be able to spoil it.
    fn follow(
        &self,
        session: &Session,
        approved: &Approved,
        asked: &Asked<'_>,
        presented: &Presented<'_>,
    ) -> Result<Grant, TokenError> {
        let Asked { request, caller, proof, now } = *asked;
        let own = caller.client_id.as_deref() == Some(&approved.client_id)
            && (approved.instance.is_none() || caller.instance == approved.instance);
        let verified = presented
            .code_verifier
            .is_some_and(|verifier| pkce::verify(verifier.expose(), &approved.code_challenge).is_ok());
        let same_address = presented.redirect_uri == approved.redirect_uri.as_deref();
        if !own || !verified || !same_address || now >= approved.code_ends {
            return Err(TokenError::InvalidGrant);
        }
        let jkt = proof.map(|proof| proof.jkt.clone());
        if approved.jkt.is_some() && approved.jkt != jkt {
            return Err(bound_to_another(proof));
        }
        let lifetimes = self.authorization.settings().map(|settings| settings.lifetimes);
        let refresh = lifetimes.and_then(|lifetimes| lifetimes.refresh).map(|lifetime| Refresh {
            generation: 0,
            since: now,
            ends: now + lifetime,
        });
        Ok(Grant {
            datasets: self.covered(session, &approved.datasets, request)?,
            by_identifier: approved.by_identifier || !request.authorization_details.is_empty(),
            client_id: Some(approved.client_id.clone()),
            token_ends: now + self.lifetimes.token(jkt.is_some()),
            jkt,
            instance: caller.instance.clone(),
            code: Some(approved.code.clone()),
            holder_key: approved.holder_key.clone(),
            refresh,
        })
    }
}

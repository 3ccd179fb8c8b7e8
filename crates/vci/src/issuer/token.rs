//! The token endpoint (§6): a code becomes a token, once.

use credenza_core::{Report, Secret, StoreError, UnixTime, secret};
use credenza_oauth::dpop::{self, DpopError, Expected, Proof};
use credenza_oauth::{AccessToken, Reply, rules};
use http::HeaderMap;

use super::access::{replayed, spend};
use super::offers::{hash_of, too_many_races};
use super::records::{Loaded, MAX_RACES};
use super::seals::Purpose;
use super::session::{Grant, Happening, Session, State};
use super::{Issuer, TokenError, media_type};
use crate::messages::token::{Grant as GrantRequest, InvalidTokenRequest};
use crate::messages::{AuthorizationDetail, TokenRequest, TokenResponse};

/// No `client_id` is longer, in bytes.
const MAX_CLIENT_ID: usize = 512;

impl Issuer {
    /// The token endpoint (§6): the headers and the form of a POST.
    ///
    /// A wrong transaction code costs one of the tries that the offer has; a request that is wrong in another way
    /// costs nothing. Of any number of requests with the right code, one gets a token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn token(&self, headers: &HeaderMap, form: &[u8]) -> Result<Reply<TokenResponse>, TokenError> {
        let now = self.clock.now();
        let proof = self.token_proof(headers, now)?;
        match self.redeem(headers, form, proof.as_ref(), now).await {
            Ok(response) => {
                let nonce = self.token_nonces.as_ref().map(|nonces| nonces.give(&*self.random, now));
                Ok(Reply::ok(response).with_dpop_nonce(nonce))
            }
            // A proof counts as used whatever became of the request, so that nobody can try another one with it.
            Err(error) => match spend(&*self.store, proof.as_ref()).await {
                Err(StoreError::Conflict(_)) => Err(TokenError::InvalidDpopProof(replayed())),
                _ => Err(error),
            },
        }
    }

    fn token_proof(&self, headers: &HeaderMap, now: UnixTime) -> Result<Option<Proof>, TokenError> {
        let expected = Expected {
            method: "POST",
            url: self.endpoints.token.as_str(),
            now,
            policy: &self.dpop_policy,
            nonces: self.token_nonces.as_ref(),
            access_token: None,
        };
        let mut report = Report::new("DPoP proof");
        match dpop::verify(headers, &expected, &mut report) {
            Ok(None) if self.dpop.required => {
                report.fail(&rules::DPOP_ONE, "no DPoP header");
                Err(TokenError::InvalidDpopProof(Box::new(report)))
            }
            Ok(proof) => Ok(proof),
            Err(DpopError::Invalid) => Err(TokenError::InvalidDpopProof(Box::new(report))),
            Err(DpopError::UseNonce) => {
                let nonce = self.token_nonces.as_ref().map(|nonces| nonces.give(&*self.random, now));
                Err(TokenError::UseDpopNonce(nonce.unwrap_or_default()))
            }
        }
    }

    async fn redeem(
        &self,
        headers: &HeaderMap,
        form: &[u8],
        proof: Option<&Proof>,
        now: UnixTime,
    ) -> Result<TokenResponse, TokenError> {
        if media_type(headers).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(TokenError::InvalidRequest("the body must be application/x-www-form-urlencoded"));
        }
        let request = TokenRequest::parse(form).map_err(|error| match error {
            InvalidTokenRequest::Malformed(reason) => TokenError::InvalidRequest(reason),
            InvalidTokenRequest::GrantType => TokenError::UnsupportedGrantType,
            InvalidTokenRequest::AuthorizationDetails => TokenError::InvalidAuthorizationDetails(
                "authorization_details is not an array of openid_credential objects",
            ),
        })?;
        match &request.client_id {
            None if !self.anonymous_access => {
                return Err(TokenError::InvalidClient(
                    "client_id is missing: anonymous access is not supported",
                ));
            }
            Some(client_id) if client_id.len() > MAX_CLIENT_ID => {
                return Err(TokenError::InvalidClient("client_id is too long"));
            }
            _ => {}
        }
        let GrantRequest::PreAuthorizedCode { code, tx_code } = &request.grant;
        let id = self
            .seals
            .open_text(Purpose::PreAuthorizedCode, now, code.expose())
            .map_err(|_| TokenError::InvalidGrant)?;
        for _ in 0..MAX_RACES {
            let loaded = self.load(&id).await.map_err(TokenError::Unavailable)?;
            let Loaded { session, version } = loaded.ok_or(TokenError::InvalidGrant)?;
            let known = session.events.len();
            let grant = self.decide(&id, &session, &request, tx_code.as_ref(), proof, now)?;
            let happening = grant.clone().map_or(Happening::WrongTxCode, Happening::Redeemed);
            let (session, _) = session.on(happening, now).map_err(|_| TokenError::InvalidGrant)?;
            let mut writes = vec![self.replace(&id, version, &session).map_err(TokenError::Unavailable)?];
            // The answer leaves only after the store has counted the try: of any number of guesses at the same time,
            // no more are answered than are allowed.
            if grant.is_some() {
                writes.extend(proof.map(Proof::spend));
            }
            match self.store.commit(writes).await {
                Ok(()) => {
                    self.tell(&id, &session, known);
                    let grant = grant.ok_or(TokenError::InvalidGrant)?;
                    return Ok(self.token_for(id, &session, grant, now));
                }
                Err(StoreError::Conflict(0)) => {}
                Err(StoreError::Conflict(_)) => return Err(TokenError::InvalidDpopProof(replayed())),
                Err(error) => return Err(TokenError::Unavailable(error)),
            }
        }
        Err(TokenError::Unavailable(too_many_races()))
    }

    /// What the request gets; `None` when the transaction code is wrong.
    fn decide(
        &self,
        id: &str,
        session: &Session,
        request: &TokenRequest,
        tx_code: Option<&Secret>,
        proof: Option<&Proof>,
        now: UnixTime,
    ) -> Result<Option<Grant>, TokenError> {
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
        let datasets = self.covered(session, request)?;
        Ok(right.then(|| Grant {
            datasets,
            by_identifier: !request.authorization_details.is_empty(),
            client_id: request.client_id.clone(),
            jkt: proof.map(|proof| proof.jkt.clone()),
            token_ends: now + self.lifetimes.access_token,
        }))
    }

    /// The data sets of the offer that a request asks for: all, unless it names some. It can't ask for more.
    fn covered(&self, session: &Session, request: &TokenRequest) -> Result<Vec<usize>, TokenError> {
        let offered = || session.datasets.iter().enumerate();
        if !request.authorization_details.is_empty() {
            for detail in &request.authorization_details {
                if !offered()
                    .any(|(_, dataset)| dataset.configuration_id == detail.credential_configuration_id)
                {
                    return Err(TokenError::InvalidAuthorizationDetails(
                        "a credential was asked for that is not offered",
                    ));
                }
                if !detail.locations.is_empty() && !detail.locations.contains(&self.identifier) {
                    return Err(TokenError::InvalidAuthorizationDetails("locations names another issuer"));
                }
            }
            let asked = |id: &str| {
                request.authorization_details.iter().any(|detail| detail.credential_configuration_id == id)
            };
            return Ok(offered()
                .filter(|(_, set)| asked(&set.configuration_id))
                .map(|(number, _)| number)
                .collect());
        }
        let Some(scope) = &request.scope else { return Ok(offered().map(|(number, _)| number).collect()) };
        let scope_of = |set: &super::session::Dataset| {
            self.kinds.get(&set.configuration_id).and_then(|kind| kind.configuration.scope.as_deref())
        };
        let asked: Vec<&str> = scope.split(' ').filter(|name| !name.is_empty()).collect();
        let known = asked.iter().all(|name| offered().any(|(_, set)| scope_of(set) == Some(name)));
        if asked.is_empty() || !known {
            return Err(TokenError::InvalidScope);
        }
        let wanted =
            |set: &super::session::Dataset| scope_of(set).is_some_and(|scope| asked.contains(&scope));
        Ok(offered().filter(|(_, set)| wanted(set)).map(|(number, _)| number).collect())
    }

    fn token_for(&self, id: String, session: &Session, grant: Grant, now: UnixTime) -> TokenResponse {
        let authorization_details = if grant.by_identifier { details(session, &grant) } else { Vec::new() };
        let token = AccessToken {
            audience: self.identifier.clone(),
            session: id,
            client_id: grant.client_id,
            jkt: grant.jkt,
        };
        let valid_for = self.lifetimes.access_token;
        TokenResponse {
            access_token: Secret::new(token.seal(&self.seals.sealer, &*self.random, now, valid_for)),
            token_type: token.token_type(),
            expires_in: Some(valid_for.as_secs()),
            scope: None,
            authorization_details,
        }
    }
}

/// One detail for each configuration, with the identifiers of its data sets (§6.2).
fn details(session: &Session, grant: &Grant) -> Vec<AuthorizationDetail> {
    let mut details: Vec<AuthorizationDetail> = Vec::new();
    for dataset in grant.datasets.iter().filter_map(|number| session.datasets.get(*number)) {
        let identifier = dataset.identifier.clone();
        match details.iter_mut().find(|detail| detail.credential_configuration_id == dataset.configuration_id)
        {
            Some(detail) => detail.credential_identifiers.push(identifier),
            None => {
                let mut detail = AuthorizationDetail::new(dataset.configuration_id.clone());
                detail.credential_identifiers.push(identifier);
                details.push(detail);
            }
        }
    }
    details
}

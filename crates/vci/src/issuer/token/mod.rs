//! The token endpoint (§6): a code becomes a token, once; a refresh token becomes the next one.

mod authorization_code;
mod pre_authorized_code;
mod refresh_token;

use credenza_core::{Report, Secret, StoreError, UnixTime};
use credenza_oauth::dpop::{self, DpopError, Expected, Proof};
use credenza_oauth::{AccessToken, Form, Reply, rules};
use http::HeaderMap;
use url::Url;

use super::authorization::{Caller, ClientError, Replayed, Spent};
use super::offers::too_many_races;
use super::records::{Loaded, MAX_RACES};
use super::seals::Purpose;
use super::session::{Dataset, Effect, Grant, Happening, Session};
use super::{Issuer, TokenError, media_type};
use crate::dialects::EarlierNonce;
use crate::messages::token::{Grant as GrantRequest, InvalidTokenRequest};
use crate::messages::{AuthorizationDetail, TokenRequest, TokenResponse};

/// Why a DPoP proof was not accepted.
pub(super) enum ProofRefused {
    Invalid(Box<Report>),
    /// With a nonce.
    UseNonce(String),
}

/// A request for a token, with everything that is known about who sends it.
struct Asked<'a> {
    request: &'a TokenRequest,
    caller: &'a Caller,
    proof: Option<&'a Proof>,
    now: UnixTime,
}

/// What a request does to its session, and gets for it.
struct Decision {
    /// `None`: nothing changes, it is the answer that was lost.
    happening: Option<Happening>,
    /// `None`: it is refused, after what happens was written down.
    grant: Option<Grant>,
}

impl Issuer {
    /// The token endpoint (§6): the headers and the form of a POST.
    ///
    /// A wrong transaction code costs one of the tries that the offer has; a request that is wrong in another way
    /// costs nothing. Of any number of requests with the right code, one gets a token. An authorization code or a
    /// refresh token that is shown twice ends the whole grant (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn token(&self, headers: &HeaderMap, form: &[u8]) -> Result<Reply<TokenResponse>, TokenError> {
        let now = self.clock.now();
        let proof = self.grant_proof(headers, &self.endpoints.token, now).map_err(|error| match error {
            ProofRefused::Invalid(report) => TokenError::InvalidDpopProof(report),
            ProofRefused::UseNonce(nonce) => TokenError::UseDpopNonce(nonce),
        })?;
        if proof.is_none() && self.dpop.required {
            let mut report = Report::new("DPoP proof");
            report.fail(&rules::DPOP_ONE, "no DPoP header");
            return Err(TokenError::InvalidDpopProof(Box::new(report)));
        }
        let mut spent = Spent::with(proof.as_ref());
        match self.redeem(headers, form, proof.as_ref(), &mut spent, now).await {
            Ok(response) => {
                Ok(Reply::ok(self.with_nonce(response, now)).with_dpop_nonce(self.token_nonce(now)))
            }
            // A proof counts as used whatever became of the request, so that nobody can try another one with it.
            Err(error) => Err(match spent.alone(&*self.store).await {
                Err(replayed @ (Replayed::Dpop(_) | Replayed::Client(_))) => replayed.into(),
                _ => error,
            }),
        }
    }

    /// Checks the DPoP proof of a request to the authorization server, when there is one.
    pub(super) fn grant_proof(
        &self,
        headers: &HeaderMap,
        endpoint: &Url,
        now: UnixTime,
    ) -> Result<Option<Proof>, ProofRefused> {
        let expected = Expected {
            method: "POST",
            url: endpoint.as_str(),
            now,
            policy: &self.dpop_policy,
            nonces: self.token_nonces.as_ref(),
            access_token: None,
        };
        let mut report = Report::new("DPoP proof");
        dpop::verify(headers, &expected, &mut report).map_err(|error| match error {
            DpopError::Invalid => ProofRefused::Invalid(Box::new(report)),
            DpopError::UseNonce => ProofRefused::UseNonce(self.token_nonce(now).unwrap_or_default()),
        })
    }

    /// A nonce for the next request to the authorization server, when nonces are demanded.
    pub(super) fn token_nonce(&self, now: UnixTime) -> Option<String> {
        self.token_nonces.as_ref().map(|nonces| nonces.give(&*self.random, now))
    }

    async fn redeem(
        &self,
        headers: &HeaderMap,
        form: &[u8],
        proof: Option<&Proof>,
        spent: &mut Spent,
        now: UnixTime,
    ) -> Result<TokenResponse, TokenError> {
        if media_type(headers).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(TokenError::InvalidRequest("the body must be application/x-www-form-urlencoded"));
        }
        let form = Form::parse(form).map_err(|error| TokenError::from(InvalidTokenRequest::from(error)))?;
        let request = TokenRequest::from_form(&form)?;
        let jkt = proof.map(|proof| proof.jkt.as_str());
        let caller = self.caller(headers, &form, jkt, spent, now).await?;
        let asked = Asked { request: &request, caller: &caller, proof, now };
        match &request.grant {
            GrantRequest::PreAuthorizedCode { code, tx_code } => {
                self.by_pre_authorized_code(&asked, code, tx_code.as_ref(), spent).await
            }
            _ if !self.authorization.enabled() => Err(TokenError::UnsupportedGrantType),
            GrantRequest::AuthorizationCode { code, redirect_uri, code_verifier } => {
                let presented = authorization_code::Presented {
                    code,
                    redirect_uri: redirect_uri.as_deref(),
                    code_verifier: code_verifier.as_ref(),
                };
                self.by_authorization_code(&asked, &presented, spent).await
            }
            GrantRequest::RefreshToken { token } => self.by_refresh_token(&asked, token, spent).await,
        }
    }

    /// Lets a request change its session, together with the proofs that it uses up.
    async fn settle_grant(
        &self,
        id: String,
        now: UnixTime,
        spent: &Spent,
        decide: impl Fn(&Session) -> Result<Decision, TokenError>,
    ) -> Result<TokenResponse, TokenError> {
        for _ in 0..MAX_RACES {
            let loaded = self.load(&id).await.map_err(TokenError::Unavailable)?;
            let Loaded { session, version } = loaded.ok_or(TokenError::InvalidGrant)?;
            let known = session.events.len();
            let Decision { happening, grant } = decide(&session)?;
            let mut writes = Vec::new();
            let session = match happening {
                None => session,
                Some(happening) => {
                    let (session, effect) =
                        session.on(happening, now).map_err(|_| TokenError::InvalidGrant)?;
                    if effect == Effect::Store {
                        writes.push(self.replace(&id, version, &session).map_err(TokenError::Unavailable)?);
                    }
                    session
                }
            };
            let own = writes.len();
            // The answer leaves only after the store has counted the try: of any number of guesses at the same time,
            // no more are answered than are allowed.
            if grant.is_some() {
                writes.extend(spent.writes());
            }
            writes.extend(self.outbox(&id, &session, known));
            match self.store.commit(writes).await {
                Ok(()) => {
                    self.tell(&id, &session, known);
                    let grant = grant.ok_or(TokenError::InvalidGrant)?;
                    return Ok(self.token_for(id, &session, grant, now));
                }
                Err(StoreError::Conflict(number)) if number < own => {}
                Err(StoreError::Conflict(number)) => return Err(spent.replayed(number - own).into()),
                Err(error) => return Err(TokenError::Unavailable(error)),
            }
        }
        Err(TokenError::Unavailable(too_many_races()))
    }

    /// The data sets of those allowed that a request asks for: all, unless it names some. It can't ask for more.
    fn covered(
        &self,
        session: &Session,
        allowed: &[usize],
        request: &TokenRequest,
    ) -> Result<Vec<usize>, TokenError> {
        let offered = || {
            let numbers = allowed.iter().copied();
            numbers.filter_map(|number| Some((number, session.datasets.get(number)?)))
        };
        if !request.authorization_details.is_empty() {
            for detail in &request.authorization_details {
                if !offered()
                    .any(|(_, dataset)| dataset.configuration_id == detail.credential_configuration_id)
                {
                    return Err(TokenError::InvalidAuthorizationDetails(
                        "a credential was asked for that is not offered",
                    ));
                }
                if !self.is_meant_by(detail) {
                    return Err(TokenError::InvalidAuthorizationDetails(
                        "locations does not name this issuer",
                    ));
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
        let Some(scope) = &request.scope else { return Ok(allowed.to_vec()) };
        let catalogue = self.catalogue();
        let scope_of = |set: &Dataset| {
            catalogue.kinds.get(&set.configuration_id).and_then(|kind| kind.configuration.scope.as_deref())
        };
        let asked: Vec<&str> = scope.split(' ').filter(|name| !name.is_empty()).collect();
        let known = asked.iter().all(|name| offered().any(|(_, set)| scope_of(set) == Some(name)));
        if asked.is_empty() || !known {
            return Err(TokenError::InvalidScope);
        }
        let wanted = |set: &Dataset| scope_of(set).is_some_and(|scope| asked.contains(&scope));
        Ok(offered().filter(|(_, set)| wanted(set)).map(|(number, _)| number).collect())
    }

    fn token_for(&self, id: String, session: &Session, grant: Grant, now: UnixTime) -> TokenResponse {
        let authorization_details = if grant.by_identifier { details(session, &grant) } else { Vec::new() };
        let refresh_token = grant.refresh.as_ref().map(|refresh| {
            let content = format!("{} {id}", refresh.generation);
            Secret::new(self.seals.seal(Purpose::RefreshToken, refresh.ends, content.as_bytes()))
        });
        let token = AccessToken {
            audience: self.identifier.clone(),
            session: id,
            client_id: grant.client_id,
            jkt: grant.jkt,
        };
        let valid_for = self.lifetimes.token(token.jkt.is_some());
        TokenResponse {
            access_token: Secret::new(token.seal(&self.seals.sealer, &*self.random, now, valid_for)),
            token_type: token.token_type(),
            expires_in: Some(valid_for.as_secs()),
            refresh_token,
            scope: None,
            authorization_details,
            earlier: EarlierNonce::default(),
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

/// The key of a DPoP proof is not the one that a code or a refresh token is bound to.
fn bound_to_another(proof: Option<&Proof>) -> TokenError {
    let mut report = Report::new("DPoP proof");
    let found = if proof.is_some() { "another key than the grant is bound to" } else { "no DPoP header" };
    report.fail(&rules::DPOP_JKT, found);
    TokenError::InvalidDpopProof(Box::new(report))
}

impl From<InvalidTokenRequest> for TokenError {
    fn from(error: InvalidTokenRequest) -> Self {
        match error {
            InvalidTokenRequest::Malformed(reason) => Self::InvalidRequest(reason),
            InvalidTokenRequest::GrantType => Self::UnsupportedGrantType,
            InvalidTokenRequest::AuthorizationDetails => Self::InvalidAuthorizationDetails(
                "authorization_details is not an array of openid_credential objects",
            ),
        }
    }
}

impl From<Replayed> for TokenError {
    fn from(replayed: Replayed) -> Self {
        match replayed {
            Replayed::Dpop(report) => Self::InvalidDpopProof(report),
            Replayed::Client(error) => Self::Client(error),
            Replayed::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

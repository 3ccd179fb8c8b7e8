//! The user's decision: one commit that takes the request away and writes down what was agreed to.

use std::collections::BTreeMap;

use credenza_core::{Secret, StoreError, UnixTime, Write, id};
use credenza_oauth::ErrorBody;

use super::interaction::{self, Pending};
use super::{Approval, AuthorizeError, Failure};
use crate::issuer::Issuer;
use crate::issuer::offer::OfferGrants;
use crate::issuer::offers::too_many_races;
use crate::issuer::records::{self, Loaded, MAX_RACES};
use crate::issuer::seals::Purpose;
use crate::issuer::session::{Approved, Dataset, Effect, Happening, Session, State, Withheld};

const DECIDED: AuthorizeError =
    AuthorizeError::Shown("This request was answered before. If your wallet waits, start again there.");

const FOR_ANOTHER: AuthorizeError =
    AuthorizeError::Shown("This offer is for somebody else. Sign in as the person that it was made for.");

/// What came of an agreement.
pub(super) enum Decided {
    /// The code.
    Code(Secret),
    /// The offer that it belongs to can't be taken up any more; what waits is still there.
    TooLate,
    /// Somebody else has decided.
    Before,
}

impl Issuer {
    /// The user agrees: the URL that the browser goes to, by 303. Of any number of decisions about one request, one
    /// counts.
    ///
    /// # Errors
    /// See [`AuthorizeError`].
    pub async fn approve(&self, handle: &str, approval: Approval) -> Result<String, AuthorizeError> {
        let now = self.clock.now();
        let (id, pending) = self.waiting(handle).await?;
        let remove = Write::Remove { key: interaction::key(&id) };
        match self.agree(&pending, remove.clone(), approval, now).await? {
            Decided::Code(code) => {
                Ok(self.response_url(&pending.redirect_uri, pending.request.state.as_deref(), Ok(code)))
            }
            Decided::TooLate => self.turn_away(&pending, remove).await,
            Decided::Before => Err(DECIDED),
        }
    }

    /// Makes the code for a request that somebody agrees to, and takes away what waits for that, by one commit.
    pub(super) async fn agree(
        &self,
        pending: &Pending,
        take: Write,
        approval: Approval,
        now: UnixTime,
    ) -> Result<Decided, AuthorizeError> {
        let lifetime = self.authorization.settings().ok_or(DECIDED)?.lifetimes.code;
        let code = id::short(&*self.random);
        let code_ends = now + lifetime;
        let claims: BTreeMap<String, Withheld> =
            approval.claims.into_iter().map(|(id, claims)| (id, Withheld(claims))).collect();
        for _ in 0..MAX_RACES {
            let (session_id, version, session) = match &pending.session {
                None => (id::short(&*self.random), None, self.session_for(pending, code_ends, now)),
                Some(session_id) => match self.load(session_id).await? {
                    None => return Ok(Decided::TooLate),
                    Some(Loaded { session, version }) => (session_id.clone(), Some(version), session),
                },
            };
            if session.subject.as_ref().is_some_and(|subject| *subject != approval.subject) {
                return Err(FOR_ANOTHER);
            }
            let known = session.events.len();
            let holder_key = approval.holder_key.clone();
            let approved = Box::new(Approved { holder_key, ..approved(pending, &session, &code, code_ends) });
            let happening =
                Happening::Approved { approved, subject: approval.subject.clone(), claims: claims.clone() };
            let Ok((session, _)) = session.on(happening, now) else { return Ok(Decided::TooLate) };
            let write = match version {
                Some(version) => self.replace(&session_id, version, &session)?,
                None => Write::Insert {
                    key: records::key(&session_id),
                    value: self.encode(&session)?,
                    expires: self.kept_until(&session),
                },
            };
            let outbox = self.outbox(&session_id, &session, known);
            match self.store.commit([vec![write, take.clone()], outbox].concat()).await {
                Ok(()) => {
                    self.tell(&session_id, &session, known);
                    // It is known for longer than it is good, so that a second use is seen as one.
                    let known_until = code_ends + self.lifetimes.retention;
                    let content = format!("{code} {session_id}");
                    let code = self.seals.seal(Purpose::AuthorizationCode, known_until, content.as_bytes());
                    return Ok(Decided::Code(Secret::new(code)));
                }
                Err(StoreError::Conflict(0)) => {}
                Err(StoreError::Conflict(_)) => return Ok(Decided::Before),
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_many_races().into())
    }

    /// The user does not agree, or gives up: the URL that the browser goes to, by 303.
    ///
    /// # Errors
    /// See [`AuthorizeError`].
    pub async fn deny(&self, handle: &str) -> Result<String, AuthorizeError> {
        let now = self.clock.now();
        let (id, pending) = self.waiting(handle).await?;
        let url = self.turn_away(&pending, Write::Remove { key: interaction::key(&id) }).await?;
        // One try: the offer lives on, and its story is not worth a race.
        if let Some(session_id) = &pending.session
            && let Ok(Some(Loaded { session, version })) = self.load(session_id).await
        {
            let known = session.events.len();
            if let Ok((session, Effect::Store)) = session.on(Happening::Denied, now)
                && let Ok(write) = self.replace(session_id, version, &session)
                && self
                    .store
                    .commit([vec![write], self.outbox(session_id, &session, known)].concat())
                    .await
                    .is_ok()
            {
                self.tell(session_id, &session, known);
            }
        }
        Ok(url)
    }

    /// Nobody can decide: the URL that the browser goes to, by 303. An offer lives on.
    ///
    /// # Errors
    /// See [`AuthorizeError`].
    pub async fn give_up(&self, handle: &str, failure: Failure) -> Result<String, AuthorizeError> {
        let (id, pending) = self.waiting(handle).await?;
        self.end(&pending, Write::Remove { key: interaction::key(&id) }, failure.code()).await
    }

    /// Takes the request away, and tells the client that it gets nothing.
    async fn turn_away(&self, pending: &Pending, remove: Write) -> Result<String, AuthorizeError> {
        self.end(pending, remove, "access_denied").await
    }

    async fn end(&self, pending: &Pending, remove: Write, code: &str) -> Result<String, AuthorizeError> {
        match self.store.commit(vec![remove]).await {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return Err(DECIDED),
            Err(error) => return Err(error.into()),
        }
        let body = ErrorBody { error: code.to_owned(), error_description: None, error_uri: None };
        Ok(self.response_url(&pending.redirect_uri, pending.request.state.as_deref(), Err(body)))
    }

    /// A session for a request that no offer has led to. It ends with the code, unless that is redeemed.
    fn session_for(&self, pending: &Pending, code_ends: UnixTime, now: UnixTime) -> Session {
        let configurations = pending.wanted.configurations.iter();
        let catalogue = self.catalogue();
        let datasets = configurations.map(|id| Dataset {
            configuration_id: id.clone(),
            identifier: format!("{id}#1"),
            deferral: catalogue.kinds.get(id).map(|kind| kind.configuration.deferral).unwrap_or_default(),
            claims: None,
        });
        Session {
            issuer: self.identifier.clone(),
            reference: None,
            created_at: now,
            offer_ends: code_ends,
            tx_code: None,
            grants: OfferGrants::AuthorizationCode,
            subject: None,
            datasets: datasets.collect(),
            state: State::Offered { retrieved: true, wrong_tx_codes: 0 },
            events: Vec::new(),
        }
    }
}

fn approved(pending: &Pending, session: &Session, code: &str, code_ends: UnixTime) -> Approved {
    let wanted = |set: &Dataset| pending.wanted.configurations.contains(&set.configuration_id);
    let datasets = session.datasets.iter().enumerate().filter(|(_, set)| wanted(set));
    let request = &pending.request;
    Approved {
        code: code.to_owned(),
        code_ends,
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        jkt: request.dpop_jkt.clone(),
        instance: pending.instance.clone(),
        datasets: datasets.map(|(number, _)| number).collect(),
        by_identifier: pending.wanted.by_identifier,
        holder_key: None,
    }
}

//! Links that ask for an ID token, alone or beside presentations (SIOPv2 §9, §10; OID4VP 1.0, Appendix C).

use credenza_core::{Report, UnixTime};
use credenza_oauth::Form;
use url::Url;

use super::authenticate::Identified;
use super::encrypt::Encryption;
use super::identity::Metadata;
use super::progress::Progress;
use super::reply::Reply;
use super::terms::{self, Channel, MAX_TEXT};
use super::{AnswerError, Answered, Asked, HowKnown, Refusal, ResolveError, Wallet, Who, address};
use crate::Profile;
use crate::dialects::Asking;
use crate::messages::{AuthorizationRequest, ClientId, IdToken, ResponseMode, VpToken, WalletError};
use crate::rules;
use crate::siop::{Provider, ProviderRefusal, ResponseTypes, SCOPE, Subject, Wanted, rules as siop};

/// What a link has led to.
#[derive(Debug)]
pub enum Opened {
    /// Presentations are asked for, and maybe an ID token with them.
    Presentation(Box<Asked>),
    /// An ID token is asked for, and nothing else.
    SignIn(Box<SignIn>),
}

/// A request for an ID token that was checked and waits for a decision. Deciding uses it up.
pub struct SignIn {
    report: Report,
    who: Who,
    wanted: Wanted,
    expires: Option<UnixTime>,
    reply: Reply,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SignIn").field("who", &self.who).finish_non_exhaustive()
    }
}

impl SignIn {
    /// What was checked of the request.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Who asks.
    #[must_use]
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// What kind of token is wanted.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The host that the answer goes to.
    #[must_use]
    pub fn response_host(&self) -> &str {
        self.reply.to.host()
    }

    /// When the request expires, if it says so.
    #[must_use]
    pub fn expires(&self) -> Option<UnixTime> {
        self.expires
    }

    /// Signs in.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn answer(self, wallet: &Wallet, subject: Subject<'_>) -> Result<Answered, AnswerError> {
        let now = wallet.clock.now();
        if self.expires.is_some_and(|expires| now >= expires) {
            return Err(AnswerError::Expired);
        }
        let id_token = IdToken(self.wanted.id_token(subject, now).await?);
        wallet.send_with(self.reply, Ok(VpToken::new()), Some(id_token)).await
    }

    /// Says no (`user_cancelled`, §10.3).
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn decline(self, wallet: &Wallet) -> Result<Answered, AnswerError> {
        let error = WalletError { error: "user_cancelled".to_owned(), error_description: None };
        wallet.send(self.reply, Err(error)).await
    }
}

impl Wallet {
    /// Opens a link as [`resolve`](Self::resolve) does, and requests for ID tokens too (`siopv2:`, `openid:`), if the
    /// wallet is a self-issued provider.
    ///
    /// # Errors
    /// See [`ResolveError`] and [`Refusal`].
    pub async fn open(&self, link: &str) -> Result<Opened, ResolveError> {
        let mut progress = Progress::new();
        let identified = match self.named_by_its_place(link, &mut progress) {
            Some(identified) => identified,
            None => match self.identify(link, &mut progress).await {
                Ok(identified) => identified,
                Err(refusal) => return Err(refused(refusal, None, progress)),
            },
        };
        let types = ResponseTypes::parse(identified.request.response_type.as_deref());
        match (types, &self.config.self_issued) {
            (ResponseTypes::IdToken, Some(provider)) => self.sign_in(provider, identified, progress),
            (ResponseTypes::Both, Some(provider)) => self.both(provider, identified, progress),
            _ => terms::accept(self, identified, Channel::Link, progress).map(presentation),
        }
    }

    /// A relying party whose client identifier is the place of the answer, without a prefix before it: unsigned, as in
    /// SIOPv2 §7.2.1 and its examples.
    fn named_by_its_place(&self, link: &str, progress: &mut Progress) -> Option<Identified> {
        let provider = self.config.self_issued.as_ref();
        provider.filter(|_| self.config.unsigned && self.config.profile == Profile::Open)?;
        let url = Url::parse(link.trim()).ok().filter(|_| link.len() <= credenza_oauth::form::MAX_FORM)?;
        let request = AuthorizationRequest::from_query(&Form::parse(url.query()?.as_bytes()).ok()?);
        let own = ResponseTypes::parse(request.response_type.as_deref()) == ResponseTypes::IdToken;
        let by_value = request.request.is_none() && request.request_uri.is_none();
        let place = request.client_id.clone().filter(|_| own && by_value)?;
        let client_id = ClientId::parse(place.as_str());
        if self.registration(&client_id).is_ok() || request.redirect_uri.as_deref() != Some(&place) {
            return None;
        }
        let name = address::acceptable(&place, self.config.addresses)?.host_str()?.to_owned();
        progress.at(&rules::REQUEST_LINK);
        progress.at(&rules::REQUEST_CLIENT_ID);
        progress.at(&rules::REQUEST_SIGNATURE);
        progress.skip("the request is not signed");
        let who = Who { name, client_id, how: HowKnown::Unsigned };
        let (metadata, uris, definition) = (Metadata::Request, Some(vec![place]), Asking::Otherwise);
        Some(Identified { who, request, metadata, uris, spoken: None, definition })
    }

    /// An ID token and nothing else.
    fn sign_in(
        &self,
        provider: &Provider,
        mut identified: Identified,
        mut progress: Progress,
    ) -> Result<Opened, ResolveError> {
        let request = &mut identified.request;
        // In the fragment, unless it says otherwise (§10); posted to what goes by either name (§9.2; OID4VP 1.0 §8.2).
        let mode = *request.response_mode.get_or_insert(ResponseMode::Fragment);
        if mode.is_posted() && request.response_uri.is_none() {
            request.response_uri = request.redirect_uri.take();
        }
        let to = match terms::destination(self, &identified, &mut progress) {
            Ok(to) => to,
            Err(refusal) => return Err(refused(refusal, None, progress)),
        };
        let state = identified.request.state.clone().filter(|state| is_printable(state));
        let mut reply = Reply { to, state, encryption: None, spoken: None, nonces: None };
        match self.read_sign_in(provider, &identified, &mut reply, &mut progress) {
            Ok(wanted) => Ok(Opened::SignIn(Box::new(SignIn {
                report: progress.finished(),
                who: identified.who,
                wanted,
                expires: identified.request.exp,
                reply,
            }))),
            Err(refusal) => Err(refused(refusal, Some(reply), progress)),
        }
    }

    fn read_sign_in(
        &self,
        provider: &Provider,
        identified: &Identified,
        reply: &mut Reply,
        progress: &mut Progress,
    ) -> Result<Wanted, Refusal> {
        let request = &identified.request;
        if self.config.profile == Profile::Haip {
            progress.at(&rules::REQUEST_PROFILE);
            return Err(Refusal::Profile("presentations alone are answered (HAIP 1.0 §5)"));
        }
        terms::one_place(request, progress)?;
        progress.at(&rules::REQUEST_STATE);
        if request.state != reply.state {
            return Err(Refusal::Request("state has characters that it may not have".to_owned()));
        }
        progress.at(&rules::REQUEST_NONCE);
        let nonce = request.nonce.as_deref().filter(|nonce| is_printable(nonce));
        let nonce = nonce.ok_or(ProviderRefusal::Request("nonce is missing, or can't be one"))?;
        let wanted = self_issued(provider, identified, nonce, progress)?;
        progress.at(&rules::REQUEST_ENCRYPTION);
        if request.response_mode.is_some_and(ResponseMode::is_encrypted) {
            let metadata = terms::metadata(identified)?;
            reply.encryption = Some(Encryption::choose(metadata, self.config.profile)?);
        } else {
            progress.skip("not asked for");
        }
        Ok(wanted)
    }

    /// Presentations and an ID token: a request for presentations, for which a subject signs too.
    fn both(
        &self,
        provider: &Provider,
        mut identified: Identified,
        mut progress: Progress,
    ) -> Result<Opened, ResolveError> {
        let nonce = identified.request.nonce.clone().unwrap_or_default();
        let wanted = self_issued(provider, &identified, &nonce, &mut progress);
        // What is left is a request as OpenID4VP has it.
        let request = &mut identified.request;
        request.response_type = Some("vp_token".to_owned());
        let scopes = request.scope.take().unwrap_or_default();
        let scopes: Vec<_> = scopes.split(' ').filter(|scope| !scope.is_empty() && *scope != SCOPE).collect();
        request.scope = (!scopes.is_empty()).then(|| scopes.join(" "));
        match (terms::accept(self, identified, Channel::Link, progress.clone()), wanted) {
            (Ok(asked), Ok(wanted)) => Ok(presentation(Asked { id_token: Some(wanted), ..asked })),
            (Ok(asked), Err(refusal)) => Err(refused(refusal, Some(asked.reply), progress)),
            (Err(error), Err(refusal)) => {
                let report = progress.refused(&refusal);
                Err(ResolveError { refusal, report, reply: error.reply })
            }
            (Err(error), Ok(_)) => Err(error),
        }
    }
}

fn presentation(asked: Asked) -> Opened {
    Opened::Presentation(Box::new(asked))
}

fn refused(refusal: Refusal, reply: Option<Reply>, progress: Progress) -> ResolveError {
    let report = progress.refused(&refusal);
    ResolveError { refusal, report, reply: reply.map(Box::new) }
}

/// What an ID token has to be like, by the request and by what the relying party says about itself.
fn self_issued(
    provider: &Provider,
    identified: &Identified,
    nonce: &str,
    progress: &mut Progress,
) -> Result<Wanted, Refusal> {
    let request = &identified.request;
    progress.at(&siop::REQUEST_SCOPE);
    Provider::check_scope(request)?;
    progress.at(&siop::REQUEST_METADATA);
    if matches!(identified.metadata, Metadata::Registered(_)) && request.client_metadata_uri.is_some() {
        return Err(Refusal::Client);
    }
    Provider::check_metadata(request)?;
    let metadata = match terms::metadata(identified) {
        Err(Refusal::Request(problem)) => return Err(ProviderRefusal::MetadataObject(problem).into()),
        other => other?,
    };
    progress.at(&siop::REQUEST_SUPPORTED);
    // As the relying party wrote it: a draft has other names than 1.0.
    let spoken = identified.spoken.as_ref().map(|spoken| spoken.client_id.as_str());
    let audience = spoken.unwrap_or_else(|| identified.who.client_id.as_str());
    Ok(provider.wanted(metadata, audience, nonce)?)
}

/// The characters of `state` in OAuth 2.0 (RFC 6749 §A.5), and not too many of them.
fn is_printable(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT && text.bytes().all(|byte| (0x20..=0x7E).contains(&byte))
}

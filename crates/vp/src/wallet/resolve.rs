//! From a link to a request that a person can decide about.

use credenza_core::{Report, UnixTime};
use credenza_oauth::Form;
use credenza_oauth::form::MAX_FORM;
use serde_json::{Map, Value};
use url::Url;

use super::authenticate::{Identified, Parameters};
use super::fetch::Fetched;
use super::identity::Metadata;
use super::progress::Progress;
use super::terms::{self, Channel};
use super::{Query, Refusal, ResolveError, Wallet, address};
use crate::Profile;
use crate::dialects::Asking;
use crate::messages::{
    AuthorizationRequest, ClientId, ClientIdPrefix, RequestUriMethod, TransactionData, VerifierInfo,
};
use crate::rules;
use crate::siop::Wanted;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The name to show: a DNS name, the common name of a certificate, or the host that the answer goes to.
    pub name: String,
    /// The full client identifier.
    pub client_id: ClientId,
    /// How that is known.
    pub how: HowKnown,
}

/// How it is known who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HowKnown {
    /// Signed, and somebody trusted vouches for the signer.
    Trusted(String),
    /// Signed, and nobody trusted vouches for the signer: anybody can give himself this name.
    Untrusted(String),
    /// Not signed: known is only where the answer goes (through the Digital Credentials API: to which website).
    Unsigned,
}

/// A request that was checked and waits for a decision.
pub struct Asked {
    pub(super) report: Report,
    pub(super) who: Who,
    pub(super) query: Query,
    pub(super) verifier_info: Vec<VerifierInfo>,
    pub(super) expires: Option<UnixTime>,
    pub(super) nonce: String,
    /// Whom presentations are bound to: the client identifier, or `origin:` and the origin.
    pub(super) audience: String,
    pub(super) transactions: Vec<TransactionData>,
    /// `vp_formats_supported`: what the verifier can verify.
    pub(super) vp_formats: Option<Map<String, Value>>,
    /// The ID token that is wanted beside the presentations.
    pub(super) id_token: Option<Wanted>,
    pub(super) reply: super::reply::Reply,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Asked").field("who", &self.who).finish_non_exhaustive()
    }
}

impl Asked {
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

    /// What is asked for.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The host that the answer goes to.
    #[must_use]
    pub fn response_host(&self) -> &str {
        self.reply.to.host()
    }

    /// Whether the answer is encrypted for the verifier beyond the transport.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.reply.encryption.is_some()
    }

    /// Attestations about the verifier. Nothing in them was checked.
    #[must_use]
    pub fn verifier_info(&self) -> &[VerifierInfo] {
        &self.verifier_info
    }

    /// The transactions that answering authorises. Show them: who presents, signs them.
    #[must_use]
    pub fn transactions(&self) -> &[TransactionData] {
        &self.transactions
    }

    /// The ID token that is wanted beside presentations, if one is: [`Self::answer_as`] makes it.
    #[must_use]
    pub fn id_token(&self) -> Option<&Wanted> {
        self.id_token.as_ref()
    }

    /// When the request expires, if it says so.
    #[must_use]
    pub fn expires(&self) -> Option<UnixTime> {
        self.expires
    }
}

impl Wallet {
    /// Opens a link (`openid4vp://…`, `haip-vp://…`, or an https link with the same query): fetches the request, makes
    /// sure who sent it and that it may be answered.
    ///
    /// # Errors
    /// See [`ResolveError`] and [`super::Refusal`].
    pub async fn resolve(&self, link: &str) -> Result<Asked, ResolveError> {
        let mut progress = Progress::new();
        match self.identify(link, &mut progress).await {
            Ok(identified) => terms::accept(self, identified, Channel::Link, progress),
            Err(refusal) => {
                let report = progress.refused(&refusal);
                Err(ResolveError { refusal, report, reply: None })
            }
        }
    }

    /// Who asks, and with which parameters. Of a request object only what is inside counts (§5.10.1).
    pub(super) async fn identify(&self, link: &str, progress: &mut Progress) -> Result<Identified, Refusal> {
        progress.at(&rules::REQUEST_LINK);
        if link.len() > MAX_FORM {
            return Err(Refusal::Link("it is too long"));
        }
        let url = Url::parse(link.trim()).map_err(|_| Refusal::Link("it is not a URL"))?;
        let query = url.query().ok_or(Refusal::Link("it has no parameters"))?;
        let form =
            Form::parse(query.as_bytes()).map_err(|_| Refusal::Link("its parameters can't be read"))?;
        let Parameters { request: parameters, spoken, definition } = self.parameters(&form)?;
        progress.at(&rules::REQUEST_CLIENT_ID);
        let client_id = parameters.client_id.as_deref().ok_or(Refusal::ClientId("it is missing"))?;
        let client_id = ClientId::parse(client_id);
        self.check_prefix(&client_id)?;
        progress.at(&rules::REQUEST_FETCH);
        let method = method(&parameters)?;
        if self.config.profile == Profile::Haip && parameters.request_uri.is_none() {
            progress.at(&rules::REQUEST_PROFILE);
            return Err(Refusal::Profile("a signed request by request_uri is needed (HAIP 1.0 §5.1)"));
        }
        match (&parameters.request_uri, &parameters.request) {
            (Some(_), Some(_)) => Err(Refusal::Request("there are both request and request_uri".to_owned())),
            (Some(request_uri), None) => {
                if client_id.prefix() == ClientIdPrefix::RedirectUri {
                    return Err(Refusal::ClientId("redirect_uri can't be used with a signed request"));
                }
                let fetched = self.fetch(request_uri, method).await?;
                self.authenticate(client_id, &fetched, progress).await
            }
            (None, Some(request)) => {
                let fetched = Fetched { jwt: request.clone(), wallet_nonce: None };
                self.authenticate(client_id, &fetched, progress).await
            }
            (None, None) => {
                progress.skip("it is all in the link");
                let identified = self.unsigned(client_id, parameters, progress)?;
                self.complete(Identified { spoken, definition, ..identified }).await
            }
        }
    }

    /// An unsigned request is only known by where its answer goes: because the client identifier is that place, or
    /// because the verifier is registered with it.
    fn unsigned(
        &self,
        client_id: ClientId,
        request: AuthorizationRequest,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        progress.at(&rules::REQUEST_SIGNATURE);
        if !matches!(client_id.prefix(), ClientIdPrefix::RedirectUri | ClientIdPrefix::PreRegistered) {
            return Err(Refusal::ClientId("its prefix needs a signed request"));
        }
        if !self.config.unsigned {
            return Err(Refusal::Untrusted("the request is not signed".to_owned()));
        }
        let (name, metadata, uris) = if client_id.prefix() == ClientIdPrefix::PreRegistered {
            let verifier = self.registration(&client_id)?;
            if !verifier.request_keys.keys.is_empty() {
                return Err(Refusal::Untrusted(
                    "the verifier signs its requests, and this one is not".to_owned(),
                ));
            }
            let metadata = Metadata::Registered(verifier.metadata.clone());
            (verifier.name.clone(), metadata, Some(verifier.uris.clone()))
        } else {
            let url = address::acceptable(client_id.original(), self.config.addresses)
                .ok_or(Refusal::ClientId("it is not a URL that may be posted to"))?;
            (url.host_str().unwrap_or_default().to_owned(), Metadata::Request, None)
        };
        progress.skip("the request is not signed");
        Ok(Identified {
            who: Who { name, client_id, how: HowKnown::Unsigned },
            request,
            metadata,
            uris,
            spoken: None,
            definition: Asking::Otherwise,
        })
    }

    /// Whether a client identifier is one that could be known here: before anything is fetched for it.
    pub(super) fn check_prefix(&self, client_id: &ClientId) -> Result<(), Refusal> {
        match client_id.prefix() {
            ClientIdPrefix::Origin => Err(Refusal::ClientId("origin is reserved")),
            ClientIdPrefix::PreRegistered => self.registration(client_id).map(|_| ()),
            ClientIdPrefix::OpenidFederation if self.federation.is_none() => {
                Err(Refusal::ClientId("no federation is known here"))
            }
            _ => Ok(()),
        }
    }
}

fn method(parameters: &AuthorizationRequest) -> Result<RequestUriMethod, Refusal> {
    match (parameters.request_uri_method.as_deref(), &parameters.request_uri) {
        (None, _) => Ok(RequestUriMethod::Get),
        (Some(_), None) => {
            Err(Refusal::Request("there is a request_uri_method and no request_uri".to_owned()))
        }
        (Some("get"), Some(_)) => Ok(RequestUriMethod::Get),
        (Some("post"), Some(_)) => Ok(RequestUriMethod::Post),
        (Some(_), Some(_)) => Err(Refusal::RequestUriMethod),
    }
}

//! From a link to a request that a person can decide about.

use credenza_core::{Report, UnixTime};
use credenza_oauth::Form;
use credenza_oauth::form::MAX_FORM;
use credenza_query::DcqlQuery;
use url::Url;

use super::fetch::Fetched;
use super::progress::Progress;
use super::{Refusal, ResolveError, Wallet, address, terms};
use crate::messages::{AuthorizationRequest, ClientId, ClientIdPrefix, RequestUriMethod, VerifierInfo};
use crate::rules;

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
    /// Not signed: known is only where the answer goes.
    Unsigned,
}

/// A request that was checked and waits for a decision.
pub struct Asked {
    pub(super) report: Report,
    pub(super) who: Who,
    pub(super) query: DcqlQuery,
    pub(super) verifier_info: Vec<VerifierInfo>,
    pub(super) expires: Option<UnixTime>,
    pub(super) nonce: String,
    pub(super) reply: super::answer::Reply,
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
    pub fn query(&self) -> &DcqlQuery {
        &self.query
    }

    /// The host that the answer goes to.
    #[must_use]
    pub fn response_host(&self) -> &str {
        self.reply.response_uri.host_str().unwrap_or_default()
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
            Ok((who, parameters)) => terms::accept(who, parameters, self.config.addresses, progress),
            Err(refusal) => {
                let report = progress.refused(&refusal);
                Err(ResolveError { refusal, report, reply: None })
            }
        }
    }

    /// Who asks, and with which parameters. Of a request object only what is inside counts (§5.10.1).
    async fn identify(
        &self,
        link: &str,
        progress: &mut Progress,
    ) -> Result<(Who, AuthorizationRequest), Refusal> {
        progress.at(&rules::REQUEST_LINK);
        if link.len() > MAX_FORM {
            return Err(Refusal::Link("it is too long"));
        }
        let url = Url::parse(link.trim()).map_err(|_| Refusal::Link("it is not a URL"))?;
        let query = url.query().ok_or(Refusal::Link("it has no parameters"))?;
        let form =
            Form::parse(query.as_bytes()).map_err(|_| Refusal::Link("its parameters can't be read"))?;
        let parameters = AuthorizationRequest::from_query(&form);
        progress.at(&rules::REQUEST_CLIENT_ID);
        let client_id = parameters.client_id.as_deref().ok_or(Refusal::ClientId("it is missing"))?;
        let client_id = ClientId::parse(client_id);
        check_prefix(&client_id)?;
        progress.at(&rules::REQUEST_FETCH);
        let method = method(&parameters)?;
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
                self.unsigned(client_id, parameters, progress)
            }
        }
    }

    /// An unsigned request is only known by where its answer goes.
    fn unsigned(
        &self,
        client_id: ClientId,
        parameters: AuthorizationRequest,
        progress: &mut Progress,
    ) -> Result<(Who, AuthorizationRequest), Refusal> {
        progress.at(&rules::REQUEST_SIGNATURE);
        if client_id.prefix() != ClientIdPrefix::RedirectUri {
            return Err(Refusal::ClientId("its prefix needs a signed request"));
        }
        if !self.config.unsigned {
            return Err(Refusal::Untrusted("the request is not signed".to_owned()));
        }
        let url = address::acceptable(client_id.original(), self.config.addresses)
            .ok_or(Refusal::ClientId("it is not a URL that may be posted to"))?;
        let name = url.host_str().unwrap_or_default().to_owned();
        progress.skip("the request is not signed");
        Ok((Who { name, client_id, how: HowKnown::Unsigned }, parameters))
    }
}

fn check_prefix(client_id: &ClientId) -> Result<(), Refusal> {
    match client_id.prefix() {
        ClientIdPrefix::X509Hash | ClientIdPrefix::X509SanDns | ClientIdPrefix::RedirectUri => Ok(()),
        ClientIdPrefix::Origin => Err(Refusal::ClientId("origin is reserved")),
        ClientIdPrefix::PreRegistered if client_id.has_unknown_prefix() => {
            Err(Refusal::ClientId("its prefix is not known"))
        }
        ClientIdPrefix::PreRegistered => Err(Refusal::ClientId("nobody of that name is registered here")),
        _ => Err(Refusal::ClientId("its prefix is not supported")),
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

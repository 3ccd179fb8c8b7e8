//! What a verifier is configured with.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::AddressPolicy;
use credenza_crypto::{Certificate, Header, IdentifiedBy, Signer, SigningHeader, X509Error};
use url::Url;

use super::create::RequestedPrefix;
use super::{Policy, Ports, StatusCheck, Verifier, redirect};
use crate::messages::{ClientId, ClientIdPrefix, REQUEST_OBJECT_TYPE};

/// How long a request can be answered, unless configured or asked for.
pub const LIFETIME: Duration = Duration::from_secs(300);
/// How long a session is kept after its request can't be answered any more, unless configured.
pub const RETENTION: Duration = Duration::from_secs(3600);
/// The longest lifetime that may be asked for.
pub const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Bytes of a posted response, unless configured.
pub const MAX_RESPONSE: usize = 512 * 1024;
/// The authorization endpoint of any wallet on the device (OID4VP 1.0 §13.1.2).
pub const AUTHORIZATION_ENDPOINT: &str = "openid4vp://";

pub(super) struct Config {
    pub(super) base: Url,
    pub(super) request_path: String,
    pub(super) response_path: String,
    pub(super) authorization_endpoint: String,
    pub(super) lifetime: Duration,
    pub(super) retention: Duration,
    pub(super) max_response: usize,
    pub(super) addresses: AddressPolicy,
    pub(super) redirect_prefixes: Vec<Url>,
    pub(super) policy: Policy,
    pub(super) status: Option<Arc<dyn StatusCheck>>,
    pub(super) identity: Option<Identity>,
    pub(super) prefix: RequestedPrefix,
}

/// The key and the certificates that requests are signed with.
pub(super) struct Identity {
    pub(super) signer: Arc<dyn Signer>,
    pub(super) header: SigningHeader,
    pub(super) x509_hash: ClientId,
    pub(super) x509_san_dns: Option<ClientId>,
}

/// Why a verifier can't be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The base URL is no https URL, or has a query or a fragment.
    #[error("the base URL of a verifier has to be an https URL without query and fragment")]
    BaseUrl,
    /// The signer has no certificates.
    #[error("the key for requests has no certificates")]
    NoCertificates,
    /// The signer's first certificate is not readable.
    #[error(transparent)]
    Certificate(#[from] X509Error),
    /// The signer's first certificate is about another key.
    #[error("the first certificate is not about the key for requests")]
    OtherKey,
    /// The DNS name is not in the certificate.
    #[error("the certificate does not have the DNS name of the base URL")]
    DnsName,
    /// Signed requests are the default and there is no key to sign them with.
    #[error("there is no key to sign requests with")]
    NoSigner,
    /// A prefix of redirects is no URL that could be one.
    #[error("a redirect prefix has to be a URL with a host or an own scheme, without query and fragment")]
    RedirectPrefix,
}

/// Builds a [`Verifier`].
pub struct VerifierBuilder {
    ports: Ports,
    config: Config,
    signer: Option<Arc<dyn Signer>>,
}

impl Verifier {
    /// Starts with the URL under which wallets reach this verifier, and the ports.
    ///
    /// Without more: `request_uri` and `response_uri` are `BASE/openid4vp/request/ID` and `BASE/openid4vp/response/ID`,
    /// requests are signed and named by `x509_hash`, nobody may be redirected anywhere.
    #[must_use]
    pub fn builder(base: Url, ports: Ports) -> VerifierBuilder {
        VerifierBuilder {
            ports,
            config: Config {
                base,
                request_path: "/openid4vp/request/".to_owned(),
                response_path: "/openid4vp/response/".to_owned(),
                authorization_endpoint: AUTHORIZATION_ENDPOINT.to_owned(),
                lifetime: LIFETIME,
                retention: RETENTION,
                max_response: MAX_RESPONSE,
                addresses: AddressPolicy::Public,
                redirect_prefixes: Vec::new(),
                policy: Policy::default(),
                status: None,
                identity: None,
                prefix: RequestedPrefix::default(),
            },
            signer: None,
        }
    }
}

impl VerifierBuilder {
    /// The key that signs requests, with its certificates, leaf first and without the anchor.
    #[must_use]
    pub fn request_signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signer = Some(signer);
        self
    }

    /// The client id prefix of requests that do not ask for one.
    #[must_use]
    pub fn default_prefix(mut self, prefix: RequestedPrefix) -> Self {
        self.config.prefix = prefix;
        self
    }

    /// Below the base URL, where request objects are fetched and responses are posted; the request's id is appended.
    #[must_use]
    pub fn paths(mut self, request: impl Into<String>, response: impl Into<String>) -> Self {
        self.config.request_path = request.into();
        self.config.response_path = response.into();
        self
    }

    /// The authorization endpoint that links lead to, when a request names none.
    #[must_use]
    pub fn authorization_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.config.authorization_endpoint = endpoint.into();
        self
    }

    /// How long a request can be answered.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.config.lifetime = lifetime.min(MAX_LIFETIME);
        self
    }

    /// How long a session with its result is kept after that.
    #[must_use]
    pub fn retention(mut self, retention: Duration) -> Self {
        self.config.retention = retention;
        self
    }

    /// Bytes of a posted response.
    #[must_use]
    pub fn max_response(mut self, bytes: usize) -> Self {
        self.config.max_response = bytes;
        self
    }

    /// Allows http on loopback for the verifier's own URLs: for a demo on one machine.
    #[must_use]
    pub fn addresses(mut self, policy: AddressPolicy) -> Self {
        self.config.addresses = policy;
        self
    }

    /// Where people may be sent after they have answered: a redirect has to have the same scheme, host and port as
    /// one of these, and its path or a path below it.
    #[must_use]
    pub fn allow_redirects(mut self, prefixes: impl IntoIterator<Item = Url>) -> Self {
        self.config.redirect_prefixes.extend(prefixes);
        self
    }

    /// What presentations have to be like.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.config.policy = policy;
        self
    }

    /// Who looks up the status of credentials. Without it, a credential with a status is refused, unless the policy
    /// says otherwise.
    #[must_use]
    pub fn status(mut self, status: Arc<dyn StatusCheck>) -> Self {
        self.config.status = Some(status);
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(mut self) -> Result<Verifier, BuildError> {
        let base = &self.config.base;
        let plain = base.query().is_none() && base.fragment().is_none() && base.has_host();
        let loopback = base.scheme() == "http" && is_loopback(base);
        if !plain || !(base.scheme() == "https" || (loopback && self.config.addresses.scheme("http"))) {
            return Err(BuildError::BaseUrl);
        }
        if !self.config.redirect_prefixes.iter().all(redirect::is_prefix) {
            return Err(BuildError::RedirectPrefix);
        }
        if let Some(signer) = self.signer {
            let leaf = signer.x5c().first().ok_or(BuildError::NoCertificates)?;
            let leaf = Certificate::parse(leaf)?;
            if leaf.key != signer.public_jwk().key {
                return Err(BuildError::OtherKey);
            }
            let x509_hash = ClientId::new(ClientIdPrefix::X509Hash, &leaf.x509_hash());
            let x509_san_dns = base
                .domain()
                .filter(|host| leaf.has_dns_name(host))
                .map(|host| ClientId::new(ClientIdPrefix::X509SanDns, host));
            let header = Header::signing(&*signer, REQUEST_OBJECT_TYPE, IdentifiedBy::X5c);
            self.config.identity = Some(Identity { signer, header, x509_hash, x509_san_dns });
        }
        match (self.config.prefix, &self.config.identity) {
            (RequestedPrefix::RedirectUri, _) => {}
            (_, None) => return Err(BuildError::NoSigner),
            (RequestedPrefix::X509SanDns, Some(Identity { x509_san_dns: None, .. })) => {
                return Err(BuildError::DnsName);
            }
            (_, Some(_)) => {}
        }
        Ok(Verifier { ports: self.ports, config: self.config })
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

//! What a verifier is configured with.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::AddressPolicy;
use credenza_crypto::{ContentEncryption, Signer, X509Error};
use url::Url;

use super::{KnownWallet, Policy, Ports, RequestedPrefix, StatusCheck, Verifier, VerifierIdentity, redirect};
use crate::Profile;
use crate::messages::VerifierInfo;

/// How long a request can be answered, unless configured or asked for.
pub const LIFETIME: Duration = Duration::from_secs(300);
/// How long a session is kept after its request can't be answered any more, unless configured.
pub const RETENTION: Duration = Duration::from_secs(3600);
/// The longest lifetime that may be asked for.
pub const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Bytes of a posted response, unless configured.
pub const MAX_RESPONSE: usize = 512 * 1024;
/// What responses may be encrypted with, unless configured (HAIP 1.0 §5 wants both).
pub const CONTENT_ENCRYPTIONS: [ContentEncryption; 2] =
    [ContentEncryption::A128Gcm, ContentEncryption::A256Gcm];
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
    pub(super) identities: Vec<VerifierIdentity>,
    pub(super) prefix: RequestedPrefix,
    pub(super) profile: Profile,
    pub(super) content_encryptions: Vec<ContentEncryption>,
    pub(super) info: Vec<VerifierInfo>,
    pub(super) wallets: Vec<KnownWallet>,
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
    /// An identity is not what it has to be.
    #[error("{0}")]
    Identity(&'static str),
    /// What the profile rules out.
    #[error("the profile does not allow it: {0}")]
    Profile(&'static str),
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
                identities: Vec::new(),
                prefix: RequestedPrefix::default(),
                profile: Profile::Open,
                content_encryptions: CONTENT_ENCRYPTIONS.to_vec(),
                info: Vec::new(),
                wallets: Vec::new(),
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

    /// Another name to go by, beside those that the certificates of the [`request_signer`](Self::request_signer) give;
    /// one for each prefix.
    #[must_use]
    pub fn identity(mut self, identity: VerifierIdentity) -> Self {
        self.config.identities.retain(|known| known.prefix != identity.prefix);
        self.config.identities.push(identity);
        self
    }

    /// Which of the choices of OpenID4VP are left.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.config.profile = profile;
        self
    }

    /// Attestations about the verifier that every request brings, before its own (§5.11).
    #[must_use]
    pub fn verifier_info(mut self, info: impl IntoIterator<Item = VerifierInfo>) -> Self {
        self.config.info.extend(info);
        self
    }

    /// A wallet whose signed responses are understood, to requests in an earlier draft; one for each issuer. Those of
    /// other wallets are refused.
    #[must_use]
    pub fn known_wallet(mut self, wallet: KnownWallet) -> Self {
        self.config.wallets.retain(|known| known.issuer != wallet.issuer);
        self.config.wallets.push(wallet);
        self
    }

    /// By which algorithms the content of responses may be encrypted, the preferred one first: A128GCM and A256GCM,
    /// unless said here.
    #[must_use]
    pub fn response_encryptions(mut self, encryptions: &[ContentEncryption]) -> Self {
        self.config.content_encryptions = encryptions.to_vec();
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
        if let Some(signer) = self.signer.take() {
            let certified = VerifierIdentity::certified(signer, base.domain())?;
            self.config.identities.splice(..0, certified);
        }
        let named = |prefix| self.config.identities.iter().find(move |identity| identity.prefix == prefix);
        match self.config.prefix {
            RequestedPrefix::RedirectUri => {}
            RequestedPrefix::X509SanDns if named(RequestedPrefix::X509Hash).is_some() => {
                named(RequestedPrefix::X509SanDns).ok_or(BuildError::DnsName)?;
            }
            prefix => {
                named(prefix).ok_or(BuildError::NoSigner)?;
            }
        }
        if self.config.profile == Profile::Haip {
            self.check_haip()?;
        }
        Ok(Verifier { ports: self.ports, config: self.config })
    }

    fn check_haip(&self) -> Result<(), BuildError> {
        let hash = self.config.identities.iter().find(|one| one.prefix == RequestedPrefix::X509Hash);
        let hash = hash.filter(|_| self.config.prefix == RequestedPrefix::X509Hash);
        let hash =
            hash.ok_or(BuildError::Profile("requests are signed and named by x509_hash (HAIP 1.0 §5)"))?;
        if hash.is_self_signed() {
            return Err(BuildError::Profile("the certificate for requests is self-signed (HAIP 1.0 §5)"));
        }
        let has = |enc| self.config.content_encryptions.contains(&enc);
        if !has(ContentEncryption::A128Gcm) || !has(ContentEncryption::A256Gcm) {
            return Err(BuildError::Profile("A128GCM and A256GCM have to be accepted (HAIP 1.0 §5)"));
        }
        Ok(())
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

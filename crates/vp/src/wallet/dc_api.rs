//! Requests through the Digital Credentials API, without a platform: the request and the origin in, the answer out
//! (OID4VP 1.0 Annex A). For platforms that call this, for tests, and for whatever carries calls another way.

use serde_json::{Map, Value};
use url::Url;

use super::authenticate::Identified;
use super::identity::Metadata;
use super::progress::Progress;
use super::reply::{Destination, Reply};
use super::terms::{self, Channel};
use super::{Asked, HowKnown, Refusal, ResolveError, Wallet, Who};
use crate::dc_api::{Call, MessageError, Protocol};
use crate::dialects::Asking;
use crate::messages::{AuthorizationRequest, ClientId, ClientIdPrefix};
use crate::rules;

/// No origin is longer, in bytes.
const MAX_ORIGIN: usize = 2048;
/// No request is longer, in bytes: what a request object may be.
const MAX_REQUEST: usize = 1024 * 1024;

impl Wallet {
    /// Takes what a website has given to `navigator.credentials.get` (its `digital` member, or one request of it) and
    /// the origin that the platform vouches for. The origin is who asks; a signature can say more about him.
    ///
    /// The answer comes out of [`Asked::answer`] as [`Answered::dc_api`](super::Answered::dc_api), bound to the origin;
    /// a refusal by way of [`tell`](Wallet::tell).
    ///
    /// # Errors
    /// See [`ResolveError`] and [`super::Refusal`].
    pub async fn resolve_dc_api(&self, origin: &str, request: &[u8]) -> Result<Asked, ResolveError> {
        let mut progress = Progress::new();
        progress.at(&rules::REQUEST_LINK);
        let read = host(origin).and_then(|host| Ok((host, call(request)?)));
        let (host, call) = match read {
            Ok(read) => read,
            Err(refusal) => {
                let report = progress.refused(&refusal);
                return Err(ResolveError { refusal, report, reply: None });
            }
        };
        let Call { protocol, data } = call;
        let to = Destination::Caller { origin: origin.to_owned(), host: host.clone(), protocol };
        let reply = Reply { to, state: None, encryption: None, spoken: None, nonces: None };
        match self.caller(origin, host, protocol, data, &mut progress).await {
            Ok(identified) => terms::accept(self, identified, Channel::DcApi { reply, origin }, progress),
            Err(refusal) => {
                let report = progress.refused(&refusal);
                Err(ResolveError { refusal, report, reply: Some(Box::new(reply)) })
            }
        }
    }

    pub(super) async fn caller(
        &self,
        origin: &str,
        host: String,
        protocol: Protocol,
        mut data: Map<String, Value>,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        let identified = match (protocol, data.remove("request")) {
            (Protocol::Unsigned, _) => return self.unsigned_call(origin, host, data, progress),
            (Protocol::Signed, Some(Value::String(text))) => self.authenticate_call(&text, progress).await?,
            (Protocol::Multisigned, Some(Value::Object(jws))) => {
                self.authenticate_several(jws, progress).await?
            }
            // §A.3.2.2 does not say whether the JWS is in `request` or is the data itself.
            (Protocol::Multisigned, None) => self.authenticate_several(data, progress).await?,
            _ => return Err(Refusal::RequestObject("there is none".to_owned())),
        };
        progress.at(&rules::REQUEST_ORIGIN);
        let expected = identified.request.expected_origins.as_ref().map(|attempt| &attempt.0);
        match expected {
            Some(Ok(origins)) if origins.iter().any(|expected| expected == origin) => Ok(identified),
            Some(Ok(_)) => Err(Refusal::Request("expected_origins does not have the website".to_owned())),
            _ => Err(Refusal::Request("expected_origins is missing or can't be read".to_owned())),
        }
    }

    /// Known is the origin alone: whatever the request says about who sends it is ignored (§A.2).
    fn unsigned_call(
        &self,
        origin: &str,
        host: String,
        data: Map<String, Value>,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        progress.at(&rules::REQUEST_SIGNATURE);
        if !self.config.unsigned {
            return Err(Refusal::Untrusted("the request is not signed".to_owned()));
        }
        progress.skip("the request is not signed");
        let request = serde_json::from_value(Value::Object(data));
        let mut request: AuthorizationRequest =
            request.map_err(|_| Refusal::Request("its parameters can't be read".to_owned()))?;
        request.client_id = None;
        request.expected_origins = None;
        request.exp = None;
        let client_id = ClientId::new(ClientIdPrefix::Origin, origin);
        let who = Who { name: host, client_id, how: HowKnown::Unsigned };
        Ok(Identified {
            who,
            request,
            metadata: Metadata::Request,
            uris: None,
            spoken: None,
            definition: Asking::Otherwise,
        })
    }
}

fn call(request: &[u8]) -> Result<Call, Refusal> {
    if request.len() > MAX_REQUEST {
        return Err(Refusal::Link("it is too long"));
    }
    Call::first_of(request).map_err(|error| match error {
        MessageError::Json => Refusal::Link("it is not a JSON object"),
        MessageError::Protocol => Refusal::Link("none of its protocols is known"),
        MessageError::Data => Refusal::Link("its data is not an object"),
    })
}

/// What to call an origin: its host, for a website; the whole of it, for an app.
fn host(origin: &str) -> Result<String, Refusal> {
    let plain = |one: char| !one.is_control() && !one.is_whitespace();
    if origin.is_empty() || origin.len() > MAX_ORIGIN || !origin.chars().all(plain) {
        return Err(Refusal::Link("there is no origin"));
    }
    let url = Url::parse(origin).map_err(|_| Refusal::Link("its origin is none"))?;
    Ok(url.host_str().filter(|host| !host.is_empty()).unwrap_or(origin).to_owned())
}

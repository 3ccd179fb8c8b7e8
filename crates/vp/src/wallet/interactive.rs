//! Requests inside of an authorization (OID4VCI 1.1 §6.2.1.1): from the response of an authorization challenge endpoint
//! to what goes back there.

use serde_json::{Map, Value};
use url::Url;

use super::progress::Progress;
use super::reply::{Destination, Place, Reply};
use super::terms::{self, Channel};
use super::{Asked, ResolveError, Wallet};
use crate::dc_api::Protocol;
use crate::rules;

impl Wallet {
    /// Takes the `openid4vp_request` that came from this authorization challenge endpoint. Known is the endpoint's
    /// origin; a signature can say more about who asks, and has to be for this origin (§6.2.1.5).
    ///
    /// The answer comes out of [`Asked::answer`] as [`Answered::interactive`](super::Answered::interactive), bound to
    /// the endpoint; a refusal by way of [`tell`](Wallet::tell).
    ///
    /// # Errors
    /// See [`ResolveError`] and [`super::Refusal`].
    pub async fn resolve_interactive(
        &self,
        endpoint: &Url,
        request: Map<String, Value>,
    ) -> Result<Asked, ResolveError> {
        let mut progress = Progress::new();
        progress.at(&rules::REQUEST_LINK);
        let protocol = if request.contains_key("request") { Protocol::Signed } else { Protocol::Unsigned };
        let origin = endpoint.origin().ascii_serialization();
        let host = endpoint.host_str().unwrap_or_default().to_owned();
        let to = Destination::Interactive(Place { url: endpoint.clone(), text: endpoint.to_string() });
        let reply = Reply { to, state: None, encryption: None, spoken: None, nonces: None };
        match self.caller(&origin, host, protocol, request, &mut progress).await {
            Ok(identified) => {
                let channel = Channel::Interactive { reply, endpoint: endpoint.as_str() };
                terms::accept(self, identified, channel, progress)
            }
            Err(refusal) => {
                let report = progress.refused(&refusal);
                Err(ResolveError { refusal, report, reply: Some(Box::new(reply)) })
            }
        }
    }
}

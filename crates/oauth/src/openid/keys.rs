//! The provider's metadata and keys, as they are remembered between two people.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use credenza_core::{Http, Limits, UnixTime, json};
use credenza_crypto::JwkSet;
use http::Request;
use serde_json::Value;
use url::Url;

use super::OpenIdError;
use super::discovery::{self, Provider};

/// For how long metadata and keys are believed without asking again.
const KEPT: Duration = Duration::from_secs(300);

/// Keys are not fetched more often than this for the sake of a name that is not known.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something, and when it was fetched.
type At<T> = Mutex<Option<(Arc<T>, UnixTime)>>;

/// What was fetched.
#[derive(Default)]
pub(super) struct Kept {
    provider: At<Provider>,
    keys: At<JwkSet>,
}

fn known<T>(kept: &At<T>, now: UnixTime, for_: Duration) -> Option<Arc<T>> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.as_ref().filter(|(_, at)| now < *at + for_).map(|(it, _)| Arc::clone(it))
}

fn keep<T>(kept: &At<T>, now: UnixTime, it: T) -> Arc<T> {
    let it = Arc::new(it);
    *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&it), now));
    it
}

impl Kept {
    pub(super) async fn provider(
        &self,
        http: &dyn Http,
        issuer: &str,
        now: UnixTime,
    ) -> Result<Arc<Provider>, OpenIdError> {
        if let Some(provider) = known(&self.provider, now, KEPT) {
            return Ok(provider);
        }
        Ok(keep(&self.provider, now, discovery::discover(http, issuer).await?))
    }

    /// The keys of the provider. `again`: those that are known do not verify.
    pub(super) async fn keys(
        &self,
        http: &dyn Http,
        jwks_uri: &Url,
        now: UnixTime,
        again: bool,
    ) -> Result<Arc<JwkSet>, OpenIdError> {
        const WHAT: &str = "key set";
        if let Some(keys) = known(&self.keys, now, if again { PATIENCE } else { KEPT }) {
            return Ok(keys);
        }
        let request = Request::get(jwks_uri.as_str())
            .header("accept", "application/json")
            .body(Vec::new())
            .map_err(|_| OpenIdError::Malformed(WHAT))?;
        let response = http
            .send(request, Limits::default())
            .await
            .map_err(|error| OpenIdError::Unreachable(WHAT, error))?;
        if response.status().as_u16() != 200 {
            return Err(OpenIdError::Failed(WHAT, response.status().as_u16()));
        }
        let set = json::from_slice::<Value>(response.body()).ok();
        let set = set.and_then(|value| JwkSet::from_value(&value).ok());
        Ok(keep(&self.keys, now, set.ok_or(OpenIdError::Malformed(WHAT))?))
    }
}

//! Access tokens that are JWTs (RFC 9068), and the keys that they are signed with.

use std::sync::{Arc, PoisonError};

use credenza_core::{Limits, UnixTime, json};
use credenza_crypto::{Algorithm, JwkSet, Jws};
use http::Request;
use serde_json::Value;
use url::Url;

use super::{ExternalAuthorizationServer, Foreign, KEPT, Keys, PATIENCE};
use crate::issuer::{AccessError, Issuer};

/// The `typ` of such a token.
const TYPE: &str = "at+jwt";

/// The signature algorithms that are accepted.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Ps256];

impl Issuer {
    /// What a token says, when it is a JWT of this server's. Another one may be another server's.
    pub(super) async fn read_jwt(
        &self,
        server: &ExternalAuthorizationServer,
        jwks_uri: &Url,
        token: &str,
        now: UnixTime,
    ) -> Result<Option<Foreign>, AccessError> {
        let Ok(jws) = Jws::parse(token) else { return Ok(None) };
        let Ok(said) = json::object_from_slice::<Foreign>(&jws.payload) else { return Ok(None) };
        let own = said.iss.as_deref() == Some(&server.issuer);
        if !own || !jws.header.has_type(TYPE) || !self.is_for_us(server, &said, now) {
            return Ok(None);
        }
        let verifies = |keys: &JwkSet| {
            let mut named =
                keys.keys.iter().filter(|key| jws.header.kid.is_none() || key.kid == jws.header.kid);
            named.any(|key| jws.verify_by(key, &ALGORITHMS).is_ok())
        };
        let (keys, fresh) = self.keys_of(server, jwks_uri, now, false).await?;
        if verifies(&keys) {
            return Ok(Some(said));
        }
        // The server may have new keys.
        if fresh {
            return Ok(None);
        }
        let (keys, _) = self.keys_of(server, jwks_uri, now, true).await?;
        Ok(verifies(&keys).then_some(said))
    }

    /// The keys of a server, and whether they have just been fetched.
    async fn keys_of(
        &self,
        server: &ExternalAuthorizationServer,
        jwks_uri: &Url,
        now: UnixTime,
        again: bool,
    ) -> Result<(Arc<JwkSet>, bool), AccessError> {
        let known = {
            let keys = self.external.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.get(&server.issuer).map(|keys| (Arc::clone(&keys.set), keys.at))
        };
        if let Some((set, at)) = known
            && now < at + if again { PATIENCE } else { KEPT }
        {
            return Ok((set, false));
        }
        let http = self.external.http.as_ref().ok_or(AccessError::Unavailable)?;
        let request = Request::get(jwks_uri.as_str())
            .header("accept", "application/json")
            .body(Vec::new())
            .map_err(|_| AccessError::Unavailable)?;
        let response = http.send(request, Limits::default()).await.map_err(|_| AccessError::Unavailable)?;
        let value: Option<Value> =
            response.status().is_success().then(|| json::from_slice(response.body()).ok()).flatten();
        let set = value.and_then(|value| JwkSet::from_value(&value).ok()).ok_or(AccessError::Unavailable)?;
        let set = Arc::new(set);
        let mut keys = self.external.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(server.issuer.clone(), Keys { set: Arc::clone(&set), at: now });
        Ok((set, true))
    }
}

//! People who show a credential that they have: by our own verifier, on the way to another credential.

use std::sync::Arc;

use credenza_core::Answer;
use credenza_crypto::Jwk;
use credenza_vp::Verifier;
use credenza_vp::verifier::{PresentationRequest, PresentationResult, ResultError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    ClaimMapping, Departure, Destination, ElsewhereError, Returned, SignInElsewhere, SignInQuery, Trip,
    WalletLinks,
};
use crate::users::User;

/// A query whose answer says who somebody is.
pub struct PresentationSignIn {
    pub(super) verifier: Arc<Verifier>,
    pub(super) query: SignInQuery,
    label: String,
    mapping: ClaimMapping,
    other_device: bool,
    same_key: bool,
}

/// The sessions at the verifier.
#[derive(Serialize, Deserialize)]
struct Kept {
    same_device: String,
    other_device: Option<String>,
}

impl PresentationSignIn {
    /// The name of this way in URLs.
    pub const WAY: &'static str = "wallet";

    /// A query, what its button says, and which claims of the answer count: selectors begin with the id of a credential
    /// query, as in `/pid/family_name`.
    #[must_use]
    pub fn new(
        verifier: Arc<Verifier>,
        query: impl Into<SignInQuery>,
        label: impl Into<String>,
        mapping: ClaimMapping,
    ) -> Self {
        Self {
            verifier,
            query: query.into(),
            label: label.into(),
            mapping,
            other_device: true,
            same_key: false,
        }
    }

    /// The same, for wallets on the device of the browser alone: a QR code can be shown to somebody else, who then
    /// signs in for a stranger, and nothing in the protocol prevents that.
    #[must_use]
    pub fn on_this_device_alone(mut self) -> Self {
        self.other_device = false;
        self
    }

    /// The same, where what is issued has to be bound to the key of what was shown. Otherwise somebody can show a
    /// stranger's presentation in their own authorization, and gets the stranger's claims for a key of their own.
    #[must_use]
    pub fn for_the_same_key(mut self) -> Self {
        self.same_key = true;
        self
    }

    async fn leave(&self, trip: &Trip) -> Result<Departure, ElsewhereError> {
        let query = &self.query.current().await?;
        let create = |redirect: Option<String>| async move {
            let request = PresentationRequest { redirect, ..PresentationRequest::new(query.clone()) };
            let created = self.verifier.create(request).await;
            created.map_err(|error| ElsewhereError::Unavailable(error.to_string()))
        };
        let back = format!("{}?state={}&response_code={{RESPONSE_CODE}}", trip.back, trip.state);
        let here = create(Some(back)).await?;
        let there = if self.other_device { Some(create(None).await?) } else { None };
        let kept = Kept { same_device: here.id, other_device: there.as_ref().map(|it| it.id.clone()) };
        let links = WalletLinks {
            same_device: here.wallet_link,
            other_device: there.map(|it| (it.wallet_link, it.id)),
            expires: here.expires_at,
        };
        let kept =
            serde_json::to_value(kept).map_err(|error| ElsewhereError::Unavailable(error.to_string()))?;
        Ok(Departure { kept, to: Destination::Wallet(links) })
    }

    async fn identify(&self, returned: Returned<'_>) -> Result<User, ElsewhereError> {
        let refused = |reason: &str| ElsewhereError::Refused(reason.to_owned());
        let kept: Kept = serde_json::from_value(returned.kept.clone())
            .map_err(|_| refused("what was remembered can't be read"))?;
        let result = match returned.url {
            // The code is good once, and only the browser that the wallet has led back knows it (OID4VP §14.2).
            Some(url) => {
                let code = url.query_pairs().find(|(name, _)| name == "response_code");
                let code = code.ok_or_else(|| refused("there is no response_code"))?.1;
                self.verifier.result(&kept.same_device, Some(&code)).await
            }
            None => {
                let session = kept.other_device.ok_or_else(|| refused("there was no QR code"))?;
                self.verifier.result(&session, None).await
            }
        };
        match result {
            Ok(result) => self.read(result),
            Err(ResultError::Store(error)) => Err(ElsewhereError::Unavailable(error.to_string())),
            Err(error) => Err(ElsewhereError::Refused(error.to_string())),
        }
    }

    pub(super) fn read(&self, result: PresentationResult) -> Result<User, ElsewhereError> {
        // Whoever has a copy of a credential that is bound to nobody is not the one that it is about.
        if result.presentations.is_empty() || result.presentations.iter().any(|one| !one.holder_bound) {
            return Err(ElsewhereError::Refused("the holder of the credential is not proven".to_owned()));
        }
        let holder_key = if self.same_key {
            Some(one_key(result.presentations.iter().map(|one| one.holder.as_ref()))?)
        } else {
            None
        };
        let mut said = Map::new();
        for presented in result.presentations {
            said.entry(presented.query_id).or_insert(presented.claims);
        }
        Ok(User { holder_key, ..self.mapping.user(&Value::Object(said))? })
    }
}

/// The thumbprint of the key that everything is bound to that was shown: of several holders nobody knows whose claims
/// belong to whose key.
fn one_key<'a>(holders: impl Iterator<Item = Option<&'a Jwk>>) -> Result<String, ElsewhereError> {
    let mut keys: Vec<Option<String>> = holders.map(|holder| holder.map(Jwk::thumbprint_text)).collect();
    keys.dedup();
    match <[_; 1]>::try_from(keys) {
        Ok([Some(key)]) => Ok(key),
        _ => Err(ElsewhereError::Refused("the credentials are not bound to one key".to_owned())),
    }
}

impl SignInElsewhere for PresentationSignIn {
    fn way(&self) -> &'static str {
        Self::WAY
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn begin<'a>(&'a self, trip: &'a Trip) -> Answer<'a, Result<Departure, ElsewhereError>> {
        Answer::later(self.leave(trip))
    }

    fn finish<'a>(&'a self, returned: Returned<'a>) -> Answer<'a, Result<User, ElsewhereError>> {
        Answer::later(self.identify(returned))
    }
}

impl std::fmt::Debug for PresentationSignIn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PresentationSignIn({})", self.label)
    }
}

#[cfg(test)]
mod tests {
    use credenza_core::SystemRandom;
    use credenza_crypto::{Algorithm, Signer as _, SoftwareSigner};

    use super::*;

    #[test]
    fn i04_of_two_holders_nobody_knows_whose_claims_are_whose() {
        let made = || SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().public_jwk().clone();
        let (victim, attacker) = (made(), made());
        let of = |holders: &[Option<&Jwk>]| one_key(holders.iter().copied()).ok();
        let (one, other) = (Some(&victim), Some(&attacker));
        assert_eq!(of(&[one, one]), Some(victim.thumbprint_text()));
        for holders in [&[one, other][..], &[one, other, one], &[one, None], &[None], &[]] {
            assert_eq!(of(holders), None, "{} holders", holders.len());
        }
    }
}

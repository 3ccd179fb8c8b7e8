//! Making the presentation of one credential, in the form of its format (OID4VP 1.0 Appendix B).

use std::time::Duration;

use credenza_core::{UnixTime, b64};
use credenza_crypto::{PublicKey, Signer};
use credenza_formats::mdoc;
use credenza_formats::sd_jwt::{self, Binding};
use credenza_formats::w3c::data_integrity;
use credenza_formats::w3c::{Embedded, jwt};
use credenza_query::dcql::Format;
use credenza_trust::DidResolver;
use credenza_trust::did::{Did, Relationship};
use serde_json::{Map, Value};

use super::holding::{Credential, JwtCredential, ProofCredential};
use super::{AnswerError, Asked, Choice};
use crate::messages::Presentation;
use crate::messages::vp_formats::Accepted;

/// How long a signed W3C presentation may be used.
const LIFETIME: Duration = Duration::from_secs(300);

impl Asked {
    /// The presentation of a choice; `bound`: the holder has to sign. `authorises` is what the holder's signature has to
    /// say about transactions.
    pub(super) async fn present(
        &self,
        choice: &Choice<'_>,
        bound: bool,
        authorises: Map<String, Value>,
        now: UnixTime,
    ) -> Result<Presentation, AnswerError> {
        let credential = &choice.holding.credential;
        if !authorises.is_empty() && !matches!(credential, Credential::SdJwt(_)) {
            let problem = "a credential of this format can't authorise a transaction";
            return Err(AnswerError::Choice(problem.to_owned()));
        }
        match credential {
            Credential::SdJwt(held) => self.sd_jwt(held, choice, bound, authorises, now).await,
            Credential::Mdoc(held) => self.mdoc(held, choice).await,
            Credential::Jwt(held) if !bound => Ok(Presentation::Text(held.as_str().to_owned())),
            Credential::Jwt(held) => self.jwt(held, choice, now).await,
            Credential::Proof(held) if !bound => Ok(Presentation::Object(held.document.clone())),
            Credential::Proof(held) => self.proof(held, choice, now).await,
        }
    }

    async fn sd_jwt(
        &self,
        held: &sd_jwt::Held,
        choice: &Choice<'_>,
        bound: bool,
        more: Map<String, Value>,
        now: UnixTime,
    ) -> Result<Presentation, AnswerError> {
        let presentation = held.present(choice.disclose);
        if !bound {
            return Ok(Presentation::Text(presentation.into_string()));
        }
        let binding = Binding { nonce: &self.nonce, audience: &self.audience, issued_at: now, more };
        let bound = presentation.bind(signer(choice)?, &binding).await;
        bound.map(Presentation::Text).map_err(|error| AnswerError::Sign(error.to_string()))
    }

    /// A `DeviceResponse`, which the holder authenticates whether that is asked for or not: it has no other form. By a
    /// MAC where the verifier can agree on one and the wallet has the key for it, and by a signature otherwise.
    async fn mdoc(&self, held: &mdoc::Held, choice: &Choice<'_>) -> Result<Presentation, AnswerError> {
        let presentation = held.present(choice.disclose);
        let transcript = self.transcript();
        let accepted = Accepted::of(self.vp_formats.as_ref(), &Format::Mdoc);
        let reader_key = self.reply.encryption.as_ref().map(|encryption| &encryption.key.key);
        let agreed =
            |key: &&PublicKey| key.curve() == held.holder().curve() && accepted.device_mac(held.holder());
        let response = match (choice.device_key, reader_key.filter(agreed)) {
            (Some(device_key), Some(reader_key)) => {
                presentation.mac(device_key, reader_key, &transcript).await
            }
            _ => {
                let signer = signer(choice)?;
                if !accepted.device_signature(signer.algorithm()) {
                    let problem = "the verifier does not accept signatures of the holder's key";
                    return Err(AnswerError::Sign(problem.to_owned()));
                }
                presentation.sign(signer, &transcript).await
            }
        };
        let response = response.map_err(|error| AnswerError::Sign(error.to_string()))?;
        Ok(Presentation::Text(b64::encode(response)))
    }

    async fn jwt(
        &self,
        held: &JwtCredential,
        choice: &Choice<'_>,
        now: UnixTime,
    ) -> Result<Presentation, AnswerError> {
        let signer = signer(choice)?;
        // A key that the issuer has named needs no other name; otherwise it is known by the subject's DID.
        let method = match held.holder() {
            Some(_) => None,
            None => Some(verification_method(held.subject.as_deref(), signer).await?),
        };
        let header = jwt::holder_header(signer, held.securing, method.as_ref().map(|(_, url)| url.as_str()));
        let presenting = jwt::Presenting {
            header: &header,
            securing: held.securing,
            holder: method.as_ref().map(|(did, _)| did.as_str()),
            credentials: &[Embedded::Jwt(held.as_str().into())],
            nonce: &self.nonce,
            audience: &self.audience,
            issued_at: now,
            lifetime: LIFETIME,
        };
        let presented = jwt::present(signer, &presenting).await;
        presented.map(Presentation::Text).map_err(|error| AnswerError::Sign(error.to_string()))
    }

    async fn proof(
        &self,
        held: &ProofCredential,
        choice: &Choice<'_>,
        now: UnixTime,
    ) -> Result<Presentation, AnswerError> {
        let signer = signer(choice)?;
        let (did, method) = verification_method(held.subject.as_deref(), signer).await?;
        let accepted = Accepted::of(self.vp_formats.as_ref(), &Format::LdpVc);
        let suite = held.suite(&signer.public_jwk().key, accepted).ok_or_else(|| {
            AnswerError::Sign("the verifier accepts no cryptosuite of the holder's key".to_owned())
        })?;
        let presenting = data_integrity::Presenting {
            model: held.model,
            holder: &did,
            credentials: std::slice::from_ref(&held.document),
            suite,
            verification_method: &method,
            nonce: &self.nonce,
            audience: &self.audience,
            created: now,
            lifetime: LIFETIME,
        };
        let presented = data_integrity::present(signer, &presenting, choice.holding.contexts()).await;
        presented.map(Presentation::Object).map_err(|error| AnswerError::Sign(error.to_string()))
    }
}

fn signer<'a>(choice: &Choice<'a>) -> Result<&'a dyn Signer, AnswerError> {
    choice.signer.ok_or_else(|| AnswerError::Sign("there is none".to_owned()))
}

/// The subject's DID, and the name that its document gives to the signer's key.
async fn verification_method(
    subject: Option<&str>,
    signer: &dyn Signer,
) -> Result<(String, String), AnswerError> {
    let refuse = || AnswerError::Sign("the credential is not about a DID with this key".to_owned());
    let jwk = signer.public_jwk();
    let did = subject.and_then(|subject| Did::parse(subject).ok()).ok_or_else(refuse)?;
    let named = jwk.kid.as_ref().filter(|kid| {
        kid.strip_prefix(did.as_str()).is_some_and(|rest| rest.starts_with('#') && rest.len() > 1)
    });
    let url = match DidResolver::offline().resolve(&did).await {
        Ok(document) => {
            let mut keys = document.keys(Relationship::Authentication);
            keys.find(|(_, key)| key.key == jwk.key).map(|(url, _)| url.to_string())
        }
        // The document is elsewhere: whoever made the signer knows its key's name.
        Err(_) => named.cloned(),
    };
    Ok((did.as_str().to_owned(), url.ok_or_else(refuse)?))
}

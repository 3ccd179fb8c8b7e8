//! Making sure who asks: the request object's signature, and the client identifier that has to go with it
//! (OID4VP 1.0 §5.9.3, §5.10.1; RFC 9101 §6).

use credenza_crypto::{Certificate, PublicKey, Unverified, jwt};
use credenza_trust::{KeyMaterial, Purpose};

use super::fetch::Fetched;
use super::progress::Progress;
use super::{HowKnown, Refusal, UntrustedVerifiers, Wallet, Who};
use crate::messages::{
    AuthorizationRequest, ClientId, ClientIdPrefix, REQUEST_OBJECT_TYPE, SELF_ISSUED_AUDIENCE,
};
use crate::rules;

fn object(problem: impl Into<String>) -> Refusal {
    Refusal::RequestObject(problem.into())
}

impl Wallet {
    /// Verifies a request object: from here on its claims are somebody's, and we know whose.
    pub(super) async fn authenticate(
        &self,
        client_id: ClientId,
        fetched: &Fetched,
        progress: &mut Progress,
    ) -> Result<(Who, AuthorizationRequest), Refusal> {
        progress.at(&rules::REQUEST_OBJECT);
        let unverified = Unverified::<AuthorizationRequest>::parse(&fetched.jwt, REQUEST_OBJECT_TYPE)
            .map_err(|error| object(error.to_string()))?;
        progress.at(&rules::REQUEST_SAME_CLIENT);
        // The same identifier outside and inside, prefix included: otherwise one verifier could speak for another.
        if unverified.dangerous_claims().client_id.as_deref() != Some(client_id.as_str()) {
            return Err(Refusal::ClientId("it is another one inside of the request object"));
        }
        progress.at(&rules::REQUEST_CERTIFICATE);
        let x5c = unverified.header().x5c().map_err(|error| object(error.to_string()))?;
        let x5c = x5c.ok_or_else(|| object("it has no certificates"))?;
        let leaf = x5c.first().ok_or_else(|| object("it has no certificates"))?;
        let leaf = Certificate::parse(leaf).map_err(|error| object(error.to_string()))?;
        let name = match client_id.prefix() {
            ClientIdPrefix::X509SanDns if leaf.has_dns_name(client_id.original()) => {
                client_id.original().to_owned()
            }
            ClientIdPrefix::X509SanDns => {
                return Err(Refusal::ClientId("the certificate does not have that DNS name"));
            }
            ClientIdPrefix::X509Hash if leaf.x509_hash() == client_id.original() => leaf.name().to_owned(),
            ClientIdPrefix::X509Hash => {
                return Err(Refusal::ClientId("the certificate has another hash"));
            }
            ClientIdPrefix::RedirectUri => {
                return Err(Refusal::ClientId("redirect_uri can't be used with a signed request"));
            }
            _ => return Err(Refusal::ClientId("its prefix is not supported")),
        };
        progress.at(Purpose::Verifier.rule());
        let (how, key) = self.known(&x5c, &client_id, leaf).await?;
        match &how {
            HowKnown::Untrusted(why) => progress.warn(why.clone()),
            HowKnown::Trusted(how) => progress.pass_with(how.clone()),
            HowKnown::Unsigned => {}
        }
        progress.at(&rules::REQUEST_SIGNATURE);
        let claims =
            unverified.verify(&key, &self.config.algorithms).map_err(|error| object(error.to_string()))?;
        self.check_claims(&claims, fetched, progress)?;
        Ok((Who { name, client_id, how }, claims))
    }

    async fn known(
        &self,
        x5c: &[Vec<u8>],
        client_id: &ClientId,
        leaf: Certificate,
    ) -> Result<(HowKnown, PublicKey), Refusal> {
        let issuer = Some(client_id.as_str());
        let material = KeyMaterial { x5c: Some(x5c), issuer, ..KeyMaterial::default() };
        match self.trust.resolve(&material, Purpose::Verifier, self.clock.now()).await {
            Ok(trusted) => Ok((HowKnown::Trusted(trusted.how.into_owned()), trusted.key)),
            Err(distrust) => match self.config.untrusted {
                UntrustedVerifiers::Refuse => Err(Refusal::Untrusted(distrust.to_string())),
                UntrustedVerifiers::Show => Ok((HowKnown::Untrusted(distrust.to_string()), leaf.key)),
            },
        }
    }

    fn check_claims(
        &self,
        claims: &AuthorizationRequest,
        fetched: &Fetched,
        progress: &mut Progress,
    ) -> Result<(), Refusal> {
        progress.at(&rules::REQUEST_OBJECT);
        if claims.request.is_some() || claims.request_uri.is_some() {
            return Err(object("it refers to another request object"));
        }
        progress.at(&rules::REQUEST_AUDIENCE);
        if claims.aud.as_ref().and_then(|aud| aud.as_str()) != Some(SELF_ISSUED_AUDIENCE) {
            return Err(object(format!("aud is not {SELF_ISSUED_AUDIENCE}")));
        }
        progress.at(&rules::REQUEST_TIMES);
        let now = self.clock.now();
        jwt::check_times(now, jwt::LEEWAY, claims.exp, claims.nbf, claims.iat)
            .map_err(|error| object(error.to_string()))?;
        progress.at(&rules::REQUEST_WALLET_NONCE);
        if fetched.wallet_nonce.is_none() {
            progress.skip("none was sent");
        } else if claims.wallet_nonce != fetched.wallet_nonce {
            return Err(object("it does not have the wallet's nonce: it was not made for us"));
        }
        Ok(())
    }
}

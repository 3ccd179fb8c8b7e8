//! Who is asking: public clients, `private_key_jwt`, and attestations of a wallet provider.

use credenza_core::{Report, UnixTime};
use credenza_oauth::client_attestation::{self, AttestationError, Presented};
use credenza_oauth::{Form, client_assertion, rules};
use credenza_trust::{Distrust, KeyMaterial, Purpose};
use http::HeaderMap;

use super::settings::{AttestationSettings, MAX_CLIENT_ID};
use super::{Client, ClientAuthentication, ClientError, Spent};
use crate::issuer::Issuer;

/// The client of a request, as far as it has shown who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::issuer) struct Caller {
    /// `None` when it does not say.
    pub(in crate::issuer) client_id: Option<String>,
    /// Whether it has proven it.
    pub(in crate::issuer) authenticated: bool,
    /// The thumbprint of the attested key of the wallet instance.
    pub(in crate::issuer) instance: Option<String>,
}

impl Issuer {
    /// Finds out who is asking. `dpop_jkt` is the key of the request's DPoP proof, which was checked.
    pub(in crate::issuer) async fn caller(
        &self,
        headers: &HeaderMap,
        form: &Form<'_>,
        dpop_jkt: Option<&str>,
        spent: &mut Spent,
        now: UnixTime,
    ) -> Result<Caller, ClientError> {
        let named = form.get("client_id");
        if named.is_some_and(|client_id| client_id.len() > MAX_CLIENT_ID) {
            return Err(ClientError::Unknown("client_id is too long"));
        }
        let asserted = form.has("client_assertion") || form.has("client_assertion_type");
        let attested = headers.contains_key(client_attestation::ATTESTATION)
            || headers.contains_key(client_attestation::POP);
        if form.has("client_secret") || headers.contains_key(http::header::AUTHORIZATION) {
            return Err(ClientError::Unknown("client secrets are not supported"));
        }
        let settings = self.authorization.settings();
        let attestation = settings.and_then(|settings| settings.attestation.as_ref());
        let caller = match (asserted, attested, attestation) {
            (true, true, Some(_)) => {
                return Err(ClientError::Ambiguous("the client authenticates in two ways"));
            }
            (true, ..) => self.by_assertion(form, spent, now)?,
            // Where nobody's attestations are accepted they prove nothing: the client is what it is without.
            (false, true, Some(attestation)) => {
                self.by_attestation(attestation, headers, named, dpop_jkt, spent, now).await?
            }
            _ => Caller { client_id: named.map(str::to_owned), authenticated: false, instance: None },
        };
        if named.is_some() && named != caller.client_id.as_deref() {
            return Err(ClientError::Unknown("client_id is not the client that was authenticated"));
        }
        let must = settings.is_some_and(|settings| settings.require_client_authentication);
        let registered = caller.client_id.as_deref().and_then(|id| self.authorization.registered(id));
        match registered.map(|client| &client.authentication) {
            _ if caller.authenticated => Ok(caller),
            Some(ClientAuthentication::PrivateKeyJwt(_) | ClientAuthentication::Attestation) => {
                Err(ClientError::Unknown("this client must authenticate"))
            }
            _ if must => Err(ClientError::Unknown("clients must authenticate")),
            _ => Ok(caller),
        }
    }

    fn by_assertion(&self, form: &Form<'_>, spent: &mut Spent, now: UnixTime) -> Result<Caller, ClientError> {
        if form.get("client_assertion_type") != Some(client_assertion::ASSERTION_TYPE) {
            return Err(ClientError::Unknown("this client_assertion_type is not supported"));
        }
        let assertion =
            form.get("client_assertion").ok_or(ClientError::Unknown("client_assertion is missing"))?;
        let client_id = client_assertion::dangerous_client_id(assertion);
        let client = client_id.as_deref().and_then(|id| self.authorization.registered(id));
        let Some(Client { id, authentication: ClientAuthentication::PrivateKeyJwt(keys), .. }) = client
        else {
            return Err(ClientError::Unknown("there is no such client with keys"));
        };
        let expected = client_assertion::Expected { client_id: id, keys, audience: &self.identifier, now };
        let mut report = Report::new("client assertion");
        match client_assertion::verify(assertion, &expected, &mut report) {
            Ok(assertion) => spent.push([assertion.spend()]),
            Err(_) => return Err(ClientError::Refused(Box::new(report))),
        }
        Ok(Caller { client_id: Some(id.clone()), authenticated: true, instance: None })
    }

    async fn by_attestation(
        &self,
        settings: &AttestationSettings,
        headers: &HeaderMap,
        named: Option<&str>,
        dpop_jkt: Option<&str>,
        spent: &mut Spent,
        now: UnixTime,
    ) -> Result<Caller, ClientError> {
        let mut report = Report::new("client attestation");
        let verified = self.check_attestation(settings, headers, dpop_jkt, now, &mut report).await;
        let client = match verified {
            Ok(client) => client,
            Err(Refused::Unavailable) => return Err(ClientError::Unavailable),
            Err(Refused::Attestation(AttestationError::Invalid)) => {
                return Err(ClientError::Refused(Box::new(report)));
            }
            Err(Refused::Attestation(AttestationError::Stale)) => {
                return Err(ClientError::Stale(Box::new(report)));
            }
            Err(Refused::Attestation(AttestationError::UseChallenge)) => {
                return Err(ClientError::UseChallenge(self.fresh_challenge(now).unwrap_or_default()));
            }
        };
        spent.push(client.spend());
        let same = named.is_none_or(|named| named == client.client_id)
            && self.authorization.registered(&client.client_id).is_none_or(|registered| {
                !matches!(registered.authentication, ClientAuthentication::PrivateKeyJwt(_))
            });
        if !report.check(&rules::ATTESTATION_CLIENT, same, || "the request names another client") {
            return Err(ClientError::Refused(Box::new(report)));
        }
        let (client_id, instance) = (Some(client.client_id), Some(client.instance));
        Ok(Caller { client_id, authenticated: true, instance })
    }

    async fn check_attestation(
        &self,
        settings: &AttestationSettings,
        headers: &HeaderMap,
        dpop_jkt: Option<&str>,
        now: UnixTime,
        report: &mut Report,
    ) -> Result<client_attestation::ClientAttestation, Refused> {
        let presented = Presented::from_headers(headers, report)?.ok_or(AttestationError::Invalid)?;
        let header = presented.header();
        let chain = header.x5c().map_err(|error| {
            report.fail(&rules::ATTESTATION_SIGNATURE, error.to_string());
            AttestationError::Invalid
        })?;
        let material = KeyMaterial {
            x5c: chain.as_deref(),
            kid: header.kid.as_deref(),
            issuer: presented.dangerous_issuer(),
            jwk: None,
        };
        let purpose = Purpose::WalletProvider;
        let trusted = settings.trust.resolve(&material, purpose, now).await.map_err(|distrust| {
            report.fail(purpose.rule(), distrust.to_string());
            match distrust {
                Distrust::Unavailable(_) => Refused::Unavailable,
                _ => Refused::Attestation(AttestationError::Invalid),
            }
        })?;
        report.pass_with(purpose.rule(), trusted.how);
        let challenges = self.authorization.challenges.as_ref().ok_or(AttestationError::Invalid)?;
        let expected = client_attestation::Expected {
            audience: &self.identifier,
            now,
            policy: &settings.policy,
            challenges,
        };
        let possession = presented.possession(dpop_jkt);
        Ok(presented.verify(&trusted.key, possession, &expected, report)?)
    }
}

enum Refused {
    Attestation(AttestationError),
    Unavailable,
}

impl From<AttestationError> for Refused {
    fn from(error: AttestationError) -> Self {
        Self::Attestation(error)
    }
}

//! Making sure who asks: the request object's signature, and what it must say about itself (OID4VP 1.0 §5, §5.10.1;
//! RFC 9101 §6).

use credenza_crypto::jws::json::JsonJws;
use credenza_crypto::{Unverified, jwt};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fetch::Fetched;
use super::identity::{Metadata, Signatory};
use super::progress::Progress;
use super::{Refusal, Wallet, Who};
use crate::dialects::{Asking, Spoken};
use crate::messages::{AuthorizationRequest, ClientId, REQUEST_OBJECT_TYPE, SELF_ISSUED_AUDIENCE};
use crate::rules;

/// A request whose sender is known.
pub(super) struct Identified {
    pub(super) who: Who,
    pub(super) request: AuthorizationRequest,
    pub(super) metadata: Metadata,
    /// The only addresses that the answer may go to; `None`: as the client identifier demands.
    pub(super) uris: Option<Vec<String>>,
    /// The draft that the request is written in.
    pub(super) spoken: Option<Spoken>,
    /// The query, when it is a presentation definition.
    pub(super) definition: Asking,
}

/// The parameters of a request, read.
pub(super) struct Parameters {
    pub(super) request: AuthorizationRequest,
    pub(super) spoken: Option<Spoken>,
    pub(super) definition: Asking,
}

impl From<AuthorizationRequest> for Parameters {
    fn from(request: AuthorizationRequest) -> Self {
        Self { request, spoken: None, definition: Asking::Otherwise }
    }
}

impl Identified {
    fn new(signatory: Signatory, client_id: ClientId, request: AuthorizationRequest) -> Self {
        let Signatory { name, how, metadata, uris, .. } = signatory;
        let who = Who { name, client_id, how };
        Self { who, request, metadata, uris, spoken: None, definition: Asking::Otherwise }
    }
}

/// Members of a request that a signature of several brings in its protected header (§A.3.2.2).
const OF_SIGNATURE: [&str; 3] = ["client_id", "verifier_info", "trust_chain"];

pub(super) fn object(problem: impl Into<String>) -> Refusal {
    Refusal::RequestObject(problem.into())
}

impl Wallet {
    /// Verifies a request object that a link has led to: from here on its claims are somebody's, and we know whose.
    pub(super) async fn authenticate(
        &self,
        client_id: ClientId,
        fetched: &Fetched,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        progress.at(&rules::REQUEST_OBJECT);
        let identified = match self.authenticate_draft(&client_id, &fetched.jwt, progress).await? {
            Some(identified) => identified,
            None => self.authenticate_current(client_id, &fetched.jwt, progress).await?,
        };
        progress.at(&rules::REQUEST_AUDIENCE);
        // Before 1.0 verifiers leave it out.
        if identified.request.aud.is_none() && identified.spoken.is_none() {
            return Err(object(format!("aud is not {SELF_ISSUED_AUDIENCE}")));
        }
        progress.at(&rules::REQUEST_WALLET_NONCE);
        if fetched.wallet_nonce.is_none() {
            progress.skip("none was sent");
        } else if identified.request.wallet_nonce != fetched.wallet_nonce {
            return Err(object("it does not have the wallet's nonce: it was not made for us"));
        }
        self.complete(identified).await
    }

    async fn authenticate_current(
        &self,
        client_id: ClientId,
        jwt: &str,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        let unverified = Unverified::<AuthorizationRequest>::parse(jwt, REQUEST_OBJECT_TYPE)
            .map_err(|error| object(error.to_string()))?;
        progress.at(&rules::REQUEST_SAME_CLIENT);
        // The same identifier outside and inside, prefix included: otherwise one verifier could speak for another.
        if unverified.dangerous_claims().client_id.as_deref() != Some(client_id.as_str()) {
            return Err(Refusal::ClientId("it is another one inside of the request object"));
        }
        self.signed(client_id, unverified, |claims: AuthorizationRequest| Ok(claims.into()), progress).await
    }

    /// Verifies a request object that came through the Digital Credentials API (§A.3.2.1).
    pub(super) async fn authenticate_call(
        &self,
        text: &str,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        progress.at(&rules::REQUEST_OBJECT);
        let unverified = Unverified::<AuthorizationRequest>::parse(text, REQUEST_OBJECT_TYPE)
            .map_err(|error| object(error.to_string()))?;
        progress.at(&rules::REQUEST_CLIENT_ID);
        let client_id = unverified.dangerous_claims().client_id.clone();
        let client_id = ClientId::parse(client_id.ok_or(Refusal::ClientId("it is missing"))?);
        self.check_prefix(&client_id)?;
        self.signed(client_id, unverified, |claims: AuthorizationRequest| Ok(claims.into()), progress).await
    }

    /// Verifies a request object, and reads its claims.
    pub(super) async fn signed<T: DeserializeOwned>(
        &self,
        client_id: ClientId,
        unverified: Unverified<'_, T>,
        read: impl FnOnce(T) -> Result<Parameters, Refusal>,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        let signatory = self.signatory(&client_id, unverified.header(), progress).await?;
        progress.at(&rules::REQUEST_SIGNATURE);
        let claims = unverified
            .verify(&signatory.key, &self.config.algorithms)
            .map_err(|error| object(error.to_string()))?;
        let Parameters { request, spoken, definition } = read(claims)?;
        self.check_claims(&request, progress)?;
        Ok(Identified { spoken, definition, ..Identified::new(signatory, client_id, request) })
    }

    /// Verifies a request under several signatures (§A.3.2.2): one that holds, of somebody who may ask, is enough. The
    /// others say nothing.
    pub(super) async fn authenticate_several(
        &self,
        jws: Map<String, Value>,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        progress.at(&rules::REQUEST_OBJECT);
        let jws = JsonJws::from_object(jws).map_err(|error| object(error.to_string()))?;
        let payload = credenza_core::json::parse_object(&jws.payload);
        let payload = payload.map_err(|_| object("its payload is not a JSON object"))?;
        if OF_SIGNATURE.iter().any(|name| payload.contains_key(*name)) {
            return Err(object("what belongs to one of the signatures is in the payload"));
        }
        let mut refusal = object("no signature can be judged");
        for signature in &jws.signatures {
            let mut attempt = progress.clone();
            match self.one_of_several(&jws, signature, payload.clone(), &mut attempt).await {
                Ok(identified) => {
                    *progress = attempt;
                    return Ok(identified);
                }
                Err(why) => refusal = why,
            }
        }
        progress.at(&rules::REQUEST_SIGNATURE);
        Err(refusal)
    }

    async fn one_of_several(
        &self,
        jws: &JsonJws,
        signature: &credenza_crypto::jws::json::JsonSignature,
        mut members: Map<String, Value>,
        progress: &mut Progress,
    ) -> Result<Identified, Refusal> {
        let header = signature.header().map_err(|error| object(error.to_string()))?;
        // The example of §A.3.2.2 has no typ, and the API says already what this is; another typ is another token.
        if header.typ.is_some() && !header.has_type(REQUEST_OBJECT_TYPE) {
            return Err(object(format!("typ is not \"{REQUEST_OBJECT_TYPE}\"")));
        }
        for name in OF_SIGNATURE {
            if let Some(value) = header.members.get(name) {
                members.insert(name.to_owned(), value.clone());
            }
        }
        progress.at(&rules::REQUEST_CLIENT_ID);
        let client_id = members.get("client_id").and_then(Value::as_str).map(str::to_owned);
        let client_id = ClientId::parse(client_id.ok_or(Refusal::ClientId("it is missing"))?);
        self.check_prefix(&client_id)?;
        let signatory = self.signatory(&client_id, header, progress).await?;
        progress.at(&rules::REQUEST_SIGNATURE);
        jws.verify(signature, &signatory.key, &self.config.algorithms)
            .map_err(|error| object(error.to_string()))?;
        let claims = serde_json::from_value(Value::Object(members));
        let claims: AuthorizationRequest = claims.map_err(|_| object("its claims can't be read"))?;
        self.check_claims(&claims, progress)?;
        Ok(Identified::new(signatory, client_id, claims))
    }

    fn check_claims(&self, claims: &AuthorizationRequest, progress: &mut Progress) -> Result<(), Refusal> {
        progress.at(&rules::REQUEST_OBJECT);
        if claims.request.is_some() || claims.request_uri.is_some() {
            return Err(object("it refers to another request object"));
        }
        progress.at(&rules::REQUEST_AUDIENCE);
        if claims.aud.as_ref().is_some_and(|aud| !aud.as_str().is_some_and(|aud| self.is_meant_by(aud))) {
            return Err(object(format!("aud is not {SELF_ISSUED_AUDIENCE}")));
        }
        progress.at(&rules::REQUEST_TIMES);
        let now = self.clock.now();
        jwt::check_times(now, jwt::LEEWAY, claims.exp, claims.nbf, claims.iat)
            .map_err(|error| object(error.to_string()))
    }
}

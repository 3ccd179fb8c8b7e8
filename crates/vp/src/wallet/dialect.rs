//! Requests in the way of a draft, where the wallet answers those: recognised and translated when they come in.

use credenza_core::json;
use credenza_crypto::{Header, JwtError, Unverified};
use credenza_oauth::Form;
use credenza_query::presentation_exchange::PresentationDefinition;
use http::header::ACCEPT;
use http::{Method, Request, StatusCode};
use serde_json::{Map, Value};

use super::authenticate::{Identified, Parameters, object};
use super::progress::Progress;
use super::{Refusal, Wallet, address};
use crate::Profile;
use crate::dialects::{self, Asking, Definition, Dialect, DialectError, Received};
use crate::messages::{AuthorizationRequest, ClientId, REQUEST_OBJECT_TYPE};
use crate::rules;

impl From<DialectError> for Refusal {
    fn from(error: DialectError) -> Self {
        match error {
            DialectError::ClientId => {
                Self::ClientId("the draft that it is written in has no such identifier")
            }
            error => Self::Request(error.to_string()),
        }
    }
}

impl From<Received> for Parameters {
    fn from(Received { request, spoken, definition }: Received) -> Self {
        Self { request, spoken: Some(spoken), definition }
    }
}

impl Wallet {
    fn dialect(&self, members: &Map<String, Value>) -> Option<Dialect> {
        let answered = self.config.earlier_drafts && self.config.profile != Profile::Haip;
        answered.then(|| dialects::detect(members)).flatten()
    }

    /// The parameters of a link.
    pub(super) fn parameters(&self, form: &Form<'_>) -> Result<Parameters, Refusal> {
        if self.config.earlier_drafts {
            let members = dialects::members(form);
            if let Some(dialect) = self.dialect(&members) {
                return Ok(dialects::from_wire(dialect, members)?.into());
            }
        }
        Ok(AuthorizationRequest::from_query(form).into())
    }

    /// Verifies a request object in the way of a draft; `None`: it is one of 1.0.
    pub(super) async fn authenticate_draft(
        &self,
        client_id: &ClientId,
        jwt: &str,
        progress: &mut Progress,
    ) -> Result<Option<Identified>, Refusal> {
        if !self.config.earlier_drafts {
            return Ok(None);
        }
        let mut typed = false;
        let accepts = |header: &Header| {
            typed = header.has_type(REQUEST_OBJECT_TYPE);
            typed || header.typ.is_none() || header.has_type("JWT")
        };
        let unverified = Unverified::<Map<String, Value>>::parse_untyped(jwt, accepts);
        let wrong = || JwtError::Type(REQUEST_OBJECT_TYPE);
        let unverified = unverified.map_err(|error| object(error.unwrap_or_else(wrong).to_string()))?;
        let Some(dialect) = self.dialect(unverified.dangerous_claims()) else { return Ok(None) };
        if !typed && !dialect.is_untyped() {
            return Err(object(wrong().to_string()));
        }
        let received = dialects::from_wire(dialect, unverified.dangerous_claims().clone())?;
        progress.at(&rules::REQUEST_SAME_CLIENT);
        if received.request.client_id.as_deref() != Some(client_id.as_str()) {
            return Err(Refusal::ClientId("it is another one inside of the request object"));
        }
        let read = |claims| Ok(dialects::from_wire(dialect, claims)?.into());
        self.signed(client_id.clone(), unverified, read, progress).await.map(Some)
    }

    /// With the presentation definition that the request refers to. It is fetched when it is known who asks.
    pub(super) async fn complete(&self, mut identified: Identified) -> Result<Identified, Refusal> {
        if let Asking::At(uri) = &identified.definition {
            let definition = self.fetch_definition(uri).await?;
            if let Some(spoken) = &mut identified.spoken {
                spoken.definition = Some(Definition::of(&definition));
            }
            identified.definition = Asking::Here(Box::new(definition));
        }
        Ok(identified)
    }

    async fn fetch_definition(&self, uri: &str) -> Result<PresentationDefinition, Refusal> {
        let url = address::acceptable(uri, self.config.addresses).filter(|url| url.fragment().is_none());
        let unfit =
            || Refusal::Request("presentation_definition_uri is not a URL that may be fetched".to_owned());
        let url = url.ok_or_else(unfit)?;
        let request =
            Request::builder().method(Method::GET).uri(url.as_str()).header(ACCEPT, "application/json");
        let response =
            self.http.send(request.body(Vec::new()).map_err(|_| unfit())?, self.config.limits).await?;
        if response.status() != StatusCode::OK {
            return Err(Refusal::FetchStatus(response.status().as_u16()));
        }
        let value = json::parse(response.body())
            .map_err(|_| Refusal::Request("the presentation definition is not JSON".to_owned()))?;
        Ok(PresentationDefinition::parse(&value).map_err(DialectError::from)?)
    }
}

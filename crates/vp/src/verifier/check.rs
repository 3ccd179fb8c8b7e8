//! Whether something can be asked for at all: before anything is made or stored for it.

use std::time::Duration;

use credenza_query::dcql::Format;
use url::Url;

use super::config::{MAX_LIFETIME, is_loopback};
use super::{CreateError, PresentationRequest, RequestedPrefix, Verifier, definition, redirect};
use crate::dialects::{Dialect, DialectError, Language};
use crate::messages::{RequestUriMethod, ResponseMode};
use crate::{Profile, Query};

/// No correlation id is longer.
const MAX_CORRELATION_ID: usize = 256;

impl Verifier {
    /// Whether a query can be asked here at all: before it is kept under a name.
    ///
    /// # Errors
    /// What [`create`](Self::create) would say of it, however else it asks.
    pub fn check_query(&self, query: &Query) -> Result<(), CreateError> {
        let query = match query {
            Query::Dcql(query) => query,
            Query::Definition(definition) => return definition::check(definition),
        };
        if query.duplicate_claim().is_some() {
            return Err(CreateError::DuplicateClaim);
        }
        let unknown = query.credentials().iter().find(|one| matches!(one.format, Format::Other(_)));
        match unknown {
            Some(unknown) => Err(CreateError::Format(unknown.format.as_str().to_owned())),
            None => Ok(()),
        }
    }

    pub(super) fn check(
        &self,
        request: &PresentationRequest,
        prefix: RequestedPrefix,
    ) -> Result<(), CreateError> {
        // A website is told nothing but presentations, and so is a verifier that keeps to the profile.
        if request.id_token.is_some()
            && (request.response_mode.is_returned() || self.config.profile == Profile::Haip)
        {
            return Err(CreateError::IdToken);
        }
        if self.config.profile == Profile::Haip {
            haip(request, prefix)?;
        }
        let mode = request.response_mode;
        if let Some((dialect, _)) = request.dialect {
            dialect_allows(dialect, request, self.config.profile)?;
        }
        let redirected = request.redirect_uri.is_some();
        if mode == ResponseMode::Unsupported || mode.is_redirect() != redirected {
            return Err(CreateError::ResponseMode);
        }
        let unsigned = !mode.is_returned() && self.signing(prefix).is_none();
        if (unsigned || request.by_value) && request.request_uri_method == RequestUriMethod::Post {
            return Err(CreateError::Method);
        }
        // The key for an answer comes with the request, and these requests must not bring any.
        let known = matches!(prefix, RequestedPrefix::PreRegistered | RequestedPrefix::OpenidFederation);
        if known && mode.is_encrypted() {
            return Err(CreateError::ResponseMode);
        }
        if let Some(uri) = &request.redirect_uri
            && !redirect::is_allowed(uri, &self.config.redirect_prefixes)
        {
            return Err(CreateError::Redirect);
        }
        if matches!(request.query, Query::Definition(_))
            && !matches!(request.dialect, Some((_, Language::PresentationExchange)))
        {
            return Err(CreateError::Definition("a dialect that has them is needed"));
        }
        let signs = |id: &String| match &request.query {
            Query::Dcql(query) => query
                .credential(id)
                .is_some_and(|one| one.format == Format::SdJwtVc && one.require_cryptographic_holder_binding),
            Query::Definition(definition) => definition::signs(definition, id),
        };
        if !request.transaction_data.iter().all(|data| data.credential_ids().iter().all(signs)) {
            return Err(CreateError::TransactionData);
        }
        self.check_query(&request.query)?;
        if request.correlation_id.as_ref().is_some_and(|id| id.len() > MAX_CORRELATION_ID) {
            return Err(CreateError::TooLong("the correlation id"));
        }
        if let Some(template) = &request.redirect
            && !redirect::is_allowed(template, &self.config.redirect_prefixes)
        {
            return Err(CreateError::Redirect);
        }
        if let Some(endpoint) = &request.authorization_endpoint
            && !is_endpoint(endpoint)
        {
            return Err(CreateError::AuthorizationEndpoint);
        }
        let lifetime = request.lifetime.unwrap_or(self.config.lifetime);
        if lifetime < Duration::from_secs(1) || lifetime > MAX_LIFETIME {
            return Err(CreateError::Lifetime);
        }
        Ok(())
    }
}

/// What drafts do not have, or not in a way that can be said here.
fn dialect_allows(
    dialect: Dialect,
    request: &PresentationRequest,
    profile: Profile,
) -> Result<(), CreateError> {
    let absent = |what| Err(DialectError::Absent(what).into());
    if profile == Profile::Haip {
        return Err(CreateError::Profile("requests are those of OpenID4VP 1.0 (HAIP 1.0 §5)"));
    }
    if request.response_mode.is_returned() {
        return absent("way through the Digital Credentials API or an authorization that is supported");
    }
    if request.scope.is_some() {
        return absent("scope that is supported");
    }
    if dialect.has_scheme() && request.request_uri_method == RequestUriMethod::Post {
        return absent("request_uri_method");
    }
    Ok(())
}

/// What HAIP 1.0 §5.1 and §5.2 leave of the choices of a request.
fn haip(request: &PresentationRequest, prefix: RequestedPrefix) -> Result<(), CreateError> {
    let refuse = |rule| Err(CreateError::Profile(rule));
    if !request.response_mode.is_encrypted() {
        return refuse("answers are encrypted (HAIP 1.0 §5.1, §5.2)");
    }
    if prefix != RequestedPrefix::X509Hash {
        return refuse("signed requests are named by x509_hash (HAIP 1.0 §5)");
    }
    if request.by_value {
        return refuse("signed requests are fetched from a request_uri (HAIP 1.0 §5.1)");
    }
    if request.response_mode.is_posted() && request.redirect.is_none() {
        return refuse("the person is sent back, so a redirect is needed (HAIP 1.0 §5.1)");
    }
    let formats = [Format::SdJwtVc, Format::Mdoc];
    if !request.query.formats().iter().all(|format| formats.contains(format)) {
        return refuse("credentials are SD-JWT VCs or mdocs (HAIP 1.0 §5)");
    }
    Ok(())
}

/// An own scheme or https, and no fragment that would hide the query.
fn is_endpoint(endpoint: &str) -> bool {
    Url::parse(endpoint).is_ok_and(|url| {
        let scheme = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            scheme => redirect::is_own_scheme(scheme),
        };
        scheme && url.fragment().is_none()
    })
}

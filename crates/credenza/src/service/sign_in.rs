//! Where people sign in who do it elsewhere: at an OpenID Provider, or with a credential that they show.

use std::sync::Arc;

use credenza_core::{Clock, Http, Random, Records};
use credenza_oauth::openid::{self, OpenIdClient, Secrecy};
use credenza_query::DcqlQuery;
use credenza_server::sign_in::{
    ClaimMapping, PresentationSignIn, SignInElsewhere, SignInInside, SignInQuery, UpstreamSignIn,
};
use credenza_server::users::UserAuthentication;
use credenza_store::MemoryRecords;
use credenza_vci::issuer::{Issuer, PresentationInside};
use credenza_vp::Verifier;
use url::Url;

/// An OpenID Provider whose people are ours.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its issuer identifier, character by character.
    pub issuer: String,
    /// How we are known there.
    pub client_id: String,
    /// How we prove that.
    pub secrecy: Secrecy,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Whether the UserInfo endpoint is asked.
    pub userinfo: bool,
    /// What the button says.
    pub label: String,
    /// Which claims count.
    pub mapping: ClaimMapping,
}

/// A credential that says who somebody is.
#[derive(Debug, Clone)]
pub struct ShownCredential {
    /// What is asked for.
    pub query: ShownQuery,
    /// What the button says.
    pub label: String,
    /// Which claims count.
    pub mapping: ClaimMapping,
    /// Whether the wallet can be on another device, by a QR code.
    pub other_device: bool,
    /// Whether what is issued has to be bound to the key of what was shown.
    pub same_key: bool,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub enum ShownQuery {
    /// This.
    Fixed(Box<DcqlQuery>),
    /// What is stored under this name over the API.
    Stored(String),
}

/// Where queries are stored.
#[derive(Clone, Copy)]
pub(super) struct Queries<'a> {
    pub(super) records: Option<&'a Arc<dyn Records>>,
    pub(super) service: &'a Url,
}

/// What the ways of signing in need from the service.
pub(super) struct Surroundings<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) verifier: &'a Arc<Verifier>,
    pub(super) queries: Queries<'a>,
    pub(super) http: Arc<dyn Http>,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) random: &'a Arc<dyn Random>,
}

impl Upstream {
    pub(super) fn way(self, around: &Surroundings<'_>) -> Arc<dyn SignInElsewhere> {
        let at = &around.issuer.endpoints().authorization;
        let settings = openid::Settings {
            issuer: self.issuer,
            client_id: self.client_id,
            secrecy: self.secrecy,
            scopes: self.scopes,
            userinfo: self.userinfo,
            redirect_uri: format!("{at}/back/{}", UpstreamSignIn::WAY),
        };
        let (clock, random) = (Arc::clone(around.clock), Arc::clone(around.random));
        let client = OpenIdClient::new(settings, Arc::clone(&around.http), clock, random);
        Arc::new(UpstreamSignIn::new(client, self.label, self.mapping))
    }
}

impl ShownCredential {
    pub(super) fn way(self, around: &Surroundings<'_>) -> Arc<dyn SignInElsewhere> {
        Arc::new(self.sign_in(around.verifier, around.queries))
    }

    /// The same without a browser.
    pub(super) fn inside(
        self,
        verifier: &Arc<Verifier>,
        queries: Queries<'_>,
        people: Option<Arc<dyn UserAuthentication>>,
    ) -> Arc<dyn PresentationInside> {
        Arc::new(SignInInside::new(Arc::new(self.sign_in(verifier, queries)), people))
    }

    fn sign_in(self, verifier: &Arc<Verifier>, queries: Queries<'_>) -> PresentationSignIn {
        let query = match self.query {
            ShownQuery::Fixed(query) => SignInQuery::from(*query),
            ShownQuery::Stored(id) => {
                // Without a place for them nothing is stored, and nothing is found.
                let records = queries.records.cloned().unwrap_or_else(|| Arc::new(MemoryRecords::default()));
                SignInQuery::stored(records, queries.service, id)
            }
        };
        let way = PresentationSignIn::new(Arc::clone(verifier), query, self.label, self.mapping);
        let way = if self.other_device { way } else { way.on_this_device_alone() };
        if self.same_key { way.for_the_same_key() } else { way }
    }
}

//! X.509 anchors, with a look into the revocation lists of the authorities.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use credenza_core::{Answer, Http, Limits, UnixTime};
use credenza_crypto::x509::crl::MAX_CRL;
use credenza_crypto::x509::{Certificate, RevocationLists, RevocationPolicy};
use http::{Request, StatusCode};

use crate::x509_anchors::Found;
use crate::{Distrust, KeyMaterial, Purpose, Trust, Trusted, X509Anchors};

/// What is fetched for a revocation list: 8 MiB, no redirects, ten seconds.
pub const CRL_LIMITS: Limits = Limits { body: MAX_CRL, redirects: 0, time: Duration::from_secs(10) };

/// How many places of one certificate's list are tried.
const MAX_URLS: usize = 2;

/// How long nobody asks again for a list that could not be had.
const PATIENCE: Duration = Duration::from_secs(60);

/// Trusts what its anchors trust, unless a certificate between leaf and anchor is revoked.
///
/// Lists are fetched from where the certificates say they are, after the chain was found to be trusted, so that no
/// stranger can send us anywhere. They are kept until the next one is due; a list that can't be had is not asked for
/// again for a minute. Without a list in force, the [`RevocationPolicy`] decides; as it comes, that is a refusal.
pub struct RevocationChecked {
    anchors: Arc<X509Anchors>,
    http: Arc<dyn Http>,
    policy: RevocationPolicy,
    limits: Limits,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    lists: RevocationLists,
    /// URLs that did not answer with a list, and when they were asked.
    failed: HashMap<String, UnixTime>,
}

impl RevocationChecked {
    /// Checks what these anchors trust.
    #[must_use]
    pub fn new(anchors: Arc<X509Anchors>, http: Arc<dyn Http>, policy: RevocationPolicy) -> Self {
        Self { anchors, http, policy, limits: CRL_LIMITS, known: Mutex::default() }
    }

    /// With other limits than [`CRL_LIMITS`]. Redirects are never followed.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Limits { redirects: 0, ..limits };
        self
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lists that have to be fetched to judge the path: by whom, and from where.
    fn missing(&self, found: &Found, now: UnixTime) -> Vec<(Certificate, Vec<String>)> {
        let known = self.lock();
        let mut missing = Vec::new();
        for (certificate, issuer) in found.path.links(&found.anchor) {
            let is_known =
                known.lists.of(issuer).is_some_and(|list| list.is_current(now) && list.covers(certificate));
            let asked_lately =
                |url: &&String| known.failed.get(*url).is_some_and(|at| now < *at + PATIENCE && now >= *at);
            let urls: Vec<_> = certificate
                .crl_urls
                .iter()
                .take(MAX_URLS)
                .filter(|url| !asked_lately(url))
                .cloned()
                .collect();
            if !is_known && !urls.is_empty() {
                missing.push((issuer.clone(), urls));
            }
        }
        missing
    }

    async fn fetch(&self, issuer: &Certificate, urls: Vec<String>, now: UnixTime) {
        for url in urls {
            let body = self.get(&url).await;
            let mut known = self.lock();
            // A list that is due already is no better than none.
            let added = body
                .and_then(|body| known.lists.add(&body, issuer).ok().map(|list| list.is_current(now)))
                .unwrap_or(false);
            if added {
                known.failed.remove(&url);
                return;
            }
            known.failed.retain(|_, at| now < *at + PATIENCE);
            known.failed.insert(url, now);
        }
    }

    async fn get(&self, url: &str) -> Option<Vec<u8>> {
        let request = Request::get(url).body(Vec::new()).ok()?;
        let response = self.http.send(request, self.limits).await.ok()?;
        (response.status() == StatusCode::OK).then(|| response.into_body())
    }

    fn judge(&self, found: Found, now: UnixTime) -> Result<Trusted, Distrust> {
        self.lock().lists.check(&found.path, &found.anchor, now, self.policy)?;
        Ok(found.trusted)
    }
}

impl Trust for RevocationChecked {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        let found = match self.anchors.find(material, purpose, now) {
            Ok(found) => found,
            Err(distrust) => return Answer::ready(Err(distrust)),
        };
        let missing = self.missing(&found, now);
        if missing.is_empty() {
            return Answer::ready(self.judge(found, now));
        }
        Answer::later(async move {
            for (issuer, urls) in missing {
                self.fetch(&issuer, urls, now).await;
            }
            self.judge(found, now)
        })
    }
}

impl fmt::Debug for RevocationChecked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RevocationChecked({:?}, {:?})", self.policy, self.anchors)
    }
}

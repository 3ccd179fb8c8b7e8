//! A browser that nobody sits at: follows redirects until one leads back to whoever has sent it.

use credenza_core::{HttpError, Limits};
use http::header::LOCATION;
use http::{Request, StatusCode};
use url::Url;

use super::{ReqwestHttp, redirects};

/// So many redirects are followed before the last one.
const MAX_HOPS: u32 = 5;

/// Why the browser did not come back.
#[derive(Debug, thiserror::Error)]
pub enum NotSentBack {
    /// A server on the way was not asked, or did not answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It was shown a page: somebody would have to read it.
    #[error("the server answered with a page (status {}), for somebody to read", .0.as_u16())]
    Page(StatusCode),
    /// It was sent from one place to the next.
    #[error("the server sent the browser from place to place, more than {MAX_HOPS} times")]
    TooFar,
}

impl ReqwestHttp {
    /// Opens `start` as a browser does that has no cookies and shows no page, and follows redirects until one leads to
    /// `end`, whatever its query: that URL. It is not opened. Each place on the way is judged by the address policy,
    /// and all of them together have the limits' time.
    ///
    /// # Errors
    /// See [`NotSentBack`].
    pub async fn sent_back(&self, start: &Url, end: &Url, limits: Limits) -> Result<Url, NotSentBack> {
        match tokio::time::timeout(limits.time, self.wander(start.clone(), end, limits.body)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::TimedOut.into()),
        }
    }

    async fn wander(&self, mut at: Url, end: &Url, limit: usize) -> Result<Url, NotSentBack> {
        for _ in 0..=MAX_HOPS {
            let here = self.allowed(at.as_str())?;
            let request = Request::new(Vec::new());
            let response = self.once(here.clone(), request, limit).await?;
            if !redirects(response.status()) {
                return Err(NotSentBack::Page(response.status()));
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            at = location.and_then(|location| here.join(location).ok()).ok_or(HttpError::Redirected)?;
            if place(&at) == place(end) {
                return Ok(at);
            }
        }
        Err(NotSentBack::TooFar)
    }
}

/// A URL without its query and fragment.
fn place(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url
}

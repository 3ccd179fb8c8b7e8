//! Adapters of the Http port that open no socket: a closure, and a table that remembers what was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use ::http::{Method, Request, Response};

use crate::{Answer, Http, HttpError, Limits};

/// An [`Http`] that asks a closure: the other party in the same process, without a socket.
///
/// It keeps the promises of the port: a body beyond [`Limits::body`] is [`HttpError::TooLarge`], and a redirect,
/// which it never follows, is [`HttpError::Redirected`].
///
/// ```
/// use credenza_core::{FnHttp, Http};
///
/// let http = FnHttp::new(|request, _limits| Ok(http::Response::new(request.into_body())));
/// let echo = http.send(http::Request::new(b"hello".to_vec()), Default::default());
/// ```
#[derive(Clone, Copy)]
pub struct FnHttp<F>(F);

impl<F> FnHttp<F>
where
    F: Fn(Request<Vec<u8>>, Limits) -> Result<Response<Vec<u8>>, HttpError> + Send + Sync,
{
    /// An adapter that answers what the closure answers.
    pub fn new(answer: F) -> Self {
        Self(answer)
    }
}

impl<F> Http for FnHttp<F>
where
    F: Fn(Request<Vec<u8>>, Limits) -> Result<Response<Vec<u8>>, HttpError> + Send + Sync,
{
    fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        Answer::ready((self.0)(request, limits).and_then(|response| within(response, limits)))
    }
}

impl<F> std::fmt::Debug for FnHttp<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FnHttp")
    }
}

/// An [`Http`] that answers from a table of (method, URL), and remembers every request: for tests and for replays of
/// a flow.
///
/// Several answers for one method and URL are given one after the other, the last of them for ever. What is not in
/// the table is [`HttpError::Unreachable`]. Limits hold as for [`FnHttp`].
///
/// ```
/// use credenza_core::{Http, RecordedHttp};
/// use http::{Method, Request, Response};
///
/// let http = RecordedHttp::new().on(Method::GET, "https://issuer.example/nonce", Response::new(b"{}".to_vec()));
/// let answer = http.send(Request::get("https://issuer.example/nonce").body(vec![]).unwrap(), Default::default());
/// assert_eq!(http.requests().len(), 1);
/// ```
#[derive(Default)]
pub struct RecordedHttp {
    answers: Mutex<HashMap<(Method, String), VecDeque<Recorded>>>,
    requests: Mutex<Vec<Request<Vec<u8>>>>,
}

type Recorded = Result<Response<Vec<u8>>, HttpError>;

impl RecordedHttp {
    /// An empty table: every host is unreachable.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer. The URL is compared as written, with its query.
    #[must_use]
    pub fn on(self, method: Method, url: &str, response: Response<Vec<u8>>) -> Self {
        self.add(method, url, Ok(response));
        self
    }

    /// Adds a failure.
    #[must_use]
    pub fn fails(self, method: Method, url: &str, error: HttpError) -> Self {
        self.add(method, url, Err(error));
        self
    }

    /// Adds an answer to a table that is already in use.
    pub fn add(&self, method: Method, url: &str, answer: Result<Response<Vec<u8>>, HttpError>) {
        lock(&self.answers).entry((method, url.to_owned())).or_default().push_back(answer);
    }

    /// What was asked so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request<Vec<u8>>> {
        lock(&self.requests).clone()
    }

    fn answer(&self, request: Request<Vec<u8>>) -> Recorded {
        let name = (request.method().clone(), request.uri().to_string());
        lock(&self.requests).push(request);
        let mut answers = lock(&self.answers);
        let found = answers.get_mut(&name).and_then(|queue| match queue.len() {
            0 | 1 => queue.front().cloned(),
            _ => queue.pop_front(),
        });
        found
            .unwrap_or_else(|| Err(HttpError::Unreachable("nothing is recorded for this request".to_owned())))
    }
}

impl Http for RecordedHttp {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        Answer::ready(self.answer(request).and_then(|response| within(response, limits)))
    }
}

impl std::fmt::Debug for RecordedHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordedHttp").field("requests", &lock(&self.requests).len()).finish_non_exhaustive()
    }
}

/// What a caller with these limits would have got over the network.
fn within(response: Response<Vec<u8>>, limits: Limits) -> Recorded {
    if matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Err(HttpError::Redirected);
    }
    if response.body().len() > limits.body {
        return Err(HttpError::TooLarge(limits.body));
    }
    Ok(response)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn now<T: Unpin>(mut answer: Answer<'_, T>) -> T {
        match Pin::new(&mut answer).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("an adapter in memory answers at once"),
        }
    }

    fn get(url: &str) -> Request<Vec<u8>> {
        Request::get(url).body(Vec::new()).unwrap()
    }

    fn text(body: &str) -> Response<Vec<u8>> {
        Response::new(body.as_bytes().to_vec())
    }

    fn status(code: u16) -> Response<Vec<u8>> {
        Response::builder().status(code).header("location", "https://b.example/").body(Vec::new()).unwrap()
    }

    #[test]
    fn a_closure_sees_request_and_limits() {
        let http = FnHttp::new(|request, limits| Ok(text(&format!("{} {}", request.method(), limits.body))));
        let limits = Limits { body: 99, ..Limits::default() };
        assert_eq!(now(http.send(get("https://a.example/"), limits)).unwrap().body(), b"GET 99");
    }

    #[test]
    fn limits_hold() {
        let http = FnHttp::new(|_, _| Ok(text("12345")));
        let ask = |body| now(http.send(get("https://a.example/"), Limits { body, ..Limits::default() }));
        assert!(ask(5).is_ok());
        assert_eq!(ask(4).unwrap_err(), HttpError::TooLarge(4));

        for code in [301, 302, 303, 307, 308] {
            let http = FnHttp::new(move |_, _| Ok(status(code)));
            let answer = now(http.send(get("https://a.example/"), Limits::default()));
            assert_eq!(answer.unwrap_err(), HttpError::Redirected, "{code}");
        }
        let http = FnHttp::new(|_, _| Ok(status(304)));
        assert_eq!(now(http.send(get("https://a.example/"), Limits::default())).unwrap().status(), 304);
    }

    #[test]
    fn the_table_answers_by_method_and_url_and_in_order() {
        let http = RecordedHttp::new()
            .on(Method::GET, "https://a.example/x?y=1", text("one"))
            .on(Method::GET, "https://a.example/x?y=1", text("two"))
            .on(Method::POST, "https://a.example/x?y=1", text("posted"))
            .fails(Method::GET, "https://slow.example/", HttpError::TimedOut);
        let ask = |request| now(http.send(request, Limits::default()));
        let body = |request| String::from_utf8(ask(request).unwrap().into_body()).unwrap();

        assert_eq!(body(get("https://a.example/x?y=1")), "one");
        assert_eq!(body(Request::post("https://a.example/x?y=1").body(b"form".to_vec()).unwrap()), "posted");
        assert_eq!(body(get("https://a.example/x?y=1")), "two");
        assert_eq!(body(get("https://a.example/x?y=1")), "two");
        assert_eq!(ask(get("https://slow.example/")).unwrap_err(), HttpError::TimedOut);
        assert!(matches!(ask(get("https://a.example/x")), Err(HttpError::Unreachable(_))));
        http.add(Method::GET, "https://a.example/x", Ok(text("late")));
        assert_eq!(body(get("https://a.example/x")), "late");

        let requests = http.requests();
        assert_eq!(requests.len(), 7);
        assert_eq!(requests[1].method(), Method::POST);
        assert_eq!(requests[1].body(), b"form");
    }

    #[test]
    fn debug_tells_no_url() {
        let http = RecordedHttp::new();
        let _ = now(http.send(get("https://a.example/?code=secret"), Limits::default()));
        assert_eq!(format!("{http:?}"), "RecordedHttp { requests: 1, .. }");
        assert_eq!(format!("{:?}", FnHttp::new(|_, _| Ok(text("")))), "FnHttp");
    }
}

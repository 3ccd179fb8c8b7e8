//! Somebody on the line: sees what the wallet sends, and changes it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use credenza::core::{AddressPolicy, Answer, Http, HttpError, Limits, b64};
use credenza::http::ReqwestHttp;
use http::{Method, Request, Response};
use serde_json::Value;

pub(super) struct Tap {
    inner: ReqwestHttp,
    tamper: AtomicBool,
    last_post: Mutex<Option<Request<Vec<u8>>>>,
}

impl Tap {
    pub(super) fn new() -> Self {
        Self {
            inner: ReqwestHttp::new(AddressPolicy::Loopback),
            tamper: AtomicBool::new(false),
            last_post: Mutex::default(),
        }
    }

    /// From now on, a claim in what is presented is another one, or is left as it is.
    pub(super) fn tamper(&self, on: bool) {
        self.tamper.store(on, Ordering::SeqCst);
    }

    /// Sends the last POST again, as it was.
    pub(super) async fn replay(&self) -> Option<Result<Response<Vec<u8>>, HttpError>> {
        let request = self.last_post.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(self.inner.send(request, Limits::default()).await)
    }
}

impl Http for Tap {
    fn send(
        &self,
        mut request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        if request.method() == Method::POST {
            if self.tamper.load(Ordering::SeqCst)
                && let Some(changed) = tampered(request.body())
            {
                *request.body_mut() = changed;
            }
            *self.last_post.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.clone());
        }
        self.inner.send(request, limits)
    }
}

/// The form with the first disclosed claim of the first presentation changed: "Erika" becomes "Mallory".
fn tampered(form: &[u8]) -> Option<Vec<u8>> {
    let mut fields: Vec<(String, String)> = serde_urlencoded::from_bytes(form).ok()?;
    let (_, vp_token) = fields.iter_mut().find(|(name, _)| name == "vp_token")?;
    let mut token: Value = serde_json::from_str(vp_token).ok()?;
    let presentation = token.as_object_mut()?.values_mut().next()?.get_mut(0)?;
    let mut parts: Vec<String> = presentation.as_str()?.split('~').map(str::to_owned).collect();
    let disclosure = parts.get_mut(1)?;
    let mut claim: Vec<Value> = serde_json::from_slice(&b64::decode(disclosure.as_str()).ok()?).ok()?;
    *claim.last_mut()? = Value::from("Mallory");
    *disclosure = b64::encode(Value::from(claim).to_string());
    *presentation = Value::from(parts.join("~"));
    *vp_token = token.to_string();
    serde_urlencoded::to_string(&fields).ok().map(String::into_bytes)
}

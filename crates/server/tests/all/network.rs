//! The network of a test: everything goes to one router, which may come later than those who ask.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use credenza_core::{Answer, Http, HttpError, Limits};
use http::{Request, Response};
use tower::ServiceExt as _;

#[derive(Default)]
pub(crate) struct Network(OnceLock<Router>);

impl Network {
    pub(crate) fn leads_to(self: &Arc<Self>, router: &Router) {
        let _ = self.0.set(router.clone());
    }
}

impl Http for Network {
    fn send(&self, request: Request<Vec<u8>>, _: Limits) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        let Some(router) = self.0.get().cloned() else {
            return Answer::ready(Err(HttpError::Unreachable("nobody is there yet".to_owned())));
        };
        Answer::later(async move {
            let response = router.oneshot(request.map(Body::from)).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            Ok(Response::from_parts(parts, body.to_vec()))
        })
    }
}

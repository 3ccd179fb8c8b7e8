//! The routers: of all planes, or of those that the world sees and those of the operator apart.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;

use crate::guard::guard;
use crate::keep_up::keep_up;
use crate::routes::{Route, Routes};
use crate::service::{Pages, Service};
use crate::{admin, pages, wallet_plane, web};

impl Service {
    /// The router of all planes, with the guard around it.
    pub fn router(self: &Arc<Self>) -> Router {
        self.guarded(self.routes())
    }

    /// The same without `/api/v1` and `/metrics`, which are in [`admin_router`](Self::admin_router).
    pub fn public_router(self: &Arc<Self>) -> Router {
        let mut routes = Routes::new(&self.base_path);
        self.public(&mut routes);
        admin::probes(&mut routes);
        self.guarded(routes)
    }

    /// The admin plane alone, for a listener that the world does not reach.
    pub fn admin_router(self: &Arc<Self>) -> Router {
        let mut routes = Routes::new(&self.base_path);
        admin::routes(self, &mut routes);
        self.guarded(routes)
    }

    /// Every route that this service has, for documentation and tests.
    #[must_use]
    pub fn route_table(&self) -> Vec<Route> {
        self.routes().table
    }

    fn routes(&self) -> Routes {
        let mut routes = Routes::new(&self.base_path);
        self.public(&mut routes);
        admin::routes(self, &mut routes);
        routes
    }

    fn public(&self, routes: &mut Routes) {
        wallet_plane::routes(self, routes);
        if self.pages != Pages::Off || !self.websites.is_empty() {
            web::routes(routes);
        }
        pages::answer::routes(routes);
        pages::assets(routes);
        if self.pages != Pages::Off {
            pages::routes(self, routes);
        }
    }

    fn guarded(self: &Arc<Self>, routes: Routes) -> Router {
        routes
            .router
            .with_state(Arc::clone(self))
            .layer(from_fn_with_state(Arc::clone(self), keep_up))
            .layer(DefaultBodyLimit::max(self.limits.body))
            .layer(from_fn_with_state(Arc::clone(self), guard))
    }
}

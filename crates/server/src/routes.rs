//! The one table of routes: what is routed is written down, so that tests and documentation can compare.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, MethodRouter};
use http::Method;

use crate::guard::Plane;
use crate::service::Service;

/// A route of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below the base URL, with `{id}` for what varies.
    pub path: String,
    /// Whether it belongs to the admin plane.
    pub admin: bool,
}

/// A router that is being put together, and its table.
pub(crate) struct Routes {
    pub(crate) router: Router<Arc<Service>>,
    pub(crate) table: Vec<Route>,
    base: String,
}

impl Routes {
    pub(crate) fn new(base: &str) -> Self {
        Self { router: Router::new(), table: Vec::new(), base: base.to_owned() }
    }

    /// Adds a route below the base URL.
    pub(crate) fn on<H, T>(&mut self, method: Method, path: &str, handler: H)
    where
        H: axum::handler::Handler<T, Arc<Service>>,
        T: 'static,
    {
        let full = format!("{}{path}", self.base);
        self.add(method, path.to_owned(), &full, handler);
    }

    /// Adds a route at a path that counts from the root of the host.
    pub(crate) fn at_root<H, T>(&mut self, method: Method, path: &str, handler: H)
    where
        H: axum::handler::Handler<T, Arc<Service>>,
        T: 'static,
    {
        let below = path.strip_prefix(&self.base).unwrap_or(path).to_owned();
        self.add(method, below, path, handler);
    }

    fn add<H, T>(&mut self, method: Method, path: String, full: &str, handler: H)
    where
        H: axum::handler::Handler<T, Arc<Service>>,
        T: 'static,
    {
        let Ok(filter) = MethodFilter::try_from(method.clone()) else { return };
        let router = std::mem::take(&mut self.router);
        self.router = router.route(full, MethodRouter::new().on(filter, handler));
        self.table.push(Route { method, admin: Plane::of(&path) == Plane::Admin, path });
    }

    /// Adds routes that have a layer around them.
    pub(crate) fn merge(&mut self, other: Self) {
        let own = std::mem::take(&mut self.router);
        self.router = own.merge(other.router);
        self.table.extend(other.table);
    }

    /// An empty table of the same base.
    pub(crate) fn apart(&self) -> Self {
        Self::new(&self.base)
    }
}

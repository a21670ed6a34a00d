//! Collects routes and what OpenAPI says of them at once, so that the two cannot drift apart.

use std::collections::BTreeMap;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use bytes::Bytes;
use http::Uri;
use utoipa::openapi::path::HttpMethod;

use crate::app::App;
use crate::observe::{Observe, TimeoutClass};
use crate::openapi::{Document, Operation};
use crate::problem::ApiError;

/// What is known of one path.
#[derive(Default)]
struct Path {
    methods: MethodRouter<App>,
    timeout_class: TimeoutClass,
    /// The methods it takes, for who asks with another.
    allowed: Vec<&'static str>,
}

impl Path {
    fn allow(&mut self, method: &'static str) {
        if !self.allowed.contains(&method) {
            self.allowed.push(method);
        }
    }
}

/// Routes, by path.
#[derive(Default)]
pub(crate) struct Routes {
    paths: BTreeMap<&'static str, Path>,
    document: Document,
}

impl Routes {
    /// Begins a group of operations.
    pub(crate) fn tag(mut self, name: &str, about: &str) -> Self {
        self.document.tag(name, about);
        self
    }

    /// A route for `GET`, which also answers `HEAD`.
    pub(crate) fn get<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.on(HttpMethod::Get, path, handler, operation)
    }

    /// A route for `POST`.
    pub(crate) fn post<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.on(HttpMethod::Post, path, handler, operation)
    }

    /// A route for `PUT`.
    pub(crate) fn put<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.on(HttpMethod::Put, path, handler, operation)
    }

    /// A route for `DELETE`.
    pub(crate) fn delete<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.on(HttpMethod::Delete, path, handler, operation)
    }

    /// A route for `HEAD` that is described by itself.
    pub(crate) fn head<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.on(HttpMethod::Head, path, handler, operation)
    }

    /// A `POST` that the server makes by itself.
    pub(crate) fn pushes(mut self, name: &'static str, operation: Operation) -> Self {
        self.document.add_webhook(name, operation);
        self
    }

    /// A route for `GET` that is no part of the API and not described.
    pub(crate) fn unlisted<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(&HttpMethod::Get, path, handler);
        self
    }

    fn on<H, T>(mut self, method: HttpMethod, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let timeout_class = operation.timeout_class;
        let entry = self.add(&method, path, handler);
        if timeout_class != TimeoutClass::Usual {
            entry.timeout_class = timeout_class;
        }
        self.document.add(method, path, operation);
        self
    }

    fn add<H, T>(&mut self, method: &HttpMethod, path: &'static str, handler: H) -> &mut Path
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let (filter, name) = match method {
            HttpMethod::Post => (MethodFilter::POST, "POST"),
            HttpMethod::Put => (MethodFilter::PUT, "PUT"),
            HttpMethod::Delete => (MethodFilter::DELETE, "DELETE"),
            HttpMethod::Head => (MethodFilter::HEAD, "HEAD"),
            _ => (MethodFilter::GET, "GET"),
        };
        let entry = self.paths.entry(path).or_default();
        entry.methods = std::mem::take(&mut entry.methods).on(filter, handler);
        entry.allow(name);
        if name == "GET" {
            entry.allow("HEAD");
        }
        entry
    }

    /// The router of all these, with the layer around each; anything else is a 404 problem.
    pub(crate) fn build(self, app: &App) -> Router {
        let mut router = Router::new();
        for (path, Path { methods, timeout_class, allowed }) in self.paths {
            let methods = Observe::around_these(app, path, timeout_class, methods, allowed.join(", "));
            router = router.route(path, methods);
        }
        let unknown = Observe::around(app, "unknown", TimeoutClass::Usual, MethodRouter::new().fallback(unknown));
        let document = self.document.finish();
        for (place, document) in [(&app.document, document.current), (&app.document_earlier, document.earlier)] {
            let _ = place.set(Bytes::from(serde_json::to_vec(&document).unwrap_or_default()));
        }
        router.fallback_service(unknown.with_state(app.clone())).with_state(app.clone())
    }
}

async fn unknown(uri: Uri) -> ApiError {
    ApiError::not_found(uri.path())
}

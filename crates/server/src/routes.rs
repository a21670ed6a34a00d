//! Collects routes and what OpenAPI says of them at once, so that the two cannot drift apart.

use std::collections::BTreeMap;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use bytes::Bytes;
use http::Uri;
use utoipa::openapi::path::HttpMethod;

use crate::face::Face;
use crate::observe::{Observe, Patience};
use crate::openapi::{Document, Operation};
use crate::problem::Fault;

/// Routes, by path.
#[derive(Default)]
pub(crate) struct Routes {
    paths: BTreeMap<&'static str, (MethodRouter<Face>, Patience)>,
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
        H: Handler<T, Face>,
        T: 'static,
    {
        self.on(HttpMethod::Get, path, handler, operation)
    }

    /// A route for `POST`.
    pub(crate) fn post<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Face>,
        T: 'static,
    {
        self.on(HttpMethod::Post, path, handler, operation)
    }

    /// A route for `PUT`.
    pub(crate) fn put<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Face>,
        T: 'static,
    {
        self.on(HttpMethod::Put, path, handler, operation)
    }

    /// A route for `DELETE`.
    pub(crate) fn delete<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Face>,
        T: 'static,
    {
        self.on(HttpMethod::Delete, path, handler, operation)
    }

    /// A route for `HEAD` that is described by itself.
    pub(crate) fn head<H, T>(self, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Face>,
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
        H: Handler<T, Face>,
        T: 'static,
    {
        self.add(MethodFilter::GET, path, handler);
        self
    }

    fn on<H, T>(mut self, method: HttpMethod, path: &'static str, handler: H, operation: Operation) -> Self
    where
        H: Handler<T, Face>,
        T: 'static,
    {
        let filter = match method {
            HttpMethod::Post => MethodFilter::POST,
            HttpMethod::Put => MethodFilter::PUT,
            HttpMethod::Delete => MethodFilter::DELETE,
            HttpMethod::Head => MethodFilter::HEAD,
            _ => MethodFilter::GET,
        };
        let patience = operation.patience;
        let entry = self.add(filter, path, handler);
        if patience != Patience::Usual {
            entry.1 = patience;
        }
        self.document.add(method, path, operation);
        self
    }

    fn add<H, T>(&mut self, filter: MethodFilter, path: &'static str, handler: H) -> &mut (MethodRouter<Face>, Patience)
    where
        H: Handler<T, Face>,
        T: 'static,
    {
        let entry = self.paths.entry(path).or_default();
        entry.0 = std::mem::take(&mut entry.0).on(filter, handler);
        entry
    }

    /// The router of all these, with the layer around each; anything else is a 404 problem.
    pub(crate) fn build(self, face: &Face) -> Router {
        let mut router = Router::new();
        for (path, (methods, patience)) in self.paths {
            router = router.route(path, Observe::around(face, path, patience, methods));
        }
        let unknown = Observe::around(face, "unknown", Patience::Usual, MethodRouter::new().fallback(unknown));
        let document = serde_json::to_vec(&self.document.finish()).unwrap_or_default();
        let _ = face.document.set(Bytes::from(document));
        router.fallback_service(unknown.with_state(face.clone())).with_state(face.clone())
    }
}

async fn unknown(uri: Uri) -> Fault {
    Fault::not_found(uri.path())
}

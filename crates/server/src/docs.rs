//! The description of the API: as OpenAPI, and as a page that is served from the binary.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, VARY};
use http::{HeaderMap, StatusCode};
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::app::App;
use crate::problem::ApiError;

/// The page runs its own scripts, styles itself, and asks nobody but this server.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                      script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What the page needs so that everybody can use it: colours that can be told apart, and names of fields.
const ACCESSIBLE: [(&str, &str, &[u8]); 2] = [
    ("accessible.css", "text/css", include_bytes!("docs/accessible.css")),
    ("accessible.js", "text/javascript", include_bytes!("docs/accessible.js")),
];

/// `GET /openapi.json`
pub(crate) async fn openapi(State(app): State<App>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    (headers, app.document.get().cloned().unwrap_or_default()).into_response()
}

/// `GET /openapi-3.0.json`
pub(crate) async fn openapi_earlier(State(app): State<App>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    (headers, app.document_earlier.get().cloned().unwrap_or_default()).into_response()
}

/// `GET /`: leads a browser to the page
pub(crate) async fn root(headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        return (StatusCode::FOUND, [(LOCATION, "/docs"), (VARY, "Accept")]).into_response();
    }
    ApiError::not_found("/").into_response()
}

/// `GET /docs`
pub(crate) async fn page() -> Response {
    let Some(file) = file_of("index.html") else { return ApiError::not_found("/docs").into_response() };
    // The page's own addresses are relative to a folder, and `/docs` is none.
    let html =
        String::from_utf8_lossy(&file.bytes).replace("\"./", "\"/docs/").replace("\"index.css", "\"/docs/index.css");
    let html = html.replace("<title>Swagger UI</title>", "<title>coordination: the HTTP API</title>");
    let html = html.replace("</head>", "<link rel=\"stylesheet\" href=\"/docs/accessible.css\" />\n</head>");
    let html = html.replace("</body>", "<script src=\"/docs/accessible.js\"></script>\n</body>");
    let html = html.replace("<div id=\"swagger-ui\"></div>", "<main id=\"swagger-ui\"></main>");
    (headers("text/html; charset=utf-8".to_owned()), html).into_response()
}

/// `GET /docs/{file}`: what the page is made of
pub(crate) async fn part(Path(path): Path<String>) -> Response {
    if let Some((_, media_type, bytes)) = ACCESSIBLE.iter().find(|(name, ..)| *name == path) {
        return (headers((*media_type).to_owned()), *bytes).into_response();
    }
    match file_of(&path) {
        Some(file) => (headers(file.content_type), bytes(file.bytes)).into_response(),
        None => ApiError::not_found(&format!("/docs/{path}")).into_response(),
    }
}

fn file_of(path: &str) -> Option<SwaggerFile<'static>> {
    // A link inside of a button is one too many for who goes from one to the next by the keyboard.
    let config = Config::from("/openapi.json").try_it_out_enabled(true).deep_linking(false).use_base_layout();
    utoipa_swagger_ui::serve(path, Arc::new(config)).ok().flatten()
}

fn headers(content_type: String) -> [(HeaderName, String); 3] {
    [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (CACHE_CONTROL, "max-age=3600".to_owned()),
    ]
}

/// What is part of the binary is not copied.
fn bytes(content: Cow<'static, [u8]>) -> Bytes {
    match content {
        Cow::Borrowed(content) => Bytes::from_static(content),
        Cow::Owned(content) => content.into(),
    }
}

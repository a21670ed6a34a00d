use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder, RefOr, Schema, Tag};
use utoipa::{PartialSchema, ToSchema};

use super::{Operation, example};

/// How a key is given.
const KEY: &str = "key";

const ABOUT: &str = "Messages between AI agents, people and services that cannot be lost: durable, ordered, \
acknowledged, with authority, quality gates and a hash-chained log of everything that happened.\n\n\
On a loopback address with no keys made, everything is open. Otherwise send `Authorization: Bearer coord_...`.\n\n\
Every answer has an `X-Request-Id`; a sane one that the caller gives (1 to 128 visible ASCII characters) is kept.";

/// The description of the API while it is collected.
#[derive(Default)]
pub(crate) struct Document {
    paths: Paths,
    /// What the server sends by itself, by name.
    webhooks: BTreeMap<&'static str, Value>,
    schemas: BTreeMap<String, RefOr<Schema>>,
    tags: Vec<Tag>,
}

impl Document {
    /// Begins a group of operations.
    pub(crate) fn tag(&mut self, name: &str, about: &str) {
        self.tags.push(TagBuilder::new().name(name).description(Some(about)).build());
    }

    /// Adds an operation to the group that was begun last.
    pub(crate) fn add(&mut self, method: HttpMethod, path: &str, operation: Operation) {
        let mut operation = operation.finished(path);
        self.schemas.extend(std::mem::take(&mut operation.schemas));
        let tag = self.tags.last().map(|tag| tag.name.clone()).unwrap_or_default();
        self.paths.add_path_operation(path, vec![method], operation.builder.tag(tag));
    }

    /// Adds a `POST` that the server makes by itself to the group that was begun last.
    pub(crate) fn add_webhook(&mut self, name: &'static str, mut operation: Operation) {
        self.schemas.extend(std::mem::take(&mut operation.schemas));
        let tag = self.tags.last().map(|tag| tag.name.clone()).unwrap_or_default();
        let operation = serde_json::to_value(operation.builder.tag(tag).build()).unwrap_or_default();
        self.webhooks.insert(name, json!({"post": operation}));
    }

    /// The whole as JSON, with an example for every body.
    pub(crate) fn finish(mut self) -> Value {
        let mut problem = vec![(protocol::Problem::name().into_owned(), protocol::Problem::schema())];
        protocol::Problem::schemas(&mut problem);
        self.schemas.extend(problem);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("coord_...");
        let bearer = bearer.description(Some("A key from `coord keys create`; none on an open server.")).build();
        let components = ComponentsBuilder::new()
            .schemas_from_iter(self.schemas)
            .security_scheme(KEY, SecurityScheme::Http(bearer))
            .build();
        let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
        let info = InfoBuilder::new()
            .title("coordination")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some(ABOUT))
            .license(Some(license));
        let document = OpenApiBuilder::new()
            .info(info.build())
            .paths(self.paths)
            .components(Some(components))
            .tags(Some(self.tags))
            .security(Some([SecurityRequirement::new(KEY, [""; 0]), SecurityRequirement::default()]))
            .build();
        let mut document = serde_json::to_value(document).unwrap_or_default();
        document["webhooks"] = json!(self.webhooks);
        example::fill(&mut document);
        document
    }
}

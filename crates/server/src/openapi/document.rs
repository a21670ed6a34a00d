use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder, RefOr, Schema, Tag};
use utoipa::{PartialSchema, ToSchema};

use super::{Operation, earlier, event, example, pattern, refusal};

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
    /// The paths of streams, with the schema of their items.
    streams: Vec<(String, String)>,
}

/// The document in both forms, as JSON.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// OpenAPI 3.1.
    pub(crate) current: Value,
    /// OpenAPI 3.0.
    pub(crate) earlier: Value,
}

impl Document {
    /// Begins a group of operations.
    pub(crate) fn tag(&mut self, name: &str, about: &str) {
        self.tags.push(TagBuilder::new().name(name).description(Some(about)).build());
    }

    /// Adds an operation to the group that was begun last.
    pub(crate) fn add(&mut self, method: HttpMethod, path: &str, operation: Operation) {
        if let Some(item) = operation.streams.clone() {
            self.streams.push((path.to_owned(), item));
        }
        let changes = !matches!(method, HttpMethod::Get | HttpMethod::Head);
        let mut operation = operation.finished(path, changes);
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
    pub(crate) fn finish(mut self) -> Written {
        let streams = std::mem::take(&mut self.streams);
        let mut document = self.assembled();
        if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
            event::divide(schemas);
        }
        refusal::write(&mut document["components"]);
        pattern::write(&mut document);
        example::fill(&mut document);
        for (path, item) in streams {
            let streamed = format!("Streamed{item}");
            let item = format!("#/components/schemas/{item}");
            document["components"]["schemas"][&streamed] = streamed_event(&item);
            let content = &mut document["paths"][&path]["get"]["responses"]["200"]["content"]["text/event-stream"];
            content["x-itemSchema"] = json!({"$ref": format!("#/components/schemas/{streamed}")});
        }
        let earlier = earlier::converted(&document);
        Written { current: document, earlier }
    }

    fn assembled(mut self) -> Value {
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
        document["servers"] = json!([{"url": "/", "description": "The server that this document comes from."}]);
        document["info"]["contact"] = json!({"name": "coordination", "url": env!("CARGO_PKG_REPOSITORY")});
        document["webhooks"] = json!(self.webhooks);
        document
    }
}

/// One server-sent event whose data are JSON of this schema.
fn streamed_event(data: &str) -> Value {
    json!({
        "type": "object", "description": "One server-sent event.", "required": ["id", "data"],
        "properties": {
            "id": {"type": "string", "description": "The position in the log; `Last-Event-ID` resumes behind it."},
            "event": {"type": "string", "description": "Left out, but where the stream says something about itself."},
            "data": {
                "type": "string", "description": format!("JSON, described by `{data}`."),
                "contentMediaType": "application/json", "contentSchema": {"$ref": data},
            },
        },
    })
}

use domain::Code;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Required, ResponseBuilder, Schema};
use utoipa::{IntoParams, ToSchema};

use super::{refusal, schema};
use crate::observe::TimeoutClass;
use protocol::problems::{status, title};

/// What one operation takes and answers, for the document; and how long its handler may take.
#[derive(Default)]
pub(crate) struct Operation {
    pub(super) builder: OperationBuilder,
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
    /// What its stream carries, where it answers with one.
    pub(super) streams: Option<String>,
    problems: Vec<Code>,
    /// Whether it needs no key.
    open: bool,
    /// How long its handler may take.
    pub(crate) timeout_class: TimeoutClass,
}

/// Begins the description of an operation: its id and what it does in a sentence.
pub(crate) fn op(id: &'static str, summary: &str) -> Operation {
    let builder =
        OperationBuilder::new().operation_id(Some(id)).summary(Some(summary)).description(Some(format!("{summary}.")));
    Operation { builder, ..Operation::default() }
}

impl Operation {
    /// More about it.
    pub(crate) fn about(self, text: &str) -> Self {
        self.built(|builder| builder.description(Some(text)))
    }

    /// It needs no key.
    pub(crate) fn open(mut self) -> Self {
        self.open = true;
        self.built(|builder| builder.security(SecurityRequirement::default()))
    }

    /// It takes a JSON object.
    pub(crate) fn takes<T: ToSchema>(self) -> Self {
        self.body::<T>(Required::True)
    }

    /// It takes a JSON object, which may be left out.
    pub(crate) fn may_take<T: ToSchema>(self) -> Self {
        self.body::<T>(Required::False)
    }

    fn body<T: ToSchema>(mut self, required: Required) -> Self {
        self.problems.extend_from_slice(refusal::READING_JSON);
        let content = ContentBuilder::new().schema(Some(self.schema::<T>())).build();
        let body = RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build();
        self.built(|builder| builder.request_body(Some(body)))
    }

    /// It takes any bytes.
    pub(crate) fn takes_bytes(mut self) -> Self {
        self.problems.extend([Code::UnsupportedMediaType, Code::InvalidField]);
        let content = ContentBuilder::new().schema(Some(schema::bytes())).build();
        let about = "The bytes, of any media type.";
        let body = RequestBodyBuilder::new().content("application/octet-stream", content).description(Some(about));
        self.built(|builder| builder.request_body(Some(body.required(Some(Required::True)).build())))
    }

    /// It takes query parameters.
    pub(crate) fn asks<T: IntoParams>(mut self) -> Self {
        self.problems.extend_from_slice(refusal::READING_QUERY);
        T::into_params(|| Some(ParameterIn::Query))
            .into_iter()
            .fold(self, |operation, parameter| operation.built(|builder| builder.parameter(parameter)))
    }

    /// It understands a request header.
    pub(crate) fn header(self, name: &str, about: &str, example: &str) -> Self {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::False);
        let parameter = parameter.description(Some(about)).schema(Some(schema::text())).example(Some(example.into()));
        self.built(|builder| builder.parameter(parameter))
    }

    /// It answers with a JSON object.
    pub(crate) fn gives<T: ToSchema>(mut self, status: u16, about: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(self.schema::<T>())).build();
        self.response(status, ResponseBuilder::new().description(about).content("application/json", content))
    }

    /// It answers with a page of a list.
    pub(crate) fn gives_page<T: ToSchema>(mut self, about: &str) -> Self {
        let name = format!("PageOf{}", T::name());
        let page = schema::page(self.schema::<T>());
        self.schemas.push((name.clone(), page.into()));
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
        self.response(200, ResponseBuilder::new().description(about).content("application/json", content))
    }

    /// It answers with something that is not JSON of a known shape.
    pub(crate) fn gives_raw(self, status: u16, media_type: &str, about: &str) -> Self {
        let schema = match media_type {
            "application/json" => schema::object(),
            "text/html" => schema::text(),
            _ => schema::bytes(),
        };
        let content = ContentBuilder::new().schema(Some(schema)).build();
        self.response(status, ResponseBuilder::new().description(about).content(media_type, content))
    }

    /// It answers with server-sent events that carry JSON.
    pub(crate) fn gives_stream<T: ToSchema>(mut self, about: &str) -> Self {
        let name = T::name();
        self.schema::<T>();
        self.streams = Some(name.clone().into_owned());
        let about = format!("{about} Each event's `data` is one `{name}` in JSON, its `id` the position in the log.");
        let example = "retry: 1000\n\nid: 7\ndata: {...}\n\n: keep-alive\n\n";
        let content = ContentBuilder::new().schema(Some(schema::text())).example(Some(example.into())).build();
        self.response(200, ResponseBuilder::new().description(about).content("text/event-stream", content))
    }

    /// It answers with a status and nothing else.
    pub(crate) fn gives_nothing(self, status: u16, about: &str) -> Self {
        self.response(status, ResponseBuilder::new().description(about))
    }

    /// The answer of this status has a header.
    pub(crate) fn with_header(self, status: u16, name: &str, about: &str) -> Self {
        let header = HeaderBuilder::new().schema(Some(schema::text())).description(Some(about)).build();
        self.built(|builder| {
            let mut operation = builder.build();
            if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(&status.to_string()) {
                response.headers.insert(name.to_owned(), header.into());
            }
            operation.into()
        })
    }

    /// It refuses with these codes, beside those that everything may refuse with.
    pub(crate) fn refuses(mut self, codes: &[Code]) -> Self {
        self.problems.extend_from_slice(codes);
        self
    }

    /// Its handler may take longer than others.
    pub(crate) fn timeout_class(mut self, timeout_class: TimeoutClass) -> Self {
        self.timeout_class = timeout_class;
        self
    }

    fn schema<T: ToSchema>(&mut self) -> Ref {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(T::name())
    }

    fn response(self, status: u16, response: ResponseBuilder) -> Self {
        self.built(|builder| builder.response(status.to_string(), response.build()))
    }

    fn built(mut self, change: impl FnOnce(OperationBuilder) -> OperationBuilder) -> Self {
        self.builder = change(std::mem::take(&mut self.builder));
        self
    }

    /// Adds the path's parameters and the problem answers, one for each status.
    pub(super) fn finished(mut self, path: &str, changes: bool) -> Self {
        for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            let parameter = path_parameter(name);
            self = self.built(|builder| builder.parameter(parameter));
        }
        let mut codes = std::mem::take(&mut self.problems);
        codes.extend(path.contains('{').then_some(Code::NotFound));
        if !self.open {
            codes.extend_from_slice(refusal::GUARDED);
            codes.extend(changes.then_some(refusal::CHANGING).into_iter().flatten());
        }
        codes.sort_by_key(|code| (status(*code), code.code()));
        codes.dedup();
        for same in codes.chunk_by(|one, other| status(*one) == status(*other)) {
            let lines: Vec<String> = same.iter().map(|code| format!("- `{code}`: {}.", title(*code))).collect();
            self = self.response(status(same[0]).as_u16(), problem(&lines.join("\n"), same));
        }
        let otherwise = problem("Any other refusal, as RFC 9457 has it.", &[Code::Internal]).build();
        self.built(|builder| builder.response("default", otherwise))
    }
}

/// A problem answer, with an example for each of its codes.
fn problem(about: &str, codes: &[Code]) -> ResponseBuilder {
    let examples = codes.iter().map(|code| (code.as_str(), RefOr::Ref(Ref::new(refusal::reference(*code)))));
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples);
    ResponseBuilder::new().description(about).content("application/problem+json", content.build())
}

/// What stands for a part of a path, wherever it occurs.
fn path_parameter(name: &str) -> Parameter {
    let uuid = "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42";
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let (about, example) = match name {
        "agent" => ("The agent's name.", "chat"),
        "key_id" => ("The key's id, as the answer that made it says.", "5f0d8a3c1e42"),
        "trigger" => ("The trigger's name.", "tests-green"),
        "code" => ("The problem's code.", "unknown-recipient"),
        "message_id" => ("The message's id.", uuid),
        "thread_id" => ("The id of the thread's first message.", uuid),
        "sha256" => ("The SHA-256 of the bytes, 64 hexadecimal digits.", digest),
        _ => ("The name.", "code"),
    };
    let schema = if example == uuid { schema::uuid() } else { schema::text() };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
    parameter.description(Some(about)).schema(Some(schema)).example(Some(example.into())).build()
}

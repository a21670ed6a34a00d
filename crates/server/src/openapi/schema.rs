use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Ref, Schema};

/// Any text.
pub(super) fn text() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).into()
}

/// Any object.
pub(super) fn object() -> Schema {
    ObjectBuilder::new().schema_type(Type::Object).into()
}

/// The id of a message.
pub(super) fn uuid() -> Schema {
    let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
}

/// Any bytes.
pub(super) fn bytes() -> Schema {
    let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
}

/// A page of a list of these.
pub(super) fn page(of: Ref) -> Schema {
    let items = ArrayBuilder::new().items(of).description(Some("The entries of this page, in the list's order."));
    let text_or_null: SchemaType = [Type::String, Type::Null].into_iter().collect();
    let next = ObjectBuilder::new()
        .schema_type(text_or_null)
        .description(Some("What to give as `after` for the next page; `null` on the last one."))
        .examples(["1042"]);
    let page = ObjectBuilder::new().property("items", items).property("next", next);
    page.required("items").required("next").into()
}

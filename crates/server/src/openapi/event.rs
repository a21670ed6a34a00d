//! Events as a union that is told apart by `type`: each type with the shape of its `data`.

use domain::EventKind;
use serde_json::{Map, Value, json};

/// The shape that the data of a type has: the schema's name without `Data`, and what happened.
///
/// A new type does not compile until it is said here what its data look like.
const fn shape(kind: EventKind) -> &'static str {
    use EventKind as K;
    match kind {
        K::MessageSent => "MessageSent",
        K::MessageFannedOut => "MessageFannedOut",
        K::MessageDelivered
        | K::MessageLeased
        | K::MessageExtended
        | K::MessageReturned
        | K::MessageAcked
        | K::MessageNacked
        | K::MessageDeferred
        | K::MessageExpired
        | K::MessageDead
        | K::MessageRedriven
        | K::MessageReminded
        | K::MessageEscalated => "DeliveryChanged",
        K::AuthorityRefused => "AuthorityRefused",
        K::AuthorityGranted => "AuthorityGranted",
        K::GateFailed => "GateFailed",
        K::AgentRegistered | K::AgentUpdated | K::AgentRetired => "AgentChanged",
        K::AttachmentStored => "AttachmentStored",
        K::KeyCreated | K::KeyRevoked => "KeyChanged",
        K::TenantCreated => "TenantCreated",
        K::WebhookSecretRotated => "WebhookSecretRotated",
    }
}

/// Replaces the schema of events by the union of all of them.
pub(super) fn divide(schemas: &mut Map<String, Value>) {
    let Some(mut common) = schemas.remove("Event") else { return };
    let (about, example) = (common["description"].take(), common["example"].take());
    common["description"] = json!("What every event has, whatever its type.");
    common["properties"]["data"] = json!({
        "type": "object", "description": "The fact itself, byte for byte as it was stored; the type says its shape.",
    });
    if let Some(common) = common.as_object_mut() {
        common.remove("example");
    }
    schemas.insert("EventCommon".to_owned(), common);
    let mut names: Vec<&str> = EventKind::ALL.iter().map(|kind| shape(*kind)).collect();
    names.dedup();
    for name in &names {
        let of_shape = EventKind::ALL.iter().filter(|kind| shape(**kind) == *name);
        let types: Vec<&str> = of_shape.map(|kind| kind.as_str()).collect();
        schemas.insert(format!("{name}Event"), member(name, &types));
    }
    schemas.extend(data_schemas());
    let mapping = EventKind::ALL.iter().map(|kind| (kind.as_str().to_owned(), json!(reference(shape(*kind)))));
    let union = json!({
        "description": about, "example": example,
        "oneOf": names.iter().map(|name| json!({"$ref": reference(name)})).collect::<Vec<_>>(),
        "discriminator": {"propertyName": "type", "mapping": mapping.collect::<Map<String, Value>>()},
    });
    schemas.insert("Event".to_owned(), union);
}

fn reference(name: &str) -> String {
    format!("#/components/schemas/{name}Event")
}

/// One member of the union.
fn member(name: &str, types: &[&str]) -> Value {
    let own = json!({
        "type": "object", "required": ["type", "data"],
        "properties": {
            "type": {"type": "string", "enum": types},
            "data": {"$ref": format!("#/components/schemas/{name}Data")},
        },
    });
    json!({"allOf": [{"$ref": "#/components/schemas/EventCommon"}, own]})
}

/// An object with these properties; those whose name ends with `?` may be left out.
fn object(about: &str, properties: &[(&str, Value)]) -> Value {
    let bare = |name: &str| name.trim_end_matches('?').to_owned();
    let required = properties.iter().filter(|(name, _)| !name.ends_with('?')).map(|(name, _)| bare(name));
    json!({
        "type": "object", "description": about, "required": required.collect::<Vec<_>>(),
        "properties": properties.iter().map(|(name, schema)| (bare(name), schema.clone())).collect::<Map<_, _>>(),
    })
}

fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn id() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn numbers() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "number"}})
}

/// The data of every shape, in the words in which they are stored.
fn data_schemas() -> impl Iterator<Item = (String, Value)> {
    let all = message_data().into_iter().chain(rule_data()).chain(directory_data());
    all.map(|(name, schema)| (format!("{name}Data"), schema))
}

fn message_data() -> [(&'static str, Value); 3] {
    let time = || of("Timestamp");
    let sent: [(&str, Value); 22] = [
        ("id", id()),
        ("from", text()),
        ("to", list(&text())),
        ("recipients", list(&text())),
        ("fan_out?", json!({"type": "boolean"})),
        ("subject", text()),
        ("body", text()),
        ("content_type", text()),
        ("kind", of("Kind")),
        ("priority", of("Priority")),
        ("domain?", text()),
        ("in_reply_to?", id()),
        ("thread_id", id()),
        ("attachments?", list(&of("AttachmentRef"))),
        ("evidence?", numbers()),
        ("metadata?", of("Metadata")),
        ("expires_at?", time()),
        ("deliver_at?", time()),
        ("ack_within?", text()),
        ("sent_at", time()),
        ("traceparent?", text()),
        ("outcome?", json!({"type": "object", "description": "What a rule made of it, and why."})),
    ];
    let delivery: [(&str, Value); 13] = [
        ("message", id()),
        ("agent", text()),
        ("state", of("State")),
        ("attempt", json!({"type": "integer", "minimum": 0})),
        ("lease_expires_at?", time()),
        ("deferred_until?", time()),
        ("trigger?", text()),
        ("expires_at?", time()),
        ("ack_by?", time()),
        ("reminded?", json!({"type": "boolean"})),
        ("delivered_at?", time()),
        ("settled_at?", time()),
        ("note?", text()),
    ];
    let delivery = object("The delivery after the change.", &delivery);
    let fanned_out = [("message_id", id()), ("recipients", list(&text())), ("done", json!({"type": "boolean"}))];
    [
        ("MessageSent", object("The message as it was accepted.", &sent)),
        ("MessageFannedOut", object("A further part of a message's recipients.", &fanned_out)),
        (
            "DeliveryChanged",
            object("What a delivery has become, and why.", &[("delivery", delivery), ("reason?", text())]),
        ),
    ]
}

fn rule_data() -> [(&'static str, Value); 3] {
    let refused = [
        ("agent", text()),
        ("kind", of("Kind")),
        ("domain", text()),
        ("rule", text()),
        ("holders", list(&text())),
        ("remedy", text()),
        ("subject", text()),
        ("outcome", json!({"type": "string", "enum": ["escalated", "refused"]})),
    ];
    let gate = [
        ("gate", text()),
        (
            "threshold",
            json!({"description": "A minimum, or both bounds.", "oneOf": [{"type": "number"}, of("Threshold")]}),
        ),
        ("actual", json!({"type": ["number", "null"]})),
        ("passed", json!({"type": "boolean"})),
    ];
    let failed = [
        ("from", text()),
        ("kind", of("Kind")),
        ("subject", text()),
        ("gates", list(&object("A gate that was weighed.", &gate))),
        ("outcome", json!({"type": "string", "enum": ["reject", "request_revision", "escalate"]})),
    ];
    let time = || of("Timestamp");
    let granted =
        [("domain", text()), ("agent", text()), ("until", time()), ("reason", text()), ("granted_at", time())];
    [
        ("AuthorityRefused", object("A message that was refused or diverted for want of authority.", &refused)),
        ("GateFailed", object("A message that was refused or diverted by a gate.", &failed)),
        ("AuthorityGranted", object("A domain that was lent.", &granted)),
    ]
}

fn directory_data() -> [(&'static str, Value); 5] {
    let time = || of("Timestamp");
    let agent: [(&str, Value); 9] = [
        ("name", text()),
        ("kind", of("AgentKind")),
        ("description?", text()),
        ("authority_domains", list(&text())),
        ("webhook?", text()),
        ("max_priority_sent?", of("Priority")),
        ("escalate_to?", text()),
        ("registered_at", time()),
        ("retired_at?", time()),
    ];
    let attachment = [
        ("sha256", text()),
        ("size", json!({"type": "integer"})),
        ("media_type", text()),
        ("name?", text()),
        ("by?", list(&text())),
    ];
    let key = [
        ("id", text()),
        ("role", of("Role")),
        ("agents", list(&text())),
        ("name", json!({"type": ["string", "null"]})),
    ];
    [
        ("AgentChanged", object("The agent after the change.", &agent)),
        ("AttachmentStored", object("What was stored.", &attachment)),
        ("KeyChanged", object("The key, without the key itself.", &key)),
        ("TenantCreated", object("The tenant.", &[("name", text())])),
        ("WebhookSecretRotated", object("Whose pushes are signed with a new secret.", &[("agent", text())])),
    ]
}

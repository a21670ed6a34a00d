//! The table of contents: every route of the API, grouped by who calls it.

use axum::Router;
use domain::Code;

use crate::app::App;
use crate::observe::TimeoutClass;
use crate::openapi::op;
use crate::routes::Routes;
use crate::{
    agent, attachment, authority, dead_letter, docs, event, gate, health, inbox, key, message, problem, stream, tenant,
    thread, trigger, webhook,
};

/// The router of the API.
pub(crate) fn router(app: &App) -> Router {
    let routes = senders(Routes::default());
    let routes = recipients(routes);
    let routes = carriers(routes);
    let routes = deciders(routes);
    let routes = auditors(routes);
    let routes = administrators(routes);
    operators(routes).build(app)
}

/// The router of a process that serves no API: whether it is alive, and whether it is ready.
pub(crate) fn probes(app: &App) -> Router {
    liveness(Routes::default()).build(app)
}

/// The router of the metrics listener.
pub(crate) fn metrics(app: &App) -> Router {
    Router::new().route("/metrics", axum::routing::get(health::metrics)).with_state(app.clone())
}

#[rustfmt::skip]
fn senders(routes: Routes) -> Routes {
    let key = ("Idempotency-Key", "Makes a retry safe for 24 h: 1 to 255 visible ASCII characters.", "deploy-42-report");
    let trace = ("traceparent", "The W3C trace context; it travels with the message.", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    routes
        .tag("messages", "Sending messages and finding them again.")
        .post("/api/v1/messages", message::send, op("sendMessage", "Sends a message")
            .about("After the answer the message is on disk and in every recipient's inbox. Beyond `limits.inline_recipients` (100) workers fan out, and `recipients` says `fanning_out` until done.")
            .takes::<protocol::SendMessage>().header(key.0, key.1, key.2).header(trace.0, trace.1, trace.2)
            .gives::<protocol::Message>(201, "It was sent.")
            .with_header(201, "Location", "Where the message is.")
            .with_header(201, "Idempotency-Replayed", "`true` where this is the first answer again.")
            .refuses(SENDING))
        .get("/api/v1/messages", message::list, op("listMessages", "Finds messages, the newest first")
            .asks::<protocol::MessagesQuery>().gives_page::<protocol::Message>("A page of messages."))
        .post("/api/v1/messages/batch", message::send_batch, op("sendBatch", "Sends many messages")
            .about("Each has its own answer, in the same order; one that is wrong does not stop the others.")
            .takes::<protocol::BatchRequest>().header(trace.0, trace.1, trace.2)
            .gives::<protocol::BatchResults>(200, "Each message, or its problem.")
            .refuses(&[Code::MalformedJson, Code::TooManyItems, Code::RequestTooLarge]))
        .get("/api/v1/messages/{message_id}", message::show, op("getMessage", "Shows a message")
            .gives::<protocol::Message>(200, "The message.").refuses(&[Code::NotFound, Code::Archived]))
        .get("/api/v1/messages/{message_id}/receipts", message::receipts, op("getReceipts", "Shows what became of a message")
            .gives::<protocol::Receipts>(200, "What became of it, recipient by recipient.").refuses(&[Code::NotFound, Code::Archived]))
        .get("/api/v1/threads/{thread_id}", thread::show, op("getThread", "Shows a conversation, the oldest message first")
            .asks::<protocol::PageQuery>().gives::<protocol::Thread>(200, "A page of its messages.").refuses(&[Code::NotFound, Code::Archived]))
}

const SENDING: &[Code] = &[
    Code::MalformedJson,
    Code::UnknownField,
    Code::MissingField,
    Code::WrongType,
    Code::InvalidField,
    Code::InvalidDuration,
    Code::SubjectTooLong,
    Code::BodyTooLarge,
    Code::MetadataTooLarge,
    Code::TooManyRecipients,
    Code::TooManyItems,
    Code::ReservedName,
    Code::NoRecipients,
    Code::UnknownRecipient,
    Code::RetiredRecipient,
    Code::UnknownSender,
    Code::UnknownAttachment,
    Code::UnknownParent,
    Code::OutsideAuthority,
    Code::PriorityNotAllowed,
    Code::GateFailed,
    Code::IdempotencyMismatch,
    Code::SenderMismatch,
    Code::RequestTooLarge,
    Code::StorageUnavailable,
    Code::Overloaded,
    Code::OutcomeUnknown,
];

#[rustfmt::skip]
fn recipients(routes: Routes) -> Routes {
    const SETTLING: &[Code] = &[Code::NotFound, Code::InvalidDuration, Code::StaleReceipt, Code::ForeignReceipt, Code::WrongState, Code::SenderMismatch];
    let trace = ("Traceparent", "The W3C trace context that the message was sent in.", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let last = ("Last-Event-ID", "The last event that was seen; the stream goes on behind it.", "1042");
    routes
        .tag("inbox", "Receiving messages and settling them: priority lane first, then first in, first out.")
        .get("/api/v1/agents/{agent}/inbox", inbox::show, op("getInbox", "Looks into an inbox and changes nothing")
            .asks::<protocol::InboxQuery>().gives::<protocol::Inbox>(200, "A page of deliveries, with the counts of the whole inbox.")
            .refuses(&[Code::NotFound, Code::SenderMismatch]))
        .post("/api/v1/agents/{agent}/inbox/receive", inbox::receive, op("receive", "Leases deliveries")
            .about("Waits up to `wait` for the first one. A lease that runs out brings the delivery back.")
            .may_take::<protocol::Receive>().gives::<protocol::ReceivedList>(200, "The leased deliveries; none where nothing came.")
            .refuses(&[Code::NotFound, Code::SenderMismatch, Code::InvalidDuration, Code::TooManyItems, Code::TooManyWaiters]).timeout_class(TimeoutClass::LongPoll))
        .get("/api/v1/agents/{agent}/inbox/stream", stream::inbox, op("streamInbox", "Follows an inbox")
            .asks::<stream::InboxStreamQuery>().header(last.0, last.1, last.2)
            .gives_stream::<protocol::InboxItem>("Server-sent events, a comment every 15 s.")
            .refuses(&[Code::NotFound, Code::SenderMismatch, Code::TooManyStreams, Code::Archived, Code::PositionAhead]))
        .post("/api/v1/agents/{agent}/inbox/{message_id}/ack", inbox::ack, op("ack", "Settles a delivery as done")
            .may_take::<protocol::Ack>().gives::<protocol::Delivery>(200, "The delivery; the same again when acked twice.").refuses(SETTLING))
        .post("/api/v1/agents/{agent}/inbox/{message_id}/nack", inbox::nack, op("nack", "Gives a delivery back")
            .takes::<protocol::Nack>().gives::<protocol::Delivery>(200, "The delivery.").refuses(SETTLING))
        .post("/api/v1/agents/{agent}/inbox/{message_id}/extend", inbox::extend, op("extend", "Makes a lease last longer")
            .takes::<protocol::Extend>().gives::<protocol::Delivery>(200, "The delivery.").refuses(SETTLING))
        .post("/api/v1/agents/{agent}/inbox/{message_id}/defer", inbox::defer, op("defer", "Puts a delivery off")
            .takes::<protocol::Defer>().gives::<protocol::Delivery>(200, "The delivery.").refuses(SETTLING))
        .post("/api/v1/agents/{agent}/inbox/{message_id}/terminate", inbox::terminate, op("terminate", "Gives a delivery up")
            .about("It becomes a dead letter, and the sender hears why.")
            .takes::<protocol::Terminate>().gives::<protocol::Delivery>(200, "The delivery.").refuses(SETTLING))
        .pushes("delivery", op("pushDelivery", "Pushes a delivery to the webhook of its agent")
            .about("Signed by the scheme of Standard Webhooks, with the agent's own secret. One at a time goes to an agent, and what is not answered with 2xx is tried again.")
            .takes::<protocol::Push>()
            .header("Webhook-Id", "The same at every attempt: who has seen it has done its work.", "01982f3c-7b1a-7c00-8000-5f0d8a3c1e42_chat")
            .header("Webhook-Timestamp", "When it was pushed, in seconds since 1970.", "1769851800")
            .header("Webhook-Signature", "`v1,` and the Base64 of the HMAC-SHA256 of id, timestamp and body, joined by full stops; two, with a space between, while a secret is being changed.", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=")
            .header(trace.0, trace.1, trace.2)
            .gives_nothing(200, "It is done: the delivery is acked. So it is with any 2xx but 202.")
            .gives_nothing(202, "The receiver works on it, and settles it by its `receipt`.")
            .gives_nothing(410, "Nothing more is wanted: the delivery is dead, and the webhook is taken away.")
            .gives_nothing(429, "Not now: nothing is pushed until `Retry-After` has passed. So it is with 503."))
        .post("/api/v1/triggers/{trigger}", trigger::fire, op("trigger", "Brings back every delivery deferred on a trigger")
            .gives::<protocol::Triggered>(200, "How many came back.").refuses(&[Code::Forbidden, Code::InvalidField]))
}

#[rustfmt::skip]
fn carriers(routes: Routes) -> Routes {
    routes
        .tag("attachments", "Bytes that messages carry, known by their SHA-256.")
        .post("/api/v1/attachments", attachment::store, op("storeAttachment", "Stores bytes")
            .about("Who stores bytes that others have stored is answered as if they were new.")
            .takes_bytes().header("Content-Disposition", "The name to store them with.", "attachment; filename=\"report.html\"")
            .gives::<protocol::StoredAttachment>(201, "They were stored.")
            .gives::<protocol::StoredAttachment>(200, "The caller stored the same bytes before.")
            .refuses(&[Code::AttachmentTooLarge, Code::UploadTimeout, Code::StorageUnavailable, Code::AttachmentsDisabled]).timeout_class(TimeoutClass::Endless))
        .get("/api/v1/attachments/{sha256}", attachment::fetch, op("getAttachment", "Fetches bytes")
            .about("For who stored them, for who may read a message that names them, and for who reads the whole tenant.")
            .header("Range", "A single range of bytes.", "bytes=0-1023").header("If-None-Match", "The `ETag` that the caller has.", "\"9f86...\"")
            .gives_raw(200, "application/octet-stream", "The bytes, of the media type they were stored with.")
            .with_header(200, "ETag", "The SHA-256, quoted.")
            .gives_raw(206, "application/octet-stream", "The range that was asked for.")
            .gives_nothing(304, "The caller has them.")
            .refuses(&[Code::NotFound, Code::RangeNotSatisfiable]))
        .head("/api/v1/attachments/{sha256}", attachment::fetch, op("headAttachment", "Shows the size and type of bytes")
            .gives_nothing(200, "Size and type, in the headers.").refuses(&[Code::NotFound]))
}

#[rustfmt::skip]
fn deciders(routes: Routes) -> Routes {
    routes
        .tag("agents", "Who takes part.")
        .get("/api/v1/agents", agent::list, op("listAgents", "Lists the agents")
            .asks::<protocol::PageQuery>().gives_page::<protocol::Agent>("A page of agents, by name."))
        .get("/api/v1/agents/{agent}", agent::show, op("getAgent", "Shows an agent")
            .gives::<protocol::Agent>(200, "The agent.").refuses(&[Code::NotFound]))
        .put("/api/v1/agents/{agent}", agent::put, op("putAgent", "Registers an agent or changes it")
            .about("What is left out goes back to its default. A retired agent comes back.")
            .may_take::<protocol::PutAgent>().gives::<protocol::Agent>(200, "It was changed.").gives::<protocol::Agent>(201, "It was registered.")
            .refuses(&[Code::Forbidden, Code::ReservedName, Code::NameTaken, Code::InvalidField, Code::TooManyItems, Code::LimitReached]))
        .delete("/api/v1/agents/{agent}", agent::retire, op("retireAgent", "Retires an agent")
            .about("Its history stays; new messages to it are refused.")
            .gives::<protocol::Agent>(200, "The retired agent.").refuses(&[Code::NotFound, Code::Forbidden]))
        .post("/api/v1/agents/{agent}/heartbeat", agent::heartbeat, op("heartbeat", "Says that an agent is there")
            .gives::<protocol::Agent>(200, "The agent.").refuses(&[Code::NotFound, Code::SenderMismatch]))
        .get("/api/v1/agents/{agent}/webhook/secret", webhook::secret, op("getWebhookSecret", "Shows what an agent's webhook is signed with")
            .about("It is made when it is first asked for, or at the first push. Only admins and the agent's own keys see it.")
            .gives::<protocol::WebhookSecret>(200, "The secret.").refuses(&[Code::NotFound, Code::Forbidden, Code::SenderMismatch]))
        .post("/api/v1/agents/{agent}/webhook/secret/rotate", webhook::rotate, op("rotateWebhookSecret", "Makes a new secret for an agent's webhook")
            .about("Until `previous_until` pushes carry a signature by either, so that the receiver can change over without a gap.")
            .gives::<protocol::WebhookSecret>(200, "The new secret.").refuses(&[Code::NotFound, Code::Forbidden, Code::SenderMismatch]))
        .tag("authority", "Who may decide what.")
        .get("/api/v1/authority", authority::show, op("getAuthority", "Shows who may decide what, now")
            .gives::<protocol::Authority>(200, "Every domain with its holders."))
        .post("/api/v1/authority/check", authority::check, op("checkAuthority", "Decides without sending")
            .takes::<protocol::AuthorityCheck>().gives::<protocol::AuthorityDecision>(200, "What sending would give.")
            .refuses(&[Code::UnknownSender, Code::SenderMismatch]))
        .post("/api/v1/authority/grants", authority::grant, op("grantAuthority", "Lends a domain for a time")
            .takes::<protocol::CreateGrant>().gives::<protocol::Grant>(201, "The grant; it ends by itself.")
            .refuses(&[Code::Forbidden, Code::InvalidDuration, Code::UnknownRecipient, Code::LimitReached]))
        .tag("gates", "What evidence finished work has to bring.")
        .get("/api/v1/gates", gate::show, op("getGates", "Shows the gates in force").gives::<protocol::Gates>(200, "The gates."))
        .post("/api/v1/gates/evaluate", gate::evaluate, op("evaluateGates", "Weighs evidence without sending")
            .may_take::<protocol::EvaluateGates>().gives::<protocol::GateEvaluation>(200, "What each gate found."))
}

#[rustfmt::skip]
fn auditors(routes: Routes) -> Routes {
    let last = ("Last-Event-ID", "The last event that was seen; the stream goes on behind it.", "1042");
    routes
        .tag("events", "Everything that happened, numbered and hash-chained.")
        .get("/api/v1/events", event::list, op("listEvents", "Lists events in the log's order")
            .asks::<protocol::EventsQuery>().gives_page::<protocol::Event>("A page of events: CloudEvents 1.0 in JSON.")
            .refuses(&[Code::Archived, Code::PositionAhead]))
        .get("/api/v1/events/stream", stream::events, op("streamEvents", "Follows the log")
            .about("Begins behind `Last-Event-ID` or `after`; with neither, with what comes next. `limit` does nothing here.")
            .asks::<protocol::EventsQuery>().header(last.0, last.1, last.2)
            .gives_stream::<protocol::Event>("Server-sent events, a comment every 15 s.").refuses(&[Code::TooManyStreams, Code::Archived, Code::PositionAhead]))
        .get("/api/v1/events/head", event::head, op("getHead", "Shows the end of the log")
            .gives::<protocol::EventsHead>(200, "The last event's position and hash."))
        .post("/api/v1/events/verify", event::verify, op("verifyEvents", "Recomputes the chain and compares")
            .about("Rebuilds the state of every delivery from the log and names what differs. May take minutes on a long log.")
            .asks::<protocol::VerifyQuery>().gives::<protocol::Verification>(200, "What was checked and what is wrong.").timeout_class(TimeoutClass::Endless))
}

#[rustfmt::skip]
fn administrators(routes: Routes) -> Routes {
    routes
        .tag("administration", "Keys, tenants and dead letters.")
        .get("/api/v1/dead-letters", dead_letter::list, op("listDeadLetters", "Lists what was given up")
            .asks::<protocol::DeadLettersQuery>().gives_page::<protocol::InboxItem>("A page of dead letters.").refuses(&[Code::NotFound]))
        .post("/api/v1/dead-letters/{message_id}/{agent}/redrive", dead_letter::redrive, op("redrive", "Brings a dead letter back")
            .gives::<protocol::Delivery>(200, "The delivery, pending again.").refuses(&[Code::NotFound, Code::WrongState, Code::Forbidden]))
        .post("/api/v1/keys", key::create, op("createKey", "Makes a key")
            .about("The key is shown this once; only its hash is kept.")
            .takes::<protocol::CreateKey>().gives::<protocol::CreatedKey>(201, "The key.").refuses(&[Code::Forbidden, Code::InvalidField, Code::NotFound, Code::UnknownRecipient, Code::LimitReached]))
        .get("/api/v1/keys", key::list, op("listKeys", "Lists the keys")
            .asks::<protocol::PageQuery>().gives_page::<protocol::Key>("A page of keys, without the keys themselves.").refuses(&[Code::Forbidden]))
        .delete("/api/v1/keys/{key_id}", key::revoke, op("revokeKey", "Revokes a key")
            .gives::<protocol::Key>(200, "The revoked key.").refuses(&[Code::NotFound, Code::Forbidden]))
        .post("/api/v1/tenants", tenant::create, op("createTenant", "Makes a tenant")
            .takes::<protocol::CreateTenant>().gives::<protocol::Tenant>(201, "The tenant.").refuses(&[Code::Forbidden, Code::NameTaken, Code::InvalidField]))
        .get("/api/v1/tenants", tenant::list, op("listTenants", "Lists the tenants")
            .asks::<protocol::PageQuery>().gives_page::<protocol::Tenant>("A page of tenants.").refuses(&[Code::Forbidden]))
}

#[rustfmt::skip]
fn operators(routes: Routes) -> Routes {
    liveness(routes)
        .get("/openapi.json", docs::openapi, op("getOpenapi", "Describes the API").open()
            .gives_raw(200, "application/json", "This document."))
        .get("/openapi-3.0.json", docs::openapi_earlier, op("getEarlierOpenapi", "Describes the API in OpenAPI 3.0").open()
            .about("For generators that know no later version.")
            .gives_raw(200, "application/json", "The same document in OpenAPI 3.0."))
        .get("/docs", docs::page, op("getDocs", "Shows the API's description as a page").open()
            .gives_raw(200, "text/html", "The page; it needs no other server."))
        .get("/problems", problem::page::list, op("listProblems", "Shows every problem code as a page").open()
            .gives_raw(200, "text/html", "The codes, with what each means."))
        .get("/problems/{code}", problem::page::show, op("getProblem", "Shows what a problem code means and what to do").open()
            .gives_raw(200, "text/html", "The page that the `type` of a problem leads to.").refuses(&[Code::NotFound]))
        .unlisted("/", docs::root)
        .unlisted("/docs/", docs::page)
        .unlisted("/docs/{file}", docs::part)
}

#[rustfmt::skip]
fn liveness(routes: Routes) -> Routes {
    routes
        .tag("operation", "For those who run the server.")
        .get("/health", health::alive, op("getHealth", "Says that the server is alive").open().gives::<protocol::Health>(200, "It is alive."))
        .get("/ready", health::ready, op("getReady", "Says whether requests should be sent here").open()
            .gives::<protocol::Ready>(200, "They should; a part that the server can do without may be down.")
            .gives::<protocol::Ready>(503, "They should not: draining, or no database."))
}

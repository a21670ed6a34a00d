//! The smallest adapter: tool calls as text, in process, without HTTP. It shows what an adapter is made of, and that one can be
//! written from the outside: it knows `protocol` and the engine's session, and holds no rule.

use domain::{Code, MessageId, Refusal};
use engine::{Credentials, Engine, Session};
use protocol::problems::json_rpc;
use protocol::shape::remedy::{Wording, worded};
use protocol::shape::{inbox, message};
use protocol::{fingerprint, json};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

/// One call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    tool: Tool,
    /// Whose inbox.
    #[serde(default)]
    agent: String,
    /// Which message.
    #[serde(default)]
    message_id: Option<uuid::Uuid>,
    /// What else the tool takes, in the shapes that REST takes too.
    arguments: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tool {
    Send,
    Receive,
    Ack,
}

/// Why a call was not done, as its caller is told.
#[derive(Debug, PartialEq, Eq)]
pub struct ToolError {
    /// The code as JSON-RPC has it.
    pub code: i32,
    /// The stable code of the problem.
    pub problem: &'static str,
    /// What is wrong, and what to call instead.
    pub text: String,
}

impl From<Refusal> for ToolError {
    fn from(refusal: Refusal) -> Self {
        let remedy = refusal.remedy.as_deref().map(|remedy| worded(remedy, Wording::Mcp)).unwrap_or_default();
        let text = format!("{} {remedy}", refusal.detail).trim_end().to_owned();
        Self { code: json_rpc(refusal.code), problem: refusal.code.as_str(), text }
    }
}

impl From<engine::Error> for ToolError {
    fn from(error: engine::Error) -> Self {
        error.refusal().into()
    }
}

/// Does one call, as in `{"tool": "send", "arguments": {"from": "code", "to": "chat", "subject": "Hello"}}`, and answers with JSON.
///
/// Fails with what the rules, or the reading of the call, refuse.
pub async fn call(engine: &Engine, key: Option<&str>, text: &str) -> Result<String, ToolError> {
    let credentials = key.map_or_else(|| Credentials::anonymous(Ok(())), Credentials::bearer);
    let session = engine.session(credentials).await?;
    let call: Call = json::read(text.as_bytes())?;
    let answer = match call.tool {
        Tool::Send => send(&session, &call).await?,
        Tool::Receive => receive(&session, &call).await?,
        Tool::Ack => ack(&session, &call).await?,
    };
    Ok(answer.get().to_owned())
}

async fn send(session: &Session, call: &Call) -> Result<Box<RawValue>, ToolError> {
    let mut request: protocol::SendMessage = json::read(call.arguments.get().as_bytes())?;
    let key = fingerprint(None, &mut request)?;
    let sent = session.send(message::draft(request, None)?, key).await?;
    written(&message::message(sent.message))
}

async fn receive(session: &Session, call: &Call) -> Result<Box<RawValue>, ToolError> {
    let receiving = inbox::receive(json::read(call.arguments.get().as_bytes())?)?;
    let items = session.receive_only(&call.agent, receiving).await?;
    written(&protocol::ReceivedList { deliveries: items.iter().map(inbox::received).collect() })
}

async fn ack(session: &Session, call: &Call) -> Result<Box<RawValue>, ToolError> {
    let missing = || Refusal::field(Code::MissingField, "message_id", "must be given");
    let id = call.message_id.ok_or_else(missing)?;
    let verb = inbox::ack(json::read(call.arguments.get().as_bytes())?)?;
    written(&inbox::delivery(session.settle(&call.agent, MessageId(id), verb).await?))
}

fn written(answer: &impl serde::Serialize) -> Result<Box<RawValue>, ToolError> {
    to_raw_value(answer).map_err(|error| Refusal::new(Code::Internal, error.to_string()).into())
}

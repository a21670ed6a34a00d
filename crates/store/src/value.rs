//! Values and rows: the few column types that both databases share.

use domain::message::MessageId;
use domain::{AgentName, Digest, Time};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::{Error, Result};

/// A value in a column or behind a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Int(i64::from(bool))
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Int(time.0)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&AgentName> for Value {
    fn from(name: &AgentName) -> Self {
        name.as_str().into()
    }
}

impl From<MessageId> for Value {
    fn from(id: MessageId) -> Self {
        Self::Bytes(id.0.as_bytes().to_vec())
    }
}

impl From<Digest> for Value {
    fn from(digest: Digest) -> Self {
        Self::Bytes(digest.0.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Bytes of rows that are read within a fraction of a millisecond.
const LIGHT_BYTES: usize = 64 * 1024;

/// Reads rows; where they are large, beside the threads of the runtime.
pub(crate) async fn read_all<T: Send + 'static>(rows: Vec<Row>, read: fn(Row) -> Result<T>) -> Result<Vec<T>> {
    if rows.iter().map(Row::bytes).sum::<usize>() <= LIGHT_BYTES {
        return rows.into_iter().map(read).collect();
    }
    let all = tokio::task::spawn_blocking(move || rows.into_iter().map(read).collect());
    all.await.map_err(|error| Error::Unavailable(error.to_string()))?
}

/// One row of an answer; columns are taken in any order, each once.
#[derive(Debug)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    fn take(&mut self, column: usize) -> Value {
        self.0.get_mut(column).map_or(Value::Null, |value| std::mem::replace(value, Value::Null))
    }

    /// The bytes of its texts and blobs.
    pub(crate) fn bytes(&self) -> usize {
        let bytes = |value: &Value| match value {
            Value::Null | Value::Int(_) => 0,
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
        };
        self.0.iter().map(bytes).sum()
    }

    /// A number, left where it is; none where none stands.
    pub(crate) fn peek_int(&self, column: usize) -> Option<i64> {
        match self.0.get(column) {
            Some(Value::Int(int)) => Some(*int),
            _ => None,
        }
    }

    /// A digest, left where it is; none where none stands.
    pub(crate) fn peek_digest(&self, column: usize) -> Option<Digest> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => bytes.as_slice().try_into().ok().map(Digest),
            _ => None,
        }
    }

    fn wrong(column: usize, wanted: &str, found: &Value) -> Error {
        // Only the type: what stands there may be a body or a secret, and errors are logged.
        let found = match found {
            Value::Null => "nothing",
            Value::Int(_) => "a number",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
        };
        Error::Corrupt(format!("column {column} holds {found} where {wanted} belongs"))
    }

    pub(crate) fn opt_int(&mut self, column: usize) -> Result<Option<i64>> {
        match self.take(column) {
            Value::Null => Ok(None),
            Value::Int(int) => Ok(Some(int)),
            other => Err(Self::wrong(column, "a number", &other)),
        }
    }

    pub(crate) fn int(&mut self, column: usize) -> Result<i64> {
        self.opt_int(column)?.ok_or_else(|| Self::wrong(column, "a number", &Value::Null))
    }

    pub(crate) fn opt_time(&mut self, column: usize) -> Result<Option<Time>> {
        Ok(self.opt_int(column)?.map(Time))
    }

    pub(crate) fn time(&mut self, column: usize) -> Result<Time> {
        self.int(column).map(Time)
    }

    pub(crate) fn opt_text(&mut self, column: usize) -> Result<Option<String>> {
        match self.take(column) {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other => Err(Self::wrong(column, "text", &other)),
        }
    }

    pub(crate) fn text(&mut self, column: usize) -> Result<String> {
        self.opt_text(column)?.ok_or_else(|| Self::wrong(column, "text", &Value::Null))
    }

    pub(crate) fn agent(&mut self, column: usize) -> Result<AgentName> {
        self.text(column).map(AgentName::stored)
    }

    pub(crate) fn opt_bytes<const N: usize>(&mut self, column: usize) -> Result<Option<[u8; N]>> {
        match self.take(column) {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => {
                let bytes: std::result::Result<[u8; N], _> = bytes.try_into();
                let wanted = format!("{N} bytes");
                bytes.map(Some).map_err(|bytes| Self::wrong(column, &wanted, &Value::Bytes(bytes)))
            }
            other => Err(Self::wrong(column, "bytes", &other)),
        }
    }

    pub(crate) fn digest(&mut self, column: usize) -> Result<Digest> {
        let bytes = self.opt_bytes(column)?.ok_or_else(|| Self::wrong(column, "a digest", &Value::Null))?;
        Ok(Digest(bytes))
    }

    pub(crate) fn opt_message(&mut self, column: usize) -> Result<Option<MessageId>> {
        Ok(self.opt_bytes(column)?.map(|bytes| MessageId(Uuid::from_bytes(bytes))))
    }

    pub(crate) fn message(&mut self, column: usize) -> Result<MessageId> {
        self.opt_message(column)?.ok_or_else(|| Self::wrong(column, "an id", &Value::Null))
    }
}

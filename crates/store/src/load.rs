//! What several commands and queries read: deliveries with their messages.

use domain::delivery::Delivery;
use domain::message::Message;

use crate::rows::{DELIVERY, delivery_row};
use crate::value::Row;
use crate::{Error, Result};

/// The columns of a delivery and its message's data.
pub(crate) fn with_message(rest: &str) -> String {
    format!("SELECT {DELIVERY}, e.data FROM deliveries d JOIN events e ON e.tenant = d.tenant AND e.seq = d.seq {rest}")
}

/// Reads deliveries, each with its message's data.
pub(crate) fn deliveries(rows: Vec<Row>) -> Result<Vec<(Delivery, String)>> {
    let read = |mut row: Row| Ok((delivery_row(&mut row)?, row.text(16)?));
    rows.into_iter().map(read).collect()
}

/// Reads a message from the data of its event.
pub(crate) fn message(data: &str) -> Result<Message> {
    serde_json::from_str(data).map_err(|error| Error::Corrupt(format!("a message cannot be read: {error}")))
}

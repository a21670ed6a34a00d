//! Triggers: what brings deferred deliveries back.

use crate::extract::{Json, Path, Session};
use crate::problem::Answer;

/// `POST /api/v1/triggers/{trigger}`
pub(crate) async fn fire(Session(session): Session, Path(trigger): Path<String>) -> Answer<Json<protocol::Triggered>> {
    let returned = session.trigger(&trigger).await?;
    Ok(Json(protocol::Triggered { trigger, returned: returned as u64 }))
}

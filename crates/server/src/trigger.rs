//! Triggers: what brings deferred deliveries back.

use axum::extract::State;
use engine::Engine;

use crate::extract::{Caller, Json, Path};
use crate::problem::Answer;

/// `POST /api/v1/triggers/{name}`
pub(crate) async fn fire(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path(trigger): Path<String>,
) -> Answer<Json<protocol::Triggered>> {
    let returned = engine.trigger(&caller, &trigger).await?;
    Ok(Json(protocol::Triggered { trigger, returned: returned as u64 }))
}

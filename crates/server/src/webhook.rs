//! Webhooks: the secrets that pushes are signed with.

use axum::extract::State;
use engine::Engine;

use crate::extract::{Caller, Json, Path};
use crate::problem::Answer;
use crate::shape;

/// `GET /api/v1/agents/{name}/webhook/secret`
pub(crate) async fn secret(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path(name): Path<String>,
) -> Answer<Json<protocol::WebhookSecret>> {
    let secrets = engine.webhook_secret(&caller, &name).await?;
    Ok(Json(shape::webhook::secret(name, &secrets, engine.now())))
}

/// `POST /api/v1/agents/{name}/webhook/secret/rotate`
pub(crate) async fn rotate(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path(name): Path<String>,
) -> Answer<Json<protocol::WebhookSecret>> {
    let secrets = engine.rotate_webhook_secret(&caller, &name).await?;
    Ok(Json(shape::webhook::secret(name, &secrets, engine.now())))
}

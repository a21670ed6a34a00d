//! Webhooks: the secrets that pushes are signed with.

use crate::extract::{Json, Path, Session};
use crate::problem::Answer;
use protocol::shape;

/// `GET /api/v1/agents/{agent}/webhook/secret`
pub(crate) async fn secret(
    Session(session): Session,
    Path(name): Path<String>,
) -> Answer<Json<protocol::WebhookSecret>> {
    let secrets = session.webhook_secret(&name).await?;
    Ok(Json(shape::webhook::secret(name, &secrets, session.now())))
}

/// `POST /api/v1/agents/{agent}/webhook/secret/rotate`
pub(crate) async fn rotate(
    Session(session): Session,
    Path(name): Path<String>,
) -> Answer<Json<protocol::WebhookSecret>> {
    let secrets = session.rotate_webhook_secret(&name).await?;
    Ok(Json(shape::webhook::secret(name, &secrets, session.now())))
}

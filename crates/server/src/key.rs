//! Keys: making, listing and revoking them.

use http::StatusCode;

use crate::extract::{Json, Path, Query, Session};
use crate::problem::Answer;
use protocol::shape;

/// `POST /api/v1/keys`
pub(crate) async fn create(
    Session(session): Session,
    Json(request): Json<protocol::CreateKey>,
) -> Answer<(StatusCode, Json<protocol::CreatedKey>)> {
    let (key, text) = session.create_key(shape::key::request(request)).await?;
    let tenant = session.tenant_name(key.tenant);
    Ok((StatusCode::CREATED, Json(shape::key::created(key, text, &tenant))))
}

/// `GET /api/v1/keys`
pub(crate) async fn list(
    Session(session): Session,
    Query(query): Query<protocol::PageQuery>,
) -> Answer<Json<protocol::Page<protocol::Key>>> {
    let page = shape::page::ask(query.limit, query.after);
    let keys = session.keys(&page).await?;
    Ok(Json(shape::page::page(keys, |key| shape::key::key(key, &session.tenant()))))
}

/// `DELETE /api/v1/keys/{key_id}`
pub(crate) async fn revoke(Session(session): Session, Path(id): Path<String>) -> Answer<Json<protocol::Key>> {
    let key = session.revoke_key(&id).await?;
    let tenant = session.tenant_name(key.tenant);
    Ok(Json(shape::key::key(key, &tenant)))
}

/// `GET /api/v1/whoami`
pub(crate) async fn whoami(Session(session): Session) -> Answer<Json<protocol::Whoami>> {
    Ok(Json(shape::key::whoami(session.whoami().await?)))
}

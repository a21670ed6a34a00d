//! Keys: making, listing and revoking them.

use axum::extract::State;
use engine::Engine;
use http::StatusCode;

use crate::extract::{Caller, Json, Path, Query};
use crate::problem::Answer;
use crate::shape;

/// `POST /api/v1/keys`
pub(crate) async fn create(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Json(request): Json<protocol::CreateKey>,
) -> Answer<(StatusCode, Json<protocol::CreatedKey>)> {
    let (key, text) = engine.create_key(&caller, shape::key::request(request)).await?;
    let tenant = engine.tenant_name(key.tenant);
    Ok((StatusCode::CREATED, Json(shape::key::created(key, text, &tenant))))
}

/// `GET /api/v1/keys`
pub(crate) async fn list(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Query(query): Query<protocol::PageQuery>,
) -> Answer<Json<protocol::Page<protocol::Key>>> {
    let page = shape::page::ask(query.limit, query.after);
    let keys = engine.keys(&caller, &page).await?;
    Ok(Json(shape::page::page(keys, |key| shape::key::key(key, &engine.tenant_name(caller.tenant)))))
}

/// `DELETE /api/v1/keys/{id}`
pub(crate) async fn revoke(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Answer<Json<protocol::Key>> {
    let key = engine.revoke_key(&caller, &id).await?;
    let tenant = engine.tenant_name(key.tenant);
    Ok(Json(shape::key::key(key, &tenant)))
}

//! Tenants: making and listing them.

use std::collections::HashMap;

use http::StatusCode;

use crate::extract::{Json, Query, Session};
use crate::problem::Answer;
use protocol::shape;

/// `POST /api/v1/tenants`
pub(crate) async fn create(
    Session(session): Session,
    Json(request): Json<protocol::CreateTenant>,
) -> Answer<(StatusCode, Json<protocol::Tenant>)> {
    let tenant = session.create_tenant(&request.name).await?;
    let heads = heads(&session).await?;
    let seq = heads.get(&tenant.name).copied().unwrap_or_default();
    Ok((StatusCode::CREATED, Json(shape::tenant::tenant(tenant, seq))))
}

/// `GET /api/v1/tenants`
pub(crate) async fn list(
    Session(session): Session,
    Query(query): Query<protocol::PageQuery>,
) -> Answer<Json<protocol::Page<protocol::Tenant>>> {
    let page = shape::page::ask(query.limit, query.after);
    let tenants = session.tenants(&page).await?;
    let heads = heads(&session).await?;
    let seq = |name: &str| heads.get(name).copied().unwrap_or_default();
    Ok(Json(shape::page::page(tenants, |tenant| {
        let seq = seq(&tenant.name);
        shape::tenant::tenant(tenant, seq)
    })))
}

async fn heads(session: &engine::Session) -> Result<HashMap<String, i64>, engine::Error> {
    Ok(session.heads().await?.into_iter().collect())
}

//! Tenants: making and listing them.

use std::collections::HashMap;

use axum::extract::State;
use engine::Engine;
use http::StatusCode;

use crate::extract::{Caller, Json, Query};
use crate::problem::Answer;
use crate::shape;

/// `POST /api/v1/tenants`
pub(crate) async fn create(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Json(request): Json<protocol::CreateTenant>,
) -> Answer<(StatusCode, Json<protocol::Tenant>)> {
    let tenant = engine.create_tenant(&caller, &request.name).await?;
    let heads = heads(&engine).await?;
    let seq = heads.get(&tenant.name).copied().unwrap_or_default();
    Ok((StatusCode::CREATED, Json(shape::tenant::tenant(tenant, seq))))
}

/// `GET /api/v1/tenants`
pub(crate) async fn list(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Query(query): Query<protocol::PageQuery>,
) -> Answer<Json<protocol::Page<protocol::Tenant>>> {
    let page = shape::page::ask(query.limit, query.after);
    let tenants = engine.tenants(&caller, &page).await?;
    let heads = heads(&engine).await?;
    let seq = |name: &str| heads.get(name).copied().unwrap_or_default();
    Ok(Json(shape::page::page(tenants, |tenant| {
        let seq = seq(&tenant.name);
        shape::tenant::tenant(tenant, seq)
    })))
}

async fn heads(engine: &Engine) -> Result<HashMap<String, i64>, engine::Error> {
    Ok(engine.heads().await?.into_iter().collect())
}

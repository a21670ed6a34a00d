//! Agents: registering, changing, retiring, and signs of life.

use axum::extract::State;
use engine::{AgentView, Engine};
use http::StatusCode;

use crate::extract::{Caller, Json, Lenient, Path, Query};
use crate::problem::Answer;
use crate::shape;

/// `GET /api/v1/agents`
pub(crate) async fn list(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Query(query): Query<protocol::PageQuery>,
) -> Answer<Json<protocol::Page<protocol::Agent>>> {
    let page = shape::page::ask(query.limit, query.after);
    let agents = engine.agents(&caller, &page).await?;
    Ok(Json(shape::page::page(agents, |view| shaped(&engine, view))))
}

/// `GET /api/v1/agents/{name}`
pub(crate) async fn show(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path(name): Path<String>,
) -> Answer<Json<protocol::Agent>> {
    Ok(Json(shaped(&engine, engine.agent(&caller, &name).await?)))
}

/// `PUT /api/v1/agents/{name}`
pub(crate) async fn put(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path(name): Path<String>,
    Lenient(request): Lenient<protocol::PutAgent>,
) -> Answer<(StatusCode, Json<protocol::Agent>)> {
    let (agent, created) = engine.put_agent(&caller, &name, shape::agent::put(request, &name)?).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(shaped(&engine, agent))))
}

/// `DELETE /api/v1/agents/{name}`
pub(crate) async fn retire(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path(name): Path<String>,
) -> Answer<Json<protocol::Agent>> {
    Ok(Json(shaped(&engine, engine.retire_agent(&caller, &name).await?)))
}

/// `POST /api/v1/agents/{name}/heartbeat`
pub(crate) async fn heartbeat(
    State(engine): State<Engine>,
    Caller(caller): Caller,
    Path(name): Path<String>,
) -> Answer<Json<protocol::Agent>> {
    Ok(Json(shaped(&engine, engine.heartbeat(&caller, &name).await?)))
}

fn shaped(engine: &Engine, view: AgentView) -> protocol::Agent {
    shape::agent::agent(view, &engine.config().authority.final_agents)
}

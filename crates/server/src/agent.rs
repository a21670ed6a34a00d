//! Agents: registering, changing, retiring, and signs of life.

use engine::AgentView;
use http::StatusCode;

use crate::extract::{Json, OptionalJson, Path, Query, Session};
use crate::problem::Answer;
use protocol::shape;

/// `GET /api/v1/agents`
pub(crate) async fn list(
    Session(session): Session,
    Query(query): Query<protocol::PageQuery>,
) -> Answer<Json<protocol::Page<protocol::Agent>>> {
    let page = shape::page::ask(query.limit, query.after);
    let agents = session.agents(&page).await?;
    Ok(Json(shape::page::page(agents, |view| shaped(&session, view))))
}

/// `GET /api/v1/agents/{agent}`
pub(crate) async fn show(Session(session): Session, Path(name): Path<String>) -> Answer<Json<protocol::Agent>> {
    Ok(Json(shaped(&session, session.agent(&name).await?)))
}

/// `PUT /api/v1/agents/{agent}`
pub(crate) async fn put(
    Session(session): Session,
    Path(name): Path<String>,
    OptionalJson(request): OptionalJson<protocol::PutAgent>,
) -> Answer<(StatusCode, Json<protocol::Agent>)> {
    let (agent, created) = session.put_agent(&name, shape::agent::put(request, &name)?).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(shaped(&session, agent))))
}

/// `DELETE /api/v1/agents/{agent}`
pub(crate) async fn retire(Session(session): Session, Path(name): Path<String>) -> Answer<Json<protocol::Agent>> {
    Ok(Json(shaped(&session, session.retire_agent(&name).await?)))
}

/// `POST /api/v1/agents/{agent}/heartbeat`
pub(crate) async fn heartbeat(Session(session): Session, Path(name): Path<String>) -> Answer<Json<protocol::Agent>> {
    Ok(Json(shaped(&session, session.heartbeat(&name).await?)))
}

fn shaped(session: &engine::Session, view: AgentView) -> protocol::Agent {
    shape::agent::agent(view, &session.config().authority.final_agents)
}

use crate::place::Place;

pub(crate) async fn without_limits_nothing_is_counted(place: &Place) {
    let world = place.world().await;
    let answer = world.get("/api/v1/agents").await;
    assert_eq!(answer.header("ratelimit"), "");
}

//! The Redis cluster of the Kubernetes template, by its own scripts: it forms itself, clients use it, it comes back when every
//! address has changed, and takes a node in again that lost its volume.

#![cfg(test)]

use std::time::Duration;

use domain::{AgentName, TenantId};
use ephemeral::{Ephemeral, EphemeralConfig, Status};
use testkit::process::poll;
use testkit::redis_cluster::RedisCluster;

const SOON: Duration = Duration::from_secs(30);
const KEYS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_forms_itself_and_survives_a_change_of_every_address_and_the_loss_of_volumes() {
    let mut cluster = tokio::task::block_in_place(RedisCluster::start).unwrap();
    is_used_by_clients(&cluster).await;
    tokio::task::block_in_place(|| {
        write(&cluster);
        survives_a_change_of_every_address(&mut cluster);
        takes_in_a_node_that_lost_its_volume(&mut cluster);
        goes_on_empty_where_a_whole_shard_is_lost(&mut cluster);
        hands_over_before_it_ends(&cluster);
    });
    is_used_by_clients(&cluster).await;
}

/// Two processes hear each other through it.
async fn is_used_by_clients(cluster: &RedisCluster) {
    let open = || Ephemeral::redis(&cluster.url(), &EphemeralConfig::default()).unwrap();
    let (here, there) = (open(), open());
    let connected = |one: &Ephemeral| one.status() == Status::Ok && one.hears_others();
    let both = tokio::task::block_in_place(|| poll(SOON, || connected(&here) && connected(&there)));
    assert!(both, "{:?}, {:?}", here.status(), there.status());
    let code = AgentName::stored("code".to_owned());
    let inbox = there.inbox(TenantId::DEFAULT, &code);
    here.notify_inbox(TenantId::DEFAULT, &code);
    tokio::time::timeout(SOON, inbox.turn()).await.expect("the notification arrives");
    here.close().await;
    there.close().await;
}

fn write(cluster: &RedisCluster) {
    for key in 0..KEYS {
        assert_eq!(cluster.ask(0, &["set", &format!("key-{key}"), "kept"]), "OK");
    }
}

/// How many of the keys are there.
fn kept(cluster: &RedisCluster) -> usize {
    (0..KEYS).filter(|key| cluster.ask(0, &["get", &format!("key-{key}")]) == "kept").count()
}

fn survives_a_change_of_every_address(cluster: &mut RedisCluster) {
    let (before, shards) = (cluster.url(), cluster.masters(0));
    assert_eq!(shards.len(), 3, "{shards:?}");
    cluster.stop_all().unwrap();
    cluster.change_addresses();
    assert_ne!(cluster.url(), before);
    cluster.start_all().unwrap();
    assert_eq!(kept(cluster), KEYS);
}

/// A replica comes back empty: its master copies everything to it again.
fn takes_in_a_node_that_lost_its_volume(cluster: &mut RedisCluster) {
    let masters = cluster.masters(0);
    let lost = (0..RedisCluster::NODES).find(|number| !masters.contains(number)).unwrap();
    cluster.lose(lost).unwrap();
    cluster.start_all().unwrap();
    assert_eq!(kept(cluster), KEYS);
}

/// A master and its replica come back empty: their slots are given out again, and what the others have is still there.
fn goes_on_empty_where_a_whole_shard_is_lost(cluster: &mut RedisCluster) {
    let (master, replica) = cluster.shard(0).unwrap();
    cluster.lose(master).unwrap();
    cluster.lose(replica).unwrap();
    cluster.start_all().unwrap();
    let kept = kept(cluster);
    assert!((1..KEYS).contains(&kept), "{kept} of {KEYS} keys were kept");
    write(cluster);
}

/// Before a master ends, its replica is the master.
fn hands_over_before_it_ends(cluster: &RedisCluster) {
    let (master, replica) = cluster.shard(0).unwrap();
    cluster.run(master, "stop.sh").unwrap();
    assert!(poll(SOON, || cluster.masters(master).contains(&replica)));
    assert!(!cluster.masters(master).contains(&master));
    assert_eq!(kept(cluster), KEYS);
}

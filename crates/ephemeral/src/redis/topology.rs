//! Where Redis is: one server, a master that sentinels name, or a cluster; read from one URL.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult,
    TlsMode, Value,
};

/// How long a server may take to accept a connection.
const DIAL: Duration = Duration::from_secs(2);
/// How long Redis may take to answer.
pub(super) const ANSWER: Duration = Duration::from_millis(500);

const EXAMPLE: &str =
    "as in redis://:password@host:6379/0, redis+sentinel://host:26379/MASTER/0 or redis+cluster://host:6379";

/// Why a URL names no Redis. Never repeats the URL, which holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}, {EXAMPLE}")]
pub struct UrlError(&'static str);

/// Where Redis is.
pub(crate) enum Topology {
    Single(Client),
    Sentinel { sentinels: Vec<ConnectionInfo>, master: String, server: Box<ConnectionInfo>, tls: bool },
    Cluster(Vec<ConnectionInfo>),
}

/// A connection for commands.
#[derive(Clone)]
pub(super) enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Topology {
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError("is no URL"))?;
        let (scheme, form) = scheme.split_once(['+', '-']).unwrap_or((scheme, ""));
        if !matches!(scheme, "redis" | "rediss") {
            return Err(UrlError("must begin with redis:// or rediss://"));
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let each = |user: &str, path: &str| -> Result<Vec<ConnectionInfo>, UrlError> {
            hosts.split(',').map(|host| info(&format!("{scheme}://{user}{host}{path}"))).collect()
        };
        match form {
            "" => {
                let [server] = <[_; 1]>::try_from(each(user, path)?).map_err(|_| UrlError("names several hosts"))?;
                Ok(Self::Single(Client::open(server).map_err(|_| UrlError("cannot be used"))?))
            }
            "sentinel" => {
                let (path, query) = path.split_once('?').unwrap_or((path, ""));
                let mut segments = path.split('/').skip(1);
                let master = segments.next().filter(|master| !master.is_empty()).ok_or(UrlError("names no master"))?;
                let database = segments.next().unwrap_or("0");
                let server = Box::new(info(&format!("{scheme}://{user}localhost/{database}"))?);
                let password = query.split('&').find_map(|pair| pair.strip_prefix("sentinel_password="));
                let user = password.map_or(String::new(), |password| format!(":{password}@"));
                let hosts: Vec<String> = hosts.split(',').map(with_port).collect();
                let sentinels = hosts.iter().map(|host| info(&format!("{scheme}://{user}{host}/0")));
                let sentinels = sentinels.collect::<Result<_, _>>()?;
                Ok(Self::Sentinel { sentinels, master: master.to_owned(), server, tls: scheme == "rediss" })
            }
            "cluster" => Ok(Self::Cluster(each(user, "")?)),
            _ => Err(UrlError("is of no known form")),
        }
    }

    /// Connects for commands.
    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(DIAL)).set_response_timeout(Some(ANSWER));
        match self {
            Self::Single(client) => {
                Ok(Connection::Server(client.get_multiplexed_async_connection_with_config(&config).await?))
            }
            Self::Sentinel { .. } => {
                let client = self.master().await?;
                Ok(Connection::Server(client.get_multiplexed_async_connection_with_config(&config).await?))
            }
            Self::Cluster(nodes) => {
                let client = ClusterClientBuilder::new(nodes.clone())
                    .connection_timeout(DIAL)
                    .response_timeout(ANSWER)
                    .overall_response_timeout(Some(ANSWER))
                    .build()?;
                Ok(Connection::Cluster(client.get_async_connection().await?))
            }
        }
    }

    /// Connects for subscribing. In a cluster every node receives what is published at any node.
    pub(super) async fn listen(&self) -> RedisResult<PubSub> {
        match self {
            Self::Single(client) => client.get_async_pubsub().await,
            Self::Sentinel { .. } => self.master().await?.get_async_pubsub().await,
            Self::Cluster(nodes) => {
                let mut last = RedisError::from((ErrorKind::Client, "there is no node"));
                for node in nodes {
                    let client = Client::open(node.clone())?;
                    match tokio::time::timeout(DIAL, client.get_async_pubsub()).await {
                        Ok(Ok(listening)) => return Ok(listening),
                        Ok(Err(error)) => last = error,
                        Err(_) => last = RedisError::from((ErrorKind::Io, "a node does not answer")),
                    }
                }
                Err(last)
            }
        }
    }

    /// Asks the sentinels who is master.
    async fn master(&self) -> RedisResult<Client> {
        let Self::Sentinel { sentinels, master, server, tls } = self else {
            return Err(RedisError::from((ErrorKind::Client, "there are no sentinels")));
        };
        let mut node = SentinelNodeConnectionInfo::default().set_redis_connection_info(server.redis_settings().clone());
        if *tls {
            node = node.set_tls_mode(TlsMode::Secure);
        }
        let role = SentinelServerType::Master;
        SentinelClient::build(sentinels.clone(), master, Some(node), role)?.async_get_client().await
    }
}

fn info(url: &str) -> Result<ConnectionInfo, UrlError> {
    url.parse().map_err(|_| UrlError("is no URL"))
}

/// A sentinel's host, with the port that sentinels listen on where none is said.
fn with_port(host: &str) -> String {
    let bare = host.rsplit(']').next().unwrap_or_default();
    if bare.contains(':') { host.to_owned() } else { format!("{host}:26379") }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(server) => server.req_packed_command(cmd),
            Self::Cluster(cluster) => cluster.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(server) => server.req_packed_commands(cmd, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(server) => server.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(nodes: &[ConnectionInfo]) -> Vec<String> {
        nodes.iter().map(|node| node.addr().to_string()).collect()
    }

    #[test]
    fn one_server_a_sentinel_s_master_or_a_cluster() {
        let Ok(Topology::Single(client)) = Topology::parse("redis://u:p%40@one:7000/3") else { panic!("one server") };
        let info = client.get_connection_info();
        assert_eq!(info.addr().to_string(), "one:7000");
        assert_eq!((info.redis_settings().db(), info.redis_settings().password()), (3, Some("p@")));
        let sentinel = Topology::parse("redis+sentinel://:p@one,two:7001/main/2?sentinel_password=q");
        let Ok(Topology::Sentinel { sentinels, master, server, tls: false }) = sentinel else { panic!("sentinels") };
        assert_eq!(
            (addresses(&sentinels), master.as_str()),
            (vec!["one:26379".to_owned(), "two:7001".to_owned()], "main")
        );
        assert_eq!(sentinels[0].redis_settings().password(), Some("q"));
        assert_eq!((server.redis_settings().db(), server.redis_settings().password()), (2, Some("p")));
        let Ok(Topology::Cluster(nodes)) = Topology::parse("rediss-cluster://one,two:7001") else {
            panic!("a cluster")
        };
        assert_eq!(addresses(&nodes), ["one:6379", "two:7001"]);
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_the_password() {
        let wrong =
            ["", "localhost", "http://:hunter2@a", "redis://:hunter2@", "redis://:hunter2@a,b", "redis+sentinel://a"];
        for text in wrong.iter().chain(&["redis+swarm://:hunter2@a"]) {
            let error = Topology::parse(text).err().unwrap_or_else(|| panic!("{text} was read"));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}

//! Looking names up: what is connected to is what the rules have seen.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::rules::Rules;

/// Looks up the addresses of a host.
pub trait Lookup: Send + Sync {
    /// The addresses of a host, best first.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Looks names up as the operating system does.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Lookup for System {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let found =
            async move { tokio::net::lookup_host((host, 0)).await.map(|all| all.map(|one| one.ip()).collect()) };
        found.boxed()
    }
}

/// Gives a client those addresses of a host that it may connect to. It connects to these and looks nothing up again.
pub(crate) struct Guarded {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) rules: Arc<Rules>,
    /// Whether the client speaks TLS.
    pub(crate) tls: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (found, rules, tls) = (self.lookup.lookup(host.clone()), Arc::clone(&self.rules), self.tls);
        let checked = async move {
            let mut refused = None;
            let mut good = Vec::new();
            for address in found.await? {
                match rules.check(&host, address, tls) {
                    Ok(()) => good.push(SocketAddr::new(address, 0)),
                    Err(why) => refused = refused.or(Some(why)),
                }
            }
            match refused {
                Some(why) if good.is_empty() => Err(why.into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        };
        checked.boxed()
    }
}

use std::net::SocketAddr;

use headshot_core::{Reach, is_public};
use tokio::net::lookup_host;

use super::Trouble;

/// So many addresses of one name are tried.
const MOST: usize = 4;

/// Where names are looked up.
pub(super) enum Resolver {
    /// As every program on this machine does.
    System,
    /// What a test makes of it.
    #[cfg(test)]
    Told(Told),
}

#[cfg(test)]
pub(super) type Told = Box<dyn Fn(&str) -> Vec<std::net::IpAddr> + Send + Sync>;

impl Resolver {
    /// The addresses that `host` stands for, each of them seen to be within reach.
    pub(super) async fn addresses(
        &self,
        host: &str,
        port: u16,
        reach: Reach,
    ) -> Result<Vec<SocketAddr>, Trouble> {
        let found: Vec<SocketAddr> = match self {
            Self::System => lookup_host((host, port)).await.map_err(|_| Trouble::Unresolved)?.collect(),
            #[cfg(test)]
            Self::Told(resolve) => resolve(host).into_iter().map(|ip| SocketAddr::new(ip, port)).collect(),
        };
        if found.is_empty() {
            return Err(Trouble::Unresolved);
        }
        // One private address among public ones is an attempt to get in by chance.
        if reach == Reach::Public && !found.iter().all(|address| is_public(address.ip())) {
            return Err(Trouble::Private);
        }
        Ok(found.into_iter().take(MOST).collect())
    }
}

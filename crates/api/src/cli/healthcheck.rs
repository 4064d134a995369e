//! The probe of a container that has no shell: asks the server on this machine whether it is alive.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Calls `/healthz` of the server that listens on `host` and `port`.
///
/// # Errors
/// It does not answer within three seconds, or not with 200.
pub fn probe(host: IpAddr, port: u16) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(3);
    let host = if host.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { host };
    let address = SocketAddr::new(host, port);
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)
        .with_context(|| format!("nothing listens on {address}"))?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut head = [0; 12];
    connection.read_exact(&mut head).with_context(|| format!("no answer from {address}"))?;
    ensure!(&head == b"HTTP/1.1 200", "{address} is not well: {}", String::from_utf8_lossy(&head));
    Ok(())
}

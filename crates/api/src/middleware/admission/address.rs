use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where a request comes from, as far as limits are concerned; see [`client_address`].
#[derive(Clone, Debug)]
pub(crate) struct ClientAddress(pub(crate) String);

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Where a request comes from. Each proxy adds the address that it was called from at the end of `X-Forwarded-For`, so that of
/// `trusted_proxies` the first one's entry is that many from the end; what stands before it anybody can have written. Without
/// enough entries, or where there is no address, it is the connection's.
pub(crate) fn client_address(headers: &HeaderMap, peer: Peer, trusted_proxies: usize) -> ClientAddress {
    let forwarded = trusted_proxies.checked_sub(1).and_then(|behind| {
        let values = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut entries = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        let entry = std::str::from_utf8(entries.nth(behind)?).ok()?.trim();
        entry.parse().or_else(|_| entry.parse().map(|address: SocketAddr| address.ip())).ok()
    });
    ClientAddress(name(forwarded.unwrap_or(peer.0)))
}

/// Of IPv6, the network: whoever has one address there has all of them.
fn name(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(network).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::http::HeaderValue;

    use super::*;

    fn address(forwarded: &[&[u8]], trusted_proxies: usize) -> String {
        let values = forwarded.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        let headers = values.map(|value| (FORWARDED_FOR.parse().unwrap(), value)).collect();
        client_address(&headers, Peer(Ipv4Addr::new(192, 0, 2, 1).into()), trusted_proxies).0
    }

    #[test]
    fn what_a_client_writes_itself_is_not_believed() {
        let forwarded: &[&[u8]] = &[b"6.6.6.6, 203.0.113.7, 198.51.100.2"];
        assert_eq!(address(forwarded, 0), "192.0.2.1");
        assert_eq!(address(forwarded, 1), "198.51.100.2");
        assert_eq!(address(forwarded, 2), "203.0.113.7");
        assert_eq!(address(&[b"6.6.6.6", b"203.0.113.7"], 1), "203.0.113.7", "headers in a row are one list");
        assert_eq!(address(&[b"6.6.6.6", b"203.0.113.7"], 2), "6.6.6.6");
        assert_eq!(address(forwarded, 9), "192.0.2.1", "fewer proxies than there should be");
        assert_eq!(address(&[], 1), "192.0.2.1");
        for nonsense in [&b"unknown"[..], b"", b"\xff\xfe", b"203.0.113.7 198.51.100.2", b"1.2.3", b"::1]:1"]
        {
            assert_eq!(address(&[nonsense], 1), "192.0.2.1");
        }
    }

    #[test]
    fn an_address_has_one_name_and_a_network_of_ipv6_too() {
        assert_eq!(address(&[b"203.0.113.7:4711"], 1), "203.0.113.7");
        assert_eq!(address(&[b"::ffff:203.0.113.7"], 1), "203.0.113.7");
        for same in [&b"2001:db8:1:2::1"[..], b"2001:DB8:1:2:ffff::9", b"[2001:db8:1:2::3]:443"] {
            assert_eq!(address(&[same], 1), "2001:db8:1:2::");
        }
        assert_ne!(address(&[b"2001:db8:1:3::1"], 1), "2001:db8:1:2::");
    }
}

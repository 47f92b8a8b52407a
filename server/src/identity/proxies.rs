//! The address a request comes from: the direct peer, or what our own proxies say about it.
//!
//! `X-Forwarded-For` is believed only from configured networks, and only as far as it was written by them: it is read
//! from the right, and the first address that is not a proxy of ours is the client. Anybody else's header is ignored.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use http::HeaderMap;

/// The networks of our own proxies; none by default.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[Network]>);

/// e.g. `10.0.0.0/8`; a single address is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Proxies {
    fn contain(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(ip))
    }
}

impl FromStr for Proxies {
    type Err = String;

    /// A list separated by commas, e.g. `10.0.0.0/8, ::1`; blank for none.
    fn from_str(list: &str) -> Result<Self, String> {
        list.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(Network::from_str)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a network such as 10.0.0.0/8 or an address");
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(bits), str::parse::<u8>).map_err(|_| wrong())?;
        if prefix > bits {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }
}

impl Network {
    fn contains(self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                network.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                network.to_bits() & mask == ip.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Who the client is. `peer`: the other end of the connection.
#[must_use]
pub fn client_ip(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &Proxies) -> Option<IpAddr> {
    let mut client = peer?.to_canonical();
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map(|hop| hop.trim().parse::<IpAddr>());
    while proxies.contain(client) {
        // What does not parse was not written by a proxy of ours.
        let Some(Ok(hop)) = hops.next() else { break };
        client = hop.to_canonical();
    }
    Some(client)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn client(peer: &str, forwarded: &[&str], proxies: &str) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).expect("a header"));
        }
        let proxies = proxies.parse().expect("networks");
        client_ip(peer.parse().ok(), &headers, &proxies).map(|ip| ip.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_strangers_header_is_ignored() {
        assert_eq!(client("203.0.113.9", &["192.0.2.1"], ""), "203.0.113.9");
        assert_eq!(client("203.0.113.9", &["192.0.2.1"], "10.0.0.0/8"), "203.0.113.9");
        assert_eq!(client("", &["192.0.2.1"], "0.0.0.0/0"), "", "no peer, no address");
    }

    #[test]
    fn our_proxies_are_believed_as_far_as_they_reach() {
        assert_eq!(client("10.1.2.3", &["192.0.2.1"], "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(
            client("10.1.2.3", &["6.6.6.6, 192.0.2.1, 10.9.9.9"], "10.0.0.0/8"),
            "192.0.2.1",
            "the left is anybody's"
        );
        assert_eq!(
            client("10.1.2.3", &["6.6.6.6", "192.0.2.1"], "10.0.0.0/8"),
            "192.0.2.1",
            "the last line is the newest"
        );
        assert_eq!(client("::ffff:10.1.2.3", &["2001:db8::1"], "10.0.0.0/8"), "2001:db8::1");
        assert_eq!(client("10.1.2.3", &[], "10.0.0.0/8"), "10.1.2.3");
        assert_eq!(client("10.1.2.3", &["unknown"], "10.0.0.0/8"), "10.1.2.3");
        assert_eq!(client("::1", &["192.0.2.1"], "127.0.0.1, ::1"), "192.0.2.1");
    }

    #[test]
    fn networks_are_read_strictly() {
        for wrong in ["10.0.0.0/33", "::/129", "10.0.0/8", "a", "10.0.0.0/", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Proxies>().is_err(), "{wrong}");
        }
        assert!("0.0.0.0/0".parse::<Network>().expect("all").contains("203.0.113.9".parse().expect("an address")));
        assert!(!"2001:db8::/32".parse::<Network>().expect("one").contains("2001:db9::1".parse().expect("an address")));
    }

    proptest::proptest! {
        #[test]
        fn no_header_breaks_it(line in "[ -~]{0,60}") {
            let _ = client("10.1.2.3", &[&line], "10.0.0.0/8");
        }
    }
}

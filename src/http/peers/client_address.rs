//! Where a request comes from (semantics 8): the peer, or, while the hop before is a
//! trusted proxy, the rightmost element of `X-Forwarded-For`. Never another header,
//! never the leftmost element: these are the caller's own words (threats B3, B4).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The client's address, and whether it is a sidecar's own: inside the trusted networks,
/// and nothing was forwarded. `None` where the connection has none (a test).
pub fn of(request: &HttpRequest, trusted: &[IpNet]) -> Option<(IpAddr, bool)> {
    let mut address = unmapped(request.peer_addr()?.ip());
    // As bytes: whatever a client put to the left must not hide what a proxy put to the
    // right of it.
    let mut forwarded: Vec<&[u8]> = request
        .headers()
        .get_all("x-forwarded-for")
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    let alone = forwarded.is_empty();
    while is_trusted(address, trusted) {
        let Some(next) = forwarded.pop().and_then(parse) else {
            break;
        };
        address = unmapped(next);
    }
    Some((address, alone && is_trusted(address, trusted)))
}

/// An address, as some proxies write it with a port.
fn parse(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element).ok()?.trim();
    text.parse()
        .or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()))
        .ok()
}

pub(in crate::http) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// `::ffff:1.2.3.4` is 1.2.3.4 (threat B6).
pub(in crate::http) fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// One IPv6 network of 64 bits is one household (threat B5).
pub(in crate::http) fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let network = v6.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    fn of(peer: &str, forwarded: &[&str]) -> String {
        let trusted = [
            "127.0.0.0/8".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ];
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        super::of(&request.to_http_request(), &trusted)
            .unwrap()
            .0
            .to_string()
    }

    #[test]
    fn b3_b4_b6_only_trusted_hops_are_believed_from_the_right() {
        assert_eq!(of("203.0.113.9", &["1.1.1.1"]), "203.0.113.9");
        assert_eq!(of("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            of("127.0.0.1", &["1.1.1.1", "203.0.113.9, 10.0.0.7"]),
            "203.0.113.9"
        );
        assert_eq!(of("127.0.0.1", &["1.1.1.1, junk"]), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            of("127.0.0.1", &["\u{a1}, 203.0.113.9:4711"]),
            "203.0.113.9"
        );
        assert_eq!(of("[::ffff:127.0.0.1]", &["203.0.113.9"]), "203.0.113.9");
    }
}

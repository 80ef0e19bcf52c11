//! Where a request comes from (semantics 8): the peer, or, while the hop before is a
//! trusted proxy, the rightmost element of `X-Forwarded-For`. Never another header,
//! never the leftmost element: these are the caller's own words (threats B3, B4).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;
use parking_lot::Mutex;

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

/// An address, as some proxies write it: with a port, in brackets, with a zone.
fn parse(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let bare = bare.unwrap_or(text);
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(socket.ip());
    }
    match bare.split_once('%') {
        // A zone names an interface of the proxy's: the address is the rest of it.
        Some((address, zone)) if !zone.is_empty() => {
            address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        _ => bare.parse().ok(),
    }
}

/// Peers that forward for others and are not trusted, each told of once: their clients
/// all count as one, and nothing else would say so.
#[derive(Default)]
pub struct Unbelieved(Mutex<BTreeSet<IpAddr>>);

/// How many are told of.
const TOLD: usize = 16;

impl Unbelieved {
    pub(in crate::http) fn look_at(&self, request: &HttpRequest, trusted: &[IpNet]) {
        if !request.headers().contains_key("x-forwarded-for") {
            return;
        }
        let Some(peer) = request.peer_addr().map(|peer| unmapped(peer.ip())) else {
            return;
        };
        if is_trusted(peer, trusted) || !is_private(peer) {
            return;
        }
        let mut told = self.0.lock();
        if told.len() < TOLD && told.insert(peer) {
            log::warn!(
                "X-Forwarded-For of {peer} is not believed: all its clients count as one; if it is \
                 your proxy, name it in KEYWARD_TRUSTED_PROXIES"
            );
        }
    }
}

/// Where a proxy of one's own may be: on this machine or in a network that is nobody's.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

pub(in crate::http) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// `::ffff:1.2.3.4` is 1.2.3.4 (threat B6).
pub(in crate::http) fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
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

    #[test]
    fn operators_22_brackets_ports_and_zones_are_read() {
        for (element, address) in [
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            (" 2001:db8::1 ", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%eth0]", "fe80::1"),
            ("203.0.113.9", "203.0.113.9"),
            // What can not be read: one bucket, that of the proxy.
            ("[203.0.113.9", "127.0.0.1"),
            ("203.0.113.9%eth0", "127.0.0.1"),
            ("fe80::1%", "127.0.0.1"),
            ("[]", "127.0.0.1"),
            ("unknown", "127.0.0.1"),
            ("", "127.0.0.1"),
        ] {
            assert_eq!(of("127.0.0.1", &[element]), address, "{element}");
        }
        let trusted = ["127.0.0.0/8".parse().unwrap()];
        let request = TestRequest::default().peer_addr("127.0.0.1:1".parse().unwrap());
        let request = request.insert_header(("x-forwarded-for", "unknown"));
        let (_, internal) = super::of(&request.to_http_request(), &trusted).unwrap();
        assert!(!internal, "it is limited");
    }
}

//! From the text of a setting to its value. Each says in a few words what it wants.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

/// `15m`, `12h`, `30d`, `90s`; `0` alone is nothing.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || "a duration such as 30s, 15m, 12h or 30d".to_owned();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wanted)?;
    let number: u64 = number.parse().map_err(|_| wanted())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wanted()),
    };
    // A hundred years is surely a mistake, and more would overflow.
    number
        .checked_mul(seconds)
        .filter(|seconds| *seconds <= 3_153_600_000)
        .map(Duration::from_secs)
        .ok_or_else(wanted)
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("on or off".to_owned()),
    }
}

pub(super) fn whole<T: TryFrom<u64>>(text: &str, least: u64, most: u64) -> Result<T, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("a whole number from {least} to {most}"))
}

/// Comma separated, spaces around an entry allowed, empty entries not counted.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

/// A web origin: scheme, host, port, and nothing else (threat G8).
pub(super) fn origin(text: &str) -> Result<Url, String> {
    let wanted = || format!("an origin such as https://app.example.com, not {text:?}");
    let url = Url::parse(text).map_err(|_| wanted())?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.contains('*'))
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if bare { Ok(url) } else { Err(wanted()) }
}

/// A network or a single address. Never the whole Internet, nor so large a part of it that
/// a few make the whole (threat G6): no wider than the widest private ones, 10.0.0.0/8 and,
/// among IPv6's, `fc00::/7`.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("networks such as 10.0.0.0/8, not {text:?}"))?;
    let narrow = match network {
        IpNet::V4(network) => network.prefix_len() >= 8,
        IpNet::V6(network) => {
            let private = network.addr().is_unique_local() && network.prefix_len() >= 7;
            private || network.prefix_len() >= 16
        }
    };
    if narrow {
        Ok(network)
    } else {
        Err(format!(
            "networks of proxies: {text} would believe the forwarded headers of half the world"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(duration("30d"), Ok(Duration::from_secs(2_592_000)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for text in [
            "",
            "15",
            "m",
            "-1m",
            "1.5h",
            "15 m",
            "15min",
            "99999999999d",
            "é",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn g8_only_exact_origins() {
        assert!(origin("https://app.example.com").is_ok());
        assert!(origin("http://localhost:3000").is_ok());
        for text in [
            "*",
            "https://*",
            "https://*.com",
            "app.example.com",
            "https://a.b/path",
            "https://a@b.c",
            "ftp://a.b",
            "null",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn g6_nobody_trusts_the_internet() {
        for text in ["10.0.0.0/8", "::1", "2001::/16", "fc00::/7", "fd00::/8"] {
            assert!(network(text).is_ok(), "{text}");
        }
        for text in [
            "0.0.0.0/0",
            "0.0.0.0/1",
            "128.0.0.0/1",
            "10.0.0.0/7",
            "::/0",
            "2000::/3",
            "2001::/15",
            "fc00::/0",
            "fc00::/6",
            "*",
            "10.0.0.0/33",
        ] {
            assert!(network(text).is_err(), "{text}");
        }
    }
}

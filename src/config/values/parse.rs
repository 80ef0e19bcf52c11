//! From the text of a setting to its value. Each says in a few words what it wants.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net};

use crate::domain::identifier::Email;
use crate::domain::password::Password;
use crate::support::secret::SecretString;

/// `15m`, `12h`, `30d`, `90s`; `0` alone is nothing.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || "0, or a duration such as 30s, 15m, 12h or 30d".to_owned();
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

/// A duration within these two, which are durations themselves.
pub(in crate::config) fn lasting(
    least: &'static str,
    most: &'static str,
) -> impl Fn(&str) -> Result<Duration, String> {
    move |text| {
        let range = duration(least)?..=duration(most)?;
        duration(text)
            .ok()
            .filter(|lasts| range.contains(lasts))
            .ok_or_else(|| format!("a duration of {least} to {most}, such as 30s, 15m or 12h"))
    }
}

pub(in crate::config) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("on or off".to_owned()),
    }
}

pub(in crate::config) fn whole<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        text.parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("a whole number from {least} to {most}"))
    }
}

/// Where the default is empty: absence has a meaning of its own.
pub(in crate::config) fn optional<T>(
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<Option<T>, String> {
    move |text| match text {
        "" => Ok(None),
        text => parse(text).map(Some),
    }
}

/// Comma separated, spaces around an entry allowed, empty entries not counted. `none` is
/// the empty list, also where the default is not.
pub(in crate::config) fn list<T>(
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<Vec<T>, String> {
    move |text| {
        if text == "none" {
            return Ok(Vec::new());
        }
        let entries = text.split(',').map(str::trim);
        let mut entries = entries.filter(|entry| !entry.is_empty()).peekable();
        // As compose files write it whose variables are not set: `${ONE:-},${TWO:-}`.
        if !text.is_empty() && entries.peek().is_none() {
            return Err("at least one entry, or none for an empty list".to_owned());
        }
        entries.map(&parse).collect()
    }
}

/// A name, a path or a secret: any text is one.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where other parsers may refuse"
)]
pub(in crate::config) fn as_it_is<T: From<String>>(text: &str) -> Result<T, String> {
    Ok(text.to_owned().into())
}

pub(in crate::config) fn address_and_port(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an address and a port, such as 127.0.0.1:8080".to_owned())
}

pub(in crate::config) fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).ok_or_else(|| "an e-mail address".to_owned())
}

/// What can be a password is one here too, however short: its operator vouches for it.
pub(in crate::config) fn password(text: &str) -> Result<SecretString, String> {
    match Password::parse(text) {
        Ok(_) => Ok(text.to_owned().into()),
        Err(_) => Err("1 to 1024 characters without NUL".to_owned()),
    }
}

/// A network or a single address. Never the whole Internet, nor so large a part of it that
/// a few make the whole (threat G6): no wider than the widest private ones, 10.0.0.0/8 and,
/// among IPv6's, `fc00::/7`. One of IPv4 in the clothes of IPv6 is the network of IPv4: that
/// is what callers are compared as.
pub(in crate::config) fn network(text: &str) -> Result<IpNet, String> {
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("networks such as 10.0.0.0/8, not {text:?}"))?;
    let network = unmapped(network);
    let narrow = match network {
        IpNet::V4(network) => network.prefix_len() >= 8,
        IpNet::V6(network) => {
            let private = network.addr().is_unique_local() && network.prefix_len() >= 7;
            let holds_ipv4 = network.addr().to_ipv4_mapped().is_some();
            (private || network.prefix_len() >= 16) && !holds_ipv4
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

/// `::ffff:10.0.0.0/104` is 10.0.0.0/8. What is wider than all of IPv4 stays as it is.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(wide) = network else {
        return network;
    };
    let address = wide.addr().to_ipv4_mapped();
    let prefix = wide.prefix_len().checked_sub(96);
    match (address, prefix) {
        (Some(address), Some(prefix)) => Ipv4Net::new(address, prefix).map_or(network, IpNet::from),
        _ => network,
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
        assert!(duration("300").unwrap_err().starts_with("0, or "));
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

    #[test]
    fn operators_23_a_mapped_network_is_the_one_of_ipv4() {
        for (text, expected) in [
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.1.2.0/120", "10.1.2.0/24"),
            ("::ffff:10.1.2.3", "10.1.2.3/32"),
            ("::ffff:a00:1/128", "10.0.0.1/32"),
            ("::FFFF:0A00:0000/104", "10.0.0.0/8"),
        ] {
            assert_eq!(network(text), Ok(expected.parse().unwrap()), "{text}");
        }
        // All of IPv4, or half of it.
        for text in [
            "::ffff:0.0.0.0/96",
            "::ffff:0:0/97",
            "::ffff:10.0.0.0/95",
            "::ffff:10.0.0.0/103",
            "::ffff:1.2.3.4/16",
        ] {
            assert!(network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nobody_is_trusted_where_that_is_said() {
        assert_eq!(list(network)("none"), Ok(Vec::new()));
        assert!(list(network)("none,10.0.0.0/8").is_err());
    }
}

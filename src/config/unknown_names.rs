//! Names of the environment that look like settings. A misspelt one would silently leave its
//! default in force, so it is refused (threat G7). But others write into the environment as
//! well: Kubernetes and Docker put the addresses of services there, under names that begin
//! with the service's own. A Service named `keyward` must not keep Keyward from starting.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::config::reader::Reader;
use crate::config::settings;

/// Texts by which operators of other programs name their database.
const OTHER_WORDS: &[&str] = &[
    "DB_URL",
    "DB_URI",
    "DB_DSN",
    "POSTGRES_URL",
    "POSTGRES_URI",
    "POSTGRESQL_URL",
];

pub(super) fn refuse(reader: &mut Reader<'_>, given: &BTreeMap<String, String>) {
    for (name, value) in given {
        // In whatever case: a name in small letters is as lost as a misspelt one.
        let upper = name.to_ascii_uppercase();
        let unknown = upper.starts_with("KEYWARD_") && !settings::is_in_table(name);
        if unknown && !is_of_a_service(name, value, given) {
            let why = if settings::is_in_table(&upper) {
                format!("is no setting of Keyward: it is called {upper}")
            } else {
                "is no setting of Keyward: see keyward serve --help".to_owned()
            };
            reader.fault::<()>(name, why);
        }
    }
    // Else it would begin a new, empty database in silence.
    if !reader.is_given("DATABASE_URL") && !reader.is_given("DATABASE_URL_FILE") {
        for (name, value) in given {
            if means_a_database(name) && !is_of_a_service(name, value, given) {
                let why = "is not read: Keyward finds its database by DATABASE_URL";
                reader.fault::<()>(name, why);
            }
        }
    }
}

fn means_a_database(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let other = upper.starts_with("DATABASE_") || OTHER_WORDS.contains(&upper.as_str());
    other && !settings::is_in_table(name)
}

/// Whether a name and its value are those that Kubernetes (`*_SERVICE_HOST`,
/// `*_SERVICE_PORT*`, `*_PORT=tcp://…`, `*_PORT_8080_TCP*`) or a Docker link (`*_NAME`,
/// `*_ENV_*` besides) makes for a service.
fn is_of_a_service(name: &str, value: &str, given: &BTreeMap<String, String>) -> bool {
    let behind = |word| name.rsplit_once(word).map(|(_, rest)| rest);
    behind("_SERVICE_").is_some_and(|rest| is_of_a_host(rest, value))
        || behind("_PORT_").is_some_and(|rest| is_of_a_port(rest, value))
        || (name.ends_with("_PORT") && is_endpoint(value))
        || is_of_a_link(name, given)
}

/// `HOST`, `PORT`, and `PORT_` with the name of one.
fn is_of_a_host(rest: &str, value: &str) -> bool {
    let port = rest == "PORT" || rest.strip_prefix("PORT_").is_some_and(is_word);
    (rest == "HOST" && is_address(value)) || (port && is_port(value))
}

/// Where Docker made a link it says its name, as `/web/keyward`.
fn is_of_a_link(name: &str, given: &BTreeMap<String, String>) -> bool {
    let alias = match name.split_once("_ENV_") {
        Some((alias, _)) => Some(alias),
        None => name.strip_suffix("_NAME"),
    };
    let link = alias.and_then(|alias| given.get(&format!("{alias}_NAME")));
    link.is_some_and(|link| link.starts_with('/') && link.matches('/').count() == 2)
}

/// `8080_TCP`, `8080_TCP_ADDR` and the others; `TCP_START` and `TCP_END` of a range.
fn is_of_a_port(rest: &str, value: &str) -> bool {
    let mut parts = rest.splitn(3, '_');
    let number = parts.next().filter(|number| is_port(number));
    let protocol = parts.next().unwrap_or_default();
    let kind = parts.next();
    let known = matches!(protocol, "TCP" | "UDP" | "SCTP");
    let fits = match kind {
        None | Some("START" | "END") => is_endpoint(value),
        Some("PROTO") => value.eq_ignore_ascii_case(protocol),
        Some("PORT" | "PORT_START" | "PORT_END") => is_port(value),
        Some("ADDR") => is_address(value),
        Some(_) => false,
    };
    number.is_some() && known && fits
}

/// `tcp://10.96.0.7:8080`, `udp://[fd00::1]:53`.
fn is_endpoint(value: &str) -> bool {
    let Some((protocol, place)) = value.split_once("://") else {
        return false;
    };
    let Some((host, port)) = place.rsplit_once(':') else {
        return false;
    };
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    matches!(protocol, "tcp" | "udp" | "sctp") && is_address(host) && is_port(port)
}

fn is_address(value: &str) -> bool {
    value.parse::<IpAddr>().is_ok()
}

fn is_port(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit()) && value.parse::<u16>().is_ok()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

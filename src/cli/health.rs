//! `keyward health`: asks the server of these settings whether it is ready, for images that have
//! no other program to ask with.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::cli::output::say;
use crate::cli::{Outcome, look_at_config};

/// Longer than a server takes to say that its database is silent.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run() -> Outcome {
    let mut address = look_at_config()?.listen.address;
    // Who listens everywhere listens here.
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    let answer = ask(address).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("{address}: no answer within {} s", PATIENCE.as_secs())
        }
        _ => format!("{address}: {error}"),
    })?;
    let status = answer.split(' ').nth(1).unwrap_or("nothing");
    if status == "200" {
        say!("ready");
        return Ok(());
    }
    Err(format!("{address} is not ready: it answers {status}"))
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    // The line of the status is enough, and comes in one piece.
    let mut first = [0; 64];
    let read = stream.read(&mut first)?;
    Ok(String::from_utf8_lossy(&first[..read]).into_owned())
}

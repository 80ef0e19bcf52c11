//! `keyward serve`.

use std::pin::pin;

use futures_util::future::{Either, select};

use crate::app::{App, FirstAdministrator, World};
use crate::cli::signals::Signals;
use crate::cli::{Outcome, Serve, explain, read_config};
use crate::config::Config;
use crate::http;
use crate::service::upkeep::threads;
use crate::support::process;
use crate::support::secret::ExposeSecret as _;

/// Open files that are no connections of clients: log, listeners, database, event queues.
const OWN_FILES: usize = 64;

pub(super) fn run(serve: &Serve) -> Outcome {
    let mut config = read_config(serve.test_mode)?;
    if let Err(error) = process::forbid_dumps() {
        log::warn!("a core file of this process may hold its keys: {error}");
    }
    fit_connections(&mut config);
    let served = serve_with(&mut config);
    config.database.discard();
    served
}

/// Beyond the limit of open files nobody could connect, our own proxies neither (attack L3).
fn fit_connections(config: &mut Config) {
    let limit = process::raise_open_files();
    let own = OWN_FILES + 2 * config.database_pool as usize;
    let fit = process::fitting(config.connections, own, limit);
    if fit < config.connections {
        log::warn!(
            "KEYWARD_CONNECTIONS is {}, but the limit of open files leaves room for {fit}: raise \
             it (ulimit -Hn, LimitNOFILE=)",
            config.connections
        );
        config.connections = fit;
    }
}

fn serve_with(config: &mut Config) -> Outcome {
    // Before anything else: what is said of the address holds from here on.
    let asked = config.listen;
    let listener = http::listen(asked)
        .and_then(|listener| Ok((listener.local_addr()?, listener)))
        .map_err(|error| format!("KEYWARD_LISTEN: {asked}: {error}"));
    let (address, listener) = listener?;
    config.listens_on(address);
    let label = config.database.label();
    let told = |error: crate::service::Error| format!("{label}: {}", explain(&error));
    let world = World::real(config);
    let app = App::build(config, world).map_err(told)?;
    for why in config.database.exposures() {
        log::warn!("{why}");
    }
    let administrator = app.first_administrator(config).map_err(told)?;
    let housekeeping = threads::start(&app.keyward).map_err(told)?;
    let system = actix_web::rt::System::new();
    let served = system.block_on(async {
        let told = |error: std::io::Error| error.to_string();
        let server = http::serve(&app.keyward, &app.web, listener).map_err(told)?;
        // Before it says that it is there: from then on somebody may send it one.
        let signals = Signals::catch().map_err(told)?;
        greet(config, administrator.as_ref());
        let end = signals.obey(server.handle(), &app.web, config.shutdown_delay);
        match select(server, pin!(end)).await {
            Either::Left((ended, _)) => ended.map_err(told),
            Either::Right(((), _)) => Ok(()),
        }
    });
    drop((system, housekeeping, app.web));
    app.keyward.close();
    served
}

/// Where it listens, who can sign in, and a line that works when pasted.
fn greet(config: &Config, administrator: Option<&FirstAdministrator>) {
    let host = config.listen.ip();
    let host = if host.is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        host.to_string()
    };
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let url = format!("http://{host}:{}", config.listen.port());
    println!("Keyward {} listens on {url}", env!("CARGO_PKG_VERSION"));
    println!("  database       {}", config.database.label());
    if config.test_mode {
        println!(
            "  test mode      move the clock with POST {url}/test/clock {{\"advance\":\"16m\"}}"
        );
    }
    if !config.cookies_work() {
        println!(
            "  no cookies     {} is neither https nor this machine: sign-in with mode \"cookie\" is refused",
            config.public_url
        );
    }
    match administrator {
        Some(FirstAdministrator {
            email,
            password: Some(password),
        }) => {
            let password = password.expose_secret();
            println!("  administrator  {email}");
            println!("  password       {password}   (shown this once)");
            println!("\nTry it:\n  {}", sign_in(&url, email, password));
        }
        Some(FirstAdministrator {
            email,
            password: None,
        }) => {
            println!("  administrator  {email}, with the password of KEYWARD_ADMIN_PASSWORD");
            println!("\nTry it:\n  curl -s {url}/health/ready");
        }
        // Whoever made the accounts that are there knows them.
        None => println!("\nTry it:\n  curl -s {url}/health/ready"),
    }
    println!();
}

fn sign_in(url: &str, email: &str, password: &str) -> String {
    // The one sign of an e-mail address that would end the shell's quotation.
    let email = email.replace('\'', r"'\''");
    format!(
        "curl -s {url}/auth/login -H 'Content-Type: application/json' \
         -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}'"
    )
}

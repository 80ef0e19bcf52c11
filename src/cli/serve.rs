//! `keyward serve`.

use std::net::TcpListener;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::app::{App, World};
use crate::cli::output::{self, write_line};
use crate::cli::signals::{Signals, serve_until_told};
use crate::cli::{Outcome, Serve, explain, look_at, read_config};
use crate::config::Config;
use crate::first_start::{self, FirstAdministrator};
use crate::http;
use crate::service::roles::obsolete_permissions;
use crate::service::upkeep::threads;
use crate::support::process;
use crate::support::secret::{ExposeSecret as _, SecretString};

/// How long a start waits for a database that comes later than Keyward.
const DATABASE_COMES_WITHIN: Duration = Duration::from_secs(30);

/// What is said of a start and of an end.
const NAME: &str = concat!("Keyward ", env!("CARGO_PKG_VERSION"));

/// Threads that are there before: the main one, and those of signals and of the log.
const OWN_THREADS: usize = 3;

/// Open files that are no connections of clients: log, listeners, database, event queues.
const OWN_FILES: usize = 64;

pub(super) fn run(serve: &Serve, signals: &Signals) -> Outcome {
    let listener = listen(serve.test_mode)?;
    let mut config = read_config(serve.test_mode)?;
    if let Err(error) = process::forbid_dumps() {
        log::warn!("a core file of this process may hold its keys: {error}");
    }
    let fit = fit_threads().and_then(|()| fit_connections(&mut config));
    signals.discard_at_end(&config.database.url);
    let served = fit.and_then(|()| serve_with(&mut config, listener, signals));
    config.database.url.discard();
    served
}

/// A start that can not listen leaves nothing in the folder, so this comes before the secret is
/// made. What listens is kept: who asks meanwhile waits, and is not cut off.
fn listen(test_mode: bool) -> Result<TcpListener, String> {
    let asked = look_at(test_mode)?.listen.address;
    http::listen(asked).map_err(|error| format!("KEYWARD_LISTEN: {asked}: {error}"))
}

/// A server that finds out later that it has too few has greeted and made an administrator.
fn fit_threads() -> Outcome {
    let needed = process::threads_of_a_server();
    process::try_threads(needed - OWN_THREADS).map_err(|error| {
        format!(
            "the system gives no more threads ({error}), and a server needs {needed}: raise the limit \
             (TasksMax=, --pids-limit, ulimit -u)"
        )
    })
}

/// Beyond the limit of open files nobody could connect, our own proxies neither (`attack_l3`).
fn fit_connections(config: &mut Config) -> Outcome {
    let limit = process::raise_open_files();
    let own = OWN_FILES + 2 * config.database.pool as usize;
    let wanted = config.peers.connections;
    let fit = process::fitting(wanted, own, limit).map_err(|least| {
        let limit = limit.unwrap_or_default();
        format!(
            "the limit of open files is {limit}, and {least} is the least with these settings: \
             raise it (ulimit -Hn, LimitNOFILE=)"
        )
    })?;
    if fit < wanted {
        log::warn!(
            "KEYWARD_CONNECTIONS is {wanted}, but the limit of open files leaves room for {fit}: \
             raise it (ulimit -Hn, LimitNOFILE=)"
        );
        config.peers.connections = fit;
    }
    Ok(())
}

fn serve_with(config: &mut Config, listener: TcpListener, signals: &Signals) -> Outcome {
    // Before anything else: what is said of the address holds from here on.
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    config.listens_on(address);
    let label = config.database.url.label();
    let told = |error: crate::service::Error| format!("{label}: {}", explain(&error));
    config.database.url.wait_until_there(DATABASE_COMES_WITHIN);
    let world = World::real(config);
    let app = App::build(config, world).map_err(told)?;
    for why in config
        .database
        .url
        .exposures()
        .iter()
        .chain(&config.warnings())
    {
        log::warn!("{why}");
    }
    for why in obsolete_permissions::look(&app.keyward).map_err(told)? {
        log::warn!("{why}");
    }
    let administrator = first_administrator(&app, config, told)?;
    let housekeeping = threads::start(&app.keyward).map_err(told)?;
    let system = actix_web::rt::System::new();
    let delay = config.listen.shutdown_delay;
    let served = system.block_on(async {
        let told = |error: std::io::Error| error.to_string();
        let server = http::serve(&app.keyward, &app.web, listener).map_err(told)?;
        // Before it says that it is there: from then on somebody may send it one.
        let signals = signals.serve(delay);
        if let Err(error) = greet(config, &app.keyward.mailer.label(), administrator.as_ref()) {
            log::warn!("the greeting can not be printed: standard output: {error}");
        }
        let listens = config.listen.address;
        log::info!("{NAME} listens on http://{listens}");
        let end = serve_until_told(signals, server.handle(), (&app.web, delay));
        match select(server, pin!(end)).await {
            // Whoever told it to stop in this way told it so by SIGTERM.
            Either::Left((ended, _)) => ended.map(|()| "SIGTERM").map_err(told),
            Either::Right((signal, _)) => Ok(signal),
        }
    });
    drop((system, housekeeping, app.web));
    app.keyward.close();
    let why = served?;
    log::info!("{NAME} has stopped: {why}");
    Ok(())
}

/// Makes the administrator of an empty database. A password that was made up is shown before
/// the account is made: one that nobody can be told must open nothing.
fn first_administrator(
    app: &App,
    config: &Config,
    told: impl Fn(crate::service::Error) -> String,
) -> Result<Option<FirstAdministrator>, String> {
    let mut unsaid = None;
    let administrator =
        first_start::first_administrator(&app.keyward, config, |email, password| {
            let said = show_password(email, password);
            said.map_err(|error| unsaid = Some(error)).is_ok()
        });
    if let Some(error) = unsaid {
        return Err(format!(
            "the first administrator's password can not be printed (standard output: {error}), \
             so none was made: set KEYWARD_ADMIN_PASSWORD"
        ));
    }
    let administrator = administrator.map_err(told)?;
    if administrator.is_none()
        && let Some(why) = config.first_administrator.without_effect()
    {
        log::info!("{why}");
    }
    Ok(administrator)
}

fn show_password(email: &str, password: &SecretString) -> std::io::Result<()> {
    // Where standard output was closed, the start of a process opened this in its place.
    if output::is_nowhere() {
        return Err(std::io::Error::other("nobody reads /dev/null"));
    }
    let password = password.expose_secret();
    write_line(format_args!(
        "First administrator, for an empty database\n  administrator  {email}\n  \
         password       {password}   (shown this once)"
    ))
}

/// Where it listens, who can sign in, and a line that works when pasted.
fn greet(
    config: &Config,
    mail: &str,
    administrator: Option<&FirstAdministrator>,
) -> std::io::Result<()> {
    let listens = config.listen.address;
    // What can be pasted needs an address that can be asked: of all addresses this machine's own.
    let asked = match listens.ip() {
        IpAddr::V4(all) if all.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(all) if all.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        one => one,
    };
    let url = format!("http://{}", SocketAddr::new(asked, listens.port()));
    write_line(format_args!("{NAME} listens on http://{listens}"))?;
    let database = config.database.url.label();
    write_line(format_args!("  database       {database}"))?;
    write_line(format_args!("  mail           {mail}"))?;
    let passwords = config.passwords.label();
    write_line(format_args!("  hashing        {passwords}"))?;
    if config.test_mode {
        write_line(format_args!(
            "  test mode      move the clock with POST {url}/test/clock {{\"advance\":\"16m\"}}"
        ))?;
    }
    if !config.listen.cookies_work() {
        write_line(format_args!(
            "  no cookies     {} is neither https nor this machine: sign-in with mode \"cookie\" is refused",
            config.listen.public_url()
        ))?;
    }
    let ready = format!("curl -s {url}/health/ready");
    // Whoever made the accounts that are there knows them.
    let made_up = administrator.and_then(|it| it.password.as_ref().map(|made| (&it.email, made)));
    let line = if let Some((email, password)) = made_up {
        sign_in(&url, email, password.expose_secret())
    } else {
        ready
    };
    if let Some(FirstAdministrator {
        email,
        password: None,
    }) = administrator
    {
        write_line(format_args!(
            "  administrator  {email}, with the password of KEYWARD_ADMIN_PASSWORD"
        ))?;
    }
    write_line(format_args!("\nTry it:\n  {line}\n"))
}

fn sign_in(url: &str, email: &str, password: &str) -> String {
    // The one sign of an e-mail address that would end the shell's quotation.
    let email = email.replace('\'', r"'\''");
    format!(
        "curl -s {url}/auth/login -H 'Content-Type: application/json' \
         -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}'"
    )
}

//! The server: workers, listeners, time-outs and a graceful stop.

use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::Server;
use actix_service::{
    IntoServiceFactory as _, Service as _, ServiceFactoryExt as _, apply_fn_factory, fn_service,
    map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, Error, web};
use futures_util::future::{FutureExt as _, select};

use crate::http::edge::middleware::shell;
use crate::http::mount::mount;
use crate::http::peers::connection_deadlines::{Connection, KEEP_ALIVE};
use crate::http::peers::last_request::Opened;
use crate::http::request::web_policy::Web;
use crate::service::Keyward;

/// The application: the whole route table behind the shell.
pub fn app(
    kw: Keyward,
    settings: Arc<Web>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let mounted = Arc::clone(&settings);
    App::new()
        .app_data(web::Data::new(kw))
        .app_data(web::Data::from(settings))
        .configure(move |config| mount(config, &mounted))
        .wrap(from_fn(shell))
}

/// What the kernel keeps of an answer until its client takes it, in bytes; it doubles it.
const SEND_BUFFER: usize = 32 * 1024;

/// Clients can connect from now on; they are answered once it serves.
///
/// # Errors
/// Where the address can not be listened on.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // Of its own the standard library lets 128 wait: a burst would lose some of them.
    rustix::net::listen(&listener, 1024)?;
    // Each connection has it from here, or the kernel would hold megabytes for whoever does
    // not read (`attack_m7`).
    rustix::net::sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER)?;
    Ok(listener)
}

/// Composed as `actix_web::HttpServer` composes it, but that HTTP is read from a
/// `Connection` and not from a bare socket: there is no other way to count connections,
/// or to set a term to a request that comes slowly.
///
/// # Errors
/// Where the system does not take it.
pub fn serve(kw: &Keyward, settings: &Arc<Web>, listener: TcpListener) -> std::io::Result<Server> {
    let (kw, settings) = (kw.clone(), Arc::clone(settings));
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let server = builder
        // Acts that wait for a hash sit on these threads.
        .worker_max_blocking_threads(1024)
        .shutdown_timeout(30)
        // Signals are the process's concern, not this library's.
        .disable_signals()
        .listen("http", listener, move || {
            let stopping = stopping.clone();
            let connections = Arc::clone(&settings.connections);
            let answer_time = settings.answer_time;
            let app = app(kw.clone(), Arc::clone(&settings))
                .into_factory()
                .map_err(|error| error.error_response());
            // Both are asked for each connection, the second one right after the first.
            let opened = Opened::default();
            let known = opened.clone();
            let http = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(Duration::from_secs(5))
                .client_disconnect_timeout(Duration::from_secs(1))
                // Whoever hangs up says so by this alone, and gives a seat back by it.
                .h1_allow_half_closed(false)
                .on_connect_ext(move |connection: &Connection<_, _>, data| {
                    data.insert(connection.in_hand());
                    data.insert(opened.begin(connection.coming()));
                })
                .graceful_shutdown_signal(move || {
                    let (stopping, (last, coming)) = (stopping.clone(), known.take());
                    let stopped = async move { stopping.notified().then(|()| coming.end()).await };
                    async move { either(stopped, last.was_said()).await }
                })
                .finish(map_config(app, |()| AppConfig::default()));
            fn_service(move |stream: TcpStream| {
                let peer = stream.peer_addr();
                let place = peer.as_ref().ok().and_then(|it| connections.admit(it.ip()));
                // Without a place it is closed here, by letting go of it.
                let connection = place.map(|place| Connection::new(stream, place, answer_time));
                std::future::ready(match connection {
                    Some(connection) => Ok((connection, Protocol::Http1, peer.ok())),
                    None => Err(std::io::ErrorKind::ConnectionRefused.into()),
                })
            })
            .map_err(|error: std::io::Error| DispatchError::Io(error))
            .and_then(apply_fn_factory(
                http,
                |opened: (_, _, Option<SocketAddr>), http| {
                    let peer = opened.2;
                    let ended = http.call(opened);
                    async move { ended.await.inspect_err(|error| broke_off(peer, error)) }
                },
            ))
        })?
        .run();
    Ok(server)
}

async fn either(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    select(pin!(one), pin!(other)).await;
}

/// At debug: anybody can make it end so.
fn broke_off(peer: Option<SocketAddr>, error: &DispatchError) {
    match peer {
        Some(peer) => log::debug!("a connection of {peer} broke off: {error}"),
        None => log::debug!("a connection broke off: {error}"),
    }
}

//! The server: workers, listeners, time-outs and a graceful stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpServer, web};

use super::routes::mount;
use super::shell::shell;
use super::web::Web;
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

/// A server that listens already.
pub struct Served {
    pub server: actix_web::dev::Server,
    /// With the port that the system gave where port 0 was asked for.
    pub address: SocketAddr,
}

/// # Errors
/// Where the address can not be listened on.
pub fn serve(kw: &Keyward, settings: &Arc<Web>, listen: SocketAddr) -> std::io::Result<Served> {
    let (kw, settings) = (kw.clone(), Arc::clone(settings));
    let server = HttpServer::new(move || app(kw.clone(), Arc::clone(&settings)))
        .client_request_timeout(Duration::from_secs(5))
        .keep_alive(Duration::from_secs(60))
        // Acts that wait for a hash sit on these threads, beside those that wait for the
        // database.
        .worker_max_blocking_threads(1024)
        .shutdown_timeout(30)
        .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok(Served {
        server: server.run(),
        address,
    })
}

//! What signals mean to a serving process. SIGTERM, by which supervisors stop: not ready,
//! then the pause that a balancer needs, then no new connections, and an end when the last
//! answer is out. SIGINT and SIGQUIT, from a person at a terminal, and SIGHUP where that
//! terminal is closed: an end at once. Any other SIGHUP asks a daemon to read its settings
//! again. They are read at the start only; that must not be the end of it without a word
//! (threat G12).

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use actix_server::ServerHandle;
use actix_web::rt;
use futures_util::future::{FutureExt as _, select_all};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::http::Web;

/// Signals that are caught from now on.
pub(super) struct Signals {
    caught: [(SignalKind, Signal); 4],
    /// Asked at the start: once it is closed it is no terminal any more.
    at_terminal: bool,
}

impl Signals {
    /// # Errors
    /// Where the system takes no handler.
    pub(super) fn catch() -> std::io::Result<Self> {
        let catch = |kind| signal(kind).map(|caught| (kind, caught));
        Ok(Self {
            caught: [
                catch(SignalKind::interrupt())?,
                catch(SignalKind::quit())?,
                catch(SignalKind::terminate())?,
                catch(SignalKind::hangup())?,
            ],
            at_terminal: std::io::stdin().is_terminal(),
        })
    }

    /// Ready where the process must end at once.
    pub(super) async fn obey(mut self, server: ServerHandle, web: &Arc<Web>, delay: Duration) {
        loop {
            let signal = self.next().await;
            if signal == SignalKind::terminate() {
                if !web.is_stopping() {
                    web.begin_to_stop();
                    let server = server.clone();
                    rt::spawn(async move {
                        tokio::time::sleep(delay).await;
                        server.stop(true).await;
                    });
                }
            } else if signal == SignalKind::hangup() && !self.at_terminal {
                log::warn!("SIGHUP: settings are read at the start only; it goes on as before");
            } else {
                return;
            }
        }
    }

    async fn next(&mut self) -> SignalKind {
        let each = self.caught.iter_mut().map(|(kind, caught)| {
            let kind = *kind;
            caught.recv().map(move |_| kind).boxed_local()
        });
        select_all(each).await.0
    }
}

//! `cargo local`: the system on a port, with time running by itself.

use std::io;

use axum::Router;
use tokio::net::TcpListener;

use crate::machine::System;

/// Serves the API and, under `/_local`, the pages, and drives the system until the process is told to end. What is under
/// way then is cut off, as in the cloud: its messages become visible again, and it is done anew.
///
/// # Errors
/// If the port can't be served.
pub async fn serve(system: &System, listener: TcpListener, pages: Router) -> io::Result<()> {
    let app = system.api().merge(pages);
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served,
        () = system.drive() => Ok(()),
        ended = told_to_end() => ended,
    }
}

#[cfg(unix)]
async fn told_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

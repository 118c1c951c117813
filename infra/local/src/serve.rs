//! `cargo local`: the system on a port, with time running by itself.

use std::{io, net::SocketAddr};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::map_request,
};
use platform::limit::ClientAddress;
use tokio::net::TcpListener;

use crate::machine::System;

/// Serves the API and, under `/_local`, the pages, and drives the system until the process is told to end. What is under
/// way then is cut off, as in the cloud: its messages become visible again, and it is done anew.
///
/// # Errors
/// If the port can't be served.
pub async fn serve(system: &System, listener: TcpListener, pages: Router) -> io::Result<()> {
    let app = system.api().merge(pages).layer(map_request(with_address)).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served,
        () = system.drive() => Ok(()),
        ended = told_to_end() => ended,
    }
}

/// Where a request comes from: here by the connection, in the cloud by what API Gateway says of it.
async fn with_address(ConnectInfo(address): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(ClientAddress(address.ip()));
    request
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

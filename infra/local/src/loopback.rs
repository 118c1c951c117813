//! Servers on loopback, each on a thread of its own, so that none waits for the work of another.

use std::{io, net::SocketAddr, thread::JoinHandle};

use tokio::{net::TcpListener, runtime, sync::oneshot};

/// A server on a free port of loopback. It ends, and closes what it holds open, when this is dropped.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Starts a server on a thread of this name. It listens from now on: a connection made at once waits for its answer.
    ///
    /// # Errors
    /// If there is no port or no thread to be had.
    pub fn start<F, S>(name: &str, serve: F) -> io::Result<Self>
    where
        F: FnOnce(TcpListener) -> S + Send + 'static,
        S: Future<Output = ()>,
    {
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            runtime.block_on(async move {
                match TcpListener::from_std(listener) {
                    // Its requests run to their end without a pause, so that none is cut off half way.
                    Ok(listener) => tokio::select! {
                        () = serve(listener) => {}
                        _ = stopped => {}
                    },
                    Err(error) => tracing::error!(%error, "a server on loopback did not start"),
                }
            });
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Its base address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(address = %self.address, "a server on loopback panicked");
        }
    }
}

//! The HTTP client of all that is called, AWS and others: HTTP/1.1, with TLS or without. None of them needs HTTP/2, which the client that comes with the AWS SDK links into every function.

use std::{error::Error, io, time::Duration};

use aws_smithy_runtime_api::client::{
    connection::{CaptureSmithyConnection, ConnectionMetadata},
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{body::SdkBody, retry::ErrorKind};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::{
        self,
        connect::{CaptureConnection, HttpConnector as Tcp, capture_connection},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::net::TcpStream;
use tower::{
    BoxError, Service, ServiceExt,
    timeout::{Timeout, error::Elapsed},
    util::BoxCloneSyncService,
};

use crate::tls;

/// How long it may take to connect, TLS included: what the AWS SDK gives it.
const CONNECTS_WITHIN: Duration = Duration::from_millis(3_100);

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// What becomes of a connection when its answer was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// It is kept for the next call.
    Kept,
    /// It is closed.
    Closed,
}

impl Connections {
    fn most_idle(self) -> usize {
        match self {
            Self::Kept => usize::MAX,
            Self::Closed => 0,
        }
    }
}

/// A client with a connection pool. A clone has the same pool.
#[derive(Debug, Clone)]
pub struct Client(legacy::Client<BoxCloneSyncService<Uri, Stream, BoxError>, SdkBody>);

impl Client {
    /// For addresses with TLS, and those without.
    ///
    /// # Errors
    /// If the system has no roots that can be read.
    pub fn https(connections: Connections) -> io::Result<Self> {
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls::config()?);
        Ok(Self::over(builder.https_or_http().enable_http1().wrap_connector(tcp(false)), connections))
    }

    /// For addresses without TLS: reading the system's roots takes longer than all the rest of a local start.
    pub fn plain(connections: Connections) -> Self {
        Self::over(tcp(true).map_response(Stream::from), connections)
    }

    fn over<C>(connector: C, connections: Connections) -> Self
    where
        C: Service<Uri, Response = Stream, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static,
    {
        let connector = BoxCloneSyncService::new(Timeout::new(connector, CONNECTS_WITHIN));
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_max_idle_per_host(connections.most_idle());
        Self(builder.build(connector))
    }

    /// Sends a request, and answers when the head of the answer is there. No redirects are followed.
    ///
    /// # Errors
    /// If there is no connection, or it breaks.
    pub async fn send(&self, request: Request<SdkBody>) -> Result<Response<Incoming>, legacy::Error> {
        self.0.request(request).await
    }
}

fn tcp(plain_only: bool) -> Tcp {
    let mut tcp = Tcp::new();
    tcp.enforce_http(plain_only);
    tcp.set_nodelay(true);
    tcp
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { client: self.clone(), answers_within: settings.read_timeout() })
    }
}

/// The client, as the AWS SDK asks for it.
#[derive(Debug)]
struct Connector {
    client: Client,
    answers_within: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, answers_within) = (self.client.clone(), self.answers_within.unwrap_or(Duration::MAX));
        HttpConnectorFuture::new(async move {
            let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let connection = capture_connection(&mut request);
            if let Some(wanted) = request.extensions().get::<CaptureSmithyConnection>() {
                wanted.set_connection_retriever(move || Some(poisonable(&connection)));
            }
            let answer = tokio::time::timeout(answers_within, client.send(request)).await;
            let answer = answer.map_err(|late| ConnectorError::timeout(late.into()))?.map_err(classified)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x)).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A connection on which a call fails is not used for its repetition.
fn poisonable(connection: &CaptureConnection) -> ConnectionMetadata {
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    ConnectionMetadata::builder().proxied(false).poison_fn(poison).build()
}

/// What the SDK repeats a call by: time-outs and what breaks on the way it does, what is wrong with the request it does not.
fn classified(error: legacy::Error) -> ConnectorError {
    let hyper = find::<hyper::Error>(&error);
    if find::<Elapsed>(&error).is_some() {
        ConnectorError::timeout(error.into())
    } else if hyper.is_some_and(hyper::Error::is_user) {
        ConnectorError::user(error.into())
    } else if hyper.is_some_and(hyper::Error::is_incomplete_message) {
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    } else {
        ConnectorError::io(error.into())
    }
}

fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{
        net::{Ipv4Addr, SocketAddr},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use aws_smithy_runtime_api::client::http::SharedHttpClient;
    use http_body_util::BodyExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A server that says this to the one who connects, whatever they ask, and hangs up.
    async fn server(says: &'static str) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0, "it is asked");
            stream.write_all(says.as_bytes()).await.unwrap();
        });
        address
    }

    fn request(address: &str) -> Request<SdkBody> {
        Request::get(address).body(SdkBody::empty()).unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_read() {
        let address = server("HTTP/1.1 302 Found\r\nlocation: http://localhost/\r\ncontent-length: 2\r\n\r\nhi").await;
        let answer = Client::plain(Connections::Kept).send(request(&format!("http://{address}/"))).await.unwrap();
        assert_eq!(answer.status(), 302, "a redirect is an answer");
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hi");
    }

    #[tokio::test]
    async fn the_sdk_is_told_what_it_may_repeat() {
        let failed = async |address: &str| classified(Client::plain(Connections::Kept).send(request(address)).await.unwrap_err());
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
        assert!(failed(&format!("http://{nobody}/")).await.is_io(), "nobody listens");
        let cut_off = failed(&format!("http://{}/", server("HTTP/1.1 200").await)).await;
        assert_eq!(cut_off.as_other(), Some(ErrorKind::TransientError), "{cut_off:?}");
    }

    /// Answers two requests, on as many connections as they come on, and tells of how many those were.
    async fn connections_of_two_calls(connections: Connections) -> usize {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counted = accepted.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
                    }
                });
            }
        });
        let client = Client::plain(connections);
        for _ in 0..2 {
            let answer = client.send(request(&format!("http://{address}/"))).await.unwrap();
            answer.into_body().collect().await.unwrap();
            // The connection goes back to the pool by a task of its own.
            tokio::task::yield_now().await;
        }
        accepted.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn a_connection_is_used_again_unless_it_is_to_be_closed() {
        assert_eq!(connections_of_two_calls(Connections::Kept).await, 1);
        assert_eq!(connections_of_two_calls(Connections::Closed).await, 2);
    }

    #[test]
    fn it_is_a_client_of_the_sdk() {
        SharedHttpClient::new(Client::plain(Connections::Kept));
    }
}

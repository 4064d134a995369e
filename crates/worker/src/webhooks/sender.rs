mod address;
mod trouble;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headshot_core::{Reach, WebhookUrl};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::schedule::retry_after;
use address::Resolver;
pub(super) use trouble::Trouble;

/// Who sends webhooks, in the receiver's logs.
const USER_AGENT: &str = concat!("Perkie-Headshot-Webhooks/", env!("CARGO_PKG_VERSION"));

/// How long one of several addresses may take to answer before the next is tried.
const CONNECT: Duration = Duration::from_secs(4);

/// An answer's head may be as large. hyper takes no less.
const LARGEST_HEAD: usize = 16 * 1024;

/// So much of an answer's body is read and thrown away, and for so long: only to let the endpoint finish in peace.
const LARGEST_BODY: usize = 8 * 1024;
const LONGEST_BODY: Duration = Duration::from_secs(1);

/// Posts to endpoints that somebody else has chosen: to addresses of the internet alone, over TLS that is verified, with one
/// deadline for everything; and follows nobody elsewhere.
pub(super) struct Sender {
    reach: Reach,
    limit: Duration,
    resolver: Resolver,
    tls: Result<TlsConnector, Trouble>,
}

/// A signed message.
pub(super) struct Message<'a> {
    pub(super) id: &'a str,
    pub(super) at_second: i64,
    /// One signature or two, separated by a space.
    pub(super) signatures: &'a str,
    pub(super) body: Vec<u8>,
}

/// What an endpoint said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// How long it asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Sender {
    /// A sender that goes as far as `reach`, and for no longer than `limit` at a time.
    pub(super) fn new(reach: Reach, limit: Duration) -> Self {
        Self { reach, limit, resolver: Resolver::System, tls: tls() }
    }

    /// Sends `message` to `url`.
    ///
    /// # Errors
    /// No answer came, or nothing was sent.
    pub(super) async fn send(&self, url: &str, message: Message<'_>) -> Result<Answer, Trouble> {
        // Once more, although it was looked at when the job was accepted: the settings may have changed since.
        let url = WebhookUrl::parse(url, self.reach).map_err(Trouble::Url)?;
        match timeout(self.limit, self.exchange(&url, message)).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::TooSlow(self.limit)),
        }
    }

    async fn exchange(&self, url: &WebhookUrl, message: Message<'_>) -> Result<Answer, Trouble> {
        let host = url.host();
        let addresses = self.resolver.addresses(&host, url.port(), self.reach).await?;
        let stream = connect(&addresses).await?;
        let request = request(url, message)?;
        if !url.is_https() {
            return post(stream, request).await;
        }
        let tls = self.tls.as_ref().map_err(Clone::clone)?;
        let name =
            ServerName::try_from(host).map_err(|_| Trouble::Tls("its name is not one that TLS knows"))?;
        post(tls.connect(name, stream).await.map_err(|error| trouble::tls(&error))?, request).await
    }
}

/// The system's certificates, as SSL_CERT_FILE may name them, as for every other call that this process makes.
fn tls() -> Result<TlsConnector, Trouble> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|_| Trouble::Tls("this machine has no certificates of authorities to verify others by"))?;
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A connection to the first address that answers: to exactly one of those that were looked at, the name is not asked
/// again.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Trouble> {
    let mut trouble = Trouble::Unreachable("nobody answers at its address");
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => trouble = trouble::connecting(&error),
            Err(_) => {}
        }
    }
    Err(trouble)
}

fn request(url: &WebhookUrl, message: Message<'_>) -> Result<Request<Full<Bytes>>, Trouble> {
    Request::post(url.path_and_query())
        .header(header::HOST, url.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.at_second)
        .header("webhook-signature", message.signatures)
        .body(Full::new(Bytes::from(message.body)))
        .map_err(|_| Trouble::Url(headshot_core::InvalidWebhookUrl::NotAUrl))
}

async fn post<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, Trouble>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut client = http1::Builder::new();
    client.max_buf_size(LARGEST_HEAD).max_headers(100);
    let (mut sender, connection) =
        client.handshake(TokioIo::new(stream)).await.map_err(|error| trouble::talking(&error))?;
    // It ends with this function, whichever way that ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| trouble::talking(&error))?;
    let asked = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let answer = Answer {
        status: response.status().as_u16(),
        retry_after: asked.and_then(|value| retry_after(value, Timestamp::now())),
    };
    let _ = timeout(LONGEST_BODY, discard(response)).await;
    Ok(answer)
}

async fn discard(response: Response<Incoming>) {
    let mut body = response.into_body();
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > LARGEST_BODY {
            return;
        }
    }
}

#[cfg(test)]
mod tests;

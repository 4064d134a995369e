//! Firestore's emulator behind a proxy that answers some writes itself, as Firestore does with a document that many want.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use http_body_util::{BodyExt, Either, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2 as client;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http2 as server;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

/// The proxy. It ends with the runtime.
pub struct Aborting {
    pub address: SocketAddr,
    counts: Arc<Counts>,
}

/// How many writes came, and which of them are not let through.
#[derive(Default)]
struct Counts {
    writes: AtomicU64,
    written: AtomicU64,
    reads: AtomicU64,
    /// Of so many writes one; 0 is none.
    one_of: AtomicU64,
    next: AtomicUsize,
    /// Only writes whose body mentions this.
    of: std::sync::Mutex<String>,
}

/// Answers in turn, for too many writers and for moments of trouble.
const STATUSES: [&str; 4] = ["10", "14", "8", "13"];

impl Aborting {
    pub async fn start(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let counts = Arc::new(Counts::default());
        let theirs = counts.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(join(near, upstream.clone(), theirs.clone()));
            }
        });
        Self { address, counts }
    }

    /// From now on one of so many writes that mention `what` is refused; 0 is none.
    pub fn refuse_one_of(&self, writes: u64, what: &str) {
        *self.counts.of.lock().expect("nobody panics") = what.to_owned();
        self.counts.one_of.store(writes, Ordering::SeqCst);
    }

    /// How often a document was written so far.
    pub fn written(&self) -> u64 {
        self.counts.written.load(Ordering::SeqCst)
    }

    /// Writes and reads so far, those that were refused included.
    pub fn counts(&self) -> (u64, u64) {
        (self.counts.writes.load(Ordering::SeqCst), self.counts.reads.load(Ordering::SeqCst))
    }
}

async fn join(near: TcpStream, upstream: String, counts: Arc<Counts>) {
    let far = TcpStream::connect(upstream).await.expect("the emulator is there");
    let (sender, far) = client::handshake(TokioExecutor::new(), TokioIo::new(far)).await.expect("HTTP/2");
    tokio::spawn(far);
    let service = service_fn(move |request| pass_on(request, sender.clone(), counts.clone()));
    // A client that is gone is no trouble.
    _ = server::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(near), service).await;
}

type Sender = client::SendRequest<http_body_util::Full<Bytes>>;

async fn pass_on(
    request: Request<Incoming>,
    mut sender: Sender,
    counts: Arc<Counts>,
) -> hyper::Result<Response<Either<Incoming, Empty<Bytes>>>> {
    let path = request.uri().path();
    let is_write = path.ends_with("/UpdateDocument") || path.ends_with("/CreateDocument");
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    if is_write {
        counts.writes.fetch_add(1, Ordering::SeqCst);
        let of = counts.of.lock().expect("nobody panics").clone();
        let one_of = counts.one_of.load(Ordering::SeqCst);
        let mentioned = body.windows(of.len().max(1)).any(|part| part == of.as_bytes()) || of.is_empty();
        if one_of > 0 && mentioned {
            let next = counts.next.fetch_add(1, Ordering::SeqCst);
            if (next as u64 + 1).is_multiple_of(one_of) {
                let refused = Response::builder()
                    .header(CONTENT_TYPE, "application/grpc")
                    .header("grpc-status", STATUSES[(next / one_of as usize) % STATUSES.len()])
                    .header("grpc-message", "too much contention on these documents");
                return Ok(refused.body(Either::Right(Empty::new())).expect("valid headers"));
            }
        }
    } else {
        counts.reads.fetch_add(1, Ordering::SeqCst);
    }
    let request = Request::from_parts(head, http_body_util::Full::new(body));
    let answer = sender.send_request(request).await?;
    // An answer without a body says by this header that it is an error.
    if is_write && !answer.headers().contains_key("grpc-status") {
        counts.written.fetch_add(1, Ordering::SeqCst);
    }
    Ok(answer.map(Either::Left))
}

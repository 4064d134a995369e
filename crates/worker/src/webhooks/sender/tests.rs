use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const LIMIT: Duration = Duration::from_millis(1500);

/// An endpoint that answers with these bytes and then does as `Then` says.
struct Endpoint {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

#[derive(Clone, Copy)]
enum Then {
    Closes,
    /// Sends this for ever.
    Repeats(&'static [u8], Duration),
    Waits,
}

impl Endpoint {
    async fn start(answer: impl Into<Vec<u8>>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, connections) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let (heard_by, counted, answer) = (heard.clone(), connections.clone(), answer.into());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (heard, answer) = (heard_by.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    let mut chunk = [0; 4096];
                    while !request.ends_with(b"{\"body\":1}") {
                        match stream.read(&mut chunk).await {
                            Ok(read @ 1..) => request.extend_from_slice(&chunk[..read]),
                            _ => return,
                        }
                    }
                    heard.lock().unwrap().push(String::from_utf8(request).unwrap());
                    _ = stream.write_all(&answer).await;
                    match then {
                        Then::Closes => {}
                        Then::Waits => std::future::pending().await,
                        Then::Repeats(bytes, pause) => {
                            while stream.write_all(bytes).await.is_ok() {
                                tokio::time::sleep(pause).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, heard, connections }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks?shop=1", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn message() -> Message<'static> {
    Message { id: "msg_1", at_second: 1_700_000_000, signatures: "v1,a v1,b", body: b"{\"body\":1}".to_vec() }
}

async fn send(url: &str) -> Result<Answer, Trouble> {
    Sender::new(Reach::Anywhere, LIMIT).send(url, message()).await
}

/// A sender to whom every name stands for these addresses, one list after the other.
fn told(reach: Reach, lists: &[&[&str]], asked: &Arc<AtomicUsize>) -> Sender {
    let parse = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
    let (lists, asked): (Vec<_>, _) = (lists.iter().map(parse).collect(), asked.clone());
    let resolve = move |_: &str| {
        let time = asked.fetch_add(1, Ordering::SeqCst);
        lists[time.min(lists.len() - 1)].clone()
    };
    Sender { resolver: Resolver::Told(Box::new(resolve)), ..Sender::new(reach, LIMIT) }
}

#[tokio::test]
async fn the_request_is_what_the_specification_says_and_nothing_else() {
    let endpoint = Endpoint::start("HTTP/1.1 204 No Content\r\n\r\n", Then::Waits).await;
    assert_eq!(send(&endpoint.url()).await, Ok(Answer { status: 204, retry_after: None }));
    let expected = format!(
        "POST /hooks?shop=1 HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nuser-agent: Perkie-Headshot-Webhooks/{}\r\n\
         content-type: application/json\r\nconnection: close\r\nwebhook-id: msg_1\r\n\
         webhook-timestamp: 1700000000\r\nwebhook-signature: v1,a v1,b\r\ncontent-length: 10\r\n\r\n{{\"body\":1}}",
        endpoint.port,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(*endpoint.heard.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn nothing_in_a_url_becomes_a_header_or_another_request() {
    let endpoint = Endpoint::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::Closes).await;
    let port = endpoint.port;
    for path in ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a HTTP/1.1\r\n\r\nGET /b", "a\tb", "\u{85}", "a\0b"] {
        let refused = send(&format!("http://127.0.0.1:{port}/{path}")).await;
        assert_eq!(refused, Err(Trouble::Url(headshot_core::InvalidWebhookUrl::NotAUrl)), "{path:?}");
    }
    assert_eq!(endpoint.connections(), 0);
    let strange = "%0d%0aX-Evil:1/ü/\"<>`{}|^'?q=%0d%0aX-Evil:1&\"<>`{}|^'ü";
    assert!(send(&format!("http://127.0.0.1:{port}/{strange}")).await.is_ok());
    let heard = endpoint.heard.lock().unwrap().pop().unwrap();
    assert!(!heard.to_lowercase().contains("\nx-evil"), "{heard}");
    // The request line, eight headers, an empty line and the body.
    assert_eq!(heard.lines().count(), 11, "{heard}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nobody_goes_there() {
    let private = Endpoint::start("HTTP/1.1 200 OK\r\n\r\n", Then::Closes).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {}\r\n\r\n", private.url());
        let endpoint = Endpoint::start(answer, Then::Closes).await;
        assert_eq!(send(&endpoint.url()).await.map(|answer| answer.status), Ok(status));
        assert_eq!(endpoint.connections(), 1);
    }
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn names_that_stand_for_private_addresses_are_refused_before_anybody_is_called() {
    let endpoint = Endpoint::start("HTTP/1.1 200 OK\r\n\r\n", Then::Closes).await;
    for addresses in [
        &["127.0.0.1"][..],
        &["::1"],
        &["169.254.169.254"],
        &["10.0.0.7"],
        &["fd00::7"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
        &["1.1.1.1", "127.0.0.1"],
        &["127.0.0.1", "1.1.1.1"],
    ] {
        let asked = Arc::default();
        let sender = told(Reach::Public, &[addresses], &asked);
        for url in ["https://hooks.example/", "https://hooks.example:8443/"] {
            assert_eq!(sender.send(url, message()).await, Err(Trouble::Private), "{addresses:?}");
        }
    }
    assert_eq!(endpoint.connections(), 0);
    // What is written as an address needs nobody to look it up.
    let asked = Arc::default();
    let sender = told(Reach::Public, &[&["1.1.1.1"]], &asked);
    for url in [
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1]/",
        "http://shop.example/",
    ] {
        assert!(matches!(sender.send(url, message()).await, Err(Trouble::Url(_))), "{url}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_is_asked_once_and_the_answer_that_was_looked_at_is_the_one_that_is_called() {
    let first = Endpoint::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::Closes).await;
    let asked = Arc::default();
    // Whoever asked again would be sent to an address where nobody is.
    let sender = told(Reach::Anywhere, &[&["127.0.0.1"], &["127.0.0.2"]], &asked);
    let url = format!("http://rebinding.example:{}/", first.port);
    assert!(sender.send(&url, message()).await.is_ok());
    assert_eq!((asked.load(Ordering::SeqCst), first.connections()), (1, 1));
    let heard = first.heard.lock().unwrap().pop().unwrap();
    assert!(heard.contains(&format!("host: rebinding.example:{}\r\n", first.port)), "{heard}");
}

#[tokio::test]
async fn a_name_that_nobody_knows_and_a_port_where_nobody_listens_are_said() {
    let asked = Arc::default();
    let nobody = told(Reach::Public, &[&[]], &asked);
    assert_eq!(nobody.send("https://hooks.example/", message()).await, Err(Trouble::Unresolved));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let refused = Trouble::Unreachable("the endpoint refuses connections");
    assert_eq!(send(&url).await, Err(refused));
}

#[tokio::test]
async fn a_hostile_endpoint_costs_its_deadline_and_no_more() {
    let slowly = Duration::from_millis(100);
    let headers = Box::leak(b"x: y\r\n".repeat(500).into_boxed_slice());
    for (answer, then, expected) in [
        // Never a word.
        ("", Then::Waits, Err(Trouble::TooSlow(LIMIT))),
        // A head that never ends, slowly and fast.
        ("HTTP/1.1 200 OK\r\n", Then::Repeats(b"x: y\r\n", slowly), Err(Trouble::TooSlow(LIMIT))),
        ("HTTP/1.1 200 OK\r\n", Then::Repeats(&[b'x'; 4096], Duration::ZERO), Err(Trouble::NotHttp)),
        ("HTTP/1.1 200 OK\r\n", Then::Repeats(headers, Duration::ZERO), Err(Trouble::NotHttp)),
        ("", Then::Repeats(b"HTTP/1.1 100 Continue\r\n\r\n", slowly), Err(Trouble::TooSlow(LIMIT))),
        // A body that never ends: what the answer is stands in its head.
        ("HTTP/1.1 200 OK\r\n\r\n", Then::Repeats(&[b'x'; 4096], Duration::ZERO), Ok(200)),
        ("HTTP/1.1 500 No\r\ncontent-length: 9999999999\r\n\r\n", Then::Waits, Ok(500)),
        // No HTTP.
        ("SSH-2.0-OpenSSH_9.2\r\n", Then::Waits, Err(Trouble::NotHttp)),
        ("\0\0\0\0", Then::Waits, Err(Trouble::NotHttp)),
        ("", Then::Closes, Err(Trouble::Broken)),
        ("HTTP/1.1 20", Then::Closes, Err(Trouble::Broken)),
    ] {
        let endpoint = Endpoint::start(answer, then).await;
        let sent = send(&endpoint.url()).await.map(|answer| answer.status);
        assert_eq!(sent, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_asks_for_time_is_heard() {
    let answer = "HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n";
    let endpoint = Endpoint::start(answer, Then::Closes).await;
    let asked = Some(Duration::from_secs(120));
    assert_eq!(send(&endpoint.url()).await, Ok(Answer { status: 503, retry_after: asked }));
}

#[tokio::test]
async fn what_speaks_no_tls_gets_no_message() {
    let endpoint = Endpoint::start("HTTP/1.1 200 OK\r\n\r\n", Then::Closes).await;
    let plain = Endpoint::start("", Then::Closes).await;
    let url = format!("https://127.0.0.1:{}/", plain.port);
    let sent = send(&url).await;
    assert!(matches!(sent, Err(Trouble::Tls(_) | Trouble::TooSlow(_))), "{sent:?}");
    assert!(endpoint.heard.lock().unwrap().is_empty() && plain.heard.lock().unwrap().is_empty());
}

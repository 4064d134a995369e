//! A collector of traces in the test's own process, which takes them as a real one does, or fails to.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;

/// Listens on this machine for OTLP over HTTP.
pub struct Collector {
    port: u16,
    received: Arc<Mutex<Received>>,
}

/// How it treats those who connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes everything.
    Takes,
    /// Lets them in and never says a word.
    Stalls,
    /// Answers 503 to everything.
    Refuses,
}

/// One span, with what its process says of itself.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the protocol; ids are in hex")]
pub struct Span {
    pub service: String,
    pub trace_id: String,
    pub span_id: String,
    pub parent_id: String,
    pub name: String,
    pub kind: i32,
    pub failed: bool,
    pub began: u64,
    pub ended: u64,
    pub attributes: HashMap<String, String>,
    pub resource: HashMap<String, String>,
}

#[derive(Default)]
struct Received {
    spans: Vec<Span>,
    connections: usize,
    headers: Vec<String>,
}

impl Collector {
    /// Starts one on a free port; it lives as long as the test's process.
    ///
    /// # Errors
    /// There is no port.
    pub fn start(manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("a port for the collector")?;
        let port = listener.local_addr()?.port();
        let received = Arc::<Mutex<Received>>::default();
        let shared = received.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let received = shared.clone();
                lock(&received).connections += 1;
                thread::spawn(move || match manner {
                    Manner::Stalls => loop {
                        // The connection stays open with it.
                        let _open = &stream;
                        thread::sleep(Duration::from_secs(3600));
                    },
                    _ => serve(&stream, manner, &received).unwrap_or_else(|e| eprintln!("collector: {e:#}")),
                });
            }
        });
        Ok(Self { port, received })
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` has to be.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Span> {
        lock(&self.received).spans.clone()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        lock(&self.received).connections
    }

    /// Every header line so far.
    pub fn headers(&self) -> Vec<String> {
        lock(&self.received).headers.clone()
    }

    /// Waits until the spans are as wanted.
    ///
    /// # Errors
    /// That takes too long.
    pub fn wait(&self, wanted: impl Fn(&[Span]) -> bool) -> Result<Vec<Span>> {
        let asked = Instant::now();
        loop {
            let spans = self.spans();
            if wanted(&spans) {
                return Ok(spans);
            }
            if asked.elapsed() > Duration::from_secs(60) {
                bail!("it never came to that: {spans:#?}");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn serve(stream: &TcpStream, manner: Manner, received: &Mutex<Received>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        ensure!(request.starts_with("POST /v1/traces "), "an unexpected request: {request}");
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            lock(received).headers.push(header);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if manner == Manner::Refuses {
            writer.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")?;
            continue;
        }
        let spans = read(ExportTraceServiceRequest::decode(body.as_slice())?);
        lock(received).spans.extend(spans);
        writer.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
        )?;
    }
}

fn read(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for from in request.resource_spans {
        let resource = attributes(from.resource.map(|resource| resource.attributes).unwrap_or_default());
        let service = resource.get("service.name").cloned().unwrap_or_default();
        for span in from.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(Span {
                service: service.clone(),
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_id: hex(&span.parent_span_id),
                name: span.name,
                kind: span.kind,
                failed: span.status.is_some_and(|status| status.code == 2),
                began: span.start_time_unix_nano,
                ended: span.end_time_unix_nano,
                attributes: attributes(span.attributes),
                resource: resource.clone(),
            });
        }
    }
    spans
}

/// As text, numbers too. A name that comes twice is a fault of the sender.
fn attributes(pairs: Vec<KeyValue>) -> HashMap<String, String> {
    let mut map = HashMap::new();
    for KeyValue { key, value, .. } in pairs {
        let value = match value.and_then(|value| value.value) {
            Some(Value::StringValue(text)) => text,
            Some(Value::IntValue(number)) => number.to_string(),
            Some(Value::DoubleValue(number)) => number.to_string(),
            Some(Value::BoolValue(yes)) => yes.to_string(),
            other => format!("{other:?}"),
        };
        assert!(map.insert(key.clone(), value).is_none(), "the attribute {key} comes twice");
    }
    map
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lock(received: &Mutex<Received>) -> MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

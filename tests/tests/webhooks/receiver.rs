//! A receiver in the test's own process, and what it takes to sign as the service does.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub struct Receiver {
    port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

#[derive(Clone, Debug)]
pub struct Heard {
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Receiver {
    /// `reply` is given how many requests there were, this one included; `None` leaves the sender without an answer.
    pub fn start(reply: impl Fn(usize) -> Option<u16> + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (heard, reply) = (Arc::<Mutex<Vec<Heard>>>::default(), Arc::new(reply));
        let all = heard.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (all, reply) = (all.clone(), reply.clone());
                thread::spawn(move || {
                    let Ok(request) = read(&stream) else { return };
                    let number = {
                        let mut all = all.lock().expect("nobody panics with it");
                        all.push(request);
                        all.len()
                    };
                    match reply(number) {
                        Some(status) => {
                            _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")
                        }
                        None => thread::sleep(Duration::from_secs(3600)),
                    }
                });
            }
        });
        Ok(Self { port, heard })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("nobody panics with it").clone()
    }

    pub fn until_heard(&self, number: usize) -> Result<Vec<Heard>> {
        let asked = Instant::now();
        loop {
            let heard = self.heard();
            if heard.len() >= number {
                return Ok(heard);
            }
            if asked.elapsed() > Duration::from_secs(120) {
                bail!("only {} webhooks came", heard.len());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether one of its signatures is this secret's.
    pub fn is_signed_with(&self, secret: &str) -> Result<bool> {
        let at = self.header("webhook-timestamp").parse()?;
        let expected = signature(secret, self.header("webhook-id"), at, &self.body)?;
        Ok(self.header("webhook-signature").split(' ').any(|signature| signature == expected))
    }
}

pub fn signature(secret: &str, id: &str, at: u64, body: &[u8]) -> Result<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").context("a secret")?)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)?;
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

pub fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn read(stream: &TcpStream) -> Result<Heard> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").context("a length")?.parse()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Heard { headers, body })
}

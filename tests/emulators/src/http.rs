use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One request to an emulator, on a connection of its own.
pub(crate) fn call(host: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut connection = TcpStream::connect(host).context("connecting to the emulator")?;
    connection.set_read_timeout(Some(Duration::from_secs(20))).context("setting a timeout")?;
    write!(
        connection,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Authorization: Bearer owner\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .context("sending a request to the emulator")?;
    let answer = read(&mut BufReader::new(connection)).context("reading the emulator's answer")?;
    if answer.status != "200" {
        bail!("the emulator answers {method} {path} with {} {}", answer.status, answer.body);
    }
    // What is not JSON is of no interest beyond its status.
    Ok(serde_json::from_str(&answer.body).unwrap_or_default())
}

struct Answer {
    status: String,
    body: String,
}

/// The emulators say how long an answer is, and leave the connection open whatever they are asked.
fn read(connection: &mut impl BufRead) -> Result<Answer> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        match line.trim().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = String::new();
    connection.take(length).read_to_string(&mut body)?;
    Ok(Answer { status, body })
}

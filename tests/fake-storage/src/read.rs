use std::io::{Read, Seek, SeekFrom};

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, RANGE,
};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::answer::{Answer, Body, Problem};
use crate::server::Shared;
use crate::store::Object;

const CHUNK: u64 = 128 * 1024;

/// The bytes of an object, or the range of them that the headers ask for.
pub(crate) fn bytes(shared: &Shared, object: &Object, headers: &HeaderMap) -> Result<Answer, Problem> {
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let (first, length, status) = match range {
        None => (0, object.size, StatusCode::OK),
        Some(range) => {
            let (first, length) = span(range, object.size).ok_or_else(Problem::range)?;
            (first, length, StatusCode::PARTIAL_CONTENT)
        }
    };
    let mut answer = Response::new(file(shared, object, first, length)?);
    *answer.status_mut() = status;
    let described = [
        (CONTENT_LENGTH, length.to_string()),
        (CONTENT_TYPE, object.content_type.clone()),
        (CACHE_CONTROL, object.cache_control.clone()),
        (CONTENT_DISPOSITION, object.content_disposition.clone()),
        (ETAG, format!("\"{}\"", object.generation)),
        (ACCEPT_RANGES, "bytes".into()),
        (HeaderName::from_static("x-goog-generation"), object.generation.to_string()),
        (HeaderName::from_static("x-goog-metageneration"), object.metageneration.to_string()),
        (HeaderName::from_static("x-goog-hash"), format!("crc32c={}", crc32c_text(object.crc32c))),
        (HeaderName::from_static("x-goog-stored-content-length"), object.size.to_string()),
        (HeaderName::from_static("x-goog-stored-content-encoding"), "identity".into()),
        (HeaderName::from_static("x-goog-storage-class"), "STANDARD".into()),
    ];
    for (name, value) in described {
        if !value.is_empty() {
            answer.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(Problem::internal)?);
        }
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{}", (first + length).saturating_sub(1), object.size);
        let range = HeaderValue::from_str(&range).map_err(Problem::internal)?;
        answer.headers_mut().insert(CONTENT_RANGE, range);
    }
    Ok(answer)
}

fn file(shared: &Shared, object: &Object, first: u64, length: u64) -> Result<Body, Problem> {
    let mut file = shared.store.open_bytes(object)?;
    file.seek(SeekFrom::Start(first))?;
    let (sender, receiver) = mpsc::channel::<std::io::Result<Frame<Bytes>>>(2);
    spawn_blocking(move || {
        let mut left = length;
        while left > 0 {
            let mut chunk = Vec::new();
            let read = (&mut file).take(left.min(CHUNK)).read_to_end(&mut chunk);
            let read =
                read.and_then(|n| if n == 0 { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(n) });
            left = left.saturating_sub(read.as_ref().map_or(left, |n| *n as u64));
            if sender.blocking_send(read.map(|_| Frame::data(chunk.into()))).is_err() {
                return;
            }
        }
    });
    Ok(StreamBody::new(Receiving(receiver)).boxed_unsync())
}

/// A channel as the stream that a body is made of.
struct Receiving(mpsc::Receiver<std::io::Result<Frame<Bytes>>>);

impl futures_util::Stream for Receiving {
    type Item = std::io::Result<Frame<Bytes>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// `bytes=5-9`, `bytes=5-` or `bytes=-5` of so many bytes.
fn span(range: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, end) = match (first, last) {
        ("", suffix) => (size.saturating_sub(suffix.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?.min(size)),
    };
    (first < end).then(|| (first, end - first))
}

/// A checksum as Cloud Storage writes it: Base64 of the four bytes, the highest first.
pub(crate) fn crc32c_text(checksum: u32) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // 32 bits and four of padding make six digits.
    let bits = u64::from(checksum) << 4;
    let digits = (0..6).rev().map(|at| char::from(ALPHABET[(bits >> (6 * at) & 63) as usize]));
    digits.chain("==".chars()).collect()
}

/// The inverse of [`crc32c_text`].
pub(crate) fn crc32c_number(text: &str) -> Option<u32> {
    let digits = text.strip_suffix("==").filter(|digits| digits.len() == 6)?;
    let bits = digits.bytes().try_fold(0_u64, |bits, digit| {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        Some(bits << 6 | u64::from(value))
    })?;
    u32::try_from(bits >> 4).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_written_as_cloud_storage_does() {
        // From the documentation of the official client.
        assert_eq!(crc32c_text(1_234_567_890), "SZYC0g==");
        for checksum in [0, 1, 1_234_567_890, u32::MAX] {
            assert_eq!(crc32c_number(&crc32c_text(checksum)), Some(checksum));
        }
        assert_eq!(crc32c_number("SZYC0g="), None);
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(span("bytes=5-9", 100), Some((5, 5)));
        assert_eq!(span("bytes=5-", 100), Some((5, 95)));
        assert_eq!(span("bytes=-5", 100), Some((95, 5)));
        assert_eq!(span("bytes=99-200", 100), Some((99, 1)));
        assert_eq!(span("bytes=100-", 100), None);
        assert_eq!(span("bytes=9-5", 100), None);
    }
}

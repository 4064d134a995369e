use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

use crate::answer::Problem;

/// Takes a `multipart/related` body apart while it streams past.
pub(crate) struct Related {
    /// Line break, two dashes and the boundary.
    delimiter: Finder<'static>,
    length: usize,
    buffer: BytesMut,
    state: State,
    part: usize,
}

/// Some bytes of a part, which is counted from 0.
pub(crate) struct Piece<'a> {
    pub(crate) part: usize,
    pub(crate) bytes: &'a [u8],
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the first part's delimiter, or behind a later one, whose next two bytes say whether a part follows.
    AfterDelimiter,
    Preamble,
    Headers,
    Content,
    End,
}

impl Related {
    pub(crate) fn new(boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}");
        Self {
            delimiter: Finder::new(&delimiter).into_owned(),
            length: delimiter.len(),
            // The first delimiter may come without the line break before it.
            buffer: BytesMut::from(&b"\r\n"[..]),
            state: State::Preamble,
            part: 0,
        }
    }

    /// Takes the next chunk of the body and hands on what it holds of the parts.
    pub(crate) fn push(
        &mut self,
        chunk: Bytes,
        mut each: impl FnMut(Piece<'_>) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        self.buffer.extend_from_slice(&chunk);
        loop {
            match self.state {
                State::End => {
                    self.buffer.clear();
                    return Ok(());
                }
                State::AfterDelimiter => match self.buffer.get(..2) {
                    None => return Ok(()),
                    Some(b"--") => self.state = State::End,
                    Some(_) => self.state = State::Headers,
                },
                State::Headers => {
                    let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") else {
                        return self.not_endless();
                    };
                    self.buffer.advance(end + 4);
                    self.state = State::Content;
                }
                State::Preamble | State::Content => {
                    let found = self.delimiter.find(&self.buffer);
                    // What could be the beginning of a delimiter stays for the next chunk.
                    let sure = found.unwrap_or_else(|| self.buffer.len().saturating_sub(self.length - 1));
                    if self.state == State::Content && sure > 0 {
                        each(Piece { part: self.part, bytes: &self.buffer[..sure] })?;
                    }
                    self.buffer.advance(sure);
                    if found.is_none() {
                        return Ok(());
                    }
                    self.buffer.advance(self.length);
                    self.part += usize::from(self.state == State::Content);
                    self.state = State::AfterDelimiter;
                }
            }
        }
    }

    /// The body has ended: whether it was whole.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.state == State::End && self.part >= 2 {
            Ok(())
        } else {
            Err(Problem::bad_request("the multipart body ends half-way"))
        }
    }

    fn not_endless(&self) -> Result<(), Problem> {
        if self.buffer.len() > 16 * 1024 {
            return Err(Problem::bad_request("the headers of a part do not end"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] =
        b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\nX: y\r\n\r\nph\r\n--oto\r\n\r\n--b--\r\n";

    #[test]
    fn however_it_is_cut_the_parts_are_the_same() {
        for size in 1..=BODY.len() {
            let mut parts = [Vec::new(), Vec::new()];
            let mut related = Related::new("b");
            for chunk in BODY.chunks(size) {
                let each = |piece: Piece<'_>| {
                    parts[piece.part].extend_from_slice(piece.bytes);
                    Ok(())
                };
                related.push(Bytes::from_static(chunk), each).unwrap();
            }
            related.finish().unwrap();
            assert_eq!(parts, [b"{}".to_vec(), b"ph\r\n--oto\r\n".to_vec()], "in chunks of {size}");
        }
    }

    #[test]
    fn a_body_that_stops_half_way_is_refused() {
        for end in 0..BODY.len() - 4 {
            let mut related = Related::new("b");
            related.push(Bytes::from_static(&BODY[..end]), |_| Ok(())).unwrap();
            related.finish().unwrap_err();
        }
    }
}

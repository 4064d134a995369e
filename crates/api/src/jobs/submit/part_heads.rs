//! Removes control characters from the headers of a form's parts.
//!
//! Clients send a file's name as it is. A control character in it makes the multipart parser refuse the form,
//! and no file name may cost a customer the photo.

use bytes::Bytes;

const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// Follows a multipart body as it streams by, to know the heads of its parts from their contents.
pub(crate) struct PartHeads {
    /// The line break, the dashes and the boundary that end a part.
    delimiter: Vec<u8>,
    place: Place,
}

/// Where in the body the next byte is, and how much of what ends this place has just been read.
enum Place {
    Head(usize),
    Content(usize),
}

impl PartHeads {
    /// At the beginning of a body.
    pub(crate) fn new(boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        // The first part has no line break before its delimiter.
        Self { delimiter, place: Place::Content(2) }
    }

    /// The next bytes of the body: a head's without control characters, a content's as they are.
    pub(crate) fn without_control_characters(&mut self, chunk: Bytes) -> Bytes {
        let mut kept: Option<Vec<u8>> = None;
        let mut at = 0;
        while at < chunk.len() {
            // Nearly all of a body is content, in which only a line break may begin the end.
            if matches!(self.place, Place::Content(0)) {
                let next = memchr::memchr(b'\r', &chunk[at..]).unwrap_or(chunk.len() - at);
                if let Some(kept) = &mut kept {
                    kept.extend_from_slice(&chunk[at..at + next]);
                }
                at += next;
                if at == chunk.len() {
                    break;
                }
            }
            let byte = chunk[at];
            let dropped = matches!(self.place, Place::Head(_))
                && byte.is_ascii_control()
                && !matches!(byte, b'\t' | b'\r' | b'\n');
            if dropped {
                kept.get_or_insert_with(|| chunk[..at].to_vec());
            } else {
                if let Some(kept) = &mut kept {
                    kept.push(byte);
                }
                self.pass(byte);
            }
            at += 1;
        }
        kept.map_or(chunk, Bytes::from)
    }

    fn pass(&mut self, byte: u8) {
        let (end, read) = match &self.place {
            Place::Head(read) => (BLANK_LINE, *read),
            Place::Content(read) => (&self.delimiter[..], *read),
        };
        // In both, a line break begins nothing but another try.
        let read = if byte == end[read] { read + 1 } else { usize::from(byte == b'\r') };
        let ended = read == end.len();
        self.place = match self.place {
            Place::Head(_) if ended => Place::Content(0),
            Place::Content(_) if ended => Place::Head(0),
            Place::Head(_) => Place::Head(read),
            Place::Content(_) => Place::Content(read),
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(body: &[u8], chunk: usize) -> Vec<u8> {
        let mut heads = PartHeads::new("XB");
        body.chunks(chunk)
            .flat_map(|chunk| heads.without_control_characters(Bytes::copy_from_slice(chunk)))
            .collect()
    }

    #[test]
    fn heads_lose_control_characters_and_contents_keep_theirs() {
        let body = b"--XB\r\nContent-Disposition: form-data; name=\"order_id\"\r\n\r\n\x01\r\n--XY\x02\r\n--XB\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a\x01b\x7f\0.jpg\"\r\n\r\n\x03\r\r\n\x04\r\n--XB--\r\n";
        let right = b"--XB\r\nContent-Disposition: form-data; name=\"order_id\"\r\n\r\n\x01\r\n--XY\x02\r\n--XB\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"ab.jpg\"\r\n\r\n\x03\r\r\n\x04\r\n--XB--\r\n";
        for chunk in 1..body.len() {
            assert_eq!(cleaned(body, chunk), right, "in pieces of {chunk}");
        }
    }

    proptest! {
        #[test]
        fn a_photo_goes_by_untouched(photo: Vec<u8>, chunk in 1usize..50) {
            prop_assume!(!photo.windows(6).any(|part| part == b"\r\n--XB"));
            let body = [b"--XB\r\nContent-Disposition: form-data; name=file\r\n\r\n", &photo[..], b"\r\n--XB--\r\n"].concat();
            prop_assert_eq!(cleaned(&body, chunk), body);
        }
    }
}

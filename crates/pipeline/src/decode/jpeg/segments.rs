//! The marker segments of a JPEG, one after the other.

/// One marker segment, and for a start of scan also the entropy-coded data behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    /// The marker's second byte; the first is always 0xff.
    pub code: u8,
    /// What follows the two bytes of length.
    pub body: &'a [u8],
    /// Entropy-coded data with its restart markers; empty unless `code` is [`SOS`].
    pub scan: &'a [u8],
}

impl Segment<'_> {
    /// Appends the marker, the length and `body` to a file, without the coded data.
    pub(super) fn write_head(&self, body: &[u8], file: &mut Vec<u8>) {
        file.extend([0xff, self.code]);
        file.extend((body.len() as u16 + 2).to_be_bytes());
        file.extend(body);
    }
}

/// Start of scan.
pub(super) const SOS: u8 = 0xda;
/// Define Huffman tables.
pub(super) const DHT: u8 = 0xc4;
/// Define restart interval.
pub(super) const DRI: u8 = 0xdd;
/// End of image.
const EOI: u8 = 0xd9;

/// Whether `code` starts a frame; the three others of its range are tables and a reserve.
pub(super) fn starts_frame(code: u8) -> bool {
    matches!(code, 0xc0..=0xcf) && !matches!(code, DHT | 0xc8 | 0xcc)
}

/// Walks the segments up to the end of the image. A segment that does not fit into the file ends the walk.
pub(super) struct Segments<'a> {
    rest: &'a [u8],
    scanned: bool,
    restarts: bool,
    /// Whether the end-of-image marker was reached.
    pub ended: bool,
}

impl<'a> Segments<'a> {
    /// Begins behind the start-of-image marker.
    pub(super) fn of(file: &'a [u8]) -> Self {
        Self { rest: file.get(2..).unwrap_or_default(), scanned: false, restarts: false, ended: false }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        let code = self.marker()?;
        if code == EOI {
            self.ended = true;
            return None;
        }
        let length = usize::from(u16::from_be_bytes(*self.rest.first_chunk()?));
        let (segment, behind) = self.rest.split_at_checked(length.max(2))?;
        let body = &segment[2..];
        let scans = code == SOS && begins_scan(body);
        let (scan, behind) = behind.split_at(if scans { scan_length(behind, self.restarts) } else { 0 });
        self.rest = behind;
        self.scanned |= scans;
        if code == DRI {
            self.restarts = !body.starts_with(&[0; 2]);
        }
        Some(Segment { code, body, scan })
    }
}

impl Segments<'_> {
    /// The next marker that is neither a restart nor without meaning. Bytes before it are passed over.
    fn marker(&mut self) -> Option<u8> {
        loop {
            let at = memchr::memchr(0xff, self.rest)?;
            let code = *self.rest.get(at + 1)?;
            // Several 0xff in a row are filling.
            self.rest = &self.rest[at + if code == 0xff { 1 } else { 2 }..];
            match code {
                // Another picture behind this one, which lacks its end marker.
                0xd8 if self.scanned => return None,
                0x00 | 0x01 | 0xd0..=0xd8 | 0xff => {}
                _ => return Some(code),
            }
        }
    }
}

/// Whether the body of a start of scan is as long as it says: noise that looks like the marker is not.
pub(super) fn begins_scan(body: &[u8]) -> bool {
    matches!(body.first(), Some(count @ 1..=4) if body.len() == 4 + 2 * usize::from(*count))
}

/// The markers in coded data, restarts and codes without meaning among them; neither stuffing nor filling.
pub(super) fn markers(data: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let code = |at: usize| data.get(at + 1).map(|code| (at, *code));
    memchr::memchr_iter(0xff, data).filter_map(code).filter(|(_, code)| !matches!(code, 0 | 0xff))
}

/// Bytes up to the marker that ends the scan. Stuffing, restarts and codes that mean nothing are part of its data.
fn scan_length(data: &[u8], restarts: bool) -> usize {
    let mut from = 0;
    loop {
        let ends = |(_, code): &(usize, u8)| matches!(code, 0xc0..=0xcf | 0xd8..=0xfe);
        let Some((at, _)) = markers(&data[from..]).find(ends) else { return data.len() };
        from += at;
        // A spoilt byte can look like a marker. Restarts behind it tell that the scan goes on.
        match resumes(&data[from..]) {
            Some(distance) if restarts => from += distance,
            _ => return from,
        }
    }
}

/// How far away the next restart is, when no other segment comes before it.
fn resumes(data: &[u8]) -> Option<usize> {
    /// More than a few restart intervals of any photo, and not much of a trailer.
    const REACH: usize = 1 << 16;
    let near = &data[..data.len().min(REACH)];
    markers(near)
        .take_while(|(at, _)| !is_segment(&data[*at..]))
        .find(|(at, code)| matches!(code, 0xd0..=0xd7) && is_restart(&data[*at..]))
        .map(|(at, _)| at)
}

/// Whether `data` begins with a real restart marker: the next one or the end of the scan must follow.
pub(super) fn is_restart(data: &[u8]) -> bool {
    let next = 0xd0 | (data[1] + 1) & 7;
    let behind = &data[2..];
    markers(behind).next().is_none_or(|(at, code)| code == next || code == EOI || is_segment(&behind[at..]))
}

/// Whether `data` begins with a real segment: another marker must follow where it ends.
fn is_segment(data: &[u8]) -> bool {
    let Some((&[_, code, high, low], _)) = data.split_first_chunk() else { return false };
    let length = usize::from(u16::from_be_bytes([high, low]));
    match code {
        0xd8 => high == 0xff,
        SOS => data.get(4..2 + length).is_some_and(begins_scan),
        0xc0..=0xcf | 0xdb..=0xfe => length >= 2 && data.get(2 + length) == Some(&0xff),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_found_between_junk_and_filling() {
        let file = b"\xff\xd8junk\xff\xff\xe0\0\x04ab\xff\xda\0\x08\x01\x01\0\0\x3f\0\x01\xff\0\x02\xff\xd0\x03\xff\xd9trailer";
        let mut segments = Segments::of(file);
        let all: Vec<_> = segments.by_ref().map(|s| (s.code, s.body.to_vec(), s.scan.to_vec())).collect();
        assert_eq!(
            all,
            [
                (0xe0, b"ab".to_vec(), vec![]),
                (SOS, vec![1, 1, 0, 0, 63, 0], b"\x01\xff\0\x02\xff\xd0\x03".to_vec())
            ]
        );
        assert!(segments.ended);
    }

    #[test]
    fn a_segment_that_does_not_fit_ends_the_walk() {
        let mut segments = Segments::of(b"\xff\xd8\xff\xe0\0\x50ab");
        assert!(segments.next().is_none() && !segments.ended);
    }
}

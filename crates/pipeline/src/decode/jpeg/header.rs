//! What a JPEG's segments say beside the picture, and the picture without them.

use super::segments::{DHT, DRI, SOS, Segments, begins_scan, starts_frame};

/// Profile, EXIF and Adobe's marker.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    /// Every EXIF block before the first scan, from its TIFF header on.
    pub exif: Vec<&'a [u8]>,
    /// The ICC profile, put together from its parts.
    pub icc: Option<Vec<u8>>,
    /// Whether Adobe's marker is there, which means that CMYK is stored inverted.
    pub adobe: bool,
}

/// Reads up to the first scan. Takes what it can: a broken segment ends the list.
pub(super) fn read(file: &[u8]) -> Header<'_> {
    let mut header = Header::default();
    let mut parts: Vec<(u8, &[u8])> = Vec::new();
    for segment in Segments::of(file).take_while(|segment| segment.code != SOS) {
        match segment.code {
            0xe1 => header.exif.extend(segment.body.strip_prefix(b"Exif\0\0")),
            0xe2 => {
                // Sequence number and count come before the data.
                if let Some([number, _count, data @ ..]) = segment.body.strip_prefix(b"ICC_PROFILE\0") {
                    parts.push((*number, data));
                }
            }
            0xee => header.adobe |= segment.body.starts_with(b"Adobe"),
            _ => {}
        }
    }
    parts.sort_by_key(|(number, _)| *number);
    header.icc = (!parts.is_empty()).then(|| parts.iter().flat_map(|(_, data)| *data).copied().collect());
    header
}

/// A picture with nothing else in the file.
pub(super) struct Picture {
    pub file: Vec<u8>,
    /// Whether the original had its end marker, and at once behind the last scan: else it may be a trailer's.
    pub ended: bool,
    /// Whether it is arithmetic-coded.
    pub arithmetic: bool,
    /// Whether a component has no scan at all.
    pub lacks_component: bool,
}

/// The same picture with nothing else in the file.
///
/// Quantisation and Huffman tables, one frame, scans, and the two markers that tell the colour model. The decoder
/// never sees thumbnails, trailers, junk between segments or a second frame, so they cannot confuse it.
pub(super) fn picture_only(file: &[u8]) -> Picture {
    const DQT: u8 = 0xdb;
    const DAC: u8 = 0xcc;
    let mut picture = Vec::with_capacity(file.len() + 64);
    picture.extend(b"\xff\xd8");
    let (mut components, mut transform) = (None::<Vec<u8>>, None);
    let mut scanned = Vec::new();
    let (mut end, mut scanning, mut arithmetic) = (picture.len(), false, false);
    let mut segments = Segments::of(file);
    for segment in segments.by_ref() {
        scanning = segment.code == SOS;
        let mut keep = |body: &[u8]| {
            segment.write_head(body, &mut picture);
            picture.extend(segment.scan);
        };
        match segment.code {
            DQT | DHT | DAC | DRI => keep(segment.body),
            SOS if components.is_some() && begins_scan(segment.body) => {
                keep(segment.body);
                end = picture.len();
                scanned.extend(begun_by(segment.body));
            }
            0xe0 if segment.body.starts_with(b"JFIF\0") => keep(JFIF),
            0xee if segment.body.starts_with(b"Adobe") && segment.body.len() >= 12 => {
                keep(&segment.body[..12]);
                transform = Some(picture.len() - 1);
            }
            code if starts_frame(code) && components.is_none() => {
                let described = segment.body.get(6..).unwrap_or_default().as_chunks::<3>().0;
                components = Some(described.iter().map(|[id, ..]| *id).collect());
                arithmetic = code > 0xc8;
                keep(segment.body);
            }
            _ => {}
        }
    }
    if let Some(transform) = transform {
        // 0 stands for no transform; else three components are YCbCr and four YCCK, whichever number is written.
        picture[transform] = match (picture[transform], components.as_ref().map(Vec::len)) {
            (0, _) => 0,
            (_, Some(4)) => 2,
            _ => 1,
        };
    }
    // Tables behind the last scan are bytes of a trailer that look like some.
    if !scanned.is_empty() {
        picture.truncate(end);
    }
    picture.extend(b"\xff\xd9");
    let lacks_component = components.is_some_and(|all| all.iter().any(|id| !scanned.contains(id)));
    Picture { file: picture, ended: segments.ended && scanning, arithmetic, lacks_component }
}

/// The components whose mean colours a scan brings, by its header. Later scans of a progressive picture refine them.
fn begun_by(scan: &[u8]) -> impl Iterator<Item = u8> {
    let count = usize::from(scan.first().copied().unwrap_or_default());
    let (selectors, rest) = scan.get(1..).and_then(|s| s.split_at_checked(2 * count)).unwrap_or_default();
    let begins = rest.first() == Some(&0);
    selectors.as_chunks::<2>().0.iter().filter(move |_| begins).map(|[id, _]| *id)
}

/// A JFIF segment that says nothing but that this is JFIF: some writers number versions that decoders warn of.
const JFIF: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adobe_marker_behind_the_last_scan_is_a_trailers() {
        let scan = b"\xff\xc0\0\x0b\x08\0\x08\0\x08\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0\x55";
        let file = [b"\xff\xd8", &scan[..], b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x02\xff\xd9"].concat();
        assert_eq!(picture_only(&file).file, [b"\xff\xd8", &scan[..], b"\xff\xd9"].concat());
    }
}

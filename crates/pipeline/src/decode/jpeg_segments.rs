//! The segments before a JPEG's first scan: profile, EXIF and Adobe's marker.

/// What the header says beside the picture.
#[derive(Debug, Default)]
pub(super) struct Segments<'a> {
    /// The first EXIF block, from its TIFF header on.
    pub exif: Option<&'a [u8]>,
    /// The ICC profile, put together from its parts.
    pub icc: Option<Vec<u8>>,
    /// Whether Adobe's marker is there, which means that CMYK is stored inverted.
    pub adobe: bool,
}

/// Reads up to the first scan. Takes what it can: a broken segment ends the list.
pub(super) fn read(bytes: &[u8]) -> Segments<'_> {
    let mut segments = Segments::default();
    let mut parts: Vec<(u8, &[u8])> = Vec::new();
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let Some((code, body, behind)) = next(rest) {
        rest = behind;
        match code {
            0xe1 => {
                if let (None, Some(exif)) = (segments.exif, body.strip_prefix(b"Exif\0\0")) {
                    segments.exif = Some(exif);
                }
            }
            0xe2 => {
                // Sequence number and count come before the data.
                if let Some([number, _count, data @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
                    parts.push((*number, data));
                }
            }
            0xee => segments.adobe |= body.starts_with(b"Adobe"),
            0xda => break,
            _ => {}
        }
    }
    parts.sort_by_key(|(number, _)| *number);
    segments.icc = (!parts.is_empty()).then(|| parts.iter().flat_map(|(_, data)| *data).copied().collect());
    segments
}

/// The next segment's code and body, and what follows it.
fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let mut at = bytes.iter().position(|byte| *byte == 0xff)?;
    loop {
        match bytes.get(at + 1)? {
            // Fill bytes, and codes without a body.
            0xff => at += 1,
            0x00 | 0x01 | 0xd0..=0xd8 => {
                at += 2 + bytes.get(at + 2..)?.iter().position(|byte| *byte == 0xff)?
            }
            0xd9 => return None,
            code => {
                let length = bytes.get(at + 2..at + 4)?;
                let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                let end = at + 2 + length;
                return Some((*code, bytes.get(at + 4..end)?, &bytes[end..]));
            }
        }
    }
}

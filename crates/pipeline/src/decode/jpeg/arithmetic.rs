//! Tells arithmetic-coded data that breaks off from data that is whole.
//!
//! The coder may leave out zeros at the end of a scan, so both look alike to a decoder.

use super::segments::{SOS, Segments};

/// The picture with other bytes behind each scan. It only looks different with them if it breaks off.
pub(super) fn continued(picture: &[u8]) -> Vec<u8> {
    let mut file = b"\xff\xd8".to_vec();
    for segment in Segments::of(picture) {
        segment.write_head(segment.body, &mut file);
        let last = segment.scan.iter().rposition(|byte| !matches!(byte, 0 | 0xff));
        file.extend(&segment.scan[..last.map_or(0, |last| last + 1)]);
        if segment.code == SOS {
            file.extend([0x55; 64]);
        }
    }
    file.extend(b"\xff\xd9");
    file
}

//! EXIF blocks and ICC profiles, in a small picture that is good otherwise.
#![no_main]

use headshot_pipeline::decode::{DecodeLimits, decode};
use libfuzzer_sys::fuzz_target;

/// One grey block of 8 × 8 pixels.
const PICTURE: &[u8] = b"\xff\xdb\0\x43\0\
    \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\
    \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\
    \xff\xc0\0\x11\x08\0\x08\0\x08\x03\x01\x11\0\x02\x11\0\x03\x11\0\
    \xff\xc4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \xff\xc4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0\x3f\0\x03\xff\xd9";

fuzz_target!(|data: &[u8]| {
    // The first byte says where the EXIF block ends and the profile begins.
    let Some((split, data)) = data.split_first() else { return };
    let (exif, icc) = data.split_at(data.len() * usize::from(*split) / 255);
    let mut file = b"\xff\xd8".to_vec();
    for (marker, name, body) in [(0xe1, &b"Exif\0\0"[..], exif), (0xe2, b"ICC_PROFILE\0\x01\x01", icc)] {
        let body = &body[..body.len().min(60_000)];
        file.extend([0xff, marker]);
        file.extend(((name.len() + body.len() + 2) as u16).to_be_bytes());
        file.extend(name);
        file.extend(body);
    }
    file.extend(PICTURE);
    let photo = decode(&file, &DecodeLimits::default()).expect("metadata never refuses a good picture");
    assert_eq!(photo.rgb.len(), 8 * 8 * 3);
});

//! Photos, and things that are not, small enough to be made on the spot.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8]))
}

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    gradient(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn jpeg() -> Vec<u8> {
    encoded(320, 400, ImageFormat::Jpeg)
}

pub fn png() -> Vec<u8> {
    encoded(320, 400, ImageFormat::Png)
}

pub fn long_strip() -> Vec<u8> {
    encoded(20_000, 5, ImageFormat::Png)
}

/// A JPEG of about three megabytes, as phones send them: a small picture and a long application segment would not do,
/// because the data after the header is what is streamed.
pub fn large_jpeg() -> Vec<u8> {
    let mut seed = 1u32;
    let noise = RgbImage::from_fn(1600, 1200, |_, _| {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        Rgb(seed.to_le_bytes()[..3].try_into().unwrap())
    });
    let mut bytes = Cursor::new(Vec::new());
    noise.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// A small PNG whose header claims 177 megapixels.
pub fn pixel_bomb() -> Vec<u8> {
    let mut bytes = png();
    bytes[16..20].copy_from_slice(&13_300u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&13_300u32.to_be_bytes());
    let checksum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes.resize(21_000, 0);
    bytes
}

pub fn gif() -> Vec<u8> {
    let mut bytes = b"GIF89a\x40\x01\x90\x01\x80\x00\x00\x00\x00\x00\xff\xff\xff".to_vec();
    bytes.extend_from_slice(b"\x2c\x00\x00\x00\x00\x40\x01\x90\x01\x00\x02\x02\x44\x01\x00\x3b");
    bytes
}

/// The beginning of a Live Photo as phones pack it: a ZIP of a photo and a video.
pub fn livp() -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0".to_vec();
    bytes.resize(26, 0);
    bytes.extend(b"\x0d\0\0\0IMG_4711.HEIC");
    bytes.extend(png());
    bytes
}

/// A DNG whose first directory says so; what is behind it is the worker's business.
pub fn dng() -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x01\0\x12\xc6\x01\0\x04\0\0\0\x01\x04\0\0\0\0\0\0".to_vec();
    bytes.extend(jpeg());
    bytes
}

/// The PNG checksum, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

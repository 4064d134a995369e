//! Decoding of what begins like a JPEG.
#![no_main]

use headshot_core::upload::Format;
use libfuzzer_sys::fuzz_target;

mod decoding;

fuzz_target!(|data: &[u8]| decoding::decode_as(&[Format::Jpeg], data));

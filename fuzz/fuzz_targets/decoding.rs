//! What the targets of single formats share.

use headshot_core::upload::{Format, Inspector, Limits};
use headshot_pipeline::decode::{DecodeLimits, decode};

/// Small pictures, so that a second holds many of them.
const LIMITS: DecodeLimits = DecodeLimits { bytes: 1_000_000, pixels: 2_000_000, long_edge: 20_000 };

/// Decodes `data` if it begins like one of `formats`: no panic, and a photo has as many pixels as it says.
pub fn decode_as(formats: &[Format], data: &[u8]) {
    let mut inspector = Inspector::new(Limits::default());
    _ = inspector.push(&data[..data.len().min(64)]);
    if !inspector.format().is_some_and(|format| formats.contains(&format)) {
        return;
    }
    if let Ok(photo) = decode(data, &LIMITS) {
        assert_eq!(photo.rgb.len(), photo.width as usize * photo.height as usize * 3);
        for damage in &photo.damage {
            assert!(damage.x + damage.width <= photo.width && damage.y + damage.height <= photo.height);
        }
    }
}

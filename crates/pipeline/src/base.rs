//! What every stage works with: planes of samples, places in a photo, colour, resizing, and the one error.

pub mod colour;
pub mod error;
pub mod geometry;
pub mod plane;
pub mod resample;

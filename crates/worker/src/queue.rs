//! Where tasks come from: pulled, pushed by Pub/Sub, or published again by the sweep.

pub mod pull;
pub mod push;
pub mod sweep;

//! Google's own emulators of Pub/Sub and Firestore, as the Google Cloud CLI carries them, for tests. They need Java; where
//! either is missing, [`Sdk::find`] says so, and tests that need it skip, loudly.

mod emulator;
pub mod firestore;
mod http;
mod pubsub;
mod sdk;

pub use emulator::Emulator;
pub use pubsub::{Queue, QueueNames};
pub use sdk::Sdk;

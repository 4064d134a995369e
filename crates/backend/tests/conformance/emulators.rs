//! One pair of emulators for all tests of this process. They end with it.

use std::sync::OnceLock;

use headshot_emulators::{Emulator, Sdk};

static EMULATORS: OnceLock<Option<(Emulator, Emulator)>> = OnceLock::new();

/// Where Pub/Sub and Firestore answer; `None`, and a line that says so, where they are not installed.
pub fn hosts() -> Option<(String, String)> {
    let emulators = EMULATORS.get_or_init(|| {
        let sdk = Sdk::find_or_skip("the conformance of Firestore and Pub/Sub")?;
        let pubsub = Emulator::pubsub(&sdk).expect("the Pub/Sub emulator starts");
        let firestore = Emulator::firestore(&sdk).expect("the Firestore emulator starts");
        Some((pubsub, firestore))
    });
    emulators.as_ref().map(|(pubsub, firestore)| (pubsub.host(), firestore.host()))
}

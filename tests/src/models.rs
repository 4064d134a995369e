use std::env;
use std::sync::OnceLock;

use headshot_pipeline::{ModelSettings, Models};

use crate::process::workspace;

/// The built-in model, loaded once into this process.
///
/// # Panics
/// It cannot be loaded; the message says what to do.
pub fn models() -> &'static Models {
    static MODELS: OnceLock<Models> = OnceLock::new();
    MODELS.get_or_init(|| {
        // The pipeline finds what `make setup` fetched from the workspace's folder, while Cargo starts tests elsewhere.
        env::set_current_dir(workspace()).expect("the workspace is a folder");
        Models::load(&ModelSettings { threads: 2, ..ModelSettings::default() })
            .unwrap_or_else(|error| panic!("{error}"))
    })
}

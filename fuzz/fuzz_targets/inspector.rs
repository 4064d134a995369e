//! The upload inspector: no panic, and one answer however the stream is cut.
#![no_main]

use headshot_core::upload::{Inspector, Limits, inspect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let whole = inspect(data, Limits::default());
    let mut inspector = Inspector::new(Limits::default());
    let cut = data.len() / 3;
    let parts = inspector.push(&data[..cut]).and_then(|()| inspector.push(&data[cut..])).and_then(|()| inspector.finish());
    assert_eq!(whole, parts);
});

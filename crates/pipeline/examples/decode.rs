//! What becomes of files: `cargo run --release -p headshot-pipeline --example decode -- FILES…`
//!
//! One line a file: its path, then the photo's size and format, or the code with which it is refused and why.

use std::error::Error;

use headshot_pipeline::decode::{DecodeLimits, decode};

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        match decode(&std::fs::read(&path)?, &DecodeLimits::default()) {
            Ok(photo) => println!("{path}\t{photo:?}"),
            Err(error) => println!("{path}\t{}\t{}", error.code(), error.detail().unwrap_or_default()),
        }
    }
    Ok(())
}

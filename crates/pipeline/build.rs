//! Links the system's libheif, which decodes HEIC and AVIF.
//!
//! `decode/heif/ffi.rs` declares the few functions that are used. They have had the same shape since libheif 1.4, so
//! Debian 12's 1.15 and every later 1.x serve alike, and one build runs with any of them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = pkg_config::Config::new().atleast_version("1.15").probe("libheif") {
        println!("cargo::error=libheif was not found (Debian, Ubuntu: apt-get install libheif-dev): {error}");
    }
}

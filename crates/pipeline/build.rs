//! Names the version of the pipeline by its sources.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    match fingerprint(Path::new("src")) {
        Ok(fingerprint) => println!("cargo::rustc-env=PIPELINE_FINGERPRINT={fingerprint:016x}"),
        Err(error) => println!("cargo::error=the sources of the pipeline cannot be read: {error}"),
    }
}

/// Another number for other sources, so that what an earlier pipeline rendered is not taken for what this one would: nobody
/// has to remember to raise a version.
fn fingerprint(sources: &Path) -> io::Result<u64> {
    let mut files = Vec::new();
    collect(sources, &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.to_string_lossy().hash(&mut hasher);
        fs::read(&file)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

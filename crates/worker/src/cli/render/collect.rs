use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use headshot_core::upload::{Inspector, Limits, Refusal};

/// One photo and the name that its results begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// Where it is.
    pub path: PathBuf,
    /// The file's name without its extension, or with it and a number where another photo has that name already.
    pub name: String,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Collected {
    /// In the order given; the photos of a folder by name.
    pub photos: Vec<Photo>,
    /// What was passed over, for the reader of the terminal.
    pub notes: Vec<String>,
}

/// Finds the photos: files are taken at their word, folders are looked through (one level) for what begins like a photo.
///
/// # Errors
/// Something named does not exist or cannot be read.
pub fn collect(named: &[PathBuf]) -> anyhow::Result<Collected> {
    let mut collected = Collected::default();
    let mut taken = HashSet::new();
    for path in named {
        let metadata = fs::metadata(path).with_context(|| format!("reading {}", path.display()))?;
        if metadata.is_dir() {
            for file in files_of(path)? {
                if looks_like_a_photo(&file) {
                    collected.add(file, &mut taken);
                } else {
                    collected.notes.push(format!("{}: skipped, it is not a photo", file.display()));
                }
            }
        } else {
            collected.add(path.clone(), &mut taken);
        }
    }
    Ok(collected)
}

impl Collected {
    fn add(&mut self, path: PathBuf, taken: &mut HashSet<String>) {
        let text = |part: Option<&std::ffi::OsStr>| {
            part.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let stem = text(path.file_stem());
        let whole = text(path.file_name());
        // `a.jpg` and `a.png` become `a` and `a.png`; a third one of the same name gets a number.
        let numbered = (2..).map(|n| format!("{whole}-{n}"));
        let name = [stem, whole.clone()].into_iter().chain(numbered).find(|name| !taken.contains(name));
        let name = name.unwrap_or(whole);
        taken.insert(name.clone());
        self.photos.push(Photo { path, name });
    }
}

fn files_of(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("listing {}", folder.display()))?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// By its first bytes; a file that begins like a photo and is broken further on is to be reported, not passed over.
fn looks_like_a_photo(path: &Path) -> bool {
    const HEAD: u64 = 512;
    let mut head = Vec::new();
    if File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)).is_err() {
        return false;
    }
    let mut inspector = Inspector::new(Limits::default());
    let mut verdict = inspector.push(&head);
    // Of so short a file the verdict may only be known at its end.
    if verdict.is_ok() && (head.len() as u64) < HEAD {
        verdict = inspector.finish().map(drop);
    }
    !matches!(verdict, Err(Refusal::UnsupportedType { .. } | Refusal::Empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_of_one_name_get_results_of_different_names() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let png = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
        for name in ["a.jpg", "a.png", "b.png"] {
            fs::write(folder.path().join(name), png)?;
        }
        fs::write(folder.path().join("notes.txt"), "not a photo")?;
        fs::create_dir(folder.path().join("deeper"))?;
        let a = folder.path().join("a.png");
        let found = collect(&[folder.path().to_owned(), a.clone(), a])?;
        let names: Vec<&str> = found.photos.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "a.png", "b", "a.png-2", "a.png-3"]);
        assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
        Ok(())
    }

    #[test]
    fn what_is_not_there_is_named() {
        let missing = collect(&["/nowhere/at/all.jpg".into()]).unwrap_err();
        assert!(format!("{missing:#}").contains("/nowhere/at/all.jpg"));
    }
}

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::drawn_pet::{Background, Coat, DrawnPet, Species};
use crate::process::workspace;

/// The folder of real photos and odd files beside the project, if this machine has it. Says loudly when it has not.
pub fn shared(part: &str) -> Option<PathBuf> {
    let beside = || workspace().parent().map(|folder| folder.join("shared"));
    let folder = env::var_os("HEADSHOT_SHARED").map(PathBuf::from).or_else(beside)?.join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: there is no {}; HEADSHOT_SHARED names another place for shared material",
        folder.display()
    );
    None
}

/// All files below a folder, in order.
pub fn shared_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort_unstable();
    files
}

/// A JPEG of a drawn dog in a garden, which the network takes for one; `width` × ¾ `width` pixels. The same width gives
/// the same bytes.
pub fn drawn_pet(width: u32) -> Vec<u8> {
    dog(width, 4)
}

/// The same of three dogs, none of which looks like another.
pub fn drawn_pets(width: u32) -> [Vec<u8>; 3] {
    [4, 5, 6].map(|seed| dog(width, seed))
}

fn dog(width: u32, seed: u64) -> Vec<u8> {
    let (species, coat, background) = (Species::Dog, Coat::Tan, Background::Garden);
    DrawnPet { species, coat, background, width, height: width * 3 / 4, seed }.draw().jpeg()
}

//! Writes what refinement fits to photos, for training its refiner.
//!
//! `cargo run --release -p headshot-tests --example fit_photos -- OUT PHOTO…` writes `OUT/NAME.f32`: width and height as u32,
//! then nine planes of little-endian f32: red, green, blue, coarse matte, outline, the three factors and the offset of the
//! linear model.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use headshot_pipeline::fit_photo;
use headshot_tests::models;

fn main() -> Result<()> {
    let mut paths = env::args_os().skip(1).map(PathBuf::from);
    let out = paths.next().context("say where the files shall go")?;
    fs::create_dir_all(&out)?;
    for photo in paths {
        write(&photo, &out).with_context(|| photo.display().to_string())?;
    }
    Ok(())
}

fn write(photo: &Path, out: &Path) -> Result<()> {
    let fitted = fit_photo(&fs::read(photo)?, models())?.context("cannot be opened")?;
    let (width, height) = (fitted.coarse.width() as u32, fitted.coarse.height() as u32);
    let mut bytes = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let model = &fitted.model;
    let planes =
        fitted.guide.iter().chain([&fitted.coarse, &fitted.outline]).chain(&model.a).chain([&model.b]);
    for value in planes.flat_map(|plane| plane.data()) {
        bytes.extend(value.to_le_bytes());
    }
    let name = photo.file_stem().context("no name")?;
    fs::write(out.join(name).with_extension("f32"), bytes)?;
    Ok(())
}

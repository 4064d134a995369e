//! Draws photos of given sizes for measurements: `bench_photos FOLDER NAME=WIDTHxHEIGHT …`.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};
use headshot_tests::drawn_pet::{Background, Coat, DrawnPet, Species};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().context("say where the photos shall go")?;
    for argument in arguments {
        let (name, size) = argument.split_once('=').context("expected NAME=WIDTHxHEIGHT")?;
        let (width, height) = size.split_once('x').context("expected NAME=WIDTHxHEIGHT")?;
        let (width, height) = (width.parse().context("width")?, height.parse().context("height")?);
        let (species, coat, background) = (Species::Cat, Coat::Tabby, Background::Garden);
        let pet = DrawnPet { species, coat, background, width, height, seed: 1 };
        fs::write(Path::new(&folder).join(format!("{name}.jpg")), pet.draw().jpeg()).context("writing")?;
    }
    Ok(())
}

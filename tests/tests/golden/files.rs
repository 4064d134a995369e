use anyhow::{Context, Result, ensure};
use headshot_core::{Recipe, Rendition};
use headshot_pipeline::{Outcome, process};
use headshot_tests::drawn_pet::{Background, DrawnPet, empty_scene, jpeg};
use headshot_tests::models;
use image::{DynamicImage, RgbImage};

use crate::reduced::{difference, reduced};
use crate::{CAT_TABBY, CAT_WHITE, file, render, small_recipe};

#[test]
fn the_same_photo_gives_the_same_bytes() -> Result<()> {
    let photo = CAT_WHITE.draw().jpeg();
    let (first, second) = (render(&photo, &Recipe::headshot())?, render(&photo, &Recipe::headshot())?);
    ensure!(first == second, "two runs differ");
    Ok(())
}

#[test]
fn a_photo_may_lie_on_its_side_or_stand_on_its_head() -> Result<()> {
    let photo = DrawnPet { width: 900, height: 1200, ..CAT_TABBY }.draw().photo;
    let headshot = |orientation| -> Result<_> {
        let rendered = render(&stored_as(orientation, &photo), &small_recipe())
            .with_context(|| format!("orientation {orientation}"))?;
        reduced(file(&rendered, Rendition::Print)?, 200, 250)
    };
    let upright = headshot(1)?;
    for orientation in 2..=8 {
        // A JPEG's blocks lie otherwise in a turned picture, so its noise differs a little.
        let found = difference(&upright, &headshot(orientation)?);
        ensure!(found.mean <= 1.5 && found.worst <= 24, "orientation {orientation}: {found:?}");
    }
    Ok(())
}

#[test]
fn a_place_without_an_animal_is_refused() -> Result<()> {
    for place in [Background::Garden, Background::Room] {
        for seed in 1..=3 {
            let photo = jpeg(&empty_scene(place, 1200, 1600, seed), 92);
            let outcome = process(&photo, &small_recipe(), models(), &|_| ())?;
            let Outcome::Rejected(rejection) = outcome else {
                anyhow::bail!("{place:?} {seed} was rendered")
            };
            ensure!(rejection.code == "no_pet_found", "{place:?} {seed}: {rejection:?}");
        }
    }
    Ok(())
}

/// A JPEG whose pixels lie as a camera held otherwise stores them, with the EXIF entry that says so.
pub fn stored_as(orientation: u8, upright: &RgbImage) -> Vec<u8> {
    let upright = DynamicImage::ImageRgb8(upright.clone());
    let stored = match orientation {
        2 => upright.fliph(),
        3 => upright.rotate180(),
        4 => upright.flipv(),
        5 => upright.rotate90().fliph(),
        6 => upright.rotate270(),
        7 => upright.rotate270().fliph(),
        8 => upright.rotate90(),
        _ => upright,
    };
    // One little-endian directory with one entry: tag 0x0112, SHORT, once.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = exif.len() as u16 + 2;
    let mut bytes = jpeg(&stored.into_rgb8(), 96);
    let segment = [0xff, 0xe1].into_iter().chain(length.to_be_bytes()).chain(exif);
    bytes.splice(2..2, segment);
    bytes
}

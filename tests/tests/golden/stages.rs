use anyhow::{Context, Result};
use headshot_core::{Look, Recipe, Rendition};
use headshot_pipeline::process_with_proof;
use headshot_tests::models;
use image::{GrayAlphaImage, GrayImage, LumaA, imageops};

use crate::compare::matches_golden;
use crate::reduced::reduced;
use crate::{CAT_TABBY, DOG_BLACK, file, render, small_recipe};

/// A matte as a picture of white, as much smaller as the golden ones are.
fn matte_picture(matte: &GrayImage) -> GrayAlphaImage {
    let (width, height) = (matte.width() / 8, matte.height() / 8);
    let small = imageops::resize(matte, width, height, imageops::FilterType::Triangle);
    GrayAlphaImage::from_fn(width, height, |x, y| LumaA([255, small.get_pixel(x, y).0[0]]))
}

#[test]
fn the_matte_of_the_whole_photo_and_that_of_the_print() -> Result<()> {
    let photo = CAT_TABBY.draw().jpeg();
    let (_, proof) = process_with_proof(&photo, &small_recipe(), models(), &|_| ())?;
    let proof = proof.context("the photo opens")?;
    let close_up = proof.close_up(&small_recipe(), models())?.context("there is an animal")?;
    let whole = GrayImage::from_raw(proof.photo.width, proof.photo.height, proof.matte);
    matches_golden("cat-tabby.matte", &matte_picture(&whole.context("a byte a pixel")?))?;
    let (width, height) = (close_up.matte.width as u32, close_up.matte.height as u32);
    let print = GrayImage::from_raw(width, height, close_up.matte.alpha);
    matches_golden("cat-tabby.close-up", &matte_picture(&print.context("a byte a pixel")?))
}

#[test]
fn the_other_looks() -> Result<()> {
    for (name, pet) in [("cat-tabby", CAT_TABBY), ("dog-black", DOG_BLACK)] {
        for look in [Look::Soft, Look::Dramatic] {
            let recipe = Recipe { look, ..small_recipe() };
            let print = render(&pet.draw().jpeg(), &recipe)?;
            let print = reduced(file(&print, Rendition::Print)?, 200, 250)?;
            matches_golden(&format!("{name}.{}", look.name()), &print)?;
        }
    }
    Ok(())
}

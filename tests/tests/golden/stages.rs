use anyhow::{Context, Result, ensure};
use headshot_core::{Look, Recipe, Rendition};
use headshot_pipeline::decode::{DecodeLimits, decode};
use headshot_pipeline::{Crop, Matte};
use headshot_tests::drawn_pet::{DrawnPet, DrawnPhoto};
use headshot_tests::{ObservedPrint, models, observe};
use image::{GrayAlphaImage, GrayImage, LumaA, Rgb, RgbImage, imageops};

use crate::compare::matches_golden;
use crate::files::stored_as;
use crate::reduced::{difference, reduced};
use crate::{CAT_TABBY, CAT_WHITE, DOG_BLACK, file, render, small_recipe};

/// A matte as a picture of white, as much smaller as the golden ones are.
fn matte_picture(matte: &GrayImage) -> GrayAlphaImage {
    let (width, height) = (matte.width() / 8, matte.height() / 8);
    let small = imageops::resize(matte, width, height, imageops::FilterType::Triangle);
    GrayAlphaImage::from_fn(width, height, |x, y| LumaA([255, small.get_pixel(x, y).0[0]]))
}

/// The three channels of a picture side by side, as much smaller as the golden ones are: golden pictures are grey.
fn channels(picture: &RgbImage) -> GrayAlphaImage {
    let (width, height) = (picture.width() / 8, picture.height() / 8);
    let small = imageops::resize(picture, width, height, imageops::FilterType::Triangle);
    GrayAlphaImage::from_fn(3 * width, height, |x, y| {
        let Rgb(rgb) = *small.get_pixel(x % width, y);
        LumaA([rgb[(x / width) as usize], 255])
    })
}

fn close_up(drawn: &DrawnPhoto) -> Result<ObservedPrint> {
    let (_, seen) = observe(&drawn.jpeg(), &small_recipe(), models())?;
    seen.context("the photo opens")?.print.context("there is an animal")
}

fn matte(Matte { width, height, alpha, .. }: Matte) -> Result<GrayAlphaImage> {
    let picture = GrayImage::from_raw(width as u32, height as u32, alpha);
    Ok(matte_picture(&picture.context("a byte a pixel")?))
}

#[test]
fn a_decoded_photo_is_upright_and_has_its_colours() -> Result<()> {
    let photo = decode(&stored_as(6, &CAT_TABBY.draw().photo), &DecodeLimits::default())?;
    let picture = RgbImage::from_raw(photo.width, photo.height, photo.rgb.to_vec());
    matches_golden("cat-tabby.decoded", &channels(&picture.context("three bytes a pixel")?))
}

#[test]
fn the_matte_of_the_whole_photo() -> Result<()> {
    let (_, seen) = observe(&CAT_TABBY.draw().jpeg(), &small_recipe(), models())?;
    let seen = seen.context("the photo opens")?;
    let whole = GrayImage::from_raw(seen.photo.width, seen.photo.height, seen.matte.alpha);
    matches_golden("cat-tabby.matte", &matte_picture(&whole.context("a byte a pixel")?))
}

/// What the frame shows is in each of them: a frame that moved would move them all.
#[test]
fn the_matte_of_the_print_the_colours_beneath_it_and_its_fade() -> Result<()> {
    for (name, pet) in [("cat-tabby", CAT_TABBY), ("dog-black", DOG_BLACK)] {
        let ObservedPrint { matte: sharp, colours: Crop { width, height, rgb }, faded, .. } =
            close_up(&pet.draw())?;
        let colours = RgbImage::from_raw(width as u32, height as u32, rgb);
        matches_golden(&format!("{name}.close-up"), &matte(sharp)?)?;
        matches_golden(&format!("{name}.foreground"), &channels(&colours.context("three bytes a pixel")?))?;
        matches_golden(&format!("{name}.fade"), &matte(faded)?)?;
    }
    Ok(())
}

#[test]
fn the_eyes_lie_a_little_below_the_upper_third() -> Result<()> {
    let wide = DrawnPet { width: 1600, height: 1200, ..DOG_BLACK };
    for pet in [CAT_TABBY, CAT_WHITE, DOG_BLACK, wide] {
        let drawn = pet.draw();
        let frame = close_up(&drawn)?.frame;
        for [_, y] in drawn.eyes {
            let line = (f64::from(y) - frame.y) / frame.height;
            ensure!((0.33..=0.42).contains(&line), "{pet:?}: the eyes are at {line:.3}");
        }
        let headroom = (f64::from(drawn.head[1]) - frame.y) / frame.height;
        ensure!((0.04..=0.13).contains(&headroom), "{pet:?}: {headroom:.3} of the frame is above the head");
    }
    Ok(())
}

#[test]
fn preview_and_print_are_one_picture() -> Result<()> {
    let headshot = render(&CAT_WHITE.draw().jpeg(), &small_recipe())?;
    // So small, how each was brought to its size no longer matters.
    let preview = reduced(file(&headshot, Rendition::Preview)?, 40, 50)?;
    let print = reduced(file(&headshot, Rendition::Print)?, 40, 50)?;
    let found = difference(&preview, &print);
    ensure!(found.mean <= 0.5 && found.worst <= 3, "{found:?}");
    Ok(())
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

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use headshot_pipeline::Outcome;
use headshot_tests::drawn_pet::DrawnPet;
use headshot_tests::{models, observe};
use image::{ImageFormat, Rgba, RgbaImage};

use crate::{CAT_TABBY, CAT_WHITE, DOG_BLACK, small_recipe};

/// What the network and its refinement cut out is what was drawn, hair by hair.
#[test]
fn the_matte_is_the_drawn_animal() -> Result<()> {
    for pet in [CAT_TABBY, CAT_WHITE, DOG_BLACK] {
        let drawn = pet.draw();
        let (_, seen) = observe(&drawn.jpeg(), &small_recipe(), models())?;
        let matte = seen.context("the photo opens")?.matte.alpha;
        let (mut shared, mut together) = (0_u64, 0_u64);
        for (&found, &drawn) in matte.iter().zip(drawn.alpha.as_raw()) {
            shared += u64::from(found.min(drawn));
            together += u64::from(found.max(drawn));
        }
        let share = shared as f64 / together as f64;
        ensure!(share >= 0.95, "{:?}: the mattes share {share:.4}", pet.coat);
    }
    Ok(())
}

/// A cut-out that somebody else made stays cut out, whatever colours lie hidden under its transparency.
#[test]
fn a_photo_s_own_transparency_is_kept() -> Result<()> {
    let drawn = DrawnPet { width: 900, height: 1200, ..DOG_BLACK }.draw();
    let cut_out = RgbaImage::from_fn(900, 1200, |x, y| {
        let [r, g, b] = drawn.photo.get_pixel(x, y).0;
        // Half of an ear is cut off besides.
        let kept = if x < 300 { 0 } else { drawn.alpha.get_pixel(x, y).0[0] };
        if kept == 0 { Rgba([255, 0, 255, 0]) } else { Rgba([r, g, b, kept]) }
    });
    let mut png = Vec::new();
    cut_out.write_to(&mut Cursor::new(&mut png), ImageFormat::Png)?;
    let (outcome, seen) = observe(&png, &small_recipe(), models())?;
    ensure!(matches!(outcome, Outcome::Rendered(_)), "{outcome:?}");
    let matte = seen.context("the photo opens")?.matte.alpha;
    for (found, pixel) in matte.iter().zip(cut_out.pixels()) {
        ensure!(*found <= pixel.0[3], "the matte is {found} where the photo's alpha is {}", pixel.0[3]);
    }
    Ok(())
}

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use headshot_core::{Recipe, Rendition};
use headshot_tests::drawn_pet::DrawnPet;
use headshot_tests::{check_png, workspace};
use image::{GrayAlphaImage, GrayImage, Luma};

use crate::reduced::{difference, level, reduced};
use crate::{CAT_TABBY, CAT_WHITE, DOG_BLACK, file, render};

/// Other processors round the network and the drawing differently, which moves edges by parts of a pixel of the print:
/// far less than a level here. A change that one sees moves the mean by several levels.
const MEAN: f64 = 1.5;
/// Where an edge moves, few pixels differ by much.
const WORST: u8 = 20;

#[test]
fn a_tabby_cat_in_a_room() -> Result<()> {
    stays_as_it_is("cat-tabby", CAT_TABBY)
}

#[test]
fn a_white_cat_in_a_garden() -> Result<()> {
    stays_as_it_is("cat-white", CAT_WHITE)
}

#[test]
fn a_black_dog_in_a_room() -> Result<()> {
    stays_as_it_is("dog-black", DOG_BLACK)
}

fn stays_as_it_is(name: &str, pet: DrawnPet) -> Result<()> {
    let drawn = pet.draw();
    let rendered = render(&drawn.jpeg(), &Recipe::headshot())?;
    check_png(file(&rendered, Rendition::Preview)?, (1280, 1600), false).context("the preview")?;
    check_png(file(&rendered, Rendition::Print)?, (2400, 3000), true).context("the print")?;
    ensure!(rendered.quality.pass && rendered.head.confidence > 0.8, "{:?}", rendered.quality);
    let found = [rendered.head.x, rendered.head.y, rendered.head.width, rendered.head.height];
    ensure!(overlap(found, drawn.head) > 0.5, "the head is at {:?}, not {found:?}", drawn.head);

    matches_golden(name, &reduced(file(&rendered, Rendition::Print)?, 200, 250)?)
}

/// Compares with the golden picture of that name, or writes it where `UPDATE_GOLDEN=1` says so.
pub fn matches_golden(name: &str, actual: &GrayAlphaImage) -> Result<()> {
    let golden = workspace().join(format!("tests/golden/{name}.png"));
    if env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::create_dir_all(golden.parent().unwrap_or(Path::new(".")))?;
        return actual.save(&golden).context("writing the golden picture");
    }
    let expected = image::open(&golden)
        .with_context(|| format!("{} is missing: UPDATE_GOLDEN=1 writes it", golden.display()))?
        .into_luma_alpha8();
    let found = difference(&expected, actual);
    if found.mean <= MEAN && found.worst <= WORST {
        return Ok(());
    }
    let failures = workspace().join("target/golden-failures");
    fs::create_dir_all(&failures)?;
    let (now, apart) =
        (failures.join(format!("{name}.png")), failures.join(format!("{name}.difference.png")));
    actual.save(&now)?;
    GrayImage::from_fn(actual.width(), actual.height(), |x, y| {
        Luma([level(*expected.get_pixel(x, y), *actual.get_pixel(x, y)).saturating_mul(4)])
    })
    .save(&apart)?;
    anyhow::bail!(
        "{name} looks different, {found:?}: it is now {}, four times the difference is {}; UPDATE_GOLDEN=1 accepts it",
        now.display(),
        apart.display()
    )
}

/// What two boxes share, of what they cover together.
fn overlap([ax, ay, aw, ah]: [f32; 4], [bx, by, bw, bh]: [f32; 4]) -> f32 {
    let shared = |a: f32, al: f32, b: f32, bl: f32| ((a + al).min(b + bl) - a.max(b)).max(0.0);
    let both = shared(ax, aw, bx, bw) * shared(ay, ah, by, bh);
    both / (aw * ah + bw * bh - both)
}

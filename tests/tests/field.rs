//! Photos as phones and programs of this year write them, from public bug reports: each must be decoded to the picture
//! that the plain file shows, and give a portrait.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use headshot_core::Recipe;
use headshot_pipeline::decode::{DecodeLimits, decode};
use headshot_pipeline::{Outcome, Region, process};
use headshot_tests::{models, shared, shared_files};
use image::GrayImage;
use image::imageops::{FilterType, resize};

/// What should come of a file.
enum Right {
    /// A portrait of the plain picture: mean and 99th percentile of the difference at most, in 8-bit levels.
    Portrait(f32, f32),
    /// A portrait, of whatever picture.
    Opened,
    /// Refused with this code.
    Refused(&'static str),
}

/// By the beginning of the file's name. An ordinary JPEG of the same picture is at 0.2 and 1.7.
const RIGHT: &[(&str, Right)] = &[
    ("a24_420_60_", Right::Refused("truncated_image")),
    ("b04_hlg", Right::Portrait(2.0, 20.0)),
    ("b04_pq", Right::Portrait(2.0, 20.0)),
    ("b09_pq", Right::Portrait(2.0, 20.0)),
    ("c02_", Right::Portrait(0.3, 3.0)),
    ("c03_", Right::Portrait(2.0, 20.0)),
    // Photos of another scene.
    ("edge_", Right::Opened),
    // Grey, coarse or transparent pictures, and a profile that clips.
    ("a06_", Right::Opened),
    ("a11_", Right::Opened),
    ("a21_", Right::Opened),
    ("a24_prog", Right::Opened),
    ("c10_", Right::Opened),
];
const ORDINARY: Right = Right::Portrait(0.6, 4.0);

#[test]
fn photos_from_the_field_give_the_portrait_of_the_plain_picture() -> Result<()> {
    let Some(folder) = shared("field") else { return Ok(()) };
    let plain = grey(&fs::read(folder.join("reference.png"))?).map_err(anyhow::Error::msg)?;
    let mut wrong = Vec::new();
    for file in shared_files(&folder.join("fail")).into_iter().chain(shared_files(&folder.join("pass"))) {
        let name = file.file_name().context("a name")?.to_string_lossy().into_owned();
        let right =
            RIGHT.iter().find(|(start, _)| name.starts_with(start)).map_or(&ORDINARY, |(_, right)| right);
        let (came, holds) = match (portrayed(&file)?, right) {
            (Ok(picture), Right::Portrait(mean, most)) => {
                let (m, p99) = difference(&picture, &plain);
                (format!("{m:.2} / {p99:.1}"), m <= *mean && p99 <= *most)
            }
            (Ok(_), Right::Opened) => ("opened".to_owned(), true),
            (Err(code), Right::Refused(expected)) => (code.clone(), code == *expected),
            (Ok(_), Right::Refused(_)) => ("a portrait".to_owned(), false),
            (Err(code), _) => (code, false),
        };
        println!("{name:32} {came}");
        if !holds {
            wrong.push(format!("{name}: {came}"));
        }
    }
    if !wrong.is_empty() {
        bail!("not as they should be:\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// How much the frame may change, as a share of its height.
const ALIKE: f64 = 0.01;

#[test]
fn one_photo_saved_at_two_qualities_is_framed_alike() -> Result<()> {
    let Some(folder) = shared("field/fail") else { return Ok(()) };
    let frame = |name: &str| -> Result<Region> {
        match process(&fs::read(folder.join(name))?, &Recipe::headshot(), models(), &|_| ())? {
            Outcome::Rendered(rendered) => Ok(rendered.frame),
            Outcome::Rejected(rejection) => bail!("{name}: {}", rejection.code),
        }
    };
    let (one, other) = (frame("edge_q60.jpg")?, frame("edge_q63.jpg")?);
    let scale = other.height / one.height - 1.0;
    let (right, down) = ((other.x - one.x) / one.height, (other.y - one.y) / one.height);
    println!("scale {scale:+.4}, place {right:+.4} {down:+.4}");
    assert!(scale.abs().max(right.abs()).max(down.abs()) <= ALIKE, "{one:?} became {other:?}");
    Ok(())
}

/// The decoded picture of a photo that gives a portrait; or the code with which it is refused.
fn portrayed(photo: &Path) -> Result<std::result::Result<GrayImage, String>> {
    let bytes = fs::read(photo)?;
    Ok(match process(&bytes, &Recipe::headshot(), models(), &|_| ())? {
        Outcome::Rendered(_) => grey(&bytes),
        Outcome::Rejected(rejection) => Err(rejection.code),
    })
}

/// The decoded picture's luma at 600 × 399.
fn grey(photo: &[u8]) -> std::result::Result<GrayImage, String> {
    let photo = decode(photo, &DecodeLimits::default()).map_err(|error| error.code().to_owned())?;
    let rgb =
        image::RgbImage::from_raw(photo.width, photo.height, photo.rgb).ok_or("other pixels than it says")?;
    let grey = image::DynamicImage::from(rgb).to_luma8();
    Ok(if grey.width() == 600 { grey } else { resize(&grey, 600, 399, FilterType::Triangle) })
}

/// Mean and 99th percentile of the difference of the means of blocks of 8 × 8 pixels.
fn difference(a: &GrayImage, b: &GrayImage) -> (f32, f32) {
    let blocks = |picture: &GrayImage| -> Vec<f32> {
        let (across, down) = (picture.width() / 8, picture.height() / 8);
        let mean = |x: u32, y: u32| {
            (0..64).map(|i| f32::from(picture.get_pixel(x * 8 + i % 8, y * 8 + i / 8)[0])).sum::<f32>() / 64.0
        };
        (0..down).flat_map(|y| (0..across).map(move |x| mean(x, y))).collect()
    };
    let mut differences: Vec<f32> = blocks(a).iter().zip(blocks(b)).map(|(a, b)| (a - b).abs()).collect();
    differences.sort_by(f32::total_cmp);
    let mean = differences.iter().sum::<f32>() / differences.len() as f32;
    (mean, differences[differences.len() * 99 / 100])
}

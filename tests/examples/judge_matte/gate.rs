//! Pictures without an animal are refused, photos with one are not.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use headshot_pipeline::{Models, Outcome, process};
use headshot_tests::drawn_pet::{Background, empty_scene, png};
use headshot_tests::shared;
use image::imageops::crop_imm;

use crate::figure::{Limit, Report};
use crate::{listed, progress, quick_recipe};

/// The trimap's value for what is surely background.
const BACKGROUND: u8 = 2;
/// Shorter sides show nothing.
const LEAST_SIDE: u32 = 48;
/// Drawn places, of each kind.
const SCENES: u64 = 25;

/// Pictures that ought to end alike.
struct Pictures {
    name: &'static str,
    files: Vec<(String, Vec<u8>)>,
}

pub fn judge(models: &Models) -> Result<Report> {
    let mut report = Report::default();
    let Some(labelled) = shared("pets/labelled") else { return Ok(report) };
    let stems: Vec<String> = listed("kept_out.txt")?.into_iter().flatten().collect();
    let mut without = vec![background_crops(&labelled, &stems)?, scenes()];
    if let Some(corpus) = shared("corpus") {
        without.push(listed_pictures(&corpus)?);
    }
    let (mut passed, mut all) = (0, 0);
    for pictures in &without {
        let ends = ends(pictures, models)?;
        let wrong = ends.passed.len();
        report.add(format!("{}, {}: pass", pictures.name, ends.opened), share(wrong, ends.opened), None);
        report.remarks.push(format!("{} that pass wrongly: {}", pictures.name, names(&ends.passed)));
        if !ends.unopened.is_empty() {
            report.remarks.push(format!(
                "{} that cannot be opened: {}",
                pictures.name,
                names(&ends.unopened)
            ));
        }
        passed += wrong;
        all += ends.opened;
    }
    report.add(format!("without a pet, {all}: pass"), share(passed, all), Some(Limit::AtMost(0.02)));
    let with = ends(&photos(&labelled, &stems)?, models)?;
    let name = format!("with a pet, {}: pass", with.opened);
    report.add(name, share(with.passed.len(), with.opened), Some(Limit::AtLeast(0.99)));
    report.remarks.push(format!("photos with a pet that are refused: {}", names(&with.refused)));
    Ok(report)
}

/// How pictures ended, by name.
#[derive(Default)]
struct Ends {
    opened: usize,
    passed: Vec<String>,
    refused: Vec<String>,
    unopened: Vec<String>,
}

fn ends(pictures: &Pictures, models: &Models) -> Result<Ends> {
    let mut ends = Ends::default();
    for (name, bytes) in progress(pictures.name, pictures.files.iter()) {
        match process(bytes, &quick_recipe(), models, &|_| ())? {
            Outcome::Rendered(_) => ends.passed.push(name.clone()),
            Outcome::Rejected(rejection) if rejection.quality.is_none() => ends.unopened.push(name.clone()),
            Outcome::Rejected(rejection) => ends.refused.push(format!("{name} ({})", rejection.code)),
        }
    }
    ends.opened = ends.passed.len() + ends.refused.len();
    Ok(ends)
}

fn photos(labelled: &Path, stems: &[String]) -> Result<Pictures> {
    let read = |stem: &String| Ok((stem.clone(), fs::read(labelled.join(format!("images/{stem}.jpg")))?));
    Ok(Pictures { name: "photos with a pet", files: stems.iter().map(read).collect::<Result<_>>()? })
}

/// The largest stretch of each photo that the trimap calls background all through.
fn background_crops(labelled: &Path, stems: &[String]) -> Result<Pictures> {
    let mut files = Vec::new();
    for stem in stems {
        let trimap = image::open(labelled.join(format!("trimaps/{stem}.png")))?.into_luma8();
        // Some photos are of another type than their names say.
        let photo =
            image::load_from_memory(&fs::read(labelled.join(format!("images/{stem}.jpg")))?)?.into_rgb8();
        let (width, height) = trimap.dimensions();
        let (mut left, mut top, mut right, mut bottom) = (width, height, 0, 0);
        for (x, y, _) in trimap.enumerate_pixels().filter(|(_, _, label)| label.0[0] != BACKGROUND) {
            (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
        }
        let stretches = [
            (0, 0, left, height),
            (right, 0, width - right, height),
            (0, 0, width, top),
            (0, bottom, width, height - bottom),
        ];
        let largest = stretches.into_iter().max_by_key(|(_, _, width, height)| width * height);
        let (x, y, width, height) = largest.context("there are four")?;
        if width.min(height) >= LEAST_SIDE {
            files.push((stem.clone(), png(&crop_imm(&photo, x, y, width, height).to_image())));
        }
    }
    Ok(Pictures { name: "background crops", files })
}

fn scenes() -> Pictures {
    let draw = |(place, seed): (Background, u64)| {
        (format!("{place:?} {seed}"), png(&empty_scene(place, 640, 800, seed)))
    };
    let places = [Background::Garden, Background::Room];
    let files = places.into_iter().flat_map(|place| (0..SCENES).map(move |seed| (place, seed))).map(draw);
    Pictures { name: "drawn scenes", files: files.collect() }
}

fn listed_pictures(corpus: &Path) -> Result<Pictures> {
    let names = listed("no_pet.txt")?.into_iter().flatten();
    let read = |name: String| {
        let bytes = fs::read(corpus.join(&name)).with_context(|| name.clone())?;
        Ok((name, bytes))
    };
    Ok(Pictures { name: "corpus pictures", files: names.map(read).collect::<Result<_>>()? })
}

fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}

fn names(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

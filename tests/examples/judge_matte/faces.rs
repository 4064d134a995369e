//! Animals whose face is not to be seen are refused: crops of bodies without their heads.

use std::fs;
use std::path::Path;

use anyhow::Result;
use headshot_pipeline::{Models, Outcome, Region, process};
use headshot_tests::drawn_pet::png;
use headshot_tests::shared;
use image::imageops::crop_imm;
use image::{GrayImage, RgbImage};

use crate::figure::{Limit, Report};
use crate::kept_out::{PET, head_box};
use crate::{progress, quick_recipe};

/// The least side of a crop, and the share of it that must be animal: else it shows nothing.
const LEAST_SIDE: u32 = 120;
const LEAST_BODY: f64 = 0.25;
/// Head boxes leave out ears and ruff: the crop keeps away from them by this share of the box.
const AROUND_HEAD: f64 = 0.35;

pub fn judge(models: &Models) -> Result<Report> {
    let mut report = Report::default();
    let Some(labelled) = shared("pets/labelled") else { return Ok(report) };
    let mut stems: Vec<String> = fs::read_dir(labelled.join("heads"))?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    stems.sort();
    let (mut bodies, mut passed, mut no_face) = (0usize, Vec::new(), 0usize);
    for stem in progress("faces", stems.iter()) {
        let Some(body) = body(&labelled, stem)? else { continue };
        bodies += 1;
        match process(&png(&body), &quick_recipe(), models, &|_| ())? {
            Outcome::Rendered(rendered) => {
                passed.push(format!("{stem} {:.2}", rendered.head.confidence));
            }
            Outcome::Rejected(rejection) => no_face += usize::from(rejection.code == "no_face"),
        }
    }
    let share = |part: usize| part as f64 / bodies.max(1) as f64;
    report.add(
        format!("{bodies} bodies without a head: pass"),
        share(passed.len()),
        Some(Limit::AtMost(0.1)),
    );
    report.add("refused with no_face", share(no_face), None);
    report.remarks.push(format!("bodies that pass, and the head's score: {}", passed.join(", ")));
    Ok(report)
}

/// The part of a photo beside or below the head that shows most of the body.
fn body(labelled: &Path, stem: &str) -> Result<Option<RgbImage>> {
    let Some(head) = head_box(&labelled.join(format!("heads/{stem}.xml")))? else { return Ok(None) };
    let photo = image::load_from_memory(&fs::read(labelled.join(format!("images/{stem}.jpg")))?)?.into_rgb8();
    let trimap = image::open(labelled.join(format!("trimaps/{stem}.png")))?.into_luma8();
    let best = beside(head, photo.dimensions())
        .into_iter()
        .filter(|[.., width, height]| *width.min(height) >= LEAST_SIDE)
        .map(|part| (animal(&trimap, part), part))
        .filter(|(animal, [.., width, height])| *animal as f64 >= LEAST_BODY * f64::from(width * height))
        .max_by_key(|(animal, _)| *animal);
    Ok(best.map(|(_, [x, y, width, height])| crop_imm(&photo, x, y, width, height).to_image()))
}

/// What lies to the left, to the right and below of a head: x, y, width, height.
fn beside(head: Region, (width, height): (u32, u32)) -> [[u32; 4]; 3] {
    let (across, down) = (AROUND_HEAD * head.width, AROUND_HEAD * head.height);
    let along = |v: f64, end: u32| (v.max(0.0) as u32).min(end);
    let (left, right) = (along(head.x - across, width), along(head.x + head.width + across, width));
    let bottom = along(head.y + head.height + down, height);
    [[0, 0, left, height], [right, 0, width - right, height], [0, bottom, width, height - bottom]]
}

fn animal(trimap: &GrayImage, [x, y, width, height]: [u32; 4]) -> usize {
    crop_imm(trimap, x, y, width, height).to_image().as_raw().iter().filter(|label| **label == PET).count()
}

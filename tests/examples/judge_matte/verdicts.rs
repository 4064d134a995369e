//! Good photos are not refused; spoilt ones are seen to be, and for the right reason.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use headshot_core::{Head, Quality};
use headshot_pipeline::decode::{DecodeLimits, decode};
use headshot_pipeline::{Models, Outcome, process};
use headshot_tests::drawn_pet::png;
use headshot_tests::{shared, spoil};
use image::RgbImage;

use crate::figure::{Limit, Report};
use crate::{progress, quick_recipe};

/// Ways to spoil a photo, and the verdict that says so.
const SPOILS: [(&str, Spoil, &str); 3] = [
    (
        "blurred by 1.5 % of the head",
        |photo, head| spoil::blurred(photo, 0.015 * long_edge(head)),
        "face_blurred",
    ),
    ("four stops darker", |photo, _| spoil::darker(photo, 4), "too_dark"),
    (
        "shrunk to a head of 60 pixels",
        |photo, head| spoil::shrunk(photo, 60.0 / long_edge(head)),
        "head_too_small",
    ),
];

type Spoil = fn(&RgbImage, &Head) -> RgbImage;

pub fn judge(models: &Models) -> Result<Report> {
    let mut report = Report::default();
    let mut refused = Vec::new();
    let mut caught = [0usize; SPOILS.len()];
    let (mut all, mut good) = (0usize, 0usize);
    let files = photos()?;
    for file in progress("photos for the gate", files.iter()) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(file)?;
        let Ok(photo) = decode(&bytes, &DecodeLimits::default()) else { continue };
        all += 1;
        let head = match process(&bytes, &quick_recipe(), models, &|_| ())? {
            Outcome::Rendered(rendered) => {
                detail(&name, "as it is", &rendered.quality);
                rendered.head
            }
            Outcome::Rejected(rejection) => {
                rejection.quality.iter().for_each(|quality| detail(&name, "as it is", quality));
                refused.push(format!("{name} ({})", rejection.code));
                continue;
            }
        };
        good += 1;
        let Some(picture) = RgbImage::from_raw(photo.width, photo.height, photo.rgb) else { continue };
        for ((what, spoil, code), caught) in SPOILS.iter().zip(&mut caught) {
            let quality = match process(&png(&spoil(&picture, &head)), &quick_recipe(), models, &|_| ())? {
                Outcome::Rendered(rendered) => Some(rendered.quality),
                Outcome::Rejected(rejection) => rejection.quality,
            };
            let Some(quality) = quality else { continue };
            detail(&name, what, &quality);
            *caught += usize::from(quality.reasons.iter().any(|reason| reason.code == *code));
        }
    }
    let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    report.add(format!("good photos, {all}: refused"), share(refused.len(), all), Some(Limit::AtMost(0.02)));
    for ((what, ..), caught) in SPOILS.iter().zip(caught) {
        report.add(format!("{what}: caught"), share(caught, good), Some(Limit::AtLeast(0.95)));
    }
    report.remarks.push(format!("good photos that are refused: {}", refused.join(", ")));
    Ok(report)
}

/// With `GATE_DETAILS` set: every number the gate measured, to choose thresholds by.
fn detail(name: &str, what: &str, quality: &Quality) {
    if std::env::var_os("GATE_DETAILS").is_some() {
        let metrics: Vec<String> =
            quality.metrics.iter().map(|m| format!("{}={}", m.name, m.value)).collect();
        let codes: Vec<&str> = quality.reasons.iter().map(|r| r.code.as_str()).collect();
        eprintln!("detail\t{name}\t{what}\t{}\t{}", codes.join(","), metrics.join("\t"));
    }
}

fn photos() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["photos", "pets/labelled/images"].into_iter().filter_map(shared) {
        for entry in fs::read_dir(folder)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    Ok(files)
}

fn long_edge(head: &Head) -> f32 {
    head.width.max(head.height)
}

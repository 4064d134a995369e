//! Mattes of breeds that no network was trained on, against the masks of teacher networks.
//!
//! The photos are small and squeezed to squares. The step of the network and the size of its mirrored answer
//! were chosen by them (docs/MODEL.md).

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use headshot_pipeline::Models;
use headshot_tests::drawn_pet::png;
use headshot_tests::{observe, shared};
use image::GrayImage;

use crate::figure::{Limit, Report};
use crate::fur::from_bytes;
use crate::kept_out::{PET, Score, UNKNOWN, score};
use crate::measures::{mean, percentile};
use crate::{progress, quick_recipe};

/// Teachers that are less sure than this say nothing.
const SURE: u8 = 64;

pub fn judge(models: &Models) -> Result<Report> {
    let mut report = Report::default();
    let Some(folder) = shared("pets/pseudo") else { return Ok(report) };
    let masks = masks(&folder)?;
    let mut scores = [Vec::new(), Vec::new()];
    for (stem, mask) in progress("breeds", masks.iter()) {
        let photo = image::open(folder.join(format!("images/{stem}.webp")))?.into_rgb8();
        let mask = image::open(folder.join(mask))?.into_luma8();
        let (_, seen) = observe(&png(&photo), &quick_recipe(), models)?;
        let seen = seen.with_context(|| format!("{stem} cannot be opened"))?;
        let (width, height) = (mask.width() as usize, mask.height() as usize);
        let trimap = trimap(&mask);
        scores[0].push(score(&seen.coarse.resize(width, height), &trimap));
        scores[1].push(score(&from_bytes(&seen.matte.alpha, width, height), &trimap));
    }
    for (stage, scores) in ["coarse", "refined"].into_iter().zip(&scores) {
        let all = |of: fn(&Score) -> f64| scores.iter().map(of).collect::<Vec<f64>>();
        let ious = all(|score| score.iou);
        let name = format!("{} photos, {stage}", ious.len());
        report.add(format!("{name}: IoU mean"), mean(&ious), Some(Limit::AtLeast(0.935)));
        report.add(format!("{name}: IoU 10th percentile"), percentile(&ious, 0.1), None);
        report.add(format!("{name}: mean absolute error"), mean(&all(|score| score.absolute_error)), None);
    }
    Ok(report)
}

/// The photos of other breeds, each with its mask: the better one of two where people have looked at both.
fn masks(folder: &Path) -> Result<Vec<(String, String)>> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).with_context(|| name.to_owned());
    let judged = read("judged.csv")?;
    let judged: HashMap<&str, &str> = judged.lines().filter_map(|line| line.split_once(',')).collect();
    let manifest = read("manifest.csv")?;
    let others = manifest.lines().filter(|line| line.split(',').nth(3) == Some("val_pseudo"));
    let mask = |stem: &str| {
        let best = judged.get(stem).and_then(|rest| rest.split(',').next()).unwrap_or("voted");
        let kind = match best {
            "none" => return None,
            "other" => "better",
            _ => "masks",
        };
        Some((stem.to_owned(), format!("{kind}/{stem}.webp")))
    };
    Ok(others.filter_map(|line| mask(line.split(',').next()?)).collect())
}

fn trimap(mask: &GrayImage) -> GrayImage {
    const ROOM: u8 = 2;
    let label = |value: u8| match value {
        value if value >= 255 - SURE => PET,
        value if value <= SURE => ROOM,
        _ => UNKNOWN,
    };
    GrayImage::from_fn(mask.width(), mask.height(), |x, y| [label(mask.get_pixel(x, y).0[0])].into())
}

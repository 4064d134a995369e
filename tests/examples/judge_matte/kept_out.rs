//! Matte and head on labelled photos that no network was trained on.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use headshot_core::{QualityPolicy, Recipe};
use headshot_pipeline::{Matte, Models, Plane, Region, Space};
use headshot_tests::{observe, shared};
use image::GrayImage;

use crate::figure::{Limit, Report};
use crate::fur::from_bytes;
use crate::measures::{mean, percentile};
use crate::{listed, progress, quick_recipe};

/// The trimap's value for the animal.
pub const PET: u8 = 1;
/// The trimap's value for what is one or the other.
pub const UNKNOWN: u8 = 3;

/// What is found in one photo.
struct Row {
    coarse: Score,
    refined: Score,
    /// The part that the print shows, from the second look, if there is an animal at all.
    print: Option<Score>,
    head: Option<f64>,
}

/// A matte against the trimap's known pixels.
pub struct Score {
    pub iou: f64,
    pub absolute_error: f64,
}

/// The photos that rules were chosen by.
pub fn judge(models: &Models) -> Result<Report> {
    judge_listed("kept-out", "kept_out.txt", models)
}

/// Those by which nothing is chosen: to be looked at once per release.
pub fn judge_fresh(models: &Models) -> Result<Report> {
    judge_listed("fresh", "fresh.txt", models)
}

fn judge_listed(group: &str, list: &str, models: &Models) -> Result<Report> {
    let mut report = Report::default();
    let Some(labelled) = shared("pets/labelled") else { return Ok(report) };
    let blocks = listed(list)?;
    let unseen = blocks.first().map_or(0, Vec::len);
    let listed: Vec<String> = blocks.into_iter().flatten().collect();
    let (mut stems, mut rows) = (Vec::new(), Vec::new());
    for stem in progress(group, listed.iter()) {
        match look_at(&labelled, stem, models).with_context(|| stem.clone())? {
            Some(row) => {
                stems.push(stem);
                rows.push(row);
            }
            None => report.remarks.push(format!("{stem} cannot be opened")),
        }
    }
    let mut parts = vec![(format!("all {}", rows.len()), &rows[..])];
    if unseen < rows.len() {
        parts.push((format!("first {unseen}"), &rows[..unseen]));
    }
    for (name, rows) in parts {
        let coarse: Vec<&Score> = rows.iter().map(|row| &row.coarse).collect();
        let refined: Vec<&Score> = rows.iter().map(|row| &row.refined).collect();
        let print: Vec<&Score> = rows.iter().filter_map(|row| row.print.as_ref()).collect();
        for (stage, scores) in [("coarse", coarse), ("refined", refined), ("print", print)] {
            let ious: Vec<f64> = scores.iter().map(|score| score.iou).collect();
            let errors: Vec<f64> = scores.iter().map(|score| score.absolute_error).collect();
            report.add(format!("{name}, {stage}: IoU mean"), mean(&ious), Some(Limit::AtLeast(0.93)));
            report.add(format!("{name}, {stage}: IoU median"), percentile(&ious, 0.5), None);
            report.add(
                format!("{name}, {stage}: IoU 10th percentile"),
                percentile(&ious, 0.1),
                Some(Limit::AtLeast(0.83)),
            );
            report.add(
                format!("{name}, {stage}: mean absolute error"),
                mean(&errors),
                Some(Limit::AtMost(0.03)),
            );
        }
        let heads: Vec<f64> = rows.iter().filter_map(|row| row.head).collect();
        report.add(
            format!("{name}: head box IoU ({} boxes)", heads.len()),
            mean(&heads),
            Some(Limit::AtLeast(0.7)),
        );
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| rows[a].refined.iou.total_cmp(&rows[b].refined.iou));
    let worst = order.iter().take(12).map(|&i| format!("{} {:.2}", stems[i], rows[i].refined.iou));
    report.remarks.push(format!("the lowest IoU: {}", worst.collect::<Vec<_>>().join(", ")));
    Ok(report)
}

/// What is found in a photo; `None` where it cannot be opened.
fn look_at(labelled: &Path, stem: &str, models: &Models) -> Result<Option<Row>> {
    let photo = fs::read(labelled.join(format!("images/{stem}.jpg")))?;
    let trimap = image::open(labelled.join(format!("trimaps/{stem}.png")))?.into_luma8();
    // A photo that the gate would stop has a matte all the same.
    let recipe = Recipe { quality_policy: QualityPolicy::Warn, ..quick_recipe() };
    let (_, seen) = observe(&photo, &recipe, models)?;
    let Some(seen) = seen else { return Ok(None) };
    let (width, height) = (trimap.width() as usize, trimap.height() as usize);
    let refined = from_bytes(&seen.matte.alpha, width, height);
    let print = seen.print.map(|print| {
        let Matte { width, height, alpha } = &print.matte;
        score(&from_bytes(alpha, *width, *height), &shown(&trimap, print.region, *width, *height))
    });
    let true_head = head_box(&labelled.join(format!("heads/{stem}.xml")))?;
    let found = seen.head.map(|head| Region::of_head(&head));
    Ok(Some(Row {
        coarse: score(&seen.coarse.resize(width, height), &trimap),
        refined: score(&refined, &trimap),
        print,
        head: true_head.map(|truth| found.map_or(0.0, |found| found.iou(&truth))),
    }))
}

/// What a trimap says of a part of its photo, at another size.
fn shown<S: Space>(trimap: &GrayImage, region: Region<S>, width: usize, height: usize) -> GrayImage {
    let along = |i: u32, origin: f64, length: f64, steps: usize, end: u32| {
        ((origin + (f64::from(i) + 0.5) / steps as f64 * length).max(0.0) as u32).min(end - 1)
    };
    GrayImage::from_fn(width as u32, height as u32, |x, y| {
        let x = along(x, region.x, region.width, width, trimap.width());
        *trimap.get_pixel(x, along(y, region.y, region.height, height, trimap.height()))
    })
}

pub fn score(matte: &Plane, trimap: &GrayImage) -> Score {
    let (mut shared, mut together, mut error, mut known) = (0u32, 0u32, 0.0, 0u32);
    for (&alpha, &label) in matte.data().iter().zip(trimap.as_raw()).filter(|(_, label)| **label != UNKNOWN) {
        let (found, truth) = (alpha > 0.5, label == PET);
        shared += u32::from(found && truth);
        together += u32::from(found || truth);
        error += f64::from((alpha - f32::from(u8::from(truth))).abs());
        known += 1;
    }
    Score {
        iou: f64::from(shared) / f64::from(together.max(1)),
        absolute_error: error / f64::from(known.max(1)),
    }
}

/// The head in Pascal VOC's XML, if the photo has one.
pub fn head_box(path: &Path) -> Result<Option<Region>> {
    let Ok(xml) = fs::read_to_string(path) else { return Ok(None) };
    let number = |tag: &str| -> Result<f64> {
        let after = xml.split_once(&format!("<{tag}>")).with_context(|| format!("no {tag}"))?.1;
        Ok(after.split_once('<').context("cut off")?.0.trim().parse()?)
    };
    let (x, y) = (number("xmin")?, number("ymin")?);
    Ok(Some(Region::new(x, y, number("xmax")? - x, number("ymax")? - y)))
}

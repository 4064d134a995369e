//! Measures how far frame, turn and verdict move when a photo is saved again at another quality or size.

use std::fs;
use std::path::Path;

use anyhow::Result;
use headshot_core::Quality;
use headshot_pipeline::{Models, Outcome, Region, process};
use headshot_tests::shared;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};

use crate::figure::{Limit, Report};
use crate::measures::percentile;
use crate::{listed, progress, quick_recipe};

const QUALITIES: [u8; 3] = [95, 85, 75];
const SMALLER: f64 = 0.9;
/// Quality of the smaller copy.
const SMALLER_QUALITY: u8 = 92;
/// Photos in a group.
const PHOTOS: usize = 150;
/// The largest change of the frame, as a share of its height.
const MOST: f64 = 0.01;

/// One way in which a photo ended.
struct End {
    quality: Option<Quality>,
    /// In pixels of the photo as it was before.
    frame: Option<Region>,
}

/// Photos that thresholds and weights of the framing were chosen by.
pub fn judge(models: &Models) -> Result<Report> {
    let Some(images) = shared("pets/pseudo/images") else { return Ok(Report::default()) };
    let mut files = fs::read_dir(&images)?.map(|f| Ok(f?.path())).collect::<Result<Vec<_>>>()?;
    // By their names' bytes read backwards, which mixes the breeds.
    files.sort_by_key(|path| path.to_string_lossy().bytes().rev().collect::<Vec<_>>());
    let step = files.len() / PHOTOS;
    let files = files.into_iter().step_by(step.max(1)).take(PHOTOS).collect::<Vec<_>>();
    judge_files("framing", &files, models)
}

/// Photos that nothing of the framing was chosen by.
pub fn judge_fresh(models: &Models) -> Result<Report> {
    let Some(labelled) = shared("pets/labelled/images") else { return Ok(Report::default()) };
    let lists = [listed("fresh.txt")?, listed("kept_out.txt")?];
    let stems = lists.into_iter().flatten().flatten().take(PHOTOS);
    let files: Vec<_> = stems.map(|stem| labelled.join(format!("{stem}.jpg"))).collect();
    judge_files("framing-fresh", &files, models)
}

fn judge_files(group: &str, files: &[impl AsRef<Path>], models: &Models) -> Result<Report> {
    let mut report = Report::default();
    let (mut frames, mut turns, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
    for path in progress(group, files.iter()) {
        let path = path.as_ref();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(path)?;
        let photo = match image::load_from_memory(&bytes) {
            Ok(photo) => photo.into_rgb8(),
            Err(error) => {
                report.remarks.push(format!("{name} is not counted: {error}"));
                continue;
            }
        };
        let first = end(&bytes, 1.0, models)?;
        for (how, bytes, scale) in saved_again(&photo)? {
            let again = end(&bytes, scale, models)?;
            if first.codes() != again.codes() {
                verdicts.push(format!("{name} at {how}: {} became {}", first.codes(), again.codes()));
            }
            if let (Some(one), Some(other)) = (first.frame, again.frame) {
                frames.push((change(one, other), format!("{name} at {how}")));
                turns.push(((first.turn() - again.turn()).abs(), format!("{name} at {how}")));
            }
        }
    }
    let compared = frames.len();
    for (name, changes, limit) in [
        ("frame: change, share of its height", &mut frames, Some(Limit::AtMost(MOST))),
        ("turn: change, degrees", &mut turns, None),
    ] {
        let values: Vec<f64> = changes.iter().map(|(change, _)| *change).collect();
        report.add(format!("{name}, median of {compared}"), percentile(&values, 0.5), None);
        report.add(format!("{name}, 99th percentile"), percentile(&values, 0.99), None);
        report.add(format!("{name}, largest"), percentile(&values, 1.0), limit);
        changes.sort_by(|a, b| b.0.total_cmp(&a.0));
        let worst = changes.iter().take(25).map(|(change, name)| format!("{name} {change:.4}"));
        report.remarks.push(format!("{name}, largest: {}", worst.collect::<Vec<_>>().join(", ")));
    }
    let over = frames.iter().filter(|(change, _)| *change > MOST).count();
    report.add(format!("frames that change by more than {MOST}"), over as f64, Some(Limit::AtMost(0.0)));
    report.add("verdicts that change", verdicts.len() as f64, None);
    report.remarks.push(format!("verdicts that change: {}", verdicts.join("; ")));
    Ok(report)
}

fn end(bytes: &[u8], scale: f64, models: &Models) -> Result<End> {
    Ok(match process(bytes, &quick_recipe(), models, &|_| ())? {
        Outcome::Rendered(rendered) => {
            let Region { x, y, width, height, .. } = rendered.frame;
            let frame = Region::new(x / scale, y / scale, width / scale, height / scale);
            End { quality: Some(rendered.quality), frame: Some(frame) }
        }
        Outcome::Rejected(rejection) => End { quality: rejection.quality, frame: None },
    })
}

/// The larger of the changes of scale and of place, as a share of the frame's height.
fn change(one: Region, other: Region) -> f64 {
    let centre = |r: Region| (r.x + r.width / 2.0, r.y + r.height / 2.0);
    let ((x, y), (other_x, other_y)) = (centre(one), centre(other));
    let place = (x - other_x).abs().max((y - other_y).abs()) / one.height;
    place.max((other.height / one.height - 1.0).abs())
}

fn saved_again(photo: &RgbImage) -> Result<Vec<(String, Vec<u8>, f64)>> {
    let mut copies = Vec::new();
    for quality in QUALITIES {
        copies.push((format!("quality {quality}"), jpeg(photo, quality)?, 1.0));
    }
    let side = |n: u32| (f64::from(n) * SMALLER).round().max(1.0) as u32;
    let (width, height) = (side(photo.width()), side(photo.height()));
    let smaller = DynamicImage::from(photo.clone()).resize_exact(width, height, FilterType::CatmullRom);
    let scale = f64::from(height) / f64::from(photo.height());
    copies.push((format!("{SMALLER} of its size"), jpeg(&smaller.into_rgb8(), SMALLER_QUALITY)?, scale));
    Ok(copies)
}

fn jpeg(photo: &RgbImage, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(photo)?;
    Ok(bytes)
}

impl End {
    fn codes(&self) -> String {
        let Some(quality) = &self.quality else { return "not opened".into() };
        let codes: Vec<&str> = quality.reasons.iter().map(|reason| reason.code.as_str()).collect();
        format!("[{}]", codes.join(" "))
    }

    /// By how many degrees the head was found to be tilted.
    fn turn(&self) -> f64 {
        let metrics = self.quality.iter().flat_map(|quality| &quality.metrics);
        metrics.filter(|metric| metric.name == "head_roll_degrees").map(|metric| metric.value).sum()
    }
}

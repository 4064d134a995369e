//! Fur on real photos, against what a strong matting network made of them.

use std::fs;

use anyhow::{Context, Result, ensure};
use headshot_pipeline::{Models, Plane};
use headshot_tests::shared;
use image::GenericImageView;
use image::imageops::{FilterType, resize};

use crate::figure::{Limit, Report};
use crate::fur::{Errors, edges, from_bytes};

const GRADIENT: Limit = Limit::AtMost(0.6);
const SAD: Limit = Limit::AtMost(1.0);

pub fn judge(models: &Models) -> Result<Report> {
    let mut report = Report::default();
    let (Some(photos), Some(mattes)) = (shared("photos"), shared("mattes")) else { return Ok(report) };
    let (mut whole, mut print) = (Vec::new(), Vec::new());
    let mut names: Vec<String> = fs::read_dir(&mattes)?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".alpha.png").map(str::to_owned))
        .collect();
    names.sort_unstable();
    for name in names {
        let photo = fs::read(photos.join(format!("{name}.jpg"))).with_context(|| name.clone())?;
        let truth = matte_of(&photo, &fs::read(mattes.join(format!("{name}.alpha.png")))?)?;
        let found = edges(&photo, &truth, models).with_context(|| name.clone())?;
        for (what, errors) in [("whole", &found.whole), ("print", &found.print)] {
            report.add(format!("{name}, {what}: gradient error / bilinear's"), errors.gradient_share(), None);
            report.add(format!("{name}, {what}: SAD / bilinear's"), errors.sad_share(), None);
        }
        whole.push(found.whole);
        print.push(found.print);
    }
    for (what, all) in [("whole", &whole), ("print", &print)] {
        let sum = Errors::sum(all);
        report.add(
            format!("together, {what}: gradient error / bilinear's"),
            sum.gradient_share(),
            Some(GRADIENT),
        );
        report.add(format!("together, {what}: SAD / bilinear's"), sum.sad_share(), Some(SAD));
        report.add(format!("together, {what}: gradient error of refined"), sum.gradient[0], None);
        report.add(format!("together, {what}: SAD of refined"), sum.sad[0], None);
    }
    Ok(report)
}

/// The silver matte at the size of its photo, none of which is stored turned.
fn matte_of(photo: &[u8], matte: &[u8]) -> Result<Plane> {
    let (width, height) = image::load_from_memory(photo)?.dimensions();
    let matte = image::load_from_memory(matte)?.into_luma8();
    let aspects = f64::from(width * matte.height()) / f64::from(height * matte.width());
    ensure!((aspects - 1.0).abs() < 0.01, "the matte has another shape than the photo");
    let matte = resize(&matte, width, height, FilterType::Triangle);
    Ok(from_bytes(matte.as_raw(), width as usize, height as usize))
}

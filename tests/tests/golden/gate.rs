use anyhow::{Context, Result, ensure};
use headshot_core::{PrintSize, Quality, QualityPolicy, Recipe, Severity};
use headshot_pipeline::{Outcome, process};
use headshot_tests::drawn_pet::png;
use headshot_tests::{models, spoil};
use image::imageops::{overlay, replace};
use image::{Rgb, RgbImage};

use crate::{CAT_TABBY, DOG_BLACK, small_recipe};

/// What the gate says of a photo, and whether a headshot was made.
fn verdict(photo: &RgbImage, recipe: &Recipe) -> Result<(Quality, bool)> {
    Ok(match process(&png(photo), recipe, models(), &|_| ())? {
        Outcome::Rendered(rendered) => (rendered.quality, true),
        Outcome::Rejected(rejection) => (rejection.quality.context("it was opened")?, false),
    })
}

fn severity(quality: &Quality, code: &str) -> Option<Severity> {
    quality.reasons.iter().find(|reason| reason.code == code).map(|reason| reason.severity)
}

fn metric(quality: &Quality, name: &str) -> Result<f64> {
    let found = quality.metrics.iter().find(|metric| metric.name == name);
    Ok(found.with_context(|| format!("no {name} in {quality:?}"))?.value)
}

#[test]
fn a_spoilt_photo_is_refused_with_the_sentence_that_helps() -> Result<()> {
    for pet in [CAT_TABBY, DOG_BLACK] {
        let drawn = pet.draw();
        let head = drawn.head[2].max(drawn.head[3]);
        let (good, made) = verdict(&drawn.photo, &small_recipe())?;
        ensure!(made && severity(&good, "face_soft").is_none(), "{:?}: {good:?}", pet.coat);
        let spoilt = [
            ("face_blurred", spoil::blurred(&drawn.photo, 0.02 * head), "blurry"),
            ("face_blurred", spoil::noisy(&spoil::blurred(&drawn.photo, 0.02 * head), 14.0), "blurry"),
            ("too_dark", spoil::darker(&drawn.photo, 4), "too dark"),
        ];
        for (code, photo, word) in spoilt {
            let (quality, made) = verdict(&photo, &small_recipe())?;
            let first =
                quality.rejection().with_context(|| format!("{:?}, {code}: {quality:?}", pet.coat))?;
            ensure!(
                !made && first.code == code && first.message.contains(word),
                "{:?}: {quality:?}",
                pet.coat
            );
        }
        let (far, _) = verdict(&spoil::shrunk(&drawn.photo, 60.0 / head), &small_recipe())?;
        ensure!(severity(&far, "head_too_small") == Some(Severity::Warn), "{:?}: {far:?}", pet.coat);
        ensure!(far.largest_sharp_print.is_none(), "{far:?}");
    }
    Ok(())
}

#[test]
fn a_shop_that_only_warns_gets_its_headshot_and_the_reason() -> Result<()> {
    let dark = spoil::darker(&CAT_TABBY.draw().photo, 4);
    let recipe = Recipe { quality_policy: QualityPolicy::Warn, ..small_recipe() };
    let (quality, made) = verdict(&dark, &recipe)?;
    ensure!(made && quality.pass, "{quality:?}");
    ensure!(severity(&quality, "too_dark") == Some(Severity::Warn), "{quality:?}");
    Ok(())
}

#[test]
fn blur_is_the_same_number_whatever_the_photo_s_size() -> Result<()> {
    let drawn = CAT_TABBY.draw();
    let soft = spoil::blurred(&drawn.photo, 0.010 * drawn.head[2].max(drawn.head[3]));
    let whole = metric(&verdict(&soft, &small_recipe())?.0, "head_blur")?;
    for scale in [0.7, 0.45] {
        let smaller = metric(&verdict(&spoil::shrunk(&soft, scale), &small_recipe())?.0, "head_blur")?;
        ensure!((smaller - whole).abs() < 0.2 * whole, "{whole} of the head, and at {scale} {smaller}");
    }
    Ok(())
}

#[test]
fn two_pets_are_mentioned_and_a_cut_head_too() -> Result<()> {
    let (cat, dog) = (CAT_TABBY.draw().photo, DOG_BLACK.draw().photo);
    let mut both = RgbImage::from_pixel(2500, 1600, Rgb([128, 120, 110]));
    replace(&mut both, &cat, 0, 0);
    overlay(&mut both, &dog, 1300, 0);
    let (quality, _) = verdict(&both, &small_recipe())?;
    ensure!(severity(&quality, "several_pets") == Some(Severity::Warn), "{quality:?}");

    let drawn = CAT_TABBY.draw();
    let ears = (drawn.head[1] + drawn.head[3] * 0.3) as u32;
    let chin = (drawn.head[1] + drawn.head[3] * 0.85) as u32;
    for cut in [
        image::imageops::crop_imm(&drawn.photo, 0, ears, 1200, 1600 - ears).to_image(),
        image::imageops::crop_imm(&drawn.photo, 0, 0, 1200, chin).to_image(),
    ] {
        let (quality, _) = verdict(&cut, &small_recipe())?;
        ensure!(severity(&quality, "head_cut") == Some(Severity::Warn), "{quality:?}");
    }
    let (whole, _) = verdict(&drawn.photo, &small_recipe())?;
    ensure!(severity(&whole, "head_cut").is_none(), "{whole:?}");
    Ok(())
}

#[test]
fn the_largest_sharp_print_follows_the_photo_s_pixels() -> Result<()> {
    let drawn = CAT_TABBY.draw();
    let size = |scale| -> Result<Option<PrintSize>> {
        Ok(verdict(&spoil::shrunk(&drawn.photo, scale), &small_recipe())?.0.largest_sharp_print)
    };
    let (large, middling, small) = (size(1.0)?, size(0.75)?, size(0.3)?);
    ensure!(large > middling && middling >= small && small.is_none(), "{large:?}, {middling:?}, {small:?}");
    Ok(())
}

#[test]
fn a_burnt_out_face_and_a_head_too_far_away_are_mentioned() -> Result<()> {
    let drawn = CAT_TABBY.draw();
    let mut burnt = drawn.photo.clone();
    burnt.iter_mut().for_each(|v| *v = v.saturating_mul(2).saturating_add(60));
    let (quality, _) = verdict(&burnt, &small_recipe())?;
    ensure!(severity(&quality, "overexposed") == Some(Severity::Warn), "{quality:?}");
    let head = drawn.head[2].max(drawn.head[3]);
    let (quality, _) = verdict(&spoil::shrunk(&drawn.photo, 300.0 / head), &small_recipe())?;
    ensure!(severity(&quality, "head_small") == Some(Severity::Warn), "{quality:?}");
    ensure!(severity(&quality, "print_enlarged") == Some(Severity::Warn), "{quality:?}");
    let (quality, made) = verdict(&spoil::shrunk(&drawn.photo, 30.0 / head), &small_recipe())?;
    ensure!(!made && quality.rejection().is_some(), "{quality:?}");
    Ok(())
}

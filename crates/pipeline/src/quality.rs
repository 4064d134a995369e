//! The gate: what is good or bad about a photo, in numbers and in sentences for the customer.
//!
//! docs/look.md lists every verdict with its threshold, and how the thresholds were found.

mod exposure;
mod face;
mod sentences;
mod sharpness;

use headshot_core::{HeadSource, Metric, PrintSize, Quality, QualityPolicy, Recipe, Rendition, Severity};

use crate::base::geometry::{Original, Region};
use crate::base::plane::Plane;
use crate::decode::{Damage, Photo};
use crate::matting::CoarseMatte;
use crate::scene::Scene;
use exposure::exposure;
use face::Face;
use sentences::reason;
use sharpness::blur;

/// An animal that covers less of the photo than this is not the photo's subject, or is not there.
const LEAST_SHARE: f64 = 0.008;
/// Mean alpha that the network itself gives to what was kept as the animal. Real pets score above 0.85;
/// landscapes and textures that pass the share test stay below 0.7.
const LEAST_CONFIDENCE: f64 = 0.70;
/// The same where the network looks for heads and found none it trusts. Of 46 landscapes and test pictures whose mattes
/// passed the tests above, 43 had no trusted head and none of those more than 0.89; of 299 pets three had none.
const LEAST_CONFIDENCE_WITHOUT_HEAD: f64 = 0.90;
/// Where the network says how likely there is a pet at all, less than this is no pet.
const LEAST_PET_CONFIDENCE: f64 = 0.45;
/// Where the network's score of the head is below this, the face is turned away or lies outside the photo.
const LEAST_FACE: f64 = 0.15;
/// Confidence below this is worth a word.
const LOW_CONFIDENCE: f64 = 0.82;
/// A head with a shorter long edge gives no portrait. Of 313 good photos, most of them small ones from the web, one is below.
const LEAST_HEAD_PX: f64 = 40.0;
/// A shorter one is soft even on a screen: the same words, but as a warning. A fifth of those photos are below.
const FAR_AWAY_PX: f64 = 96.0;
/// A head with a shorter long edge gives a soft print.
const SMALL_HEAD_PX: f64 = 600.0;
/// Blur as a share of the head: from the first on there is no face left to print, from the second on it shows.
const MOST_BLUR: (f64, f64) = (0.0095, 0.0078);
/// Four stops under, the brightest white comes to lie at L* 0.30.
const LEAST_HIGHLIGHTS: f64 = 0.31;
/// And nothing else in the photo is lighter than this: else it is the coat that is dark.
const LIGHT_AROUND: f64 = 0.40;
/// The share of a face that may be burnt out without a word. White coats have much of it near white, little of it at white.
const MOST_CLIPPED: f64 = 0.08;
/// A head of which this share was lost with the file's data gives no portrait.
const MOST_DAMAGED: f64 = 0.25;
/// Another animal of this share of the portrayed one's area is worth a word.
const OTHER_ANIMAL: f64 = 0.25;
/// A head that ends this close to the photo's edge, as a share of the head, has been cut by it: the network draws its box a little
/// inside.
const AT_THE_EDGE: f64 = 0.04;
/// So much of the head's width or height must be animal along that edge.
const CUT_LENGTH: f64 = 0.12;
/// Enlarging the photo by more than this for the print is worth a word.
const VISIBLE_ENLARGEMENT: f64 = 1.5;
/// Dots per inch of the print master. Paper counts as sharp up to [`VISIBLE_ENLARGEMENT`] at this resolution.
const PRINT_DPI: f64 = 300.0;

/// The verdict on a photo in which nothing was found. No policy can make a portrait of it.
pub fn nothing_found(coarse: &CoarseMatte) -> Quality {
    let peak = coarse.alpha.data().iter().copied().fold(0.0f32, f32::max);
    let mut metrics = vec![metric("pet_share", 0.0), metric("matte_peak", f64::from(peak))];
    metrics.extend(pet_confidence(coarse).map(|pet| metric("pet_confidence", pet)));
    Quality::new(metrics, vec![reason("no_pet_found", Severity::Reject)])
}

/// Judges the photo by what was found in it.
///
/// `coarse` is the network's raw answer, `roll` by how many degrees the head is turned upright, if it is.
pub fn judge(scene: &Scene<Original>, coarse: &CoarseMatte, roll: Option<f64>, recipe: &Recipe) -> Quality {
    let Scene { photo, animal, head, framing } = scene;
    let area = animal.data().len() as f64;
    let share = sum(animal) / area;
    let solid = || coarse.alpha.data().iter().zip(animal.data()).filter(|&(_, &a)| a >= 0.5);
    let confidence = solid().map(|(&raw, _)| f64::from(raw)).sum::<f64>() / (solid().count().max(1) as f64);
    let pet = pet_confidence(coarse);
    let head_px = f64::from(head.width.max(head.height));
    let enlargement = f64::from(recipe.size(Rendition::Print).1) / framing.frame.height;
    let face = Face::of(scene);
    let blur = blur(&face);
    let light = exposure(&face, photo);
    let others = other_animals(coarse, animal);
    let damaged = damaged_share(photo, framing.head);

    let face_score = coarse.head.map(|head| f64::from(head.score));
    let faceless = face_score.is_some_and(|score| score < LEAST_FACE);
    let headless = coarse.head.is_some() && head.source == HeadSource::Matte;
    let least_confidence = if headless { LEAST_CONFIDENCE_WITHOUT_HEAD } else { LEAST_CONFIDENCE };
    let petless = pet.is_some_and(|pet| pet < LEAST_PET_CONFIDENCE)
        || share < LEAST_SHARE
        || confidence < least_confidence;
    let blurred = blur.is_some_and(|blur| blur > MOST_BLUR.0);
    // The first that holds is what the customer is told. In the dark, and in a blur, the network too is at a loss: where it finds
    // a head all the same, light and blur are the better advice.
    let verdicts = [
        ("too_dark", Severity::Reject, light.highlights < LEAST_HIGHLIGHTS && light.around < LIGHT_AROUND),
        ("face_blurred", Severity::Reject, blurred && (!petless || head.source == HeadSource::Model)),
        ("no_pet_found", Severity::Reject, petless),
        ("photo_damaged", Severity::Reject, !petless && damaged.is_some_and(|share| share > MOST_DAMAGED)),
        (
            "photo_damaged",
            Severity::Warn,
            !petless && damaged.is_some_and(|share| share > 0.0 && share <= MOST_DAMAGED),
        ),
        ("head_too_small", Severity::Reject, !petless && head_px < LEAST_HEAD_PX),
        ("no_face", Severity::Reject, !petless && faceless),
        ("head_too_small", Severity::Warn, !petless && (LEAST_HEAD_PX..FAR_AWAY_PX).contains(&head_px)),
        ("several_pets", Severity::Warn, !petless && others > OTHER_ANIMAL),
        ("head_cut", Severity::Warn, !petless && cut_by_the_photo(photo, framing.head, animal)),
        ("face_soft", Severity::Warn, !petless && !blurred && blur.is_some_and(|blur| blur > MOST_BLUR.1)),
        ("overexposed", Severity::Warn, !petless && light.clipped > MOST_CLIPPED),
        ("head_small", Severity::Warn, !petless && (FAR_AWAY_PX..SMALL_HEAD_PX).contains(&head_px)),
        ("head_uncertain", Severity::Warn, !petless && head.source == HeadSource::Matte),
        ("matte_uncertain", Severity::Warn, !petless && confidence < LOW_CONFIDENCE),
        ("print_enlarged", Severity::Warn, !petless && enlargement > VISIBLE_ENLARGEMENT),
    ];
    let reasons = verdicts.into_iter().filter(|&(.., holds)| holds);
    let reasons = reasons.map(|(code, severity, _)| reason(code, severity)).collect();
    let mut metrics = vec![
        metric("pet_share", share),
        metric("matte_confidence", confidence),
        metric("head_confidence", face_score.unwrap_or_default()),
        metric("head_long_edge_px", head_px.round()),
        metric("head_highlights", light.highlights),
        metric("photo_highlights", light.around),
        metric("head_clipped_share", light.clipped),
        metric("other_pets_share", others),
        metric("print_enlargement", enlargement),
    ];
    metrics.extend(roll.map(|roll| metric("head_roll_degrees", roll)));
    metrics.extend(blur.map(|blur| metric("head_blur", blur)));
    metrics.extend(pet.map(|pet| metric("pet_confidence", pet)));
    metrics.extend(damaged.map(|share| metric("head_damaged_share", share)));
    let mut quality = Quality::new(metrics, reasons);
    quality.largest_sharp_print = largest_sharp_print(framing.frame.width);
    match recipe.quality_policy {
        QualityPolicy::Enforce => quality,
        QualityPolicy::Warn => quality.only_warning(),
    }
}

/// The largest paper of the ladder for a frame of so many real pixels across.
fn largest_sharp_print(frame_width: f64) -> Option<PrintSize> {
    let sharp = |size: &PrintSize| {
        f64::from(size.width_inches()) * PRINT_DPI / VISIBLE_ENLARGEMENT <= frame_width + 0.5
    };
    PrintSize::LADDER.into_iter().rev().find(sharp)
}

/// How much of the head with its ears the file lost; `None` for a photo that is whole.
fn damaged_share(photo: &Photo, head: Region) -> Option<f64> {
    let overlap = |from: f64, length: f64, start: u32, size: u32| {
        ((from + length).min(f64::from(start + size)) - from.max(f64::from(start))).max(0.0)
    };
    let lost =
        |d: &Damage| overlap(head.x, head.width, d.x, d.width) * overlap(head.y, head.height, d.y, d.height);
    let share = photo.damage.iter().map(lost).sum::<f64>() / (head.width * head.height);
    (!photo.damage.is_empty()).then_some(share.min(1.0))
}

/// The area of other animals, as a share of the portrayed one's.
fn other_animals(coarse: &CoarseMatte, animal: &Plane) -> f64 {
    // What is soft around the animal is its own fur.
    let near = animal.box_mean((animal.width().max(animal.height()) / 40).max(2));
    let elsewhere = coarse.alpha.zip(&near, |a, n| if n <= 0.0 && a >= 0.5 { 1.0 } else { 0.0 });
    sum(&elsewhere) / sum(animal).max(1.0)
}

/// Whether an edge of the photo runs through the head with its ears.
fn cut_by_the_photo(photo: &Photo, head: Region, animal: &Plane) -> bool {
    let (width, height) = photo.size();
    let margin = AT_THE_EDGE * head.width.max(head.height);
    let (w, h) = animal.size();
    let sample = |v: f64, whole: f64, n: usize| ((v / whole * n as f64).max(0.0) as usize).min(n);
    let (columns, rows) = (
        sample(head.x, width, w)..sample(head.x + head.width, width, w),
        sample(head.y, height, h)..sample(head.y + head.height, height, h),
    );
    let solid = |samples: usize, of: usize| samples as f64 > CUT_LENGTH * of.max(1) as f64;
    let along_row =
        |y: usize| solid(columns.clone().filter(|&x| animal.at(x, y) >= 0.5).count(), columns.len());
    let along_column = |x: usize| solid(rows.clone().filter(|&y| animal.at(x, y) >= 0.5).count(), rows.len());
    (head.y < margin && along_row(0))
        || (height - head.y - head.height < margin && along_row(h - 1))
        || (head.x < margin && along_column(0))
        || (width - head.x - head.width < margin && along_column(w - 1))
}

fn sum(plane: &Plane) -> f64 {
    plane.data().iter().map(|&v| f64::from(v)).sum()
}

fn pet_confidence(coarse: &CoarseMatte) -> Option<f64> {
    coarse.pet.map(f64::from)
}

fn metric(name: &str, value: f64) -> Metric {
    // Four decimals say all there is to say, and read well in the console.
    Metric { name: name.into(), value: (value * 1e4).round() / 1e4 }
}

#[cfg(test)]
mod tests;

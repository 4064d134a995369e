//! What is good or bad about a photo, in numbers and in sentences for the customer.

use headshot_core::{Head, HeadSource, Metric, Quality, Reason, Severity};

use crate::framing::Framing;
use crate::matting::CoarseMatte;
use crate::plane::Plane;

/// An animal that covers less of the photo than this is not the photo's subject, or is not there.
const LEAST_SHARE: f64 = 0.008;
/// Mean alpha that the network itself gives to what was kept as the animal. Real pets score above 0.85;
/// landscapes and textures that pass the share test stay below 0.7.
const LEAST_CONFIDENCE: f64 = 0.70;
/// The same where the network looks for heads and found none it trusts. Of 46 landscapes and test pictures whose mattes
/// passed the tests above, 43 had no trusted head and none of those more than 0.89; of 299 pets three had none.
const LEAST_CONFIDENCE_WITHOUT_HEAD: f64 = 0.90;
/// Where the network says how likely there is a pet at all, less than this is no pet.
const LEAST_PET_CONFIDENCE: f64 = 0.5;
/// Confidence below this is worth a word.
const LOW_CONFIDENCE: f64 = 0.82;
/// A head with a shorter long edge gives no portrait. Of 299 small web photos with a pet one in a hundred is below.
const LEAST_HEAD_PX: f64 = 48.0;
/// A head with a shorter long edge gives a soft print.
const SMALL_HEAD_PX: f64 = 600.0;
/// Enlarging the photo by more than this for the print is worth a word.
const VISIBLE_ENLARGEMENT: f64 = 1.5;

/// Codes of the reasons, with the sentence that the customer reads.
const SENTENCES: [(&str, &str); 6] = [
    (
        "no_pet_found",
        "We could not find a pet in this photo. Please try one where your pet fills most of the picture.",
    ),
    ("head_too_small", "Your pet is too far away in this photo. Please try one taken closer to its face."),
    (
        "head_small",
        "Your pet's face is rather small in this photo; the print will be softer than one from a closer photo.",
    ),
    ("head_uncertain", "We were not sure where your pet's head is; please check the crop."),
    (
        "matte_uncertain",
        "Your pet is hard to tell from its surroundings here; please check the edges of the cut-out.",
    ),
    (
        "print_enlarged",
        "The photo had to be enlarged to fill the print; a larger original would look sharper.",
    ),
];

/// The verdict on a photo in which nothing was found.
pub fn nothing_found(coarse: &CoarseMatte) -> Quality {
    let peak = coarse.alpha.data.iter().copied().fold(0.0f32, f32::max);
    let mut metrics = vec![metric("pet_share", 0.0), metric("matte_peak", f64::from(peak))];
    metrics.extend(pet_confidence(coarse).map(|pet| metric("pet_confidence", pet)));
    Quality::new(metrics, vec![reject("no_pet_found")])
}

/// Judges the photo by what was found in it.
///
/// `coarse` is the network's raw answer over the whole photo, `animal` the cleaned one.
pub fn judge(
    coarse: &CoarseMatte,
    animal: &Plane,
    head: &Head,
    framing: &Framing,
    print_height: u32,
) -> Quality {
    let area = animal.data.len() as f64;
    let share = animal.data.iter().map(|&a| f64::from(a)).sum::<f64>() / area;
    let solid = || coarse.alpha.data.iter().zip(&animal.data).filter(|&(_, &a)| a >= 0.5);
    let confidence = solid().map(|(&raw, _)| f64::from(raw)).sum::<f64>() / (solid().count().max(1) as f64);
    let head_px = f64::from(head.width.max(head.height));
    let enlargement = f64::from(print_height) / framing.frame.height;

    let mut reasons = Vec::new();
    let headless = coarse.head.is_some() && head.source == HeadSource::Matte;
    let least_confidence = if headless { LEAST_CONFIDENCE_WITHOUT_HEAD } else { LEAST_CONFIDENCE };
    let pet = pet_confidence(coarse);
    let petless = pet.is_some_and(|pet| pet < LEAST_PET_CONFIDENCE);
    if petless || share < LEAST_SHARE || confidence < least_confidence {
        reasons.push(reject("no_pet_found"));
    } else if head_px < LEAST_HEAD_PX {
        reasons.push(reject("head_too_small"));
    } else {
        let warnings = [
            ("head_small", head_px < SMALL_HEAD_PX),
            ("head_uncertain", head.source == HeadSource::Matte),
            ("matte_uncertain", confidence < LOW_CONFIDENCE),
            ("print_enlarged", enlargement > VISIBLE_ENLARGEMENT),
        ];
        reasons.extend(warnings.into_iter().filter(|&(_, holds)| holds).map(|(code, _)| warn(code)));
    }
    let mut metrics = vec![
        metric("pet_share", share),
        metric("matte_confidence", confidence),
        metric("head_confidence", f64::from(head.confidence)),
        metric("head_long_edge_px", head_px.round()),
        metric("print_enlargement", enlargement),
    ];
    metrics.extend(pet.map(|pet| metric("pet_confidence", pet)));
    Quality::new(metrics, reasons)
}

fn pet_confidence(coarse: &CoarseMatte) -> Option<f64> {
    coarse.pet.map(f64::from)
}

fn metric(name: &str, value: f64) -> Metric {
    // Four decimals say all there is to say, and read well in the console.
    Metric { name: name.into(), value: (value * 1e4).round() / 1e4 }
}

fn reject(code: &str) -> Reason {
    reason(code, Severity::Reject)
}

fn warn(code: &str) -> Reason {
    reason(code, Severity::Warn)
}

fn reason(code: &str, severity: Severity) -> Reason {
    let sentence = SENTENCES.iter().find(|(c, _)| *c == code).map_or("", |(_, sentence)| sentence);
    Reason { code: code.into(), severity, message: sentence.into() }
}

//! Where the head is: from the network when it is sure, else from the outline of the animal.

use headshot_core::{Head, HeadSource};

use crate::base::geometry::{Original, Region};
use crate::base::plane::{Plane, smoothstep};
use crate::matting::HeadBox;

/// Scores at which the network's head box counts for nothing, and in full. Without a head it is below 0.3.
const TRUSTED_SCORE: (f32, f32) = (0.25, 0.45);
/// The same for the share of the box that is animal.
const COVERED: (f32, f32) = (0.25, 0.45);

/// The head in photo pixels. `matte` is the cleaned coarse matte, spread over the whole photo of `size`
/// pixels. `None` when the matte is empty. Where the network is half sure, the head lies between its box and
/// the outline's.
pub fn find_head(
    proposal: Option<HeadBox<Original>>,
    matte: &Plane,
    (width, height): (f64, f64),
) -> Option<Head> {
    let (sx, sy) = (width / matte.width() as f64, height / matte.height() as f64);
    let trust = |p: &HeadBox| {
        let covered = covered(matte, p.region, sx, sy);
        smoothstep(TRUSTED_SCORE.0, TRUSTED_SCORE.1, p.score) * smoothstep(COVERED.0, COVERED.1, covered)
    };
    let (trust, proposal) = proposal.map_or((0.0, None), |p| (f64::from(trust(&p)), Some(p)));
    if let Some(head) = proposal.filter(|_| trust >= 1.0) {
        return Some(to_head(head.region, head.score, HeadSource::Model));
    }
    let outline = matte.bounds(|a| a >= 0.5)?;
    // Most portraits show a sitting or standing animal with its head up: the head is about as wide as the animal is at
    // its top, and lies over the centre of that part's mass.
    let top_rows = outline.y0..(outline.y0 + (outline.y1 - outline.y0).div_ceil(3)).max(outline.y0 + 1);
    let (mut mass, mut moment) = (0.0f64, 0.0f64);
    for y in top_rows {
        for (x, &a) in matte.row(y).iter().enumerate() {
            mass += f64::from(a);
            moment += f64::from(a) * (x as f64 + 0.5);
        }
    }
    let centre = if mass > 0.0 { moment / mass } else { (outline.x0 + outline.x1) as f64 / 2.0 };
    let animal_width = (outline.x1 - outline.x0) as f64 * sx;
    let animal_height = (outline.y1 - outline.y0) as f64 * sy;
    let side = animal_width.min(animal_height * 0.6).max(1.0);
    let x = (centre * sx - side / 2.0).clamp(0.0, (width - side).max(0.0));
    let region = Region::new(x, outline.y0 as f64 * sy, side, side);
    Some(match proposal {
        Some(head) if trust >= 0.5 => {
            to_head(region.towards(&head.region, trust), head.score, HeadSource::Model)
        }
        Some(head) => to_head(region.towards(&head.region, trust), 0.0, HeadSource::Matte),
        None => to_head(region, 0.0, HeadSource::Matte),
    })
}

fn covered(matte: &Plane, region: Region, sx: f64, sy: f64) -> f32 {
    let clamp = |v: f64, max: usize| (v.max(0.0) as usize).min(max);
    let (x0, x1) =
        (clamp(region.x / sx, matte.width()), clamp((region.x + region.width) / sx, matte.width()));
    let (y0, y1) =
        (clamp(region.y / sy, matte.height()), clamp((region.y + region.height) / sy, matte.height()));
    let count = (x1.saturating_sub(x0)) * (y1.saturating_sub(y0));
    if count == 0 {
        return 0.0;
    }
    let sum: f32 = (y0..y1).map(|y| matte.row(y)[x0..x1].iter().sum::<f32>()).sum();
    sum / count as f32
}

fn to_head(region: Region, confidence: f32, source: HeadSource) -> Head {
    Head {
        x: region.x as f32,
        y: region.y as f32,
        width: region.width as f32,
        height: region.height as f32,
        confidence,
        source,
    }
}

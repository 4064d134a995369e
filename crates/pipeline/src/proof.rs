//! What the pipeline saw on its way, for people who want to look and for the figures of the matte.

use headshot_core::{Head, Recipe, Rendition, Stage};

use crate::base::error::PipelineError;
use crate::base::geometry::Region;
use crate::base::plane::Plane;
use crate::crop::{Crop, Matte};
use crate::decode::{DecodeLimits, Photo, decode};
use crate::fade::fade;
use crate::foreground::foreground;
use crate::framing::frame_head;
use crate::matting::{coarse_matte, keep_the_animal};
use crate::models::Models;
use crate::process::{Outcome, around, cut_out, look_closer, portray, stage, undecodable};
use crate::refine::{Fitted, fit_crop, refine};
use crate::sight::Sight;

/// The upright photo and what was found in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The upright photo.
    pub photo: Photo,
    /// The animal's cleaned matte from the network's first look, spread over the whole photo.
    pub coarse: Plane,
    /// The same refined to the photo's own size: 0 is background, 255 the animal.
    pub matte: Vec<u8>,
    /// The head, if there is an animal at all.
    pub head: Option<Head>,
}

/// The part of the photo that the print shows, stage by stage. A tilted head is not levelled here.
#[derive(Clone, Debug, PartialEq)]
pub struct CloseUp {
    /// The 4:5 frame, which may reach beyond the photo.
    pub frame: Region,
    /// Which part of the photo it shows.
    pub region: Region,
    /// The cleaned matte from the network's second look, spread over that part.
    pub coarse: Plane,
    /// The same refined to the size it has in the print.
    pub matte: Matte,
    /// The colours at that size, the room's taken out of the boundary.
    pub colours: Crop,
    /// The matte with the fades.
    pub faded: Matte,
}

/// As [`process`](crate::process()), and also returns what was seen, unless the photo could not be opened.
///
/// # Errors
/// As [`process`](crate::process()).
pub fn process_with_proof(
    bytes: &[u8],
    recipe: &Recipe,
    models: &Models,
    on_stage: &dyn Fn(Stage),
) -> Result<(Outcome, Option<Proof>), PipelineError> {
    let photo = match stage(Stage::Decode, on_stage, || decode(bytes, &DecodeLimits::default())) {
        Ok(photo) => photo,
        Err(error) => return Ok((Outcome::Rejected(undecodable(&error)), None)),
    };
    let (outcome, seen) = portray(photo.clone(), recipe, Sight::Network(models), models, on_stage)?;
    let Photo { width, height, rgb, alpha, .. } = photo;
    let crop = Crop { width: width as usize, height: height as usize, rgb };
    let mut matte = refine(&crop, &seen.animal, models)?.alpha;
    if let Some(alpha) = &alpha {
        for (m, &a) in matte.iter_mut().zip(alpha) {
            *m = (*m).min(a);
        }
    }
    let photo = Photo { rgb: crop.rgb, alpha, ..photo };
    Ok((outcome, Some(Proof { photo, coarse: seen.animal, matte, head: seen.head })))
}

/// What refinement fits to a photo by the network's first look, before any hair is looked at: what a refiner is trained on.
///
/// # Errors
/// As [`process`](crate::process()); `None` where the photo cannot be opened.
pub fn fit_photo(bytes: &[u8], models: &Models) -> Result<Option<Fitted>, PipelineError> {
    let Ok(photo) = decode(bytes, &DecodeLimits::default()) else { return Ok(None) };
    let coarse = coarse_matte(&photo, models)?;
    let animal = keep_the_animal(&coarse.alpha, None);
    let crop = Crop { width: photo.width as usize, height: photo.height as usize, rgb: photo.rgb };
    Ok(Some(fit_crop(&crop, &animal, models.without())))
}

impl Proof {
    /// What the print is made of; `None` without an animal. The same work as for the print, done once more.
    ///
    /// # Errors
    /// As [`process`](crate::process()).
    pub fn close_up(&self, recipe: &Recipe, models: &Models) -> Result<Option<CloseUp>, PipelineError> {
        let Some(head) = &self.head else { return Ok(None) };
        let size = (f64::from(self.photo.width), f64::from(self.photo.height));
        let framing = frame_head(head, &self.coarse, size, recipe.framing);
        let seen = Sight::Network(models).second(&self.photo, around(&self.photo, &framing), head)?;
        let coarse = look_closer(&self.photo, &framing, head, &self.coarse, &seen, models);
        let crop = cut_out(&self.photo, &framing, recipe.size(Rendition::Print).1);
        let matte = refine(&crop, &coarse, models)?;
        let (colours, faded) = (foreground(crop, &matte), fade(&matte, &framing));
        Ok(Some(CloseUp { frame: framing.frame, region: framing.visible, coarse, matte, colours, faded }))
    }
}

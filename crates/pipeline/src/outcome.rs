//! How a photo ends.

use headshot_core::{Head, ModelInfo, Quality};

use crate::base::geometry::Region;
use crate::renditions::Artefact;

/// How a photo ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The headshot is made.
    Rendered(Rendered),
    /// This photo can never become a headshot; trying again would change nothing.
    Rejected(Rejection),
}

/// A finished headshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// One file per rendition of the recipe.
    pub artefacts: Vec<Artefact>,
    /// What was measured, and warnings.
    pub quality: Quality,
    /// Where the head is in the upright photo.
    pub head: Head,
    /// The 4:5 frame in the upright photo, before a tilted head was turned; it may reach beyond the photo.
    pub frame: Region,
    /// Which network made the matte.
    pub model: ModelInfo,
    /// What it answered, as the file of a [`crate::StoredMatte`], for [`crate::process_again`].
    pub matte: Vec<u8>,
}

/// Why a photo was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Stable machine-readable code.
    pub code: String,
    /// A sentence for the customer.
    pub message: String,
    /// What was measured, when the photo could be opened at all.
    pub quality: Option<Quality>,
}

impl Outcome {
    /// The gate stops the photo.
    pub(crate) fn refused(quality: Quality) -> Self {
        let (code, message) =
            quality.rejection().map(|r| (r.code.clone(), r.message.clone())).unwrap_or_default();
        Self::Rejected(Rejection { code, message, quality: Some(quality) })
    }
}

mod background;
mod error;
mod text;

use serde::{Deserialize, Serialize};

pub use background::{Background, Colour};
pub use error::RecipeError;

use crate::{Look, QualityPolicy, Rendition, Shot};

/// What is to be made of a photo. Sibling products are other recipes of the same pipeline, never a second pipeline.
///
/// Customers of the API, records and the command line write it as one line of text, such as
/// `headshot,look=soft,background=#ffeedd,bleed=3mm`: [`Recipe::named`] reads it, `Display` writes it. The sizes are no
/// part of the text; they are the worker's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The recipe's name, with which its text begins.
    pub name: String,
    /// How the black and white is graded.
    #[serde(default)]
    pub look: Look,
    /// How much of the animal the frame shows.
    #[serde(default)]
    pub framing: Shot,
    /// Film grain, seeded from the picture itself, so that it is the same each time.
    #[serde(default)]
    pub grain: bool,
    /// Long edge (height, at 4:5) of the preview in pixels.
    pub preview_long_edge: u32,
    /// Long edge (height, at 4:5) of the print master in pixels.
    pub print_long_edge: u32,
    /// Whether the gate may refuse.
    #[serde(default)]
    pub quality_policy: QualityPolicy,
    /// What the print is laid onto for a flattened rendition besides; `None` for none.
    #[serde(default)]
    pub background: Option<Background>,
    /// Whether the print is made as grey and alpha besides.
    #[serde(default)]
    pub grey_alpha: bool,
}

impl Recipe {
    /// The name, and the whole text, of the default recipe.
    pub const HEADSHOT: &str = "headshot";

    /// The built-in default: a 4:5 black-and-white head portrait on a transparent background.
    pub fn headshot() -> Self {
        Self {
            name: Self::HEADSHOT.into(),
            look: Look::House,
            framing: Shot::Head,
            grain: false,
            preview_long_edge: 1600,
            print_long_edge: 3000,
            quality_policy: QualityPolicy::Enforce,
            background: None,
            grey_alpha: false,
        }
    }

    /// The files that the recipe asks for, in the order in which they are listed to customers.
    pub fn renditions(&self) -> impl Iterator<Item = Rendition> + use<> {
        let (grey_alpha, flattened) = (self.grey_alpha, self.background.is_some());
        Rendition::ALL.into_iter().filter(move |rendition| match rendition {
            Rendition::Preview | Rendition::Print => true,
            Rendition::GreyAlpha => grey_alpha,
            Rendition::Flattened => flattened,
        })
    }

    /// Width and height in pixels of a rendition: 4:5, the height being the long edge. The flattened print has its
    /// background's bleed on each side besides.
    pub fn size(&self, rendition: Rendition) -> (u32, u32) {
        let (height, bleed) = match rendition {
            Rendition::Preview => (self.preview_long_edge, 0),
            Rendition::Print | Rendition::GreyAlpha => (self.print_long_edge, 0),
            Rendition::Flattened => {
                (self.print_long_edge, self.background.map_or(0, Background::bleed_pixels))
            }
        };
        (height * 4 / 5 + 2 * bleed, height + 2 * bleed)
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self::headshot()
    }
}

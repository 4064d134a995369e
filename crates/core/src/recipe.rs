use serde::{Deserialize, Serialize};

use crate::{Look, QualityPolicy, Rendition};

/// What is to be made of a photo. Sibling products are other recipes of the same pipeline, never a second pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The recipe's name, as customers of the API write it.
    pub name: String,
    /// How the black and white is graded.
    #[serde(default)]
    pub look: Look,
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
}

/// A recipe name that is not in the book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no recipe of that name; the recipes are: headshot")]
pub struct UnknownRecipe;

impl Recipe {
    /// The name of the default recipe.
    pub const HEADSHOT: &str = "headshot";

    /// The built-in default: a 4:5 black-and-white head portrait on a transparent background.
    pub fn headshot() -> Self {
        Self {
            name: Self::HEADSHOT.into(),
            look: Look::House,
            grain: false,
            preview_long_edge: 1600,
            print_long_edge: 3000,
            quality_policy: QualityPolicy::Enforce,
        }
    }

    /// Looks a recipe up by name.
    ///
    /// # Errors
    /// [`UnknownRecipe`] when there is none of that name.
    pub fn named(name: &str) -> Result<Self, UnknownRecipe> {
        if name == Self::HEADSHOT { Ok(Self::headshot()) } else { Err(UnknownRecipe) }
    }

    /// Width and height in pixels of a rendition: 4:5, the height being the long edge.
    pub fn size(&self, rendition: Rendition) -> (u32, u32) {
        let height = match rendition {
            Rendition::Preview => self.preview_long_edge,
            Rendition::Print => self.print_long_edge,
        };
        (height * 4 / 5, height)
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self::headshot()
    }
}

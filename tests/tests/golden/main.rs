//! The whole pipeline with its built-in model on animals drawn in code: what it makes of them stays as it is, and
//! keeps every promise.
//!
//! `UPDATE_GOLDEN=1` writes the pictures in `tests/golden` anew. They are twelve times smaller than the print.

mod compare;
mod files;
mod gate;
mod look;
mod matte;
mod reduced;
mod stages;

use anyhow::{Context, Result, bail};
use headshot_core::{Recipe, Rendition};
use headshot_pipeline::{Outcome, Rendered, process};
use headshot_tests::drawn_pet::{Background, Coat, DrawnPet, Species};
use headshot_tests::models;

const CAT_TABBY: DrawnPet = DrawnPet {
    species: Species::Cat,
    coat: Coat::Tabby,
    background: Background::Room,
    width: 1200,
    height: 1600,
    seed: 8,
};
const CAT_WHITE: DrawnPet =
    DrawnPet { coat: Coat::White, background: Background::Garden, seed: 9, ..CAT_TABBY };
const DOG_BLACK: DrawnPet = DrawnPet { species: Species::Dog, coat: Coat::Black, seed: 7, ..CAT_TABBY };

/// Large enough to compare, and quickly written.
fn small_recipe() -> Recipe {
    Recipe { preview_long_edge: 250, print_long_edge: 1000, ..Recipe::headshot() }
}

fn render(photo: &[u8], recipe: &Recipe) -> Result<Rendered> {
    match process(photo, recipe, models(), &|_| ())? {
        Outcome::Rendered(rendered) => Ok(rendered),
        Outcome::Rejected(rejection) => bail!("refused: {rejection:?}"),
    }
}

fn file(rendered: &Rendered, rendition: Rendition) -> Result<&[u8]> {
    let found = rendered.artefacts.iter().find(|artefact| artefact.rendition == rendition);
    Ok(&found.with_context(|| format!("no {rendition:?}"))?.png)
}

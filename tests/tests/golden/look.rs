use anyhow::{Result, ensure};
use headshot_core::Rendition;
use headshot_tests::drawn_pet::{Background, DrawnPet};
use image::GrayAlphaImage;

use crate::reduced::reduced;
use crate::{CAT_TABBY, DOG_BLACK, file, render, small_recipe};

/// The crop follows the head that the network sees, which another background moves by a little; so the two are
/// compared in tiles, eight by ten of them, and only tiles that are all animal.
#[test]
fn another_background_leaves_the_animal_s_grey_alone() -> Result<()> {
    for pet in [CAT_TABBY, DOG_BLACK] {
        let in_the = |background| -> Result<GrayAlphaImage> {
            let rendered = render(&DrawnPet { background, ..pet }.draw().jpeg(), &small_recipe())?;
            reduced(file(&rendered, Rendition::Print)?, 8, 10)
        };
        let (room, garden) = (in_the(Background::Room)?, in_the(Background::Garden)?);
        let mut tiles = 0;
        for (a, b) in room.pixels().zip(garden.pixels()) {
            if a.0[1] == 255 && b.0[1] == 255 {
                tiles += 1;
                let apart = a.0[0].abs_diff(b.0[0]);
                ensure!(apart <= 6, "{:?}: a tile went from {} to {}", pet.coat, a.0[0], b.0[0]);
            }
        }
        ensure!(tiles >= 12, "only {tiles} tiles of {:?} are all animal", pet.coat);
    }
    Ok(())
}

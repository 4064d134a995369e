//! Draws animals.
//!
//! `cargo run --release -p headshot-tests --example draw_pets -- FOLDER` writes a photo of every animal into a folder;
//! `… draw_pets -- FOLDER 240` as many small ones of others, for training/presence.py;
//! `… draw_pets -- --cut-outs FOLDER 240` as many large ones without a place, for training the refiner;
//! `… draw_pets -- --pictures` makes the pictures in `docs/pictures` anew, headshots included.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use headshot_core::{Look, Recipe, Rendition};
use headshot_pipeline::{Outcome, process};
use headshot_tests::drawn_pet::{Background, Coat, DrawnPet, Species, jpeg};
use headshot_tests::{models, workspace};
use image::imageops::{FilterType, replace, resize};
use image::{Rgb, RgbImage, RgbaImage};

const WHITE: Rgb<u8> = Rgb([255; 3]);
const BLACK: Rgb<u8> = Rgb([0; 3]);
/// Between pictures, in pixels.
const GAP: u32 = 10;

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        Some("--pictures") => draw_pictures(&workspace().join("docs/pictures")),
        Some("--cut-outs") => match (env::args().nth(2), env::args().nth(3)) {
            (Some(folder), Some(count)) => {
                draw_cut_outs(Path::new(&folder), count.parse().context("how many?")?)
            }
            _ => bail!("say where the cut-outs shall go, and how many"),
        },
        Some(folder) if !folder.starts_with('-') => match env::args().nth(2) {
            None => draw_photos(Path::new(folder)),
            Some(count) => draw_others(Path::new(folder), count.parse().context("how many?")?),
        },
        _ => bail!("say where the photos shall go, or --pictures"),
    }
}

fn draw_photos(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).context("creating the folder")?;
    for (name, pet) in all_pets() {
        let path = folder.join(format!("{name}.jpg"));
        fs::write(&path, DrawnPet { width: 2400, height: 3200, ..pet }.draw().jpeg()).context("writing")?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Animals that no test and no picture shows.
fn draw_others(folder: &Path, count: u64) -> Result<()> {
    fs::create_dir_all(folder).context("creating the folder")?;
    let kinds = all_pets();
    for (seed, (_, kind)) in (1000..1000 + count).zip(kinds.iter().cycle()) {
        let background = if seed / 10 % 2 == 0 { Background::Garden } else { Background::Room };
        let (width, height) = [(480, 640), (640, 480), (560, 560)][(seed % 3) as usize];
        let photo = DrawnPet { background, width, height, seed, ..*kind }.draw().jpeg();
        fs::write(folder.join(format!("{seed}.jpg")), photo).context("writing")?;
    }
    Ok(())
}

/// Animals that no test and no picture shows, alone.
fn draw_cut_outs(folder: &Path, count: u64) -> Result<()> {
    fs::create_dir_all(folder).context("creating the folder")?;
    let kinds = all_pets();
    for (seed, (name, kind)) in (5000..5000 + count).zip(kinds.iter().cycle()) {
        let (width, height) = [(1200, 1600), (1600, 1200), (1400, 1400)][(seed % 3) as usize];
        let cut_out = DrawnPet { width, height, seed, ..*kind }.cut_out();
        cut_out.save(folder.join(format!("{seed}-{name}.png"))).context("writing")?;
    }
    Ok(())
}

fn draw_pictures(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).context("creating the folder")?;
    let pets = all_pets();
    let pet = |wanted: &str| {
        let found = pets.iter().find(|(name, _)| name == wanted);
        found.map(|(_, pet)| *pet).with_context(|| format!("no {wanted}"))
    };

    let (photo, headshot) = portray(pet("cat-tabby")?)?;
    let panels =
        [thumbnail(&photo, 375, 500), on(&headshot, WHITE, 400, 500), on(&headshot, BLACK, 400, 500)];
    fs::write(folder.join("headshot.jpg"), jpeg(&side_by_side(&panels), 88))?;

    let mut columns = Vec::new();
    for name in ["dog-tan", "cat-white", "dog-black", "cat-tan", "dog-tabby", "cat-black"] {
        let (photo, headshot) = portray(pet(name)?)?;
        let mut column = RgbImage::from_pixel(190, 253 + GAP + 238, WHITE);
        replace(&mut column, &thumbnail(&photo, 190, 253), 0, 0);
        replace(&mut column, &on(&headshot, WHITE, 190, 238), 0, i64::from(253 + GAP));
        columns.push(column);
    }
    fs::write(folder.join("coats.jpg"), jpeg(&side_by_side(&columns), 88))?;

    let mut columns = Vec::new();
    for look in Look::ALL {
        let mut column = RgbImage::from_pixel(300, 3 * 375 + 2 * GAP, WHITE);
        for (row, name) in (0..).zip(["cat-tabby", "dog-black", "cat-white"]) {
            let (_, headshot) = portray_in(look, pet(name)?)?;
            replace(&mut column, &on(&headshot, WHITE, 300, 375), 0, i64::from(row * (375 + GAP)));
        }
        columns.push(column);
    }
    fs::write(folder.join("looks.jpg"), jpeg(&side_by_side(&columns), 88))?;

    // What goes wrong, for docs/MODEL.md.
    let mut panels = Vec::new();
    for seed in [103, 83] {
        let (photo, headshot) =
            portray(DrawnPet { background: Background::Room, seed, ..pet("cat-white")? })?;
        panels.push(thumbnail(&photo, 225, 300));
        panels.extend([WHITE, BLACK].map(|ground| on(&headshot, ground, 240, 300)));
    }
    fs::write(folder.join("failures.jpg"), jpeg(&side_by_side(&panels), 88))?;
    Ok(())
}

/// A photo and its preview.
fn portray(pet: DrawnPet) -> Result<(RgbImage, RgbaImage)> {
    portray_in(Look::House, pet)
}

fn portray_in(look: Look, pet: DrawnPet) -> Result<(RgbImage, RgbaImage)> {
    let drawn = DrawnPet { width: 2400, height: 3200, ..pet }.draw();
    let recipe = Recipe { look, ..Recipe::headshot() };
    let outcome = process(&drawn.jpeg(), &recipe, models(), &|_| ())?;
    let Outcome::Rendered(rendered) = outcome else { bail!("{pet:?} was refused: {outcome:?}") };
    let preview =
        rendered.artefacts.iter().find(|a| a.rendition == Rendition::Preview).context("no preview")?;
    Ok((drawn.photo, image::load_from_memory(&preview.png)?.into_rgba8()))
}

fn all_pets() -> Vec<(String, DrawnPet)> {
    let coats = [
        ("black", Coat::Black, Background::Garden),
        ("tabby", Coat::Tabby, Background::Room),
        ("white", Coat::White, Background::Garden),
        ("tan", Coat::Tan, Background::Room),
        ("two-colour", Coat::TwoColour, Background::Garden),
    ];
    let mut pets = Vec::new();
    for (species_name, species) in [("cat", Species::Cat), ("dog", Species::Dog)] {
        for (seed, (coat_name, coat, place)) in (7..).zip(coats) {
            let background = match (species, place) {
                (Species::Cat, place) => place,
                (Species::Dog, Background::Room) => Background::Garden,
                (Species::Dog, Background::Garden) => Background::Room,
            };
            let pet = DrawnPet { species, coat, background, width: 1200, height: 1600, seed };
            pets.push((format!("{species_name}-{coat_name}"), pet));
        }
    }
    pets
}

fn thumbnail(photo: &RgbImage, width: u32, height: u32) -> RgbImage {
    resize(photo, width, height, FilterType::Lanczos3)
}

/// A headshot laid on paper of one colour.
fn on(headshot: &RgbaImage, paper: Rgb<u8>, width: u32, height: u32) -> RgbImage {
    let laid = RgbImage::from_fn(headshot.width(), headshot.height(), |x, y| {
        let [r, g, b, alpha] = headshot.get_pixel(x, y).0;
        let over = |ink: u8, paper: u8| {
            let (ink, paper, alpha) = (u32::from(ink), u32::from(paper), u32::from(alpha));
            ((ink * alpha + paper * (255 - alpha) + 127) / 255) as u8
        };
        Rgb([over(r, paper[0]), over(g, paper[1]), over(b, paper[2])])
    });
    thumbnail(&laid, width, height)
}

fn side_by_side(panels: &[RgbImage]) -> RgbImage {
    let gaps = GAP * (panels.len().max(1) as u32 - 1);
    let width = panels.iter().map(RgbImage::width).sum::<u32>() + gaps;
    let height = panels.iter().map(RgbImage::height).max().unwrap_or(0);
    let mut sheet = RgbImage::from_pixel(width, height, WHITE);
    let mut left = 0;
    for panel in panels {
        replace(&mut sheet, panel, i64::from(left), 0);
        left += panel.width() + GAP;
    }
    sheet
}

use std::fs::File;
use std::io::{BufWriter, Cursor, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use image::imageops::{FilterType, overlay, thumbnail};
use image::{DynamicImage, GrayImage, ImageFormat, Rgb, RgbImage, RgbaImage};

use super::label;

/// A cell of the sheet, in pixels: 4:5 as the results are.
const CELL: (u32, u32) = (400, 500);
const GAP: u32 = 12;
const COLUMNS: u32 = 4;
const ROW_WIDTH: u32 = COLUMNS * (CELL.0 + GAP) + GAP;
const ROW_HEIGHT: u32 = CELL.1 + label::LINE_HEIGHT + 3 * GAP;

/// Neither white nor black, so that the edges of the results on both can be seen.
const PAPER: Rgb<u8> = Rgb([112, 112, 112]);
const INK: Rgb<u8> = Rgb([255, 255, 255]);

/// What one line of the sheet shows.
pub struct Preview<'a> {
    /// What is written above it.
    pub label: &'a str,
    /// The upright photo.
    pub photo: &'a RgbImage,
    /// Its matte, in the same size.
    pub matte: &'a GrayImage,
    /// The headshot, with transparency.
    pub result: &'a RgbaImage,
}

/// One line of the sheet: photo, matte, result on white, result on black. Kept as PNG, as a folder may hold thousands.
pub struct Row {
    png: Vec<u8>,
}

/// All lines, from the top.
pub struct ContactSheet {
    /// The lines.
    pub rows: Vec<Row>,
}

impl Row {
    /// The line of a photo that became a headshot.
    pub fn of(preview: &Preview<'_>) -> Self {
        let mut row = blank(preview.label);
        put(&mut row, 0, &fit(preview.photo));
        put(&mut row, 1, &fit(&grey_to_rgb(preview.matte)));
        put(&mut row, 2, &fit(&over(preview.result, 255)));
        put(&mut row, 3, &fit(&over(preview.result, 0)));
        Self::packed(&row)
    }

    /// The line of a photo that was refused after a matte was made.
    pub fn refused(label: &str, photo: &RgbImage, matte: &GrayImage) -> Self {
        let mut row = blank(label);
        put(&mut row, 0, &fit(photo));
        put(&mut row, 1, &fit(&grey_to_rgb(matte)));
        Self::packed(&row)
    }

    /// A line that only says what happened.
    pub fn without_pictures(label: &str) -> Self {
        Self::packed(&blank(label))
    }

    fn packed(row: &RgbImage) -> Self {
        let mut png = Vec::new();
        // Writing an RGB picture into memory cannot fail; were it to, the sheet would say so when it reads the line.
        let _ = row.write_to(&mut Cursor::new(&mut png), ImageFormat::Png);
        Self { png }
    }
}

impl ContactSheet {
    /// Writes the sheet, one line after the other: it is never in memory whole.
    ///
    /// # Errors
    /// The file cannot be written, or there are too many lines for a PNG.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        ensure!(!self.rows.is_empty(), "there is nothing to show");
        let height = u32::try_from(self.rows.len()).ok().and_then(|rows| rows.checked_mul(ROW_HEIGHT));
        let height = height.context("there are too many photos for one picture")?;
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), ROW_WIDTH, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().context("beginning the picture")?;
        let mut stream = writer.stream_writer().context("beginning the pixels")?;
        for row in &self.rows {
            let row = image::load_from_memory_with_format(&row.png, ImageFormat::Png)
                .context("unpacking a line")?;
            stream.write_all(row.into_rgb8().as_raw()).context("writing a line")?;
        }
        stream.finish().context("ending the pixels")?;
        writer.finish().context("ending the picture")
    }
}

fn blank(text: &str) -> RgbImage {
    let mut row = RgbImage::from_pixel(ROW_WIDTH, ROW_HEIGHT, PAPER);
    label::write(&mut row, GAP, GAP, text, INK);
    row
}

/// Puts a picture into the middle of a cell.
fn put(row: &mut RgbImage, column: u32, picture: &RgbImage) {
    let x = GAP + column * (CELL.0 + GAP) + CELL.0.saturating_sub(picture.width()) / 2;
    let y = label::LINE_HEIGHT + 2 * GAP + CELL.1.saturating_sub(picture.height()) / 2;
    overlay(row, picture, i64::from(x), i64::from(y));
}

/// Scales to the size of a cell, keeping the shape.
fn fit(picture: &RgbImage) -> RgbImage {
    let (width, height) = (f64::from(picture.width().max(1)), f64::from(picture.height().max(1)));
    let scale = (f64::from(CELL.0) / width).min(f64::from(CELL.1) / height);
    let side = |length: f64, most: u32| ((length * scale).round() as u32).clamp(1, most);
    let (width, height) = (side(width, CELL.0), side(height, CELL.1));
    if scale > 0.5 {
        image::imageops::resize(picture, width, height, FilterType::CatmullRom)
    } else {
        // A box filter: quick on large photos, and as good at such a reduction.
        thumbnail(picture, width, height)
    }
}

fn grey_to_rgb(grey: &GrayImage) -> RgbImage {
    // The thumbnail first would be cheaper, but then matte and photo would not be scaled alike.
    DynamicImage::ImageLuma8(grey.clone()).into_rgb8()
}

/// The picture on a plain ground of that grey.
fn over(picture: &RgbaImage, ground: u8) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, alpha] = picture.get_pixel(x, y).0;
        let alpha = u32::from(alpha);
        let mix =
            |colour: u8| ((u32::from(colour) * alpha + u32::from(ground) * (255 - alpha) + 127) / 255) as u8;
        Rgb([mix(r), mix(g), mix(b)])
    })
}

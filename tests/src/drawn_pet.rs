//! Photos of animals that nobody ever photographed: portraits of cats and dogs drawn hair by hair, with the exact
//! matte and the exact head.
//!
//! Everything is drawn in a coordinate system of the head: its middle is at 0, 0, it is about 2 wide, x grows to the
//! right and y downwards. Layers of fur are painted from back to front; each hair covers photo and matte alike, which
//! is why the matte is exact. The same [`DrawnPet`] gives the same pixels on every machine of one kind.

mod background;
mod canvas;
mod cat;
mod coat;
mod dog;
mod eyes;
mod face;
mod frame;
mod fur;
mod noise;
mod part;

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageFormat, RgbImage, RgbaImage};

use canvas::Canvas;
use frame::Frame;
use noise::Random;

/// What kind of animal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Species {
    /// A cat with upright ears and whiskers.
    Cat,
    /// A dog with hanging ears and a long muzzle.
    Dog,
}

/// What its fur looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coat {
    /// Black with a cool shine.
    Black,
    /// Stripes on a cat; pepper and salt on a dog.
    Tabby,
    /// White with grey shadows.
    White,
    /// Ginger on a cat; golden on a dog.
    Tan,
    /// Black with a white blaze, muzzle and chest.
    TwoColour,
}

/// Where the animal was, far behind it and out of focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Leaves in the sun over a lawn.
    Garden,
    /// A warm room with a window and a sofa.
    Room,
}

/// A portrait to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawnPet {
    /// Cat or dog.
    pub species: Species,
    /// Its fur.
    pub coat: Coat,
    /// What is behind it.
    pub background: Background,
    /// Width of the photo in pixels.
    pub width: u32,
    /// Height of the photo in pixels.
    pub height: u32,
    /// Another seed is another animal of the same kind.
    pub seed: u64,
}

/// A drawn photo, with all that can be known about it.
#[derive(Clone, Debug)]
pub struct DrawnPhoto {
    /// The photo.
    pub photo: RgbImage,
    /// How much of each pixel the animal covers: 255 is all of it.
    pub alpha: GrayImage,
    /// The head with a cat's ears, in pixels: left, top, width, height.
    pub head: [f32; 4],
    /// The middles of the eyes, in pixels: the left one in the photo, then the right one.
    pub eyes: [[f32; 2]; 2],
}

impl DrawnPet {
    /// Draws it.
    pub fn draw(&self) -> DrawnPhoto {
        let mut canvas = Canvas::new(self.width as usize, self.height as usize);
        background::paint(&mut canvas, self.background, &mut Random::new(!self.seed));
        // Its own chance: the same animal sits before every background.
        let mut random = Random::new(self.seed);
        let head = self.paint(&mut canvas, &mut random);
        let (photo, alpha) = canvas.develop(&mut random);
        let ((left, top, right, bottom), [x, y]) = match self.species {
            Species::Cat => (cat::HEAD_BOX, cat::EYE),
            Species::Dog => (dog::HEAD_BOX, dog::EYE),
        };
        let eyes = [head.to_pixels([-x, y]), head.to_pixels([x, y])];
        DrawnPhoto { photo, alpha, head: head.bounds(left, top, right, bottom), eyes }
    }

    /// The animal alone, without a place and without grain: colours already multiplied by alpha, to be laid over anything.
    pub fn cut_out(&self) -> RgbaImage {
        let mut canvas = Canvas::new(self.width as usize, self.height as usize);
        self.paint(&mut canvas, &mut Random::new(self.seed));
        let bytes =
            canvas.pixels.iter().flatten().map(|v| (v * 255.0 + 0.5).clamp(0.0, 255.0) as u8).collect();
        RgbaImage::from_raw(self.width, self.height, bytes).unwrap_or_default()
    }

    /// Paints the animal over what is there; gives the frame of its head.
    fn paint(&self, canvas: &mut Canvas, random: &mut Random) -> Frame {
        let body = Frame::for_photo(self.width, self.height);
        let head = body.turned(random.between(-0.09, 0.09));
        match self.species {
            Species::Cat => cat::paint(canvas, &body, &head, self.coat, random),
            Species::Dog => dog::paint(canvas, &body, &head, self.coat, random),
        }
        head
    }
}

/// A place without any animal.
pub fn empty_scene(place: Background, width: u32, height: u32, seed: u64) -> RgbImage {
    let mut random = Random::new(!seed);
    let mut canvas = Canvas::new(width as usize, height as usize);
    background::paint(&mut canvas, place, &mut random);
    canvas.develop(&mut random).0
}

impl DrawnPhoto {
    /// The photo as a JPEG of a camera's usual quality.
    pub fn jpeg(&self) -> Vec<u8> {
        jpeg(&self.photo, 92)
    }
}

/// A picture as a JPEG.
pub fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
        .expect("a picture in memory can be encoded");
    bytes
}

/// A picture as a PNG.
pub fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .expect("a picture in memory can be encoded");
    bytes
}

//! Resizing through one door, for the four kinds of sample that the pipeline has.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{F32, InnerPixel};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

/// A part of an image in pixels of that image; edges may lie between pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Region {
    /// Intersection over union with another: 1 for the same region, 0 for one that it does not touch.
    pub fn iou(&self, other: &Self) -> f64 {
        let along = |a: f64, a_length: f64, b: f64, b_length: f64| {
            ((a + a_length).min(b + b_length) - a.max(b)).max(0.0)
        };
        let shared = along(self.x, self.width, other.x, other.width)
            * along(self.y, self.height, other.y, other.height);
        shared / (self.width * self.height + other.width * other.height - shared)
    }

    /// The region that lies this share of the way to another, edge by edge.
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + share * (b - a);
        Self {
            x: mix(self.x, other.x),
            y: mix(self.y, other.y),
            width: mix(self.width, other.width),
            height: mix(self.height, other.height),
        }
    }
}

/// How samples are to be resized.
#[derive(Clone, Copy, Debug)]
pub struct Resample {
    /// The part of the source to take, which must lie inside it; `None` for all of it.
    pub region: Option<Region>,
    /// Width and height of the result.
    pub to: (usize, usize),
    /// The reconstruction filter. Reducing widens it, so that nothing aliases.
    pub filter: FilterType,
    /// Whether the last channel is alpha, by which the others are weighted.
    pub premultiply: bool,
}

impl Resample {
    /// All of the source, to a size, bilinear (an area mean when reducing), no channel being alpha.
    pub fn to(width: usize, height: usize) -> Self {
        Self { region: None, to: (width, height), filter: FilterType::Bilinear, premultiply: false }
    }

    /// The same, of a part of the source.
    pub fn part(region: Region, to: (usize, usize), filter: FilterType) -> Self {
        Self { region: Some(region), to, filter, premultiply: false }
    }

    /// Resizes interleaved 8-bit samples of `width × height` pixels. `P` says how many channels a pixel has
    /// (`U8`, `U8x2`, `U8x3`): a type and not a value, so that only what is used is compiled.
    pub fn bytes<P: PixelTrait>(self, samples: &[u8], (width, height): (usize, usize)) -> Vec<u8> {
        let source = TypedImageRef::<P>::from_buffer(width as u32, height as u32, samples)
            .expect("the buffer holds width × height pixels");
        let mut result = vec![0u8; self.to.0 * self.to.1 * size_of::<P>()];
        let mut target = TypedImage::<P>::from_buffer(self.to.0 as u32, self.to.1 as u32, &mut result)
            .expect("the buffer was made for that many pixels");
        self.run(&source, &mut target);
        result
    }

    /// Resizes one channel of floating-point samples.
    pub fn floats(self, samples: &[f32], (width, height): (usize, usize)) -> Vec<f32> {
        let pixels: Vec<F32> = samples.iter().map(|&v| F32::new(v)).collect();
        let source =
            TypedImageRef::new(width as u32, height as u32, &pixels).expect("width × height samples");
        let mut target = TypedImage::<F32>::new(self.to.0 as u32, self.to.1 as u32);
        self.run(&source, &mut target);
        target.pixels().iter().map(|p| p.0).collect()
    }

    fn run<P: PixelTrait + InnerPixel>(self, source: &TypedImageRef<'_, P>, target: &mut TypedImage<'_, P>) {
        let mut options =
            ResizeOptions::new().resize_alg(ResizeAlg::Convolution(self.filter)).use_alpha(self.premultiply);
        if let Some(r) = self.region {
            options = options.crop(r.x, r.y, r.width, r.height);
        }
        Resizer::new()
            .resize_typed(source, target, &options)
            .expect("sizes are positive and the region lies inside the source");
    }
}

//! Resizing through one door, for the four kinds of sample that the pipeline has.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{F32, InnerPixel};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use super::geometry::{Region, Space};

/// How samples are to be resized.
#[derive(Clone, Copy, Debug)]
pub struct Resample {
    /// Left and upper edge, width and height of the part of the source to take; `None` for all of it.
    pub part: Option<[f64; 4]>,
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
        Self { part: None, to: (width, height), filter: FilterType::Bilinear, premultiply: false }
    }

    /// The same, of a part of the source.
    pub fn part<S: Space>(region: Region<S>, to: (usize, usize), filter: FilterType) -> Self {
        let part = Some([region.x, region.y, region.width, region.height]);
        Self { part, to, filter, premultiply: false }
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
        if let Some([x, y, width, height]) = self.part {
            options = options.crop(x, y, width, height);
        }
        Resizer::new()
            .resize_typed(source, target, &options)
            .expect("sizes are positive and the region lies inside the source");
    }
}

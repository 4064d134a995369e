use anyhow::{Result, ensure};
use image::{GrayAlphaImage, LumaA};

/// A headshot made smaller: grey and alpha, grey weighted by alpha.
pub fn reduced(png: &[u8], width: u32, height: u32) -> Result<GrayAlphaImage> {
    let picture = image::load_from_memory(png)?.into_rgba8();
    let times = picture.width() / width;
    let fits = (width * times, height * times) == picture.dimensions();
    ensure!(times > 0 && fits, "{:?} is no multiple of {width} × {height}", picture.dimensions());
    Ok(GrayAlphaImage::from_fn(width, height, |x, y| {
        let (mut ink, mut cover) = (0_u32, 0_u32);
        for dy in 0..times {
            for dx in 0..times {
                let [grey, _, _, alpha] = picture.get_pixel(x * times + dx, y * times + dy).0;
                ink += u32::from(grey) * u32::from(alpha);
                cover += u32::from(alpha);
            }
        }
        let grey = (ink + cover / 2).checked_div(cover).unwrap_or(0);
        let area = times * times;
        LumaA([grey as u8, ((cover + area / 2) / area) as u8])
    }))
}

/// How differently two headshots look, in levels of 255: the mean over all pixels, and what all but the worst half
/// per cent of pixels stay below. A pixel differs by its alpha or by its ink, grey times alpha, whichever is more.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The mean.
    pub mean: f64,
    /// The 99.5th percentile.
    pub worst: u8,
}

pub fn difference(a: &GrayAlphaImage, b: &GrayAlphaImage) -> Difference {
    assert_eq!(a.dimensions(), b.dimensions());
    let mut levels: Vec<u8> = a.pixels().zip(b.pixels()).map(|(a, b)| level(*a, *b)).collect();
    levels.sort_unstable();
    let mean = levels.iter().map(|&v| f64::from(v)).sum::<f64>() / levels.len().max(1) as f64;
    let worst = levels.get(levels.len() * 995 / 1000).copied().unwrap_or(0);
    Difference { mean, worst }
}

/// How differently two pixels look.
pub fn level(a: LumaA<u8>, b: LumaA<u8>) -> u8 {
    let ink = |LumaA([grey, alpha]): LumaA<u8>| (u16::from(grey) * u16::from(alpha) / 255) as u8;
    a.0[1].abs_diff(b.0[1]).max(ink(a).abs_diff(ink(b)))
}

//! What a format's reader hands over.

use super::damage::Damage;
use super::encoding::Encoding;
use super::orient::Orientation;

/// A picture as stored: not yet turned upright, not yet in sRGB.
#[derive(Debug)]
pub(super) struct Raster {
    pub width: u32,
    pub height: u32,
    pub samples: Samples,
    /// `width * height` bytes, where the format has transparency. Not premultiplied.
    pub alpha: Option<Vec<u8>>,
    /// What the file says of its colours, the best source first; none: sRGB.
    pub encodings: Vec<Encoding>,
    /// `None`: the file does not say.
    pub orientation: Option<Orientation>,
    /// Places whose pixels were lost.
    pub damage: Vec<Damage>,
}

/// Rows of samples without padding.
#[derive(Debug)]
pub(super) enum Samples {
    Grey(Vec<u8>),
    Rgb(Vec<u8>),
    /// Four bytes a pixel, 0 no ink, 255 full ink.
    Cmyk(Vec<u8>),
    /// 0 to 65,535, whatever depth the file has.
    DeepGrey(Vec<u16>),
    /// 0 to 65,535, whatever depth the file has.
    DeepRgb(Vec<u16>),
}

impl Samples {
    /// Stretches a narrow range (H.273: 16 is black and 235 white at 8 bits) to the full one.
    ///
    /// `bits` is the file's depth.
    pub(super) fn stretch(&mut self, bits: u32) {
        match self {
            Self::Grey(samples) | Self::Rgb(samples) => {
                // The casts saturate.
                let wide = |sample: u8| ((f32::from(sample) - 16.0) / 219.0 * 255.0).round() as u8;
                samples.iter_mut().for_each(|sample| *sample = wide(*sample));
            }
            Self::DeepGrey(samples) | Self::DeepRgb(samples) => {
                // What is 1 of 8 bits, in samples that were brought from the file's depth to 16 bits.
                let unit = (1_u32 << (bits - 8)) as f32 * 65_535.0 / ((1_u32 << bits) - 1) as f32;
                let wide =
                    |sample: u16| ((f32::from(sample) / unit - 16.0) / 219.0 * 65_535.0).round() as u16;
                samples.iter_mut().for_each(|sample| *sample = wide(*sample));
            }
            Self::Cmyk(_) => {}
        }
    }
}

/// Rounded, so that black and white stay what they are and everything between is nearest.
pub(super) fn narrow(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_767) / 65_535) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_and_white_of_a_narrow_range_become_those_of_the_full_one() {
        let mut eight = Samples::Grey(vec![0, 16, 235, 255]);
        eight.stretch(8);
        assert!(matches!(eight, Samples::Grey(grey) if grey == [0, 0, 255, 255]));
        for bits in [10, 12, 16] {
            let most = (1_u32 << bits) - 1;
            let deep = [16, 235].map(|level: u32| ((level << (bits - 8)) * 65_535 / most) as u16);
            let mut samples = Samples::DeepGrey(deep.to_vec());
            samples.stretch(bits);
            let Samples::DeepGrey(grey) = samples else { unreachable!("it stays what it is") };
            assert!(grey[0] < 40 && grey[1] > 65_495, "{bits}: {grey:?}");
        }
    }
}

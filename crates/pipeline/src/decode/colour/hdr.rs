//! PQ and HLG to sRGB: light in cd/m², tone mapping by BT.2390, sRGB's primaries and curve.

use super::cicp::{HLG, PQ};
use super::profile::srgb_curve;

/// Diffuse white in cd/m² (BT.2408): what becomes sRGB's white.
const REFERENCE_WHITE: f32 = 203.0;

/// A picture in PQ or HLG.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hdr {
    transfer: u8,
    /// From linear R, G, B of the picture to linear sRGB.
    to_srgb: [[f32; 3]; 3],
    /// What R, G and B have of the luminance.
    luminance: [f32; 3],
}

/// BT.2087, 2.3.
const BT2020_TO_SRGB: [[f32; 3]; 3] =
    [[1.660_5, -0.587_6, -0.072_8], [-0.124_6, 1.132_9, -0.008_3], [-0.018_2, -0.100_6, 1.118_7]];
/// From the primaries of SMPTE EG 432-1 (Display P3).
const P3_TO_SRGB: [[f32; 3]; 3] =
    [[1.224_9, -0.224_7, -0.000_2], [-0.042_0, 1.041_9, 0.000_1], [-0.019_7, -0.078_6, 1.098_3]];
const SAME: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

impl Hdr {
    /// By numbers of ITU-T H.273; `None` when the transfer characteristics are neither PQ nor HLG.
    pub(super) fn new(primaries: u8, transfer: u8) -> Option<Self> {
        let (to_srgb, luminance) = match primaries {
            1 => (SAME, [0.212_6, 0.715_2, 0.072_2]),
            11 | 12 => (P3_TO_SRGB, [0.229, 0.691_7, 0.079_3]),
            // Every HDR format is BT.2020's unless it says otherwise.
            _ => (BT2020_TO_SRGB, [0.262_7, 0.678, 0.059_3]),
        };
        matches!(transfer, PQ | HLG).then_some(Self { transfer, to_srgb, luminance })
    }

    /// Rows of R, G, B, 0 to 65,535, in sRGB.
    ///
    /// The brightest channel of a pixel is mapped and takes the others along, so that hues stay. The picture's own
    /// peak decides how much there is to map: at or below reference white nothing changes.
    pub(super) fn to_srgb(self, rgb: Vec<u16>) -> Vec<u8> {
        let samples = || (0..=u16::MAX).map(|value| f32::from(value) / 65_535.0);
        let scene: Vec<f32> = samples().map(|sample| self.scene(sample)).collect();
        let grey = |value: u16| scene[usize::from(value)] * self.gain([scene[usize::from(value)]; 3]);
        let (peak, most) = (grey(peak(&rgb)), grey(u16::MAX));
        let tone = ToneMap::new(peak);
        // What a pixel is multiplied by, for the light of its brightest channel: the square of these steps.
        let light = samples().map(|step| step * step * most);
        let scale: Vec<f32> = light.map(|l| if l > 0.0 { tone.map(l) / l } else { 1.0 }).collect();
        let curve: Vec<u8> = samples().map(srgb_curve).collect();
        let pixel = |pixel: &[u16; 3]| {
            let scene = pixel.map(|value| scene[usize::from(value)]);
            let gain = self.gain(scene);
            let brightest = scene[0].max(scene[1]).max(scene[2]) * gain;
            // The cast saturates.
            let scale = scale[usize::from(((brightest / most).sqrt() * 65_535.0 + 0.5) as u16)];
            let linear = scene.map(|value| value * gain * scale);
            self.to_srgb.map(|row| {
                let mixed = row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2];
                curve[usize::from((mixed * 65_535.0 + 0.5) as u16)]
            })
        };
        rgb.as_chunks::<3>().0.iter().flat_map(pixel).collect()
    }

    /// The light of a sample of 0 to 1: with PQ the display's, in units of reference white; else the scene's.
    fn scene(self, sample: f32) -> f32 {
        match self.transfer {
            PQ => pq_light(sample) / REFERENCE_WHITE,
            _ => hlg_scene(sample),
        }
    }

    /// What a pixel's light is multiplied by to become the display's, in units of reference white.
    fn gain(self, scene: [f32; 3]) -> f32 {
        if self.transfer == PQ {
            return 1.0;
        }
        let luminance: f32 = scene.iter().zip(self.luminance).map(|(light, share)| light * share).sum();
        // BT.2100's nominal display of 1,000 cd/m² with its system gamma of 1.2, which keeps hues.
        luminance.powf(0.2) * 1000.0 / REFERENCE_WHITE
    }
}

/// The value that all but one sample in ten thousand stay below: a stuck pixel is no highlight.
fn peak(rgb: &[u16]) -> u16 {
    let mut counts = vec![0_usize; 65_536];
    for value in rgb {
        counts[usize::from(*value)] += 1;
    }
    let mut spare = rgb.len() / 10_000;
    for (value, count) in counts.iter().enumerate().rev() {
        match spare.checked_sub(*count) {
            Some(left) => spare = left,
            None => return value as u16,
        }
    }
    0
}

/// The electro-electrical transfer function of BT.2390, 5.4.1, to a display whose white is reference white.
struct ToneMap {
    /// PQ sample of the picture's peak.
    peak: f32,
    /// PQ sample of the display's peak, over that of the picture's.
    max: f32,
    /// Where the knee starts.
    knee: f32,
}

impl ToneMap {
    /// `peak`: the picture's, in units of reference white.
    fn new(peak: f32) -> Self {
        let peak = pq_sample(peak.max(1.0) * REFERENCE_WHITE);
        let max = pq_sample(REFERENCE_WHITE) / peak;
        Self { peak, max, knee: 1.5 * max - 0.5 }
    }

    /// Light in and out in units of reference white.
    fn map(&self, light: f32) -> f32 {
        let e1 = pq_sample(light * REFERENCE_WHITE) / self.peak;
        if e1 <= self.knee || self.max >= 1.0 {
            return light;
        }
        let t = ((e1 - self.knee) / (1.0 - self.knee)).min(1.0);
        let (t2, t3) = (t * t, t * t * t);
        let e2 = (2.0 * t3 - 3.0 * t2 + 1.0) * self.knee
            + (t3 - 2.0 * t2 + t) * (1.0 - self.knee)
            + (-2.0 * t3 + 3.0 * t2) * self.max;
        pq_light(e2 * self.peak) / REFERENCE_WHITE
    }
}

/// Constants of SMPTE ST 2084.
const M1: f32 = 0.159_301_76;
const M2: f32 = 78.843_75;
const C1: f32 = 0.835_937_5;
const C2: f32 = 18.851_563;
const C3: f32 = 18.687_5;

/// cd/m² of a PQ sample of 0 to 1.
fn pq_light(sample: f32) -> f32 {
    let p = sample.powf(1.0 / M2);
    10_000.0 * ((p - C1).max(0.0) / (C2 - C3 * p)).powf(1.0 / M1)
}

/// The PQ sample for light in cd/m².
fn pq_sample(light: f32) -> f32 {
    let y = (light / 10_000.0).powf(M1);
    ((C1 + C2 * y) / (1.0 + C3 * y)).powf(M2)
}

/// HLG's inverse curve (BT.2100): scene light of 0 to 1.
fn hlg_scene(sample: f32) -> f32 {
    const A: f32 = 0.178_832_77;
    const B: f32 = 0.284_668_92;
    const C: f32 = 0.559_910_7;
    if sample <= 0.5 { sample * sample / 3.0 } else { (((sample - C) / A).exp() + B) / 12.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_brighter_than_reference_white_keeps_its_tones() {
        // An sRGB grey of 100, shown by a display whose white is 203 cd/m², in PQ.
        let light = ((100.0_f32 / 255.0 + 0.055) / 1.055).powf(2.4);
        let sample = (pq_sample(light * REFERENCE_WHITE) * 65_535.0).round() as u16;
        let white = (pq_sample(REFERENCE_WHITE) * 65_535.0).round() as u16;
        let hdr = Hdr::new(9, PQ).expect("PQ");
        let srgb = hdr.to_srgb([[sample; 3], [white; 3], [0; 3]].concat());
        assert_eq!(srgb, [[100; 3], [255; 3], [0; 3]].concat());
    }

    #[test]
    fn highlights_above_white_are_compressed_in_order_and_dark_tones_stay() {
        let hdr = Hdr::new(9, PQ).expect("PQ");
        let levels = [1.0, 20.0, 100.0, 203.0, 400.0, 700.0, 1000.0_f32];
        let samples: Vec<u16> =
            levels.iter().flat_map(|light| [(pq_sample(*light) * 65_535.0).round() as u16; 3]).collect();
        let srgb: Vec<u8> = hdr.to_srgb(samples).chunks(3).map(|pixel| pixel[0]).collect();
        assert!(srgb.is_sorted() && srgb[3] < srgb[4] && srgb[4] < 255, "{srgb:?}");
        assert_eq!(srgb[6], 255);
        let plain = |light: f32| srgb_curve(light / REFERENCE_WHITE);
        assert_eq!(&srgb[..2], &[plain(1.0), plain(20.0)]);
    }

    #[test]
    fn the_system_gamma_of_hlg_keeps_the_ratios_of_the_scene() {
        let hdr = Hdr::new(9, HLG).expect("HLG");
        let scene = [0.02, 0.1, 0.05_f32];
        let gain = hdr.gain(scene);
        let luminance: f32 = 0.2627 * 0.02 + 0.678 * 0.1 + 0.0593 * 0.05;
        assert!((gain - luminance.powf(0.2) * 1000.0 / 203.0).abs() < 1e-4, "{gain}");
        // A grey keeps what BT.2100 gives it: 75 % is reference white.
        let white = hdr.to_srgb(vec![(0.75_f32 * 65_535.0) as u16; 3]);
        assert!(white.iter().all(|value| *value >= 254), "{white:?}");
    }

    #[test]
    fn curves_are_each_others_inverse() {
        for light in [0.01, 1.0, 203.0, 5_000.0] {
            assert!((pq_light(pq_sample(light)) / light - 1.0).abs() < 0.01, "{light}");
        }
    }
}

//! What the network answered about one photo, kept so that the photo can be rendered again without asking it again.
//!
//! As a file it is a 16-bit grey PNG, so that a person can open it: the answer over the whole photo above, the closer look
//! at the head below it. The numbers beside the two are in a text chunk.

use std::io::Cursor;

use headshot_core::{Head, ModelInfo};
use png::{BitDepth, ColorType, Decoder, Encoder, Limits};
use serde::{Deserialize, Serialize};

use crate::base::geometry::{Levelled, Region, Space};
use crate::base::plane::Plane;
use crate::matting::{CoarseMatte, HeadBox};

/// The keyword of the text chunk.
const KEYWORD: &str = "headshot-matte";
/// Changes with the meaning of the file; others are not read.
const VERSION: u32 = 1;
/// No network that is described anywhere answers with a longer side.
const LONGEST_SIDE: usize = 4096;
/// What a file of the largest mattes takes in memory.
const MOST_BYTES: usize = 64 << 20;

/// The network's two answers about one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMatte {
    /// Which network answered.
    pub model: ModelInfo,
    first: CoarseMatte,
    second: Plane,
    /// Where the second look lies, in widths and heights of the head from the head's corner: the photo may have been turned
    /// upright between the looks, and another framing turns another part of it.
    around_head: [f64; 4],
}

/// The file is not a stored matte, or one that this version cannot use.
#[derive(Debug, thiserror::Error)]
#[error("the stored matte cannot be used: {0}")]
pub struct StoredMatteError(String);

#[derive(Serialize, Deserialize)]
struct Numbers {
    version: u32,
    model: ModelInfo,
    /// Width and height of the planes.
    first: [usize; 2],
    second: [usize; 2],
    photo: [f64; 2],
    head: Option<[f64; 4]>,
    score: f32,
    pet: Option<f32>,
    around_head: [f64; 4],
}

impl StoredMatte {
    pub(crate) fn new(
        model: ModelInfo,
        first: CoarseMatte,
        second: &CoarseMatte<Levelled>,
        head: &Head,
    ) -> Self {
        let (x, y, width, height) = corner_and_size(head);
        let region = second.region;
        let around_head =
            [(region.x - x) / width, (region.y - y) / height, region.width / width, region.height / height];
        Self { model, first, second: second.alpha.clone(), around_head }
    }

    /// The answer about the whole photo.
    pub(crate) fn first(&self) -> CoarseMatte {
        self.first.clone()
    }

    /// The answer about the head's surroundings, in the photo in which the head lies at `head`.
    pub(crate) fn second(&self, head: &Head) -> CoarseMatte<Levelled> {
        let (x, y, width, height) = corner_and_size(head);
        let [left, top, across, down] = self.around_head;
        let region = Region::new(x + left * width, y + top * height, across * width, down * height);
        CoarseMatte { alpha: self.second.clone(), region, head: None, pet: None }
    }

    /// The file.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub fn to_png(&self) -> Result<Vec<u8>, StoredMatteError> {
        let Self { model, first, second, around_head, .. } = self;
        let numbers = Numbers {
            version: VERSION,
            model: model.clone(),
            first: [first.alpha.width(), first.alpha.height()],
            second: [second.width(), second.height()],
            photo: [first.region.width, first.region.height],
            head: first.head.map(|head| numbers_of(head.region)),
            score: first.head.map_or(0.0, |head| head.score),
            pet: first.pet,
            around_head: *around_head,
        };
        let text = serde_json::to_string(&numbers).map_err(broken)?;
        let width = first.alpha.width().max(second.width());
        let mut samples = Vec::with_capacity(2 * width * (first.alpha.height() + second.height()));
        for plane in [&first.alpha, second] {
            for row in plane.data().chunks_exact(plane.width()) {
                samples.extend(row.iter().flat_map(|&alpha| to_sample(alpha).to_be_bytes()));
                samples.resize(samples.len() + 2 * (width - plane.width()), 0);
            }
        }
        let mut bytes = Vec::new();
        let side = |n: usize| u32::try_from(n).map_err(broken);
        let mut encoder =
            Encoder::new(&mut bytes, side(width)?, side(first.alpha.height() + second.height())?);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Sixteen);
        encoder.add_text_chunk(KEYWORD.into(), text).map_err(broken)?;
        let mut writer = encoder.write_header().map_err(broken)?;
        writer.write_image_data(&samples).map_err(broken)?;
        writer.finish().map_err(broken)?;
        Ok(bytes)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`StoredMatteError`] says what is wrong with it.
    pub fn from_png(bytes: &[u8]) -> Result<Self, StoredMatteError> {
        let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MOST_BYTES });
        decoder.set_ignore_text_chunk(false);
        let mut reader = decoder.read_info().map_err(broken)?;
        let info = reader.info();
        if (info.color_type, info.bit_depth) != (ColorType::Grayscale, BitDepth::Sixteen) {
            return Err(broken("it is not a 16-bit grey picture"));
        }
        let (width, height) = (info.width as usize, info.height as usize);
        let text = info.uncompressed_latin1_text.iter().find(|chunk| chunk.keyword == KEYWORD);
        let text = text.ok_or_else(|| broken("its numbers are missing"))?;
        let numbers: Numbers = serde_json::from_str(&text.text).map_err(broken)?;
        numbers.check(width, height)?;
        let mut samples = vec![0; reader.output_buffer_size().ok_or_else(|| broken("it is too large"))?];
        reader.next_frame(&mut samples).map_err(broken)?;
        let plane = |[w, h]: [usize; 2], below: usize| {
            Plane::from_fn(w, h, |x, y| {
                let at = 2 * ((below + y) * width + x);
                f32::from(u16::from_be_bytes([samples[at], samples[at + 1]])) / f32::from(u16::MAX)
            })
        };
        let [photo_width, photo_height] = numbers.photo;
        let first = CoarseMatte {
            alpha: plane(numbers.first, 0),
            region: Region::whole((photo_width, photo_height)),
            head: numbers.head.map(|head| HeadBox { region: region_of(head), score: numbers.score }),
            pet: numbers.pet,
        };
        let second = plane(numbers.second, numbers.first[1]);
        Ok(Self { model: numbers.model, first, second, around_head: numbers.around_head })
    }

    /// Whether it is about a photo of that size.
    pub(crate) fn is_of(&self, size: (f64, f64)) -> bool {
        (self.first.region.width, self.first.region.height) == size
    }
}

impl Numbers {
    /// That nothing in it can lead astray whoever computes with it.
    fn check(&self, width: usize, height: usize) -> Result<(), StoredMatteError> {
        let sane = |[w, h]: [usize; 2]| (1..=LONGEST_SIDE).contains(&w) && (1..=LONGEST_SIDE).contains(&h);
        let fits = sane(self.first)
            && sane(self.second)
            && width == self.first[0].max(self.second[0])
            && height == self.first[1] + self.second[1];
        let boxes = [Some([0.0, 0.0, self.photo[0], self.photo[1]]), self.head, Some(self.around_head)];
        let real = boxes.iter().flatten().all(|[x, y, w, h]| {
            [x, y, w, h].iter().all(|v| v.is_finite() && v.abs() < 1e6) && *w > 0.0 && *h > 0.0
        });
        let shares = [self.score, self.pet.unwrap_or(0.0)].iter().all(|v| (0.0..=1.0).contains(v));
        if self.version != VERSION {
            Err(broken("another version wrote it"))
        } else if fits && real && shares {
            Ok(())
        } else {
            Err(broken("its numbers do not fit together"))
        }
    }
}

/// Alpha in steps of a 16-bit sample. The first rendering goes by it too, so that a later one is the same to the byte.
pub(crate) fn stepped<S: Space>(mut matte: CoarseMatte<S>) -> CoarseMatte<S> {
    for alpha in matte.alpha.data_mut() {
        *alpha = f32::from(to_sample(*alpha)) / f32::from(u16::MAX);
    }
    matte
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of a sample"
)]
fn to_sample(alpha: f32) -> u16 {
    (alpha.clamp(0.0, 1.0) * f32::from(u16::MAX) + 0.5) as u16
}

fn corner_and_size(head: &Head) -> (f64, f64, f64, f64) {
    let [x, y, width, height] = [head.x, head.y, head.width, head.height].map(f64::from);
    (x, y, width.max(1.0), height.max(1.0))
}

fn numbers_of(region: Region) -> [f64; 4] {
    [region.x, region.y, region.width, region.height]
}

fn region_of([x, y, width, height]: [f64; 4]) -> Region {
    Region::new(x, y, width, height)
}

fn broken(why: impl ToString) -> StoredMatteError {
    StoredMatteError(why.to_string())
}

#[cfg(test)]
mod tests {
    use headshot_core::HeadSource;
    use proptest::prelude::*;

    use super::*;

    fn stored() -> StoredMatte {
        let plane = |w, h| Plane::from_fn(w, h, |x, y| ((x * 7 + y * 13) % 101) as f32 / 100.0);
        let first = CoarseMatte {
            alpha: plane(30, 20),
            region: Region::new(0.0, 0.0, 3000.0, 2000.0),
            head: Some(HeadBox { region: Region::new(1000.5, 400.25, 700.0, 800.0), score: 0.93 }),
            pet: Some(0.99),
        };
        let second = CoarseMatte {
            alpha: plane(24, 30),
            region: Region::new(900.0, 300.0, 960.0, 1200.0),
            head: None,
            pet: None,
        };
        let model = ModelInfo { name: "drawn".into(), sha256: "0".into(), provider: "cpu".into() };
        StoredMatte::new(model, stepped(first), &stepped(second), &head(1000.5, 400.25))
    }

    fn head(x: f32, y: f32) -> Head {
        Head { x, y, width: 700.0, height: 800.0, confidence: 0.93, source: HeadSource::Model }
    }

    #[test]
    fn it_reads_back_to_the_bit() {
        let stored = stored();
        let read = StoredMatte::from_png(&stored.to_png().unwrap()).unwrap();
        assert_eq!(read, stored);
        assert!(read.is_of((3000.0, 2000.0)) && !read.is_of((2000.0, 3000.0)));
    }

    #[test]
    fn the_second_look_follows_the_head() {
        let moved = stored().second(&head(500.5, 100.25));
        assert!((moved.region.x - 400.0).abs() < 1e-6 && (moved.region.y - 0.0).abs() < 1e-6);
        assert!((moved.region.width - 960.0).abs() < 1e-6);
    }

    #[test]
    fn another_picture_is_refused_with_the_reason() {
        let mut plain = Vec::new();
        let mut encoder = Encoder::new(&mut plain, 2, 2);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Sixteen);
        encoder.write_header().unwrap().write_image_data(&[0; 8]).unwrap();
        for (bytes, word) in [(&b"GIF89a"[..], "signature"), (&plain, "numbers are missing")] {
            let error = StoredMatte::from_png(bytes).unwrap_err().to_string();
            assert!(error.to_lowercase().contains(word), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(at in 0usize..2000, value: u8) {
            let mut bytes = stored().to_png().unwrap();
            let at = at % bytes.len();
            bytes[at] = value;
            let _ = StoredMatte::from_png(&bytes);
        }
    }
}

//! A known picture, and models loaded from files.

use std::env;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Once;

use headshot_pipeline::decode::{DecodeLimits, Photo, decode};
use headshot_pipeline::{CoarseMatte, ModelError, ModelSettings, Models, coarse_matte};
use image::{ImageFormat, Rgb, RgbImage};
use tempfile::TempDir;

use crate::graph::{Net, SHARES};

/// The known picture's size: not square, so that squashing shows.
pub const PICTURE: (u32, u32) = (240, 120);
/// Its largest value, far from 255, so that it shows what values were divided by.
pub const BRIGHTEST: f32 = 200.0;

/// The known picture at a place, both from 0 to 1: red grows to the right, green downwards, blue is the same everywhere.
fn picture_at(x: f32, y: f32) -> [f32; 3] {
    [20.0 + (BRIGHTEST - 20.0) * x, 30.0 + 120.0 * y, 90.0]
}

/// The known picture.
pub fn picture() -> Photo {
    let (width, height) = PICTURE;
    photo(width, height, |x, y| {
        picture_at(x as f32 / (width - 1) as f32, y as f32 / (height - 1) as f32).map(|v| v.round() as u8)
    })
}

/// Any picture, as a photo.
pub fn photo(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Photo {
    decode(&png(width, height, pixel), &DecodeLimits::default()).expect("a good picture")
}

/// Any picture, as a file.
pub fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let image = RgbImage::from_fn(width, height, |x, y| Rgb(pixel(x, y)));
    image.write_to(&mut file, ImageFormat::Png).expect("written to memory");
    file.into_inner()
}

/// Holds a matte against the mix of the known picture's channels in 0..1, where `white` counts as 1. The matte must cover
/// the picture, have its aspect, and be as large as `long_side` says.
pub fn assert_shows_the_picture(matte: &CoarseMatte, long_side: usize, white: f32) {
    let alpha = &matte.alpha;
    assert_eq!((alpha.width(), alpha.height()), (long_side, long_side / 2), "letterboxed, not squashed");
    for y in [0, alpha.height() / 3, alpha.height() - 1] {
        for x in [0, alpha.width() / 4, alpha.width() / 2, alpha.width() - 1] {
            let place = |i: usize, n: usize| (i as f32 + 0.5) / n as f32;
            let channels = picture_at(place(x, alpha.width()), place(y, alpha.height()));
            let expected: f32 = channels.iter().zip(SHARES).map(|(v, share)| v / white * share).sum();
            let found = alpha.at(x, y);
            assert!((found - expected).abs() < 0.012, "at {x}, {y}: {found}, expected {expected}");
        }
    }
}

/// A model's file in a folder of its own, perhaps with a description beside it.
pub struct ModelOnDisk {
    folder: TempDir,
    path: PathBuf,
}

impl ModelOnDisk {
    pub fn new(name: &str, net: &Net) -> Self {
        find_the_runtime();
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join(format!("{name}.onnx"));
        fs::write(&path, net.bytes()).expect("a written model");
        Self { folder, path }
    }

    pub fn described(self, json: &str) -> Self {
        fs::write(self.path.with_extension("json"), json).expect("a written description");
        self
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn load(&self) -> Result<Models, ModelError> {
        self.load_as(None)
    }

    /// With this as `MATTING_MODEL_PROFILE`.
    pub fn load_as(&self, profile: Option<&str>) -> Result<Models, ModelError> {
        let profile = profile.map(str::to_owned);
        Models::load(&ModelSettings { path: Some(self.path.clone()), profile, ..ModelSettings::default() })
    }

    /// Why it is refused.
    pub fn refusal(&self) -> String {
        self.load().err().expect("a refusal").to_string()
    }

    /// What it makes of the known picture.
    pub fn matte(&self) -> CoarseMatte {
        let models = self.load().unwrap_or_else(|error| panic!("{error}"));
        coarse_matte(&picture(), &models).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// ONNX Runtime is looked for from the workspace's folder, while Cargo starts tests elsewhere.
pub fn find_the_runtime() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        env::set_current_dir(workspace).expect("the workspace is a folder");
    });
}

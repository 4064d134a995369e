//! Photos that nobody should send, through the whole pipeline with the built-in network: whatever they are, there is a
//! clear verdict, every number is a number, nothing panics, and what is printed is not blank.

use std::env;
use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;

use headshot_core::{Quality, Recipe};
use headshot_pipeline::{ModelSettings, Models, Outcome, Rejection, Rendered, process};
use image::{ImageFormat, Rgb, RgbImage};

fn models() -> &'static Models {
    static MODELS: OnceLock<Models> = OnceLock::new();
    MODELS.get_or_init(|| {
        // ONNX Runtime is looked for from the workspace's folder, while Cargo starts tests elsewhere.
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        env::set_current_dir(workspace).expect("the workspace is a folder");
        Models::load(&ModelSettings::default()).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// A picture as a file: a JPEG, as phones make them.
fn jpeg(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let image = RgbImage::from_fn(width, height, |x, y| Rgb(pixel(x, y)));
    image.write_to(&mut file, ImageFormat::Jpeg).expect("written to memory");
    file.into_inner()
}

/// A number that looks random, for a place: the same at every run.
fn noise(x: u32, y: u32) -> u32 {
    let mut n = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77);
    n = (n ^ (n >> 15)).wrapping_mul(0x2C1B_3C6D);
    n = (n ^ (n >> 12)).wrapping_mul(0x297A_2D39);
    n ^ (n >> 15)
}

/// The same, smooth between points that are `step` apart, from 0 to 1.
fn smooth_noise(x: f64, y: f64, step: f64) -> f64 {
    let (x, y) = (x / step, y / step);
    let (x0, y0) = (x.floor(), y.floor());
    let at = |dx: f64, dy: f64| {
        f64::from(noise((x0 + dx) as i64 as u32, (y0 + dy) as i64 as u32)) / f64::from(u32::MAX)
    };
    let (tx, ty) = (x - x0, y - y0);
    let above = at(0.0, 0.0) * (1.0 - tx) + at(1.0, 0.0) * tx;
    let below = at(0.0, 1.0) * (1.0 - tx) + at(1.0, 1.0) * tx;
    above * (1.0 - ty) + below * ty
}

/// Nothing but tabby fur, close up: thin hairs that all lie about one way, in broad darker and lighter bands.
fn fur(x: u32, y: u32) -> [u8; 3] {
    let (x, y) = (f64::from(x), f64::from(y));
    let lean = 0.35 + 0.3 * (smooth_noise(x, y, 300.0) - 0.5);
    let (along, across) = (y + lean * x, x - lean * y);
    let hairs =
        0.6 * smooth_noise(across * 12.0, along, 40.0) + 0.4 * smooth_noise(across * 30.0, along, 25.0);
    let band = smooth_noise(across, along * 0.4, 140.0);
    let light = 0.18 + 0.35 * band + 0.35 * hairs;
    [1.0, 0.82, 0.62].map(|tint| (light * tint * 255.0) as u8)
}

/// What any photo must end as. The print's pixels are looked at where there is one.
fn verdict(name: &str, photo: &[u8]) -> Outcome {
    let outcome = process(photo, &Recipe::default(), models(), &|_| {})
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    match &outcome {
        Outcome::Rejected(Rejection { code, message, quality }) => {
            println!("{name}: {code}");
            assert!(!code.is_empty() && message.ends_with('.'), "{name}: {code}, {message:?}");
            quality.iter().for_each(|quality| assert_finite(name, quality));
        }
        Outcome::Rendered(rendered) => {
            println!("{name}: rendered, {:?}", rendered.quality.metrics);
            assert_finite(name, &rendered.quality);
            assert_not_blank(name, rendered);
        }
    }
    outcome
}

fn assert_rejected(name: &str, photo: &[u8], wanted: &str) {
    let outcome = verdict(name, photo);
    let Outcome::Rejected(Rejection { code, .. }) = outcome else { panic!("{name} was rendered") };
    assert_eq!(code, wanted, "{name}");
}

fn assert_finite(name: &str, quality: &Quality) {
    for metric in &quality.metrics {
        assert!(metric.value.is_finite(), "{name}: {metric:?}");
    }
}

fn assert_not_blank(name: &str, rendered: &Rendered) {
    assert_eq!(rendered.artefacts.len(), Recipe::default().renditions().count(), "{name}");
    for artefact in &rendered.artefacts {
        let picture = image::load_from_memory(&artefact.png).expect("a good PNG").into_luma_alpha8();
        let seen = || picture.pixels().map(|p| p.0).filter(|[_, alpha]| *alpha > 128).map(|[grey, _]| grey);
        let (darkest, lightest) = (seen().min().unwrap_or(0), seen().max().unwrap_or(0));
        let share = seen().count() as f64 / f64::from(picture.width() * picture.height());
        assert!(share > 0.01, "{name}: {:?} shows {share} of its area", artefact.rendition);
        assert!(lightest - darkest > 20, "{name}: greys from {darkest} to {lightest}");
    }
}

#[test]
fn one_colour_is_no_pet() {
    for (name, colour) in [
        ("black", [0, 0, 0]),
        ("white", [255, 255, 255]),
        ("grey", [128, 128, 128]),
        ("red", [200, 20, 20]),
        ("fawn", [190, 150, 110]),
    ] {
        assert_rejected(name, &jpeg(1200, 900, |_, _| colour), "no_pet_found");
    }
}

#[test]
fn noise_is_no_pet() {
    let coloured = jpeg(1200, 900, |x, y| noise(x, y).to_le_bytes()[..3].try_into().expect("three bytes"));
    assert_rejected("coloured noise", &coloured, "no_pet_found");
    verdict(
        "smooth noise",
        &jpeg(1200, 900, |x, y| [(smooth_noise(f64::from(x), f64::from(y), 60.0) * 255.0) as u8; 3]),
    );
}

#[test]
fn odd_sizes_have_a_verdict() {
    let brown = |_, _| [120, 80, 50];
    for (width, height) in [(1, 1), (1, 4000), (4000, 1), (2, 3), (31, 33)] {
        verdict(&format!("{width} × {height}"), &jpeg(width, height, brown));
    }
}

#[test]
fn a_panorama_has_a_verdict() {
    let meadow = |x: u32, y: u32| {
        let grain = (noise(x, y) % 24) as u8;
        if y < 250 { [150, 180, 220] } else { [60 + grain, 110 + grain, 50] }
    };
    verdict("panorama", &jpeg(16_000, 600, meadow));
    verdict("tall panorama", &jpeg(600, 16_000, |x, y| meadow(y, x)));
}

#[test]
fn a_photo_that_is_all_fur_has_a_verdict() {
    verdict("fur", &jpeg(1600, 1200, fur));
    verdict("fur, upright", &jpeg(900, 1600, fur));
}

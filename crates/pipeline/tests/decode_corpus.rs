//! Decoding of real, odd, damaged and hostile files: the shared corpus, where it is there.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headshot_core::upload::{Limits, inspect};
use headshot_pipeline::decode::{DecodeLimits, Photo, decode};

/// No file may take longer; in practice the slowest, a 12-megapixel HEIC, takes about a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// The corpus folder; says so, loudly, where there is none.
fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("HEADSHOT_SHARED").map_or_else(beside, PathBuf::from);
    let corpus = shared.join("corpus");
    if corpus.is_dir() {
        return Some(corpus);
    }
    println!("SKIPPED: {} is not there, so the decoder was not tried on real files.", corpus.display());
    None
}

#[test]
fn every_file_ends_as_a_photo_or_as_a_refusal_with_a_reason() {
    let Some(corpus) = corpus() else { return };
    let files = files_under(&corpus);
    assert!(files.len() > 500, "the corpus has shrunk to {} files", files.len());
    let limits = Limits { min_short_edge: 1, ..Limits::default() };
    let (mut photos, mut refused) = (0, 0);
    for file in files {
        // A crash of the process cannot be caught; the last line printed names the file.
        println!("{}", file.display());
        let bytes = std::fs::read(&file).expect("a readable file");
        let begin = Instant::now();
        let inspected = inspect(&bytes, limits);
        match decode(&bytes, &DecodeLimits::default()) {
            Ok(photo) => {
                photos += 1;
                assert!(inspected.is_ok(), "decoded what the API would refuse: {inspected:?}");
                assert_eq!(photo.rgb.len(), photo.width as usize * photo.height as usize * 3);
                assert!(photo.alpha.is_none_or(|alpha| alpha.len() * 3 == photo.rgb.len()));
            }
            Err(error) => {
                refused += 1;
                assert!(!error.code().is_empty() && error.to_string().ends_with('.'), "{error}");
            }
        }
        assert!(begin.elapsed() < PATIENCE, "took {:?}", begin.elapsed());
    }
    println!("{photos} photos, {refused} refused");
    // Pillow 13 with pillow_heif opens 306 of the formats that are taken; the seven that we do not are listed below.
    // With libheif 1.15 it is 322 here; other versions open a few more or fewer of the odd HEIFs.
    assert!(photos >= 315, "only {photos} files open");
}

/// Every file cut off somewhere, and with bytes changed: `CORPUS_CASES` of each (2 unless it says otherwise).
#[test]
fn cut_and_spoilt_files_end_as_photos_or_as_refusals() {
    let Some(corpus) = corpus() else { return };
    let cases: u64 = std::env::var("CORPUS_CASES").ok().map_or(2, |cases| cases.parse().expect("a number"));
    let limits = DecodeLimits { pixels: 20_000_000, ..DecodeLimits::default() };
    let mut seed = 1_u64;
    // Xorshift: the same cases in every run.
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    for file in files_under(&corpus).into_iter().chain(files_under(&corpus.with_file_name("field"))) {
        let bytes = std::fs::read(&file).expect("a readable file");
        for case in 0..cases {
            let mut spoilt = bytes[..random(bytes.len())].to_vec();
            println!("{} {case}: {} bytes", file.display(), spoilt.len());
            try_to_open(&spoilt, limits);
            spoilt = bytes.clone();
            for _ in 0..30 {
                let at = random(spoilt.len());
                if let Some(byte) = spoilt.get_mut(at) {
                    *byte = random(256) as u8;
                }
            }
            try_to_open(&spoilt, limits);
        }
    }
}

fn try_to_open(bytes: &[u8], limits: DecodeLimits) {
    let begin = Instant::now();
    match decode(bytes, &limits) {
        Ok(photo) => assert_eq!(photo.rgb.len(), photo.width as usize * photo.height as usize * 3),
        Err(error) => {
            assert!(!error.code().is_empty() && error.to_string().ends_with('.'), "{error}");
            // A panic is caught by the decoder's caller, but it is a mistake all the same.
            assert_ne!(error.detail(), Some("the decoder panicked"));
        }
    }
    assert!(begin.elapsed() < PATIENCE, "took {:?}", begin.elapsed());
}

/// What Pillow opens and we do not, with the reason. Anything else that it opens must open here too: the count above.
#[test]
fn what_pillow_opens_and_we_refuse_is_known() {
    let Some(corpus) = corpus() else { return };
    for (file, code) in [
        // 16 KB in the middle were lost; what can be seen behind them is shifted.
        ("exif-samples/jpg/corrupted.jpg", "truncated_image"),
        // Fuzzed: a quantisation table is missing.
        (
            "jpeg-decoder/tests/crashtest/images/imagetestsuite/b55977028a3a574336966b6536640fc9.jpg",
            "truncated_image",
        ),
        // Fuzzed: 193 × 31,237.
        (
            "jpeg-decoder/tests/crashtest/images/imagetestsuite/8e5e74dbf9b68a322fbb9512db837329.jpg",
            "bad_shape",
        ),
        // A `meta` box without a length, so that nothing says where the file ends.
        ("libavif/tests/data/draw_points_idat_progressive_metasize0.avif", "undecodable_image"),
    ] {
        let bytes = std::fs::read(corpus.join(file)).expect(file);
        let error = decode(&bytes, &DecodeLimits::default()).expect_err(file);
        assert_eq!(error.code(), code, "{file}");
    }
}

#[test]
fn eight_orientations_of_one_photo_are_one_picture() {
    let Some(corpus) = corpus() else { return };
    for name in ["Landscape", "Portrait"] {
        let photos: Vec<Photo> =
            (1..=8).map(|n| open(&corpus.join(format!("exif-orientation/{name}_{n}.jpg")))).collect();
        for (photo, n) in photos.iter().zip(1..) {
            assert_eq!((photo.width, photo.height), (photos[0].width, photos[0].height), "{name} {n}");
            // They were compressed one by one: only JPEG's noise differs. A picture turned the wrong way is off by 60.
            let difference: u64 =
                photo.rgb.iter().zip(&photos[0].rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = difference as f64 / photo.rgb.len() as f64;
            assert!(mean < 4.0, "{name} {n} differs by {mean:.1} on average");
        }
    }
}

#[test]
fn known_files_have_the_colours_that_they_have_elsewhere() {
    let Some(corpus) = corpus() else { return };
    // Mean R, G, B as Pillow 13 gives it: plain CMYK conversion, or through LittleCMS where there is a profile.
    for (file, size, expected) in [
        ("jpeg-decoder/tests/reftest/images/mozilla/jpg-cmyk-1.jpg", (32, 32), [128, 128, 44]),
        ("jpeg-decoder/tests/reftest/images/mozilla/jpg-cmyk-2.jpg", (256, 256), [252, 252, 252]),
        ("pillow/Tests/images/pil_sample_cmyk.jpg", (100, 100), [30, 5, 7]),
        ("twelvemonkeys/jpeg/cmyk-sample.jpg", (160, 227), [73, 135, 156]),
        ("twelvemonkeys/jpeg/jfif-cmyk-invalid-icc-profile-srgb.jpg", (493, 500), [65, 38, 209]),
        (
            "twelvemonkeys/jpeg/warning-embedded-color-profile-invalid-ignored-cmyk.jpg",
            (183, 283),
            [162, 73, 104],
        ),
        ("twelvemonkeys/jpeg/exif-jfif-app13-app14ycck-3channel.jpg", (310, 384), [240, 240, 240]),
        ("metadata-extractor/heic/IMG_2927.HEIC", (3024, 4032), [87, 120, 155]),
        ("imgproxy/testdata/orientation-6.png", (100, 200), [255, 242, 242]),
        ("imgproxy/testdata/orientation-8.png", (100, 200), [255, 242, 242]),
    ] {
        let photo = open(&corpus.join(file));
        assert_eq!((photo.width, photo.height), size, "{file}");
        let mean = mean(&photo);
        let worst = mean.iter().zip(expected).map(|(a, b)| (a - f64::from(b)).abs()).fold(0.0, f64::max);
        assert!(worst <= 2.0, "{file}: {mean:?} instead of {expected:?}");
    }
}

fn open(file: &Path) -> Photo {
    let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    decode(&bytes, &DecodeLimits::default())
        .unwrap_or_else(|error| panic!("{}: {error} {:?}", file.display(), error.detail()))
}

fn mean(photo: &Photo) -> [f64; 3] {
    let mut sums = [0_u64; 3];
    for pixel in photo.rgb.as_chunks::<3>().0 {
        for (sum, value) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(*value);
        }
    }
    sums.map(|sum| sum as f64 / (f64::from(photo.width) * f64::from(photo.height)))
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

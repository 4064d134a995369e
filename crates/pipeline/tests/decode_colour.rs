//! What the numbers of a photo mean, whoever told it: the same grey card, encoded in different ways.

use headshot_pipeline::decode::{DecodeLimits, Photo, decode};
use moxcms::{ColorProfile, DataColorSpace, ToneReprCurve};
use png::{BitDepth, ColorType, ScaledFloat};

/// sRGB levels of the card, from black to white.
const CARD: [u8; 8] = [0, 12, 40, 90, 128, 180, 230, 255];

/// Light of 0 to 1 of an sRGB level (IEC 61966-2-1).
fn light(level: u8) -> f64 {
    let v = f64::from(level) / 255.0;
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// PQ's sample for light in cd/m² (SMPTE ST 2084).
fn pq(light: f64) -> f64 {
    let y = (light / 10_000.0).powf(0.159_301_757_812_5);
    ((0.835_937_5 + 18.851_562_5 * y) / (1.0 + 18.6875 * y)).powf(78.843_75)
}

/// The card as a PNG of 16 bits whose samples are `encode` of its levels.
fn card(color: ColorType, encode: impl Fn(u8) -> f64, more: impl FnOnce(&mut png::Info)) -> Vec<u8> {
    card_of(BitDepth::Sixteen, color, encode, more)
}

fn card_of(
    depth: BitDepth,
    color: ColorType,
    encode: impl Fn(u8) -> f64,
    more: impl FnOnce(&mut png::Info),
) -> Vec<u8> {
    let samples = |level: &u8| {
        let sample = encode(*level).clamp(0.0, 1.0);
        match depth {
            BitDepth::Eight => vec![(sample * 255.0).round() as u8],
            _ => ((sample * 65_535.0).round() as u16).to_be_bytes().to_vec(),
        }
        .repeat(color.samples())
    };
    let row: Vec<u8> = CARD.iter().flat_map(samples).collect();
    let mut info = png::Info::with_size(CARD.len() as u32, 2);
    (info.color_type, info.bit_depth) = (color, depth);
    more(&mut info);
    let mut file = Vec::new();
    let cicp = info.coding_independent_code_points;
    let mut writer = png::Encoder::with_info(&mut file, info).unwrap().write_header().unwrap();
    if let Some(c) = cicp {
        // The encoder leaves this chunk out.
        let range = u8::from(c.is_video_full_range_image);
        let body = [c.color_primaries, c.transfer_function, c.matrix_coefficients, range];
        writer.write_chunk(png::chunk::ChunkType(*b"cICP"), &body).unwrap();
    }
    writer.write_image_data(&row.repeat(2)).unwrap();
    writer.finish().unwrap();
    file
}

fn open(file: &[u8]) -> Photo {
    decode(file, &DecodeLimits::default()).unwrap_or_else(|error| panic!("{error} {:?}", error.detail()))
}

fn assert_is_the_card(file: &[u8], what: &str) {
    let photo = open(file);
    for (pixel, level) in photo.rgb.chunks(3).zip(CARD) {
        assert!(pixel.iter().all(|value| value.abs_diff(level) <= 1), "{what}: {pixel:?} instead of {level}");
    }
}

fn cicp(primaries: u8, transfer: u8) -> png::CodingIndependentCodePoints {
    png::CodingIndependentCodePoints {
        color_primaries: primaries,
        transfer_function: transfer,
        matrix_coefficients: 0,
        is_video_full_range_image: true,
    }
}

#[test]
fn linear_light_is_linear_whether_cicp_or_gamma_says_it() {
    let told = |info: &mut png::Info| info.coding_independent_code_points = Some(cicp(1, 8));
    assert_is_the_card(&card(ColorType::Rgb, light, told), "cICP");
    let told = |info: &mut png::Info| info.source_gamma = Some(ScaledFloat::new(1.0));
    assert_is_the_card(&card(ColorType::Rgb, light, told), "gAMA");
    let told = |info: &mut png::Info| info.source_gamma = Some(ScaledFloat::new(1.0));
    assert_is_the_card(&card(ColorType::Grayscale, light, told), "gAMA, grey");
}

#[test]
fn a_gamma_of_its_own_is_followed_and_the_one_that_means_srgb_changes_nothing() {
    let told = |info: &mut png::Info| info.source_gamma = Some(ScaledFloat::new(1.0 / 1.8));
    assert_is_the_card(&card(ColorType::Rgb, |level| light(level).powf(1.0 / 1.8), told), "1.8");
    let told = |info: &mut png::Info| info.source_gamma = Some(ScaledFloat::new(0.45455));
    assert_is_the_card(&card(ColorType::Rgb, |level| f64::from(level) / 255.0, told), "sRGB");
}

#[test]
fn pq_comes_back_to_the_display_with_its_white_at_203() {
    for primaries in [1, 9, 12] {
        let told = |info: &mut png::Info| info.coding_independent_code_points = Some(cicp(primaries, 16));
        assert_is_the_card(&card(ColorType::Rgb, |level| pq(light(level) * 203.0), told), "PQ");
    }
}

#[test]
fn narrow_range_is_stretched() {
    let told = |info: &mut png::Info| {
        info.coding_independent_code_points =
            Some(png::CodingIndependentCodePoints { is_video_full_range_image: false, ..cicp(1, 13) });
    };
    // Of 16 bits, black is 16 * 256 and white 235 * 256.
    let narrow = |level: u8| (16.0 + f64::from(level) / 255.0 * 219.0) * 256.0 / 65_535.0;
    assert_is_the_card(&card(ColorType::Rgb, narrow, told), "narrow");
    let narrow = |level: u8| (16.0 + f64::from(level) / 255.0 * 219.0) / 255.0;
    assert_is_the_card(&card_of(BitDepth::Eight, ColorType::Rgb, narrow, told), "narrow, 8 bits");
    assert_is_the_card(&card_of(BitDepth::Eight, ColorType::Grayscale, narrow, told), "narrow, 8 bits, grey");
}

#[test]
fn numbers_that_png_rules_out_say_nothing() {
    let plain = |level: u8| f64::from(level) / 255.0;
    let told = |info: &mut png::Info| {
        info.coding_independent_code_points =
            Some(png::CodingIndependentCodePoints { matrix_coefficients: 1, ..cicp(1, 8) });
    };
    assert_is_the_card(&card(ColorType::Rgb, plain, told), "a matrix");
}

#[test]
fn the_gamma_that_means_srgb_means_its_curve_with_other_primaries_too() {
    let told = |info: &mut png::Info| {
        info.source_gamma = Some(ScaledFloat::new(0.45455));
        info.source_chromaticities =
            Some(png::SourceChromaticities::new((0.3127, 0.329), (0.68, 0.32), (0.265, 0.69), (0.15, 0.06)));
    };
    assert_is_the_card(&card(ColorType::Rgb, |level| f64::from(level) / 255.0, told), "P3");
}

#[test]
fn a_grey_profile_leads_to_light_or_to_lightness() {
    let profile = |pcs| {
        let mut profile = ColorProfile::new_gray_with_gamma(1.0);
        profile.pcs = pcs;
        profile.gray_trc = Some(ToneReprCurve::Parametric(vec![1.0]));
        profile.encode().unwrap()
    };
    let told = |icc: Vec<u8>| move |info: &mut png::Info| info.icc_profile = Some(icc.into());
    assert_is_the_card(&card(ColorType::Grayscale, light, told(profile(DataColorSpace::Xyz))), "XYZ");
    let lightness = |level| {
        let y: f64 = light(level);
        let f = if y > (6.0_f64 / 29.0).powi(3) {
            y.cbrt()
        } else {
            y / (3.0 * (6.0_f64 / 29.0).powi(2)) + 4.0 / 29.0
        };
        (116.0 * f - 16.0) / 100.0
    };
    assert_is_the_card(&card(ColorType::Grayscale, lightness, told(profile(DataColorSpace::Lab))), "Lab");
}

#[test]
fn adobe_rgb_is_known_by_exif_alone() {
    // A saturated green of Adobe RGB becomes another green of sRGB; a grey stays what it is.
    let flat = |rgb: [u8; 3], exif: Option<&[u8]>| {
        let mut file = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 98);
        let pixels = rgb.repeat(64 * 64);
        image::ImageEncoder::write_image(encoder, &pixels, 64, 64, image::ExtendedColorType::Rgb8).unwrap();
        if let Some(exif) = exif {
            let length = (exif.len() as u16 + 8).to_be_bytes();
            file.splice(2..2, [&[0xff, 0xe1][..], &length, b"Exif\0\0", exif].concat());
        }
        open(&file).rgb[..3].to_vec()
    };
    // IFD0 names the EXIF directory; that has ColorSpace = 0xffff and names the interoperability directory: "R03".
    let r03 = [
        b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0".as_slice(),
        b"\0\x02\xa0\x01\0\x03\0\0\0\x01\xff\xff\0\0\xa0\x05\0\x04\0\0\0\x01\0\0\0\x38\0\0\0\0",
        b"\0\x01\0\x01\0\x02\0\0\0\x04R03\0\0\0\0\0",
    ]
    .concat();
    let plain = flat([90, 160, 90], None);
    let adobe = flat([90, 160, 90], Some(&r03));
    assert!(plain[0].abs_diff(adobe[0]) > 15, "{plain:?} {adobe:?}");
    // The index typed UNDEFINED instead of ASCII.
    let at = r03.len() - 14;
    let undefined = [&r03[..at], &[0, 7], &r03[at + 2..]].concat();
    assert_eq!(r03[at..at + 6], [0, 2, 0, 0, 0, 4]);
    assert_eq!(flat([90, 160, 90], Some(&undefined)), adobe);
    let grey = (flat([128; 3], None), flat([128; 3], Some(&r03)));
    assert!(grey.0.iter().zip(&grey.1).all(|(a, b)| a.abs_diff(*b) <= 2), "{grey:?}");
}

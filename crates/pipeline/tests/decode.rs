//! What decoding promises, on small files made here: the right way up, the right colours, nothing hidden let out, and
//! a refusal with a reason for everything else.

use headshot_core::upload::Format;
use headshot_pipeline::decode::{DecodeError, DecodeLimits, Photo, decode};
use image::ImageEncoder;
use moxcms::{ColorProfile, Layout, TransformOptions};
use proptest::prelude::*;

const WIDTH: u32 = 96;
const HEIGHT: u32 = 64;

#[test]
fn all_formats_and_all_orientations_come_out_upright() {
    for orientation in 1..=8_u8 {
        let exif = exif(orientation);
        for (name, file, noise) in [
            ("JPEG", with_exif_segment(&jpeg(&scene(), None), &exif), 24),
            (
                "PNG",
                png_file(WIDTH, HEIGHT, png::ColorType::Rgb, png::BitDepth::Eight, &scene(), |info| {
                    info.exif_metadata = Some(exif.clone().into());
                }),
                0,
            ),
            ("WebP", webp(&scene(), Some(&exif)), 0),
        ] {
            let photo = open(&file);
            let upright = if orientation < 5 { (WIDTH, HEIGHT) } else { (HEIGHT, WIDTH) };
            assert_eq!((photo.width, photo.height), upright, "{name} {orientation}");
            assert_eq!(photo.stored, (WIDTH, HEIGHT));
            for (x, y) in [(4, 4), (WIDTH - 5, 4), (4, HEIGHT - 5), (WIDTH - 5, HEIGHT - 5), (50, 20)] {
                let stored = pixel(&scene(), WIDTH, x, y);
                let (right, down) = (WIDTH - 1 - x, HEIGHT - 1 - y);
                let (x, y) = [
                    (x, y),
                    (right, y),
                    (right, down),
                    (x, down),
                    (y, x),
                    (down, x),
                    (down, right),
                    (y, right),
                ][usize::from(orientation) - 1];
                let seen = pixel(&photo.rgb, photo.width, x, y);
                assert!(
                    near(seen, stored, noise),
                    "{name} {orientation}: {seen:?} for {stored:?} at {x}, {y}"
                );
            }
        }
    }
}

#[test]
fn one_scene_in_three_colour_spaces_is_one_grey() {
    let plain = open(&rgb_png(&scene(), None));
    assert_eq!(plain.rgb, scene());
    for (name, profile) in [
        ("Display P3", ColorProfile::new_display_p3()),
        ("Adobe RGB", ColorProfile::new_adobe_rgb()),
        ("sRGB", ColorProfile::new_srgb()),
    ] {
        let encoded = to_profile(&scene(), &profile);
        let icc = profile.encode().expect("a profile that can be written");
        for (container, file, tolerance) in [
            ("PNG", rgb_png(&encoded, Some(&icc)), 2),
            ("WebP", webp_with_profile(&encoded, &icc), 2),
            // JPEG's own noise comes on top of what it is compared with.
            ("JPEG", jpeg(&encoded, Some(&icc)), 6),
        ] {
            let reference = if container == "JPEG" { open(&jpeg(&scene(), None)) } else { plain.clone() };
            let worst = greys(&open(&file)).zip(greys(&reference)).map(|(a, b)| a.abs_diff(b)).max();
            assert!(worst <= Some(tolerance), "{name} in {container}: {worst:?}");
        }
    }
}

#[test]
fn a_profile_that_is_broken_or_of_another_kind_is_ignored() {
    let cmyk_header = {
        let mut icc = ColorProfile::new_srgb().encode().expect("a profile");
        icc[16..20].copy_from_slice(b"CMYK");
        icc
    };
    let cut = ColorProfile::new_display_p3().encode().expect("a profile")[..200].to_vec();
    for icc in [b"not a profile at all".to_vec(), cut, cmyk_header, vec![0xff; 5_000]] {
        assert_eq!(open(&rgb_png(&scene(), Some(&icc))).rgb, scene());
    }
}

#[test]
fn sixteen_bits_and_grey_keep_their_tones() {
    let levels = [0_u16, 0x0101, 0x4040, 0x8080, 0xbfbf, 0xfefe, 0xffff, 0x8000];
    let data: Vec<u8> = levels.iter().flat_map(|level| level.to_be_bytes()).collect();
    let photo = open(&png_file(4, 2, png::ColorType::Grayscale, png::BitDepth::Sixteen, &data, |_| {}));
    let seen: Vec<u8> = photo.rgb.chunks(3).map(|pixel| pixel[1]).collect();
    assert_eq!(seen, [0, 1, 0x40, 0x80, 0xbf, 0xfe, 255, 128]);
    assert!(photo.rgb.chunks(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
    // One bit deep.
    let photo = open(&png_file(8, 1, png::ColorType::Grayscale, png::BitDepth::One, &[0b1010_0000], |_| {}));
    assert_eq!(photo.rgb[..9], [255, 255, 255, 0, 0, 0, 255, 255, 255]);
}

#[test]
fn transparency_is_kept_and_what_it_hid_stays_hidden() {
    let secret = [200, 30, 90];
    let data: Vec<u8> = [[secret, secret].concat(), vec![10, 20, 30, 10, 20, 30]].concat();
    let alpha = [0, 255, 128, 255];
    let rgba: Vec<u8> = data.chunks(3).zip(alpha).flat_map(|(rgb, a)| [rgb[0], rgb[1], rgb[2], a]).collect();
    let photo = open(&png_file(2, 2, png::ColorType::Rgba, png::BitDepth::Eight, &rgba, |_| {}));
    assert_eq!(photo.alpha.as_deref(), Some(&alpha[..]));
    assert_eq!(pixel(&photo.rgb, 2, 0, 0), [128; 3], "hidden");
    assert_eq!(pixel(&photo.rgb, 2, 1, 0), secret, "opaque");
    assert_eq!(pixel(&photo.rgb, 2, 0, 1), [69, 74, 79], "half");

    // A palette with one transparent entry.
    let photo = open(&png_file(2, 1, png::ColorType::Indexed, png::BitDepth::Eight, &[0, 1], |info| {
        info.palette = Some(vec![9, 9, 9, 250, 240, 230].into());
        info.trns = Some(vec![0].into());
    }));
    assert_eq!(photo.alpha.as_deref(), Some(&[0, 255][..]));
    assert_eq!(photo.rgb, [128, 128, 128, 250, 240, 230]);

    let photo =
        open(&png_file(2, 1, png::ColorType::GrayscaleAlpha, png::BitDepth::Eight, &[7, 0, 7, 255], |_| {}));
    assert_eq!(
        (photo.alpha.as_deref(), &photo.rgb[..]),
        (Some(&[0, 255][..]), &[128, 128, 128, 7, 7, 7][..])
    );

    // An alpha channel that says nothing is none.
    let opaque = [1, 2, 3, 255].repeat(4);
    assert_eq!(
        open(&png_file(2, 2, png::ColorType::Rgba, png::BitDepth::Eight, &opaque, |_| {})).alpha,
        None
    );
}

#[test]
fn four_inks_are_read_the_way_they_were_stored() {
    // Plain CMYK as it is; Adobe's stored inverted; Adobe's YCCK transformed as if it were R, G, B. All are half cyan.
    let half_cyan = [127, 255, 255];
    for (name, adobe, stored) in [
        ("plain", None, [128, 0, 0, 0]),
        ("Adobe CMYK", Some(0), [127, 255, 255, 255]),
        // Y, Cb, Cr of R, G, B = (128, 0, 0), which are the inks.
        ("Adobe YCCK", Some(2), [38, 106, 192, 255]),
    ] {
        let photo = open(&flat_four_component_jpeg(stored, adobe));
        let seen = pixel(&photo.rgb, photo.width, 3, 3);
        assert!(near(seen, half_cyan, 3), "{name}: {seen:?}");
    }
}

#[test]
fn what_is_no_acceptable_photo_has_a_code_and_a_sentence() {
    let good = jpeg(&scene(), None);
    let code = |bytes: &[u8], limits: DecodeLimits| {
        let error = decode(bytes, &limits).expect_err("not acceptable");
        assert!(error.to_string().ends_with('.'), "{error}");
        error.code()
    };
    let limits = DecodeLimits::default();
    assert_eq!(code(b"", limits), "empty_upload");
    assert_eq!(code(b"GIF89a and so on", limits), "unsupported_type");
    assert_eq!(code(&good[..good.len() / 2], limits), "truncated_image");
    assert_eq!(code(&good, DecodeLimits { pixels: 6_000, ..limits }), "too_many_pixels");
    assert_eq!(code(&good, DecodeLimits { long_edge: 95, ..limits }), "bad_shape");
    assert_eq!(code(&good, DecodeLimits { bytes: 500, ..limits }), "upload_too_large");

    // A good header, then zeros where the picture's data should be.
    let mut hollow = rgb_png(&scene(), None);
    let data = hollow.windows(4).position(|window| window == b"IDAT").expect("a data chunk") + 4;
    let end = hollow.len() - 16;
    hollow[data..end].fill(0);
    let error = decode(&hollow, &limits).expect_err("no picture in it");
    assert_eq!(error.code(), "undecodable_image");
    assert!(
        matches!(error, DecodeError::Undecodable { format: Format::Png, .. }) && error.detail().is_some()
    );
}

#[test]
fn a_jpeg_of_which_most_is_missing_is_refused() {
    // All bytes are there, but a block of them came from a card that failed.
    let mut file = jpeg(&scene(), None);
    let scan = file.windows(2).position(|marker| marker == [0xff, 0xda]).expect("a scan");
    file[scan + 60..scan + 300].copy_from_slice(&[0xff, 0x9f].repeat(120));
    assert_eq!(
        decode(&file, &DecodeLimits::default()).expect_err("a part is missing").code(),
        "truncated_image"
    );
}

#[test]
fn orientation_is_read_whatever_type_it_has_in_both_byte_orders() {
    let (short, long) = (|n: u8| [0, n, 0, 0], |n: u8| [0, 0, 0, n]);
    for (kind, value) in [
        (1, [6, 0, 0, 0]),
        (2, *b"6\0\0\0"),
        (6, [6, 0, 0, 0]),
        (7, [6, 0, 0, 0]),
        (8, short(6)),
        (9, long(6)),
    ] {
        let entry = [&[0x01, 0x12, 0, kind, 0, 0, 0, 1][..], &value].concat();
        let big = [b"MM\0*\0\0\0\x08\0\x01".as_slice(), &entry, &[0; 4]].concat();
        let value = if kind < 8 { value } else { [6, 0, 0, 0] };
        let entry = [&[0x12, 0x01, kind, 0, 1, 0, 0, 0][..], &value].concat();
        let little = [b"II*\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4]].concat();
        for exif in [big, little] {
            let photo = open(&with_exif_segment(&jpeg(&scene(), None), &exif));
            assert_eq!((photo.width, photo.height), (HEIGHT, WIDTH), "type {kind}");
        }
    }
}

#[test]
fn exif_behind_the_data_of_a_png_turns_it() {
    let mut file = rgb_png(&scene(), None);
    let exif = exif(6);
    // The decoder skips the chunk whatever its checksum is.
    let chunk = [&(exif.len() as u32).to_be_bytes()[..], b"eXIf", &exif, &[0; 4]].concat();
    let end = file.len() - 12;
    file.splice(end..end, chunk);
    assert_eq!((open(&file).width, open(&file).height), (HEIGHT, WIDTH));
}

#[test]
fn a_file_that_was_closed_early_is_incomplete() {
    let code = |file: &[u8]| decode(file, &DecodeLimits::default()).expect_err("a part is missing").code();
    // Noise, which has to be stored as it is.
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take((WIDTH * HEIGHT * 3) as usize)
    .collect();
    let png = rgb_png(&noise, None);
    let at = png.windows(4).position(|name| name == b"IDAT").expect("data");
    let kept = 5_000;
    let mut closed = [&png[..at - 4], &(kept as u32).to_be_bytes(), &png[at..at + 4 + kept]].concat();
    let checksum = crc(&closed[at..]);
    closed.extend(checksum.to_be_bytes());
    closed.extend(&png[png.len() - 12..]);
    assert_eq!(code(&closed), "truncated_image");

    let webp = webp(&noise, None);
    let mut closed = webp[..5_000].to_vec();
    closed[16..20].copy_from_slice(&(5_000_u32 - 20).to_le_bytes());
    closed[4..8].copy_from_slice(&(5_000_u32 - 8).to_le_bytes());
    assert_eq!(code(&closed), "truncated_image");
    // Filled up instead.
    let mut filled = webp;
    filled[5_000..].fill(0);
    assert_eq!(code(&filled), "truncated_image");
}

/// The checksum of a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_never_bring_the_decoder_down(
        which in 0_usize..4,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = match which {
            0 => jpeg(&scene(), Some(&ColorProfile::new_display_p3().encode().expect("a profile"))),
            1 => rgb_png(&scene(), None),
            2 => webp(&scene(), Some(&exif(6))),
            _ => flat_four_component_jpeg([1, 2, 3, 4], Some(2)),
        };
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        // A damaged size field may ask for much, but never for more than this.
        let limits = DecodeLimits { pixels: 4_000_000, ..DecodeLimits::default() };
        if let Ok(photo) = decode(&file, &limits) {
            prop_assert_eq!(photo.rgb.len(), photo.width as usize * photo.height as usize * 3);
        }
    }
}

fn open(file: &[u8]) -> Photo {
    decode(file, &DecodeLimits::default()).unwrap_or_else(|error| panic!("{error} {:?}", error.detail()))
}

/// Smooth colours, different in every corner, inside sRGB's gamut.
fn scene() -> Vec<u8> {
    let pixels = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
    pixels.flat_map(|(x, y)| [40 + x * 2, 30 + y * 3, 60 + (x + y) / 2].map(|value| value as u8)).collect()
}

fn pixel(rgb: &[u8], width: u32, x: u32, y: u32) -> [u8; 3] {
    let at = (y * width + x) as usize * 3;
    [rgb[at], rgb[at + 1], rgb[at + 2]]
}

fn near(seen: [u8; 3], expected: [u8; 3], tolerance: u8) -> bool {
    seen.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= tolerance)
}

fn greys(photo: &Photo) -> impl Iterator<Item = u8> {
    let grey = |pixel: &[u8]| {
        (f32::from(pixel[0]) * 0.2126 + f32::from(pixel[1]) * 0.7152 + f32::from(pixel[2]) * 0.0722).round()
            as u8
    };
    photo.rgb.chunks(3).map(grey).collect::<Vec<_>>().into_iter()
}

fn to_profile(srgb: &[u8], profile: &ColorProfile) -> Vec<u8> {
    let options = TransformOptions { prefer_fixed_point: false, ..TransformOptions::default() };
    let transform = ColorProfile::new_srgb()
        .create_transform_8bit(Layout::Rgb, profile, Layout::Rgb, options)
        .expect("a transform between displays");
    let mut encoded = vec![0; srgb.len()];
    transform.transform(srgb, &mut encoded).expect("equal lengths");
    encoded
}

fn png_file(
    width: u32,
    height: u32,
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
    more: impl FnOnce(&mut png::Info),
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut info = png::Info::with_size(width, height);
    info.color_type = color;
    info.bit_depth = depth;
    more(&mut info);
    let encoder = png::Encoder::with_info(&mut file, info).expect("a valid header");
    let mut writer = encoder.write_header().expect("memory");
    writer.write_image_data(data).expect("memory");
    writer.finish().expect("memory");
    file
}

fn rgb_png(rgb: &[u8], icc: Option<&[u8]>) -> Vec<u8> {
    png_file(WIDTH, HEIGHT, png::ColorType::Rgb, png::BitDepth::Eight, rgb, |info| {
        info.icc_profile = icc.map(|icc| icc.to_vec().into());
    })
}

fn jpeg(rgb: &[u8], icc: Option<&[u8]>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 98);
    if let Some(icc) = icc {
        encoder.set_icc_profile(icc.to_vec()).expect("JPEG carries profiles");
    }
    encoder.write_image(rgb, WIDTH, HEIGHT, image::ExtendedColorType::Rgb8).expect("memory");
    file
}

fn webp(rgb: &[u8], exif: Option<&[u8]>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut file);
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif.to_vec());
    }
    encoder.encode(rgb, WIDTH, HEIGHT, image_webp::ColorType::Rgb8).expect("memory");
    file
}

fn webp_with_profile(rgb: &[u8], icc: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut file);
    encoder.set_icc_profile(icc.to_vec());
    encoder.encode(rgb, WIDTH, HEIGHT, image_webp::ColorType::Rgb8).expect("memory");
    file
}

/// A TIFF header and a directory of one entry: the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [b"MM\0*\0\0\0\x08\0\x01".as_slice(), &entry, &[0; 4]].concat()
}

fn with_exif_segment(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let length = (exif.len() as u16 + 8).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, b"Exif\0\0", exif, &jpeg[2..]].concat()
}

/// One block of 8 × 8 pixels in which every sample of a component is the same.
fn flat_four_component_jpeg(samples: [u8; 4], adobe_transform: Option<u8>) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    if let Some(transform) = adobe_transform {
        file.extend(b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0");
        file.push(transform);
    }
    file.extend(b"\xff\xdb\0\x43\0");
    file.extend([1; 64]);
    file.extend(b"\xff\xc0\0\x14\x08\0\x08\0\x08\x04\x01\x11\0\x02\x11\0\x03\x11\0\x04\x11\0");
    // Twelve codes of four bits for the DC categories 0 to 11; one code of one bit for "no AC coefficients".
    file.extend(b"\xff\xc4\0\x1f\0\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0");
    file.extend(0..12);
    file.extend(b"\xff\xc4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    file.extend(b"\xff\xda\0\x0e\x04\x01\0\x02\0\x03\0\x04\0\0\x3f\0");
    let mut bits = String::new();
    for sample in samples {
        let dc = (i32::from(sample) - 128) * 8;
        let category = (32 - dc.unsigned_abs().leading_zeros()) as usize;
        bits.push_str(&format!("{category:04b}"));
        if category > 0 {
            // Negative differences are stored one less, without their sign.
            let value = if dc < 0 { dc + (1 << category) - 1 } else { dc };
            bits.push_str(&format!("{value:0category$b}"));
        }
        bits.push('0');
    }
    for byte in bits.as_bytes().chunks(8) {
        let bit = |at: usize| byte.get(at) != Some(&b'0');
        let byte = (0..8).fold(0, |byte, at| byte << 1 | u8::from(bit(at)));
        file.push(byte);
        if byte == 0xff {
            file.push(0);
        }
    }
    file.extend([0xff, 0xd9]);
    file
}

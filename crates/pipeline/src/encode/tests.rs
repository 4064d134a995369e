//! Whatever is in a picture, a reader of PNG gets it back.

use headshot_core::{Background, Colour};
use proptest::prelude::*;

use super::*;
use crate::look::Portrait;

/// Size, colour type, resolution and pixels, as the png crate reads them.
pub(super) fn read(file: &[u8]) -> (u32, u32, png::ColorType, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG's head");
    let info = reader.info();
    let dpi = info.pixel_dims.expect("a resolution");
    assert_eq!((dpi.xppu, dpi.yppu), (11_811, 11_811));
    assert!(info.srgb.is_some());
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut pixels).expect("the rows of a PNG");
    reader.finish().expect("its end");
    (frame.width, frame.height, frame.color_type, pixels)
}

fn whole(portrait: &Portrait) -> Canvas<'_> {
    let size = (portrait.width, portrait.height);
    Canvas::new(portrait, size, Placement { x: 0, y: 0, width: size.0, height: size.1 })
}

/// What a print of the portrait must hold.
fn rgba_of(portrait: &Portrait) -> Vec<u8> {
    let pixel = |pair: &[u8]| if pair[1] == 0 { [0; 4] } else { [pair[0], pair[0], pair[0], pair[1]] };
    portrait.grey_alpha.chunks_exact(2).flat_map(pixel).collect()
}

/// Evenly spread and the same for the same seed.
fn noise(seed: u32) -> impl Iterator<Item = u8> {
    std::iter::successors(Some(seed | 1), |x| {
        let x = x ^ (x << 13);
        let x = x ^ (x >> 17);
        Some(x ^ (x << 5))
    })
    .map(|x| (x >> 11) as u8)
}

/// Grey and alpha of as many values as `levels` says: 1 is a plain picture, 256 is noise.
fn portrait(width: usize, height: usize, levels: u16, seed: u32) -> Portrait {
    let grey_alpha = noise(seed).take(width * height * 2).map(|v| (u16::from(v) % levels) as u8).collect();
    Portrait { width, height, grey_alpha }
}

proptest! {
    #[test]
    fn a_print_reads_back_as_it_was(
        width in 1..=80usize, height in 1..=40usize, levels in 1..=256u16, seed: u32
    ) {
        let portrait = portrait(width, height, levels, seed);
        let (read_width, read_height, kind, pixels) = read(&rgba(&whole(&portrait)).expect("a file"));
        prop_assert_eq!((read_width as usize, read_height as usize, kind), (width, height, png::ColorType::Rgba));
        prop_assert_eq!(pixels, rgba_of(&portrait));
    }
}

#[test]
fn large_pictures_read_back_as_they_were() {
    // Several blocks each; rows as long as a block and as the window; nothing, few values, noise.
    for (width, height) in [(300, 700), (70_000, 3), (8_192, 9), (1, 70_000)] {
        for levels in [1, 2, 9, 256] {
            let portrait = portrait(width, height, levels, 7);
            let pixels = read(&rgba(&whole(&portrait)).expect("a file")).3;
            assert!(pixels == rgba_of(&portrait), "{width} × {height}, {levels} values");
        }
    }
}

/// Compresses rows of any bytes and reads them back.
fn round_trip<const PIXEL: usize>(width: usize, pixels: &[u8], kind: png::ColorType) -> Vec<u8> {
    let mut compressor = Compressor::<PIXEL>::new(width);
    for bytes in pixels.chunks_exact(width * PIXEL) {
        let row = compressor.row();
        row[0] = 0;
        row[1..].copy_from_slice(bytes);
    }
    let height = pixels.len() / width / PIXEL;
    read(&file(width, height, kind, &compressor.finish()).expect("a file")).3
}

#[test]
fn what_comes_back_at_any_distance_is_read_back() {
    // Around the window's end, in whole pixels and with the filter bytes between; and at the distances of short runs.
    for period in (1..9).chain(8_186..8_196).chain(10_916..10_928) {
        let pixels: Vec<u8> = noise(3).take(period * 4).collect::<Vec<_>>().repeat(40_000 / period + 1);
        let rgba = &pixels[..37 * 1_000 * 4];
        assert!(round_trip::<4>(37, rgba, png::ColorType::Rgba) == rgba, "every {period} pixels");
        let rgb = &pixels[..37 * 1_000 * 3];
        assert!(round_trip::<3>(37, rgb, png::ColorType::Rgb) == rgb, "every {period} bytes of four");
    }
}

#[test]
fn a_first_pixel_like_the_byte_before_it_is_not_taken_for_a_run() {
    // 0, 0, 0, 2 is what stands in the empty window and the filter's byte.
    let portrait = Portrait { width: 3, height: 1, grey_alpha: [0, 2].repeat(3) };
    assert_eq!(read(&rgba(&whole(&portrait)).expect("a file")).3, [0, 0, 0, 2].repeat(3));
}

#[test]
fn noise_takes_no_more_than_its_own_size_and_a_little() {
    let portrait = portrait(500, 500, 256, 11);
    assert!(rgba(&whole(&portrait)).expect("a file").len() < 500 * 500 * 4 * 11 / 10);
}

/// A portrait that lies off the middle of its canvas, with every pair of grey and alpha in it.
fn every_pair() -> Portrait {
    let pairs = (0..=255u8).flat_map(|alpha| (0..=255u8).flat_map(move |grey| [grey, alpha]));
    Portrait { width: 256, height: 256, grey_alpha: pairs.collect() }
}

fn canvas_of(portrait: &Portrait) -> Canvas<'_> {
    Canvas::new(portrait, (300, 280), Placement { x: 31, y: 7, width: 256, height: 256 })
}

#[test]
fn grey_and_alpha_are_those_of_the_print() {
    let portrait = every_pair();
    let print = read(&rgba(&canvas_of(&portrait)).expect("a print"));
    let (width, height, kind, pairs) = read(&grey_alpha(&canvas_of(&portrait)).expect("a file"));
    assert_eq!((width, height, kind), (300, 280, png::ColorType::GrayscaleAlpha));
    let of_the_print = print.3.chunks_exact(4).flat_map(|rgba| [rgba[0], rgba[3]]);
    assert!(pairs.into_iter().eq(of_the_print));
}

#[test]
fn a_flattened_file_is_the_print_over_its_colour() {
    let portrait = every_pair();
    let print = read(&rgba(&canvas_of(&portrait)).expect("a print")).3;
    for (colour, bleed_mm, kind, channels) in [
        (Colour { red: 255, green: 238, blue: 221 }, 3, png::ColorType::Rgb, 3),
        (Colour { red: 1, green: 0, blue: 0 }, 0, png::ColorType::Rgb, 3),
        (Colour::WHITE, 10, png::ColorType::Grayscale, 1),
        (Colour::BLACK, 0, png::ColorType::Grayscale, 1),
    ] {
        let background = Background { colour, bleed_mm };
        let (width, height, read_kind, pixels) =
            read(&flattened(&canvas_of(&portrait), background).expect("a file"));
        let bleed = background.bleed_pixels();
        assert_eq!((width, height, read_kind), (300 + 2 * bleed, 280 + 2 * bleed, kind), "{colour}");
        for (i, pixel) in pixels.chunks_exact(channels).enumerate() {
            let (x, y) = (i as u32 % width, i as u32 / width);
            let inside = (bleed..bleed + 300).contains(&x) && (bleed..bleed + 280).contains(&y);
            let rgba =
                if inside { &print[((y - bleed) * 300 + x - bleed) as usize * 4..][..4] } else { &[0; 4] };
            let alpha = f64::from(rgba[3]) / 255.0;
            for (channel, ground) in pixel.iter().zip([colour.red, colour.green, colour.blue]) {
                let wanted = f64::from(rgba[0]) * alpha + f64::from(ground) * (1.0 - alpha);
                assert!(
                    (f64::from(*channel) - wanted).abs() <= 0.51,
                    "{colour}, {x}, {y}: {channel}, {wanted}"
                );
            }
        }
    }
}

//! Camera raw files as customers send them: the preview that the camera stored becomes the photo. The
//! containers are made here around a JPEG, each as its maker lays it out.

use headshot_core::upload::Format;
use headshot_pipeline::decode::{DecodeError, DecodeLimits, Photo, decode};
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use proptest::prelude::*;

/// Tag, type, count, value.
type Entry = (u16, u16, u32, u32);

/// Where directory number `n` is, and behind all of them the pictures.
const fn directory(n: u32) -> u32 {
    8 + n * 400
}
const PICTURES: u32 = 8 + 4 * 400;

const MAKE: Entry = (0x010f, 2, 6, 0);
const DNG_VERSION: Entry = (0xc612, 1, 4, 0x0401);

/// A TIFF of these directories, each followed by the one that it names, with data behind them.
fn tiff(magic: &[u8; 4], directories: &[(&[Entry], u32)], data: &[u8]) -> Vec<u8> {
    let little = magic.starts_with(b"II");
    let bytes = |value: u32, length: usize| match little {
        true => value.to_le_bytes()[..length].to_vec(),
        false => value.to_be_bytes()[4 - length..].to_vec(),
    };
    let mut file = [&magic[..], &bytes(8, 4)].concat();
    for (n, (entries, next)) in directories.iter().enumerate() {
        file.resize(directory(n as u32) as usize, 0);
        file.extend(bytes(entries.len() as u32, 2));
        for (tag, kind, count, value) in *entries {
            file.extend([bytes((*tag).into(), 2), bytes((*kind).into(), 2), bytes(*count, 4)].concat());
            // A short stands at the left of its four bytes.
            file.extend(if *kind == 3 { [bytes(*value, 2), vec![0; 2]].concat() } else { bytes(*value, 4) });
        }
        file.extend(bytes(*next, 4));
    }
    file.resize(PICTURES as usize, 0);
    file.extend(data);
    file
}

/// A JPEG whose quarters are red, green, blue and white.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let colours = [[220, 30, 30], [30, 200, 30], [30, 30, 220], [240, 240, 240]];
    let quarter = |x, y| colours[usize::from(y >= height / 2) * 2 + usize::from(x >= width / 2)];
    let pixels: Vec<u8> = (0..width * height).flat_map(|at| quarter(at % width, at / width)).collect();
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 90)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .expect("a JPEG");
    file
}

fn preview() -> Vec<u8> {
    jpeg(1_600, 1_200)
}

/// Markers of a lossless JPEG, as the sensor's data is stored.
fn sensor() -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xc3\0\x14\x0e".to_vec();
    file.extend([4_000_u16.to_be_bytes(), 3_000_u16.to_be_bytes()].concat());
    file.extend(b"\x04\0\x11\0\x01\x11\0\x02\x11\0\x03\x11\0");
    file.extend([0x55; 4_000]);
    file
}

/// A strip at `offset`, compressed as JPEG.
fn strip(offset: u32, length: usize, compression: u32) -> [Entry; 3] {
    [(0x0103, 3, 1, compression), (0x0111, 4, 1, offset), (0x0117, 4, 1, length as u32)]
}

fn linked(offset: u32, length: usize) -> [Entry; 2] {
    [(0x0201, 4, 1, offset), (0x0202, 4, 1, length as u32)]
}

/// As Adobe's converter and Android write it: the first directory shows a thumbnail or the sensor, the
/// preview is in another one.
fn dng(magic: &[u8; 4], orientation: u32, preview: &[u8]) -> Vec<u8> {
    let data = [preview, &sensor()].concat();
    let places = directory(3);
    let first = [
        (0x00fe, 4, 1, 1),
        MAKE,
        (0x0112, 3, 1, orientation),
        // Two directories within, whose places are written where the fourth one would be.
        (0x014a, 4, 2, places),
        DNG_VERSION,
    ];
    let raw =
        [&[(0x00fe, 4, 1, 0), (0x0106, 3, 1, 32_803)][..], &strip(PICTURES + preview.len() as u32, 4_029, 7)]
            .concat();
    let shown = [&[(0x00fe, 4, 1, 1), (0x0106, 3, 1, 6)][..], &strip(PICTURES, preview.len(), 7)].concat();
    let mut file = tiff(magic, &[(&first, 0), (&raw, 0), (&shown, 0)], &data);
    for (at, place) in [(places, directory(1)), (places + 4, directory(2))] {
        let place = if magic.starts_with(b"II") { place.to_le_bytes() } else { place.to_be_bytes() };
        file[at as usize..at as usize + 4].copy_from_slice(&place);
    }
    file
}

fn nef(orientation: u32, preview: &[u8]) -> Vec<u8> {
    let first = [(0x00fe, 4, 1, 1), MAKE, (0x0112, 3, 1, orientation), (0x014a, 4, 1, directory(1))];
    let shown = [&[(0x00fe, 4, 1, 1), (0x0103, 3, 1, 6)][..], &linked(PICTURES, preview.len())].concat();
    tiff(b"MM\0*", &[(&first, 0), (&shown, 0)], preview)
}

fn cr2(preview: &[u8]) -> Vec<u8> {
    let thumbnail = jpeg(160, 120);
    let (second, third) =
        (PICTURES + preview.len() as u32, PICTURES + (preview.len() + thumbnail.len()) as u32);
    let first = [&strip(PICTURES, preview.len(), 6)[..], &[MAKE, (0x0112, 3, 1, 1)]].concat();
    let raw = strip(third, sensor().len(), 6);
    let directories: [(&[Entry], u32); 3] =
        [(&first, directory(1)), (&linked(second, thumbnail.len()), directory(2)), (&raw, 0)];
    tiff(b"II*\0", &directories, &[preview, &thumbnail, &sensor()].concat())
}

fn arw(preview: &[u8]) -> Vec<u8> {
    let first =
        [&[(0x0103, 3, 1, 6), MAKE, (0x014a, 4, 1, directory(1))][..], &linked(PICTURES, preview.len())]
            .concat();
    tiff(b"II*\0", &[(&first, 0), (&[(0x0103, 3, 1, 32_767)], 0)], preview)
}

fn pef(preview: &[u8]) -> Vec<u8> {
    let first = [(0x0103, 3, 1, 65_535), MAKE];
    let directories: [(&[Entry], u32); 3] =
        [(&first, directory(1)), (&[], directory(2)), (&linked(PICTURES, preview.len()), 0)];
    tiff(b"MM\0*", &directories, preview)
}

fn rw2(preview: &[u8]) -> Vec<u8> {
    tiff(b"IIU\0", &[(&[(0x002e, 7, preview.len() as u32, PICTURES)], 0)], preview)
}

fn raf(preview: &[u8]) -> Vec<u8> {
    let mut file = b"FUJIFILMCCD-RAW 0201FF393103X-T30".to_vec();
    file.resize(84, 0);
    file.extend([148_u32.to_be_bytes(), (preview.len() as u32).to_be_bytes()].concat());
    file.resize(148, 0);
    file.extend(preview);
    file.extend([0x77; 5_000]);
    file
}

fn boxed(kind: &[u8], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
}

const CANON: &[u8] = b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48";
const CANON_PREVIEW: &[u8] = b"\xea\xf4\x2b\x5e\x1c\x98\x4b\x88\xb9\xfb\xb7\xdc\x40\x6e\x4d\x16";

fn cr3(orientation: u32, preview: &[u8]) -> Vec<u8> {
    let about = tiff(b"II*\0", &[(&[(0x0112, 3, 1, orientation)], 0)], b"");
    let sizes = [&[0, 0, 0, 0, 0, 1][..], &[0; 6], &(preview.len() as u32).to_be_bytes()].concat();
    [
        boxed(b"ftyp", b"crx \0\0\0\x01crx isom"),
        boxed(b"moov", &boxed(b"uuid", &[CANON, &boxed(b"CMT1", &about)].concat())),
        boxed(
            b"uuid",
            &[CANON_PREVIEW, &[0, 0, 0, 0, 0, 0, 0, 1], &boxed(b"PRVW", &[&sizes, preview].concat())]
                .concat(),
        ),
        boxed(b"mdat", &sensor()),
    ]
    .concat()
}

/// With the picture of full size as a track, behind the sensor's.
fn cr3_track(preview: &[u8]) -> Vec<u8> {
    let track = |place: usize, length: usize| {
        let stsz = [&[0; 4][..], &(length as u32).to_be_bytes(), &1_u32.to_be_bytes()].concat();
        let co64 = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &(place as u64).to_be_bytes()].concat();
        let table = boxed(b"stbl", &[boxed(b"stsz", &stsz), boxed(b"co64", &co64)].concat());
        boxed(b"trak", &boxed(b"mdia", &boxed(b"minf", &table)))
    };
    let ftyp = boxed(b"ftyp", b"crx \0\0\0\x01crx isom");
    let moov = |at: usize| boxed(b"moov", &[track(at, 4_000), track(at + 4_000, preview.len())].concat());
    let at = ftyp.len() + moov(0).len() + 8;
    [ftyp, moov(at), boxed(b"mdat", &[&[0x55; 4_000][..], preview].concat())].concat()
}

fn open(file: &[u8]) -> Photo {
    decode(file, &DecodeLimits::default()).unwrap_or_else(|error| panic!("{error}: {:?}", error.detail()))
}

fn refused(file: &[u8]) -> DecodeError {
    let error = decode(file, &DecodeLimits::default()).expect_err("no photo in it");
    assert!(error.to_string().ends_with('.'), "{error}");
    error
}

/// The letters of the colours of the four quarters.
fn quarters(photo: &Photo) -> String {
    let (width, height) = (photo.width as usize, photo.height as usize);
    let places = [(0, 0), (1, 0), (0, 1), (1, 1)];
    let letter = |(x, y): (usize, usize)| {
        let at = ((height / 4 + y * height / 2) * width + width / 4 + x * width / 2) * 3;
        match photo.rgb[at..at + 3] {
            [r, g, b] if r > 150 && g > 150 && b > 150 => 'w',
            [r, g, b] if r > g && r > b => 'r',
            [_, g, b] if g > b => 'g',
            _ => 'b',
        }
    };
    places.into_iter().map(letter).collect()
}

#[test]
fn the_preview_of_every_makers_file_is_the_photo() {
    let preview = preview();
    let shown = open(&preview);
    for (name, file) in [
        ("DNG", dng(b"II*\0", 1, &preview)),
        ("DNG, big-endian", dng(b"MM\0*", 1, &preview)),
        ("NEF", nef(1, &preview)),
        ("CR2", cr2(&preview)),
        ("ARW", arw(&preview)),
        ("PEF", pef(&preview)),
        ("RW2", rw2(&preview)),
        ("RAF", raf(&preview)),
        ("CR3", cr3(1, &preview)),
        ("CR3, track", cr3_track(&preview)),
    ] {
        let photo = open(&file);
        assert_eq!((photo.width, photo.height, photo.format), (1_600, 1_200, Format::Raw), "{name}");
        assert!(photo.rgb == shown.rgb, "{name}");
    }
}

#[test]
fn a_preview_is_turned_as_it_says_or_else_as_its_file_says() {
    let preview = preview();
    for file in [dng(b"II*\0", 6, &preview), nef(6, &preview), cr3(6, &preview)] {
        let photo = open(&file);
        assert_eq!((photo.width, photo.height, quarters(&photo).as_str()), (1_200, 1_600, "brwg"));
    }
    assert_eq!(quarters(&open(&dng(b"MM\0*", 3, &preview))), "wbgr");
    // A preview with EXIF of its own, of which upright is a word too.
    for (own, wanted) in [(8, "gwrb"), (1, "rgbw")] {
        let mut said = b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        said.extend([own, 0, 0, 0, 0, 0, 0, 0]);
        let turned = [&preview[..2], &said, &preview[2..]].concat();
        assert_eq!(quarters(&open(&nef(6, &turned))), wanted, "own orientation {own}");
    }
}

#[test]
fn the_largest_preview_is_taken_and_thumbnails_are_none() {
    let (small, large) = (preview(), jpeg(2_000, 1_500));
    let first =
        [&[(0x0103, 3, 1, 6), MAKE, (0x014a, 4, 1, directory(1))][..], &linked(PICTURES, small.len())]
            .concat();
    let second = linked(PICTURES + small.len() as u32, large.len());
    let file = tiff(b"II*\0", &[(&first, 0), (&second, 0)], &[&small[..], &large].concat());
    assert_eq!(open(&file).width, 2_000);

    for file in [
        dng(b"II*\0", 1, &jpeg(1_499, 1_000)),
        nef(1, &jpeg(640, 480)),
        arw(&sensor()),
        raf(&jpeg(200, 100)),
        pef(b"no JPEG"),
        cr3(1, b""),
        rw2(b"\xff\xd8"),
        b"IIRO\x08\0\0\0\0\0\0\0\0\0".to_vec(),
    ] {
        let refusal = refused(&file);
        assert_eq!(refusal.code(), "unsupported_type");
        assert!(refusal.to_string().contains("export it as JPEG"), "{refusal}");
    }
    assert_eq!(open(&dng(b"II*\0", 1, &jpeg(1_000, 1_500))).height, 1_500);
}

#[test]
fn masks_and_the_sensors_own_pictures_are_never_taken_for_the_photo() {
    let preview = preview();
    let with = |what: &[Entry]| {
        let first = [DNG_VERSION, (0x014a, 4, 1, directory(1))];
        let other = [what, &strip(PICTURES, preview.len(), 7)].concat();
        tiff(b"II*\0", &[(&first, 0), (&other, 0)], &preview)
    };
    for what in [
        &[(0x00fe, 4, 1, 0), (0x0106, 3, 1, 32_803)],
        &[(0x00fe, 4, 1, 0), (0x0106, 3, 1, 34_892)],
        &[(0x00fe, 4, 1, 4), (0x0106, 3, 1, 4)],
        // Depth, and a mask of what is where.
        &[(0x00fe, 4, 1, 8), (0x0106, 3, 1, 51_177)],
        &[(0x00fe, 4, 1, 0x1_0004), (0x0106, 3, 1, 52_527)],
        // A piece whose tables are elsewhere.
        &[(0x0106, 3, 1, 6), (0x015b, 7, 500, 90)],
    ] {
        assert_eq!(refused(&with(what)).code(), "unsupported_type", "{what:?}");
    }
    assert_eq!(open(&with(&[(0x00fe, 4, 1, 1), (0x0106, 3, 1, 1)])).width, 1_600, "a preview in grey");
}

#[test]
fn a_file_that_was_cut_off_says_so_unless_the_preview_came() {
    let preview = preview();
    for (name, file, end) in [
        ("DNG", dng(b"II*\0", 1, &preview), PICTURES as usize + preview.len()),
        ("NEF", nef(1, &preview), PICTURES as usize + preview.len()),
        ("RAF", raf(&preview), 148 + preview.len()),
        ("CR3", cr3_track(&preview), cr3_track(&preview).len()),
    ] {
        for at in [40, 120, 600, 1_700, end / 2, end - 100] {
            assert_eq!(refused(&file[..at]).code(), "truncated_image", "{name} at {at}");
        }
        assert_eq!(open(&file[..end]).width, 1_600, "{name}");
    }
}

#[test]
fn files_that_mean_harm_end_at_once() {
    let preview = preview();
    // Directories in a circle, and one that has all others within it.
    let circle = tiff(b"II*\0", &[(&[DNG_VERSION, (0x014a, 4, 1, 8)], directory(1)), (&[], 8)], &preview);
    assert_eq!(refused(&circle).code(), "unsupported_type");
    let countless =
        tiff(b"II*\0", &[(&[DNG_VERSION, (0x014a, 4, u32::MAX, PICTURES)], 0)], &[0x10; 2_000_000]);
    assert_eq!(refused(&countless).code(), "truncated_image");
    // Pictures behind the end, at the end of the address space, and of no length.
    for (offset, length) in [(u32::MAX, u32::MAX), (u32::MAX - 1, 5), (0, 0), (PICTURES, 0), (0, u32::MAX)] {
        let first = [DNG_VERSION, (0x0201, 4, 1, offset), (0x0202, 4, 1, length)];
        let code = refused(&tiff(b"MM\0*", &[(&first, 0)], b"")).code();
        assert!(["truncated_image", "unsupported_type"].contains(&code), "{code}");
    }
    // A preview that claims to be huge, alone and beside an honest one.
    let mut bomb = preview.clone();
    let frame = bomb.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame header");
    bomb[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    assert_eq!(refused(&nef(1, &bomb)).code(), "too_many_pixels");
    let first = [&[(0x0103, 3, 1, 6), MAKE, (0x014a, 4, 1, directory(1))][..], &linked(PICTURES, bomb.len())]
        .concat();
    let second = linked(PICTURES + bomb.len() as u32, preview.len());
    let both = tiff(b"II*\0", &[(&first, 0), (&second, 0)], &[&bomb[..], &preview].concat());
    assert_eq!(open(&both).width, 1_600);
    // Boxes within boxes, and boxes of no size.
    let deep = (0..100_000).fold(Vec::new(), |mut inner: Vec<u8>, n| {
        if n < 1_000 {
            inner = boxed(b"moov", &inner)
        }
        inner
    });
    let deep = [boxed(b"ftyp", b"crx \0\0\0\x01crx isom"), deep].concat();
    assert_eq!(refused(&deep).code(), "unsupported_type");
    let zero =
        [boxed(b"ftyp", b"crx \0\0\0\x01crx isom"), b"\0\0\0\x04moov".to_vec(), vec![0; 1_000]].concat();
    assert_eq!(refused(&zero).code(), "unsupported_type");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_anywhere_ends_as_a_photo_or_a_refusal(
        which in 0_usize..6,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        length in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let small = jpeg(40, 30);
        let mut file = match which {
            0 => dng(b"II*\0", 6, &small),
            1 => nef(3, &small),
            2 => cr2(&small),
            3 => raf(&small),
            4 => cr3(8, &small),
            _ => cr3_track(&small),
        };
        for (at, byte) in damage {
            let at = at.index(file.len().min(2_000));
            file[at] = byte;
        }
        let kept = if whole { file.len() } else { length.index(file.len()) };
        if let Err(error) = decode(&file[..kept], &DecodeLimits::default()) {
            prop_assert!(error.to_string().ends_with('.'));
        }
    }
}

//! What the API relies on when bytes stream past: one answer however they are cut, early refusals, and no photo
//! accepted of which a part is missing. The files are made here, byte by byte.

use headshot_core::upload::{FileKind, Format, Inspected, Inspector, Limits, Refusal, inspect};
use proptest::prelude::*;

const LIMITS: Limits =
    Limits { bytes: 2_000_000, pixels: 100_000_000, long_edge: 20_000, min_short_edge: 64 };

#[test]
fn each_format_is_known_by_its_bytes_and_measured() {
    for (file, format) in good_files() {
        let expected = Inspected { format, bytes: file.len() as u64, width: 640, height: 480 };
        assert_eq!(inspect(&file, LIMITS), Ok(expected), "{format:?}");
    }
}

#[test]
fn bytes_behind_the_picture_do_no_harm() {
    for (mut file, format) in good_files() {
        file.extend_from_slice(b"MotionPhoto_Data and a whole video behind it");
        let inspected = inspect(&file, LIMITS).unwrap_or_else(|refusal| panic!("{format:?}: {refusal}"));
        assert_eq!(inspected.bytes, file.len() as u64);
    }
}

#[test]
fn a_photo_that_stops_within_its_picture_is_refused_where_the_bytes_tell() {
    for (file, format) in good_files() {
        // Behind the first scan of a JPEG only the decoder can tell how far the picture reaches.
        let scan = file.windows(2).position(|marker| marker == [0xff, 0xda]);
        let end = match format {
            Format::Jpeg => scan.expect("a scan") + 4,
            // Two checksums and the end chunk behind the data.
            Format::Png => file.len() - 12 - 8,
            _ => file.len(),
        };
        for length in 0..end {
            let refusal = inspect(&file[..length], LIMITS).expect_err("a part is missing");
            if length > 80 {
                assert_eq!(refusal, Refusal::Truncated { format }, "after {length} of {} bytes", file.len());
            }
        }
        for length in end..file.len() {
            assert!(
                inspect(&file[..length], LIMITS).is_ok(),
                "{format:?} after {length} of {} bytes",
                file.len()
            );
        }
    }
}

#[test]
fn zeros_in_the_place_of_a_pictures_data_are_noticed() {
    let lossy = |data: &[u8]| {
        let mut file = webp(640, 480)[..30].to_vec();
        file[16..20].copy_from_slice(&(data.len() as u32 + 10).to_le_bytes());
        file.extend(data);
        file
    };
    let lost = Err(Refusal::Truncated { format: Format::WebP });
    let (whole, filled) = (vec![9; 5_000], [vec![9; 2_000], vec![0; 1_000]].concat());
    assert!(inspect(&lossy(&whole), LIMITS).is_ok());
    assert_eq!(inspect(&lossy(&filled), LIMITS), lost);
    let behind = [lossy(&whole), vec![0; 1_000]].concat();
    assert!(inspect(&behind, LIMITS).is_ok(), "behind the picture they are padding");

    // An animation's first frame, with its alpha as it is: much of that is zero.
    let frame = |data: &[u8]| {
        let picture = lossy(data)[12..].to_vec();
        let alpha = [b"ALPH", &1_000_u32.to_le_bytes()[..], &[0; 1_000]].concat();
        let frame = [&[0; 16], &alpha[..], &picture].concat();
        let canvas =
            [&[0x12, 0, 0, 0][..], &639_u32.to_le_bytes()[..3], &479_u32.to_le_bytes()[..3]].concat();
        let chunk = |kind: &[u8], body: &[u8]| [kind, &(body.len() as u32).to_le_bytes(), body].concat();
        [b"RIFF\0\0\0\0WEBP", &chunk(b"VP8X", &canvas)[..], &chunk(b"ANMF", &frame)].concat()
    };
    assert!(inspect(&frame(&whole), LIMITS).is_ok());
    assert_eq!(inspect(&frame(&filled), LIMITS), lost);
}

#[test]
fn zeros_that_encoders_write_do_no_harm() {
    // Lossy and lossless pictures of one colour have many within, lossless ones also at the end.
    for (kind, data) in [
        (b"VP8 ", [vec![9; 2_000], vec![0; 1_000], vec![9; 2_000]].concat()),
        (b"VP8L", [vec![9; 2_000], vec![0; 100_000]].concat()),
    ] {
        let mut file = webp(640, 480)[..30].to_vec();
        file[12..16].copy_from_slice(kind);
        file[16..20].copy_from_slice(&(data.len() as u32 + 10).to_le_bytes());
        if kind == b"VP8L" {
            file[20..25].copy_from_slice(&[0x2f, 0x7f, 0xc2, 0x77, 0]);
        }
        file.extend(data);
        assert!(inspect(&file, LIMITS).is_ok(), "{kind:?}");
    }
}

#[test]
fn of_a_heif_picture_only_its_own_data_is_searched_for_zeros() {
    // Two parts of one item; between them lies something else.
    let file = |parts: [u8; 2], between: u8| {
        let mut file = heif(&[], &[(640, 480)], b"heic");
        let at = file.windows(4).position(|name| name == b"iloc").expect("a location") + 4;
        let data = file.len() as u32 - 200;
        let mut extents = vec![0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 2];
        for offset in [data + 16, data + 16 + 2_000] {
            extents.extend([offset.to_be_bytes(), 1_000_u32.to_be_bytes()].concat());
        }
        let grown = extents.len() as u32 - 22;
        for name in [b"iloc", b"meta"] {
            let size = file.windows(4).position(|other| other == name).expect("a box") - 4;
            let old = u32::from_be_bytes(*file[size..].first_chunk().expect("a size"));
            file[size..size + 4].copy_from_slice(&(old + grown).to_be_bytes());
        }
        file.splice(at..at + 22, extents);
        file.truncate(file.len() - 200);
        file.extend([3; 8]);
        for fill in [parts[0], between, parts[1]] {
            file.extend([fill; 1_000]);
        }
        file
    };
    assert!(inspect(&file([3, 3], 0), LIMITS).is_ok());
    for parts in [[0, 3], [3, 0]] {
        assert_eq!(inspect(&file(parts, 3), LIMITS), Err(Refusal::Truncated { format: Format::Heif }));
    }
}

#[test]
fn a_heif_file_without_a_picture_is_not_asked_for_again() {
    let ftyp = boxed(b"ftyp", b"msf1\0\0\0\0msf1hevc");
    let unreadable = Err(Refusal::Unreadable { format: Format::Heif });
    let whole = [ftyp.clone(), boxed(b"moov", &[1; 300]), boxed(b"mdat", &[3; 300])].concat();
    assert_eq!(inspect(&whole, LIMITS), unreadable);
    // A box without a size reaches to the end of the file.
    let open = [&ftyp[..], &boxed(b"moov", &[1; 300]), b"\0\0\0\0mdat", &[3; 300]].concat();
    assert_eq!(inspect(&open, LIMITS), unreadable);
    let cut = &whole[..whole.len() - 100];
    assert_eq!(inspect(cut, LIMITS), Err(Refusal::Truncated { format: Format::Heif }));
}

#[test]
fn what_is_no_part_of_the_picture_is_not_waited_for() {
    // A trailer in the place of the end marker, a second item (a gain map, a thumbnail) behind the picture, a chunk
    // of metadata that was cut.
    let jpeg = jpeg(640, 480);
    let trailer = [&jpeg[..jpeg.len() - 2], b"\xff\xfc\0\0SEFT and a video"].concat();
    assert!(inspect(&trailer, LIMITS).is_ok());
    let png = [&png(640, 480, 300)[..8 + 25 + 12 + 300], b"\0\0\0\x04\x01\x02\x03\x04junk"].concat();
    assert!(inspect(&png, LIMITS).is_ok());
    let webp = [&webp(640, 480)[..], b"EXIF\xff\xff\0\0II"].concat();
    assert!(inspect(&webp, LIMITS).is_ok());
}

#[test]
fn other_files_are_named_to_the_customer_who_learns_what_to_do() {
    let mut gif = b"GIF89a".to_vec();
    gif.resize(500, 7);
    let cases: &[(&[u8], FileKind, &str)] = &[
        (&gif, FileKind::Gif, "a GIF"),
        (b"BM\x46\0\0\0", FileKind::Bmp, "save it as JPEG"),
        (&scan(b"II*\0", 8), FileKind::Tiff, "a TIFF picture"),
        (&scan(b"MM\0*", 4_000), FileKind::Tiff, "save it as JPEG"),
        (b"%PDF-1.7\n", FileKind::Pdf, "save it from the document"),
        (b"<!DOCTYPE html><html>", FileKind::WebPage, "a web page"),
        (b"<?xml version=\"1.0\"?><plist>", FileKind::Xml, "lies beside it"),
        (b"Dear photo studio,\n", FileKind::Text, "a text file"),
        (
            b"\xef\xbb\xbf\n <?xml version=\"1.0\"?>\n<!-- Made by hand -->\n<svg>",
            FileKind::Svg,
            "an SVG drawing",
        ),
        (b"<!-- saved -->\r\n<HTML lang=en>", FileKind::WebPage, "a web page"),
        (b"\r\n%PDF-1.4\n\xe2\xe3\x01", FileKind::Pdf, "save it from the document"),
        (
            b"--XB\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\xff\xd8",
            FileKind::Form,
            "multipart/form-data",
        ),
        (b"\0\0\0\x18ftypcaqv\0\0\0\0caqvqt  ", FileKind::Video, "a still of the video"),
        (b"\0\0\0\x08free\0\0\x10\0mdat", FileKind::Video, "a still of the video"),
        (
            &[&[0x47, 0x40], &[9u8; 186][..], &[0x47, 0x41, 9]].concat(),
            FileKind::Video,
            "a still of the video",
        ),
        (
            &[&[0, 0, 0, 1, 0x47, 0x40], &[9u8; 190][..], &[0x47]].concat(),
            FileKind::Video,
            "a still of the video",
        ),
        (&[&[1u8; 257][..], b"ustar\x0000"].concat(), FileKind::Archive, "unpack it"),
        (b"\xfd7zXZ\0\0\x04", FileKind::Archive, "unpack it"),
        (b"PK\x05\x06\0\0", FileKind::Zip, "an office document"),
        (b"\xc5\xd0\xd3\xc6\x20\0", FileKind::PostScript, "save it as JPEG"),
        (b"\xff\xfb\x90\x64", FileKind::Sound, "a sound file"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", FileKind::Video, "a still of the video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", FileKind::Video, "a still of the video"),
        (b"\0\0\0\x14ftyp3gp5\0\0\0\x003gp5", FileKind::Video, "a still of the video"),
        (b"\0\0\0\x08wide\0\0\x10\0mdat", FileKind::Video, "a still of the video"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0", FileKind::Video, "a still of the video"),
        (b"RIFF\x10\0\0\0AVI LIST", FileKind::Video, "a still of the video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", FileKind::JpegXl, "save it as JPEG"),
        (b"\xff\x0a\xfa\x1f", FileKind::JpegXl, "save it as JPEG"),
        (b"FOVb\0\0\x02\0", FileKind::OtherRaw, "export it as JPEG"),
        (&zip("IMG_4711.HEIC"), FileKind::PackedPhoto, "Live switched off"),
        (&zip("5003762E-9D3B-4A6F-8E0A-1C6F6F6C2B1A.MOV"), FileKind::PackedPhoto, "unpack the file"),
        (&zip("IMG_4711.pvt/"), FileKind::PackedPhoto, "Live Photo"),
        (&zip("word/document.xml"), FileKind::Zip, "an office document"),
        (b"PK\x03\x04\x14\0", FileKind::Zip, "an office document"),
        (b"bplist00\xd4", FileKind::PropertyList, "download it to your device"),
        (b"\0\x05\x16\x07\0\x02\0\0Mac OS X", FileKind::AppleDouble, "lies beside it"),
    ];
    for (bytes, kind, words) in cases {
        let refusal = inspect(bytes, LIMITS).expect_err(kind.name());
        assert_eq!(refusal, Refusal::UnsupportedType { found: Some(*kind) });
        let sentence = refusal.to_string();
        assert!(sentence.starts_with("The file is ") && sentence.contains(words), "{sentence}");
        assert!(sentence.ends_with('.') && sentence.contains(". "), "{sentence}");
        assert_eq!(refusal.code(), "unsupported_type");
        let every_byte: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(in_chunks(bytes, &every_byte), Err(refusal));
    }
    assert_eq!(inspect(&[1, 2, 3, 250, 0], LIMITS), Err(Refusal::UnsupportedType { found: None }));
    assert_eq!(inspect(b"", LIMITS), Err(Refusal::Empty));
}

#[test]
fn camera_raw_files_are_known_by_what_only_cameras_write() {
    let (make, more_pictures) = ((0x010f, 2, 6, 200), (0x014a, 4, 1, 300));
    let dng = (0xc612, 1, 4, 0x0104);
    let files: &[Vec<u8>] = &[
        tiff(b"II*\0", 8, &[dng]),
        tiff(b"MM\0*", 8, &[make, dng]),
        tiff(b"II*\0", 8, &[make, more_pictures]),
        // A directory at the end, as some programs write it.
        tiff(b"II*\0", 30_000, &[make, more_pictures]),
        tiff(b"II*\0", 8, &[(0x0103, 3, 1, 6), make]),
        tiff(b"II*\0", 8, &[(0x0106, 3, 1, 32_803)]),
        [b"IIRO", &[8; 30][..]].concat(),
        [b"IIU\0", &[8; 30][..]].concat(),
        [&b"FUJIFILMCCD-RAW 0201"[..], &[0; 100]].concat(),
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom".to_vec(),
    ];
    for file in files {
        let expected = Inspected { format: Format::Raw, bytes: file.len() as u64, width: 0, height: 0 };
        assert_eq!(inspect(file, LIMITS), Ok(expected), "{:?}", &file[..20]);
        let every_byte: Vec<usize> = (0..file.len()).collect();
        assert_eq!(in_chunks(file, &every_byte), Ok(expected));
    }
    for file in [
        tiff(b"II*\0", 8, &[]),
        // Scanners have makers.
        tiff(b"II*\0", 8, &[make, (0x0103, 3, 1, 5)]),
        tiff(b"II*\0", 8, &[(0x0103, 3, 1, 6)]),
        tiff(b"MM\0*", 8, &[more_pictures]),
        // The first directory inside the header, and one of countless entries.
        b"II*\0\x04\0\0\0\x04\0".to_vec(),
        b"II*\0\x08\0\0\0\xff\xff".to_vec(),
    ] {
        assert_eq!(inspect(&file, LIMITS), Err(Refusal::UnsupportedType { found: Some(FileKind::Tiff) }));
    }
    let cut = &tiff(b"II*\0", 30_000, &[dng])[..20_000];
    assert_eq!(inspect(cut, LIMITS), Err(Refusal::Truncated { format: Format::Raw }));
}

#[test]
fn a_small_file_that_claims_a_huge_picture_is_refused_by_its_header() {
    let bomb = png(13_300, 13_300, 21_000);
    let mut inspector = Inspector::new(Limits::default());
    let refusal = inspector.push(&bomb[..24]).expect_err("the header is enough");
    assert_eq!(refusal.code(), "too_many_pixels");
    assert!(refusal.to_string().contains("13300 × 13300"), "{refusal}");
    assert_eq!(inspector.push(&bomb[24..]), Err(refusal), "a refusal is final");
    assert_eq!(inspector.finish(), Err(refusal));
}

#[test]
fn shape_is_judged_and_panoramas_pass() {
    let size =
        |width, height| inspect(&png(width, height, 100), Limits::default()).map(|ok| (ok.width, ok.height));
    assert_eq!(size(16_000, 600), Ok((16_000, 600)));
    assert_eq!(size(20_000, 5).expect_err("a line").code(), "bad_shape");
    assert_eq!(size(32, 32).expect_err("an icon").code(), "bad_shape");
    assert_eq!(size(25_000, 600).expect_err("too long").code(), "bad_shape");
    assert_eq!(size(0, 600).expect_err("nothing").code(), "undecodable_image");
}

#[test]
fn too_many_bytes_are_refused_at_the_byte_that_is_too_many() {
    let limits = Limits { bytes: 1_000, ..LIMITS };
    let mut file = png(640, 480, 1_000);
    let mut inspector = Inspector::new(limits);
    assert_eq!(inspector.push(&file[..1_000]), Ok(()));
    assert_eq!(inspector.push(&file[1_000..1_001]), Err(Refusal::TooLarge { limit_bytes: 1_000 }));
    file.truncate(1_000);
    assert_eq!(inspect(&file, limits), Err(Refusal::Truncated { format: Format::Png }));
}

#[test]
fn a_frame_header_behind_half_a_megabyte_of_metadata_is_found() {
    let mut file = jpeg(640, 480);
    for _ in 0..8 {
        let mut segment = vec![0xff, 0xe2, 0xff, 0xff];
        segment.resize(2 + 0xffff, 0xff);
        file.splice(2..2, segment);
    }
    assert!(file.len() > 500_000);
    let inspected = inspect(&file, LIMITS).expect("a photo with a lot of metadata");
    assert_eq!((inspected.width, inspected.height), (640, 480));
}

#[test]
fn a_grid_of_countless_tiles_is_refused() {
    // 65,535 tiles, each the same picture of 8,192 × 8,192: hours of decoding in 132 KB.
    let mut tiles = 1_u16.to_be_bytes().to_vec();
    tiles.extend(u16::MAX.to_be_bytes());
    tiles.extend([0, 2].repeat(usize::from(u16::MAX)));
    let file = heif(&[full_box(b"iref", 0, &boxed(b"dimg", &tiles))], &[(640, 480), (8_192, 8_192)], b"heic");
    assert_eq!(inspect(&file, LIMITS), Err(Refusal::Unreadable { format: Format::Heif }));
    // A real grid: twelve tiles of 256 × 256 hold 640 × 480.
    let mut tiles = vec![0, 1, 0, 12];
    tiles.extend([0, 2].repeat(12));
    let file = heif(&[full_box(b"iref", 0, &boxed(b"dimg", &tiles))], &[(640, 480), (256, 256)], b"heic");
    assert!(inspect(&file, LIMITS).is_ok());
    // An item that is made from itself.
    let file = heif(&[full_box(b"iref", 0, &boxed(b"dimg", &[0, 1, 0, 1, 0, 1]))], &[(640, 480)], b"heic");
    assert_eq!(inspect(&file, LIMITS), Err(Refusal::Unreadable { format: Format::Heif }));
}

#[test]
fn a_raw_file_that_is_too_large_is_told_of_its_jpeg() {
    let mut file = tiff(b"II*\0", 8, &[(0xc612, 1, 4, 1)]);
    file.resize(2_000_001, 0);
    let refusal = inspect(&file, LIMITS).expect_err("too large");
    assert_eq!(refusal.code(), "upload_too_large");
    assert!(refusal.to_string().contains("of a camera raw file, the JPEG"), "{refusal}");
}

proptest! {
    #[test]
    fn any_cut_into_chunks_gives_the_same_answer(
        which in 0_usize..7,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut file = files().swap_remove(which).0;
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let whole = inspect(&file, LIMITS);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(file.len())).collect();
        cuts.sort_unstable();
        prop_assert_eq!(in_chunks(&file, &cuts), whole);
        let every_byte: Vec<usize> = (0..file.len()).collect();
        prop_assert_eq!(in_chunks(&file, &every_byte), whole);
    }

    #[test]
    fn random_bytes_never_panic(which in 0_usize..8, mut bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        // Behind a good beginning they reach further.
        if which < 7 {
            let file = files().swap_remove(which).0;
            let kept = file.len() * bytes.first().copied().map_or(0, usize::from) / 255;
            bytes.splice(..0, file[..kept].iter().copied());
        }
        _ = inspect(&bytes, LIMITS);
    }
}

fn in_chunks(file: &[u8], cuts: &[usize]) -> Result<Inspected, Refusal> {
    let mut inspector = Inspector::new(LIMITS);
    let mut from = 0;
    for cut in cuts.iter().copied().chain([file.len()]) {
        inspector.push(&file[from..cut])?;
        from = cut;
    }
    inspector.finish()
}

fn good_files() -> Vec<(Vec<u8>, Format)> {
    vec![
        (jpeg(640, 480), Format::Jpeg),
        (png(640, 480, 300), Format::Png),
        (webp(640, 480), Format::WebP),
        (heif(&[], &[(640, 480)], b"heic"), Format::Heif),
        (heif(&[], &[(640, 480)], b"avif"), Format::Avif),
        // The size is the primary item's, not the thumbnail's or the first one's.
        (heif(&[], &[(640, 480), (160, 120)], b"mif1"), Format::Heif),
    ]
}

/// The same, and a raw file, whose picture is nobody's business here.
fn files() -> Vec<(Vec<u8>, Format)> {
    let raw = tiff(b"II*\0", 200, &[(0x010f, 2, 6, 20), (0x014a, 4, 1, 300)]);
    good_files().into_iter().chain([(raw, Format::Raw)]).collect()
}

/// A TIFF whose directory, of tag, type, count and value, begins at this place.
fn tiff(magic: &[u8], directory: usize, entries: &[(u16, u16, u32, u32)]) -> Vec<u8> {
    let little = magic.starts_with(b"II");
    let bytes = |value: u32, length: usize| match little {
        true => value.to_le_bytes()[..length].to_vec(),
        false => value.to_be_bytes()[4 - length..].to_vec(),
    };
    let mut file = [magic, &bytes(directory as u32, 4)].concat();
    file.resize(directory, 0);
    file.extend(bytes(entries.len() as u32, 2));
    for (tag, kind, count, value) in entries {
        file.extend([bytes((*tag).into(), 2), bytes((*kind).into(), 2), bytes(*count, 4)].concat());
        // A short stands at the left of its four bytes.
        let value = if *kind == 3 { [bytes(*value, 2), vec![0; 2]].concat() } else { bytes(*value, 4) };
        file.extend(value);
    }
    file.extend([0; 100]);
    file
}

/// A TIFF as a scanner writes it.
fn scan(magic: &[u8], directory: usize) -> Vec<u8> {
    tiff(magic, directory, &[(0x0100, 3, 1, 640), (0x0103, 3, 1, 5), (0x010f, 2, 6, 200), (0x0106, 3, 1, 2)])
}

/// The beginning of an archive of one file.
fn zip(name: &str) -> Vec<u8> {
    let mut file = b"PK\x03\x04\x14\0".to_vec();
    file.resize(26, 0);
    file.extend((name.len() as u16).to_le_bytes());
    file.extend([0, 0]);
    file.extend(name.as_bytes());
    file.extend([9; 100]);
    file
}

/// Markers as a camera writes them; nobody decodes the data.
fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    file.extend(b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    // A thumbnail with an end marker of its own inside a segment.
    file.extend(b"\xff\xe1\0\x0eExif\0\0\xff\xd8\xff\xd9\0\0");
    file.extend(b"\xff\xc2\0\x0b\x08");
    file.extend(height.to_be_bytes());
    file.extend(width.to_be_bytes());
    file.extend(b"\x01\x01\x11\0");
    for _ in 0..2 {
        // Fill bytes before a marker, then a scan with stuffing and a restart marker in it.
        file.extend(b"\xff\xff\xff\xc4\0\x05\0\0\0\xff\xda\0\x08\x01\x01\0\0\x3f\0");
        file.extend([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56].repeat(20));
    }
    file.extend(b"\xff\xd9");
    file
}

fn png(width: u32, height: u32, data: usize) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], body: &[u8]| {
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(kind);
        file.extend(body);
        file.extend([0; 4]);
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    chunk(b"IHDR", &header);
    chunk(b"IDAT", &vec![5; data]);
    chunk(b"IEND", &[]);
    file
}

fn webp(width: u16, height: u16) -> Vec<u8> {
    let mut data = vec![0, 0, 0, 0x9d, 0x01, 0x2a];
    data.extend(width.to_le_bytes());
    data.extend(height.to_le_bytes());
    data.resize(200, 9);
    let mut file = b"RIFF".to_vec();
    file.extend((data.len() as u32 + 12).to_le_bytes());
    file.extend(b"WEBPVP8 ");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

/// Items 1, 2, … of these sizes; the first is the primary one. Its data comes last.
fn heif(more: &[Vec<u8>], sizes: &[(u32, u32)], brand: &[u8]) -> Vec<u8> {
    let mut properties = boxed(b"hvcC", &[1, 2, 3]);
    let mut associations = (sizes.len() as u32).to_be_bytes().to_vec();
    for (index, (width, height)) in sizes.iter().enumerate() {
        properties.extend(full_box(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat()));
        associations.extend([0, index as u8 + 1, 2, 0x81, index as u8 + 2]);
    }
    let properties = [boxed(b"ipco", &properties), full_box(b"ipma", 0, &associations)].concat();
    let ftyp = boxed(b"ftyp", &[brand, b"\0\0\0\0", brand, b"mif1"].concat());
    let data = vec![3; 200];
    let meta = |offset: u32| {
        let location = [
            &[0x44, 0x00, 0, 1, 0, 1, 0, 0, 0, 1][..],
            &offset.to_be_bytes(),
            &(data.len() as u32).to_be_bytes(),
        ]
        .concat();
        let children = [
            full_box(b"pitm", 0, &[0, 1]),
            full_box(b"iloc", 0, &location),
            boxed(b"iprp", &properties),
            more.concat(),
        ];
        full_box(b"meta", 0, &children.concat())
    };
    let offset = ftyp.len() + meta(0).len() + 8;
    [ftyp, meta(offset as u32), boxed(b"mdat", &data)].concat()
}

fn boxed(kind: &[u8], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
}

fn full_box(kind: &[u8], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], content].concat())
}

//! JPEGs as encoders other than a phone's write them, and with parts of their data lost. Drawn here, block by block.

use headshot_pipeline::decode::{Damage, DecodeLimits, Photo, decode};

/// Blocks of 8 × 8 pixels across and down. Divisible by every sampling factor used here.
const BLOCKS: u32 = 8;
const SIDE: u32 = BLOCKS * 8;

/// A picture whose halves differ: dark above, light below, with a change of colour from left to right.
fn sample(component: usize, x: f32, y: f32) -> u8 {
    match component {
        0 => {
            if y < 0.5 {
                60
            } else {
                200
            }
        }
        1 => {
            if x < 0.5 {
                100
            } else {
                150
            }
        }
        _ => {
            if x + y < 1.0 {
                110
            } else {
                140
            }
        }
    }
}

/// How a picture is written.
#[derive(Clone, Default)]
struct Layout {
    /// Sampling factors of Y, Cb, Cr.
    sampling: [(u32, u32); 3],
    /// The components of each scan.
    scans: Vec<Vec<usize>>,
    /// Units between restart markers; 0: none.
    restart: u16,
}

impl Layout {
    fn one_scan(sampling: [(u32, u32); 3]) -> Self {
        Self { sampling, scans: vec![vec![0, 1, 2]], restart: 0 }
    }

    fn file(&self) -> Vec<u8> {
        self.file_with(|_, data| data)
    }

    /// `spoil` gets each scan's coded data with its restart markers, in order.
    fn file_with(&self, spoil: impl Fn(usize, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8];
        file.extend(b"\xff\xdb\0\x43\0");
        file.extend([1; 64]);
        file.extend(b"\xff\xc0\0\x11\x08");
        file.extend((SIDE as u16).to_be_bytes());
        file.extend((SIDE as u16).to_be_bytes());
        file.push(3);
        for (id, (across, down)) in (1..).zip(self.sampling) {
            file.extend([id, (across << 4 | down) as u8, 0]);
        }
        // Twelve codes of four bits for the DC categories 0 to 11; one code of one bit for "no AC coefficients".
        file.extend(b"\xff\xc4\0\x1f\0\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0");
        file.extend(0..12);
        file.extend(b"\xff\xc4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        if self.restart > 0 {
            file.extend(b"\xff\xdd\0\x04");
            file.extend(self.restart.to_be_bytes());
        }
        for (number, scan) in self.scans.iter().enumerate() {
            file.extend([0xff, 0xda, 0, 6 + 2 * scan.len() as u8, scan.len() as u8]);
            scan.iter().for_each(|component| file.extend([*component as u8 + 1, 0]));
            file.extend([0, 63, 0]);
            file.extend(spoil(number, self.scan(scan)));
        }
        file.extend([0xff, 0xd9]);
        file
    }

    fn scan(&self, components: &[usize]) -> Vec<u8> {
        let most = |f: fn(&(u32, u32)) -> u32| self.sampling.iter().map(f).max().unwrap_or(1);
        let (across, down) = (most(|s| s.0), most(|s| s.1));
        let mut data = Vec::new();
        let mut bits = String::new();
        let mut last = [0; 3];
        let unit = |component: usize| match components {
            [_] => (1, 1),
            _ => self.sampling[component],
        };
        // Blocks of a component across and down the picture.
        let blocks = |component: usize| {
            let (h, v) = self.sampling[component];
            ((SIDE * h).div_ceil(across * 8), (SIDE * v).div_ceil(down * 8))
        };
        let first = components[0];
        let units = (blocks(first).0.div_ceil(unit(first).0), blocks(first).1.div_ceil(unit(first).1));
        for index in 0..units.0 * units.1 {
            if self.restart > 0 && index > 0 && index.is_multiple_of(self.restart.into()) {
                data.extend(packed(&std::mem::take(&mut bits)));
                data.extend([0xff, 0xd0 + ((index / u32::from(self.restart) - 1) % 8) as u8]);
                last = [0; 3];
            }
            for component in components {
                let (h, v) = unit(*component);
                for block in 0..h * v {
                    let (x, y) = (index % units.0 * h + block % h, index / units.0 * v + block / h);
                    let size = blocks(*component);
                    let place = |at: u32, n: u32| (at as f32 + 0.5) / n as f32;
                    let value = sample(*component, place(x, size.0), place(y, size.1));
                    let dc = (i32::from(value) - 128) * 8;
                    push(&mut bits, dc - last[*component]);
                    last[*component] = dc;
                }
            }
        }
        data.extend(packed(&bits));
        data
    }
}

/// One block of one colour: the difference of its mean, and the code for nothing more.
fn push(bits: &mut String, difference: i32) {
    let category = (32 - difference.unsigned_abs().leading_zeros()) as usize;
    bits.push_str(&format!("{category:04b}"));
    if category > 0 {
        // Negative differences are stored one less, without their sign.
        let value = if difference < 0 { difference + (1 << category) - 1 } else { difference };
        bits.push_str(&format!("{value:0category$b}"));
    }
    bits.push('0');
}

/// Bits in bytes, the last filled with ones; 0xff is followed by a zero.
fn packed(bits: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for byte in bits.as_bytes().chunks(8) {
        let byte = (0..8).fold(0, |number, at| number << 1 | u8::from(byte.get(at) != Some(&b'0')));
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(0);
        }
    }
    bytes
}

fn open(file: &[u8]) -> Photo {
    decode(file, &DecodeLimits::default()).unwrap_or_else(|error| panic!("{error} {:?}", error.detail()))
}

fn code(file: &[u8]) -> &'static str {
    match decode(file, &DecodeLimits::default()) {
        Ok(photo) => panic!("{photo:?}"),
        Err(error) => error.code(),
    }
}

#[test]
fn every_arrangement_of_scans_and_samples_is_the_same_picture() {
    let plain = open(&Layout::one_scan([(1, 1); 3]).file());
    assert!(plain.damage.is_empty());
    for sampling in [
        [(1, 1), (1, 1), (1, 1)],
        [(2, 2), (1, 1), (1, 1)],
        [(2, 1), (1, 1), (1, 1)],
        [(1, 2), (1, 1), (1, 1)],
        [(4, 1), (1, 1), (1, 1)],
        // Chroma finer than luma, in one direction, in both, and crosswise.
        [(1, 1), (2, 1), (2, 1)],
        [(1, 1), (2, 2), (1, 1)],
        [(2, 1), (1, 2), (1, 1)],
        [(2, 2), (2, 1), (1, 2)],
    ] {
        for scans in [vec![vec![0, 1, 2]], vec![vec![0], vec![1], vec![2]], vec![vec![0], vec![1, 2]]] {
            for restart in [0, 3] {
                let layout = Layout { sampling, scans: scans.clone(), restart };
                let photo = open(&layout.file());
                // Chroma is interpolated at the seam of the colours only.
                let off = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 3;
                let differ = photo.rgb.iter().zip(&plain.rgb).filter(|pair| off(*pair)).count();
                assert!(differ * 8 < plain.rgb.len(), "{sampling:?} {scans:?} {restart}: {differ}");
                assert!(photo.damage.is_empty());
            }
        }
    }
}

#[test]
fn an_end_marker_that_is_missing_or_half_there_is_not_missed() {
    let file = Layout::one_scan([(2, 2), (1, 1), (1, 1)]).file();
    let whole = open(&file);
    let body = &file[..file.len() - 2];
    for end in [&b""[..], b"\xff", b"\xff\xfc\0\x08SEFT and a video", b"\xff\xd8\xff\xe0\0\x04ab\xff\xda"] {
        assert_eq!(open(&[body, end].concat()).rgb, whole.rgb, "{end:?}");
    }
}

#[test]
fn a_picture_that_breaks_off_is_refused_however_it_ends() {
    for layout in [
        Layout::one_scan([(2, 2), (1, 1), (1, 1)]),
        Layout { sampling: [(1, 1); 3], scans: vec![vec![0], vec![1], vec![2]], restart: 0 },
        Layout { restart: 4, ..Layout::one_scan([(1, 1); 3]) },
    ] {
        let last = layout.scans.len() - 1;
        let half = |data: &[u8]| data[..data.len() / 2].to_vec();
        let closed_early = layout.file_with(|scan, data| if scan == last { half(&data) } else { data });
        assert_eq!(code(&closed_early), "truncated_image", "closed early");
        assert_eq!(code(&closed_early[..closed_early.len() - 2]), "truncated_image", "ends");
        let zeros = |data: Vec<u8>| [half(&data), vec![0; data.len() / 2 + 600]].concat();
        let filled = layout.file_with(|scan, data| if scan == last { zeros(data) } else { data });
        assert_eq!(code(&filled), "truncated_image", "filled with zeros");
        let erased = |data: Vec<u8>| [half(&data), vec![0xff; 600]].concat();
        let erased = layout.file_with(|scan, data| if scan == last { erased(data) } else { data });
        assert_eq!(code(&erased), "truncated_image", "erased");
        assert_eq!(code(&erased[..erased.len() - 2]), "truncated_image", "erased to the end");
        let noisy = [&closed_early[..closed_early.len() - 2], &noise(5000)].concat();
        assert_eq!(code(&noisy), "truncated_image", "another file's bytes behind");
        let without_last = Layout { scans: layout.scans[..last].to_vec(), ..layout.clone() };
        if last > 0 {
            assert_eq!(code(&without_last.file()), "truncated_image", "a component is missing");
        }
    }
}

/// Bytes as of a video: xorshift.
fn noise(bytes: usize) -> Vec<u8> {
    let mut seed = 7_u32;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        (seed >> 11) as u8
    };
    std::iter::repeat_with(&mut next).take(bytes).collect()
}

#[test]
fn a_video_in_the_place_of_the_end_marker_is_passed_over() {
    for layout in [
        Layout::one_scan([(2, 2), (1, 1), (1, 1)]),
        Layout { scans: vec![vec![0], vec![1, 2]], ..Layout::one_scan([(1, 1); 3]) },
        Layout { restart: 4, ..Layout::one_scan([(1, 1); 3]) },
    ] {
        let file = layout.file();
        let whole = open(&file);
        for trailer in [
            [&b"\0\0\0\x18ftypmp42"[..], &noise(40_000)].concat(),
            b"\0\0\x01\x0aSEFH\xff\x0a\xff\xc4\0\x05abc\xff\xda\0\x02\xff\xd9".to_vec(),
        ] {
            let photo = open(&[&file[..file.len() - 2], &trailer].concat());
            assert_eq!(photo.rgb, whole.rgb);
            assert!(photo.damage.is_empty(), "{:?}", photo.damage);
        }
    }
}

#[test]
fn one_spoilt_byte_that_looks_like_a_marker_does_not_end_the_picture() {
    let layout = Layout::one_scan([(1, 1); 3]);
    let whole = open(&layout.file());
    for spoilt in [0x10, 0x80, 0xbf] {
        let photo = open(&layout.file_with(|_, mut data| {
            let at = data.len() - 6;
            data[at..at + 2].copy_from_slice(&[0xff, spoilt]);
            data
        }));
        let [damage] = photo.damage[..] else { panic!("{:?}", photo.damage) };
        assert!(damage.y >= 56, "{damage:?}");
        assert_eq!(photo.rgb[..photo.rgb.len() / 8 * 7], whole.rgb[..whole.rgb.len() / 8 * 7]);
    }
}

#[test]
fn an_arithmetic_coded_picture_that_breaks_off_is_refused_too() {
    const SIDE: usize = 200;
    let pixels: Vec<u8> =
        noise(SIDE * SIDE * 3).iter().zip(0..).map(|(n, at)| n / 4 + (at / 900) as u8).collect();
    let image = turbojpeg::Image {
        pixels: &pixels[..],
        width: SIDE,
        pitch: SIDE * 3,
        height: SIDE,
        format: turbojpeg::PixelFormat::RGB,
    };
    for progressive in [false, true] {
        let mut encoder = turbojpeg::Compressor::new().expect("an encoder");
        encoder.set_arithmetic(true).expect("arithmetic coding");
        encoder.set_progressive(progressive).expect("progressive");
        let file = encoder.compress_to_vec(image).expect("a file");
        let whole = open(&file);
        for end in [&b""[..], b"\xff", b"\0\0\0\0", &noise(50)] {
            assert_eq!(open(&[&file[..file.len() - 2], end].concat()).rgb, whole.rgb, "{end:?}");
        }
        let half = &file[..file.len() / 2];
        for end in [&b""[..], b"\xff\xd9", &[0; 5000], &[0xff; 5000]] {
            assert_eq!(
                code(&[half, end].concat()),
                "truncated_image",
                "{progressive}, {} bytes behind",
                end.len()
            );
        }
    }
}

/// Coded data between restart markers: each part but the last ends with the 0xff of the next one's marker.
fn parts(data: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    for pair in data.chunk_by(|a, b| !(*a == 0xff && (0xd0..=0xd7).contains(b))) {
        parts.last_mut().expect("a part").extend_from_slice(pair);
        if pair.last() == Some(&0xff) {
            parts.push(Vec::new());
        }
    }
    parts
}

/// Asserts that of two photos all rows of pixels but those of `lost` are the same.
fn same_but(photo: &Photo, whole: &Photo, lost: std::ops::Range<usize>, what: &str) {
    let rows = |photo: &Photo| photo.rgb.chunks(SIDE as usize * 3).map(<[u8]>::to_vec).collect::<Vec<_>>();
    for (y, (a, b)) in rows(photo).iter().zip(&rows(whole)).enumerate() {
        assert!(lost.contains(&y) || a == b, "{what}: row {y}");
    }
}

#[test]
fn damage_between_two_restart_markers_stays_there() {
    let layout = Layout { restart: BLOCKS as u16, ..Layout::one_scan([(1, 1); 3]) };
    let whole = open(&layout.file());
    let spoilt = |spoil: &dyn Fn(&mut Vec<u8>)| {
        open(&layout.file_with(|_, data| {
            let mut rows = parts(&data);
            spoil(&mut rows[3]);
            rows.concat()
        }))
    };
    let codes = [0x10, 0x80, 0xc4, 0xd6, 0xd8, 0xd9, 0xda, 0xe1, 0xfe];
    let mut photos: Vec<_> = codes
        .iter()
        .map(|code| (format!("{code:x}"), spoilt(&|row| row[5..7].copy_from_slice(&[0xff, *code]))))
        .collect();
    let noisy = |row: &mut Vec<u8>| drop(row.splice(4..14, *b"\xff\x13\x77\xff\xd6\xff\xda\0\xff\xc0"));
    photos.push(("noise".to_owned(), spoilt(&noisy)));
    // More data than the row needs: some of it was read wrongly.
    photos.push(("left over".to_owned(), spoilt(&|row| drop(row.splice(4..4, [0x5a; 40])))));
    for (what, photo) in photos {
        let [damage] = photo.damage[..] else { panic!("{what}: {:?}", photo.damage) };
        assert_eq!((damage.y, damage.height), (24, 8), "{what}");
        same_but(&photo, &whole, 24..32, &what);
    }
}

#[test]
fn several_parts_lost_between_restart_markers_leave_the_rest_in_its_place() {
    // One block a part, eight parts a row.
    let layout = Layout { restart: 1, ..Layout::one_scan([(1, 1); 3]) };
    let whole = open(&layout.file());
    for lost in 1..=7 {
        let photo = open(&layout.file_with(|_, data| {
            let mut parts = parts(&data);
            parts.drain(16..16 + lost);
            parts.concat()
        }));
        assert_eq!(photo.damage, [Damage { x: 0, y: 16, width: lost as u32 * 8, height: 8 }]);
        same_but(&photo, &whole, 16..24, &format!("{lost} lost"));
    }
}

#[test]
fn a_stripe_lost_between_restart_markers_is_told_and_the_rest_is_right() {
    // A marker behind every row of blocks.
    let layout = Layout { restart: BLOCKS as u16, ..Layout::one_scan([(1, 1); 3]) };
    let whole = open(&layout.file());
    let lost = |row: usize| {
        layout.file_with(|_, data| {
            let mut rows = parts(&data);
            rows.remove(row);
            rows.concat()
        })
    };
    let photo = open(&lost(3));
    assert_eq!(photo.damage, [Damage { x: 0, y: 24, width: SIDE, height: 8 }]);
    let line = |photo: &Photo, y: u32| {
        let row = SIDE as usize * 3;
        photo.rgb[y as usize * row..][..row].to_vec()
    };
    for y in [4, 20, 36, 60] {
        assert_eq!(line(&photo, y), line(&whole, y), "row {y}");
    }
}

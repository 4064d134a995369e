use std::env;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{ImageFormat, Rgb, RgbImage};

use crate::process::workspace;

/// The folder of real photos and odd files beside the project, if this machine has it. Says loudly when it has not.
pub fn shared(part: &str) -> Option<PathBuf> {
    let beside = || workspace().parent().map(|folder| folder.join("shared"));
    let folder = env::var_os("HEADSHOT_SHARED").map(PathBuf::from).or_else(beside)?.join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: there is no {}; HEADSHOT_SHARED names another place for shared material",
        folder.display()
    );
    None
}

/// All files below a folder, in order.
pub fn shared_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort_unstable();
    files
}

/// A JPEG of a drawn animal that the network takes for one: a furry head with ears, eyes, muzzle and nose on a chest.
/// It sits on a lawn; `width` × ¾ `width` pixels; the same width gives the same bytes.
pub fn drawn_pet(width: u32) -> Vec<u8> {
    let height = width * 3 / 4;
    let unit = f64::from(height);
    let picture = RgbImage::from_fn(width, height, |x, y| {
        // The drawing's own coordinates: the head's middle is at 0, 0, and the picture is 1 high.
        let (u, v) = ((f64::from(x) - f64::from(width) / 2.0) / unit, f64::from(y) / unit - 0.42);
        let colour = animal(u, v).unwrap_or_else(|| lawn(u, v));
        Rgb(colour.map(|c| c.clamp(0.0, 255.0) as u8))
    });
    let mut bytes = Vec::new();
    picture
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg)
        .expect("a picture in memory can be encoded");
    bytes
}

fn animal(u: f64, v: f64) -> Option<[f64; 3]> {
    let side = u.abs();
    // How far a point is inside an ellipse: 1 in its middle, 0 on its rim.
    let inside = |cu: f64, cv: f64, ru: f64, rv: f64| 1.0 - ((u - cu) / ru).hypot((v - cv) / rv);
    let mirrored = |cu: f64, cv: f64, ru: f64, rv: f64| 1.0 - ((side - cu) / ru).hypot((v - cv) / rv);
    // Fur: strands that run outwards, and a ragged rim.
    let strands = noise(u.atan2(v) * 70.0, u.hypot(v) * 14.0);
    let fur = 0.82 + 0.36 * strands;
    let ragged = (strands - 0.5) * 0.06;
    if mirrored(0.085, -0.05, 0.034, 0.03) > 0.0 {
        let glint = mirrored(0.078, -0.058, 0.009, 0.009) > 0.0;
        let pupil = mirrored(0.085, -0.05, 0.02, 0.022) > 0.0;
        return Some(if glint {
            [250.0; 3]
        } else if pupil {
            [12.0; 3]
        } else {
            [96.0, 62.0, 28.0]
        });
    }
    if inside(0.0, 0.085, 0.05, 0.034) > 0.0 {
        return Some([26.0, 22.0, 24.0]);
    }
    if (side - 0.045).hypot(v - 0.125) < 0.05 && (side - 0.045).hypot(v - 0.125) > 0.044 && v > 0.13 {
        return Some([40.0, 28.0, 24.0]);
    }
    let muzzle = inside(0.0, 0.12, 0.12, 0.1);
    let blaze = inside(0.0, -0.1, 0.035, 0.16);
    let head = inside(0.0, 0.0, 0.22, 0.25);
    let ears = mirrored(0.21, -0.09, 0.075, 0.2);
    let chest = inside(0.0, 0.62, 0.34, 0.48);
    let shade = |depth: f64| 0.62 + 0.38 * depth.clamp(0.0, 1.0).sqrt();
    let paint = |colour: [f64; 3], depth: f64| Some(colour.map(|c| c * fur * shade(depth)));
    match () {
        () if muzzle + ragged > 0.0 || blaze + ragged > 0.15 => paint([226.0, 208.0, 186.0], head.max(0.3)),
        () if ears + ragged > 0.0 && (side > 0.17 || v < -0.12) => paint([92.0, 56.0, 32.0], ears),
        () if head + ragged > 0.0 => paint([172.0, 112.0, 62.0], head),
        () if chest + ragged > 0.0 => paint([186.0, 130.0, 80.0], chest),
        () => None,
    }
}

fn lawn(u: f64, v: f64) -> [f64; 3] {
    let blur = noise(u * 5.0 + 9.0, v * 5.0 + 3.0);
    [70.0 + 30.0 * blur, 120.0 + 40.0 * blur - 30.0 * v, 50.0 + 20.0 * blur]
}

/// Smooth noise from 0 to 1, the same everywhere and always.
fn noise(x: f64, y: f64) -> f64 {
    let at = |x: i64, y: i64| {
        let mut bits =
            (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        bits = (bits ^ (bits >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        f64::from((bits >> 40) as u32) / f64::from(1 << 24)
    };
    let (left, above) = (x.floor() as i64, y.floor() as i64);
    let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (smooth(x - x.floor()), smooth(y - y.floor()));
    let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let upper = mix(at(left, above), at(left + 1, above), tx);
    let lower = mix(at(left, above + 1), at(left + 1, above + 1), tx);
    mix(upper, lower, ty)
}

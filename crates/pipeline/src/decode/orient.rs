//! Turning a picture upright.

use super::damage::Damage;

/// How the stored picture must be turned and mirrored; the eight values of EXIF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orientation {
    /// First swap rows and columns,
    transpose: bool,
    /// then mirror left to right,
    flip_x: bool,
    /// and top to bottom.
    flip_y: bool,
}

impl Orientation {
    /// From the number that EXIF uses, 1 to 8.
    pub(super) fn from_exif(value: u16) -> Option<Self> {
        let (transpose, flip_x, flip_y) = match value {
            1 => (false, false, false),
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => return None,
        };
        Some(Self { transpose, flip_x, flip_y })
    }

    /// The upright size of a picture stored as `width` × `height`.
    pub(super) fn upright_size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.transpose { (height, width) } else { (width, height) }
    }

    /// Where a rectangle of a picture stored as `width` × `height` lies in the upright one.
    pub(super) fn upright_damage(self, damage: Damage, stored: (u32, u32)) -> Damage {
        let Damage { mut x, mut y, mut width, mut height } = damage;
        if self.transpose {
            (x, y, width, height) = (y, x, height, width);
        }
        let size = self.upright_size(stored);
        if self.flip_x {
            x = size.0.saturating_sub(x + width);
        }
        if self.flip_y {
            y = size.1.saturating_sub(y + height);
        }
        Damage { x, y, width, height }
    }
}

/// Turns rows of `N`-byte pixels upright. Only transposing needs a second buffer.
pub(super) fn upright<const N: usize>(
    mut pixels: Vec<u8>,
    (width, height): (u32, u32),
    orientation: Orientation,
) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    if orientation.transpose {
        return transpose::<N>(&pixels, width, height, orientation.flip_x, orientation.flip_y);
    }
    let row = width * N;
    if orientation.flip_x {
        for line in pixels.chunks_exact_mut(row) {
            line.as_chunks_mut::<N>().0.reverse();
        }
    }
    if orientation.flip_y {
        let (top, bottom) = pixels.split_at_mut(height / 2 * row);
        for (upper, lower) in top.chunks_exact_mut(row).zip(bottom.rchunks_exact_mut(row)) {
            upper.swap_with_slice(lower);
        }
    }
    pixels
}

/// Tiles of this many rows and columns stay in the first-level cache while they are read across and written down.
const TILE: usize = 32;

fn transpose<const N: usize>(
    pixels: &[u8],
    width: usize,
    height: usize,
    flip_x: bool,
    flip_y: bool,
) -> Vec<u8> {
    let source = pixels.as_chunks::<N>().0;
    let mut turned = vec![0; pixels.len()];
    // A row of the upright picture is a column of the stored one. A band of them is written tile by tile.
    let out_row = height * N;
    for (band, lines) in turned.chunks_mut(TILE * out_row).enumerate() {
        let first = band * TILE;
        for left in (0..height).step_by(TILE) {
            let right = (left + TILE).min(height);
            for (line, out) in lines.chunks_exact_mut(out_row).enumerate() {
                let column = if flip_y { width - 1 - (first + line) } else { first + line };
                let out = &mut out.as_chunks_mut::<N>().0[left..right];
                let rows = left..right;
                if flip_x {
                    for (pixel, x) in out.iter_mut().zip(rows) {
                        *pixel = source[(height - 1 - x) * width + column];
                    }
                } else {
                    for (pixel, x) in out.iter_mut().zip(rows) {
                        *pixel = source[x * width + column];
                    }
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the pixel that is stored at the top left, top right, bottom left ends up, for each value of EXIF.
    #[test]
    fn every_orientation_puts_the_corners_where_exif_says() {
        // a b c
        // d e f
        let stored = b"abcdef".to_vec();
        let upright_forms: [(u16, &[u8]); 8] = [
            (1, b"abcdef"),
            (2, b"cbafed"),
            (3, b"fedcba"),
            (4, b"defabc"),
            (5, b"adbecf"),
            (6, b"daebfc"),
            (7, b"fcebda"),
            (8, b"cfbead"),
        ];
        for (value, expected) in upright_forms {
            let orientation = Orientation::from_exif(value).expect("1 to 8 are defined");
            assert_eq!(upright::<1>(stored.clone(), (3, 2), orientation), expected, "orientation {value}");
        }
        assert_eq!(Orientation::from_exif(0), None);
        assert_eq!(Orientation::from_exif(9), None);
    }

    #[test]
    fn a_picture_larger_than_a_tile_turns_the_same_way() {
        let (width, height) = (TILE * 2 + 5, TILE + 3);
        let stored: Vec<u8> = (0..width * height * 3).map(|at| (at * 31 % 251) as u8).collect();
        let six = Orientation::from_exif(6).expect("6 is defined");
        let turned = upright::<3>(stored.clone(), (width as u32, height as u32), six);
        for y in 0..width {
            for x in 0..height {
                let from = ((height - 1 - x) * width + y) * 3;
                let to = (y * height + x) * 3;
                assert_eq!(turned[to..to + 3], stored[from..from + 3], "at {x}, {y}");
            }
        }
    }
}

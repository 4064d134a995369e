//! What a JPEG's frame and scan headers say: components, and the units (MCUs) that a scan is made of.

use std::ops::Range;

use crate::decode::damage::Damage;

/// One colour component of the frame.
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors.
    pub(super) across: u32,
    pub(super) down: u32,
}

/// The frame header.
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// The largest sampling factors of all components.
    pub(super) across: u32,
    pub(super) down: u32,
}

impl Frame {
    /// `None` for arithmetic and lossless coding, and for numbers that make no sense.
    pub(super) fn read(code: u8, body: &[u8]) -> Option<Self> {
        let (head, rest) = body.split_first_chunk::<6>()?;
        let components: Vec<_> = rest
            .as_chunks::<3>()
            .0
            .iter()
            .take(head[5].into())
            .map(|[id, sampling, _]| Component {
                id: *id,
                across: (sampling >> 4).into(),
                down: (sampling & 15).into(),
            })
            .collect();
        let frame = Self {
            height: u16::from_be_bytes([head[1], head[2]]).into(),
            width: u16::from_be_bytes([head[3], head[4]]).into(),
            progressive: code == 0xc2,
            across: components.iter().map(|c| c.across).max()?,
            down: components.iter().map(|c| c.down).max()?,
            components,
        };
        let sound =
            frame.width > 0 && frame.components.iter().all(|c| matches!((c.across, c.down), (1..=4, 1..=4)));
        (matches!(code, 0xc0..=0xc2) && sound).then_some(frame)
    }
}

/// One component's share in a scan.
pub(super) struct Part {
    /// Whether it is the frame's first component, luma.
    pub(super) first: bool,
    pub(super) dc: usize,
    pub(super) ac: usize,
    /// Blocks in a unit.
    pub(super) blocks: u32,
}

/// A scan's header, and the units (MCUs) that it is made of.
pub(super) struct Scan {
    pub(super) parts: Vec<Part>,
    /// The coefficients that it brings, of 64.
    pub(super) spectrum: Range<u8>,
    pub(super) refines: bool,
    pub(super) units: u32,
    pub(super) units_across: u32,
    /// Size of a unit in pixels of the picture.
    pub(super) unit: (u32, u32),
}

impl Scan {
    /// `None` for a header that does not fit the frame.
    pub(super) fn read(frame: &Frame, body: &[u8]) -> Option<Self> {
        let (count, rest) = body.split_first()?;
        let (selectors, tail) = rest.split_at_checked(usize::from(*count) * 2)?;
        let [start, end, approximation] = *tail.first_chunk()?;
        let alone = *count == 1;
        let mut parts = Vec::new();
        let mut unit = (8 * frame.across, 8 * frame.down);
        for [id, tables] in selectors.as_chunks::<2>().0 {
            let index = frame.components.iter().position(|c| c.id == *id)?;
            let component = &frame.components[index];
            if alone {
                // One block a unit, and only as many as touch the picture.
                unit = (8 * frame.across / component.across, 8 * frame.down / component.down);
            }
            let blocks = if alone { 1 } else { component.across * component.down };
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            parts.push(Part { first: index == 0, dc, ac, blocks });
        }
        let spectrum = if frame.progressive { start..end.checked_add(1)? } else { 0..64 };
        let sound = !parts.is_empty() && spectrum.start < spectrum.end && spectrum.end <= 64;
        let units_across = frame.width.div_ceil(unit.0.max(1));
        let units = units_across * frame.height.div_ceil(unit.1.max(1));
        let refines = frame.progressive && approximation >> 4 > 0;
        sound.then_some(Self { parts, spectrum, refines, units, units_across, unit })
    }

    /// Where a range of units lies in the picture.
    pub(super) fn place(&self, frame: &Frame, lost: &Range<u32>) -> Damage {
        let row = |unit: u32| unit / self.units_across;
        let (top, bottom) = (row(lost.start), row(lost.end - 1));
        let one_row = top == bottom;
        let first = if one_row { lost.start % self.units_across } else { 0 };
        let last = if one_row { (lost.end - 1) % self.units_across } else { self.units_across - 1 };
        let (x, y) = (first * self.unit.0, top * self.unit.1);
        Damage {
            x,
            y,
            width: ((last + 1) * self.unit.0).min(frame.width) - x,
            height: ((bottom + 1) * self.unit.1).min(frame.height) - y,
        }
    }
}

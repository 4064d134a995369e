//! Which part of a JPEG's picture its data really describes.
//!
//! Decoders fill what is missing with grey or with a repeated block and seldom say so. This walks the Huffman codes
//! without computing pixels and counts. It is asked only where the decoder was not content: it takes about as long
//! as decoding does.

use std::ops::Range;

use super::huffman::{Bits, Stop, Table, tables};
use super::segments::{DHT, DRI, SOS, Segments, starts_frame};
use crate::decode::damage::Damage;

/// What of the picture is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Coverage {
    /// All of it, or nothing can be said: the coding is none that is walked here.
    Whole,
    /// Places of the picture are lost, or garbled because a code made no sense.
    Damaged(Vec<Damage>),
    /// The picture breaks off.
    BreaksOff,
}

/// When more than this share of the picture is missing, it counts as broken off, wherever that is.
const MOST_MISSING: f64 = 0.2;

/// Walks the file of a [`super::header::Picture`]; `ended`: the original had its end marker.
pub(super) fn coverage(picture: &[u8], ended: bool) -> Coverage {
    walk(picture, ended).unwrap_or(Coverage::Whole)
}

/// `None` for what is not walked: arithmetic coding, lossless, and segments that make no sense.
fn walk(picture: &[u8], ended: bool) -> Option<Coverage> {
    let mut frame = None;
    let mut coding = Coding::default();
    let (mut missing, mut garbled) = (Vec::new(), Vec::new());
    let mut detailed = false;
    for segment in Segments::of(picture) {
        match segment.code {
            DHT => tables(segment.body).for_each(|(id, table)| coding.set(id, table)),
            DRI => coding.restart = u16::from_be_bytes(*segment.body.first_chunk()?).into(),
            code if starts_frame(code) => frame = Some(Frame::read(code, segment.body)?),
            SOS => {
                let frame = frame.as_ref()?;
                let scan = Scan::read(frame, segment.body)?;
                detailed |= scan.spectrum.end > 1 && scan.parts.iter().any(|part| part.first);
                // Refinements add a bit to what is there already: without them the picture is whole.
                if scan.refines {
                    continue;
                }
                for lost in scan.lost(frame, &coding, segment.scan)? {
                    if lost.units.end >= scan.units && !lost.garbled {
                        return Some(Coverage::BreaksOff);
                    }
                    let places = if lost.garbled { &mut garbled } else { &mut missing };
                    places.push(scan.place(frame, &lost.units));
                }
            }
            _ => {}
        }
    }
    let frame = frame?;
    // A progressive file that stops between two scans is a coarse picture on purpose only if it says that it ends.
    if frame.progressive && !ended && !detailed {
        return Some(Coverage::BreaksOff);
    }
    if Damage::share(&missing, f64::from(frame.width) * f64::from(frame.height)) > MOST_MISSING {
        return Some(Coverage::BreaksOff);
    }
    missing.append(&mut garbled);
    Some(if missing.is_empty() { Coverage::Whole } else { Coverage::Damaged(missing) })
}

/// Tables and restart interval in force.
#[derive(Default)]
struct Coding {
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    /// In units of a scan; 0: no restarts.
    restart: u32,
}

impl Coding {
    fn set(&mut self, id: u8, table: Table) {
        let kind = if id >> 4 == 0 { &mut self.dc } else { &mut self.ac };
        if let Some(slot) = kind.get_mut(usize::from(id & 15)) {
            *slot = Some(table);
        }
    }
}

struct Component {
    id: u8,
    /// Sampling factors.
    across: u32,
    down: u32,
}

struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
    components: Vec<Component>,
    across: u32,
    down: u32,
}

impl Frame {
    fn read(code: u8, body: &[u8]) -> Option<Self> {
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

/// Units in a row that the data does not describe.
struct Lost {
    units: Range<u32>,
    /// A code made no sense, and what comes behind it was read wrongly.
    garbled: bool,
}

/// One component's share in a scan.
struct Part {
    /// Whether it is the frame's first component, luma.
    first: bool,
    dc: usize,
    ac: usize,
    /// Blocks in a unit.
    blocks: u32,
}

/// A scan's header, and the units (MCUs) that it is made of.
struct Scan {
    parts: Vec<Part>,
    /// The coefficients that it brings, of 64.
    spectrum: Range<u8>,
    refines: bool,
    units: u32,
    units_across: u32,
    /// Size of a unit in pixels of the picture.
    unit: (u32, u32),
}

impl Scan {
    fn read(frame: &Frame, body: &[u8]) -> Option<Self> {
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

    /// The units that the data does not describe. `None` when a table is missing.
    fn lost(&self, frame: &Frame, coding: &Coding, data: &[u8]) -> Option<Vec<Lost>> {
        let mut lost: Vec<Lost> = Vec::new();
        let interval = if coding.restart == 0 { self.units } else { coding.restart };
        let mut from = 0;
        let mut number = None;
        for (restart, data) in intervals(data) {
            if let (Some(restart), true) = (restart, coding.restart > 0) {
                // Restarts count to eight, over and over. What was skipped is lost with its markers.
                let expected = number.map_or(0, |number: u8| (number + 1) % 8);
                let skipped = from + u32::from((restart + 8 - expected) % 8) * interval;
                lost.push(Lost { units: from..skipped.min(self.units), garbled: false });
                from = skipped;
                number = Some(restart);
            }
            if from >= self.units {
                break;
            }
            let end = (from + interval).min(self.units);
            let (good, garbled) = self.follow(frame, coding, data, end - from)?;
            lost.push(Lost { units: from + good..end, garbled });
            from = end;
        }
        lost.push(Lost { units: from.min(self.units)..self.units, garbled: false });
        // The very last unit may lack a few bits: writers differ in how they fill the last byte.
        lost.retain(|lost| !lost.units.is_empty() && lost.units.start + 1 < self.units);
        lost.dedup_by(|next, before| {
            let joined = before.units.end >= next.units.start && before.garbled == next.garbled;
            if joined {
                before.units.end = next.units.end;
            }
            joined
        });
        Some(lost)
    }

    /// Of `units` that should be in `data`, how many are, and whether a code that makes no sense ended them.
    fn follow(&self, frame: &Frame, coding: &Coding, data: &[u8], units: u32) -> Option<(u32, bool)> {
        let zeros = zero_run(data);
        let mut bits = Bits::new(data);
        let mut before_zeros = units;
        let mut run = 0;
        for unit in 0..units {
            if bits.position() <= zeros {
                before_zeros = unit;
            }
            if let Err(stop) = self.unit(frame, coding, &mut bits, &mut run)? {
                // Zeros in the place of data can be read as codes, but they are no picture.
                let filled = bits.position() > zeros;
                return Some(if filled { (before_zeros, false) } else { (unit, stop == Stop::BadCode) });
            }
        }
        // With zeros in the place of data the units come out before the data ends.
        let left_over = data.len() - bits.position();
        Some((if bits.position() > zeros && left_over > 1 { before_zeros } else { units }, false))
    }

    /// Passes over one unit's codes. `None` when a table is missing.
    fn unit(
        &self,
        frame: &Frame,
        coding: &Coding,
        bits: &mut Bits,
        run: &mut u32,
    ) -> Option<Result<(), Stop>> {
        for part in &self.parts {
            let dc = if self.spectrum.start == 0 { Some(coding.dc.get(part.dc)?.as_ref()?) } else { None };
            let ac = if self.spectrum.end > 1 { Some(coding.ac.get(part.ac)?.as_ref()?) } else { None };
            for _ in 0..part.blocks {
                if let Err(stop) = block(bits, dc, ac, &self.spectrum, frame.progressive, run) {
                    return Some(Err(stop));
                }
            }
        }
        Some(Ok(()))
    }

    /// Where a range of units lies in the picture.
    fn place(&self, frame: &Frame, lost: &Range<u32>) -> Damage {
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

/// Passes over one block. `run`: blocks that a progressive scan has declared empty in advance.
fn block(
    bits: &mut Bits,
    dc: Option<&Table>,
    ac: Option<&Table>,
    spectrum: &Range<u8>,
    progressive: bool,
    run: &mut u32,
) -> Result<(), Stop> {
    if let Some(dc) = dc {
        let size = bits.symbol(dc)?;
        bits.number(if size <= 16 { size } else { return Err(Stop::BadCode) })?;
    }
    let Some(ac) = ac else { return Ok(()) };
    if *run > 0 {
        *run -= 1;
        return Ok(());
    }
    let mut at = spectrum.start.max(1);
    while at < spectrum.end {
        let symbol = bits.symbol(ac)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => at += 16,
            (length, 0) if progressive => {
                *run = (1 << length) - 1 + bits.number(length)?;
                return Ok(());
            }
            (_, 0) => return Ok(()),
            (zeros, size) => {
                at += zeros + 1;
                if at > spectrum.end {
                    return Err(Stop::BadCode);
                }
                bits.number(size)?;
            }
        }
    }
    Ok(())
}

/// The data between restart markers, each with the number of the marker before it.
fn intervals(data: &[u8]) -> impl Iterator<Item = (Option<u8>, &[u8])> {
    let mut rest = Some((None, data));
    std::iter::from_fn(move || {
        let (number, data) = rest.take()?;
        let end = memchr::memchr_iter(0xff, data)
            .find(|at| data.get(at + 1).is_some_and(|code| !matches!(code, 0 | 0xff)));
        let Some(end) = end else { return Some((number, data)) };
        if let 0xd0..=0xd7 = data[end + 1] {
            rest = Some((Some(data[end + 1] & 7), &data[end + 2..]));
        }
        Some((number, &data[..end]))
    })
}

/// Where the first run of zeros begins that is too long for coded data; behind the end when there is none.
fn zero_run(data: &[u8]) -> usize {
    /// Less than any block of a disk or of a transfer.
    const FILLING: usize = 32;
    memchr::memmem::find(data, &[0; FILLING]).unwrap_or(data.len() + 1)
}

//! Which part of a JPEG's picture its data really describes.
//!
//! Decoders fill what is missing with grey or with a repeated block and seldom say so. This walks the Huffman codes
//! without computing pixels and counts. It is asked only where the decoder was not content: it takes about as long
//! as decoding does.

use std::ops::Range;

use super::frame::{Frame, Scan};
use super::huffman::{Bits, Stop, Table, tables};
use super::segments::{DHT, DRI, SOS, Segment, Segments, is_restart, markers, starts_frame};
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

/// What a walk over a picture found.
pub(super) struct Walk {
    pub coverage: Coverage,
    /// The file again, without what makes decoders give up or lose their place: markers within coded data,
    /// bytes behind the last unit, gaps in the restart markers.
    pub mended: Vec<u8>,
}

/// Walks the file of a [`super::header::Picture`]; `ended`: the original had its end marker.
pub(super) fn walk(picture: &[u8], ended: bool) -> Walk {
    let mut mended = b"\xff\xd8".to_vec();
    let mut state = State::default();
    let mut segments = Segments::of(picture).peekable();
    while let Some(segment) = segments.next() {
        segment.write_head(segment.body, &mut mended);
        let begin = mended.len();
        let closed = ended || segments.peek().is_some();
        if state.step(segment, closed, &mut mended).is_none() {
            // What is not walked is taken as it is, up to the first marker that is no restart.
            state.unknown = true;
            mended.truncate(begin);
            let ends = |(_, code): &(usize, u8)| !matches!(code, 0xd0..=0xd7);
            let end = markers(segment.scan).find(ends).map_or(segment.scan.len(), |(at, _)| at);
            mended.extend(&segment.scan[..end]);
        }
    }
    mended.extend(b"\xff\xd9");
    Walk { coverage: state.coverage(ended), mended }
}

/// What is known on the way.
#[derive(Default)]
struct State {
    frame: Option<Frame>,
    coding: Coding,
    missing: Vec<Damage>,
    garbled: Vec<Damage>,
    breaks_off: bool,
    detailed: bool,
    /// Something is not walked: arithmetic coding, lossless, and segments that make no sense.
    unknown: bool,
}

impl State {
    /// Takes one segment, and adds the data of its scan to `mended`. `None` for what is not walked.
    fn step(&mut self, segment: Segment, closed: bool, mended: &mut Vec<u8>) -> Option<()> {
        match segment.code {
            DHT => tables(segment.body).for_each(|(id, table)| self.coding.set(id, table)),
            DRI => self.coding.restart = u16::from_be_bytes(*segment.body.first_chunk()?).into(),
            code if starts_frame(code) => self.frame = Some(Frame::read(code, segment.body)?),
            SOS => {
                let frame = self.frame.as_ref()?;
                let scan = Scan::read(frame, segment.body)?;
                self.detailed |= scan.spectrum.end > 1 && scan.parts.iter().any(|part| part.first);
                for lost in scan.lost(frame, &self.coding, segment.scan, closed, mended)? {
                    self.breaks_off |= lost.units.end >= scan.units && !lost.garbled;
                    let places = if lost.garbled { &mut self.garbled } else { &mut self.missing };
                    places.push(scan.place(frame, &lost.units));
                }
            }
            _ => {}
        }
        Some(())
    }

    fn coverage(mut self, ended: bool) -> Coverage {
        let Some(frame) = self.frame.filter(|_| !self.unknown) else { return Coverage::Whole };
        // A progressive file that stops between two scans is a coarse picture on purpose only if it says that
        // it ends.
        let coarse = frame.progressive && !ended && !self.detailed;
        let missing = Damage::share(&self.missing, f64::from(frame.width) * f64::from(frame.height));
        if self.breaks_off || coarse || missing > MOST_MISSING {
            return Coverage::BreaksOff;
        }
        self.missing.append(&mut self.garbled);
        if self.missing.is_empty() { Coverage::Whole } else { Coverage::Damaged(self.missing) }
    }
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

/// Units in a row that the data does not describe.
struct Lost {
    units: Range<u32>,
    /// A code made no sense, or bytes are left over: what is there was read wrongly.
    garbled: bool,
}

/// What came of following an interval.
struct Followed {
    /// Units that are right.
    good: u32,
    /// Whether the others were read wrongly, and not missing.
    garbled: bool,
    /// Bytes that a decoder should see.
    used: usize,
}

impl Scan {
    /// The units that the data does not describe; adds the data as a decoder should see it to `mended`.
    /// `closed`: a marker follows. `None` when a table is missing.
    fn lost(
        &self,
        frame: &Frame,
        coding: &Coding,
        data: &[u8],
        closed: bool,
        mended: &mut Vec<u8>,
    ) -> Option<Vec<Lost>> {
        let mut lost: Vec<Lost> = Vec::new();
        let interval = if coding.restart == 0 { self.units } else { coding.restart };
        let (mut from, mut next) = (0, 0);
        let mut intervals = intervals(data, coding.restart > 0).peekable();
        while let Some((number, data)) = intervals.next() {
            if let Some(number) = number {
                // Restarts count to eight, over and over. What was skipped is lost with its markers; decoders
                // lose count when three or more are missing.
                let skipped = (number + 8 - next) % 8;
                mended.extend((0..=skipped).flat_map(|ahead| [0xff, 0xd0 + (next + ahead) % 8]));
                next = (number + 1) % 8;
                let resumed = from + u32::from(skipped) * interval;
                lost.push(Lost { units: from..resumed.min(self.units), garbled: false });
                from = resumed;
            }
            if from >= self.units {
                break;
            }
            let end = (from + interval).min(self.units);
            // Refinements add a bit to what is there already: without them the picture is whole.
            if self.refines {
                let end = markers(data).next().map_or(data.len(), |(at, _)| at);
                mended.extend(&data[..end]);
            } else {
                // Behind the last unit restarts mean nothing: they are a trailer's.
                let goes_on = intervals.peek().is_some();
                let closed = if end < self.units { goes_on } else { closed && !goes_on };
                let followed = self.follow(frame, coding, data, end - from, closed)?;
                lost.push(Lost { units: from + followed.good..end, garbled: followed.garbled });
                unmarked(&data[..followed.used], mended);
            }
            from = end;
        }
        if self.refines {
            return Some(Vec::new());
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

    /// How many of `units` that should be in `data` are. `closed`: a marker follows. `None` when a table is
    /// missing.
    fn follow(
        &self,
        frame: &Frame,
        coding: &Coding,
        data: &[u8],
        units: u32,
        closed: bool,
    ) -> Option<Followed> {
        let end = data_end(data);
        let mut bits = Bits::new(data);
        // Units before the end of the data, and before a marker in it.
        let (mut before_end, mut before_marker) = (units, units);
        let mut run = 0;
        for unit in 0..units {
            if bits.position() <= end {
                before_end = unit;
            }
            let read = self.unit(frame, coding, &mut bits, &mut run)?;
            if bits.spoilt() {
                before_marker = before_marker.min(unit);
            }
            let Err(stop) = read else { continue };
            let used = end.min(data.len());
            return Some(if bits.position() > end {
                // Zeros in the place of data can be read as codes, but they are no picture.
                Followed { good: before_end, garbled: false, used }
            } else if stop == Stop::BadCode {
                // Noise up to the end of the file makes bad codes, too.
                Followed { good: unit.min(before_marker), garbled: used == data.len(), used }
            } else {
                // A spoilt byte costs units. More missing than read behind it, and the picture breaks off.
                let garbled = before_marker < unit && units - unit < unit - before_marker;
                Followed { good: if garbled { before_marker } else { unit }, garbled, used }
            });
        }
        let used = bits.position();
        let left_over = &data[used..];
        Some(if used > end && left_over.len() > 1 {
            // With zeros in the place of data the units come out before the data ends.
            Followed { good: before_end, garbled: false, used: end }
        } else if before_marker < units {
            Followed { good: before_marker, garbled: true, used }
        } else if closed && is_data(left_over) {
            // Something before was lost or spoilt; nothing tells where.
            Followed { good: 0, garbled: true, used }
        } else {
            Followed { good: units, garbled: false, used }
        })
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

/// The data between restart markers, each with the number of the marker before it. A number out of turn is
/// believed when the next one follows.
fn intervals(data: &[u8], restarts: bool) -> impl Iterator<Item = (Option<u8>, &[u8])> {
    let mut rest = Some((None, data));
    let mut expected = 0;
    std::iter::from_fn(move || {
        let (number, data) = rest.take()?;
        let restart = |(at, code): &(usize, u8)| {
            restarts && matches!(code, 0xd0..=0xd7) && (code & 7 == expected || is_restart(&data[*at..]))
        };
        let Some((end, code)) = markers(data).find(restart) else { return Some((number, data)) };
        expected = (code + 1) & 7;
        rest = Some((Some(code & 7), &data[end + 2..]));
        Some((number, &data[..end]))
    })
}

/// Adds `data` to `mended`: markers become data, and filling is left out.
fn unmarked(data: &[u8], mended: &mut Vec<u8>) {
    for (byte, next) in data.iter().zip(data.iter().skip(1).chain([&0xff])) {
        match (byte, next) {
            (0xff, 0xff) => {}
            (0xff, 1..) => mended.extend([0xff, 0]),
            _ => mended.push(*byte),
        }
    }
}

/// Whether bytes behind the last unit are coded data: more of them than writers leave, and no trailer, which
/// has markers or begins with a number of four bytes.
fn is_data(left_over: &[u8]) -> bool {
    /// Whole photos leave none: of several hundred not one does.
    const MOST: usize = 8;
    let trailer = left_over.starts_with(&[0; 2]) || markers(left_over).next().is_some();
    !trailer && left_over.iter().filter(|byte| !matches!(byte, 0 | 0xff)).count() > MOST
}

/// Where something begins that is no coded data: many zeros, much filling, or two markers without stuffing
/// between them, as in a trailer. Behind the end when there is none.
fn data_end(data: &[u8]) -> usize {
    /// Less than any block of a disk or of a transfer.
    const FILLING: usize = 32;
    let run = |byte: u8| memchr::memmem::find(data, &[byte; FILLING]);
    let mut marker = None;
    let noise = memchr::memchr_iter(0xff, data).find_map(|at| match data.get(at + 1)? {
        0 => {
            marker = None;
            None
        }
        0xff => None,
        _ => marker.replace(at),
    });
    [run(0), run(0xff), noise].into_iter().flatten().min().unwrap_or(data.len() + 1)
}

//! How much decoding a HEIF picture asks for.
//!
//! A few hundred bytes can describe a grid of 65,536 tiles that are all the same large item, or grids of grids. The
//! decoder would work on it for hours.

use std::collections::{HashMap, HashSet};

use super::box_fields::{Children, Fields};

/// Pixels decoded for each pixel of the picture. A grid with a grid for its alpha takes four.
const FACTOR: u64 = 8;

/// Small pictures may be made of comparatively large tiles.
const SLACK: u64 = 16 << 20;

/// What an item costs at least, however small it says it is.
const LEAST: u64 = 64 * 64;

/// Pictures made of pictures made of pictures; none goes deeper.
const DEPTH: u32 = 6;

/// Which items are made from which, and which belong to which.
#[derive(Default)]
pub(super) struct References {
    made_from: HashMap<u64, Vec<u64>>,
    /// Items that belong to another, as alpha or depth.
    auxiliary: Vec<u64>,
}

impl References {
    /// Reads an `iref` box's content.
    pub(super) fn read(&mut self, content: &[u8]) {
        let version = content.first().copied().unwrap_or_default();
        for (kind, content) in Children(content.get(4..).unwrap_or_default()) {
            // What a broken box says before it breaks still counts.
            _ = self.read_one(&kind, content, if version == 0 { 2 } else { 4 });
        }
    }

    /// `item` and all that it is made from.
    pub(super) fn made_of(&self, item: u64) -> HashSet<u64> {
        let mut all = HashSet::from([item]);
        let mut open = vec![item];
        while let Some(item) = open.pop() {
            open.extend(
                self.made_from.get(&item).into_iter().flatten().copied().filter(|part| all.insert(*part)),
            );
        }
        all
    }

    fn read_one(&mut self, kind: &[u8; 4], content: &[u8], id_size: usize) -> Option<()> {
        let mut fields = Fields(content);
        let from = fields.number(id_size)?;
        if kind == b"auxl" {
            self.auxiliary.push(from);
        }
        for _ in 0..fields.number(2)? {
            let to = fields.number(id_size)?;
            if kind == b"dimg" {
                self.made_from.entry(from).or_default().push(to);
            }
        }
        Some(())
    }

    /// Whether decoding the primary item with its auxiliary pictures is in proportion to a picture of `pixels`.
    pub(super) fn is_proportionate(
        &self,
        primary: Option<u64>,
        pixels: u64,
        size_of: impl Fn(u64) -> Option<(u32, u32)>,
    ) -> bool {
        let mut known = HashMap::new();
        let items = primary.iter().chain(&self.auxiliary);
        let work =
            items.map(|item| self.work(*item, DEPTH, &size_of, &mut known)).fold(0, u64::saturating_add);
        work <= pixels.saturating_mul(FACTOR).saturating_add(SLACK)
    }

    /// Pixels to decode for `item`. Too deep, which a circle is too, counts as endless.
    fn work(
        &self,
        item: u64,
        depth: u32,
        size_of: &impl Fn(u64) -> Option<(u32, u32)>,
        known: &mut HashMap<u64, u64>,
    ) -> u64 {
        if let Some(work) = known.get(&item) {
            return *work;
        }
        let (width, height) = size_of(item).unwrap_or_default();
        let mut work = (u64::from(width) * u64::from(height)).max(LEAST);
        if let Some(parts) = self.made_from.get(&item) {
            let Some(deeper) = depth.checked_sub(1) else { return u64::MAX };
            for part in parts {
                work = work.saturating_add(self.work(*part, deeper, size_of, known));
            }
        }
        known.insert(item, work);
        work
    }
}

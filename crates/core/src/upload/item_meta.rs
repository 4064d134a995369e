//! The `meta` box of a HEIF or AVIF file: the size of its primary picture, where its items' data ends, and whether
//! decoding it would be out of all proportion.

use std::collections::HashMap;
use std::ops::Range;

use super::box_fields::{Children, Fields};
use super::gather::be;
use super::item_work::References;

/// What the walker needs from a `meta` box.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ItemMeta {
    pub width: u32,
    pub height: u32,
    /// Where in the file the picture's coded data lies, in order and without overlaps. Empty unless it is
    /// HEVC or AV1.
    pub coded: Vec<Range<u64>>,
    /// One past the last byte of the file that the picture lies in. Thumbnails, gain maps and EXIF are no part of it.
    pub data_end: u64,
}

/// Reads the box's content. `None` when it holds no picture's size, ends inside a field, or asks for far more decoding
/// than its picture is worth.
pub(super) fn read(meta: &[u8]) -> Option<ItemMeta> {
    let mut primary = None;
    let mut properties = Properties::default();
    let mut references = References::default();
    let mut places = HashMap::new();
    // A full box: version and flags come first.
    for (kind, content) in Children(meta.get(4..)?) {
        match &kind {
            b"pitm" => primary = primary_item(content),
            b"iprp" => properties.read(content),
            b"iref" => references.read(content),
            b"iloc" => places.extend(locations(content)?),
            _ => {}
        }
    }
    let (width, height) =
        primary.and_then(|item| properties.size_of(item)).or_else(|| properties.largest())?;
    let proportionate = references
        .is_proportionate(primary, u64::from(width) * u64::from(height), |item| properties.size_of(item));
    let of_picture = primary.map(|item| references.made_of(item)).unwrap_or_default();
    // Without a primary item that is described, whatever is described is awaited.
    let mut known: Vec<_> =
        places.iter().filter(|(item, _)| of_picture.contains(item)).map(|(_, p)| p).collect();
    if known.is_empty() {
        known.extend(places.values());
    }
    let mut coded: Vec<_> = known.into_iter().flatten().cloned().collect();
    coded.sort_unstable_by_key(|extent| extent.start);
    let mut data_end = 0;
    for extent in &mut coded {
        // What two items share is looked at once.
        extent.start = extent.start.max(data_end).min(extent.end);
        data_end = data_end.max(extent.end);
    }
    coded.retain(|extent| properties.coded && !extent.is_empty());
    proportionate.then_some(ItemMeta { width, height, coded, data_end })
}

fn primary_item(content: &[u8]) -> Option<u64> {
    let mut fields = Fields(content);
    let version = fields.number(4)? >> 24;
    fields.number(if version == 0 { 2 } else { 4 })
}

/// The sizes among the properties, and which item has which.
#[derive(Default)]
struct Properties {
    /// One entry a property; `Some` for `ispe`.
    sizes: Vec<Option<(u32, u32)>>,
    /// Whether one of them sets up a decoder for HEVC or AV1.
    coded: bool,
    /// Property indices, counted from one, of each item.
    items: HashMap<u64, Vec<usize>>,
}

impl Properties {
    fn read(&mut self, content: &[u8]) {
        for (kind, content) in Children(content) {
            match &kind {
                b"ipco" => self.sizes.extend(Children(content).map(|(kind, property)| {
                    self.coded |= matches!(&kind, b"hvcC" | b"av1C");
                    let size = property.get(4..12).filter(|_| &kind == b"ispe")?;
                    Some((be(&size[..4]) as u32, be(&size[4..]) as u32))
                })),
                // What a broken box says before it breaks still counts.
                b"ipma" => _ = self.associate(content),
                _ => {}
            }
        }
    }

    fn associate(&mut self, content: &[u8]) -> Option<()> {
        let mut fields = Fields(content);
        let full = fields.number(4)?;
        let (version, wide) = (full >> 24, full & 1 == 1);
        for _ in 0..fields.number(4)? {
            let item = fields.number(if version < 1 { 2 } else { 4 })?;
            for _ in 0..fields.number(1)? {
                // The top bit says that the property is essential.
                let index = if wide { fields.number(2)? & 0x7fff } else { fields.number(1)? & 0x7f };
                self.items.entry(item).or_default().push(index as usize);
            }
        }
        Some(())
    }

    fn size_of(&self, item: u64) -> Option<(u32, u32)> {
        self.items.get(&item)?.iter().find_map(|index| *self.sizes.get(index.checked_sub(1)?)?)
    }

    /// Where associations are missing or broken.
    fn largest(&self) -> Option<(u32, u32)> {
        self.sizes
            .iter()
            .flatten()
            .copied()
            .max_by_key(|(width, height)| u64::from(*width) * u64::from(*height))
    }
}

/// The parts of the file that each item of `iloc` lies in.
fn locations(content: &[u8]) -> Option<HashMap<u64, Vec<Range<u64>>>> {
    let mut fields = Fields(content);
    let version = fields.number(4)? >> 24;
    let sizes = fields.number(2)?;
    let width = |shift: u32| (sizes >> shift & 0xf) as usize;
    let (offset_size, length_size, base_size) = (width(12), width(8), width(4));
    let index_size = if version == 0 { 0 } else { width(0) };
    let mut places: HashMap<u64, Vec<Range<u64>>> = HashMap::new();
    for _ in 0..fields.number(if version < 2 { 2 } else { 4 })? {
        let item = fields.number(if version < 2 { 2 } else { 4 })?;
        let construction = if version == 0 { 0 } else { fields.number(2)? & 0xf };
        let reference = fields.number(2)?;
        let base = fields.number(base_size)?;
        let extents = fields.number(2)?;
        // Extents without fields are all alike, so that looking at one is enough.
        let extents = if index_size + offset_size + length_size == 0 { extents.min(1) } else { extents };
        for _ in 0..extents {
            fields.number(index_size)?;
            let offset = fields.number(offset_size)?;
            let length = fields.number(length_size)?;
            // Other constructions lie inside `meta` or in other items, other references in other files.
            if construction == 0 && reference == 0 {
                let start = base.checked_add(offset)?;
                let end = start.checked_add(length)?;
                places.entry(item).or_default().push(start..end);
            }
        }
    }
    Some(places)
}

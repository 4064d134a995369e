//! The `meta` box of a HEIF or AVIF file: the size of its primary picture, and where its items' data ends.

use super::gather::be;

/// What the walker needs from a `meta` box.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ItemMeta {
    pub width: u32,
    pub height: u32,
    /// One past the last byte of the file that an item lies in.
    pub data_end: u64,
}

/// Reads the box's content. `None` when it holds no picture's size, or ends inside a field.
pub(super) fn read(meta: &[u8]) -> Option<ItemMeta> {
    // A full box: version and flags come first.
    let children = Children(meta.get(4..)?);
    let mut primary = None;
    let mut properties = None;
    let mut data_end = 0;
    for (kind, content) in children {
        match &kind {
            b"pitm" => primary = primary_item(content),
            b"iprp" => properties = Some(content),
            b"iloc" => data_end = data_end.max(last_byte(content)?),
            _ => {}
        }
    }
    let (width, height) = picture_size(properties?, primary)?;
    Some(ItemMeta { width, height, data_end })
}

/// The child boxes of a box. Ends at the first one that does not fit.
struct Children<'a>(&'a [u8]);

impl<'a> Iterator for Children<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.0.get(4..8)?.try_into().ok()?;
        let (header, size) = match be(&self.0[..4]) {
            0 => (8, self.0.len()),
            1 => (16, usize::try_from(be(self.0.get(8..16)?)).ok()?),
            size => (8, size as usize),
        };
        let content = self.0.get(header..size)?;
        self.0 = &self.0[size..];
        Some((kind, content))
    }
}

/// Reads numbers one behind the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&mut self, bytes: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(be(number))
    }
}

fn primary_item(content: &[u8]) -> Option<u64> {
    let mut fields = Fields(content);
    let version = fields.number(4)? >> 24;
    fields.number(if version == 0 { 2 } else { 4 })
}

/// The primary item's `ispe`; where associations are missing or broken, the largest one there is.
fn picture_size(properties: &[u8], primary: Option<u64>) -> Option<(u32, u32)> {
    let mut extents: Vec<Option<(u32, u32)>> = Vec::new();
    let mut associated = Vec::new();
    for (kind, content) in Children(properties) {
        match &kind {
            b"ipco" => {
                extents.extend(Children(content).map(|(kind, property)| {
                    let size = property.get(4..12).filter(|_| &kind == b"ispe")?;
                    Some((be(&size[..4]) as u32, be(&size[4..]) as u32))
                }));
            }
            b"ipma" => associated.extend(primary.and_then(|item| associations(content, item)).unwrap_or_default()),
            _ => {}
        }
    }
    // Property indices count from one.
    let own = associated.iter().find_map(|index| *extents.get(index.checked_sub(1)?)?);
    own.or_else(|| extents.into_iter().flatten().max_by_key(|(width, height)| u64::from(*width) * u64::from(*height)))
}

/// The property indices associated with `item`.
fn associations(content: &[u8], item: u64) -> Option<Vec<usize>> {
    let mut fields = Fields(content);
    let full = fields.number(4)?;
    let (version, wide) = (full >> 24, full & 1 == 1);
    for _ in 0..fields.number(4)? {
        let id = fields.number(if version < 1 { 2 } else { 4 })?;
        let count = fields.number(1)?;
        let mut indices = Vec::new();
        for _ in 0..count {
            // The top bit says that the property is essential.
            let index = if wide { fields.number(2)? & 0x7fff } else { fields.number(1)? & 0x7f };
            indices.push(index as usize);
        }
        if id == item {
            return Some(indices);
        }
    }
    None
}

/// One past the last byte that an extent of `iloc` covers in the file itself.
fn last_byte(content: &[u8]) -> Option<u64> {
    let mut fields = Fields(content);
    let version = fields.number(4)? >> 24;
    let sizes = fields.number(2)?;
    let width = |shift: u32| (sizes >> shift & 0xf) as usize;
    let (offset_size, length_size, base_size) = (width(12), width(8), width(4));
    let index_size = if version == 0 { 0 } else { width(0) };
    let mut end = 0;
    for _ in 0..fields.number(if version < 2 { 2 } else { 4 })? {
        fields.number(if version < 2 { 2 } else { 4 })?;
        let construction = if version == 0 { 0 } else { fields.number(2)? & 0xf };
        let reference = fields.number(2)?;
        let base = fields.number(base_size)?;
        for _ in 0..fields.number(2)? {
            fields.number(index_size)?;
            let offset = fields.number(offset_size)?;
            let length = fields.number(length_size)?;
            // Other constructions lie inside `meta` or in other items, other references in other files.
            if construction == 0 && reference == 0 {
                end = end.max(base.checked_add(offset)?.checked_add(length)?);
            }
        }
    }
    Some(end)
}

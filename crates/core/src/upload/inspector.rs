use super::boxes::Boxes;
use super::event::Event;
use super::jpeg::Jpeg;
use super::png::Png;
use super::raw::Raw;
use super::sniff::{Kind, PREFIX, sniff};
use super::webp::WebP;
use super::{Format, Inspected, Limits, Refusal};

/// Watches an upload stream past. Feed it every chunk, then [`finish`](Inspector::finish).
///
/// However the stream is cut into chunks, the answer is the same. After a refusal every call repeats it.
#[derive(Debug)]
pub struct Inspector {
    limits: Limits,
    bytes: u64,
    state: State,
    size: Option<(u32, u32)>,
}

/// Inspects a file that is in memory already.
pub fn inspect(bytes: &[u8], limits: Limits) -> Result<Inspected, Refusal> {
    let mut inspector = Inspector::new(limits);
    inspector.push(bytes)?;
    inspector.finish()
}

#[derive(Debug)]
enum State {
    /// Too few bytes to say what it is.
    Sniffing(Vec<u8>),
    Walking(Format, Walker),
    /// All of the picture came; what follows is only counted.
    Complete(Format),
    Refused(Refusal),
}

#[derive(Debug)]
enum Walker {
    Jpeg(Jpeg),
    Png(Png),
    WebP(WebP),
    Boxes(Boxes),
    Raw(Raw),
}

impl Inspector {
    /// An inspector that has seen nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, bytes: 0, state: State::Sniffing(Vec::new()), size: None }
    }

    /// Looks at the next bytes of the file. An error is final: stop reading.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        let room = usize::try_from(self.limits.bytes - self.bytes).unwrap_or(usize::MAX);
        // Bytes within the limit come first, so that the reason given does not depend on how the stream is cut.
        let (within, beyond) = chunk.split_at(room.min(chunk.len()));
        self.bytes += within.len() as u64;
        let outcome = self.look(within).and(match beyond {
            [] => Ok(()),
            _ => Err(Refusal::TooLarge { limit_bytes: self.limits.bytes }),
        });
        if let Err(refusal) = outcome {
            self.state = State::Refused(refusal);
        }
        outcome
    }

    /// The format, as soon as it is known; the API stores the original's content type by it.
    pub fn format(&self) -> Option<Format> {
        match &self.state {
            State::Walking(format, _) | State::Complete(format) => Some(*format),
            State::Sniffing(_) | State::Refused(_) => None,
        }
    }

    /// The stream has ended: either all of an acceptable photo came, or the reason why not.
    pub fn finish(mut self) -> Result<Inspected, Refusal> {
        if let State::Sniffing(head) = &mut self.state {
            let head = std::mem::take(head);
            if head.is_empty() {
                return Err(Refusal::Empty);
            }
            self.begin(&head, true)?;
        }
        match (self.state, self.size) {
            (State::Complete(format), Some((width, height))) => {
                Ok(Inspected { format, bytes: self.bytes, width, height })
            }
            // The bytes behind its first directory are looked at where they are all there.
            (State::Complete(Format::Raw), None) => {
                Ok(Inspected { format: Format::Raw, bytes: self.bytes, width: 0, height: 0 })
            }
            (State::Complete(format), None) => Err(Refusal::Unreadable { format }),
            (State::Walking(format, walker), Some((width, height))) if walker.may_be_whole() => {
                Ok(Inspected { format, bytes: self.bytes, width, height })
            }
            // Sending it again would not bring a picture.
            (State::Walking(format, Walker::Boxes(boxes)), None) if boxes.has_no_picture() => {
                Err(Refusal::Unreadable { format })
            }
            (State::Walking(format, _), _) => Err(Refusal::Truncated { format }),
            (State::Refused(refusal), _) => Err(refusal),
            (State::Sniffing(_), _) => Err(Refusal::UnsupportedType { found: None }),
        }
    }

    fn look(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        match &mut self.state {
            State::Sniffing(head) => {
                let (sniffed, rest) = chunk.split_at(chunk.len().min(PREFIX - head.len()));
                // Byte by byte, so that a type is recognised at the same byte however the stream is cut.
                let mut head = std::mem::take(head);
                for (at, byte) in sniffed.iter().enumerate() {
                    head.push(*byte);
                    if self.begin(&head, false)? {
                        self.walk(&sniffed[at + 1..])?;
                        return self.walk(rest);
                    }
                }
                self.state = State::Sniffing(head);
                Ok(())
            }
            State::Walking(..) => self.walk(chunk),
            State::Complete(_) => Ok(()),
            State::Refused(refusal) => Err(*refusal),
        }
    }

    /// Starts the walker once the first bytes say which one. False: more bytes are needed.
    fn begin(&mut self, head: &[u8], all: bool) -> Result<bool, Refusal> {
        let format = match sniff(head, all) {
            None => return Ok(false),
            Some(Kind::Other(found)) => return Err(Refusal::UnsupportedType { found }),
            Some(Kind::Photo(format)) => format,
        };
        let walker = match format {
            Format::Jpeg => Walker::Jpeg(Jpeg::new()),
            Format::Png => Walker::Png(Png::new()),
            Format::WebP => Walker::WebP(WebP::new()),
            Format::Heif | Format::Avif => Walker::Boxes(Boxes::new()),
            Format::Raw => Walker::Raw(Raw::new()),
        };
        self.state = State::Walking(format, walker);
        self.walk(head)?;
        Ok(true)
    }

    fn walk(&mut self, mut input: &[u8]) -> Result<(), Refusal> {
        while let State::Walking(format, walker) = &mut self.state {
            let format = *format;
            match walker.step(&mut input).map_err(|()| Refusal::Unreadable { format })? {
                Event::More => return Ok(()),
                Event::Complete => self.state = State::Complete(format),
                Event::Lost => return Err(Refusal::Truncated { format }),
                Event::Other(kind) => return Err(Refusal::UnsupportedType { found: Some(kind) }),
                Event::Size { width: 0, .. } | Event::Size { height: 0, .. } => {
                    return Err(Refusal::Unreadable { format });
                }
                Event::Size { width, height } => {
                    self.limits.check_size(width, height)?;
                    self.size = Some((width, height));
                }
            }
        }
        Ok(())
    }
}

impl Walker {
    /// The file ended without its end marker. Could all of the picture be there? Only decoding tells; false where the
    /// bytes alone show that something is missing.
    fn may_be_whole(&self) -> bool {
        match self {
            Self::Jpeg(jpeg) => jpeg.may_be_whole(),
            Self::Png(png) => png.may_be_whole(),
            Self::WebP(_) | Self::Boxes(_) | Self::Raw(_) => false,
        }
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<Event, ()> {
        match self {
            Self::Jpeg(walker) => walker.step(input),
            Self::Png(walker) => walker.step(input),
            Self::WebP(walker) => walker.step(input),
            Self::Boxes(walker) => walker.step(input),
            Self::Raw(walker) => Ok(walker.step(input)),
        }
    }
}

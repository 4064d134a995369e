//! libheif's objects with owners: what is allocated is released once, and no pointer outlives what it points into.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Once;

use super::ffi;
use crate::decode::ReadError;

/// A profile larger than this is not a photo's.
const PROFILE_LIMIT: usize = 8 << 20;

/// How decoded pixels lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Rgb,
    Rgba,
}

impl Layout {
    fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// An opened file.
pub(super) struct Context<'bytes> {
    raw: NonNull<ffi::RawContext>,
    /// libheif reads from the caller's bytes without copying them.
    bytes: PhantomData<&'bytes [u8]>,
}

impl<'bytes> Context<'bytes> {
    /// Parses the file's boxes. No picture of more than about `pixels` pixels will be decoded, tiles included.
    pub(super) fn read(bytes: &'bytes [u8], pixels: u64) -> Result<Self, ReadError> {
        static INIT: Once = Once::new();
        // SAFETY: null stands for default parameters. It loads decoder plugins, which must not happen twice at once.
        // A plugin that does not load is noticed when a file needs it.
        INIT.call_once(|| _ = unsafe { ffi::heif_init(ptr::null_mut()) });
        // SAFETY: takes nothing; the result is checked.
        let raw = NonNull::new(unsafe { ffi::heif_context_alloc() }).ok_or_else(out_of_memory)?;
        let context = Self { raw, bytes: PhantomData };
        // The limit is the side of a square.
        let side = c_int::try_from(pixels.isqrt() + 1).unwrap_or(c_int::MAX);
        // SAFETY: the context is alive, and `bytes` outlives it by its lifetime.
        unsafe {
            ffi::heif_context_set_maximum_image_size_limit(raw.as_ptr(), side);
            // Photos are decoded in parallel already; tiles of one are decoded in the calling thread.
            ffi::heif_context_set_max_decoding_threads(raw.as_ptr(), 0);
            check(ffi::heif_context_read_from_memory_without_copy(
                raw.as_ptr(),
                bytes.as_ptr().cast(),
                bytes.len(),
                ptr::null(),
            ))?;
        }
        Ok(context)
    }

    pub(super) fn primary_image(&self) -> Result<Handle<'_>, ReadError> {
        let mut raw = ptr::null_mut();
        // SAFETY: the context is alive; `raw` is a place for the result.
        unsafe { check(ffi::heif_context_get_primary_image_handle(self.raw.as_ptr(), &mut raw))? };
        let raw = NonNull::new(raw).ok_or_else(out_of_memory)?;
        Ok(Handle { raw, context: PhantomData })
    }
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        // SAFETY: allocated in `read`, freed only here.
        unsafe { ffi::heif_context_free(self.raw.as_ptr()) }
    }
}

/// A picture that is described but not decoded.
pub(super) struct Handle<'context> {
    raw: NonNull<ffi::RawHandle>,
    context: PhantomData<&'context ()>,
}

impl Handle<'_> {
    /// Upright size.
    pub(super) fn size(&self) -> Result<(u32, u32), ReadError> {
        // SAFETY: the handle is alive.
        unsafe {
            sides(
                ffi::heif_image_handle_get_width(self.raw.as_ptr()),
                ffi::heif_image_handle_get_height(self.raw.as_ptr()),
            )
        }
    }

    pub(super) fn has_alpha(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { ffi::heif_image_handle_has_alpha_channel(self.raw.as_ptr()) != 0 }
    }

    pub(super) fn is_premultiplied(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { ffi::heif_image_handle_is_premultiplied_alpha(self.raw.as_ptr()) != 0 }
    }

    pub(super) fn icc_profile(&self) -> Option<Vec<u8>> {
        // SAFETY: the handle is alive; the buffer has the size that libheif names for it.
        unsafe {
            let size = ffi::heif_image_handle_get_raw_color_profile_size(self.raw.as_ptr());
            if size == 0 || size > PROFILE_LIMIT {
                return None;
            }
            let mut profile = vec![0; size];
            check(ffi::heif_image_handle_get_raw_color_profile(
                self.raw.as_ptr(),
                profile.as_mut_ptr().cast(),
            ))
            .ok()?;
            Some(profile)
        }
    }

    /// The number of the primaries that the `nclx` box names.
    pub(super) fn primaries(&self) -> Option<u8> {
        let mut nclx = ptr::null_mut();
        // SAFETY: the handle is alive; the result is checked before it is read, and freed once.
        unsafe {
            check(ffi::heif_image_handle_get_nclx_color_profile(self.raw.as_ptr(), &mut nclx)).ok()?;
            let primaries = NonNull::new(nclx)?.as_ref().color_primaries;
            ffi::heif_nclx_color_profile_free(nclx);
            u8::try_from(primaries).ok()
        }
    }

    pub(super) fn decode(&self, layout: Layout) -> Result<Picture, ReadError> {
        let chroma = match layout {
            Layout::Rgb => ffi::CHROMA_INTERLEAVED_RGB,
            Layout::Rgba => ffi::CHROMA_INTERLEAVED_RGBA,
        };
        let mut raw = ptr::null_mut();
        // SAFETY: the handle is alive. The options are libheif's own allocation, checked, and at least of version 2
        // (libheif 1.7 and later) where the field is written; they are freed once. `raw` is a place for the result.
        let outcome = unsafe {
            let options = ffi::heif_decoding_options_alloc();
            if let Some(options) = options.as_mut()
                && options.version >= 2
            {
                options.convert_hdr_to_8bit = 1;
            }
            let outcome =
                ffi::heif_decode_image(self.raw.as_ptr(), &mut raw, ffi::COLORSPACE_RGB, chroma, options);
            ffi::heif_decoding_options_free(options);
            outcome
        };
        // SAFETY: the message belongs to the context, which this handle keeps alive.
        unsafe { check(outcome)? };
        Ok(Picture { raw: NonNull::new(raw).ok_or_else(out_of_memory)? })
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        // SAFETY: handed to us by `primary_image`, released only here.
        unsafe { ffi::heif_image_handle_release(self.raw.as_ptr()) }
    }
}

/// Decoded pixels in libheif's memory.
pub(super) struct Picture {
    raw: NonNull<ffi::RawImage>,
}

impl Picture {
    pub(super) fn size(&self) -> Result<(u32, u32), ReadError> {
        // SAFETY: the picture is alive.
        unsafe {
            sides(
                ffi::heif_image_get_width(self.raw.as_ptr(), ffi::CHANNEL_INTERLEAVED),
                ffi::heif_image_get_height(self.raw.as_ptr(), ffi::CHANNEL_INTERLEAVED),
            )
        }
    }

    /// A copy of the rows without the padding between them.
    pub(super) fn packed(&self, layout: Layout, width: u32, height: u32) -> Result<Vec<u8>, ReadError> {
        let mut stride = 0;
        // SAFETY: the picture is alive; `stride` is a place for the result.
        let plane = unsafe {
            ffi::heif_image_get_plane_readonly(self.raw.as_ptr(), ffi::CHANNEL_INTERLEAVED, &mut stride)
        };
        let (row, height) = (width as usize * layout.channels(), height as usize);
        let stride = usize::try_from(stride).ok().filter(|stride| *stride >= row && row > 0 && height > 0);
        let (Some(stride), false) = (stride, plane.is_null()) else {
            return Err(ReadError::decoder("libheif gave no pixels"));
        };
        let mut pixels = Vec::with_capacity(row * height);
        // SAFETY: the plane has `height` rows, `stride` bytes apart, of at least `row` bytes each; the last one may
        // end with its pixels. It lives as long as `self`.
        let plane = unsafe { std::slice::from_raw_parts(plane, stride * (height - 1) + row) };
        plane.chunks(stride).for_each(|line| pixels.extend_from_slice(&line[..row]));
        Ok(pixels)
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: handed to us by `decode`, released only here.
        unsafe { ffi::heif_image_release(self.raw.as_ptr()) }
    }
}

fn sides(width: c_int, height: c_int) -> Result<(u32, u32), ReadError> {
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width @ 1..), Ok(height @ 1..)) => Ok((width, height)),
        _ => Err(ReadError::decoder("libheif gave no size")),
    }
}

fn out_of_memory() -> ReadError {
    ReadError::decoder("libheif could not allocate")
}

/// # Safety
/// The error's message must still be alive: call it before what returned the error is freed.
unsafe fn check(error: ffi::Error) -> Result<(), ReadError> {
    if error.code == 0 {
        return Ok(());
    }
    let message = match error.message.is_null() {
        true => "no message".into(),
        // SAFETY: libheif's messages are terminated strings; the caller keeps them alive.
        false => unsafe { CStr::from_ptr(error.message) }.to_string_lossy(),
    };
    Err(ReadError::Decoder(format!("libheif: {message} ({}.{})", error.code, error.subcode)))
}

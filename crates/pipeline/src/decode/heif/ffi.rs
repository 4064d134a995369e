//! The part of libheif's C interface that is used, as its header `heif.h` declares it.
//!
//! Functions and the fields named here have not changed since version 1.4; later versions only append fields to
//! structures that libheif itself allocates.

use std::ffi::{c_char, c_int, c_void};

pub(super) const COLORSPACE_RGB: c_int = 1;
pub(super) const CHROMA_INTERLEAVED_RGB: c_int = 10;
pub(super) const CHROMA_INTERLEAVED_RGBA: c_int = 11;
pub(super) const CHANNEL_INTERLEAVED: c_int = 10;

/// Returned by value; code 0 is success.
#[repr(C)]
pub(super) struct Error {
    pub code: c_int,
    pub subcode: c_int,
    /// A string that lives as long as the library or the context.
    pub message: *const c_char,
}

/// `heif_context`
#[repr(C)]
pub(super) struct RawContext {
    _opaque: [u8; 0],
}

/// `heif_image_handle`
#[repr(C)]
pub(super) struct RawHandle {
    _opaque: [u8; 0],
}

/// `heif_image`
#[repr(C)]
pub(super) struct RawImage {
    _opaque: [u8; 0],
}

/// `heif_decoding_options`, up to the last field that is used.
#[repr(C)]
pub(super) struct DecodingOptions {
    pub version: u8,
    pub ignore_transformations: u8,
    pub start_progress: *const c_void,
    pub on_progress: *const c_void,
    pub end_progress: *const c_void,
    pub progress_user_data: *mut c_void,
    /// Since version 2 of the structure.
    pub convert_hdr_to_8bit: u8,
}

/// `heif_color_profile_nclx`, up to the last field that is used.
#[repr(C)]
pub(super) struct Nclx {
    pub version: u8,
    pub color_primaries: c_int,
}

#[allow(unsafe_code)]
unsafe extern "C" {
    pub(super) fn heif_init(params: *mut c_void) -> Error;
    pub(super) fn heif_context_alloc() -> *mut RawContext;
    pub(super) fn heif_context_free(context: *mut RawContext);
    pub(super) fn heif_context_set_maximum_image_size_limit(context: *mut RawContext, maximum_width: c_int);
    pub(super) fn heif_context_set_max_decoding_threads(context: *mut RawContext, threads: c_int);
    pub(super) fn heif_context_read_from_memory_without_copy(
        context: *mut RawContext,
        memory: *const c_void,
        size: usize,
        options: *const c_void,
    ) -> Error;
    pub(super) fn heif_context_get_primary_image_handle(
        context: *mut RawContext,
        handle: *mut *mut RawHandle,
    ) -> Error;

    pub(super) fn heif_image_handle_release(handle: *const RawHandle);
    pub(super) fn heif_image_handle_get_width(handle: *const RawHandle) -> c_int;
    pub(super) fn heif_image_handle_get_height(handle: *const RawHandle) -> c_int;
    pub(super) fn heif_image_handle_has_alpha_channel(handle: *const RawHandle) -> c_int;
    pub(super) fn heif_image_handle_is_premultiplied_alpha(handle: *const RawHandle) -> c_int;
    pub(super) fn heif_image_handle_get_raw_color_profile_size(handle: *const RawHandle) -> usize;
    pub(super) fn heif_image_handle_get_raw_color_profile(
        handle: *const RawHandle,
        out: *mut c_void,
    ) -> Error;
    pub(super) fn heif_image_handle_get_nclx_color_profile(
        handle: *const RawHandle,
        out: *mut *mut Nclx,
    ) -> Error;
    pub(super) fn heif_nclx_color_profile_free(profile: *mut Nclx);

    pub(super) fn heif_decoding_options_alloc() -> *mut DecodingOptions;
    pub(super) fn heif_decoding_options_free(options: *mut DecodingOptions);
    pub(super) fn heif_decode_image(
        handle: *const RawHandle,
        image: *mut *mut RawImage,
        colorspace: c_int,
        chroma: c_int,
        options: *const DecodingOptions,
    ) -> Error;

    pub(super) fn heif_image_release(image: *const RawImage);
    pub(super) fn heif_image_get_width(image: *const RawImage, channel: c_int) -> c_int;
    pub(super) fn heif_image_get_height(image: *const RawImage, channel: c_int) -> c_int;
    pub(super) fn heif_image_get_plane_readonly(
        image: *const RawImage,
        channel: c_int,
        stride: *mut c_int,
    ) -> *const u8;
}

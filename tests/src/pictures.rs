use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::TestApp;

/// 300 dpi in the pixels per metre of a pHYs chunk.
const PIXELS_PER_METRE: u32 = 11_811;

/// Downloads both pictures of a finished job and checks what every headshot promises: sizes, resolution, grey, a
/// transparent background without the customer's room in it, and an animal in the middle.
///
/// # Errors
/// What is wrong with which picture.
pub fn check_pictures(app: &TestApp, job: &Value) -> Result<()> {
    for (name, size) in [("preview", (1280, 1600)), ("print", (2400, 3000))] {
        let url = job.get(format!("{name}_url")).and_then(Value::as_str);
        let bytes = app.download(url.with_context(|| format!("no {name}_url in {job:#}"))?)?;
        check_png(&bytes, size, name == "print").with_context(|| format!("the {name}"))?;
        let listed = job.get("outputs").and_then(Value::as_array).into_iter().flatten();
        let listed =
            listed.filter(|output| output.get("bytes").and_then(Value::as_u64) == Some(bytes.len() as u64));
        ensure!(listed.count() > 0, "the {name} has not the listed length {}", bytes.len());
    }
    Ok(())
}

/// Checks one picture as [`check_pictures`] does.
///
/// # Errors
/// What is wrong with it.
pub fn check_png(bytes: &[u8], size: (u32, u32), is_print: bool) -> Result<()> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().context("it is not a PNG")?;
    let info = reader.info();
    ensure!((info.width, info.height) == size, "{} × {} instead of {size:?}", info.width, info.height);
    ensure!(info.color_type == png::ColorType::Rgba, "{:?} instead of RGB and alpha", info.color_type);
    ensure!(info.bit_depth == png::BitDepth::Eight, "{:?} instead of 8 bit", info.bit_depth);
    ensure!(info.srgb.is_some(), "it does not say that it is sRGB");
    if is_print {
        let dots = info.pixel_dims.context("it does not say how large it is on paper")?;
        ensure!(
            (dots.xppu, dots.yppu) == (PIXELS_PER_METRE, PIXELS_PER_METRE),
            "{dots:?} instead of 300 dpi"
        );
    }
    let mut pixels = vec![0; reader.output_buffer_size().context("its size")?];
    reader.next_frame(&mut pixels).context("its pixels")?;
    let (mut opaque, mut clear) = (0_u64, 0_u64);
    for pixel in pixels.chunks_exact(4) {
        let &[r, g, b, alpha] = pixel else { continue };
        ensure!(r == g && g == b, "a pixel is coloured: {pixel:?}");
        ensure!(alpha != 0 || r == 0, "a transparent pixel shows what was behind the animal: {pixel:?}");
        opaque += u64::from(alpha == 255);
        clear += u64::from(alpha == 0);
    }
    let all = u64::from(size.0) * u64::from(size.1);
    ensure!(opaque * 20 > all, "less than a twentieth of it is opaque: {opaque} of {all}");
    ensure!(clear * 50 > all, "hardly anything of it is transparent: {clear} of {all}");
    Ok(())
}

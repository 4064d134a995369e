//! Descriptions of other people's matting networks, by the names under which their ONNX files are passed around.
//!
//! The numbers are those of each author's own inference code. What that code does besides is left out on purpose: it
//! squashes every photo into a square, where we letterbox, and it stretches every matte from its lowest to its
//! highest value, which finds a pet in a photo of an empty room.

use super::description::{Activation, Divisor, ModelDescription};

/// The names of all profiles.
pub const PROFILES: [&str; 8] =
    ["u2net", "u2netp", "silueta", "isnet-general-use", "birefnet", "inspyrenet", "modnet", "rmbg"];

/// Mean and standard deviation of the photos of ImageNet, on which most encoders were trained first.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// The mean of the above in 8 bits: what lies around the letterboxed photo is then close to zero for the network.
const IMAGENET_GREY: [u8; 3] = [124, 116, 104];
const MIDDLE_GREY: [u8; 3] = [128; 3];

/// The profile of that name.
///
/// # Errors
/// There is none; the sentence lists those there are.
pub fn profile(name: &str) -> Result<ModelDescription, String> {
    let described = match name {
        // Qin and others 2020. Seven outputs, sigmoid inside, of which the first is the fused one. `silueta` is the same
        // network made smaller.
        "u2net" | "u2netp" | "silueta" => {
            ModelDescription { divide_by: Divisor::Brightest, ..square(320, IMAGENET, IMAGENET_GREY) }
        }
        // DIS, Qin and others 2022. The first output counts, sigmoid inside.
        // RMBG 1.4 is the same network with other weights. (RMBG 2.0 is a BiRefNet.)
        "isnet-general-use" | "rmbg" => square(1024, ([0.5; 3], [1.0; 3]), MIDDLE_GREY),
        // Zheng and others 2024. The last stage's logits.
        "birefnet" => {
            ModelDescription { activation: Activation::Sigmoid, ..square(1024, IMAGENET, IMAGENET_GREY) }
        }
        // Kim and others 2022. Its own code stretches the matte inside the graph, which nothing here can undo: of a photo
        // without a pet it shows whatever stands out most.
        "inspyrenet" => square(1024, IMAGENET, IMAGENET_GREY),
        // Ke and others 2022. Any size whose sides are multiples of 32, about 512; the matte is ready.
        "modnet" => ModelDescription { square: false, ..square(512, ([0.5; 3], [0.5; 3]), MIDDLE_GREY) },
        _ => return Err(format!("there is no profile \"{name}\"; those there are: {}", PROFILES.join(", "))),
    };
    Ok(ModelDescription { name: name.into(), ..described })
}

fn square(long_side: u32, (mean, std): ([f32; 3], [f32; 3]), fill: [u8; 3]) -> ModelDescription {
    ModelDescription { long_side, square: true, mean, std, fill, ..ModelDescription::plain() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_profile_and_no_other_has() {
        for name in PROFILES {
            assert_eq!(profile(name).map(|p| p.name), Ok(name.to_owned()));
        }
        let error = profile("U2Net").unwrap_err();
        assert!(PROFILES.iter().all(|name| error.contains(name)), "{error}");
    }
}

//! Everything the gate says to customers, in one table: the place to translate.

use headshot_core::{Reason, Severity};

/// Codes of the reasons, with the sentence that the customer reads.
pub const SENTENCES: [(&str, &str); 14] = [
    (
        "no_pet_found",
        "We could not find a pet in this photo. Please try one where your pet fills most of the picture.",
    ),
    ("head_too_small", "Your pet is too far away in this photo. Please try one taken closer to its face."),
    (
        "no_face",
        "We cannot see your pet's face in this photo. Please try one in which it looks towards the camera.",
    ),
    (
        "face_blurred",
        "Your pet's face is too blurry for a portrait. Please try a photo taken in daylight while your pet keeps still.",
    ),
    (
        "too_dark",
        "This photo is too dark to show your pet's face. Please try one taken in daylight or beside a window.",
    ),
    (
        "face_soft",
        "Your pet's face is a little blurry; a photo taken in daylight while it keeps still would look sharper.",
    ),
    (
        "overexposed",
        "Bright light has washed out part of your pet's face; a photo taken in the shade would show more detail.",
    ),
    (
        "photo_damaged",
        "Part of your pet's head is damaged in this file; please check the portrait, or send the photo again.",
    ),
    (
        "several_pets",
        "There is more than one pet in this photo; the portrait shows the one that stands out most.",
    ),
    (
        "head_cut",
        "The edge of the photo cuts off part of your pet's head; please try one with a little space around it.",
    ),
    (
        "head_small",
        "Your pet's face is rather small in this photo; the print will be softer than one from a closer photo.",
    ),
    ("head_uncertain", "We were not sure where your pet's head is; please check the crop."),
    (
        "matte_uncertain",
        "Your pet is hard to tell from its surroundings here; please check the edges of the cut-out.",
    ),
    (
        "print_enlarged",
        "The photo had to be enlarged to fill the print; a larger original would look sharper.",
    ),
];

/// A reason with its sentence.
pub fn reason(code: &str, severity: Severity) -> Reason {
    let sentence = SENTENCES.iter().find(|(c, _)| *c == code).map_or("", |(_, sentence)| sentence);
    debug_assert!(!sentence.is_empty(), "{code} has no sentence");
    Reason { code: code.into(), severity, message: sentence.into() }
}

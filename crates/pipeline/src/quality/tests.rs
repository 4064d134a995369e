//! Verdicts about what the network itself was unsure of, which no drawn photo makes it.

use headshot_core::upload::Format;
use headshot_core::{Head, HeadSource};

use super::*;
use crate::matting::HeadBox;

const SIDE: u32 = 1000;

/// The verdict on a square animal in the middle of a photo: how sure the network was of the animal, and whether of its
/// head.
fn verdict(alpha: f32, head: HeadSource) -> Quality {
    let score = (head == HeadSource::Model).then_some(0.9);
    verdict_of(alpha, head, score, Vec::new())
}

/// The same by the score of the network's head box, if it gives one, and with what the file lost.
fn verdict_of(alpha: f32, head: HeadSource, score: Option<f32>, damage: Vec<Damage>) -> Quality {
    let photo = Photo {
        width: SIDE,
        height: SIDE,
        // Broad bands with hard edges, so that nothing is blurred.
        rgb: (0..SIDE * SIDE * 3).map(|i| if (i / SIDE / 3) % 80 < 40 { 90 } else { 160 }).collect(),
        alpha: None,
        format: Format::Jpeg,
        stored: (SIDE, SIDE),
        damage,
    };
    let inside = |x: usize, y: usize| (25..75).contains(&x) && (25..75).contains(&y);
    let whole = Region::whole((SIDE.into(), SIDE.into()));
    let region = Region::new(250.0, 250.0, 500.0, 400.0);
    let coarse = CoarseMatte {
        alpha: Plane::from_fn(100, 100, |x, y| if inside(x, y) { alpha } else { 0.0 }),
        region: whole,
        head: score.map(|score| HeadBox { region, score }),
        pet: None,
    };
    let animal = Plane::from_fn(100, 100, |x, y| if inside(x, y) { 1.0 } else { 0.0 });
    let head = Head { x: 250.0, y: 250.0, width: 500.0, height: 400.0, confidence: 0.9, source: head };
    let scene = Scene::framed(photo, animal, head, headshot_core::Shot::Head);
    judge(&scene, &coarse, None, &Recipe::headshot())
}

fn says(quality: &Quality, code: &str) -> bool {
    quality.reasons.iter().any(|reason| reason.code == code && !reason.message.is_empty())
}

#[test]
fn a_head_that_only_the_outline_tells_of_is_worth_a_word() {
    let guessed = verdict(0.95, HeadSource::Matte);
    assert!(guessed.pass && says(&guessed, "head_uncertain"), "{guessed:?}");
    let seen = verdict(0.95, HeadSource::Model);
    assert!(seen.pass && !says(&seen, "head_uncertain"), "{seen:?}");
}

#[test]
fn an_animal_from_behind_is_refused_with_a_sentence_and_a_network_without_heads_refuses_none() {
    let behind = verdict_of(0.95, HeadSource::Matte, Some(0.05), Vec::new());
    assert_eq!(behind.rejection().map(|reason| reason.code.as_str()), Some("no_face"), "{behind:?}");
    assert!(!says(&verdict_of(0.95, HeadSource::Matte, Some(0.35), Vec::new()), "no_face"));
    assert!(!says(&verdict_of(0.95, HeadSource::Matte, None, Vec::new()), "no_face"));
}

#[test]
fn an_animal_that_is_hard_to_tell_from_its_surroundings_is_worth_a_word() {
    let unsure = verdict(0.78, HeadSource::Model);
    assert!(unsure.pass && says(&unsure, "matte_uncertain"), "{unsure:?}");
    assert!(!says(&verdict(0.9, HeadSource::Model), "matte_uncertain"));
    let lost = verdict(0.6, HeadSource::Model);
    assert_eq!(lost.rejection().map(|reason| reason.code.as_str()), Some("no_pet_found"), "{lost:?}");
}

#[test]
fn every_sentence_belongs_to_one_code() {
    let codes: std::collections::BTreeSet<_> = sentences::SENTENCES.iter().map(|(code, _)| code).collect();
    assert_eq!(codes.len(), sentences::SENTENCES.len());
}

#[test]
fn damage_is_worth_a_word_where_it_touches_the_head_and_no_portrait_where_it_takes_much_of_it() {
    let stripe = |y, height| vec![Damage { x: 0, y, width: SIDE, height }];
    let codes = |damage| {
        let quality = verdict_of(0.95, HeadSource::Model, Some(0.9), damage);
        let code = |r: &headshot_core::Reason| r.code == "photo_damaged";
        (quality.pass, quality.reasons.iter().any(code))
    };
    assert_eq!(codes(Vec::new()), (true, false));
    assert_eq!(codes(stripe(900, 40)), (true, false), "below the head");
    assert_eq!(codes(stripe(400, 40)), (true, true), "through the face");
    assert_eq!(codes(stripe(300, 300)), (false, true), "most of the face");
}

//! A network that says whether there is a pet, and the built-in one's own words about itself.

use headshot_core::{Metric, Quality, Recipe};
use headshot_pipeline::{DescribedBy, ModelSettings, Models, Outcome, process};

use crate::graph::Net;
use crate::support::{ModelOnDisk, find_the_runtime, png};

const DESCRIPTION: &str =
    r#"{"long_side":320,"head_output":"head","pet_output":"pet","alpha_output":"alpha"}"#;

/// Sees an animal wherever the photo is bright, a head in the middle, and a pet as likely as it is told.
fn net(pet: f32) -> Net {
    Net::new("image", &[1, 3, -1, -1])
        .mix("image", [0.0; 3], [1.0; 3])
        .output("alpha", &[1, 1, -1, -1])
        .always("head", &[0.5, 0.4, 0.3, 0.3, 0.9])
        .always("pet", &[pet])
}

/// A bright disc on black.
fn disc() -> Vec<u8> {
    png(900, 900, |x, y| {
        let (x, y) = (f64::from(x) - 450.0, f64::from(y) - 450.0);
        if x.hypot(y) < 300.0 { [250, 250, 245] } else { [0, 0, 0] }
    })
}

fn outcome(photo: &[u8], pet: f32) -> Outcome {
    let models = ModelOnDisk::new("m", &net(pet)).described(DESCRIPTION).load().expect("a model");
    process(photo, &Recipe::default(), &models, &|_| {}).expect("an outcome")
}

fn pet_confidence(quality: &Quality) -> Option<f64> {
    quality.metrics.iter().find(|Metric { name, .. }| name == "pet_confidence").map(|metric| metric.value)
}

#[test]
fn a_photo_without_a_pet_is_refused_however_good_its_matte() {
    let Outcome::Rejected(rejection) = outcome(&disc(), 0.44) else { panic!("it should be refused") };
    assert_eq!(rejection.code, "no_pet_found");
    let confidence = rejection.quality.as_ref().and_then(pet_confidence);
    assert_eq!(confidence, Some(0.44));
}

#[test]
fn a_photo_with_a_pet_is_rendered_and_the_record_says_how_sure_that_is() {
    let Outcome::Rendered(rendered) = outcome(&disc(), 0.46) else { panic!("it should be rendered") };
    assert_eq!(pet_confidence(&rendered.quality), Some(0.46));
}

#[test]
fn what_is_no_probability_is_no_pet_and_a_pet_needs_a_matte() {
    let Outcome::Rejected(rejection) = outcome(&disc(), f32::NAN) else { panic!("it should be refused") };
    assert_eq!(rejection.code, "no_pet_found");
    let black = png(900, 900, |_, _| [0, 0, 0]);
    let Outcome::Rejected(rejection) = outcome(&black, 0.99) else { panic!("it should be refused") };
    assert_eq!(rejection.code, "no_pet_found");
    assert_eq!(rejection.quality.as_ref().and_then(pet_confidence), Some(0.99));
}

/// There is no edge anywhere for the stages after it to hold on to.
#[test]
fn an_animal_from_edge_to_edge_is_printed_and_not_blank() {
    let everywhere = Net::new("image", &[1, 3, -1, -1]).mix("image", [1.0; 3], [1.0; 3]);
    let model = ModelOnDisk::new("m", &everywhere.output("alpha", &[1, 1, -1, -1]));
    let photo = png(900, 700, |x, y| [(x * 7 % 200) as u8 + 20, (y * 5 % 180) as u8 + 20, 90]);
    let models = model.load().expect("a model");
    let outcome = process(&photo, &Recipe::default(), &models, &|_| {}).expect("an outcome");
    let Outcome::Rendered(rendered) = outcome else { panic!("it should be rendered: {outcome:?}") };
    assert!(rendered.quality.metrics.iter().all(|metric| metric.value.is_finite()));
    for artefact in &rendered.artefacts {
        let picture = image::load_from_memory(&artefact.png).expect("a good PNG").into_luma_alpha8();
        let seen = || picture.pixels().map(|p| p.0).filter(|[_, alpha]| *alpha > 128).map(|[grey, _]| grey);
        assert!(seen().count() > 10_000 && seen().max() > seen().min().map(|least| least + 20));
    }
}

#[test]
fn the_built_in_model_describes_itself() {
    find_the_runtime();
    let models = Models::load(&ModelSettings::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(models.described_by(), &DescribedBy::Metadata);
    let description = models.description();
    assert!(description.name.starts_with("pet-matte-") && models.info().name == description.name);
    for said in [&description.version, &description.licence, &description.alpha_output] {
        assert!(!said.is_empty(), "{description:?}");
    }
}

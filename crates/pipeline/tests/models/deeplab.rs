//! A real network of other people's: DeepLab v3 at 257 × 257, which tells the 21 classes of Pascal VOC apart.

use std::fs;
use std::path::{Path, PathBuf};

use headshot_core::Recipe;
use headshot_pipeline::decode::{DecodeLimits, decode};
use headshot_pipeline::{ModelSettings, Models, Outcome, Plane, coarse_matte, process};
use tempfile::TempDir;

use crate::support::{find_the_runtime, png};

/// Cat is class 8, dog 12. The size and the range -1 to 1 are those of the network's maker.
const DESCRIPTION: &str = r#"{
    "name": "deeplabv3", "licence": "Apache-2.0", "long_side": 257, "square": true,
    "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "fill": [128, 128, 128],
    "activation": "softmax", "classes": [8, 12]
}"#;

/// The shared folder and the model; says so, loudly, where there is none.
fn deeplab() -> Option<(PathBuf, Models)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("HEADSHOT_SHARED").map_or_else(beside, PathBuf::from);
    let original = shared.join("models/deeplabv3_float_257.onnx");
    if !original.is_file() {
        println!("SKIPPED: {} is not there, so no real model of others was tried.", original.display());
        return None;
    }
    find_the_runtime();
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("deeplab.onnx");
    fs::copy(&original, &path).expect("a copied model");
    fs::write(path.with_extension("json"), DESCRIPTION).expect("a written description");
    let settings = ModelSettings { path: Some(path), ..ModelSettings::default() };
    Some((shared, Models::load(&settings).unwrap_or_else(|error| panic!("{error}"))))
}

fn matte_of(file: &Path, models: &Models) -> Plane {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let photo = decode(&bytes, &DecodeLimits::default()).expect("a good photo");
    coarse_matte(&photo, models).expect("a matte").alpha
}

fn share(alpha: &Plane) -> f64 {
    alpha.data().iter().filter(|&&a| a >= 0.5).count() as f64 / alpha.data().len() as f64
}

#[test]
fn it_finds_cats_and_dogs_and_nothing_where_there_is_nothing() {
    let Some((shared, models)) = deeplab() else { return };
    for name in ["cat-profile", "cat-white", "cat-red-1080p", "two-dogs", "retriever-snow", "bernese"] {
        let found = share(&matte_of(&shared.join(format!("photos/{name}.jpg")), &models));
        println!("{name}: {found:.3}");
        assert!(found > 0.05, "{name}: {found}");
    }
    for grey in [0, 128, 255] {
        let flat = png(640, 480, |_, _| [grey; 3]);
        let outcome = process(&flat, &Recipe::default(), &models, &|_| {}).expect("an outcome");
        let Outcome::Rejected(rejection) = outcome else { panic!("a flat picture of {grey} was rendered") };
        assert_eq!(rejection.code, "no_pet_found", "on a flat picture of {grey}");
    }
}

#[test]
fn its_mattes_lie_where_the_labels_are() {
    let Some((shared, models)) = deeplab() else { return };
    let folder = shared.join("pets/labelled");
    let mut photos: Vec<PathBuf> =
        fs::read_dir(folder.join("images")).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    photos.sort();
    // Thirty, spread over the breeds.
    let mut ious: Vec<f64> = photos.iter().step_by(10).map(|p| iou(p, &folder, &models)).collect();
    ious.sort_by(f64::total_cmp);
    let (mean, median) = (ious.iter().sum::<f64>() / ious.len() as f64, ious[ious.len() / 2]);
    println!("IoU mean {mean:.3}, median {median:.3}: {ious:.2?}");
    // The same network fed by a few lines of Python has 0.80 and 0.90: it takes one of these cats for a chair, one for a
    // bird, and a dog for a person. A channel or a size mistaken would spoil all of them.
    assert!(ious.len() == 30 && mean > 0.77 && median > 0.87, "IoU mean {mean:.3}, median {median:.3}");
}

/// Intersection over union with the trimap, where that is sure.
fn iou(file: &Path, folder: &Path, models: &Models) -> f64 {
    const PET: u8 = 1;
    const UNKNOWN: u8 = 3;
    let stem = file.file_stem().expect("a file name");
    let trimap = folder.join("trimaps").join(stem).with_extension("png");
    let trimap = image::open(trimap).expect("a trimap").into_luma8();
    let alpha = matte_of(file, models).resize(trimap.width() as usize, trimap.height() as usize);
    let (mut both, mut either) = (0, 0);
    for (label, a) in trimap.pixels().map(|p| p.0[0]).zip(alpha.data()).filter(|&(label, _)| label != UNKNOWN)
    {
        let (labelled, found) = (label == PET, *a >= 0.5);
        both += usize::from(labelled && found);
        either += usize::from(labelled || found);
    }
    both as f64 / either.max(1) as f64
}

#[test]
fn a_headshot_can_be_made_with_it() {
    let Some((shared, models)) = deeplab() else { return };
    let bytes = fs::read(shared.join("photos/cat-profile.jpg")).expect("a photo");
    let outcome = process(&bytes, &Recipe::default(), &models, &|_| {}).expect("an outcome");
    let Outcome::Rendered(rendered) = outcome else { panic!("it should be rendered: {outcome:?}") };
    assert_eq!(rendered.model.name, "deeplabv3");
}

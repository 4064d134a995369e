//! What a description can say besides what the profiles do, and which description counts.

use headshot_pipeline::{DescribedBy, coarse_matte};

use crate::graph::Net;
use crate::support::{BRIGHTEST, ModelOnDisk, assert_shows_the_picture, photo, picture};

const PLAIN: ([f32; 3], [f32; 3]) = ([0.0; 3], [1.0; 3]);

fn plain() -> Net {
    Net::new("image", &[1, 3, -1, -1]).mix("image", PLAIN.0, PLAIN.1).output("alpha", &[1, 1, -1, -1])
}

#[test]
fn a_model_that_nobody_describes_is_taken_for_a_plain_one() {
    let model = ModelOnDisk::new("unheard-of", &plain());
    let models = model.load().expect("a plain model");
    assert_eq!((models.described_by(), models.info().name.as_str()), (&DescribedBy::Nothing, "unheard-of"));
    assert_shows_the_picture(&model.matte(), 512, 255.0);
}

#[test]
fn channels_may_come_last_and_in_the_other_order() {
    let net = Net::new("image", &[1, 256, 256, 3])
        .node("Transpose", &["image"], "first")
        .with("perm", &[0, 3, 1, 2])
        .integers("turned", &[2, 1, 0])
        .node("Gather", &["first", "turned"], "rgb")
        .with_one("axis", 1)
        .mix("rgb", PLAIN.0, PLAIN.1)
        .node("Transpose", &["alpha"], "matte")
        .with("perm", &[0, 2, 3, 1])
        .output("matte", &[1, 256, 256, 1]);
    let description = r#"{"layout":"nhwc","channels":"bgr","long_side":256,"square":true}"#;
    assert_shows_the_picture(&ModelOnDisk::new("last", &net).described(description).matte(), 256, 255.0);
}

#[test]
fn the_matte_may_be_coarser_than_the_input() {
    let net = Net::new("image", &[1, 3, 256, 256])
        .mix("image", PLAIN.0, PLAIN.1)
        .node("AveragePool", &["alpha"], "coarse")
        .with("kernel_shape", &[2, 2])
        .with("strides", &[2, 2])
        .output("coarse", &[1, 1, 128, 128]);
    let model = ModelOnDisk::new("coarse", &net).described(r#"{"long_side":256,"square":true}"#);
    let matte = model.matte();
    let alpha = &matte.alpha;
    assert_eq!((alpha.width(), alpha.height()), (256, 128));
    let fine = ModelOnDisk::new("fine", &plain()).described(r#"{"long_side":256}"#).matte();
    // Away from the lower edge, where the coarse matte has mixed the photo with what lies below it.
    for (x, y) in [(10, 10), (128, 64), (200, 100), (250, 20)] {
        let (coarse, fine) = (alpha.at(x, y), fine.alpha.at(x, y));
        assert!((coarse - fine).abs() < 0.01, "at {x}, {y}: {coarse}, expected {fine}");
    }
}

#[test]
fn a_mirrored_second_answer_leaves_the_matte_alone_and_the_probability_is_the_mean_of_both() {
    // The matte is the picture itself; "is it a pet" is asked of its first column only, which is the last when it is mirrored.
    let net = plain()
        .integers("first", &[0])
        .integers("second", &[1])
        .integers("across", &[3])
        .node("Slice", &["image", "first", "second", "across"], "column")
        .node("ReduceMean", &["column"], "mean")
        .with("axes", &[1, 2, 3])
        .with_one("keepdims", 0)
        // Far from any doubt, in which the network would be asked a third time.
        .floats("sure", &[1], &[0.5])
        .node("Add", &["mean", "sure"], "pet")
        .output("pet", &[1]);
    let seen = |fields: &str| {
        let fields = format!(r#"{{"long_side":512,"pet_output":"pet"{fields}}}"#);
        ModelOnDisk::new("mirror", &net).described(&fields).matte()
    };
    let (once, twice) = (seen(""), seen(r#","mirrored_side":256"#));
    assert_shows_the_picture(&once, 512, 255.0);
    assert_shows_the_picture(&twice, 512, 255.0);
    let (left, both) = (once.pet.expect("a probability"), twice.pet.expect("a probability"));
    // From left to right only red grows, which is a third of the mean.
    let right = left + (BRIGHTEST - 20.0) / 255.0 / 3.0;
    assert!((both - (left + right) / 2.0).abs() < 0.01, "{left} and {right} gave {both}");
}

#[test]
fn of_a_class_map_the_named_classes_are_summed() {
    // Four classes, whose logits are 4 × red, 4 × green, 4 × blue and 1.
    #[rustfmt::skip]
    let weights = [4.0, 0.0, 0.0,  0.0, 4.0, 0.0,  0.0, 0.0, 4.0,  0.0, 0.0, 0.0];
    let net = Net::new("image", &[1, 3, 64, 64])
        .floats("weights", &[4, 3, 1, 1], &weights)
        .floats("bias", &[4], &[0.0, 0.0, 0.0, 1.0])
        .node("Conv", &["image", "weights", "bias"], "classes")
        .output("classes", &[1, 4, 64, 64]);
    let description = r#"{"long_side":64,"square":true,"activation":"softmax","classes":[0,2]}"#;
    let models = ModelOnDisk::new("classes", &net).described(description).load().expect("a class map");
    let flat = photo(80, 40, |_, _| [204, 51, 102]);
    let matte = coarse_matte(&flat, &models).expect("a matte");
    let [red, green, blue, rest] = [0.8f32, 0.2, 0.4, 0.25].map(|v| (4.0 * v).exp());
    let expected = (red + blue) / (red + green + blue + rest);
    assert_eq!((matte.alpha.width(), matte.alpha.height()), (64, 32));
    assert!(
        matte.alpha.data().iter().all(|alpha| (alpha - expected).abs() < 1e-3),
        "{:?}",
        matte.alpha.at(9, 9)
    );
}

#[test]
fn around_the_photo_lies_the_fill() {
    // Turned upside down, so that the matte shows what lies below the photo.
    let net = Net::new("image", &[1, 3, 64, 64])
        .mix("image", PLAIN.0, PLAIN.1)
        .integers("start", &[-1])
        .integers("end", &[-1000])
        .integers("axis", &[2])
        .integers("step", &[-1])
        .node("Slice", &["alpha", "start", "end", "axis", "step"], "turned")
        .output("turned", &[1, 1, 64, 64]);
    let description = r#"{"long_side":64,"square":true,"fill":[51,102,204]}"#;
    let matte = ModelOnDisk::new("fill", &net).described(description).matte();
    let fill = (0.6 * 51.0 + 0.3 * 102.0 + 0.1 * 204.0) / 255.0;
    assert!(matte.alpha.data().iter().all(|alpha| (alpha - fill).abs() < 1e-3), "{:?}", matte.alpha.row(3));
}

#[test]
fn a_matte_is_never_stretched_and_what_is_no_number_is_nothing() {
    let faint = photo(64, 64, |x, _| [10 + (x / 8) as u8; 3]);
    let models = ModelOnDisk::new("faint", &plain()).load().expect("a plain model");
    let matte = coarse_matte(&faint, &models).expect("a matte");
    assert!(matte.alpha.data().iter().all(|&alpha| alpha < 0.08), "a photo without an animal");

    let net = Net::new("image", &[1, 3, -1, -1])
        .mix("image", PLAIN.0, PLAIN.1)
        .node("Sub", &["alpha", "alpha"], "zero")
        .node("Div", &["zero", "zero"], "nothing")
        .output("nothing", &[1, 1, -1, -1]);
    let matte = ModelOnDisk::new("nan", &net).matte();
    assert!(matte.alpha.data().iter().all(|&alpha| alpha == 0.0));
}

/// Each place that describes the same file gives it another size, and is taken away in turn.
#[test]
fn the_setting_counts_more_than_the_file_beside_and_that_more_than_the_metadata_and_that_more_than_the_name()
{
    let side = |models: &headshot_pipeline::Models| models.description().long_side;
    let net = |net: Net| net.metadata("headshot.model", r#"{"long_side":128,"version":"7","licence":"MIT"}"#);
    let both = ModelOnDisk::new("modnet", &net(plain())).described(r#"{"long_side":96}"#);

    let by_setting = both.load_as(Some("modnet")).expect("a model");
    assert_eq!((by_setting.described_by(), side(&by_setting)), (&DescribedBy::Setting("modnet".into()), 512));

    let by_sidecar = both.load().expect("a model");
    let path = both.folder().join("modnet.json");
    assert_eq!((by_sidecar.described_by(), side(&by_sidecar)), (&DescribedBy::Sidecar(path), 96));

    let by_metadata = ModelOnDisk::new("modnet", &net(plain())).load().expect("a model");
    assert_eq!((by_metadata.described_by(), side(&by_metadata)), (&DescribedBy::Metadata, 128));
    let said = by_metadata.description();
    assert_eq!((said.version.as_str(), said.licence.as_str()), ("7", "MIT"));

    let by_name = ModelOnDisk::new("modnet", &plain()).load().expect("a model");
    assert_eq!((by_name.described_by(), side(&by_name)), (&DescribedBy::FileName("modnet".into()), 512));
}

#[test]
fn a_file_beside_may_name_a_profile_and_what_differs() {
    let net = Net::new("input", &[1, 3, 512, 512])
        .mix("input", [0.5; 3], [0.5; 3])
        .output("alpha", &[1, 1, 512, 512]);
    let json = r#"{"profile":"modnet","square":true,"name":"modnet-512"}"#;
    let model = ModelOnDisk::new("download", &net).described(json);
    let models = model.load().expect("a square modnet");
    assert_eq!(models.info().name, "modnet-512");
    assert_shows_the_picture(&model.matte(), 512, 255.0);
    assert!(coarse_matte(&picture(), &models).expect("a matte").pet.is_none());
}

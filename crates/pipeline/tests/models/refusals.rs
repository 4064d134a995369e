//! Models that do not fit are refused when they are loaded, with what they have and what was expected.

use crate::graph::{FLOAT, Net, UINT8};
use crate::support::ModelOnDisk;

fn assert_says(refusal: &str, words: &[&str]) {
    for word in words {
        assert!(refusal.contains(word), "{word:?} is missing in: {refusal}");
    }
}

fn with_input(input: &str, shape: &[i64]) -> Net {
    Net::new(input, shape).node("Identity", &[input], "out").output("out", shape)
}

#[test]
fn another_number_of_channels() {
    let refusal = ModelOnDisk::new("u2net", &with_input("x", &[1, 4, 320, 320])).refusal();
    assert_says(
        &refusal,
        &[
            "the model u2net",
            "by the profile \"u2net\" of its file name",
            "expected one input, float32 1×3×320×320",
        ],
    );
    assert_says(
        &refusal,
        &["it has 1 input: \"x\" float32 1×4×320×320", "u2net.json", "MATTING_MODEL_PROFILE"],
    );
}

#[test]
fn bytes_instead_of_floats() {
    let net = Net::default()
        .input("x", UINT8, &[1, 3, 320, 320])
        .node("Cast", &["x"], "out")
        .with_one("to", FLOAT.into())
        .output("out", &[1, 3, 320, 320]);
    let refusal = ModelOnDisk::new("u2net", &net).refusal();
    assert_says(&refusal, &["expected one input, float32 1×3×320×320", "\"x\" uint8 1×3×320×320"]);
}

#[test]
fn another_fixed_size() {
    let refusal = ModelOnDisk::new("birefnet", &with_input("x", &[1, 3, 512, 512])).refusal();
    assert_says(&refusal, &["float32 1×3×1024×1024", "\"x\" float32 1×3×512×512"]);

    let refusal = ModelOnDisk::new("some-net", &with_input("x", &[1, 3, 512, 512])).refusal();
    assert_says(&refusal, &["by nobody, so taken for a plain one", "float32 1×3×H×W with free H and W"]);
    assert_says(&refusal, &["\"x\" float32 1×3×512×512"]);

    let last = ModelOnDisk::new("last", &with_input("x", &[1, 3, 320, 320]));
    let refusal = last.described(r#"{"layout":"nhwc","square":true,"long_side":320}"#).refusal();
    assert_says(&refusal, &["last.json", "float32 1×320×320×3", "float32 1×3×320×320"]);
}

#[test]
fn two_inputs() {
    let net = Net::new("image", &[1, 3, -1, -1])
        .input("mask", FLOAT, &[1, 1, -1, -1])
        .node("Mul", &["image", "mask"], "out")
        .output("out", &[1, 3, -1, -1]);
    let refusal = ModelOnDisk::new("guided", &net).refusal();
    assert_says(
        &refusal,
        &["expected one input", "2 inputs: \"image\" float32 1×3×?×?", "\"mask\" float32 1×1×?×?"],
    );
}

#[test]
fn outputs_that_are_missing_or_of_another_shape() {
    let plain = || {
        Net::new("image", &[1, 3, -1, -1]).mix("image", [0.0; 3], [1.0; 3]).output("alpha", &[1, 1, -1, -1])
    };
    for (description, wanted) in [
        (r#"{"alpha_output":"matte"}"#, "an output \"matte\""),
        (r#"{"head_output":"head"}"#, "an output \"head\""),
        (r#"{"pet_output":"pet"}"#, "an output \"pet\""),
        (r#"{"activation":"softmax","classes":[8,12]}"#, "a matte of float32 1×C > 12×H×W"),
    ] {
        let refusal = ModelOnDisk::new("m", &plain()).described(description).refusal();
        assert_says(&refusal, &["expected", wanted, "it has 1 output: \"alpha\" float32 1×1×?×?"]);
    }
    let three = with_input("image", &[1, 3, -1, -1]);
    assert_says(&ModelOnDisk::new("m", &three).refusal(), &["\"out\" to be a matte of float32 1×1×H×W"]);

    let head = plain().always("head", &[0.5; 4]);
    let refusal = ModelOnDisk::new("m", &head).described(r#"{"head_output":"head"}"#).refusal();
    assert_says(&refusal, &["output \"head\" to be float32 1×5", "\"head\" float32 1×4"]);
}

#[test]
fn descriptions_that_make_no_sense_and_profiles_that_there_are_not() {
    let net = with_input("image", &[1, 3, -1, -1]);
    let refusal = ModelOnDisk::new("m", &net).described(r#"{"long_side":"large"}"#).refusal();
    assert_says(&refusal, &["the model m is described in ", "m.json, and that is wrong", "large"]);

    let net = net.metadata("headshot.model", r#"{"typo":1}"#);
    assert_says(&ModelOnDisk::new("m", &net).refusal(), &["in its metadata \"headshot.model\"", "`typo`"]);

    let unknown = ModelOnDisk::new("m", &net).load_as(Some("u3net")).err().expect("a refusal").to_string();
    assert_says(
        &unknown,
        &["MATTING_MODEL_PROFILE", "there is no profile \"u3net\"", "u2net, u2netp, silueta"],
    );
}

#[test]
fn what_is_no_model() {
    let model = ModelOnDisk::new("m", &Net::default());
    std::fs::write(model.folder().join("m.onnx"), "not a network").expect("a written file");
    assert_says(&model.refusal(), &["ONNX Runtime does not take the model m"]);
}

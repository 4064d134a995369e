//! Every profile on a graph with the inputs and outputs of the network that it describes.
//!
//! The names of inputs and outputs are those of the files that are passed around, as far as we know them; no profile
//! depends on a name.

use headshot_pipeline::DescribedBy;

use crate::graph::Net;
use crate::support::{BRIGHTEST, ModelOnDisk, assert_shows_the_picture};

const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

/// Undoes what the profile of that name should have done, under the profile's name as a file name.
fn check(name: &str, net: &Net, long_side: usize, white: f32) {
    let model = ModelOnDisk::new(name, net);
    let models = model.load().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(models.described_by(), &DescribedBy::FileName(name.into()));
    assert_eq!((models.info().name.as_str(), models.info().provider.as_str()), (name, "cpu"));
    assert_shows_the_picture(&model.matte(), long_side, white);
}

/// A matte and as many wrong ones behind it.
fn side_outputs(input: &str, side: i64, (mean, std): ([f32; 3], [f32; 3]), names: &[&str]) -> Net {
    let shape = [1, 1, side, side];
    let (first, others) = names.split_first().expect("at least one output");
    let net = Net::new(input, &[1, 3, side, side]).mix(input, mean, std);
    let net = net.node("Identity", &["alpha"], first).output(first, &shape);
    others.iter().fold(net, |net, name| net.wrong(name, &shape))
}

#[test]
fn u2net_u2netp_and_silueta_take_the_first_of_seven_outputs_and_the_brightest_value_as_white() {
    let names = ["1959", "1960", "1961", "1962", "1963", "1964", "1965"];
    for profile in ["u2net", "u2netp", "silueta"] {
        check(profile, &side_outputs("input.1", 320, IMAGENET, &names), 320, BRIGHTEST);
    }
}

#[test]
fn isnet_general_use_takes_the_first_output_and_a_mean_of_one_half() {
    let names = ["output_image", "d2", "d3", "d4", "d5", "d6"];
    let net = side_outputs("input_image", 1024, ([0.5; 3], [1.0; 3]), &names);
    check("isnet-general-use", &net, 1024, 255.0);
}

#[test]
fn inspyrenet_gives_a_probability() {
    check("inspyrenet", &side_outputs("input", 1024, IMAGENET, &["output"]), 1024, 255.0);
}

#[test]
fn birefnet_gives_logits() {
    let (mean, std) = IMAGENET;
    let net = Net::new("input_image", &[1, 3, 1024, 1024])
        .mix("input_image", mean, std)
        .floats("one", &[1], &[1.0])
        .node("Sub", &["one", "alpha"], "rest")
        .node("Div", &["alpha", "rest"], "odds")
        .node("Log", &["odds"], "output_image")
        .output("output_image", &[1, 1, 1024, 1024]);
    check("birefnet", &net, 1024, 255.0);
}

#[test]
fn rmbg_leaves_its_sides_open_and_still_gets_its_square() {
    let net = Net::new("input", &[-1, 3, -1, -1])
        .mix("input", [0.5; 3], [1.0; 3])
        .node("Identity", &["alpha"], "output")
        .output("output", &[-1, 1, -1, -1]);
    check("rmbg", &net, 1024, 255.0);
}

#[test]
fn modnet_gets_sides_that_are_multiples_of_32() {
    let net = Net::new("input", &[-1, 3, -1, -1])
        .mix("input", [0.5; 3], [0.5; 3])
        // Fails on any other size: what does not come back from the reshaping as it went in.
        .integers("by-32", &[1, 1, -1, 32])
        .node("Shape", &["alpha"], "shape")
        .node("Reshape", &["alpha", "by-32"], "lines")
        .node("Reshape", &["lines", "shape"], "output")
        .output("output", &[-1, 1, -1, -1]);
    check("modnet", &net, 512, 255.0);
}

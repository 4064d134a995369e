//! Small networks, built for the purpose: each shows in its matte what was done to the photo before it saw it.

use prost::Message;

use crate::onnx::{
    Attribute, Entry, Graph, Kind, Model, Node, OperatorSet, Shape, Side, Tensor, TensorKind, Value,
};

/// 32-bit floats, as ONNX numbers the types of elements.
pub const FLOAT: i32 = 1;
/// Bytes.
pub const UINT8: i32 = 2;
const INT64: i32 = 7;

/// How much of each channel is in the mix that [`Net::mix`] makes: no two alike, so that channels cannot be mistaken.
pub const SHARES: [f32; 3] = [0.6, 0.3, 0.1];

/// A network in the making.
#[derive(Clone, Default)]
pub struct Net {
    graph: Graph,
    metadata: Vec<Entry>,
}

impl Net {
    /// A network with one input of floats; -1 is a side that is only known later.
    pub fn new(input: &str, shape: &[i64]) -> Self {
        let graph = Graph { name: "test".into(), ..Graph::default() };
        Self { graph, ..Self::default() }.input(input, FLOAT, shape)
    }

    /// One more input.
    pub fn input(mut self, name: &str, element: i32, shape: &[i64]) -> Self {
        self.graph.inputs.push(value(name, element, shape));
        self
    }

    /// Makes something that a node computes an output.
    pub fn output(mut self, name: &str, shape: &[i64]) -> Self {
        self.graph.outputs.push(value(name, FLOAT, shape));
        self
    }

    /// One more node.
    pub fn node(mut self, operator: &str, inputs: &[&str], output: &str) -> Self {
        let inputs = inputs.iter().map(|&name| name.to_owned()).collect();
        let node =
            Node { inputs, outputs: vec![output.into()], operator: operator.into(), attributes: vec![] };
        self.graph.nodes.push(node);
        self
    }

    /// An attribute of the last node: whole numbers.
    pub fn with(mut self, name: &str, integers: &[i64]) -> Self {
        let attribute = Attribute {
            name: name.into(),
            integers: integers.to_vec(),
            kind: Attribute::INTEGERS,
            ..Attribute::default()
        };
        self.graph.nodes.last_mut().expect("a node").attributes.push(attribute);
        self
    }

    /// An attribute of the last node: one whole number.
    pub fn with_one(mut self, name: &str, integer: i64) -> Self {
        let attribute = Attribute {
            name: name.into(),
            integer: Some(integer),
            kind: Attribute::INTEGER,
            ..Attribute::default()
        };
        self.graph.nodes.last_mut().expect("a node").attributes.push(attribute);
        self
    }

    /// A constant of floats.
    pub fn floats(mut self, name: &str, dims: &[i64], floats: &[f32]) -> Self {
        let (name, dims, floats) = (name.into(), dims.to_vec(), floats.to_vec());
        self.graph.constants.push(Tensor { name, dims, floats, element: FLOAT, integers: vec![] });
        self
    }

    /// A constant of whole numbers.
    pub fn integers(mut self, name: &str, integers: &[i64]) -> Self {
        let (dims, integers) = (vec![integers.len() as i64], integers.to_vec());
        self.graph.constants.push(Tensor {
            name: name.into(),
            dims,
            integers,
            element: INT64,
            floats: vec![],
        });
        self
    }

    /// `alpha`: [`SHARES`] of the channels of a channels-first `input`, after `mean` and `std` are undone.
    pub fn mix(self, input: &str, mean: [f32; 3], std: [f32; 3]) -> Self {
        let weights: Vec<f32> = SHARES.iter().zip(std).map(|(share, std)| share * std).collect();
        let bias: f32 = SHARES.iter().zip(mean).map(|(share, mean)| share * mean).sum();
        self.floats("shares", &[1, 3, 1, 1], &weights).floats("bias", &[1], &[bias]).node(
            "Conv",
            &[input, "shares", "bias"],
            "alpha",
        )
    }

    /// Output `name`: 1 less `alpha`, which is as wrong as can be.
    pub fn wrong(self, name: &str, shape: &[i64]) -> Self {
        let one = format!("one-{name}");
        self.floats(&one, &[1], &[1.0]).node("Sub", &[&one, "alpha"], name).output(name, shape)
    }

    /// An output that always says the same numbers.
    pub fn always(self, name: &str, numbers: &[f32]) -> Self {
        let (constant, shape) = (format!("{name}-constant"), [1, numbers.len() as i64]);
        self.floats(&constant, &shape, numbers).node("Identity", &[&constant], name).output(name, &shape)
    }

    /// An entry of the metadata.
    pub fn metadata(mut self, key: &str, value: &str) -> Self {
        self.metadata.push(Entry { key: key.into(), value: value.into() });
        self
    }

    /// The ONNX file.
    pub fn bytes(&self) -> Vec<u8> {
        let operator_sets = vec![OperatorSet { domain: String::new(), version: 17 }];
        let graph = Some(self.graph.clone());
        Model { ir_version: 8, graph, operator_sets, metadata: self.metadata.clone() }.encode_to_vec()
    }
}

fn value(name: &str, element: i32, shape: &[i64]) -> Value {
    let side = |(position, &side): (usize, &i64)| match side {
        known if known >= 0 => Side { known: Some(known), named: None },
        _ => Side { known: None, named: Some(format!("{name}-{position}")) },
    };
    let sides = shape.iter().enumerate().map(side).collect();
    let tensor = Some(TensorKind { element, shape: Some(Shape { sides }) });
    Value { name: name.into(), kind: Some(Kind { tensor }) }
}

//! Refuses at start what could only fail later: a model whose inputs and outputs are not those of its description.

use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};

use super::described_by::DescribedBy;
use super::description::{Layout, ModelDescription};
use super::error::ModelError;
use super::matte_size::{MatteSize, expected_matte};

pub(super) fn check_fit(
    model: &str,
    description: &ModelDescription,
    by: &DescribedBy,
    session: &Session,
) -> Result<(), ModelError> {
    let (inputs, outputs) = (session.inputs(), session.outputs());
    check_input(description, inputs).and_then(|()| check_outputs(description, outputs)).map_err(
        |Unfit { expected, found }| ModelError::Mismatch {
            model: model.into(),
            by: by.clone(),
            expected,
            found,
        },
    )
}

struct Unfit {
    expected: String,
    found: String,
}

fn check_input(description: &ModelDescription, inputs: &[Outlet]) -> Result<(), Unfit> {
    let side = i64::from(description.long_side);
    let sides = if description.square { [side; 2] } else { [-1; 2] };
    let wanted = match description.layout {
        Layout::Nchw => [1, 3, sides[0], sides[1]],
        Layout::Nhwc => [1, sides[0], sides[1], 3],
    };
    // A square network may leave its sides open; one that is fed whatever fits must.
    let fits = |(&has, wanted): (&i64, i64)| has < 0 || has == wanted;
    let taken = match inputs {
        [input] => floats(input)
            .is_some_and(|shape| shape.len() == wanted.len() && shape.iter().zip(wanted).all(fits)),
        _ => false,
    };
    if taken {
        return Ok(());
    }
    let free = if description.square { "" } else { " with free H and W" };
    let expected = format!("one input, float32 {}{free}", written(&wanted, ["H", "W"]));
    Err(Unfit { expected, found: listed("input", inputs) })
}

fn check_outputs(description: &ModelDescription, outputs: &[Outlet]) -> Result<(), Unfit> {
    let named = |name: &str| outputs.iter().find(|o| o.name() == name);
    let unfit = |expected: String| Unfit { expected, found: listed("output", outputs) };
    let matte = match description.alpha_output.as_str() {
        "" => outputs.first().ok_or_else(|| unfit("an output".into()))?,
        name => named(name).ok_or_else(|| unfit(format!("an output \"{name}\"")))?,
    };
    // A runtime may not know an output's shape, not even how many sides it has, until it has run.
    let is_matte = floats(matte).is_some_and(|shape| {
        shape.is_empty()
            || MatteSize::of(shape, description.layout).is_some_and(|size| size.is_served_by(description))
    });
    if !is_matte {
        return Err(unfit(format!("output \"{}\" to be {}", matte.name(), expected_matte(description))));
    }
    for (name, numbers) in [(&description.head_output, 5), (&description.pet_output, 1)] {
        let Some(name) = name else { continue };
        let output = named(name).ok_or_else(|| unfit(format!("an output \"{name}\"")))?;
        let fits = floats(output).is_some_and(|shape| {
            let open = shape.iter().any(|&side| side < 0);
            open || shape.iter().product::<i64>() == numbers
        });
        if !fits {
            return Err(unfit(format!("output \"{name}\" to be float32 1×{numbers}")));
        }
    }
    Ok(())
}

/// The shape of an input or output of 32-bit floats.
fn floats(outlet: &Outlet) -> Option<&[i64]> {
    match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => Some(shape),
        _ => None,
    }
}

fn listed(kind: &str, outlets: &[Outlet]) -> String {
    let each: Vec<String> = outlets
        .iter()
        .map(|outlet| match outlet.dtype() {
            ValueType::Tensor { ty, shape, .. } => {
                let ty = match ty {
                    TensorElementType::Float32 => "float32".into(),
                    other => format!("{other:?}").to_lowercase(),
                };
                format!("\"{}\" {ty} {}", outlet.name(), written(shape, ["?", "?"]))
            }
            other => format!("\"{}\" {other}", outlet.name()),
        })
        .collect();
    let plural = if each.len() == 1 { "" } else { "s" };
    format!("{} {kind}{plural}: {}", each.len(), each.join(", "))
}

/// A shape such as `1×3×H×W`; `free` names the sides that are open, in turn.
fn written(shape: &[i64], free: [&str; 2]) -> String {
    let mut free = free.into_iter().cycle();
    let sides = shape.iter().map(|&side| match side {
        known if known >= 0 => known.to_string(),
        _ => free.next().unwrap_or("?").to_owned(),
    });
    sides.collect::<Vec<_>>().join("×")
}

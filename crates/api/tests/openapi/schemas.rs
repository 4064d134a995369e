//! What of a newer schema breaks who was built on an older one. A request must not become narrower, an answer not wider.

use serde_json::Value;

use crate::breaks::{items, members};

/// Which way what a schema describes goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Request,
    /// To the client.
    Answer,
}

/// Two documents, and what was found.
pub struct Schemas<'a> {
    pub old: &'a Value,
    pub new: &'a Value,
    pub found: &'a mut Vec<String>,
}

impl Schemas<'_> {
    /// Compares two schemas at a place, which sentences name. Ours are trees, so this comes to an end.
    pub fn compare(&mut self, here: &str, old: &Value, new: &Value, direction: Direction) {
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        let (mut before, mut now) = (variants(self.old, old), variants(self.new, new));
        // Whichever is the narrower has to fit into the other one.
        let (narrow, wide) = match direction {
            Direction::Request => (types(&before), types(&now)),
            Direction::Answer => (types(&now), types(&before)),
        };
        let fits = |one: &String| wide.contains(one) || one == "integer" && wide.contains(&"number".into());
        if let Some(other) = narrow.iter().find(|one| !wide.is_empty() && !fits(one)) {
            self.found.push(match direction {
                Direction::Request => format!("{here} may not be {other} any more: whoever sends that"),
                Direction::Answer => format!("{here} may be {other} now: whoever reads it as before"),
            });
            return;
        }
        before.retain(|one| one["type"] != "null");
        now.retain(|one| one["type"] != "null");
        match (before.as_slice(), now.as_slice()) {
            ([old], [new]) => self.one(here, old, new, direction),
            (old, new) if old == new => {}
            _ => self
                .found
                .push(format!("{here} is another choice of things: it is not told which clients break")),
        }
    }

    fn one(&mut self, here: &str, old: &Value, new: &Value, direction: Direction) {
        if old["format"] != new["format"] {
            let (old, new) = (&old["format"], &new["format"]);
            self.found
                .push(format!("{here} had the format {old}, and has {new}: whoever reads or writes that"));
        }
        self.values(here, old, new, direction);
        if direction == Direction::Request {
            self.limits(here, old, new);
        }
        let required = |schema: &Value, name: &str| items(&schema["required"]).any(|one| one == name);
        for (name, property) in members(&old["properties"]) {
            let (here, other) = (format!("{here}.{name}"), &new["properties"][name]);
            if other.is_null() {
                self.found.push(format!("{here} is gone: whoever {} it", does(direction)));
                continue;
            }
            if direction == Direction::Answer && required(old, name) && !required(new, name) {
                self.found.push(format!("{here} may be missing now: whoever relies on it"));
            }
            self.compare(&here, property, other, direction);
        }
        for name in items(&new["required"]).filter_map(Value::as_str) {
            if direction == Direction::Request && !required(old, name) {
                self.found.push(format!("{here}.{name} must be sent now: whoever does not send it"));
            }
        }
        for part in ["items", "additionalProperties"] {
            if old[part].is_object() && new[part].is_object() {
                self.compare(&format!("{here}[]"), &old[part], &new[part], direction);
            }
        }
    }

    fn values(&mut self, here: &str, old: &Value, new: &Value, direction: Direction) {
        let (narrow, wide) = match direction {
            Direction::Request => (&old["enum"], &new["enum"]),
            Direction::Answer => (&new["enum"], &old["enum"]),
        };
        if wide.is_null() {
            return;
        }
        if narrow.is_null() {
            self.found.push(format!(
                "{here} {} a list of values: whoever {} others",
                match direction {
                    Direction::Request => "has got",
                    Direction::Answer => "has lost",
                },
                does(direction)
            ));
        }
        for value in items(narrow).filter(|value| !items(wide).any(|other| other == *value)) {
            self.found.push(match direction {
                Direction::Request => format!("{here} may not be {value} any more: whoever sends that"),
                Direction::Answer => {
                    format!("{here} may be {value} now: whoever knows only the values before")
                }
            });
        }
    }

    /// What a request may be at most and at least.
    fn limits(&mut self, here: &str, old: &Value, new: &Value) {
        let number = |schema: &Value, name: &str| schema[name].as_f64();
        for name in ["maximum", "maxLength", "maxItems"] {
            if number(new, name).is_some_and(|now| number(old, name).is_none_or(|before| now < before)) {
                self.found.push(format!("{here} has another {name}, {}: whoever sends more", new[name]));
            }
        }
        for name in ["minimum", "minLength", "minItems"] {
            if number(new, name).is_some_and(|now| number(old, name).is_none_or(|before| now > before)) {
                self.found.push(format!("{here} has another {name}, {}: whoever sends less", new[name]));
            }
        }
        if !new["pattern"].is_null() && new["pattern"] != old["pattern"] {
            self.found.push(format!("{here} has another pattern: whoever sends what it does not take"));
        }
        if old["additionalProperties"] != false && new["additionalProperties"] == false {
            self.found.push(format!("{here} takes no other fields any more: whoever sends some"));
        }
    }
}

fn does(direction: Direction) -> &'static str {
    match direction {
        Direction::Request => "sends",
        Direction::Answer => "reads",
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
    target.unwrap_or(schema)
}

/// What something may be, each with one type: `oneOf`, `anyOf` or a list of types, as null is written in several ways.
fn variants(document: &Value, schema: &Value) -> Vec<Value> {
    let choices = items(&schema["oneOf"]).chain(items(&schema["anyOf"]));
    let choices: Vec<Value> = choices.flat_map(|one| variants(document, resolve(document, one))).collect();
    if !choices.is_empty() {
        return choices;
    }
    let Some(types) = schema["type"].as_array() else { return vec![schema.clone()] };
    types
        .iter()
        .map(|one| {
            let mut variant = schema.clone();
            variant["type"] = one.clone();
            variant
        })
        .collect()
}

fn types(variants: &[Value]) -> Vec<String> {
    variants.iter().filter_map(|one| one["type"].as_str()).map(str::to_owned).collect()
}

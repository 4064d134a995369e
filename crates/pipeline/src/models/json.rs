//! A description as JSON, as it stands in the metadata of a network or in a file beside it.

use serde_json::{Map, Value};

use super::description::ModelDescription;
use super::profiles::profile;

impl ModelDescription {
    /// Reads a description from JSON.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let mut fields: Map<String, Value> = serde_json::from_str(json).map_err(|e| e.to_string())?;
        let base = match fields.remove("profile") {
            None => Self::plain(),
            Some(Value::String(name)) => profile(&name)?,
            Some(other) => return Err(format!("profile must be a name, it is {other}")),
        };
        let mut whole = serde_json::to_value(base).map_err(|e| e.to_string())?;
        if let Value::Object(whole) = &mut whole {
            whole.extend(fields);
        }
        let description: Self = serde_json::from_value(whole).map_err(|e| e.to_string())?;
        description.check()?;
        Ok(description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_the_plain_contract_and_nonsense_is_refused() {
        assert_eq!(ModelDescription::from_json("{}"), Ok(ModelDescription::plain()));
        let nonsense = [
            (r#"{"long_side":0}"#, "long_side must be 32 to 4096"),
            (r#"{"std":[0,1,1]}"#, "every std"),
            (r#"{"multiple":0}"#, "a multiple of"),
            (r#"{"long_side":500}"#, "a multiple of"),
            (r#"{"mirrored_side":31}"#, "mirrored_side must be 32 to 4096"),
            (r#"{"mirrored_side":300}"#, "mirrored_side must be a multiple of"),
            (r#"{"square":true,"mirrored_side":256}"#, "takes one size only"),
            (r#"{"typo":1}"#, "unknown field `typo`"),
            (r#"{"activation":"softmax"}"#, "needs `classes`"),
            (r#"{"classes":[8,12,8]}"#, "twice"),
            (r#"{"profile":"u3net"}"#, "inspyrenet, modnet"),
            (r#"{"profile":7}"#, "must be a name"),
            ("x", "expected value"),
        ];
        for (json, reason) in nonsense {
            let error = ModelDescription::from_json(json).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }

    #[test]
    fn what_stands_beside_a_profile_takes_the_place_of_its_own() {
        let read = ModelDescription::from_json(r#"{"profile":"modnet","square":true,"name":"m"}"#);
        let modnet = profile("modnet").expect("a profile");
        assert_eq!(read, Ok(ModelDescription { square: true, name: "m".into(), ..modnet }));
    }
}

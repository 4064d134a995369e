//! Each kind of break is found, and what only adds is none.

use serde_json::{Value, json};

use crate::breaks::breaks;

fn document() -> Value {
    json!({
        "paths": {"/jobs/{id}": {"post": {
            "parameters": [
                {"in": "path", "name": "id", "required": true, "schema": {"type": "string"}},
                {"in": "query", "name": "wait", "schema": {"type": "integer", "maximum": 60}},
            ],
            "security": [{"key": ["submit"]}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}}},
            "responses": {
                "200": {
                    "headers": {"ETag": {}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}},
                },
                "404": {},
            },
        }}},
        "components": {"schemas": {
            "Wish": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "look": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Look"}]},
                },
            },
            "Look": {"type": "string", "enum": ["house", "soft"]},
            "Job": {
                "type": "object",
                "required": ["status", "files"],
                "properties": {
                    "status": {"type": "string", "enum": ["queued", "done"]},
                    "files": {"type": "array", "items": {"type": "object", "properties": {"bytes": {"type": "integer"}}}},
                    "note": {"type": ["string", "null"]},
                },
            },
        }},
    })
}

const CALL: &str = "/paths/~1jobs~1{id}/post";

/// What is found after one part of the document, by its pointer, is another one; null takes it away.
fn after(pointer: &str, value: Value) -> Vec<String> {
    let (old, mut new) = (document(), document());
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = new.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
    match (parent, value) {
        (Value::Object(members), Value::Null) => drop(members.remove(&name.replace("~1", "/")).unwrap()),
        (Value::Object(members), value) => drop(members.insert(name.replace("~1", "/"), value)),
        (Value::Array(items), Value::Null) => drop(items.remove(name.parse().unwrap())),
        (Value::Array(items), value) if name == "-" => items.push(value),
        (parent, value) => parent[name.parse::<usize>().unwrap()] = value,
    }
    breaks(&old, &new)
}

#[test]
fn the_same_document_breaks_nobody() {
    assert_eq!(breaks(&document(), &document()), Vec::<String>::new());
}

#[test]
fn each_break_is_found_once() {
    let job = |part: &str| format!("/components/schemas/Job{part}");
    let wish = |part: &str| format!("/components/schemas/Wish{part}");
    let call = |part: &str| format!("{CALL}{part}");
    let must = json!({"in": "query", "name": "new", "required": true, "schema": {"type": "string"}});
    for (pointer, value, expected) in [
        (CALL.to_owned(), Value::Null, "POST /jobs/{id} is gone"),
        ("/paths/~1jobs~1{id}".into(), Value::Null, "POST /jobs/{id} is gone"),
        (call("/responses/404"), Value::Null, "does not answer 404"),
        (call("/responses/200/headers/ETag"), Value::Null, "lacks the header ETag"),
        (call("/responses/200/content"), json!({"text/plain": {}}), "does not come as application/json"),
        (call("/requestBody/content"), json!({"text/plain": {}}), "body application/json is not taken"),
        (call("/requestBody/required"), json!(true), "must have a body now"),
        (call("/security"), json!([{"key": ["admin"]}]), "needs another key or scope"),
        (call("/parameters/1"), Value::Null, "parameter wait is gone"),
        (call("/parameters/1/required"), json!(true), "parameter wait must be sent now"),
        (call("/parameters/1/schema/maximum"), json!(30), "has another maximum, 30"),
        (call("/parameters/1/schema/minimum"), json!(1), "has another minimum, 1"),
        (call("/parameters/1/schema/type"), json!("string"), "wait may not be integer"),
        (call("/parameters/-"), must, "parameter new must be sent now"),
        (job("/properties/note"), Value::Null, "200.note is gone: whoever reads it"),
        (job("/properties/note/type"), json!("integer"), "note may be integer now"),
        (job("/properties/note/format"), json!("uuid"), "note had the format null"),
        (job("/required"), json!(["files"]), "status may be missing now"),
        (job("/properties/status/type"), json!(["string", "null"]), "status may be null now"),
        (job("/properties/status/enum"), json!(["queued", "done", "lost"]), "status may be \"lost\" now"),
        (job("/properties/status/enum"), Value::Null, "has lost a list of values"),
        (job("/properties/files/items/properties/bytes"), Value::Null, "files[].bytes is gone"),
        (wish("/properties/look"), Value::Null, "json.look is gone: whoever sends it"),
        (
            wish("/properties/look"),
            json!({"$ref": "#/components/schemas/Look"}),
            "look may not be null any more",
        ),
        (wish("/required"), json!(["name", "look"]), "look must be sent now"),
        (wish("/additionalProperties"), json!(false), "takes no other fields"),
        (wish("/properties/name/enum"), json!(["a"]), "has got a list of values"),
        (wish("/properties/name/pattern"), json!("^a"), "has another pattern"),
        (wish("/properties/name/maxLength"), json!(9), "has another maxLength"),
        ("/components/schemas/Look/enum".into(), json!(["house"]), "look may not be \"soft\" any more"),
    ] {
        let found = after(&pointer, value);
        assert!(found.len() == 1 && found[0].contains(expected), "{pointer}: {found:?}, expected {expected}");
    }
}

#[test]
fn what_only_adds_breaks_nobody() {
    let may = json!({"in": "query", "name": "new", "schema": {"type": "string"}});
    for (pointer, value) in [
        ("/paths/~1new".to_owned(), json!({"get": {}})),
        (format!("{CALL}/responses/503"), json!({})),
        (format!("{CALL}/responses/200/headers/Vary"), json!({})),
        (format!("{CALL}/parameters/-"), may),
        (format!("{CALL}/parameters/1/schema/maximum"), json!(90)),
        (format!("{CALL}/requestBody/content/image~1png"), json!({})),
        ("/components/schemas/Job/properties/new".into(), json!({"type": "string"})),
        ("/components/schemas/Job/properties/note/type".into(), json!("string")),
        ("/components/schemas/Job/properties/status/enum".into(), json!(["done"])),
        ("/components/schemas/Job/required".into(), json!(["status", "files", "note"])),
        ("/components/schemas/Wish/properties/new".into(), json!({"type": "string"})),
        ("/components/schemas/Wish/required".into(), json!([])),
        ("/components/schemas/Look/enum".into(), json!(["house", "soft", "dramatic"])),
    ] {
        assert_eq!(after(&pointer, value), Vec::<String>::new(), "{pointer}");
    }
}

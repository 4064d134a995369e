//! The API's description: what is checked in is what the code gives, and it breaks nobody who was built on the last released one.

mod breaks;
mod breaks_tests;
mod schemas;

use std::path::PathBuf;

use serde_json::Value;

/// Breaks that are meant, word for word as the test says them; a release that replaces the released document empties this.
const MEANT: &[&str] = &[];

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_is_checked_in_is_what_the_code_gives() {
    let document = headshot_api::openapi();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(file("openapi.json"), &document).unwrap();
    }
    assert!(
        read("openapi.json") == document,
        "docs/openapi.json is not what the code gives: UPDATE_OPENAPI=1 cargo test --release -p headshot-api --test openapi \
         writes it anew"
    );
}

#[test]
fn nothing_breaks_who_was_built_on_the_released_document() {
    let breaks = breaks::breaks(&parsed(&read("openapi.released.json")), &parsed(&headshot_api::openapi()));
    let unmeant: Vec<&String> = breaks.iter().filter(|found| !MEANT.contains(&found.as_str())).collect();
    assert!(unmeant.is_empty(), "clients of the released API would break:\n{unmeant:#?}");
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_its_name_and_scope() {
    let document = parsed(&headshot_api::openapi());
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    references(&document, &document);
    let mut names = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(!path.contains('*'), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let name =
                operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            assert!(!names.contains(&name), "{name} is there twice");
            names.push(name);
            let needs_a_key =
                path.starts_with("/headshot") || path.starts_with("/admin") || path == "/uploads";
            assert_eq!(operation["security"][0]["key"].is_array(), needs_a_key, "{name}");
        }
    }
}

/// Fails where a reference leads nowhere.
fn references(value: &Value, document: &Value) {
    if let Some(reference) = value["$ref"].as_str() {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| references(member, document)),
        Value::Array(items) => items.iter().for_each(|item| references(item, document)),
        _ => {}
    }
}

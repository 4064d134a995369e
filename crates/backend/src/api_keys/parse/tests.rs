use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::api_keys::key::FreshKey;

fn key(id: &str) -> Value {
    json!({
        "id": id, "tenant": "acme", "hash": format!("sha256:{}", "0a".repeat(32)), "scopes": ["submit", "read"],
        "rate_per_minute": 120, "monthly_quota": null, "created_at": "2026-01-01T00:00:00Z", "label": "shop"
    })
}

fn wrong(document: &Value) -> Vec<String> {
    Keys::parse(document.to_string().as_bytes()).unwrap_err().0
}

#[test]
fn a_whole_file_is_understood() {
    let document = json!({
        "tenants": {"acme": {"webhook": {
            "url": "https://acme.example", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        }}, "other": {}},
        "keys": [key("k_1"), key("k_2")],
        "service_accounts": [{"email": "shop@acme.iam.gserviceaccount.com", "tenant": "acme", "scopes": ["print"]}],
    });
    let keys = Keys::parse(document.to_string().as_bytes()).unwrap();
    assert_eq!(keys.count(Timestamp::now()), (2, 1));
    let account = keys.service_account("shop@acme.iam.gserviceaccount.com").unwrap();
    assert!(account.scopes.has(Scope::Print) && !account.scopes.has(Scope::Read));
    assert_eq!((account.rate_per_minute, account.monthly_quota), (None, None));
    let acme: Tenant = "acme".parse().unwrap();
    assert_eq!(keys.webhook(&acme).unwrap().url.as_ref().unwrap().host(), "acme.example");
    assert_eq!(keys.keys["k_1"].grant.rate_per_minute, Some(120));
    assert_eq!(keys.keys["k_1"].grant.tenant, acme);
}

#[test]
fn everything_that_is_wrong_is_named_by_its_place_and_no_value_is_repeated() {
    let mut broken = key("k_3");
    broken["scopes"] = json!(["submit", "everything"]);
    broken["rate_per_minute"] = json!("hs_secret");
    broken["hash"] = json!("hs_secret");
    broken["revoked"] = json!(true);
    let document = json!({
        "tenants": "hs_secret",
        "keys": [key("k_1"), key("k_1"), broken, "hs_secret", {}, key("K 9")],
        "service_accounts": [{"email": "nobody", "tenant": "-", "scopes": []}],
        "tennants": {},
    });
    let sentences = wrong(&document);
    for expected in [
        "the file has a field \"tennants\"",
        "the file.tenants must be an object",
        "keys[1] has the id or address of an earlier entry",
        "keys[2].scopes must be a list of scopes",
        "keys[2].rate_per_minute must be a whole number",
        "keys[2].hash must be sha256:",
        "keys[2] has a field \"revoked\"",
        "keys[3] must be an object",
        "keys[4].id must be",
        "keys[4].hash must be",
        "keys[4].tenant must be",
        "keys[4].scopes must be",
        "keys[4].created_at must be",
        "keys[5].id must be",
        "service_accounts[0].email must be",
        "service_accounts[0].tenant must be",
        "service_accounts[0].scopes must be",
    ] {
        let named = sentences.iter().filter(|sentence| sentence.starts_with(expected)).count();
        assert_eq!(named, 1, "{expected}\n{sentences:#?}");
    }
    assert_eq!(sentences.len(), 17, "{sentences:#?}");
    assert!(!format!("{sentences:?}").contains("hs_secret"));
}

#[test]
fn what_is_no_json_or_ambiguous_is_refused() {
    for text in
        ["", "[]", "{", "{\"keys\": [], \"keys\": []}", "{\"tenants\": {\"a\": {}, \"a\": {}}}", "\u{0}"]
    {
        assert_eq!(Keys::parse(text.as_bytes()).unwrap_err().0.len(), 1, "{text:?}");
    }
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    assert!(Keys::parse(&deep).is_err(), "nesting does not end the process");
    assert!(Keys::parse(b"\xef\xbb\xbf{}").is_ok(), "an editor's byte order mark is no mistake");
}

#[test]
fn only_the_whole_key_opens_and_only_until_it_is_revoked() {
    let fresh = FreshKey::make().unwrap();
    let mut entry = key(&fresh.id);
    entry["hash"] = json!(KeyHash::of(&fresh.text).to_string());
    entry["revoked_at"] = json!("2026-06-01T00:00:00Z");
    let keys = Keys::parse(json!({"keys": [entry]}).to_string().as_bytes()).unwrap();
    let before: Timestamp = "2026-05-31T23:59:59Z".parse().unwrap();
    let after: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    assert_eq!(keys.holder(&fresh.text, before).unwrap().id, fresh.id);
    assert_eq!(keys.holder(&fresh.text, after), None);
    let shorter = &fresh.text[..fresh.text.len() - 1];
    let another = FreshKey::make().unwrap().text;
    for text in
        [shorter, &format!("{}0", fresh.text), &fresh.text.to_uppercase(), &fresh.id, &another, "", "hs__"]
    {
        assert_eq!(keys.holder(text, before), None, "{text}");
    }
    assert!(!format!("{keys:?}").contains(&KeyHash::of(&fresh.text).to_string()[7..]));
}

#[test]
fn a_key_that_is_guessed_a_million_times_is_not_found() {
    let fresh = FreshKey::make().unwrap();
    let mut entry = key(&fresh.id);
    entry["hash"] = json!(KeyHash::of(&fresh.text).to_string());
    let keys = Keys::parse(json!({"keys": [entry]}).to_string().as_bytes()).unwrap();
    let now: Timestamp = "2026-05-31T00:00:00Z".parse().unwrap();
    let (known_id, unknown_id) = (fresh.text.rsplit_once('_').unwrap().0, "hs_k_0000000000000000");
    for number in 0..500_000_u64 {
        for id in [known_id, unknown_id] {
            assert!(keys.holder(&format!("{id}_{number:064x}"), now).is_none());
        }
    }
    assert_eq!(keys.holder(&fresh.text, now).unwrap().id, fresh.id);
}

#[test]
fn ten_thousand_keys_are_read_and_each_is_found() {
    let keys: Vec<_> = (0..10_000).map(|number| key(&format!("k_{number}"))).collect();
    let text = json!({"keys": keys}).to_string();
    let keys = Keys::parse(text.as_bytes()).unwrap();
    assert_eq!(keys.keys.len(), 10_000);
    assert_eq!(keys.keys["k_9999"].grant.id, "k_9999");
}

//! Reading the file strictly: a field that is misspelt would otherwise be a limit that does not hold, or a key that is never
//! revoked. Everything that is wrong is named by its place, and no value is repeated.

mod fields;
mod json;
mod webhook;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use headshot_core::Tenant;
use serde_json::Value;

use super::grants::{Grant, InvalidKeys, Key, Keys, TenantSettings};
use super::key::{self, KeyHash};
use super::scope::{Scope, Scopes};
use fields::Fields;

/// Nobody has so many keys; a file of this size is another file.
pub(super) const LARGEST: u64 = 64 << 20;

impl Keys {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKeys> {
        let document = json::read(text).map_err(|sentence| InvalidKeys(vec![sentence]))?;
        let mut wrong = Vec::new();
        let keys = read(document, &mut wrong);
        if wrong.is_empty() { Ok(keys) } else { Err(InvalidKeys(wrong)) }
    }
}

fn read(document: Value, wrong: &mut Vec<String>) -> Keys {
    let Some(mut fields) = Fields::of(document, "the file", wrong) else { return Keys::default() };
    let tenants = fields.object("tenants").into_iter().flatten();
    let keys = fields.list("keys").unwrap_or_default();
    let service_accounts = fields.list("service_accounts").unwrap_or_default();
    fields.finish();
    Keys {
        tenants: tenants.filter_map(|(name, value)| tenant(&name, value, wrong)).collect::<BTreeMap<_, _>>(),
        keys: unique(keys, "keys", wrong, key),
        service_accounts: unique(service_accounts, "service_accounts", wrong, service_account),
    }
}

/// The entries of a list by their ids, of which each may be there once.
fn unique<T>(
    entries: Vec<Value>,
    list: &str,
    wrong: &mut Vec<String>,
    read: fn(Fields<'_>) -> Option<(String, T)>,
) -> HashMap<String, T> {
    let mut found = HashMap::with_capacity(entries.len());
    for (position, entry) in entries.into_iter().enumerate() {
        let place = format!("{list}[{position}]");
        let entry = Fields::of(entry, &place, wrong).and_then(read);
        if let Some((id, entry)) = entry
            && found.insert(id, entry).is_some()
        {
            wrong.push(format!("{place} has the id or address of an earlier entry"));
        }
    }
    found
}

fn tenant(name: &str, value: Value, wrong: &mut Vec<String>) -> Option<(Tenant, TenantSettings)> {
    let tenant = name.parse::<Tenant>();
    if let Err(error) = &tenant {
        wrong.push(format!("tenants has a name that is none: {error}"));
    }
    let place = tenant.as_ref().map_or("tenants.?".to_owned(), |tenant| format!("tenants.{tenant}"));
    let mut fields = Fields::of(value, &place, wrong)?;
    let webhook = fields.object("webhook");
    fields.finish();
    let place = format!("{place}.webhook");
    let webhook =
        webhook.and_then(|webhook| Fields::of(Value::Object(webhook), &place, wrong)).and_then(webhook::read);
    Some((tenant.ok()?, TenantSettings { webhook }))
}

fn key(mut fields: Fields<'_>) -> Option<(String, Key)> {
    const ID: &str = "1 to 64 lower-case letters, digits, hyphens and underscores, beginning with a letter";
    let id = fields.required("id", ID, |text| key::is_id(text).then(|| text.to_owned()));
    let hash = fields.required("hash", "sha256: and 64 lower-case hexadecimal digits", KeyHash::parse);
    let created_at =
        fields.required("created_at", "a time such as 2026-01-31T12:00:00Z", |text| text.parse().ok());
    let revoked_at =
        fields.optional("revoked_at", "a time such as 2026-01-31T12:00:00Z", |text| text.parse().ok());
    let label = label(&mut fields);
    let grant = grant(&mut fields, id);
    let valid = fields.finish();
    let (grant, hash, created_at) = (grant?, hash?, created_at?);
    let key = Key { hash, grant: Arc::new(grant), label, created_at, revoked_at };
    valid.then(|| (key.grant.id.clone(), key))
}

fn service_account(mut fields: Fields<'_>) -> Option<(String, Arc<Grant>)> {
    let email = fields.required("email", "the e-mail address of a service account", |text| {
        let (who, domain) = text.split_once('@')?;
        let plain = text.len() <= 200 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
        (plain && !who.is_empty() && domain.contains('.')).then(|| text.to_owned())
    });
    _ = label(&mut fields);
    let grant = grant(&mut fields, email);
    let valid = fields.finish();
    let grant = Arc::new(grant?);
    valid.then(|| (grant.id.clone(), grant))
}

/// Labels are shown on terminals.
fn label(fields: &mut Fields<'_>) -> Option<String> {
    let shown = |text: &&str| text.chars().count() <= 200 && !text.chars().any(char::is_control);
    fields.optional("label", "text of at most 200 printable characters", |text| {
        Some(text).filter(shown).map(str::to_owned)
    })
}

/// What keys and service accounts have in common.
fn grant(fields: &mut Fields<'_>, id: Option<String>) -> Option<Grant> {
    let tenant = fields.required(
        "tenant",
        "1 to 40 lower-case letters, digits and hyphens, beginning with a letter",
        |text| text.parse().ok(),
    );
    let scopes = scopes(fields);
    let rate = fields.number("rate_per_minute", u64::from(u32::MAX));
    let monthly_quota = fields.number("monthly_quota", 1_000_000_000);
    Some(Grant {
        id: id?,
        tenant: tenant?,
        scopes: scopes?,
        rate_per_minute: rate.and_then(|rate| u32::try_from(rate).ok()),
        monthly_quota,
    })
}

fn scopes(fields: &mut Fields<'_>) -> Option<Scopes> {
    const RULE: &str = "a list of scopes, which are submit, read, print and admin";
    let Some(list) = fields.list("scopes") else {
        fields.note("scopes", RULE);
        return None;
    };
    let known: Option<Scopes> = list.iter().map(|name| name.as_str()?.parse::<Scope>().ok()).collect();
    match known.filter(|scopes| !scopes.is_empty()) {
        Some(scopes) => Some(scopes),
        None => {
            fields.note("scopes", RULE);
            None
        }
    }
}

#[cfg(test)]
mod tests;

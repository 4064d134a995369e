//! `headshot-api keys`: creates, lists and revokes the keys of a file.

use std::io::{Read, Write, stdin, stdout};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use headshot_backend::BackendError;
use headshot_backend::api_keys::{KeyInfo, KeysEdit, NewKey, Scope, Scopes};
use headshot_core::Tenant;
use jiff::Timestamp;
use serde_json::json;

/// Which file, and what to do with it.
#[derive(Args, Clone, Debug)]
pub struct KeysArgs {
    /// The file of keys and tenants; it is created if it is missing. With `-` it comes from the standard input, and goes,
    /// changed, to the standard output; a new key is then shown on the standard error
    #[arg(long, env = "API_KEYS_FILE", value_name = "FILE", global = true, default_value = "")]
    file: String,

    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum KeysCommand {
    /// Makes a key and shows it, once: only its hash is kept
    Create(CreateArgs),
    /// Shows all keys, without their secrets
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Revokes a key by its id, as `keys list` shows it; running servers notice within seconds
    Revoke {
        /// Such as k_8f3a6c0b2d4e1f57
        id: String,
    },
}

#[derive(Args, Clone, Debug)]
struct CreateArgs {
    /// Whose jobs the key opens: lower-case letters, digits and hyphens
    #[arg(long)]
    tenant: Tenant,

    /// What it allows, separated by commas: submit, read, print, admin
    #[arg(long, value_delimiter = ',', required = true)]
    scopes: Vec<Scope>,

    /// Calls that make work, a minute [default: as many as come]
    #[arg(long, value_name = "CALLS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// Photos a calendar month [default: as many as come]
    #[arg(long, value_name = "PHOTOS", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    quota: Option<u64>,

    /// Anything that tells people which key it is
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
}

/// Does what is asked for.
///
/// # Errors
/// The file cannot be read or written, or something in it is wrong.
pub fn manage(args: &KeysArgs) -> Result<()> {
    ensure!(!args.file.trim().is_empty(), "say which file: --file FILE, or API_KEYS_FILE");
    let now = Timestamp::now();
    match &args.command {
        KeysCommand::Create(new) => {
            let new = NewKey {
                tenant: new.tenant.clone(),
                scopes: new.scopes.iter().copied().collect::<Scopes>(),
                rate_per_minute: new.rate,
                monthly_quota: new.quota,
                label: new.label.clone(),
            };
            let key = change(&args.file, |file| file.create(&new, now))?;
            show(&args.file, &key)
        }
        KeysCommand::Revoke { id } => {
            let revoked = change(&args.file, |file| file.revoke(id, now))?;
            eprintln!("{id} {}", if revoked { "is revoked" } else { "was revoked before" });
            Ok(())
        }
        KeysCommand::List { json } => {
            let keys = if args.file == "-" { from_input()? } else { existing(&args.file)? }.list();
            let text = if *json { as_json(&keys)? } else { as_table(&keys) };
            Ok(stdout().write_all(text.as_bytes())?)
        }
    }
}

fn change<T>(file: &str, change: impl FnOnce(&mut KeysEdit) -> Result<T, BackendError>) -> Result<T> {
    if file != "-" {
        return Ok(KeysEdit::change(Path::new(file), change)?);
    }
    let mut keys = from_input()?;
    let answer = change(&mut keys)?;
    stdout().write_all(keys.text()?.as_bytes()).context("writing the changed file")?;
    Ok(answer)
}

/// A list of no keys would be a strange answer to a mistyped name.
fn existing(file: &str) -> Result<KeysEdit> {
    ensure!(Path::new(file).exists(), "there is no file {file}; `keys create` makes one");
    Ok(KeysEdit::read(Path::new(file))?)
}

fn from_input() -> Result<KeysEdit> {
    let mut text = Vec::new();
    stdin().read_to_end(&mut text).context("reading the standard input")?;
    Ok(KeysEdit::parse(&text)?)
}

/// The key alone on its line, so that a script can take it; the advice is for people.
fn show(file: &str, key: &str) -> Result<()> {
    if file == "-" {
        eprintln!("{key}");
    } else {
        writeln!(stdout(), "{key}")?;
    }
    eprintln!(
        "This is the only time that the key is shown. Whoever has it can do what it allows: keep it secret."
    );
    Ok(())
}

fn as_json(keys: &[KeyInfo]) -> Result<String> {
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "id": key.id, "tenant": key.tenant, "scopes": key.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
                "rate_per_minute": key.rate_per_minute, "monthly_quota": key.monthly_quota, "label": key.label,
                "created_at": key.created_at, "revoked_at": key.revoked_at,
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&keys)? + "\n")
}

fn as_table(keys: &[KeyInfo]) -> String {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    let mut rows =
        vec![["ID", "TENANT", "SCOPES", "RATE", "QUOTA", "CREATED", "REVOKED", "LABEL"].map(String::from)];
    rows.extend(keys.iter().map(|key| {
        [
            key.id.clone(),
            key.tenant.to_string(),
            key.scopes.to_string(),
            or_dash(key.rate_per_minute.map(|rate| rate.to_string())),
            or_dash(key.monthly_quota.map(|quota| quota.to_string())),
            key.created_at.strftime("%Y-%m-%d").to_string(),
            or_dash(key.revoked_at.map(|at| at.strftime("%Y-%m-%d").to_string())),
            or_dash(key.label.clone()),
        ]
    }));
    let widths: [usize; 8] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

//! `headshot-api keys`, and what the server's log says of keys.

use std::io::Write;
use std::process::{Output, Stdio};

use hyper::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::photos;
use crate::process::{Server, api};
use crate::shops::id_of;
use crate::support::send;

fn keys(file: &str, arguments: &[&str]) -> Output {
    api().args(["keys", "--file", file]).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_key_is_shown_once_listed_without_its_secret_and_revoked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let file = path.to_str().unwrap();
    let new = ["create", "--tenant", "acme", "--scopes", "read,submit", "--rate", "60", "--quota", "1000"];
    let created = keys(file, &[&new[..], &["--label", "shop – server"]].concat());
    assert!(created.status.success(), "{created:?}");
    let key = text(&created.stdout).trim().to_owned();
    let (id, secret) = (id_of(&key), key.rsplit_once('_').unwrap().1);
    assert!(!std::fs::read_to_string(&path).unwrap().contains(secret));

    let listed = keys(file, &["list"]);
    let table: Vec<_> =
        text(&listed.stdout).lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(table[0], ["ID", "TENANT", "SCOPES", "RATE", "QUOTA", "CREATED", "REVOKED", "LABEL"]);
    assert_eq!(table[1][..5], [id, "acme", "submit,read", "60", "1000"]);
    assert_eq!(table[1][6..], ["-", "shop", "–", "server"]);

    let revoked = keys(file, &["revoke", id]);
    assert!(revoked.status.success() && text(&revoked.stderr).contains("is revoked"));
    let listed: Value = serde_json::from_slice(&keys(file, &["list", "--json"]).stdout).unwrap();
    assert_eq!((&listed[0]["id"], &listed[0]["scopes"][0]), (&id.into(), &"submit".into()));
    assert!(listed[0]["revoked_at"].is_string() && !listed.to_string().contains(secret));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let file = path.to_str().unwrap();
    for (arguments, complaint) in [
        (&["create", "--tenant", "acme"][..], "--scopes"),
        (&["create", "--tenant", "Acme", "--scopes", "read"], "lower-case letters"),
        (&["create", "--tenant", "acme", "--scopes", "write"], "submit, read, print and admin"),
        (&["create", "--tenant", "acme", "--scopes", "read", "--rate", "0"], "rate"),
        (&["create", "--tenant", "acme", "--scopes", "read", "--label", "a\u{7}b"], "printable"),
        (&["revoke", "k_nobody"], "there is no key"),
        (&["list"], "there is no file"),
    ] {
        let refused = keys(file, arguments);
        assert!(!refused.status.success(), "{arguments:?}");
        assert!(text(&refused.stderr).contains(complaint), "{arguments:?}: {}", text(&refused.stderr));
        assert!(!path.exists() || !std::fs::read_to_string(&path).unwrap().contains("k_"), "{arguments:?}");
    }
    let nowhere = api().args(["keys", "list"]).output().unwrap();
    assert!(text(&nowhere.stderr).contains("API_KEYS_FILE"));
}

#[test]
fn a_file_may_pass_through_so_that_a_secret_store_can_keep_it() {
    let mut command = api();
    command.args(["keys", "create", "--file", "-", "--tenant", "acme", "--scopes", "read"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{\"tenants\": {\"acme\": {}}, \"keys\": []}").unwrap();
    let output = child.wait_with_output().unwrap();
    let file: Value = serde_json::from_slice(&output.stdout).unwrap();
    let key = text(&output.stderr).lines().next().unwrap();
    assert_eq!(file["keys"][0]["id"], id_of(key));
    assert!(file["tenants"]["acme"].is_object());
    assert!(!text(&output.stdout).contains(key.rsplit_once('_').unwrap().1));
}

#[tokio::test]
async fn no_key_is_ever_in_the_log_or_in_an_answer() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let new = ["create", "--tenant", "acme", "--scopes", "submit,read"];
    let created = keys(path.to_str().unwrap(), &new);
    let key = text(&created.stdout).trim().to_owned();
    let settings = [("API_KEYS_FILE", path.to_str().unwrap()), ("RUST_LOG", "trace")];
    let mut server = Server::start_with(&folder.path().join("data"), &settings);
    let address = ([127, 0, 0, 1], server.1).into();
    let wrong = format!("{}x", key);
    let secret = key.rsplit_once('_').unwrap().1;
    for bearer in [&key, &wrong, &format!("{key} {key}"), &format!("{key}.{key}.{key}")] {
        for method in [Method::GET, Method::POST] {
            let path = if method == Method::GET { "/headshot/x" } else { "/headshot-async" };
            let headers = [("authorization", &*format!("Bearer {bearer}"))];
            let answer = send(address, method, path, &headers, photos::jpeg().into()).await;
            assert!(!format!("{answer:?}").contains(secret));
        }
    }
    // And when the file with its hash is broken.
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replace("\"scopes\"", "\"scope\""))
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    for _ in 0..2 {
        let headers = [("authorization", &*format!("Bearer {key}"))];
        let answer = send(address, Method::GET, "/headshot/x", &headers, bytes::Bytes::new()).await;
        answer.assert_problem(404, "not_found");
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    let hash = std::fs::read_to_string(&path).unwrap();
    let hash = hash.split("sha256:").nth(1).unwrap()[..64].to_owned();
    let (_, log) = tokio::task::spawn_blocking(move || server.signal("-TERM")).await.unwrap();
    assert!(
        log.contains(&format!("\"key_id\":\"{}\"", id_of(&key))),
        "the log says whose requests they were:\n{log}"
    );
    assert_eq!(
        log.matches("keys[0].scopes must be").count(),
        1,
        "a broken file is complained of once:\n{log}"
    );
    assert!(!log.contains(secret) && !log.contains(&hash));
}

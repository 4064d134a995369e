//! The binary itself: its settings, its signals, its probe.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use headshot_api::Settings;
use hyper::Method;

use crate::photos;
use crate::support::{Form, send};

pub fn api() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headshot-api"));
    command.env_clear();
    command
}

fn refused(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert_eq!(status.code(), Some(1));
    String::from_utf8(stderr).unwrap()
}

#[test]
fn every_wrong_setting_is_named_at_once() {
    let wrong = [
        ("HOST", "the moon"),
        ("PORT", "80800"),
        ("BACKEND", "aws"),
        ("PUBLIC_URL", "ftp://x"),
        ("DOWNLOAD_URL_TTL", "604800"),
        ("UPLOAD_URL_TTL", "0"),
        ("MAX_SIGNED_UPLOAD_BYTES", "50000001"),
        ("SYNC_WAIT", "soon"),
        ("MAX_UPLOAD_BYTES", "50MB"),
        ("MAX_CONCURRENT_UPLOADS", "0"),
        ("UPLOAD_IDLE_TIMEOUT", "-1"),
        ("UPLOAD_TIMEOUT", "1.5"),
        ("ALLOWED_ORIGINS", "https://*.shop.example,https://shop.example/path"),
        ("RECORD_TTL_DAYS", "0"),
        ("WEBHOOK_ALLOW_PRIVATE", "maybe"),
        ("GRACE_SECONDS", "x"),
        ("ALLOW_ANONYMOUS", "perhaps"),
        ("ID_TOKEN_AUDIENCE", "https://api.example"),
        ("ID_TOKEN_KEYS_URL", "http://keys.example"),
        ("RATE_LIMIT_PER_ADDRESS", "many"),
        ("TRUSTED_PROXIES", "-1"),
        ("MAX_BACKLOG", "long"),
    ];
    let complaint = refused(api().envs(wrong));
    for (name, _) in wrong {
        assert!(complaint.contains(&format!("- {name} ")), "{name} is missing in:\n{complaint}");
    }
    assert_eq!(complaint.matches("ALLOWED_ORIGINS").count(), 2, "each origin on its own");
    assert!(
        complaint.contains("\"https://*.shop.example\"") && complaint.contains("write each host by itself"),
        "{complaint}"
    );
    assert!(
        complaint.contains("write https://shop.example; it is \"https://shop.example/path\""),
        "{complaint}"
    );
}

#[test]
fn on_cloud_run_the_local_backend_is_refused() {
    for variable in ["K_SERVICE", "CLOUD_RUN_WORKER_POOL"] {
        let complaint = refused(api().env(variable, "headshot-api"));
        assert!(complaint.contains("BACKEND") && complaint.contains(variable), "{complaint}");
    }
}

/// Enough of Google Cloud's settings for the others to be looked at.
const CLOUD: [(&str, &str); 6] = [
    ("K_SERVICE", "headshot-api"),
    ("BACKEND", "gcp"),
    ("PROJECT_ID", "shop-1"),
    ("GCS_BUCKET_ORIGINAL", "shop-originals"),
    ("GCS_BUCKET_OUTPUT", "shop-outputs"),
    ("PUBSUB_TOPIC", "tasks"),
];

fn validated(settings: &[(&str, &str)]) -> Result<headshot_api::Config, String> {
    let flag = |(name, value): &(&str, &str)| format!("--{}={value}", name.to_lowercase().replace('_', "-"));
    let flags = settings.iter().map(flag);
    let settings = Settings::parse_from(std::iter::once("headshot-api".to_owned()).chain(flags));
    settings.validate().map_err(|invalid| invalid.to_string())
}

#[test]
fn where_photos_are_real_nobody_is_served_without_a_key_by_accident() {
    let refused = |settings: &[(&str, &str)]| {
        validated(&[&CLOUD, settings].concat())
            .err()
            .is_some_and(|why| why.contains("- API_KEYS_FILE is not set"))
    };
    assert!(refused(&[]) && refused(&[("ALLOW_ANONYMOUS", "false")]));
    let off_cloud_run = validated(&[&CLOUD[1..], &[]].concat());
    assert!(off_cloud_run.is_err(), "nor elsewhere with Google's own services");
    assert!(validated(&[("ALLOW_ANONYMOUS", "false")]).is_err(), "a service that nobody could call");

    let anonymous = |settings: &[(&str, &str)]| validated(settings).unwrap().access.anonymous.to_string();
    let cloud = |settings: &[(&str, &str)]| anonymous(&[&CLOUD, settings].concat());
    assert_eq!(cloud(&[("ALLOW_ANONYMOUS", "true")]), "submit,read,print");
    assert_eq!(cloud(&[("API_KEYS_FILE", "keys.json")]), "");
    assert_eq!(cloud(&[("API_KEYS_FILE", "keys.json"), ("ALLOW_ANONYMOUS", "true")]), "submit,read");
    assert_eq!(anonymous(&[]), "submit,read,print,admin");
    assert_eq!(anonymous(&[("API_KEYS_FILE", "keys.json")]), "");
    assert_eq!(anonymous(&[("API_KEYS_FILE", "keys.json"), ("ALLOW_ANONYMOUS", "true")]), "submit,read");
    let emulated = [&CLOUD[1..], &[("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")]].concat();
    assert_eq!(anonymous(&emulated), "submit,read,print,admin");

    let behind_google = validated(&[&CLOUD[..], &[("ALLOW_ANONYMOUS", "true")]].concat()).unwrap().admission;
    assert_eq!((behind_google.per_address, behind_google.trusted_proxies), (600, 1));
    let at_home = validated(&[]).unwrap().admission;
    assert_eq!((at_home.per_address, at_home.trusted_proxies, at_home.max_backlog), (0, 0, 0));
}

#[test]
fn a_file_of_keys_that_is_missing_or_wrong_keeps_the_server_from_starting() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let start = || refused(api().env("DATA_DIR", folder.path()).env("PORT", "0").env("API_KEYS_FILE", &path));
    assert!(start().contains("keys.json"));
    std::fs::write(&path, "{\"keys\": [{\"id\": \"k_1\"}]}").unwrap();
    assert!(start().contains("keys[0].tenant must be"));
}

#[test]
fn empty_variables_count_as_not_set_and_flags_win() {
    let settings =
        Settings::parse_from(["headshot-api", "--port", "", "--sync-wait", "7", "--allowed-origins", " , "]);
    let config = settings.validate().unwrap();
    assert_eq!((config.port, config.sync_wait), (8080, Duration::from_secs(7)));
    assert!(config.allowed_origins.is_empty());
    assert!(config.host.is_loopback(), "nothing is open to the network unless it is said");
}

#[test]
fn help_explains_every_setting_with_its_default() {
    let output = api().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for setting in
        ["PORT", "HOST", "DATA_DIR", "SYNC_WAIT", "MAX_UPLOAD_BYTES", "ALLOWED_ORIGINS", "GRACE_SECONDS"]
    {
        assert!(help.contains(&format!("[env: {setting}=")), "{setting} is missing in:\n{help}");
    }
    assert!(help.contains("[default: 50000000]"), "{help}");
}

/// A server process, killed if a test fails before it has stopped it.
pub struct Server(pub Child, pub u16);

impl Server {
    pub fn start(data_dir: &std::path::Path) -> Self {
        Self::start_with(data_dir, &[])
    }

    pub fn start_with(data_dir: &std::path::Path, settings: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = api()
            .env("PORT", port.to_string())
            .env("DATA_DIR", data_dir)
            .envs(settings.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let server = Self(child, port);
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "the server does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Sends a signal and waits; the exit code and what was logged.
    pub fn signal(&mut self, signal: &str) -> (Option<i32>, String) {
        let killed = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let code = self.0.wait().unwrap().code();
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (code, log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn sigterm_and_sigint_stop_the_server_cleanly_and_its_log_is_json() {
    let data = tempfile::TempDir::new().unwrap();
    for signal in ["-TERM", "-INT"] {
        let began = Instant::now();
        let (code, log) = Server::start(data.path()).signal(signal);
        assert_eq!(code, Some(0), "{log}");
        assert!(began.elapsed() < Duration::from_secs(10));
        for line in log.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
    }
}

#[test]
fn the_probe_tells_a_server_that_lives_from_none() {
    let data = tempfile::TempDir::new().unwrap();
    let server = Server::start(data.path());
    let probe =
        |port: u16| api().arg("healthcheck").env("PORT", port.to_string()).stderr(Stdio::null()).status();
    assert!(probe(server.1).unwrap().success());
    drop(server);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(!probe(free).unwrap().success());
}

#[tokio::test]
async fn memory_stays_small_while_fifty_photos_arrive_at_once() {
    let data = tempfile::TempDir::new().unwrap();
    let server = Server::start(data.path());
    let address = ([127, 0, 0, 1], server.1).into();
    let photo = photos::large_jpeg();
    let form = Form::default().file("dog.jpg", &photo);
    let (content_type, form, photo) = (form.content_type(), form.body(), bytes::Bytes::from(photo));
    let posts = (0..50).map(|n| {
        let (declared, body) = if n % 2 == 0 { (&*content_type, &form) } else { ("image/jpeg", &photo) };
        let headers = [("content-type", declared)];
        let body = body.clone();
        async move { send(address, Method::POST, "/headshot-async", &headers, body).await.status.as_u16() }
    });
    assert_eq!(futures_util::future::join_all(posts).await, [202; 50]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let kib: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kib < 60 * 1024, "{peak}");
}

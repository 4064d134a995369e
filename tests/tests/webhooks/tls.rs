//! Endpoints have to show a certificate that the system's authorities vouch for.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use headshot_tests::{TestApp, drawn_pet};
use tempfile::TempDir;

use crate::{SECRET, Tenants};

const SERVER: &str = r#"
import http.server, ssl, sys
class Shop(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("shop.pem", "shop.key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"#;

struct Shop {
    child: Child,
    port: u16,
}

impl Shop {
    fn start(folder: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new("python3")
            .args(["-c", SERVER, &port.to_string()])
            .current_dir(folder)
            .stderr(Stdio::null())
            .spawn()?;
        let shop = Self { child, port };
        let asked = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(asked.elapsed() < Duration::from_secs(60), "the shop's server does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(shop)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority and a server's certificate by it, for `localhost` alone. `None` where OpenSSL's program is not installed.
fn certificates(folder: &Path) -> Result<Option<()>> {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(folder);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    if openssl("version").is_err() {
        println!("SKIPPED: openssl is not installed, so there are no certificates to try");
        return Ok(None);
    }
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")?;
    for step in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=Test",
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout shop.key -out shop.csr -subj /CN=shop",
        "x509 -req -in shop.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out shop.pem -days 30 -extfile names",
    ] {
        ensure!(openssl(step)?.success(), "openssl {step}");
    }
    Ok(Some(()))
}

#[test]
fn a_certificate_must_be_vouched_for_and_be_for_that_name() -> Result<()> {
    let folder = TempDir::new()?;
    let Some(()) = certificates(folder.path())? else { return Ok(()) };
    let shop = Shop::start(folder.path())?;
    let tenants = Tenants::new(&[SECRET])?;
    let authority = folder.path().join("ca.pem");
    let app = TestApp::start_with(tenants.options().worker("SSL_CERT_FILE", authority.display()))?;
    let tell = |app: &TestApp, host: &str, state: &str| {
        let id = app.submit_telling(&drawn_pet(800), &format!("https://{host}:{}/hooks", shop.port))?;
        app.wait_webhook(&id, state)
    };
    let webhook = tell(&app, "localhost", "delivered")?;
    assert_eq!(webhook["deliveries"][0]["status"], 204, "{webhook:#}");
    let webhook = tell(&app, "127.0.0.1", "given_up")?;
    let outcome = webhook["deliveries"][0]["outcome"].as_str().unwrap_or_default();
    assert!(outcome.contains("certificate is for another name"), "{webhook:#}");

    // A worker to whom nobody has named that authority.
    let app = TestApp::start_with(tenants.options())?;
    let webhook = tell(&app, "localhost", "given_up")?;
    let outcome = webhook["deliveries"][0]["outcome"].as_str().unwrap_or_default();
    assert!(outcome.contains("authority that is not trusted"), "{webhook:#}");
    assert_eq!(webhook["deliveries"].as_array().map(Vec::len), Some(4), "{webhook:#}");
    Ok(())
}

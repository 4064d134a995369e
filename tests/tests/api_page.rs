//! The snippets of docs/api.md, taken from the page and run against the real programs: those of one language, one after the
//! other, are one program.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use headshot_tests::{Options, TestApp, binary, drawn_pet, workspace};
use image::{ExtendedColorType, RgbImage, codecs::jpeg::JpegEncoder};
use tempfile::TempDir;

#[test]
fn the_snippets_for_the_shell_do_what_the_page_says() -> Result<()> {
    for tool in ["curl", "jq"] {
        if !is_there(tool) {
            println!("SKIPPED: {tool} is not installed, so the snippets for the shell were not run");
            return Ok(());
        }
    }
    runs("sh", &["sh", "-eu"], "page.sh")
}

#[test]
fn the_snippets_in_python_do_what_the_page_says() -> Result<()> {
    ensure!(is_there("python3"), "Python is needed for the tests");
    runs("python", &["python3"], "page.py")
}

#[test]
fn the_snippets_in_javascript_do_what_the_page_says() -> Result<()> {
    if !is_there("node") {
        println!("SKIPPED: node is not installed, so the snippets in JavaScript were not run");
        return Ok(());
    }
    runs("javascript", &["node"], "page.mjs")
}

fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Every block of a language, in the page's order.
fn program(language: &str) -> Result<String> {
    let page = fs::read_to_string(workspace().join("docs/api.md"))?;
    let fence = format!("```{language}");
    let (mut text, mut inside) = (String::new(), false);
    for line in page.lines() {
        if line.starts_with("```") {
            inside = !inside && line == fence;
        } else if inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    ensure!(!text.is_empty(), "the page has no snippets in {language}");
    Ok(text)
}

/// Without a key, and then with one.
fn runs(language: &str, interpreter: &[&str], file: &str) -> Result<()> {
    let program = program(language)?;
    let open = TestApp::start()?;
    fail_once(&open)?;
    follow(&open, interpreter, file, &program, None)?;
    drop(open);

    let keys = TempDir::new()?;
    let key_file = keys.path().join("keys.json");
    let made = Command::new(binary("headshot-api"))
        .args(["keys", "create", "--tenant", "acme", "--scopes", "submit,read,print,admin", "--file"])
        .arg(&key_file)
        .output()?;
    let key = said(&made)?.trim().to_owned();
    let guarded = TestApp::start_with(Options::default().both("API_KEYS_FILE", key_file.display()))?;
    let refused = follow(&guarded, interpreter, file, &program, None);
    ensure!(refused.is_err(), "without a key the program ends as if all were well");
    follow(&guarded, interpreter, file, &program, Some(&key))
}

/// A photo without a pet, so that support has a job to try again.
fn fail_once(app: &TestApp) -> Result<()> {
    let lawn = RgbImage::from_pixel(640, 480, image::Rgb([90, 140, 90]));
    let mut photo = Vec::new();
    JpegEncoder::new(&mut photo).encode(&lawn, 640, 480, ExtendedColorType::Rgb8)?;
    let job = app.wait_ended(&app.submit(&photo)?)?;
    ensure!(job["status"] == "failed", "a lawn was taken for a pet: {job:#}");
    Ok(())
}

/// Runs the program in a folder with the photo that the page speaks of, and looks at what it leaves there and says.
fn follow(app: &TestApp, interpreter: &[&str], file: &str, program: &str, key: Option<&str>) -> Result<()> {
    let folder = TempDir::new()?;
    fs::write(folder.path().join(file), program)?;
    fs::write(folder.path().join("rex.jpg"), drawn_pet(800))?;
    let (name, arguments) = interpreter.split_first().context("an interpreter has a name")?;
    let mut command = Command::new(name);
    command.args(arguments).arg(file).current_dir(folder.path());
    command.env("API", app.url("")).env_remove("KEY").stdin(Stdio::null());
    if let Some(key) = key {
        command.env("KEY", key);
    }
    let said = said(&command.output()?)?;
    check_preview(&folder.path().join("preview.png"))?;
    // The tag that is still good, the approval, the erased job and the service's health, as each language prints them.
    for news in ["304", "first attempt", "job_id", "ready"] {
        ensure!(said.contains(news), "the program does not say {news}: {said}");
    }
    Ok(())
}

fn check_preview(path: &Path) -> Result<()> {
    let preview = image::open(path).context("the preview that the program has saved")?;
    ensure!((preview.width(), preview.height()) == (1280, 1600), "the preview has another size");
    Ok(())
}

fn said(output: &Output) -> Result<String> {
    let (said, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "it ended with {}: {said}\n{complaints}", output.status);
    Ok(said.into_owned())
}

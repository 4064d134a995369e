//! The worker's two commands that need no queue: `render` and `doctor`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use headshot_tests::{binary, drawn_pet, runtime_library};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

fn worker(folder: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(binary("headshot-worker"));
    command.env_clear().env("ORT_DYLIB_PATH", runtime_library()).current_dir(folder).args(arguments);
    command.output().context("starting headshot-worker")
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[test]
fn render_writes_pictures_matte_report_and_contact_sheet() -> Result<()> {
    let folder = TempDir::new()?;
    let photos = folder.path().join("photos");
    fs::create_dir(&photos)?;
    let photo = drawn_pet(1200);
    fs::write(photos.join("rex.jpg"), &photo)?;
    image::load_from_memory(&photo)?.save(photos.join("rex.png"))?;
    fs::write(photos.join("notes.txt"), "Rex likes sausages.")?;
    fs::write(photos.join("torn.jpg"), photo.get(..photo.len() / 3).context("a third")?)?;

    let output = worker(folder.path(), &["render", "photos", "-o", "out", "--matte", "--contact-sheet"])?;
    let said = said(&output);
    assert!(output.status.success(), "a refused photo is no failure: {said}");
    assert!(said.contains("notes.txt: skipped, it is not a photo"), "{said}");
    assert!(said.contains("torn.jpg: refused: "), "{said}");
    assert!(said.contains("2 rendered, 1 refused, 0 failed"), "{said}");

    let out = folder.path().join("out");
    for name in ["rex", "rex.png"] {
        assert_eq!(image::image_dimensions(out.join(format!("{name}.preview.png")))?, (1280, 1600));
        assert_eq!(image::image_dimensions(out.join(format!("{name}.print.png")))?, (2400, 3000));
        let matte = image::open(out.join(format!("{name}.matte.png")))?;
        assert_eq!((matte.width(), matte.height(), matte.color()), (1200, 900, image::ColorType::L8));
        let report: Value = serde_json::from_slice(&fs::read(out.join(format!("{name}.json")))?)?;
        assert_eq!(report["outcome"], "done");
        assert_eq!(report["outputs"].as_array().map(Vec::len), Some(2));
        assert!(report["timings_ms"]["total"].as_f64().is_some_and(|total| total > 0.0), "{report:#}");
        assert_eq!(report["model"]["provider"], "cpu");
    }
    let refused: Value = serde_json::from_slice(&fs::read(out.join("torn.json"))?)?;
    assert_eq!(refused["outcome"], "refused");
    assert!(refused["error"]["message"].is_string(), "{refused:#}");
    let (width, height) = image::image_dimensions(out.join("contact-sheet.png"))?;
    assert!(width > 1600 && height > 1500 && height % 3 == 0, "{width} × {height} for three photos");
    Ok(())
}

#[test]
fn render_fails_when_something_other_than_a_photo_is_at_fault() -> Result<()> {
    let folder = TempDir::new()?;
    let missing = worker(folder.path(), &["render", "nowhere.jpg", "-o", "out"])?;
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("nowhere.jpg"), "{}", said(&missing));

    fs::write(folder.path().join("rex.jpg"), drawn_pet(800))?;
    // A folder stands where the preview should go.
    fs::create_dir_all(folder.path().join("out/rex.preview.png"))?;
    let blocked = worker(folder.path(), &["render", "rex.jpg", "-o", "out"])?;
    assert_eq!(blocked.status.code(), Some(1));
    assert!(said(&blocked).contains("1 failed"), "{}", said(&blocked));
    Ok(())
}

#[test]
fn doctor_finds_nothing_wrong_with_a_good_installation() -> Result<()> {
    let folder = TempDir::new()?;
    let output = worker(folder.path(), &["doctor", "--data-dir", "data"])?;
    assert!(output.status.success(), "{}", said(&output));
    for checked in ["settings", "storage", "records", "queue", "model", "onnx runtime"] {
        assert!(said(&output).contains(&format!("ok     {checked}")), "{checked}: {}", said(&output));
    }
    Ok(())
}

#[test]
fn doctor_says_which_model_it_is_and_who_described_it() -> Result<()> {
    let folder = TempDir::new()?;
    let said = said(&worker(folder.path(), &["doctor"])?);
    let model = said.lines().find(|line| line.starts_with("ok     model: ")).context("no model")?;
    for part in ["pet-matte-", "(version ", "licence Apache-2.0", "described in its metadata"] {
        assert!(model.contains(part), "{part} is missing in: {model}");
    }
    Ok(())
}

/// A model that lies in the cache already is not fetched, so no Cloud Storage is needed to try one.
#[test]
fn a_model_from_cloud_storage_may_be_given_a_profile() -> Result<()> {
    let folder = TempDir::new()?;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/pipeline/models");
    let files = fs::read_dir(models)?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    let is_matte = |file: &&PathBuf| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pet-matte-"))
    };
    let built_in = files.iter().find(is_matte).context("no built-in model")?;
    let bytes = fs::read(built_in)?;
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let cached = folder.path().join("cache").join(&sha256);
    fs::create_dir_all(&cached)?;
    fs::write(cached.join("download.onnx"), bytes)?;

    let url = format!("gs://models/download.onnx#sha256={sha256}");
    let doctor = ["doctor", "--model-cache-dir", "cache", "--matting-model-gcs", &url];
    let own = said(&worker(folder.path(), &doctor)?);
    assert!(own.contains("ok     model: pet-matte-") && own.contains("described in its metadata"), "{own}");
    let profile = ["--matting-model-profile", "modnet"];
    let given = said(&worker(folder.path(), &[&doctor[..], &profile].concat())?);
    assert!(given.contains(r#"described by the profile "modnet" of MATTING_MODEL_PROFILE"#), "{given}");
    Ok(())
}

#[test]
fn doctor_says_what_is_wrong_and_how_to_mend_it() -> Result<()> {
    let folder = TempDir::new()?;
    fs::write(folder.path().join("data"), "a file where a folder should be")?;
    let output = Command::new(binary("headshot-worker"))
        .env_clear()
        .env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so")
        .current_dir(folder.path())
        .args(["doctor", "--data-dir", "data"])
        .output()?;
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    for sentence in ["WRONG  storage", "DATA_DIR names another folder", "make setup", "2 things are wrong."] {
        assert!(said.contains(sentence), "{sentence} is missing in: {said}");
    }
    let output = worker(folder.path(), &["doctor", "--port", "none"])?;
    assert!(output.status.code() == Some(1) && String::from_utf8_lossy(&output.stdout).contains("PORT"));
    Ok(())
}

/// The settings in a program's help, each with its default: `[env: PORT=] [default: 8080]`, or, where there
/// is more to be said of it, `[default: 0, on Cloud Run 1] [env: TRUSTED_PROXIES=]`.
fn settings_of(program: &str, arguments: &[&str]) -> Result<BTreeMap<String, Option<String>>> {
    let help = Command::new(binary(program)).args(arguments).arg("--help").env_clear().output()?;
    // Without the line breaks that fit it to a terminal.
    let help: Vec<&str> = std::str::from_utf8(&help.stdout)?.split_whitespace().collect();
    let help = help.join(" ");
    let settings = help.match_indices("[env: ").filter_map(|(at, mark)| {
        let (before, (name, after)) = (&help[..at], help[at + mark.len()..].split_once("=]")?);
        let behind = after.strip_prefix(" [default: ").and_then(|rest| rest.split_once(']'));
        let in_front = before.strip_suffix("] ").and_then(|rest| rest.rsplit_once("[default: "));
        let default = behind.map(|(default, _)| default).or(in_front.map(|(_, default)| default));
        Some((name.to_owned(), default.map(str::to_owned)))
    });
    let settings: BTreeMap<_, _> = settings.collect();
    ensure!(settings.len() > 10, "{program} explains its settings: {settings:?}");
    Ok(settings)
}

#[test]
fn the_page_of_settings_has_those_of_the_programs_with_their_defaults() -> Result<()> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md"))?;
    let row = |line: &str| -> Option<(String, [String; 2])> {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let (read_by, rest) = rest.split_once(" | ")?;
        let default = rest.split_once(" | ")?.0.replace('`', "");
        Some((name.into(), [read_by.into(), default]))
    };
    let mut expected = page.lines().filter_map(row).collect::<BTreeMap<_, _>>();
    let (api, worker) = (settings_of("headshot-api", &[])?, settings_of("headshot-worker", &["run"])?);
    for name in api.keys().chain(worker.keys()) {
        let [read_by, on_page] = expected.get(name).with_context(|| format!("{name} is not on the page"))?;
        let (who, default) = match (api.get(name), worker.get(name)) {
            (Some(api), Some(worker)) if api == worker => ("both", api.clone()),
            (Some(api), Some(worker)) => (
                "both",
                api.as_ref().zip(worker.as_ref()).map(|(api, worker)| format!("{api}; worker {worker}")),
            ),
            (Some(api), None) => ("API", api.clone()),
            (None, worker) => ("worker", worker.cloned().flatten()),
        };
        // Where the help names no default, the page says what happens without one.
        assert_eq!((read_by.as_str(), on_page), (who, &default.unwrap_or(on_page.clone())), "{name}");
    }
    expected.retain(|name, _| !api.contains_key(name) && !worker.contains_key(name));
    assert!(expected.is_empty(), "no program has these: {expected:?}");
    Ok(())
}

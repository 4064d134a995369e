//! Examples, made by the code that makes the answers.

use headshot_core::{
    ArtefactInfo, Head, HeadSource, JobId, JobRecord, Metric, PrintSize, Quality, Reason, Recipe, Rendition,
    Severity, Status, Upload,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::jobs::view;
use crate::jobs::view::Accepted;

/// The id of every example.
const ID: &str = "6f1c1a52-9f0e-4c57-8f0b-0a4a6d1de001";

/// The id, read.
pub(super) fn id() -> Option<JobId> {
    ID.parse().ok()
}

/// A finished headshot, for a key that may print.
pub(super) fn headshot() -> Option<Value> {
    let at: Timestamp = "2026-05-01T09:30:00Z".parse().ok()?;
    let upload = Upload {
        file_name: Some("rex.jpg".into()),
        content_type: "image/jpeg".into(),
        bytes: 3_145_728,
        sha256: "5".repeat(64),
        width: 3024,
        height: 4032,
    };
    let mut record = JobRecord::accepted(id()?, upload, Recipe::HEADSHOT, at, at);
    record.status = Status::Done;
    record.stage = Some(headshot_core::Stage::Store);
    record.attempt = 1;
    let measured = Metric { name: "head_long_edge_px".into(), value: 1480.0 };
    let advice = Reason {
        code: "eyes_dark".into(),
        severity: Severity::Warn,
        message: "The eyes are quite dark. More light from the front would show them better.".into(),
    };
    record.quality = Some(Quality {
        largest_sharp_print: Some(PrintSize::In8x10),
        ..Quality::new(vec![measured], vec![advice])
    });
    let source = HeadSource::Model;
    record.head = Some(Head { x: 812.0, y: 640.0, width: 1320.0, height: 1480.0, confidence: 0.75, source });
    record.outputs = [(Rendition::Preview, 1280, 1600, 1_400_211), (Rendition::Print, 2400, 3000, 4_800_120)]
        .map(|(rendition, width, height, bytes)| ArtefactInfo {
            rendition,
            key: String::new(),
            width,
            height,
            bytes,
            sha256: "a".repeat(64),
        })
        .into();
    let mut shown = serde_json::to_value(view::document(&record)).ok()?;
    for (link, file) in [("preview_url", "preview.png"), ("print_url", "print.png")] {
        shown[link] =
            format!("https://storage.googleapis.com/outputs/{ID}/{file}?X-Goog-Signature=0a1b").into();
    }
    Some(shown)
}

/// A job that was just accepted.
pub(super) fn accepted() -> Option<Value> {
    serde_json::to_value(Accepted::new(id()?)).ok()
}

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use headshot_core::upload::Limits;
use headshot_core::{Failure, Recipe, Rendition};
use headshot_pipeline::decode::Photo as Decoded;
use headshot_pipeline::{Artefact, Matte, Outcome as PipelineOutcome};
use image::{GrayImage, RgbImage};

use super::collect::Photo;
use super::contact_sheet::{Preview, Row};
use super::report::{Outcome, Output, Report};
use crate::hash::sha256;
use crate::render::Pipeline;
use crate::render::stages::{StageClock, milliseconds};

/// What all photos of a batch share.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The loaded pipeline.
    pub pipeline: &'a Pipeline,
    /// What to make.
    pub recipe: &'a Recipe,
    /// The folder for results.
    pub out: &'a Path,
    /// Write the matte as well.
    pub matte: bool,
    /// Make a row for the contact sheet.
    pub row: bool,
}

/// What became of one photo.
pub struct Made {
    /// How it ended.
    pub outcome: Outcome,
    /// Its line in the contact sheet, when one was asked for.
    pub row: Option<Row>,
    sentence: Option<String>,
}

impl Made {
    /// What the reader of the terminal should know of it, if anything.
    pub fn sentence(&self) -> Option<&str> {
        self.sentence.as_deref()
    }
}

impl Job<'_> {
    /// Renders one photo and writes its files. Whatever goes wrong concerns this photo alone.
    pub fn render(&self, photo: &Photo) -> Made {
        match self.try_render(photo) {
            Ok(made) => made,
            Err(error) => {
                let failed = format!("{}: failed: {error:#}", photo.path.display());
                let mut report = Report::new(photo, Outcome::Failed);
                report.error = Some(Failure { code: "internal".into(), message: format!("{error:#}") });
                let written = self.write_report(photo, &report);
                let sentence = match written {
                    Ok(()) => failed,
                    Err(also) => format!("{failed}; and its report could not be written: {also:#}"),
                };
                let row = self.row.then(|| Row::without_pictures(&format!("{}: failed", photo.name)));
                Made { outcome: Outcome::Failed, row, sentence: Some(sentence) }
            }
        }
    }

    fn try_render(&self, photo: &Photo) -> anyhow::Result<Made> {
        let bytes = read(&photo.path)?;
        let (started, clock) = (Instant::now(), StageClock::default());
        let on_stage = |stage| clock.enter(stage);
        let (outcome, seen) = if self.matte || self.row {
            self.pipeline.render_with_matte(&bytes, self.recipe, &on_stage)?
        } else {
            (self.pipeline.render_plainly(&bytes, self.recipe, &on_stage)?, None)
        };
        let mut timings_ms: BTreeMap<String, f64> = clock
            .finish()
            .into_iter()
            .map(|(stage, took)| (stage.as_str().into(), milliseconds(took)))
            .collect();
        timings_ms.insert("total".into(), milliseconds(started.elapsed()));
        let pictures = seen.map(Pictures::of).transpose()?;
        if let Some(pictures) = pictures.as_ref().filter(|_| self.matte) {
            let file = self.out.join(format!("{}.matte.png", photo.name));
            pictures.matte.save(&file).with_context(|| format!("writing {}", file.display()))?;
        }
        match outcome {
            PipelineOutcome::Rendered(rendered) => {
                let mut report = Report::new(photo, Outcome::Done);
                for artefact in &rendered.artefacts {
                    report.outputs.push(self.write(photo, artefact)?);
                }
                let row = self.row.then(|| self.row_of(photo, pictures, &rendered.artefacts)).transpose()?;
                (report.quality, report.head, report.model) =
                    (Some(rendered.quality), Some(rendered.head), Some(rendered.model));
                report.timings_ms = timings_ms;
                self.write_report(photo, &report)?;
                Ok(Made { outcome: Outcome::Done, row, sentence: None })
            }
            PipelineOutcome::Rejected(rejection) => {
                let mut report = Report::new(photo, Outcome::Refused);
                let label = format!("{}: refused, {}", photo.name, rejection.code);
                let row = self.row.then(|| match pictures {
                    Some(pictures) => Row::refused(&label, &pictures.photo, &pictures.matte),
                    None => Row::without_pictures(&label),
                });
                let sentence = format!("{}: refused: {}", photo.path.display(), rejection.message);
                report.error = Some(Failure { code: rejection.code, message: rejection.message });
                report.quality = rejection.quality;
                report.timings_ms = timings_ms;
                self.write_report(photo, &report)?;
                Ok(Made { outcome: Outcome::Refused, row, sentence: Some(sentence) })
            }
        }
    }

    fn row_of(
        &self,
        photo: &Photo,
        pictures: Option<Pictures>,
        artefacts: &[Artefact],
    ) -> anyhow::Result<Row> {
        let preview =
            artefacts.iter().find(|a| a.rendition == Rendition::Preview).context("there is no preview")?;
        let preview = image::load_from_memory(&preview.png).context("reading the preview back")?.into_rgba8();
        let pictures = pictures.context("the pipeline saw no photo")?;
        Ok(Row::of(&Preview {
            label: &photo.name,
            photo: &pictures.photo,
            matte: &pictures.matte,
            result: &preview,
        }))
    }

    fn write(&self, photo: &Photo, artefact: &Artefact) -> anyhow::Result<Output> {
        let file = format!("{}.{}", photo.name, artefact.rendition.file_name());
        let path = self.out.join(&file);
        fs::write(&path, &artefact.png).with_context(|| format!("writing {}", path.display()))?;
        let (width, height, bytes) = (artefact.width, artefact.height, artefact.png.len() as u64);
        Ok(Output { file, width, height, bytes, sha256: sha256(&artefact.png) })
    }

    fn write_report(&self, photo: &Photo, report: &Report) -> anyhow::Result<()> {
        let path = self.out.join(format!("{}.json", photo.name));
        let mut json = serde_json::to_vec_pretty(report).context("the report as JSON")?;
        json.push(b'\n');
        fs::write(&path, json).with_context(|| format!("writing {}", path.display()))
    }
}

impl Report {
    fn new(photo: &Photo, outcome: Outcome) -> Self {
        Self {
            photo: photo.path.display().to_string(),
            outcome,
            error: None,
            quality: None,
            head: None,
            model: None,
            outputs: Vec::new(),
            timings_ms: BTreeMap::new(),
        }
    }
}

/// The upright photo and its matte as pictures.
struct Pictures {
    photo: RgbImage,
    matte: GrayImage,
}

impl Pictures {
    fn of((photo, matte): (Decoded, Matte)) -> anyhow::Result<Self> {
        let (width, height) = (photo.width, photo.height);
        let photo = RgbImage::from_raw(width, height, photo.rgb).context("the photo has the wrong size")?;
        let matte =
            GrayImage::from_raw(width, height, matte.alpha).context("the matte has the wrong size")?;
        Ok(Self { photo, matte })
    }
}

/// Reads a photo, but never more than one byte beyond what the pipeline takes: that byte is enough for it to refuse.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = Limits::default().bytes.saturating_add(1);
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    file.take(most).read_to_end(&mut bytes).with_context(|| format!("reading {}", path.display()))?;
    Ok(bytes)
}

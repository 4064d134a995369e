use anyhow::Result;
use headshot_core::{Head, Recipe};
use headshot_pipeline::decode::Photo;
use headshot_pipeline::{
    CloseUp, Crop, Levelled, Matte, Models, Observer, Outcome, Plane, Region, process_observed, refine_photo,
};

/// What the pipeline made of a photo on its way.
///
/// A tilted head is not levelled, so that a true matte of the photo can be laid over.
pub struct Observed {
    /// The upright photo.
    pub photo: Photo,
    /// The animal's cleaned matte from the network's first look, spread over the whole photo.
    pub coarse: Plane,
    /// The same refined to the photo's own size.
    pub matte: Matte,
    /// The head, if there is an animal at all.
    pub head: Option<Head>,
    /// What the print is made of, unless the photo was refused.
    pub print: Option<ObservedPrint>,
}

/// The part of the photo that the print shows, stage by stage, as [`CloseUp`] has it.
pub struct ObservedPrint {
    /// The 4:5 frame.
    pub frame: Region<Levelled>,
    /// Which part of the photo it shows.
    pub region: Region<Levelled>,
    /// The animal's outline, spread over that part.
    pub outline: Plane,
    /// The same refined.
    pub matte: Matte,
    /// The colours beneath it.
    pub colours: Crop,
    /// The matte with the fades.
    pub faded: Matte,
}

/// Renders a photo and looks on; nothing is seen of one that cannot be opened.
///
/// # Errors
/// As [`process_observed`].
pub fn observe(bytes: &[u8], recipe: &Recipe, models: &Models) -> Result<(Outcome, Option<Observed>)> {
    let mut notes = Notes::default();
    let outcome = process_observed(bytes, recipe, models, &|_| (), &mut notes)?;
    let Some((photo, coarse, head)) = notes.first_look else { return Ok((outcome, None)) };
    let matte = refine_photo(&photo, &coarse, models)?;
    Ok((outcome, Some(Observed { photo, coarse, matte, head, print: notes.print })))
}

#[derive(Default)]
struct Notes {
    first_look: Option<(Photo, Plane, Option<Head>)>,
    print: Option<ObservedPrint>,
}

impl Observer for Notes {
    fn first_look(&mut self, photo: &Photo, animal: &Plane, head: Option<&Head>) {
        self.first_look = Some((photo.clone(), animal.clone(), head.cloned()));
    }

    fn close_up(&mut self, seen: &CloseUp<'_>) {
        self.print = Some(ObservedPrint {
            frame: seen.frame,
            region: seen.region,
            outline: seen.outline.clone(),
            matte: seen.matte.clone(),
            colours: seen.colours.clone(),
            faded: seen.faded.clone(),
        });
    }

    fn levels(&self) -> bool {
        false
    }
}

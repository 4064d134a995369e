//! Fur on drawn animals, whose matte is exact to the hair.

use anyhow::{Context, Result};
use headshot_pipeline::Models;
use headshot_tests::drawn_pet::{Background, Coat, DrawnPet, Species};

use crate::figure::{Limit, Report};
use crate::fur::{Errors, edges, from_bytes};

const HALF: Limit = Limit::AtMost(0.5);
const COATS: [Coat; 5] = [Coat::Black, Coat::Tabby, Coat::White, Coat::Tan, Coat::TwoColour];
/// Those of the first coat; of ten animals alone, one that keeps a cushion would decide.
const SEEDS: [u64; 3] = [21, 41, 61];

pub fn judge(models: &Models) -> Result<Report> {
    let mut report = Report::default();
    let (mut whole, mut print) = (Vec::new(), Vec::new());
    for (seed, coat) in SEEDS.into_iter().flat_map(|first| (first..).zip(COATS)) {
        for (species, background) in [(Species::Cat, Background::Room), (Species::Dog, Background::Garden)] {
            let drawn = DrawnPet { species, coat, background, width: 1500, height: 2000, seed }.draw();
            let truth = from_bytes(drawn.alpha.as_raw(), 1500, 2000);
            let name = format!("{species:?}, {coat:?}, {seed}");
            let found = edges(&drawn.jpeg(), &truth, models).with_context(|| name.clone())?;
            report.add(format!("{name}, print: SAD / bilinear's"), found.print.sad_share(), None);
            whole.push(found.whole);
            print.push(found.print);
        }
    }
    for (what, all) in [("whole", &whole), ("print", &print)] {
        let sum = Errors::sum(all);
        report.add(format!("together, {what}: SAD / bilinear's"), sum.sad_share(), Some(HALF));
        report.add(format!("together, {what}: SAD of refined"), sum.sad[0], None);
        report.add(format!("together, {what}: gradient error / bilinear's"), sum.gradient_share(), None);
    }
    Ok(report)
}

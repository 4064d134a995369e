//! Figures beside their limits, networks side by side, as a Markdown table.

/// One number.
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub limit: Option<Limit>,
}

/// What a number must keep.
#[derive(Clone, Copy)]
pub enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

/// What one network achieves in one group of figures.
#[derive(Default)]
pub struct Report {
    pub figures: Vec<Figure>,
    /// Sentences that name single files.
    pub remarks: Vec<String>,
}

impl Report {
    pub fn add(&mut self, name: impl Into<String>, value: f64, limit: Option<Limit>) {
        self.figures.push(Figure { name: name.into(), value, limit });
    }
}

impl Limit {
    fn kept(self, value: f64) -> bool {
        match self {
            Self::AtLeast(limit) => value >= limit,
            Self::AtMost(limit) => value <= limit,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtLeast(limit) => format!("≥ {limit}"),
            Self::AtMost(limit) => format!("≤ {limit}"),
        }
    }
}

/// Prints one group's table.
pub fn print(group: &str, names: &[&str], reports: &[Report]) {
    let Some(first) = reports.first().filter(|report| !report.figures.is_empty()) else { return };
    println!("\n| {group} | limit | {} |\n|---|---|{}", names.join(" | "), "---|".repeat(names.len()));
    for (row, figure) in first.figures.iter().enumerate() {
        let limit = figure.limit.map(Limit::words).unwrap_or_default();
        let values: Vec<String> = reports.iter().map(|report| cell(&report.figures[row])).collect();
        println!("| {} | {limit} | {} |", figure.name, values.join(" | "));
    }
    for (name, report) in names.iter().zip(reports) {
        for remark in &report.remarks {
            println!("\n{name}: {remark}");
        }
    }
}

fn cell(figure: &Figure) -> String {
    let missed = figure.limit.is_some_and(|limit| !limit.kept(figure.value));
    format!("{:.3}{}", figure.value, if missed { " **missed**" } else { "" })
}

//! `report`: the page of a run, once more, and the learning curves of several.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::args::ReportArgs;
use crate::{output, target};

pub(crate) fn run(args: &ReportArgs) -> Result<()> {
    let run = target::run_folder(&args.run)?;
    if args.beside.is_empty() {
        let page = foreframe_report::write_run_page(&run)?;
        return output::line(page.display());
    }
    let others = args.beside.iter().map(|run| target::run_folder(run));
    let runs = std::iter::once(Ok(run))
        .chain(others)
        .collect::<Result<Vec<PathBuf>>>()?;
    let named: Vec<(String, &Path)> = runs.iter().map(|run| (name(run), run.as_path())).collect();
    output::check_writable(&args.curves)?;
    let folders: Vec<&Path> = runs.iter().map(PathBuf::as_path).collect();
    output::check_apart(&args.curves, &folders)?;
    foreframe_report::write_curves(&args.curves, &named)?;
    output::line(args.curves.display())
}

/// `ustep` for `runs/moving-digits/ustep/2026-01-01T00-00-00`: what stands for a run among others.
fn name(run: &Path) -> String {
    let config = std::fs::read_to_string(run.join("config.toml")).unwrap_or_default();
    let table: toml::Table = config.parse().unwrap_or_default();
    match table.get("model").and_then(toml::Value::as_str) {
        Some(model) => model.to_owned(),
        None => run.display().to_string(),
    }
}

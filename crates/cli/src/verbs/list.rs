//! `list`: models with their presets, and datasets.

use anyhow::{Result, ensure};
use foreframe_zoo::{DATASETS, MODELS, matching};
use serde_json::json;

use super::networks;
use crate::args::ListAllArgs;
use crate::output;

pub(crate) fn run(args: &ListAllArgs) -> Result<()> {
    let (args, of_networks) = (&args.what, args.networks);
    if of_networks {
        return networks::run(args);
    }
    let pattern = args.pattern.as_deref().unwrap_or_default();
    let models: Vec<_> = MODELS.iter().filter(|model| matching(pattern, model.name)).collect();
    let datasets: Vec<_> = DATASETS
        .iter()
        .filter(|dataset| matching(pattern, dataset.name))
        .collect();
    ensure!(
        !models.is_empty() || !datasets.is_empty(),
        "no model or dataset matches `{pattern}`: `foreframe list` shows all"
    );
    let presets =
        |model: &foreframe_train::Model| (model.presets)().iter().map(|preset| preset.name).collect::<Vec<_>>();
    if args.json {
        return output::json(&json!({
            "models": models.iter().map(|model| json!({
                "name": model.name, "about": model.about, "paper": model.paper, "presets": presets(model),
            })).collect::<Vec<_>>(),
            "datasets": datasets.iter().map(|dataset| super::data::entry(dataset)).collect::<Vec<_>>(),
        }));
    }
    if !models.is_empty() {
        let mut table = output::table(["model", "presets", "about"]);
        for model in models {
            table.add_row([model.name, &presets(model).len().to_string(), model.about]);
        }
        output::print(&table)?;
    }
    if !datasets.is_empty() {
        output::line("")?;
        let mut table = output::table(["dataset", "about"]);
        for dataset in datasets {
            table.add_row([dataset.name, dataset.about]);
        }
        output::print(&table)?;
    }
    Ok(())
}

//! `list`: models with their presets, and datasets.

use anyhow::{Result, ensure};
use foreframe_zoo::{About, DATASETS, MODELS, matching, shipped};
use serde_json::json;

use super::networks;
use crate::args::{ListAllArgs, ListArgs};
use crate::output;

pub(crate) fn run(args: &ListAllArgs) -> Result<()> {
    let (args, of_networks, of_weights) = (&args.what, args.networks, args.weights);
    if of_networks {
        return networks::run(args);
    }
    if of_weights {
        return weights(args);
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

/// The trained weights that come with the program.
fn weights(args: &ListArgs) -> Result<()> {
    let pattern = args.pattern.as_deref().unwrap_or_default();
    let mut found: Vec<About> = shipped().into_iter().map(|shipped| shipped.about).collect();
    found.retain(|about| matching(pattern, &about.name));
    ensure!(
        !found.is_empty(),
        "no weights match `{pattern}`: `foreframe list --weights` shows all"
    );
    if args.json {
        return output::json(&found);
    }
    let header = [
        "weights",
        "parameters",
        "openstl_mse",
        "persistence",
        "ssim",
        "what they forecast",
    ];
    let mut table = output::table(header);
    for about in &found {
        table.add_row([
            about.name.clone(),
            about.parameters.to_string(),
            format!("{:.2}", about.openstl_mse),
            format!("{:.2}", about.persistence_openstl_mse),
            format!("{:.3}", about.ssim),
            about.data.clone(),
        ]);
    }
    output::print(&table)?;
    output::line("")?;
    for about in &found {
        output::line(format_args!(
            "{}: {}; evaluated on {}",
            about.name, about.command, about.evaluated
        ))?;
    }
    Ok(())
}

//! `show`: what a model is, and what it costs.

use anyhow::Result;
use burn::tensor::Device;
use foreframe_core::is_buffer;
use serde_json::{Value, json};

use crate::args::ShowArgs;
use crate::output::{self, thousands};
use crate::settings::Settings;

pub(crate) fn run(args: &ShowArgs) -> Result<()> {
    let wanted = &args.model;
    let (settings, clip) = Settings::with_clip(wanted.model.as_deref(), &wanted.settings, &wanted.data, wanted.clip)?;
    let (model, config) = (settings.model, &settings.config.network);
    let network = (model.build)(config, &clip, &Device::flex())?;
    let cost = (model.cost)(config, &clip)?;
    let tensors = network.tensors();
    let preset = settings.preset.as_ref().map(|preset| preset.name);
    let input = [1, clip.past, clip.channels, clip.height, clip.width];
    let output = [1, clip.future, clip.channels, clip.height, clip.width];
    if args.json {
        return output::json(&json!({
            "model": model.name,
            "about": model.about,
            "paper": model.paper,
            "preset": preset,
            "clip": clip,
            "input": input,
            "output": output,
            "parameters": network.parameters(),
            "multiply_accumulates": cost.total(),
            "multiply_accumulates_of": cost,
            "config": config,
            "tensors": tensors.iter().map(|tensor| json!({
                "name": tensor.name,
                "shape": tensor.data.shape().to_vec(),
                "trained": !is_buffer(&tensor.name),
            })).collect::<Vec<Value>>(),
            "presets": (model.presets)().iter().map(|preset| json!({
                "name": preset.name, "about": preset.about, "clip": preset.clip, "config": preset.config,
            })).collect::<Vec<Value>>(),
        }));
    }
    output::line(format_args!("{}: {}\n{}\n", model.name, model.about, model.paper))?;
    let mut table = output::table(["configuration", preset.unwrap_or("defaults")]);
    table.add_row(["clip", &clip.to_string()]);
    table.add_row(["input", &format!("{input:?}  [batch, T, channels, height, width]")]);
    table.add_row(["output", &format!("{output:?}")]);
    table.add_row(["parameters", &thousands(network.parameters() as u64)]);
    table.add_row(["tensors", &tensors.len().to_string()]);
    table.add_row(["multiply-accumulates", &thousands(cost.total())]);
    table.add_row(["  of products", &thousands(cost.multiplications)]);
    table.add_row(["  of normalization", &thousands(cost.normalization)]);
    for (key, value) in config {
        table.add_row([format!("network.{key}"), value.to_string()]);
    }
    output::print(&table)?;
    output::line("")?;
    let mut table = output::table(["preset", "clip", "about"]);
    for preset in (model.presets)() {
        table.add_row([preset.name, &preset.clip.to_string(), preset.about]);
    }
    output::print(&table)
}

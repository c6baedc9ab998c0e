//! `import`: a published PyTorch checkpoint becomes weights.

use anyhow::{Context, Result};
use burn::tensor::Device;
use foreframe_data::Normalization;
use foreframe_train::import::read_state_dict;
use foreframe_train::weights::{WeightsHeader, save_weights};
use serde_json::{Value, json};

use crate::args::ImportArgs;
use crate::output;
use crate::settings::Settings;

pub(crate) fn run(args: &ImportArgs) -> Result<()> {
    output::check_writable(&args.output)?;
    let (settings, clip) = Settings::with_clip(args.model.as_deref(), &args.settings, &args.data, args.clip)?;
    let mut network = (settings.model.build)(&settings.config.network, &clip, &Device::flex())?;
    let state = read_state_dict(&args.file)?;
    let report = network
        .import(state)
        .with_context(|| format!("`{}`", args.file.display()))?;
    let source = args.file.display().to_string();
    let header = WeightsHeader::of(network.as_ref(), &Normalization::identity(), source);
    save_weights(&args.output, network.as_ref(), &header)?;
    if args.json {
        let pairs = |pairs: &[(String, String)], name: &str| {
            pairs
                .iter()
                .map(|(key, other)| json!({"key": key, name: other}))
                .collect::<Vec<Value>>()
        };
        return output::json(&json!({
            "model": header.model,
            "clip": clip,
            "output": args.output,
            "used": pairs(&report.used, "tensor"),
            "skipped": pairs(&report.skipped, "reason"),
        }));
    }
    output::line(format_args!(
        "{} tensors used, {} skipped",
        report.used.len(),
        report.skipped.len()
    ))?;
    for (key, reason) in &report.skipped {
        output::line(format_args!("  skipped {key}: {reason}"))?;
    }
    output::line(args.output.display())
}

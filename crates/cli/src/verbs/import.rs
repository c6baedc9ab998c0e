//! `import`: a published PyTorch checkpoint becomes weights.

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use foreframe_data::{DataConfig, InputSpec, Normalization, same_unit};
use foreframe_train::import::read_state_dict;
use foreframe_train::weights::{WeightsHeader, save_weights};
use foreframe_zoo::find_dataset;
use serde_json::{Value, json};

use crate::args::{ImportArgs, numbers};
use crate::output;
use crate::settings::{FILES, Settings};

pub(crate) fn run(args: &ImportArgs) -> Result<()> {
    output::check_writable(&args.output)?;
    let (settings, clip) = Settings::with_clip(args.model.as_deref(), &args.settings, &args.data, args.clip)?;
    let mut network = (settings.model.build)(&settings.config.network, &clip, &Device::flex())?;
    let state = read_state_dict(&args.file)?;
    let report = network
        .import(state)
        .with_context(|| format!("`{}`", args.file.display()))?;
    let source = args.file.display().to_string();
    let (normalization, input) = scale(args, &settings, clip.channels)?;
    let header = WeightsHeader {
        input,
        ..WeightsHeader::of(network.as_ref(), &normalization, source)
    };
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

/// How the values were normalised that the network was trained on, as far as the user says so.
fn scale(args: &ImportArgs, settings: &Settings, channels: usize) -> Result<(Normalization, Option<InputSpec>)> {
    let own = DataConfig {
        name: FILES.to_owned(),
        ..settings.config.data.clone()
    };
    let input = || InputSpec {
        units: args.unit.iter().cloned().collect(),
        ..InputSpec::of(&own)
    };
    let Some(text) = &args.normalize else {
        return Ok((Normalization::identity(), args.unit.is_some().then(input)));
    };
    let Ok(numbers) = numbers(text) else {
        let config = DataConfig {
            path: Some(text.into()),
            ..own
        };
        let splits = (find_dataset(FILES)?.open)(&config).context("--normalize: neither numbers nor data")?;
        if let (Some(told), Some(unit)) = (&args.unit, splits.input.as_ref().and_then(InputSpec::unit)) {
            ensure!(
                same_unit(told, unit),
                "--unit {told}: `{text}` is in {unit}: set data.unit to convert it"
            );
        }
        splits.normalization.validate(channels)?;
        return Ok((splits.normalization, splits.input));
    };
    ensure!(
        numbers.len().is_multiple_of(2) && !numbers.is_empty(),
        "--normalize {text}: give a mean and a standard deviation, for all channels or for each, e.g. 278.5,21.2"
    );
    let of = |first: usize| numbers.iter().skip(first).step_by(2).copied().collect();
    let normalization = Normalization {
        mean: of(0),
        std: of(1),
    };
    normalization
        .validate(channels)
        .with_context(|| format!("--normalize {text}"))?;
    Ok((normalization, Some(input())))
}

//! `import`: a published PyTorch checkpoint becomes weights.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use foreframe_core::ImportReport;
use foreframe_data::{DataConfig, InputSpec, Normalization};
use foreframe_formats::fields::same_unit;
use foreframe_train::import::{Checkpoint, of_network, proposals};
use foreframe_train::weights::{WeightsHeader, save_weights};
use foreframe_zoo::find_dataset;
use serde_json::{Value, json};

use crate::args::{ImportArgs, numbers};
use crate::output;
use crate::settings::{FILES, Settings};

/// More skipped tensors of one kind than this are counted; with `--json` each is named.
const NAMED: usize = 8;

pub(crate) fn run(args: &ImportArgs) -> Result<()> {
    output::check_writable(&args.output)?;
    output::check_apart(&args.output, &args.inputs())?;
    let (settings, clip) = Settings::with_clip(args.model.as_deref(), &args.settings, &args.data, args.clip)?;
    let mut network = (settings.model.build)(&settings.config.network, &clip, &Device::flex())?;
    let checkpoint = Checkpoint::open(&args.file)?;
    let found = checkpoint.settings();
    let report = match checkpoint.load_into(network.as_mut(), args.prefix.as_deref()) {
        Ok(report) => report,
        Err(error) => {
            let flags = proposals(&found, settings.model, &settings.config.network, &clip);
            if flags.is_empty() {
                return Err(error.into());
            }
            bail!(
                "{error}; the file says how its network was configured: add {}",
                flags.join(" ")
            );
        }
    };
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
            "prefix": report.prefix,
            "other_prefixes": report.others,
            "used": pairs(&report.used, "tensor"),
            "skipped": pairs(&report.skipped, "reason"),
            "settings": of_network(&found, settings.model),
        }));
    }
    print(&report)?;
    output::line(args.output.display())
}

fn print(report: &ImportReport) -> Result<()> {
    output::line(format_args!(
        "{} tensors used, {} skipped",
        report.used.len(),
        report.skipped.len()
    ))?;
    if !report.prefix.is_empty() {
        output::line(format_args!("  taken from `{}`", report.prefix))?;
    }
    for other in &report.others {
        let flag = other.trim_end_matches('.');
        output::line(format_args!(
            "  `{other}` holds the whole network, too: --prefix {flag} takes that"
        ))?;
    }
    let mut by_reason: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (key, reason) in &report.skipped {
        let start = key.split('.').next().unwrap_or_default();
        by_reason.entry((reason, start)).or_default().push(key);
    }
    for ((reason, start), keys) in by_reason {
        if keys.len() > NAMED {
            output::line(format_args!("  skipped {} tensors of {start}: {reason}", keys.len()))?;
            continue;
        }
        for key in keys {
            output::line(format_args!("  skipped {key}: {reason}"))?;
        }
    }
    Ok(())
}

/// How the values were normalized that the network was trained on, as far as the user says so.
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
        if let (Some(given), Some(unit)) = (&args.unit, splits.input.as_ref().and_then(InputSpec::unit)) {
            ensure!(
                same_unit(given, unit),
                "--unit {given}: `{text}` is in {unit}: set data.unit to convert it"
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

//! `import`: a published PyTorch checkpoint becomes weights.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use burn::tensor::Device;
use foreframe_core::ImportReport;
use foreframe_data::Normalization;
use foreframe_train::import::{Checkpoint, of_network, proposals};
use foreframe_train::weights::{WeightsHeader, save_weights};
use serde_json::{Value, json};

use crate::args::ImportArgs;
use crate::output;
use crate::settings::Settings;

/// More skipped tensors of one kind than this are counted; with `--json` each is named.
const NAMED: usize = 8;

pub(crate) fn run(args: &ImportArgs) -> Result<()> {
    output::check_writable(&args.output)?;
    output::check_apart(&args.output, &args.inputs())?;
    let (settings, clip) = Settings::with_clip(args.model.as_deref(), &args.settings, &args.data, args.clip)?;
    let mut network = (settings.model.build)(&settings.config.network, &clip, &Device::flex())?;
    let checkpoint = Checkpoint::open(&args.file)?;
    let told = checkpoint.settings();
    let report = match checkpoint.load_into(network.as_mut(), args.prefix.as_deref()) {
        Ok(report) => report,
        Err(error) => {
            let flags = proposals(&told, settings.model, &settings.config.network, &clip);
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
            "prefix": report.prefix,
            "other_prefixes": report.others,
            "used": pairs(&report.used, "tensor"),
            "skipped": pairs(&report.skipped, "reason"),
            "settings": of_network(&told, settings.model),
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

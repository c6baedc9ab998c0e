//! `data` of a path: the user's own files, shown, converted, checked.

use std::path::Path;

use anyhow::{Result, ensure};
use foreframe_data::DataConfig;
use foreframe_data::files::{self, ArrayManifest, ArrayState, Inspection};
use foreframe_report::{Frames, write_frames};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{ConvertArgs, DataArgs, DataShowArgs, SettingArgs};
use crate::output;
use crate::settings::Settings;

/// Frames that are read to say what values are like.
const EXAMINED: usize = 64;
/// Frames that are drawn.
const DRAWN: usize = 6;

fn config(path: &Path, file: Option<&Path>, set: &[String]) -> Result<DataConfig> {
    let data = DataArgs {
        protocol: None,
        data: None,
        data_path: Some(path.to_owned()),
    };
    let settings = SettingArgs {
        config: file.map(Path::to_owned),
        set: set.to_vec(),
        ..SettingArgs::default()
    };
    // Any network will do: only the section [data] counts.
    let model = file.is_none().then_some("persistence");
    Ok(Settings::resolve(model, &settings, &data)?.config.data)
}

/// [`output::check_apart`] for what lies at a path and the file that says how to read it.
fn check_apart(output: &Path, path: &Path, config: Option<&Path>) -> Result<()> {
    let inputs: Vec<&Path> = [path].into_iter().chain(config).collect();
    output::check_apart(output, &inputs)
}

/// Says what lies at a path, and draws some of it.
pub(super) fn show(args: &DataShowArgs, path: &Path) -> Result<()> {
    output::check_writable(&args.output)?;
    check_apart(&args.output, path, args.config.as_deref())?;
    let config = config(path, args.config.as_deref(), &args.set)?;
    let (found, frames) = files::inspect(&config, EXAMINED, DRAWN)?;
    let (channels, height, width) = (found.size[0], found.size[1], found.size[2]);
    let drawn = Frames {
        values: &frames.values,
        time: frames.shape[0],
        channels,
        height,
        width,
    };
    let last = found.frames - 1;
    let label = |column: usize| match frames.shape[0] {
        1 => "0".to_owned(),
        drawn => (column * last / (drawn - 1)).to_string(),
    };
    let [low, high] = found.range.unwrap_or_default();
    write_frames(&args.output, &drawn, label, (low, high), &path.display().to_string())?;
    if args.json {
        return output::json(&found);
    }
    describe(&found)?;
    output::line(format_args!("picture     {}", args.output.display()))
}

fn describe(found: &Inspection) -> Result<()> {
    let [channels, height, width] = found.size;
    let row = |name: &str, value: Option<String>| match value {
        Some(value) => output::line(format_args!("{name:<12}{value}")),
        None => Ok(()),
    };
    row("kind", found.kind.clone())?;
    row("variable", found.variable.clone())?;
    row("unit", found.unit.clone())?;
    let shape = format!(
        "{} frames of {channels}x{height}x{width} (channels, rows, columns)",
        found.frames
    );
    row("shape", Some(shape))?;
    let are_named = found.channels.iter().any(|name| name.parse::<usize>().is_err());
    row(
        "channels",
        (are_named && channels > 1).then(|| found.channels.join(", ")),
    )?;
    row("recordings", Some(found.recordings.to_string()))?;
    row("time step", found.step_seconds.map(|seconds| format!("{seconds} s")))?;
    row("from", found.start.clone())?;
    row("to", found.end.clone())?;
    let gaps = (!found.gaps.is_empty()).then(|| format!("{}: {}", found.gaps.len(), found.gaps.join(", ")));
    row("gaps", gaps)?;
    row(
        "duplicates",
        (found.duplicates > 0).then(|| found.duplicates.to_string()),
    )?;
    row("range", found.range.map(|[low, high]| format!("{low} to {high}")))?;
    row("mean", found.mean.map(|mean| format!("{mean:.6}")))?;
    row("missing", Some(format!("{:.4} %", 100.0 * found.missing_share)))?;
    let blank = (found.blank > 0).then(|| format!("{} frames without any value", found.blank));
    row("blank", blank)?;
    row(
        "examined",
        Some(format!("{} of {} frames", found.examined, found.frames)),
    )
}

/// Writes one array and its manifest.
pub(super) fn convert(args: &ConvertArgs) -> Result<()> {
    output::check_writable(&args.output)?;
    for output in [&args.output, &ArrayManifest::path_of(&args.output)] {
        check_apart(output, &args.path, args.config.as_deref())?;
    }
    let config = config(&args.path, args.config.as_deref(), &args.set)?;
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} frames  {eta} left") {
        bar.set_style(style);
    }
    let manifest = files::convert(&config, &args.output, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let manifest = manifest?;
    if args.json {
        return output::json(&manifest);
    }
    let range = manifest.least.zip(manifest.greatest);
    output::line(format_args!(
        "{}: {:?} {}, {}{:.4} % missing, {} stretches without a gap",
        args.output.display(),
        manifest.shape,
        manifest.unit.as_deref().unwrap_or("of no known unit"),
        range.map_or_else(String::new, |(least, greatest)| format!("{least} to {greatest}, ")),
        100.0 * manifest.missing_share,
        manifest.stretches.len(),
    ))?;
    output::line(ArrayManifest::path_of(&args.output).display())
}

/// Compares arrays with their manifests.
pub(super) fn verify(path: &Path) -> Result<()> {
    let states = files::verify(path)?;
    let mut wrong = 0;
    for (array, state) in &states {
        let word = match state {
            ArrayState::Intact => "ok",
            ArrayState::Missing => "missing",
            ArrayState::Damaged => "damaged",
        };
        wrong += usize::from(*state != ArrayState::Intact);
        output::line(format_args!("{}: {word}", array.display()))?;
    }
    ensure!(
        wrong == 0,
        "{wrong} of {} arrays are missing or damaged: run `foreframe data convert` again",
        states.len()
    );
    Ok(())
}

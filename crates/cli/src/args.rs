//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use foreframe_bench::Precision;
use foreframe_core::ClipShape;

use crate::backend::Backend;
use crate::verbs::watch::WatchArgs;

/// Forecasts spatio-temporal fields: radar rain, traffic flow, temperature, video
#[derive(Parser)]
#[command(name = "foreframe", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Say more: -v what is done, -vv how
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// CPU threads [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Lists models, presets and datasets
    List(ListAllArgs),
    /// Shows a model: parameters, multiply-accumulates, shapes, configuration, paper
    Show(ShowArgs),
    /// Lists, fetches, checks and shows datasets
    #[command(subcommand)]
    Data(DataVerb),
    /// Trains a model, judges it on the test split, and writes pictures and a report
    Train(TrainArgs),
    /// Judges a trained network, with persistence beside it
    Eval(EvalArgs),
    /// Continues a clip
    Forecast(ForecastArgs),
    /// Turns a published PyTorch checkpoint into weights
    Import(ImportArgs),
    /// Writes weights as safetensors
    Export(ExportArgs),
    /// Measures forecasts and training steps per second
    Bench(BenchArgs),
    /// Writes the report of a run again
    Report(ReportArgs),
    /// Writes completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where everything that a model and its data are made of comes from.
#[derive(Args, Clone, Default)]
pub(crate) struct SettingArgs {
    /// A named configuration of the model; `show` lists them [default: the one for the data, else the paper's]
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// A configuration file, e.g. one of configs/, or the config.toml of a run
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one key, e.g. `--set network.width=32`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Which data.
#[derive(Args, Clone, Default)]
pub(crate) struct DataArgs {
    /// A dataset; `data list` shows them
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,
    /// Where the data lie: a `.npy`, `.npz`, HDF5 or NetCDF file or a video, a folder of them, a folder of images, or of
    /// folders of images
    #[arg(long, value_name = "PATH")]
    pub(crate) data_path: Option<PathBuf>,
    /// Which clips validate [default: own]
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<Protocol>,
}

impl DataArgs {
    /// What the flags say about keys, followed by what `--set` says.
    pub(crate) fn keys(&self, set: &[String]) -> Vec<String> {
        let protocol = self.protocol.map(|protocol| {
            let name = match protocol {
                Protocol::Own => "own",
                Protocol::Openstl => "openstl",
            };
            format!("data.protocol={name}")
        });
        protocol.into_iter().chain(set.iter().cloned()).collect()
    }
}

/// Which clips validate.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// A part of the training data, which then trains nothing
    Own,
    /// The test clips, as in published tables
    Openstl,
}

/// Where to compute.
#[derive(Args, Clone, Copy, Default)]
pub(crate) struct BackendArgs {
    /// Where to compute; `cargo xtask` builds what it needs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) backend: Backend,
}

/// A model, its configuration, and the clip it is built for.
#[derive(Args, Clone)]
pub(crate) struct ModelArgs {
    /// The model; may be left out where --config names it
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The clip: observed frames, future frames, channels, height, width, e.g. `10,10,1,64,64` [default: the preset's]
    #[arg(long, value_name = "T,T',C,H,W", value_parser = clip)]
    pub(crate) clip: Option<ClipShape>,
}

impl ModelArgs {
    /// Whether nothing at all is said about a model.
    pub(crate) fn is_empty(&self) -> bool {
        let (settings, data) = (&self.settings, &self.data);
        self.model.is_none()
            && self.clip.is_none()
            && (&settings.preset, &settings.config, settings.set.is_empty()) == (&None, &None, true)
            && (&data.data, &data.data_path, data.protocol) == (&None, &None, None)
    }
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// What to list, e.g. `ustep` or `moving-*` [default: everything]
    pub(crate) pattern: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ListAllArgs {
    #[command(flatten)]
    pub(crate) what: ListArgs,
    /// Every preset of every network that matches, as one Markdown table: clip, parameters, multiply-accumulates, and
    /// what is published of both
    #[arg(long)]
    pub(crate) networks: bool,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// As JSON, with every tensor
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum DataVerb {
    /// Lists the datasets
    List(ListArgs),
    /// Downloads a dataset, or continues an interrupted download
    Get(FilesArgs),
    /// Compares the files of a dataset with their published checksums, or converted arrays with their manifests
    Verify(FilesArgs),
    /// Draws one clip of a dataset, or says what lies at a path: shape, range, missing share, time step, and a picture
    Show(DataShowArgs),
    /// Writes any data that can be read as one memory-mapped .npy with a manifest
    Convert(ConvertArgs),
}

#[derive(Args)]
pub(crate) struct ConvertArgs {
    /// What to convert: an HDF5, NetCDF or .npy file, a GIF, or a folder of such files or of images
    pub(crate) path: PathBuf,
    /// The array to write (.npy)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// A configuration file with a section `[data]`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one key, e.g. `--set data.variable=t2m` or `--set data.pool=4`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The manifest as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct FilesArgs {
    /// The files' name, e.g. `mnist`, or the path of a converted array or of a folder of them
    pub(crate) name: String,
    /// Where they lie [default: datasets/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The optional files too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args)]
pub(crate) struct DataShowArgs {
    /// A dataset or a path [default: moving-digits, or the user's files with --data-path]
    pub(crate) name: Option<String>,
    /// Where the data lie
    #[arg(long, value_name = "PATH")]
    pub(crate) data_path: Option<PathBuf>,
    /// Which clips validate [default: own]
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<Protocol>,
    /// A configuration file with a section `[data]`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Sets one key, e.g. `--set data.past=5`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The split
    #[arg(long, value_enum, default_value_t)]
    pub(crate) split: Split,
    /// Which clip of it
    #[arg(long, default_value_t = 0)]
    pub(crate) index: usize,
    /// The picture, `.png`, of a clip also `.gif`
    #[arg(short, long, default_value = "sample.png")]
    pub(crate) output: PathBuf,
    /// What is found at a path, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A part of a dataset.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Split {
    /// What networks learn from
    Train,
    /// What checkpoints are chosen by
    Validation,
    /// What networks are judged by
    #[default]
    Test,
}

#[derive(Args)]
pub(crate) struct TrainArgs {
    /// The model; may be left out with --resume or where --config names it
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Passes over the training split
    #[arg(long, value_name = "N", conflicts_with = "steps", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) epochs: Option<u64>,
    /// Optimizer steps
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) steps: Option<u64>,
    /// Continues a run that was interrupted
    #[arg(long, value_name = "RUN", conflicts_with_all = ["preset", "config", "data", "data_path", "protocol", "out"])]
    pub(crate) resume: Option<PathBuf>,
    /// The folder of the run [default: runs/DATA/MODEL/TIME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct EvalArgs {
    /// Weights (.bpk), a run, or a model without weights, e.g. `advection`
    pub(crate) target: PathBuf,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Sets one key of the data, e.g. `--set data.test_clips=1000`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The split
    #[arg(long, value_enum, default_value_t)]
    pub(crate) split: Split,
    /// Compares with this, too: a model without weights, e.g. `advection` or `climatology`; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Vec<String>,
    /// Adds LPIPS with these weights (.safetensors or .pth): torchvision's alexnet and the package lpips' alex.pth, or a file
    /// that holds both; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) lpips_weights: Vec<PathBuf>,
    /// Clips at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: Option<u32>,
    /// As JSON, with the definition of every score
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ForecastArgs {
    /// Weights (.bpk) or a run
    pub(crate) target: PathBuf,
    /// What was observed: `.npy` (`[T,C,H,W]` or `[B,T,C,H,W]`), `.gif`, or a folder of images; of a run that chose channels
    /// also NetCDF or HDF5
    #[arg(short, long, value_name = "PATH", required_unless_present = "watch")]
    pub(crate) input: Option<PathBuf>,
    /// Where the forecast goes: `.npy`, `.gif`, or a folder for images
    #[arg(short, long, value_name = "PATH", required_unless_present = "watch")]
    pub(crate) output: Option<PathBuf>,
    /// Frames to forecast [default: as many as the network was trained for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) horizon: Option<u32>,
    /// When the first frame of the input was taken (UTC), e.g. 2019-03-01T00:00; for networks that look at the time
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Scale as in training: the input is in physical units, and so is the output
    #[arg(long)]
    pub(crate) normalize: bool,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    #[command(flatten)]
    pub(crate) live: WatchArgs,
}

#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The published file: .safetensors, .pt, .pth or .ckpt
    pub(crate) file: PathBuf,
    /// The model it is of
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The clip: observed frames, future frames, channels, height, width [default: the preset's]
    #[arg(long, value_name = "T,T',C,H,W", value_parser = clip)]
    pub(crate) clip: Option<ClipShape>,
    /// The weights to write (.bpk)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// What became of every tensor, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How tensors are called in an exported file.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Names {
    /// As here
    #[default]
    Ours,
    /// As in the published PyTorch checkpoints
    Published,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// Weights (.bpk) or a run
    pub(crate) target: PathBuf,
    /// The file to write (.safetensors)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// How the tensors are called in it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) names: Names,
}

#[derive(Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) backend: BackendArgs,
    /// Clips at a time [default: 1 of a model, 4 of the benchmark's networks]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: Option<u32>,
    /// How often each is measured, in turn; the median counts [default: 10 for a model, in the benchmark 5
    /// for operations and 3 for networks]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,
}

/// What says something about one model.
const OF_A_MODEL: [&str; 8] = [
    "model",
    "clip",
    "preset",
    "config",
    "set",
    "data",
    "data_path",
    "protocol",
];

/// What only the whole benchmark knows.
#[derive(Args)]
#[command(next_help_heading = "The whole benchmark, without a model")]
pub(crate) struct SuiteArgs {
    /// Only cases whose names match, e.g. `conv ?x*` or `tau*step`; may be repeated
    #[arg(long, value_name = "PATTERN", conflicts_with_all = OF_A_MODEL)]
    pub(crate) only: Vec<String>,
    /// Numbers of matrix products and convolutions: f32, tf32 or bf16 [default: f32, on CUDA tf32]
    #[arg(long, value_name = "NAME", value_parser = precision, conflicts_with_all = OF_A_MODEL)]
    pub(crate) precision: Option<Precision>,
    /// Measures PyTorch beside it, in turns; makes a Python environment with PyTorch from PyPI first
    #[arg(long, conflicts_with_all = OF_A_MODEL)]
    pub(crate) against_pytorch: bool,
    /// Leaves out torch.compile
    #[arg(long, requires = "against_pytorch")]
    pub(crate) no_compile: bool,
    /// An interpreter that has PyTorch, instead of making an environment
    #[arg(long, value_name = "PATH", requires = "against_pytorch")]
    pub(crate) python: Option<PathBuf>,
    /// Writes the tables as Markdown [default: with --against-pytorch and without --only docs/src/speed-BACKEND.md of the
    /// repository]
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_A_MODEL)]
    pub(crate) write: Option<PathBuf>,
    /// Measures the loader and the scores of events instead, beside what the networks' training steps consume
    #[arg(long, conflicts_with_all = OF_A_MODEL, conflicts_with_all = ["only", "precision", "against_pytorch"])]
    pub(crate) pipeline: bool,
    /// Runs one case in this process and says how long it took and how much memory
    #[arg(long, value_name = "CASE", hide = true)]
    pub(crate) alone: Option<String>,
}

#[derive(Args)]
pub(crate) struct ReportArgs {
    /// The run
    pub(crate) run: PathBuf,
    /// Other runs: their validation losses are drawn into one picture with this one's
    #[arg(long, value_name = "RUN", num_args = 1..)]
    pub(crate) beside: Vec<PathBuf>,
    /// Where that picture goes
    #[arg(long, value_name = "FILE", default_value = "curves.svg", requires = "beside")]
    pub(crate) curves: PathBuf,
}

fn precision(text: &str) -> Result<Precision, String> {
    let all = [Precision::F32, Precision::Tf32, Precision::Bf16];
    let found = all.into_iter().find(|precision| precision.name() == text);
    found.ok_or_else(|| "there is f32, tf32 and bf16".to_owned())
}

fn clip(text: &str) -> Result<ClipShape, String> {
    let sizes: Result<Vec<usize>, _> = text.split([',', 'x']).map(|size| size.trim().parse()).collect();
    match sizes.as_deref() {
        Ok(&[past, future, channels, height, width]) => {
            let clip = ClipShape::new([past, future, channels, height, width]);
            clip.validate().map_err(|error| error.to_string())?;
            Ok(clip)
        }
        _ => Err("give five sizes: observed frames, future frames, channels, height, width, e.g. 10,10,1,64,64".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_clip_is_five_sizes() {
        assert_eq!(clip("4,4,1,8,6").unwrap(), ClipShape::new([4, 4, 1, 8, 6]));
        assert!(clip("4,4,1,8").unwrap_err().contains("five sizes"));
        assert!(clip("4,0,1,8,8").unwrap_err().contains("clip.future"));
        assert!(clip("4,4,1,8,99999999999999999999").is_err());
    }
}

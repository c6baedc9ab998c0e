//! Arguments that several commands share: a model, its configuration, data, a device.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use foreframe_core::ClipShape;

use crate::backend::Backend;

/// Where everything that a model and its data are made of comes from.
#[derive(Args, Clone, Default)]
pub(crate) struct SettingArgs {
    /// A named configuration of the model; `show` lists them [default: the one for the data, else the paper's]
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// A configuration file, e.g. one of crates/zoo/configs, or the config.toml of a run
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
    /// Assignments from the flags, followed by those of `--set`.
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

/// A part of a dataset.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Split {
    /// Clips for training
    Train,
    /// Clips for choosing checkpoints
    Validation,
    /// Clips for the final scores
    #[default]
    Test,
    /// Every clip of files of your own, which are then not split
    All,
}

/// Reads finite numbers with commas between.
pub(crate) fn numbers(text: &str) -> Result<Vec<f32>, String> {
    let numbers: Result<Vec<f32>, _> = text.split(',').map(|number| number.trim().parse::<f32>()).collect();
    match numbers {
        Ok(numbers) if numbers.iter().all(|number| number.is_finite()) => Ok(numbers),
        _ => Err(format!("`{text}` is no list of numbers")),
    }
}

/// Reads five sizes.
pub(super) fn clip(text: &str) -> Result<ClipShape, String> {
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
    use super::*;

    #[test]
    fn a_clip_is_five_sizes() {
        assert_eq!(clip("4,4,1,8,6").unwrap(), ClipShape::new([4, 4, 1, 8, 6]));
        assert!(clip("4,4,1,8").unwrap_err().contains("five sizes"));
        assert!(clip("4,0,1,8,8").unwrap_err().contains("clip.future"));
        assert!(clip("4,4,1,8,99999999999999999999").is_err());
    }
}

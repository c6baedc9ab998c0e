//! Weights files: a network's tensors with everything needed to build it again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, TensorData, f16};
use foreframe_core::{AssignError, ClipShape, NamedTensor, is_buffer};
use foreframe_data::{Channels, DataConfig, InputSpec, Normalization};
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::model::{Model, ModelError, Network};
use crate::pack;

const HEADER: &str = "foreframe-weights";
/// The tensor of the static fields among the channels, `[static * height * width]`.
const STATIC_FIELDS: &str = "channels.static";

/// The dataset of a user's own files.
const FILES: &str = "files";

/// Metadata of a weights file.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct WeightsHeader {
    /// The network's name.
    pub model: String,
    /// Where the weights come from, for people.
    pub source: String,
    /// The clip that the network was built for.
    pub clip: ClipShape,
    /// How the values it has seen were normalized.
    pub normalization: Normalization,
    /// The network's configuration, complete.
    pub network: Table,
    /// Description of the channels, where not all of them are frames to forecast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Channels>,
    /// How the frames were read that it was trained on, and what they were; unknown of weights from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputSpec>,
}

/// Why weights cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The system refused.
    #[error("cannot read `{}`: {cause}: check the path", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause, from the operating system.
        cause: std::io::Error,
    },
    /// The system refused.
    #[error("cannot write `{}`: {cause}: check that the folder can be written and the disk has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// The file is something else, or its beginning is destroyed.
    #[error(
        "`{}` is not a weights file of Foreframe: name a .bpk file or a run folder; a PyTorch or safetensors file must be \
         imported first",
        .0.display()
    )]
    Foreign(PathBuf),
    /// The file is cut short or damaged.
    #[error("`{}` is damaged: {problem}: copy it again, or use another checkpoint", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
    /// The file's network is not known to this program.
    #[error("`{}` holds weights of `{model}`, a network that this version does not know: it knows {known}", path.display())]
    UnknownModel {
        /// The file.
        path: PathBuf,
        /// The network's name in the file.
        model: String,
        /// The registered names.
        known: String,
    },
    /// The file's network has another configuration than this version can build.
    #[error("`{}` cannot be rebuilt: {cause}: use the version that wrote it", path.display())]
    Rebuild {
        /// The file.
        path: PathBuf,
        /// The problem with its configuration.
        cause: ModelError,
    },
    /// The tensors do not fit the network.
    #[error("`{}` does not fit the network `{model}`: {cause}: use the configuration it was trained with", path.display())]
    Misfit {
        /// The file.
        path: PathBuf,
        /// The network's name.
        model: String,
        /// The tensor at fault.
        cause: AssignError,
    },
    /// The network cannot be used for clips of another size.
    #[error(
        "`{}` holds `{model}` for {}, whose weights cannot be used for {} ({cause}): crop or resize the frames, or train a \
         network for this size", path.display(), clips[0], clips[1]
    )]
    OtherClip {
        /// The file.
        path: PathBuf,
        /// The network's name.
        model: String,
        /// The value it was built for, and the one asked for.
        clips: Box<[ClipShape; 2]>,
        /// Why it cannot.
        cause: String,
    },
    /// A tensor holds a value that no weight can have.
    #[error("`{}` is of no use: {cause}: use a checkpoint of before training failed", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor, the place in it and the value.
        cause: AssignError,
    },
    /// A folder without an intact checkpoint.
    #[error("`{}` holds no intact checkpoint: train first, or name a weights file", .0.display())]
    NoCheckpoint(PathBuf),
    /// A published checkpoint that cannot be read.
    #[error("cannot import `{}`: {problem}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// The problem and the remedy.
        problem: String,
    },
}

impl WeightsHeader {
    /// The header of `network` as it is.
    pub fn of(network: &dyn Network, normalization: &Normalization, source: impl Into<String>) -> Self {
        Self {
            model: network.name().to_owned(),
            source: source.into(),
            clip: network.clip(),
            normalization: normalization.clone(),
            network: network.config(),
            channels: None,
            input: None,
        }
    }

    /// How further frames are read: as those of training, as far as the weights state it.
    pub fn input(&self) -> InputSpec {
        match (&self.input, &self.channels) {
            (Some(input), _) => input.clone(),
            (None, Some(channels)) => InputSpec::of(&channels.data),
            (None, None) => InputSpec::of(&DataConfig {
                name: FILES.to_owned(),
                ..DataConfig::default()
            }),
        }
    }
}

/// The numbers of a weights file. All networks compute in `F32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stored {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits of parameters, half the size: about three decimal digits. Running statistics keep 32, for their range.
    F16,
}

impl Stored {
    /// `tensor` in these numbers.
    fn of(self, NamedTensor { name, data, .. }: NamedTensor) -> (String, TensorData) {
        let data = match self {
            Self::F16 if !is_buffer(&name) => data.convert::<f16>(),
            _ => data,
        };
        (name, data)
    }
}

/// Writes a weights file beside `path` and renames it.
///
/// # Errors
/// Names the file that cannot be written.
pub fn save_weights(path: &Path, network: &dyn Network, header: &WeightsHeader) -> Result<(), WeightsError> {
    save_weights_as(path, network, header, Stored::F32)
}

/// [`save_weights`] in numbers of the choice.
///
/// # Errors
/// Names the file that cannot be written.
pub fn save_weights_as(
    path: &Path,
    network: &dyn Network,
    header: &WeightsHeader,
    stored: Stored,
) -> Result<(), WeightsError> {
    let tensors = network.tensors().into_iter().map(|tensor| stored.of(tensor));
    let fixed = header.channels.as_ref().map(|channels| &channels.fixed);
    let fixed = fixed.filter(|fixed| !fixed.is_empty());
    let tensors = tensors.chain(fixed.map(|fixed| {
        let data = TensorData::new(fixed.to_vec(), [fixed.len()]);
        (STATIC_FIELDS.to_owned(), data)
    }));
    let text = toml::to_string(header).map_err(|error| WeightsError::Write {
        path: path.to_owned(),
        cause: error.to_string(),
    })?;
    pack::write(path, tensors, (HEADER, &text))
}

/// Reads what a weights file says of itself, without its tensors and static fields.
///
/// # Errors
/// Names a file that is missing, foreign or damaged.
pub fn read_header(path: &Path) -> Result<WeightsHeader, WeightsError> {
    header(path, &pack::metadata(path, HEADER)?)
}

/// The tensors of a network, and what the file says of itself.
fn read(path: &Path) -> Result<(BTreeMap<String, TensorData>, WeightsHeader), WeightsError> {
    let (mut tensors, text) = pack::read(path, HEADER)?;
    for data in tensors.values_mut() {
        if data.dtype() == DType::F16 {
            *data = data.clone().convert::<f32>();
        }
    }
    let mut header = header(path, &text)?;
    if let Some(channels) = &mut header.channels {
        let fixed = tensors.remove(STATIC_FIELDS);
        channels.fixed = fixed.map(|fixed| fixed.iter::<f32>().collect()).unwrap_or_default();
        let plane = header.clip.height * header.clip.width;
        let others = channels.observed + 2 * channels.data.time_encodings.len();
        let expected = channels.count().checked_sub(others).map(|fixed| fixed * plane);
        if !channels.are_sound() || channels.count() != header.clip.channels || expected != Some(channels.fixed.len()) {
            return Err(WeightsError::Damaged {
                path: path.to_owned(),
                problem: "its channels are not those of its clip".to_owned(),
            });
        }
    }
    Ok((tensors, header))
}

fn header(path: &Path, text: &str) -> Result<WeightsHeader, WeightsError> {
    toml::from_str(text).map_err(|error| WeightsError::Damaged {
        path: path.to_owned(),
        problem: format!("its header: {}", error.message()),
    })
}

/// Builds the network of a weights file.
///
/// # Errors
/// Names the file, and the tensor or key at fault.
pub fn load_weights(
    path: &Path,
    models: &[Model],
    device: &Device,
) -> Result<(Box<dyn Network>, WeightsHeader), WeightsError> {
    load_weights_for(path, models, device, |clip| clip)
}

/// Builds the network of a weights file for clips of another size or length than it was trained on: those that `clip` makes of
/// its own. The header is then that of the network as it is built.
///
/// # Errors
/// Names the file, and the tensor or key at fault; networks whose weights depend on the size refuse another one.
pub fn load_weights_for(
    path: &Path,
    models: &[Model],
    device: &Device,
    clip: impl FnOnce(ClipShape) -> ClipShape,
) -> Result<(Box<dyn Network>, WeightsHeader), WeightsError> {
    let (tensors, mut header) = read(path)?;
    let trained = header.clip;
    header.clip = clip(trained);
    let Some(model) = models.iter().find(|model| model.name == header.model) else {
        return Err(WeightsError::UnknownModel {
            path: path.to_owned(),
            model: header.model,
            known: models.iter().map(|model| model.name).collect::<Vec<_>>().join(", "),
        });
    };
    let is_other = header.clip != trained;
    let other = |cause: String| WeightsError::OtherClip {
        path: path.to_owned(),
        model: header.model.clone(),
        clips: Box::new([trained, header.clip]),
        cause,
    };
    let frame = |clip: ClipShape| (clip.height, clip.width);
    let fixed = header
        .channels
        .as_ref()
        .is_some_and(|channels| !channels.fixed.is_empty());
    if fixed && frame(header.clip) != frame(trained) {
        return Err(other("it reads static fields of the size of its frames".to_owned()));
    }
    let built = (model.build)(&header.network, &header.clip, device);
    let mut network = built.map_err(|cause| match is_other {
        true => other(cause.to_string()),
        false => WeightsError::Rebuild {
            path: path.to_owned(),
            cause,
        },
    })?;
    network.load(tensors).map_err(|cause| match is_other {
        true => other(cause.to_string()),
        false => misfit(path, &header.model, cause),
    })?;
    Ok((network, header))
}

/// Puts the weights of a file into a network that exists already.
///
/// # Errors
/// Names the file and the tensor at fault; the network is unchanged then.
pub fn load_weights_into(network: &mut dyn Network, path: &Path) -> Result<WeightsHeader, WeightsError> {
    let (tensors, header) = read(path)?;
    let name = network.name();
    network.load(tensors).map_err(|cause| misfit(path, name, cause))?;
    Ok(header)
}

fn misfit(path: &Path, model: &str, cause: AssignError) -> WeightsError {
    let path = path.to_owned();
    match cause {
        AssignError::NotFinite { .. } => WeightsError::NotFinite { path, cause },
        cause => WeightsError::Misfit {
            path,
            model: model.to_owned(),
            cause,
        },
    }
}

/// [`load_weights`] of a weights file, or of the best checkpoint of a run folder.
///
/// # Errors
/// Names the file, and the tensor or key at fault.
pub fn open_weights(
    path: &Path,
    models: &[Model],
    device: &Device,
) -> Result<(Box<dyn Network>, WeightsHeader), WeightsError> {
    load_weights(&crate::run::weights_of(path)?, models, device)
}

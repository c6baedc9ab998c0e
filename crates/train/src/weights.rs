//! Weights files: a network's tensors with everything needed to build it again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, TensorData};
use foreframe_core::{AssignError, ClipShape};
use foreframe_data::{Channels, Normalization};
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::model::{Model, ModelError, Network};
use crate::pack;

const HEADER: &str = "foreframe-weights";
/// The tensor of the static fields among the channels, `[static * height * width]`.
const STATIC_FIELDS: &str = "channels.static";

/// What a weights file says of itself.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct WeightsHeader {
    /// The network's name.
    pub model: String,
    /// Where the weights come from, for people.
    pub source: String,
    /// The clip that the network was built for.
    pub clip: ClipShape,
    /// How the values it has seen were normalised.
    pub normalization: Normalization,
    /// The network's configuration, complete.
    pub network: Table,
    /// What the channels are, where not all of them are frames to forecast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Channels>,
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
        /// What the system said.
        cause: std::io::Error,
    },
    /// The system refused.
    #[error("cannot write `{}`: {cause}: check that the folder can be written and the disk has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
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
        /// What is wrong.
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
        /// What is wrong with its configuration.
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
    /// A folder without an intact checkpoint.
    #[error("`{}` holds no intact checkpoint: train first, or name a weights file", .0.display())]
    NoCheckpoint(PathBuf),
    /// A published checkpoint that cannot be read.
    #[error("cannot import `{}`: {problem}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do about it.
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
        }
    }
}

/// Writes a weights file beside `path` and renames it.
///
/// # Errors
/// Names the file that cannot be written.
pub fn save_weights(path: &Path, network: &dyn Network, header: &WeightsHeader) -> Result<(), WeightsError> {
    let tensors = network.tensors().into_iter().map(|tensor| (tensor.name, tensor.data));
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
    let (tensors, header) = read(path)?;
    let Some(model) = models.iter().find(|model| model.name == header.model) else {
        return Err(WeightsError::UnknownModel {
            path: path.to_owned(),
            model: header.model,
            known: models.iter().map(|model| model.name).collect::<Vec<_>>().join(", "),
        });
    };
    let rebuild = |cause| WeightsError::Rebuild {
        path: path.to_owned(),
        cause,
    };
    let mut network = (model.build)(&header.network, &header.clip, device).map_err(rebuild)?;
    let misfit = |cause| WeightsError::Misfit {
        path: path.to_owned(),
        model: header.model.clone(),
        cause,
    };
    network.load(tensors).map_err(misfit)?;
    Ok((network, header))
}

/// Puts the weights of a file into a network that exists already.
///
/// # Errors
/// Names the file and the tensor at fault; the network is unchanged then.
pub fn load_weights_into(network: &mut dyn Network, path: &Path) -> Result<WeightsHeader, WeightsError> {
    let (tensors, header) = read(path)?;
    network.load(tensors).map_err(|cause| WeightsError::Misfit {
        path: path.to_owned(),
        model: network.name().to_owned(),
        cause,
    })?;
    Ok(header)
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

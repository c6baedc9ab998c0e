//! Published checkpoints: safetensors, and what `torch.save` writes.

mod pickle;
mod pytorch;
mod settings;
mod tensors;
mod value;
mod walk;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, TensorData};
use foreframe_core::{ImportError, ImportReport};
use pytorch_reader::PytorchReader;
use serde_json::Value as Json;

use crate::model::Network;
use crate::weights::WeightsError;
use pytorch::{Kind, PyTorch};
use tensors::Tensors;

pub use settings::{of_network, proposals};

/// How much of a file says what it is.
const START: u64 = 64;
/// Upper limit for tensors that are read at once, beyond 8 times the file: several may share their values.
const MOST: u64 = 16 << 20;

/// How files of published checkpoints end.
const PUBLISHED: [&str; 4] = ["safetensors", "pt", "pth", "ckpt"];

/// Whether a file is, by its name, a published checkpoint.
pub(crate) fn is_published(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    PUBLISHED.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

const SAVE_AGAIN: &str = "save the weights alone: torch.save(model.state_dict(), 'x.pt'), or as safetensors";

/// An open `.safetensors`, `.pt`, `.pth` or `.ckpt` file. Values are read when they are asked for, and nothing that the file
/// asks for is executed.
pub struct Checkpoint {
    path: PathBuf,
    source: Source,
}

enum Source {
    Safetensors(Tensors),
    PyTorch(Box<PyTorch>),
    /// Written by PyTorch before 0.1.10.
    Older(HashMap<String, pytorch_reader::Tensor>),
}

impl Checkpoint {
    /// Reads what a file holds, but no values yet.
    ///
    /// # Errors
    /// Names the file, and says what to do where it is of no use.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let failed = |problem: String| WeightsError::Import {
            path: path.to_owned(),
            problem,
        };
        let unreadable = |cause| WeightsError::Read {
            path: path.to_owned(),
            cause,
        };
        let is_safetensors = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors"));
        let source = if is_safetensors {
            let bytes = std::fs::read(path).map_err(unreadable)?;
            Source::Safetensors(Tensors::new(bytes).map_err(failed)?)
        } else {
            let mut start = Vec::new();
            let file = File::open(path).map_err(unreadable)?;
            file.take(START).read_to_end(&mut start).map_err(unreadable)?;
            match Kind::of(&start) {
                Kind::Other => Source::Older(older(path).map_err(failed)?),
                kind => {
                    let with_remedy = |problem: String| match problem.contains(": ") {
                        true => failed(problem),
                        false => failed(format!("{problem}: copy it again if it is cut, else {SAVE_AGAIN}")),
                    };
                    Source::PyTorch(Box::new(PyTorch::open(path, kind).map_err(with_remedy)?))
                }
            }
        };
        let checkpoint = Self {
            path: path.to_owned(),
            source,
        };
        match checkpoint.shapes().is_empty() {
            true => Err(failed(
                "it holds no tensors: name a file that holds a state dict".to_owned(),
            )),
            false => Ok(checkpoint),
        }
    }

    /// The names of all tensors, the keys and attributes on the way to them joined by dots, and their sizes.
    pub fn shapes(&self) -> BTreeMap<String, Vec<usize>> {
        match &self.source {
            Source::Safetensors(tensors) => tensors.shapes().collect(),
            Source::PyTorch(file) => file.shapes().collect(),
            Source::Older(tensors) => (tensors.iter())
                .map(|(name, tensor)| (name.clone(), tensor.shape().to_vec()))
                .collect(),
        }
    }

    /// How the network was configured, as far as the file says so: numbers and words by their names, e.g. those of
    /// Lightning's `hyper_parameters`.
    pub fn settings(&self) -> BTreeMap<String, Json> {
        match &self.source {
            Source::PyTorch(file) => file.settings().clone(),
            _ => BTreeMap::new(),
        }
    }

    /// One tensor.
    ///
    /// # Errors
    /// Names the file and the tensor.
    pub fn read(&self, name: &str) -> Result<TensorData, WeightsError> {
        let read = match &self.source {
            Source::Safetensors(tensors) => tensors.read(name),
            Source::PyTorch(file) => file.read(name),
            Source::Older(tensors) => older_tensor(tensors.get(name)),
        };
        read.map_err(|problem| self.failed(format!("tensor `{name}`: {problem}")))
    }

    /// All tensors with the prefix that one of `anchors` has in this file, without the prefix: those of the network that
    /// has tensors of these names. Without any of them, it is all tensors.
    ///
    /// # Errors
    /// As [`read`](Self::read), and where there are more than there can be.
    pub fn read_beside(&self, anchors: &[&str]) -> Result<BTreeMap<String, TensorData>, WeightsError> {
        let shapes = self.shapes();
        let before = |name: &str| {
            let before = anchors.iter().filter_map(|anchor| name.strip_suffix(anchor));
            before
                .map(str::to_owned)
                .find(|before| before.is_empty() || before.ends_with('.'))
        };
        let prefix = shapes.keys().filter_map(|name| before(name)).min_by_key(String::len);
        let prefix = prefix.unwrap_or_default();
        let bare = |name: &String| Some((name.clone(), name.strip_prefix(&prefix)?.to_owned()));
        let report = ImportReport {
            used: shapes.keys().filter_map(bare).collect(),
            ..ImportReport::default()
        };
        let length = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        let mut left = MOST.saturating_add(8 * length);
        let tensors = report.tensors::<Trouble>(|name| {
            let data = self.read(name)?;
            let room = left.checked_sub(data.as_bytes().len() as u64);
            left =
                room.ok_or_else(|| self.failed(format!("its tensors share their values too often: {SAVE_AGAIN}")))?;
            Ok(data)
        });
        tensors.map_err(|trouble| self.error(trouble))
    }

    /// Gives a network its tensors. Where the file holds the network several times, `prefix` says which is meant, e.g. `ema`.
    ///
    /// # Errors
    /// Names the file, and the first key that is missing, unused, of another size, or has a value that no weight can have;
    /// the network is unchanged then.
    pub fn load_into(&self, network: &mut dyn Network, prefix: Option<&str>) -> Result<ImportReport, WeightsError> {
        let refused = |error: ImportError| self.error(error.into());
        let mut report = network.select(&self.shapes(), prefix).map_err(refused)?;
        if let Source::PyTorch(file) = &self.source {
            let others = file.others().iter();
            let skipped = others.map(|(key, kind)| (key.clone(), format!("{kind} makes it, from no plain values")));
            report.skipped.extend(skipped);
        }
        let tensors = report.tensors::<Trouble>(|key| Ok(self.read(key)?));
        let tensors = tensors.map_err(|trouble| self.error(trouble))?;
        network.load(tensors).map_err(|error| refused(report.misfit(error)))?;
        Ok(report)
    }

    fn error(&self, trouble: Trouble) -> WeightsError {
        let error = match trouble {
            Trouble::Read(error) => return error,
            Trouble::Import(error) => error,
        };
        // A key may be missing because its tensor holds no plain values.
        let kind = match (&error, &self.source) {
            (ImportError::Missing { key, .. }, Source::PyTorch(file)) => file.others().get_key_value(key),
            _ => None,
        };
        self.failed(match kind {
            Some((key, kind)) => format!("key `{key}` is kept as {kind} makes it, not as plain values: {SAVE_AGAIN}"),
            None => error.to_string(),
        })
    }

    fn failed(&self, problem: String) -> WeightsError {
        WeightsError::Import {
            path: self.path.clone(),
            problem,
        }
    }
}

/// The steps from an open file to a network.
enum Trouble {
    Read(WeightsError),
    Import(ImportError),
}

impl From<WeightsError> for Trouble {
    fn from(error: WeightsError) -> Self {
        Self::Read(error)
    }
}

impl From<ImportError> for Trouble {
    fn from(error: ImportError) -> Self {
        Self::Import(error)
    }
}

fn older(path: &Path) -> Result<HashMap<String, pytorch_reader::Tensor>, String> {
    let remedy = "name a .safetensors file or one written by torch.save, and copy it again if cut";
    match PytorchReader::new(path) {
        Ok(reader) => Ok(reader.into_tensors()),
        Err(error) => Err(format!("{error}: {remedy}")),
    }
}

fn older_tensor(tensor: Option<&pytorch_reader::Tensor>) -> Result<TensorData, String> {
    use pytorch_reader::DType as Torch;
    let tensor = tensor.ok_or("there is no such tensor")?;
    let dtype = match tensor.dtype() {
        Torch::F64 => DType::F64,
        Torch::F32 => DType::F32,
        Torch::F16 => DType::F16,
        Torch::BF16 => DType::BF16,
        Torch::I64 => DType::I64,
        Torch::I32 => DType::I32,
        Torch::I16 => DType::I16,
        Torch::I8 => DType::I8,
        Torch::U64 => DType::U64,
        Torch::U32 => DType::U32,
        Torch::U16 => DType::U16,
        Torch::U8 | Torch::Bool => DType::U8,
    };
    let bytes = tensor.read().map_err(|error| format!("{error}: copy it again"))?;
    TensorData::try_from_bytes_vec(bytes, tensor.shape().to_vec(), dtype).map_err(|error| error.to_string())
}

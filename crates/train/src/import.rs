//! Published checkpoints: safetensors, and what `torch.save` writes.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, TensorData};
use pytorch_reader::PytorchReader;
use safetensors::{Dtype, SafeTensors};

use crate::weights::WeightsError;

/// Under which key training programs put the state dict beside other things (Lightning: `state_dict`).
const WRAPPERS: [&str; 2] = ["state_dict.", "model_state_dict."];

/// Put before every key by `torch.nn.DataParallel`.
const PARALLEL: &str = "module.";

/// How files of published checkpoints end.
const PUBLISHED: [&str; 4] = ["safetensors", "pt", "pth", "ckpt"];

/// Whether a file is, by its name, a published checkpoint.
pub(crate) fn is_published(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    PUBLISHED.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Reads the tensors of a `.safetensors`, `.pt`, `.pth` or `.ckpt` file by their names.
///
/// A state dict that lies under `state_dict` is taken out, everything else in such a file is ignored. Half and double
/// precision become single precision; integers stay integers.
///
/// # Errors
/// Names the file and, where one is at fault, the tensor.
pub fn read_state_dict(path: &Path) -> Result<BTreeMap<String, TensorData>, WeightsError> {
    let is_safetensors = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors"));
    let tensors = match is_safetensors {
        true => read_safetensors(path)?,
        false => read_pytorch(path)?,
    };
    let tensors = unwrapped(tensors);
    if tensors.is_empty() {
        return Err(failed(path, "it holds no tensors: name a file that holds a state dict"));
    }
    Ok(tensors)
}

fn failed(path: &Path, problem: impl Into<String>) -> WeightsError {
    WeightsError::Import {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

fn read_safetensors(path: &Path) -> Result<BTreeMap<String, TensorData>, WeightsError> {
    let bytes = std::fs::read(path).map_err(|cause| WeightsError::Read {
        path: path.to_owned(),
        cause,
    })?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| {
        failed(
            path,
            format!("it is no safetensors file, or cut short ({error}): copy it again"),
        )
    })?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.iter() {
        let dtype = match view.dtype() {
            Dtype::F64 => DType::F64,
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            Dtype::I64 => DType::I64,
            Dtype::I32 => DType::I32,
            Dtype::I16 => DType::I16,
            Dtype::I8 => DType::I8,
            Dtype::U64 => DType::U64,
            Dtype::U32 => DType::U32,
            Dtype::U16 => DType::U16,
            // A truth value is one byte; no network reads it, but it must be accounted for.
            Dtype::U8 | Dtype::BOOL => DType::U8,
            other => {
                return Err(failed(
                    path,
                    format!("tensor `{name}` is {other:?}: save it as float32"),
                ));
            }
        };
        tensors.insert(
            name.to_owned(),
            single(path, name, view.data().to_vec(), view.shape(), dtype)?,
        );
    }
    Ok(tensors)
}

fn read_pytorch(path: &Path) -> Result<BTreeMap<String, TensorData>, WeightsError> {
    std::fs::File::open(path).map_err(|cause| WeightsError::Read {
        path: path.to_owned(),
        cause,
    })?;
    let reader = PytorchReader::new(path).map_err(|error| {
        failed(
            path,
            format!("{error}: name a .safetensors file or one written by torch.save, and copy it again if cut"),
        )
    })?;
    let mut tensors = BTreeMap::new();
    for (name, tensor) in reader.into_tensors() {
        use pytorch_reader::DType as Torch;
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
        let bytes = tensor
            .read()
            .map_err(|error| failed(path, format!("{error}: copy it again")))?;
        let data = single(path, &name, bytes, tensor.shape(), dtype)?;
        tensors.insert(name, data);
    }
    Ok(tensors)
}

fn single(path: &Path, name: &str, bytes: Vec<u8>, shape: &[usize], dtype: DType) -> Result<TensorData, WeightsError> {
    let data = TensorData::try_from_bytes_vec(bytes, shape.to_vec(), dtype)
        .map_err(|error| failed(path, format!("tensor `{name}`: {error}")))?;
    Ok(match dtype {
        DType::F64 | DType::F16 | DType::BF16 => data.convert_dtype(DType::F32),
        _ => data,
    })
}

fn unwrapped(mut tensors: BTreeMap<String, TensorData>) -> BTreeMap<String, TensorData> {
    for wrapper in WRAPPERS {
        if tensors.keys().any(|key| key.starts_with(wrapper)) {
            tensors = tensors
                .into_iter()
                .filter_map(|(key, data)| Some((key.strip_prefix(wrapper)?.to_owned(), data)))
                .collect();
        }
    }
    if tensors.keys().all(|key| key.starts_with(PARALLEL)) {
        tensors = tensors
            .into_iter()
            .map(|(key, data)| (key[PARALLEL.len()..].to_owned(), data))
            .collect();
    }
    tensors
}

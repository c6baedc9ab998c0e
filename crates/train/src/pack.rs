//! Burn packs with errors that name the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use burn::tensor::TensorData;
use burn_pack::{HEADER_SIZE, Header, Reader, Tensor, Writer};

use crate::weights::WeightsError;

/// The message for a file with an invalid header.
const CUT: &str = "its beginning is cut short or overwritten";

/// Writes tensors and one text of metadata; the file appears whole or not at all.
pub(crate) fn write(
    path: &Path,
    tensors: impl IntoIterator<Item = (String, TensorData)>,
    (key, text): (&str, &str),
) -> Result<(), WeightsError> {
    let tensors = tensors
        .into_iter()
        .map(|(name, data)| {
            let (bytes, shape, dtype) = data.into_parts();
            Tensor::new(name, dtype, shape, None, bytes)
        })
        .collect();
    Writer::new(tensors)
        .with_metadata(key, text)
        .auto_extension(false)
        .write_to_file(path)
        .map_err(|error| WeightsError::Write {
            path: path.to_owned(),
            cause: error.to_string(),
        })
}

/// The metadata `key` of a pack; nothing of the tensors is read.
pub(crate) fn metadata(path: &Path, key: &str) -> Result<String, WeightsError> {
    let reader = open(path)?;
    text(path, &reader, key)
}

/// All tensors, and the metadata `key`.
pub(crate) fn read(path: &Path, key: &str) -> Result<(BTreeMap<String, TensorData>, String), WeightsError> {
    let reader = open(path)?;
    let text = text(path, &reader, key)?;
    let failed = |error: burn_pack::Error| WeightsError::Damaged {
        path: path.to_owned(),
        problem: error.to_string(),
    };
    let mut tensors = BTreeMap::new();
    for tensor in reader.into_tensors().map_err(failed)? {
        let (name, dtype, shape, _, bytes) = tensor.into_parts().map_err(failed)?;
        let data = TensorData::try_from_bytes(bytes, shape, dtype).map_err(|error| WeightsError::Damaged {
            path: path.to_owned(),
            problem: format!("tensor `{name}`: {error}"),
        })?;
        tensors.insert(name, data);
    }
    Ok((tensors, text))
}

fn open(path: &Path) -> Result<Reader, WeightsError> {
    let failed = |cause| WeightsError::Read {
        path: path.to_owned(),
        cause,
    };
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(WeightsError::Foreign(path.to_owned()));
    }
    let mut start = Vec::new();
    file.by_ref()
        .take(HEADER_SIZE as u64)
        .read_to_end(&mut start)
        .map_err(failed)?;
    if !start.starts_with(&burn_pack::MAGIC_NUMBER.to_le_bytes()) {
        return Err(WeightsError::Foreign(path.to_owned()));
    }
    let header = Header::from_bytes(&start);
    // The reader takes memory for a description as long as the header says.
    if header.is_ok_and(|header| u64::from(header.metadata_size) > metadata.len()) {
        return Err(WeightsError::Damaged {
            path: path.to_owned(),
            problem: CUT.to_owned(),
        });
    }
    Reader::from_file_exact(path).map_err(|error| WeightsError::Damaged {
        path: path.to_owned(),
        problem: match error {
            burn_pack::Error::ValidationError(problem) => problem,
            _ => CUT.to_owned(),
        },
    })
}

fn text(path: &Path, reader: &Reader, key: &str) -> Result<String, WeightsError> {
    reader
        .metadata()
        .get(key)
        .cloned()
        .ok_or_else(|| WeightsError::Foreign(path.to_owned()))
}

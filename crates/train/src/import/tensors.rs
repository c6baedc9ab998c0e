//! The tensors of a safetensors file.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::{DType, TensorData};
use safetensors::{Dtype, SafeTensors};

/// A whole file.
pub(super) struct Tensors {
    bytes: Vec<u8>,
    places: BTreeMap<String, Place>,
}

struct Place {
    dtype: Result<DType, String>,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

impl Tensors {
    /// # Errors
    /// Says what is wrong with the file.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, String> {
        let wrong = |error| format!("it is no safetensors file, or cut short ({error}): copy it again");
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(wrong)?;
        // The file as a whole is checked here; what the header says of a tensor is true then.
        SafeTensors::deserialize(&bytes).map_err(wrong)?;
        let start = header + size_of::<u64>();
        let place = |(name, info): (String, &safetensors::tensor::TensorInfo)| {
            let (from, to) = info.data_offsets;
            let place = Place {
                dtype: dtype(info.dtype).ok_or_else(|| format!("{:?}", info.dtype)),
                shape: info.shape.clone(),
                bytes: start + from..start + to,
            };
            (name, place)
        };
        Ok(Self {
            places: metadata.tensors().into_iter().map(place).collect(),
            bytes,
        })
    }

    pub(super) fn shapes(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        let places = self.places.iter();
        places.map(|(name, place)| (name.clone(), place.shape.clone()))
    }

    /// # Errors
    /// Says what is wrong with the tensor.
    pub(super) fn read(&self, name: &str) -> Result<TensorData, String> {
        let place = self.places.get(name).ok_or("there is no such tensor")?;
        let dtype = place.dtype.clone();
        let dtype = dtype.map_err(|kind| format!("its values are {kind}: save it as float32"))?;
        let values = self.bytes.get(place.bytes.clone()).unwrap_or_default().to_vec();
        TensorData::try_from_bytes_vec(values, place.shape.clone(), dtype).map_err(|error| error.to_string())
    }
}

const fn dtype(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
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
        _ => return None,
    })
}

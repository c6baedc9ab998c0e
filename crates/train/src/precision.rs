//! Computing with fewer bits than the weights are kept in.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use foreframe_core::is_buffer;

use crate::config::Precision;
use crate::tensors;

impl Precision {
    /// The type of number, unless it is that of the weights.
    pub(crate) const fn reduced(self) -> Option<DType> {
        match self {
            Self::F32 => None,
            Self::Bf16 => Some(DType::BF16),
        }
    }
}

/// `module` with parameters of another number type, through which gradients flow back to those of `module`. Statistics
/// keep theirs.
pub(crate) fn cast<M: Module>(module: M, dtype: DType) -> M {
    tensors::map(module, &mut |name, tensor| {
        (!is_buffer(name)).then(|| tensor.cast(dtype))
    })
}

/// `module` with the statistics of `other` in place of its own.
pub(crate) fn with_statistics<M: Module>(module: M, other: &M) -> M {
    let mut statistics = BTreeMap::<String, Tensor<1>>::new();
    tensors::visit(other, &mut |name, tensor| {
        if is_buffer(name) {
            statistics.insert(name.to_owned(), tensor);
        }
    });
    tensors::map(module, &mut |name, _| statistics.remove(name))
}

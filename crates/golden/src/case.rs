//! Reading cases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, TensorData};
use foreframe_core::ClipShape;
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One network of the reference code: its hyper-parameters, its state and what it computes.
#[derive(Clone, Debug)]
pub struct Case {
    /// `<method>/<variant>`.
    pub name: String,
    /// Constructor arguments of the reference network.
    pub hyper: Value,
    /// The whole of `case.json`.
    pub case: Value,
    /// Every tensor of the case; scalars have the shape `[1]`.
    pub tensors: BTreeMap<String, TensorData>,
}

impl Case {
    /// Reads `tests/golden/<method>/<variant>`.
    pub fn load(method: &str, variant: &str) -> Self {
        let name = format!("{method}/{variant}");
        let folder = folder(&name);
        let case = read_json(&folder.join("case.json"));
        Self {
            name,
            hyper: case["hyper"].clone(),
            case,
            tensors: read_tensors(&folder.join("tensors.safetensors")),
        }
    }

    /// The state dict before anything ran, under the reference's own keys.
    pub fn state_dict(&self) -> BTreeMap<String, TensorData> {
        self.with_prefix("state_dict.")
            .map(|(key, data)| (key.to_owned(), data.clone()))
            .collect()
    }

    /// The tensors whose names begin with `prefix`, which is taken off.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a TensorData)> {
        self.tensors
            .iter()
            .filter_map(move |(name, data)| Some((name.strip_prefix(prefix)?, data)))
    }

    /// The tensor called `name`, e.g. `eval.pred`.
    pub fn tensor(&self, name: &str) -> TensorData {
        match self.tensors.get(name) {
            Some(data) => data.clone(),
            None => panic!("{}: no tensor `{name}`", self.name),
        }
    }

    /// The size of the case's clips, from `input.x` and `input.y`.
    pub fn clip_shape(&self) -> ClipShape {
        let (past, future) = (self.tensor("input.x"), self.tensor("input.y"));
        let [_, past, channels, height, width] = past.shape().dims::<5>();
        ClipShape::new([past, future.shape().dims::<5>()[1], channels, height, width])
    }

    /// The hyper-parameter `name` as a size.
    pub fn size(&self, name: &str) -> usize {
        match self.hyper[name].as_u64() {
            Some(size) => size as usize,
            None => panic!("{}: no hyper-parameter `{name}` that is a size", self.name),
        }
    }

    /// The hyper-parameter `name` as sizes, which the reference writes as `8,8`.
    pub fn sizes(&self, name: &str) -> Vec<usize> {
        let text = self.hyper[name].as_str().unwrap_or_default();
        match text.split(',').map(|size| size.trim().parse().ok()).collect() {
            Some(sizes) => sizes,
            None => panic!("{}: no hyper-parameter `{name}` that is a list of sizes", self.name),
        }
    }

    /// The configuration of a stack of recurrent layers, in the names of our keys.
    pub fn stack<C: DeserializeOwned>(&self) -> C {
        let config = json!({
            "patch": self.size("patch_size"),
            "widths": self.sizes("num_hidden"),
            "kernel": self.size("filter_size"),
            "layer_norm": self.size("layer_norm") == 1,
        });
        serde_json::from_value(config).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// Where the case `name` lies.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name)
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn read_tensors(path: &Path) -> BTreeMap<String, TensorData> {
    let bytes = read(path);
    let file = SafeTensors::deserialize(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let tensors = file.iter().map(|(name, view)| {
        let dtype = match view.dtype() {
            Dtype::F32 => DType::F32,
            Dtype::F64 => DType::F64,
            Dtype::I64 => DType::I64,
            other => panic!("{}: `{name}` has the type {other:?}", path.display()),
        };
        let shape = if view.shape().is_empty() {
            vec![1]
        } else {
            view.shape().to_vec()
        };
        (
            name.to_owned(),
            TensorData::from_bytes_vec(view.data().to_vec(), shape, dtype),
        )
    });
    tensors.collect()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

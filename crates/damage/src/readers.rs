//! The readers of configurations, weights and checkpoints.

use std::path::Path;

use burn::tensor::{Bytes, DType, Device, Shape};
use burn_pack::{Tensor, Writer};
use foreframe_train::RunConfig;
use foreframe_train::config::ConfigFile;
use foreframe_train::import::Checkpoint;
use foreframe_train::weights::{WeightsError, load_weights, read_header};
use safetensors::tensor::{Dtype, TensorView};

use crate::parser::{Parser, written};

/// One for each kind of file.
pub(crate) const READERS: [Parser; 4] = [
    Parser::new("config", configurations, read_config, 400),
    Parser::new("weights", weights, read_weights, 400),
    Parser::new(
        "safetensors",
        tensors,
        |bytes, folder| import(bytes, folder, "a.safetensors"),
        400,
    ),
    Parser::new(
        "pytorch",
        checkpoints,
        |bytes, folder| import(bytes, folder, "a.pt"),
        1200,
    ),
];

fn configurations() -> Vec<Vec<u8>> {
    let text = "model = \"ustep\"\n[data]\nname = \"files\"\npast = 4\nresize = [16, 16]\n[network]\nwidth = 8\n[train]\n\
        steps = 5\nbatch = 2\nclip_norm = 1.0\n[train.optimizer]\nkind = \"adamw\"\n[train.schedule]\n\
        kind = \"cosine\"\nlearning_rate = 1e-3\n[eval]\nbatch = 4\n[eval.scores]\nthresholds = [0.5, 1.0]\n";
    vec![text.as_bytes().to_vec()]
}

/// A file of the run, and what it says of itself.
fn read_config(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let path = written(folder, "a.toml", bytes);
    let file = ConfigFile::read(&path).map_err(|error| error.to_string())?;
    let _ = (file.model(), file.preset(), file.data());
    let config = RunConfig::read(&path).map_err(|error| error.to_string())?;
    config.validate().map_err(|error| error.to_string())
}

fn weights() -> Vec<Vec<u8>> {
    let header = "model = \"toy\"\nsource = \"made here\"\nclip = { past = 3, future = 2, channels = 1, height = 2, width = 2 }\n\
        normalization = { mean = [0.0], std = [1.0] }\n[network]\nwidth = 8\n";
    let tensor = |name: &str, shape: [usize; 2]| {
        let values: Vec<u8> = (0..shape[0] * shape[1])
            .flat_map(|value| (value as f32).to_le_bytes())
            .collect();
        Tensor::new(
            name.to_owned(),
            DType::F32,
            Shape::from(shape),
            None,
            Bytes::from_bytes_vec(values),
        )
    };
    let writer = Writer::new(vec![tensor("hidden.weight", [3, 8]), tensor("output.weight", [8, 2])]);
    let file = writer.with_metadata("foreframe-weights", header).into_bytes().unwrap();
    vec![file.to_vec()]
}

/// All but building the network, which belongs to the crate of its model.
fn read_weights(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let path = written(folder, "a.bpk", bytes);
    read_header(&path).map_err(|error| error.to_string())?;
    match load_weights(&path, &[], &Device::flex()) {
        Err(WeightsError::UnknownModel { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => panic!("no network is known, but one was built"),
    }
}

fn tensors() -> Vec<Vec<u8>> {
    let values: Vec<u8> = (0..24).collect();
    let view = |kind, shape: &[usize], len| TensorView::new(kind, shape.to_vec(), &values[..len]).unwrap();
    let tensors = [
        ("state_dict.a", view(Dtype::F32, &[2, 3], 24)),
        ("state_dict.b", view(Dtype::F16, &[4], 8)),
        ("state_dict.c", view(Dtype::I64, &[], 8)),
    ];
    vec![safetensors::serialize(tensors, None).unwrap()]
}

fn checkpoints() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../train/tests/fixtures/legacy.pth").to_vec(),
        include_bytes!("../../train/tests/fixtures/lightning.ckpt").to_vec(),
        include_bytes!("../../train/tests/fixtures/lightning_full.ckpt").to_vec(),
        include_bytes!("../../train/tests/fixtures/old_stream.pth").to_vec(),
        include_bytes!("../../train/tests/fixtures/views.pt").to_vec(),
        include_bytes!("../../train/tests/fixtures/module.pt").to_vec(),
    ]
}

fn import(bytes: &[u8], folder: &Path, name: &str) -> Result<(), String> {
    let path = written(folder, name, bytes);
    let checkpoint = Checkpoint::open(&path).map_err(|error| error.to_string())?;
    checkpoint.settings();
    for key in checkpoint.shapes().keys() {
        checkpoint.read(key).map_err(|error| error.to_string())?;
    }
    checkpoint.read_beside(&[]).map(drop).map_err(|error| error.to_string())
}

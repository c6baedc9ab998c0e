//! Published checkpoints. `fixtures/make.py` says how the PyTorch files were made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, TensorData};
use foreframe_train::Network;
use foreframe_train::import::read_state_dict;
use safetensors::tensor::{Dtype, TensorView};

use crate::toy::{CLIP, TOY, alone};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn network() -> Box<dyn Network> {
    let _alone = alone();
    TOY.build_seeded(&Default::default(), &CLIP, &Device::flex(), 1)
        .unwrap()
}

fn pattern(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index % 7) as f32 - 3.0) / 8.0).collect()
}

/// The state dict of the fixtures, as safetensors with one tensor in half precision.
fn safetensors() -> Vec<u8> {
    let shapes: [(&str, &[usize]); 8] = [
        ("bn.bias", &[3]),
        ("bn.running_mean", &[3]),
        ("bn.weight", &[3]),
        ("fc1.bias", &[8]),
        ("fc1.weight", &[3, 8]),
        ("fc2.bias", &[2]),
        ("fc2.weight", &[8, 2]),
        ("bn.running_var", &[3]),
    ];
    let single = |values: Vec<f32>| values.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
    let mut data: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, shape)| {
            (
                name.to_owned(),
                Dtype::F32,
                shape.to_vec(),
                single(pattern(shape.iter().product())),
            )
        })
        .collect();
    data[7].3 = single(vec![1.0, 2.0, 0.5]);
    // bfloat16 is the upper half of a float32.
    let upper = |bytes: &[u8]| bytes.chunks(4).flat_map(|value| [value[2], value[3]]).collect();
    (data[4].1, data[4].3) = (Dtype::BF16, upper(&data[4].3));
    data.push((
        "bn.num_batches_tracked".into(),
        Dtype::I64,
        vec![],
        12i64.to_le_bytes().to_vec(),
    ));
    let views = data
        .iter()
        .map(|(name, dtype, shape, bytes)| (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn every_format_gives_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("toy.safetensors");
    fs::write(&file, safetensors()).unwrap();
    for path in [fixture("lightning.ckpt"), fixture("legacy.pth"), file] {
        let state = read_state_dict(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(state.len(), 9, "{:?}", state.keys());
        for (name, data) in &state {
            let expected = if name.ends_with("num_batches_tracked") {
                DType::I64
            } else {
                DType::F32
            };
            assert_eq!(data.dtype(), expected, "{}: {name}", path.display());
        }
        let mut network = network();
        let report = network.import(state).unwrap();
        assert_eq!((report.used.len(), report.skipped.len()), (8, 1));
        let tensors: BTreeMap<String, TensorData> = network
            .tensors()
            .into_iter()
            .map(|tensor| (tensor.name, tensor.data))
            .collect();
        for (name, count) in [
            ("hidden.weight", 24),
            ("hidden.bias", 8),
            ("output.weight", 16),
            ("norm.running_mean", 3),
        ] {
            assert_eq!(
                tensors[name].try_to_vec::<f32>().unwrap(),
                pattern(count),
                "{}: {name}",
                path.display()
            );
        }
        assert_eq!(
            tensors["norm.running_var"].try_to_vec::<f32>().unwrap(),
            [1.0, 2.0, 0.5]
        );
    }
}

#[test]
fn bad_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = fs::read(fixture("lightning.ckpt")).unwrap();
    let old = fs::read(fixture("legacy.pth")).unwrap();
    let whole = safetensors();
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend_from_slice(b"{}");
    for (name, bytes) in [
        ("cut.safetensors", &whole[..whole.len() - 1]),
        ("header.safetensors", &whole[..50]),
        ("huge.safetensors", &huge),
        ("empty.safetensors", b""),
        ("cut.ckpt", &checkpoint[..checkpoint.len() / 2]),
        ("cut.pth", &old[..old.len() - 3]),
        ("text.pt", b"not a checkpoint"),
        ("renamed.pt", &whole),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = read_state_dict(&path).unwrap_err().to_string();
        assert!(error.contains("cannot import") && error.contains(name), "{error}");
    }
    let error = read_state_dict(&folder.path().join("missing.pt"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot read") && error.contains("missing.pt"), "{error}");
}

#[test]
fn a_state_dict_of_another_network_changes_nothing() {
    let mut network = network();
    let before = network.tensors();
    let mut state = read_state_dict(&fixture("legacy.pth")).unwrap();
    state.insert("fc3.weight".into(), TensorData::from([1.0f32]));
    let error = network.import(state).unwrap_err().to_string();
    assert!(error.contains("fc3.weight"), "{error}");
    assert_eq!(network.tensors(), before);
}

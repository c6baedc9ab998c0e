//! Weights files, good and bad.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use foreframe_core::is_buffer;
use foreframe_data::Normalization;
use foreframe_train::weights::{
    Stored, WeightsHeader, load_weights, load_weights_into, open_weights, read_header, save_weights, save_weights_as,
};
use foreframe_train::{Model, Network};

use crate::toy::{CLIP, TOY, alone};

fn network(seed: u64, width: usize) -> Box<dyn Network> {
    let table = format!("width = {width}\ndropout = 0.1").parse().unwrap();
    TOY.build_seeded(&table, &CLIP, &Device::flex(), seed).unwrap()
}

fn tensors(network: &dyn Network) -> Vec<(String, burn::tensor::TensorData)> {
    network
        .tensors()
        .into_iter()
        .map(|tensor| (tensor.name, tensor.data))
        .collect()
}

#[test]
fn a_file_is_all_that_is_needed() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.bpk");
    let saved = network(1, 8);
    let normalization = Normalization {
        mean: vec![0.1],
        std: vec![1.0 / 3.0],
    };
    let header = WeightsHeader::of(&*saved, &normalization, "a test");
    save_weights(&path, &*saved, &header).unwrap();
    assert_eq!(read_header(&path).unwrap(), header);
    assert_eq!(header.network["dropout"].as_float(), Some(0.1));
    let (opened, found) = open_weights(&path, &[TOY], &Device::flex()).unwrap();
    assert_eq!((tensors(&*opened), found), (tensors(&*saved), header));
    let mut other = network(2, 8);
    assert_ne!(tensors(&*other), tensors(&*saved));
    load_weights_into(&mut *other, &path).unwrap();
    assert_eq!(tensors(&*other), tensors(&*saved));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn half_the_bits_are_half_the_file_and_three_digits() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let [whole, half] = ["whole.bpk", "half.bpk"].map(|name| folder.path().join(name));
    let saved = network(1, 64);
    let header = WeightsHeader::of(&*saved, &Normalization::identity(), "a test");
    save_weights(&whole, &*saved, &header).unwrap();
    save_weights_as(&half, &*saved, &header, Stored::F16).unwrap();
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert!(size(&half) < size(&whole), "{} {}", size(&half), size(&whole));
    let (opened, _) = load_weights(&half, &[TOY], &Device::flex()).unwrap();
    for ((name, found), (_, expected)) in tensors(&*opened).into_iter().zip(tensors(&*saved)) {
        assert_eq!(found.dtype(), expected.dtype(), "{name}");
        for (found, expected) in found.iter::<f32>().zip(expected.iter::<f32>()) {
            let allowed = if is_buffer(&name) {
                0.0
            } else {
                1e-3 * expected.abs() + 1e-7
            };
            assert!((found - expected).abs() <= allowed, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused_with_their_place() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("diverged.bpk");
    let saved = network(1, 8);
    let header = WeightsHeader::of(&*saved, &Normalization::identity(), "a test");
    save_weights(&path, &*saved, &header).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let (_, weight) = tensors(&*saved)
        .into_iter()
        .find(|(name, _)| name == "hidden.weight")
        .unwrap();
    let weight = weight.as_bytes();
    let start = bytes.windows(weight.len()).position(|window| window == weight).unwrap();
    // The second value of the second of 3 rows.
    bytes[start + 4 * 9..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let mut other = network(2, 8);
    let before = tensors(&*other);
    for error in [
        load_weights(&path, &[TOY], &Device::flex()).err().unwrap(),
        load_weights_into(&mut *other, &path).unwrap_err(),
    ] {
        let error = error.to_string();
        for word in [
            "diverged.bpk",
            "`hidden.weight` is NaN at [1, 1]",
            "before training failed",
        ] {
            assert!(error.contains(word), "{word}: {error}");
        }
    }
    assert_eq!(tensors(&*other), before, "nothing changed");
}

#[test]
fn bad_files_are_named_with_the_remedy() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.bpk");
    let saved = network(1, 8);
    save_weights(
        &path,
        &*saved,
        &WeightsHeader::of(&*saved, &Normalization::identity(), "a test"),
    )
    .unwrap();
    let bytes = fs::read(&path).unwrap();
    let message = |models: &[Model]| load_weights(&path, models, &Device::flex()).err().unwrap().to_string();

    let error = message(&[]);
    assert!(
        error.contains("weights.bpk") && error.contains("holds weights of `toy`"),
        "{error}"
    );

    let mut wider = network(2, 16);
    let before = tensors(&*wider);
    let error = load_weights_into(&mut *wider, &path).unwrap_err().to_string();
    assert!(
        error.contains("weights.bpk") && error.contains("tensor `hidden.weight` is [3, 8]"),
        "{error}"
    );
    assert_eq!(tensors(&*wider), before, "nothing changed");

    fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
    let error = message(&[TOY]);
    assert!(
        error.contains("weights.bpk` is damaged") && error.contains("truncated"),
        "{error}"
    );

    fs::write(&path, &bytes[..20]).unwrap();
    let error = message(&[TOY]);
    assert!(
        error.contains("weights.bpk` is damaged") && error.contains("cut short"),
        "{error}"
    );

    // 96 MB of description in a file of some hundred bytes.
    let mut huge = bytes.clone();
    huge[6..10].copy_from_slice(&(96u32 << 20).to_le_bytes());
    fs::write(&path, &huge).unwrap();
    assert!(message(&[TOY]).contains("weights.bpk` is damaged: its beginning is cut short"));

    for foreign in [&b"PK\x03\x04 something else"[..], b""] {
        fs::write(&path, foreign).unwrap();
        let error = message(&[TOY]);
        assert!(error.contains("is not a weights file of Foreframe"), "{error}");
    }

    let error = load_weights(folder.path(), &[TOY], &Device::flex())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("is not a weights file of Foreframe"), "{error}");
    let error = open_weights(folder.path(), &[TOY], &Device::flex())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("holds no intact checkpoint"), "{error}");
    let missing = folder.path().join("missing.bpk");
    let error = open_weights(&missing, &[TOY], &Device::flex())
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("cannot read") && error.contains("missing.bpk"),
        "{error}"
    );
    let error = save_weights(
        &path.join("x.bpk"),
        &*saved,
        &WeightsHeader::of(&*saved, &Normalization::identity(), ""),
    );
    assert!(error.unwrap_err().to_string().contains("weights.bpk/x.bpk"));
}

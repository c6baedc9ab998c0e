//! Runs that begin with trained weights.

use std::fs;
use std::path::Path;

use burn::tensor::{Device, TensorData};
use foreframe_core::{Clip, StepContext};
use foreframe_data::{Loader, LoaderConfig, Normalization, Splits};
use foreframe_train::optimizer::{Adam, OptimizerConfig, StepRates};
use foreframe_train::run::{Outcome, Start, Status, read_run_info, weights_of};
use foreframe_train::weights::{WeightsHeader, load_weights, load_weights_into, save_weights};
use foreframe_train::{Network, TrainError};
use safetensors::{Dtype, tensor::TensorView};
use sha2::{Digest, Sha256};

use crate::resume::{assert_same_after, steps};
use crate::toy::{CLIP, TOY, alone, checkpoint, config, run, run_from, splits};

fn tuned(set: &[&str], from: &Path, splits: &Splits, to: &Path, limit: Option<u64>) -> Result<Outcome, TrainError> {
    run_from(Start::Weights(from), &config(set), splits, to, limit, &mut ())
}

/// The loss of the first step of a run with the weights of a file.
fn first_loss(weights: &Path) -> f64 {
    let device = Device::flex().autodiff();
    let mut network = TOY.build_seeded(&Default::default(), &CLIP, &device, 3).unwrap();
    load_weights_into(&mut *network, weights).unwrap();
    let order = LoaderConfig {
        batch: 4,
        seed: 3,
        shuffle: true,
        drop_last: true,
    };
    let batches = Loader::new(splits(40).train, order).unwrap().epoch(0, 0).take(2);
    let clips: Vec<Clip> = batches
        .map(|batch| batch.unwrap().to_clip(&device.clone().inner()))
        .collect();
    let rates = StepRates {
        learning_rate: 0.0,
        beta1: 0.9,
    };
    let mut optimizer = Adam::new(&OptimizerConfig::default(), 1.0);
    let context = StepContext::new(0, 0, 3);
    network.step(clips, &context, &mut optimizer, &rates).unwrap().loss
}

#[test]
fn a_run_begins_with_the_weights_and_keeps_them_from_the_first_moment() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let [source, straight, killed] = ["source", "straight", "killed"].map(|name| folder.path().join(name));
    run(&config(&["train.steps=10"]), &source, false, None).unwrap();
    let file = weights_of(&source).unwrap();
    let set = ["train.steps=12", "train.keep=9"];
    tuned(&set, &source, &splits(40), &straight, None).unwrap();
    assert_eq!(steps(&straight)[0][2].as_f64().unwrap(), first_loss(&file));
    let info = read_run_info(&straight).unwrap().weights.unwrap();
    let digest = Sha256::digest(fs::read(&file).unwrap());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((&info.file, &info.sha256), (&file, &digest));
    assert!(info.source.as_ref().unwrap().contains("of a run on waves"), "{info:?}");
    let log = fs::read_to_string(straight.join("log.txt")).unwrap();
    assert!(
        log.contains("the weights begin as those of") && !log.contains("warning"),
        "{log}"
    );

    // Stopped before the first step; then the weights are gone.
    let outcome = tuned(&set, &file, &splits(40), &killed, Some(0)).unwrap();
    assert_eq!((outcome.step, outcome.status), (0, Status::Interrupted));
    fs::remove_dir_all(&source).unwrap();
    run(&config(&set), &killed, true, None).unwrap();
    assert_same_after(12, &straight, &killed);
    assert_eq!(read_run_info(&killed).unwrap().weights.unwrap(), info);

    // Without any checkpoint it would begin with other weights.
    fs::remove_dir_all(killed.join("checkpoints")).unwrap();
    let error = run(&config(&set), &killed, true, None).unwrap_err().to_string();
    assert!(error.contains("holds no intact checkpoint"), "{error}");
}

#[test]
fn weights_that_do_not_fit_are_refused_and_leave_nothing() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let network = |table: &str| {
        TOY.build_seeded(&table.parse().unwrap(), &CLIP, &Device::flex(), 1)
            .unwrap()
    };
    let save = |name: &str, network: &dyn Network, model: &str| {
        let header = WeightsHeader {
            model: model.to_owned(),
            ..WeightsHeader::of(network, &Normalization::identity(), "a test")
        };
        save_weights(&path(name), network, &header).unwrap();
    };
    save("other.bpk", &*network(""), "other");
    save("wide.bpk", &*network("width = 16"), "toy");
    fs::write(path("text.bpk"), "text").unwrap();
    let wide = network("width = 16");
    let state: Vec<(String, TensorData)> = wide
        .tensors()
        .into_iter()
        .map(|tensor| (wide.reference_key(&tensor.name), tensor.data))
        .collect();
    let views = state.iter().map(|(key, data)| {
        let view = TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes()).unwrap();
        (key, view)
    });
    fs::write(
        path("published.safetensors"),
        safetensors::serialize(views, None).unwrap(),
    )
    .unwrap();
    for (file, parts) in [
        ("other.bpk", &["weights of `other`", "not of `toy`"][..]),
        ("wide.bpk", &["hidden.weight", "16", "8", "clips"]),
        ("text.bpk", &["is not a weights file"]),
        ("published.safetensors", &["fc1.", "16", "8", "clips"]),
        ("missing.pth", &["cannot read"]),
    ] {
        let error = tuned(&[], &path(file), &splits(40), &path("run"), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains(file), "{error}");
        for part in parts {
            assert!(error.contains(part), "{file}: {error}");
        }
        assert!(!path("run").exists(), "{file}");
    }
}

#[test]
fn other_statistics_and_settings_are_said() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let [source, tuned_run] = ["source", "tuned"].map(|name| folder.path().join(name));
    run(&config(&["train.steps=2"]), &source, false, None).unwrap();
    let scaled = Splits {
        normalization: Normalization {
            mean: vec![280.0],
            std: vec![5.0],
        },
        ..splits(40)
    };
    let set = ["train.steps=1", "network.dropout=0.4"];
    tuned(&set, &source, &scaled, &tuned_run, None).unwrap();
    let log = fs::read_to_string(tuned_run.join("log.txt")).unwrap();
    for part in [
        "mean [0.0]",
        "mean [280.0]",
        "deviation [5.0]",
        "network.dropout = 0.2, now 0.4",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let path = checkpoint(&tuned_run, 1).join("network.bpk");
    let (_, header) = load_weights(&path, &[TOY], &Device::flex()).unwrap();
    assert_eq!(header.normalization, scaled.normalization);
}

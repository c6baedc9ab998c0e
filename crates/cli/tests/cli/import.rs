//! `import` of a published state dict.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;
use foreframe_golden::Case;
use safetensors::tensor::{Dtype, TensorView};

use crate::program::{json, refused, write_npy};

/// The configuration of the golden case `stlight/base`.
const BASE: [&str; 13] = [
    "--model",
    "stlight",
    "--clip",
    "4,4,1,16,16",
    "--set",
    "network.width=16",
    "--set",
    "network.depth=4",
    "--set",
    "network.patch_size=2",
    "--output",
    "weights.bpk",
    "--json",
];

fn write(path: &Path, state: &BTreeMap<String, TensorData>) {
    let dtype = |data: &TensorData| {
        if data.dtype().is_float() {
            Dtype::F32
        } else {
            Dtype::I64
        }
    };
    let views = state.iter().map(|(key, data)| {
        (
            key,
            TensorView::new(dtype(data), data.shape().to_vec(), data.as_bytes()).unwrap(),
        )
    });
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn an_imported_network_forecasts_what_the_reference_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let case = Case::load("stlight", "base");
    let state = case.state_dict();
    write(&path.join("state.safetensors"), &state);
    let report = json(path, &[&["import", "state.safetensors"], &BASE[..]].concat());
    let count = |name: &str| report[name].as_array().unwrap().len();
    assert_eq!(
        count("used") + count("skipped"),
        state.len(),
        "every tensor is accounted for"
    );
    assert!(
        report["skipped"][0]["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty())
    );
    let (past, truth) = (case.tensor("input.x"), case.tensor("eval.pred"));
    write_npy(&path.join("past.npy"), "<f4", &past.shape().to_vec(), past.as_bytes());
    crate::program::succeed(path, &["forecast", "weights.bpk", "-i", "past.npy", "-o", "future.npy"]);
    let bytes = std::fs::read(path.join("future.npy")).unwrap();
    let found = bytes[bytes.len() - truth.as_bytes().len()..].chunks_exact(4);
    let found = found.map(|value| f32::from_le_bytes(value.try_into().unwrap()));
    let furthest = found
        .zip(truth.iter::<f32>())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(furthest < 2e-5, "{furthest}");
}

#[test]
fn what_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let state = Case::load("stlight", "base").state_dict();
    let key = "net.1.1.0.weight";
    let attempt = |change: &dyn Fn(&mut BTreeMap<String, TensorData>)| {
        let mut changed = state.clone();
        change(&mut changed);
        write(&path.join("changed.safetensors"), &changed);
        let message = refused(path, &[&["import", "changed.safetensors"], &BASE[..]].concat());
        assert!(message.contains("changed.safetensors"), "{message}");
        assert!(!path.join("weights.bpk").exists());
        message
    };
    let message = attempt(&|state| drop(state.remove(key)));
    assert!(message.contains(key) && message.contains("missing"), "{message}");
    let message = attempt(&|state| drop(state.insert("net.9.extra".into(), TensorData::from([1.0f32]))));
    assert!(
        message.contains("net.9.extra") && message.contains("not used"),
        "{message}"
    );
    let message = attempt(&|state| drop(state.insert(key.into(), TensorData::from([1.0f32, 2.0]))));
    assert!(message.contains(key) && message.contains("[2]"), "{message}");
}

#[test]
fn a_file_that_is_no_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("text.pt"), "hello").unwrap();
    std::fs::write(path.join("text.safetensors"), "hello").unwrap();
    for file in ["text.pt", "text.safetensors", "missing.ckpt"] {
        let message = refused(path, &[&["import", file], &BASE[..]].concat());
        assert!(message.contains(file), "{message}");
    }
    let message = refused(
        path,
        &["import", "text.pt", "-o", "no/such/folder.bpk", "--model", "stlight"],
    );
    assert!(message.contains("no/such"), "{message}");
    assert_eq!(std::fs::read_dir(path).unwrap().count(), 2);
}

/// Fine-tuning takes the published weights as they are, and the loader hands the clips on as they are.
#[test]
fn the_first_loss_of_fine_tuning_is_the_references() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let case = Case::load("stlight", "base");
    write(&path.join("state.safetensors"), &case.state_dict());
    let (past, future) = (case.tensor("input.x"), case.tensor("input.y"));
    // Two clips to train, and the first of them once more to validate and to test.
    let mut bytes = Vec::new();
    for clip in [0, 1, 0, 0] {
        for part in [&past, &future] {
            let len = part.as_bytes().len() / 2;
            bytes.extend_from_slice(&part.as_bytes()[clip * len..][..len]);
        }
    }
    write_npy(&path.join("clips.npy"), "<f4", &[4, 8, 1, 16, 16], &bytes);
    let sets = [
        "data.past=4",
        "data.future=4",
        "data.normalize=none",
        "data.validation_share=0.25",
        "data.test_share=0.25",
        "network.width=16",
        "network.depth=4",
        "network.patch_size=2",
        "train.batch=2",
    ];
    let train = |weights: &[&'static str], out: &'static str| {
        let start = [
            "train",
            "stlight",
            "--preset",
            "moving-mnist-xs",
            "--data-path",
            "clips.npy",
            "--steps",
            "1",
        ];
        let sets = sets.iter().flat_map(|set| ["--set", *set]);
        let arguments: Vec<&str> = start
            .into_iter()
            .chain(weights.to_vec())
            .chain(["--out", out])
            .chain(sets)
            .collect();
        crate::program::succeed(path, &arguments);
        let steps = std::fs::read_to_string(path.join(out).join("steps.jsonl")).unwrap();
        let step: serde_json::Value = serde_json::from_str(&steps).unwrap();
        step["loss"].as_f64().unwrap()
    };
    let expected = case.tensor("train.loss").iter::<f64>().next().unwrap();
    let found = train(&["--weights", "state.safetensors"], "tuned");
    assert!(
        (found - expected).abs() < 1e-5 * expected,
        "{found}, expected {expected}"
    );
    assert!((train(&[], "drawn") - expected).abs() > 1e-3 * expected);
    let run = std::fs::read_to_string(path.join("tuned/run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    assert_eq!(run["weights"]["file"], "state.safetensors");
}

/// OpenSTL's network in a Lightning checkpoint; `fixtures/with_torch.py` made it.
fn openstl(path: &Path) {
    std::fs::write(path.join("openstl.ckpt"), include_bytes!("fixtures/openstl.ckpt")).unwrap();
}

#[test]
fn a_checkpoint_says_itself_how_its_network_was_configured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    openstl(path);
    let import = [
        "import",
        "openstl.ckpt",
        "--model",
        "convlstm",
        "-o",
        "weights.bpk",
        "--json",
    ];
    let message = refused(path, &import);
    for flag in [
        "'network.widths=[4]'",
        "network.patch=2",
        "network.kernel=3",
        "--clip 3,2,1,8,8",
    ] {
        assert!(message.contains(flag), "{flag}: {message}");
    }
    let flags = message.split_once("add ").unwrap().1.replace('\'', "");
    let flags: Vec<&str> = flags.trim().split(' ').collect();
    let report = json(path, &[&import[..], &flags].concat());
    assert_eq!(report["clip"]["future"], 2);
    assert_eq!(report["prefix"], "state_dict.model.");
    assert_eq!(report["settings"]["num_hidden"], "4");
    assert_eq!(
        report["used"].as_array().unwrap().len() + report["skipped"].as_array().unwrap().len(),
        5
    );
}

#[test]
fn a_file_of_two_networks_says_which_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let state = Case::load("stlight", "base").state_dict();
    let under = |prefix: &str| {
        let prefix = prefix.to_owned();
        let renamed = state
            .iter()
            .map(move |(key, data)| (format!("{prefix}.{key}"), data.clone()));
        renamed.collect::<BTreeMap<String, TensorData>>()
    };
    let mut both = under("ema");
    both.extend(under("net"));
    write(&path.join("both.safetensors"), &both);
    let import = ["import", "both.safetensors"];
    let base = &BASE[..BASE.len() - 1];
    let text = crate::program::succeed(path, &[&import, base].concat());
    assert!(
        text.contains("taken from `net.`") && text.contains("--prefix ema takes that"),
        "{text}"
    );
    assert!(
        text.contains("beside the network, whose keys begin with `net.`"),
        "{text}"
    );
    let report = json(path, &[&import, &BASE[..], &["--prefix", "ema"]].concat());
    assert_eq!(
        (&report["prefix"], &report["other_prefixes"][0]),
        (&"ema.".into(), &"net.".into())
    );
    let message = refused(path, &[&import, base, &["--prefix", "teacher"]].concat());
    assert!(message.contains("teacher") && message.contains("`ema."), "{message}");
}

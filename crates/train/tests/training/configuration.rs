//! From defaults, preset, file and command line to one configuration.

use std::path::Path;

use foreframe_core::Preset;
use foreframe_train::config::{ConfigFile, Layers, ResolveError, RunConfig, resolve};

use crate::toy::{DATASET, TOY};

fn merged(preset: Option<&str>, file: &str, set: &[&str]) -> Result<RunConfig, ResolveError> {
    let file = ConfigFile::parse("my.toml", file)?;
    let presets = (TOY.presets)();
    let preset: Option<&Preset<_>> = preset.map(|name| presets.iter().find(|preset| preset.name == name).unwrap());
    let set: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
    resolve(&Layers {
        model: &TOY,
        dataset: &DATASET,
        preset,
        file: Some(&file),
        data_path: None,
        set: &set,
    })
}

#[test]
fn the_stronger_layer_wins() {
    let width = |config: &RunConfig| config.network["width"].as_integer().unwrap();
    assert_eq!(width(&merged(None, "", &[]).unwrap()), 8);
    assert_eq!(width(&merged(Some("wide"), "", &[]).unwrap()), 16);
    assert_eq!(width(&merged(Some("wide"), "[network]\nwidth = 4", &[]).unwrap()), 4);
    let config = merged(
        Some("wide"),
        "[network]\nwidth = 4",
        &["network.width=12", "train.optimizer.kind=adamw"],
    )
    .unwrap();
    assert_eq!(config.train.optimizer.decay(), 0.01);
    assert_eq!((config.preset.as_deref(), width(&config)), (Some("wide"), 12));
}

#[test]
fn values_of_the_command_line_need_no_quotes() {
    let set = [
        "data.path=/tmp/my data.npy",
        "network.label=2026-01-01",
        "train.schedule.learning_rate=1",
        "network.norm = false",
    ];
    let config = merged(None, "", &set).unwrap();
    assert_eq!(config.data.path.as_deref(), Some(Path::new("/tmp/my data.npy")));
    assert_eq!(config.network["label"].as_str(), Some("2026-01-01"));
    assert_eq!(config.network["norm"].as_bool(), Some(false));
    assert_eq!(config.train.schedule.learning_rate, 1.0);
}

#[test]
fn a_section_for_other_data_does_not_count() {
    let config = merged(None, "[data]\nname = 'moving-mnist'\npast = 7", &[]).unwrap();
    assert_eq!((config.data.name.as_str(), config.data.past), ("waves", 3));
    assert_eq!(merged(None, "[data]\npast = 7", &[]).unwrap().data.past, 7);
}

#[test]
fn the_resolved_file_is_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    for set in [
        &[][..],
        &[
            "data.path=a.npy",
            "ops=kernels",
            "train.precision=bf16",
            "network.label=x",
            "train.ema=0.99",
            "eval.scores.variables=['a','b']",
        ],
    ] {
        let config = merged(Some("wide"), "", set).unwrap();
        std::fs::write(&path, config.to_toml()).unwrap();
        assert_eq!(RunConfig::read(&path).unwrap(), config);
        assert_eq!(merged(Some("wide"), &config.to_toml(), &[]).unwrap(), config);
        let file = ConfigFile::read(&path).unwrap();
        assert_eq!(
            (file.model(), file.preset(), file.data()),
            (Some("toy"), Some("wide"), Some("waves"))
        );
    }
}

#[test]
fn mistakes_name_key_and_origin() {
    for (file, set, message) in [
        (
            "[train]\nepoch = 3",
            &[][..],
            "my.toml: `train.epoch` is no key: did you mean `epochs`?",
        ),
        (
            "ops = \"fast\"",
            &[],
            "my.toml: `ops` is \"fast\": use \"kernels\" or \"reference\"",
        ),
        (
            "[network]\nwdth = 3",
            &[],
            "my.toml: `network.wdth` is no key: did you mean `width`?",
        ),
        ("[trian]", &[], "my.toml: `trian` is no section: did you mean `train`?"),
        ("train = 3", &[], "my.toml: `train` must be a section: write [train]"),
        ("model = 3", &[], "my.toml: `model` must be a name in quotes"),
        (
            "model = 'ustep'",
            &[],
            "my.toml: `model` is `ustep`, but `toy` is to be used: choose a file for it",
        ),
        (
            "[train]\nbatch = 'many'",
            &[],
            "my.toml: `train.batch` is string \"many\": write a whole number of 0 or more",
        ),
        ("[train.schedule]\nkind = 'onecycle'", &[], "did you mean `one-cycle`?"),
        (
            "",
            &["train.bach=3"],
            "--set train.bach=3: `train.bach` is no key: did you mean `batch`?",
        ),
        (
            "",
            &["trian.batch=3"],
            "--set trian.batch=3: `trian.batch` is in no section: did you mean `train`?",
        ),
        (
            "",
            &["train.batch"],
            "--set train.batch: `train.batch` has no value: write key=value, e.g. train.batch=4",
        ),
        (
            "",
            &["train=3"],
            "--set train=3: `train` is a section: set a key in it, e.g. train.key=value",
        ),
        (
            "",
            &["network=3"],
            "--set network=3: `network` is a section: set a key in it, e.g. network.key=value",
        ),
        (
            "",
            &["data.name=files"],
            "`data.name` cannot be set like this: use --data",
        ),
        ("", &["train.batch=0"], "`train.batch` is 0: use 1 or more"),
        ("a = = 3", &[], "`my.toml` is not valid TOML"),
    ] {
        let error = merged(None, file, set).unwrap_err().to_string();
        assert!(error.contains(message), "{error}\nexpected {message}");
    }
    let error = ConfigFile::read(Path::new("no/such.toml")).unwrap_err().to_string();
    assert!(error.contains("cannot read `no/such.toml`"), "{error}");
}

//! `list`, `show`, `data`, `bench`, `completions`.

use std::path::Path;

use crate::program::{TINY, command, json, refused, stderr, succeed};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_list_is_json_and_filtered_by_pattern() {
    let all = json(here(), &["list", "--json"]);
    let names: Vec<&str> = all["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["name"].as_str().unwrap())
        .collect();
    for name in ["ustep", "stlight", "tau", "persistence"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let some = json(here(), &["list", "--json", "st*"]);
    assert_eq!(some["models"].as_array().unwrap().len(), 1);
    assert_eq!(some["datasets"].as_array().unwrap().len(), 0);
    assert!(refused(here(), &["list", "zzz"]).contains("zzz"));
}

#[test]
fn the_page_of_networks_is_what_is_listed() {
    let page = std::fs::read_to_string(here().join("../../docs/src/networks.md")).unwrap();
    let table = &page[page.find("| model").unwrap()..];
    let listed = succeed(here(), &["list", "--networks"]);
    let different = (listed.lines().zip(table.lines())).find(|(listed, committed)| listed != committed);
    assert_eq!(
        different, None,
        "write the table of `foreframe list --networks` into docs/src/networks.md"
    );
    assert_eq!(listed.lines().count(), table.lines().count());
}

/// A published figure that is not ours, rounded, has a note that says why.
#[test]
fn published_figures_are_explained_or_ours() {
    let figure = |text: &str| text.trim_end_matches(['M', 'G', ' ']).parse::<f64>().ok();
    let rows = json(here(), &["list", "--networks", "--json"]);
    let mut compared = 0;
    for row in rows.as_array().unwrap() {
        if row["notes"].as_array().is_none_or(|notes| !notes.is_empty()) {
            continue;
        }
        for (counted, published, unit) in [
            ("parameters", "published_parameters", 1e6),
            ("multiply_accumulates", "published_multiply_accumulates", 1e9),
        ] {
            let Some(published) = figure(row[published].as_str().unwrap()) else {
                continue;
            };
            let ratio = row[counted].as_f64().unwrap() / unit / published;
            assert!((ratio - 1.0).abs() < 0.015, "{ratio} of what is published: {row}");
            compared += 1;
        }
    }
    assert!(compared > 200, "only {compared} figures were compared");
    assert!(refused(here(), &["list", "--networks", "zzz"]).contains("zzz"));
    assert!(refused(here(), &["data", "list", "--networks"]).contains("--networks"));
}

/// Parameters: the published models of the golden counts.
#[test]
fn show_counts_parameters_and_products() {
    let shown = json(here(), &["show", "stlight", "--preset", "moving-mnist-l", "--json"]);
    assert_eq!(shown["parameters"], 32_879_710_u64);
    assert_eq!(shown["input"], serde_json::json!([1, 10, 1, 64, 64]));
    assert_eq!(shown["output"], serde_json::json!([1, 10, 1, 64, 64]));
    let trained: u64 = (shown["tensors"].as_array().unwrap().iter())
        .filter(|tensor| tensor["trained"] == true)
        .map(|tensor| {
            tensor["shape"]
                .as_array()
                .unwrap()
                .iter()
                .map(|size| size.as_u64().unwrap())
                .product::<u64>()
        })
        .sum();
    assert_eq!(trained, 32_879_710);
    let of = &shown["multiply_accumulates_of"];
    assert_eq!(
        shown["multiply_accumulates"].as_u64().unwrap(),
        of["multiplications"].as_u64().unwrap() + of["normalization"].as_u64().unwrap()
    );
}

#[test]
fn a_configuration_decides_the_clip_and_the_network() {
    let shown = json(
        here(),
        &[
            "show",
            "ustep",
            "--set",
            "data.past=6",
            "--set",
            "clip.width=32",
            "--json",
        ],
    );
    assert_eq!(shown["input"], serde_json::json!([1, 6, 1, 64, 32]));
    let shown = json(
        here(),
        &[
            "show",
            "stlight",
            "--clip",
            "4,2,3,16,16",
            "--set",
            "network.depth=3",
            "--json",
        ],
    );
    assert_eq!(
        (&shown["output"], &shown["config"]["depth"]),
        (&serde_json::json!([1, 2, 3, 16, 16]), &3.into())
    );
    let message = refused(
        here(),
        &[
            "show",
            "stlight",
            "--clip",
            "4,2,3,15,16",
            "--set",
            "network.patch_size=2",
        ],
    );
    assert!(message.contains("clip.height") && message.contains("16"), "{message}");
}

#[test]
fn every_committed_configuration_builds_its_network() {
    let root = here().join("../zoo/configs");
    let mut seen = 0;
    for dataset in std::fs::read_dir(&root).unwrap() {
        for file in std::fs::read_dir(dataset.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let shown = json(here(), &["show", "--config", path.to_str().unwrap(), "--json"]);
            assert_eq!(
                shown["model"],
                path.file_stem().unwrap().to_str().unwrap(),
                "{}",
                path.display()
            );
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen} files in {}", root.display());
}

#[test]
fn a_sample_of_the_data_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "data",
        "show",
        "--set",
        "data.size=16",
        "--split",
        "train",
        "--index",
        "3",
        "-o",
    ];
    for (name, magic) in [("clip.png", &b"\x89PNG"[..]), ("clip.gif", b"GIF8")] {
        succeed(folder.path(), &[&arguments[..], &[name]].concat());
        assert!(std::fs::read(folder.path().join(name)).unwrap().starts_with(magic));
    }
    let message = refused(folder.path(), &["data", "show", "--index", "100000"]);
    assert!(message.contains("there is no clip 100000"), "{message}");
    assert!(!folder.path().join("sample.png").exists());
    let output = command(folder.path(), &["data", "verify", "mnist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("data get mnist"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("train-images-idx3-ubyte.gz: missing"));
    assert!(refused(folder.path(), &["data", "get", "moving-mnits"]).contains("did you mean `moving-mnist`?"));
}

#[test]
fn a_network_is_shown_for_a_dataset_whose_files_are_elsewhere() {
    for (data, set, clip) in [
        ("taxibj", "data.past=4", [1, 4, 2, 32, 32]),
        ("kth", "data.future=40", [1, 10, 1, 128, 128]),
        ("moving-mnist-cifar", "data.past=10", [1, 10, 3, 64, 64]),
    ] {
        let shown = json(here(), &["show", "persistence", "--data", data, "--set", set, "--json"]);
        assert_eq!(shown["input"], serde_json::json!(clip), "{data}");
    }
    let message = refused(here(), &["show", "persistence", "--data", "weatherbench"]);
    assert!(message.contains("datasets/weatherbench` is not there"), "{message}");
}

#[test]
fn bench_measures_forecasts_and_steps() {
    let sizes = &TINY[..6];
    let arguments = [
        &["bench", "ustep", "--data", "moving-digits", "--rounds", "2", "--json"],
        sizes,
    ]
    .concat();
    let measured = json(here(), &arguments);
    for speed in ["forecasts_per_second", "steps_per_second"] {
        assert!(measured[speed].as_f64().unwrap() > 0.0, "{speed}");
    }
    assert_eq!(measured["clip"]["height"], 16);
    assert!(measured["machine"].as_str().unwrap().contains("flex"));
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(succeed(here(), &["completions", shell]).contains("forecast"));
    }
}

/// `foreframe list | head -1` must not end in a panic.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("foreframe"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

//! `eval` with networks that evaluate how a forecast looks.

use foreframe_fvd::KINETICS;
use foreframe_golden::formula;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::program::{TRAINED, json, refused, succeed};

#[test]
fn perceptual_weights_of_another_network_are_refused_by_name() {
    let run = TRAINED.argument();
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), &["export", &run, "-o", "ustep.safetensors"]);
    let of = |file| ["eval", &run, "--lpips-weights", file];
    let message = refused(folder.path(), &of("ustep.safetensors"));
    assert!(
        message.contains("LPIPS lacks the weights features.0.weight,"),
        "{message}"
    );
    let message = refused(folder.path(), &of("none.pth"));
    assert!(message.contains("cannot read `none.pth`"), "{message}");
}

#[test]
fn video_weights_that_cannot_be_used_are_refused_by_their_file() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        folder.path(),
        &["export", &TRAINED.argument(), "-o", "ustep.safetensors"],
    );
    let whole = std::fs::read(folder.path().join("ustep.safetensors")).unwrap();
    for (name, bytes) in [
        ("empty.pt", &[][..]),
        ("cut.safetensors", &whole[..whole.len() / 2]),
        ("text.pth", b"no weights"),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let of = |file| ["eval", "advection", "--set", "data.size=16", "--fvd-weights", file];
    for (file, words) in [
        ("empty.pt", "written by torch.save"),
        ("text.pth", "written by torch.save"),
        ("cut.safetensors", "cut short"),
        ("none.pt", "cannot read"),
        (
            "ustep.safetensors",
            "FVD lacks the weights Conv3d_1a_7x7.conv3d.weight,",
        ),
    ] {
        let message = refused(folder.path(), &of(file));
        assert!(
            message.contains(words) && message.contains(&format!("`{file}`")),
            "{message}"
        );
    }
}

#[test]
fn clips_are_evaluated_by_a_network_that_knows_videos() {
    let folder = tempfile::tempdir().unwrap();
    let weights: Vec<(String, Vec<usize>, Vec<u8>)> = (KINETICS.weights().into_iter())
        .map(|(name, shape)| {
            let values = formula::weights(&name, &shape);
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name, shape, bytes)
        })
        .collect();
    let views = weights.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name, view)
    });
    safetensors::serialize_to_file(views, None, &folder.path().join("i3d.safetensors")).unwrap();
    let of = |more: &[&'static str]| {
        let clips = [
            "--set",
            "data.size=16",
            "--set",
            "data.test_clips=2",
            "--set",
            "data.future=2",
        ];
        [
            &["eval", "advection", "--fvd-weights", "i3d.safetensors"][..],
            &clips,
            more,
        ]
        .concat()
    };
    let table = json(folder.path(), &of(&["--json"]));
    for row in [0, 1] {
        let metrics = table["rows"][row]["summary"]["metrics"].as_array().unwrap();
        let fvd = metrics.iter().find(|metric| metric["name"] == "fvd").unwrap();
        assert!(fvd["total"].as_f64().unwrap() > 0.0, "{fvd}");
        assert_eq!(fvd["per_lead_time"], serde_json::json!([]));
        assert!(
            fvd["definition"]
                .as_str()
                .unwrap()
                .contains("10 observed frames followed by the 2 forecast"),
            "{fvd}"
        );
    }
    let message = refused(folder.path(), &of(&["--set", "eval.clips=1"]));
    assert!(
        message.contains("`fvd` compares the spread of clips, and there is 1"),
        "{message}"
    );
}

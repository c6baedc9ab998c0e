//! Files that are not what they should be.

use std::path::Path;

use crate::program::{TRAINED, field, refused, succeed, write_npy};
#[cfg(target_os = "linux")]
use foreframe_damage::bound;

const FRAME: usize = 16 * 16;

fn refused_forecast(folder: &Path, input: &str) -> String {
    let message = refused(folder, &["forecast", &TRAINED.argument(), "-i", input, "-o", "out.npy"]);
    assert!(message.contains(input), "{message}");
    assert!(!folder.join("out.npy").exists());
    message
}

#[test]
fn arrays_that_cannot_be_used_are_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let npy = |name: &str, kind: &str, shape: &[usize], bytes: &[u8]| write_npy(&path.join(name), kind, shape, bytes);
    let values = field(4 * FRAME);
    refused_forecast(path, "missing.npy");
    npy("cut.npy", "<f4", &[4, 1, 16, 16], &values[..1000]);
    refused_forecast(path, "cut.npy");
    npy("huge.npy", "<f4", &[usize::MAX / 8, 1, 16, 16], &values);
    refused_forecast(path, "huge.npy");
    npy("text.npy", "<U4", &[4, 1, 16, 16], &[0; 16 * 4 * FRAME]);
    refused_forecast(path, "text.npy");
    std::fs::write(path.join("no.npy"), "hello").unwrap();
    refused_forecast(path, "no.npy");
    npy("channels.npy", "<f4", &[4, 3, 16, 16], &field(12 * FRAME));
    assert!(refused_forecast(path, "channels.npy").contains("the network expects 1 channels, 16 rows and 16 columns"));
    npy("size.npy", "<f4", &[4, 1, 16, 17], &field(4 * 16 * 17));
    assert!(refused_forecast(path, "size.npy").contains("1x16x17"));
    npy("axes.npy", "<f4", &[4, 256], &values);
    assert!(refused_forecast(path, "axes.npy").contains("[T, C, H, W]"));
    let mut gap = values.clone();
    gap[400..404].copy_from_slice(&f32::NAN.to_le_bytes());
    npy("gap.npy", "<f4", &[4, 1, 16, 16], &gap);
    assert!(refused_forecast(path, "gap.npy").contains("NaN"));
    std::fs::create_dir(path.join("empty")).unwrap();
    refused_forecast(path, "empty");
}

#[test]
fn other_numbers_are_converted() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..4 * FRAME)
        .flat_map(|index| (index as f64 / 1e3).to_le_bytes())
        .collect();
    write_npy(&folder.path().join("double.npy"), "<f8", &[4, 1, 16, 16], &bytes);
    succeed(
        folder.path(),
        &["forecast", &TRAINED.argument(), "-i", "double.npy", "-o", "out.npy"],
    );
    assert!(folder.path().join("out.npy").is_file());
}

#[test]
fn outputs_that_cannot_be_written_are_refused_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_npy(&path.join("clip.npy"), "<f4", &[4, 1, 16, 16], &field(4 * FRAME));
    let run = TRAINED.argument();
    for output in ["no/out.npy", "out.mp4", "no/frames"] {
        let message = refused(path, &["forecast", &run, "-i", "clip.npy", "-o", output]);
        assert!(message.contains(output), "{message}");
    }
    assert_eq!(std::fs::read_dir(path).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn what_may_not_be_read_or_written_is_named() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    bound::by_permissions("bad_input::what_may_not_be_read_or_written_is_named", || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let run = TRAINED.argument();
        for name in ["clip.npy", "locked.npy"] {
            write_npy(&path.join(name), "<f4", &[4, 1, 16, 16], &field(4 * FRAME));
        }
        for name in ["locked.bpk", "locked.toml", "locked.safetensors"] {
            fs::write(path.join(name), "").unwrap();
        }
        for name in ["locked.npy", "locked.bpk", "locked.toml", "locked.safetensors"] {
            bound::lock(&path.join(name));
        }
        fs::create_dir(path.join("closed")).unwrap();
        fs::set_permissions(path.join("closed"), Permissions::from_mode(0o555)).unwrap();
        for (name, arguments) in [
            (
                "locked.npy",
                &["forecast", &run, "-i", "locked.npy", "-o", "out.npy"][..],
            ),
            (
                "locked.npy",
                &["train", "ustep", "--data-path", "locked.npy", "--out", "run"],
            ),
            (
                "locked.bpk",
                &["forecast", "locked.bpk", "-i", "clip.npy", "-o", "out.npy"],
            ),
            ("locked.toml", &["show", "ustep", "--config", "locked.toml"]),
            (
                "locked.safetensors",
                &[
                    "import",
                    "locked.safetensors",
                    "--model",
                    "ustep",
                    "--output",
                    "out.bpk",
                ],
            ),
            ("closed", &["forecast", &run, "-i", "clip.npy", "-o", "closed/out.npy"]),
            ("closed", &["train", "ustep", "--steps", "1", "--out", "closed/run"]),
        ] {
            let message = refused(path, arguments);
            assert!(
                message.contains(name) && message.contains("Permission denied"),
                "{arguments:?}: {message}"
            );
        }
        assert!(!path.join("out.npy").exists() && !path.join("run").exists());
    });
}

#[test]
fn weights_that_are_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_npy(&path.join("clip.npy"), "<f4", &[4, 1, 16, 16], &field(4 * FRAME));
    std::fs::write(path.join("foreign.bpk"), "hello").unwrap();
    let best = std::fs::read_to_string(TRAINED.run().join("checkpoints/best")).unwrap();
    let weights = TRAINED.run().join("checkpoints").join(best.trim()).join("network.bpk");
    let bytes = std::fs::read(weights).unwrap();
    std::fs::write(path.join("cut.bpk"), &bytes[..bytes.len() / 2]).unwrap();
    for weights in ["foreign.bpk", "cut.bpk", "missing.bpk"] {
        let message = refused(path, &["forecast", weights, "-i", "clip.npy", "-o", "out.npy"]);
        assert!(message.contains(weights), "{message}");
        let message = refused(path, &["eval", weights, "--data", "moving-digits"]);
        assert!(message.contains(weights), "{message}");
    }
    assert!(!path.join("out.npy").exists());
}

#[test]
fn configurations_name_the_key_and_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let config = |name: &str, text: &str| std::fs::write(path.join(name), text).unwrap();
    config("typo.toml", "model = \"ustep\"\n[network]\nwidht = 3\n");
    let message = refused(path, &["show", "--config", "typo.toml"]);
    assert!(
        message.contains("typo.toml") && message.contains("did you mean `width`?"),
        "{message}"
    );
    config("syntax.toml", "model = \n");
    assert!(refused(path, &["show", "--config", "syntax.toml"]).contains("syntax.toml"));
    config("other.toml", "model = \"tau\"\n");
    assert!(refused(path, &["show", "ustep", "--config", "other.toml"]).contains("other.toml"));
    config("type.toml", "model = \"ustep\"\n[train]\nbatch = \"many\"\n");
    let message = refused(path, &["train", "--config", "type.toml"]);
    assert!(
        message.contains("type.toml") && message.contains("train.batch"),
        "{message}"
    );
    assert!(refused(path, &["show", "--config", "missing.toml"]).contains("missing.toml"));
}

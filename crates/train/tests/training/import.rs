//! Published checkpoints. `fixtures/make.py` and `fixtures/with_torch.py` say how the PyTorch files were made.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, TensorData};
use foreframe_core::ImportReport;
use foreframe_train::Network;
use foreframe_train::import::Checkpoint;
use safetensors::tensor::{Dtype, TensorView};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

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

fn load(path: &Path, prefix: Option<&str>) -> Result<(Box<dyn Network>, ImportReport), String> {
    let mut network = network();
    let before = network.tensors();
    let loaded = Checkpoint::open(path).and_then(|checkpoint| checkpoint.load_into(network.as_mut(), prefix));
    match loaded {
        Ok(report) => Ok((network, report)),
        Err(error) => {
            assert_eq!(network.tensors(), before, "the network is unchanged");
            Err(error.to_string())
        }
    }
}

fn refused(path: &Path) -> String {
    match load(path, None) {
        Ok(_) => panic!("{} was read", path.display()),
        Err(error) => error,
    }
}

/// A network with the values of the fixtures, `last` of them in `fc2.bias`.
fn check(network: &dyn Network, last: &[f32], file: &str) {
    let tensors: BTreeMap<String, TensorData> = network
        .tensors()
        .into_iter()
        .map(|tensor| (tensor.name, tensor.data))
        .collect();
    for (name, values) in [
        ("hidden.weight", pattern(24)),
        ("hidden.bias", pattern(8)),
        ("output.weight", pattern(16)),
        ("output.bias", last.to_vec()),
        ("norm.weight", pattern(3)),
        ("norm.bias", pattern(3)),
        ("norm.running_mean", pattern(3)),
        ("norm.running_var", vec![1.0, 2.0, 0.5]),
    ] {
        assert_eq!(tensors[name].try_to_vec::<f32>().unwrap(), values, "{file}: {name}");
    }
}

#[test]
fn every_format_gives_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("toy.safetensors");
    fs::write(&file, safetensors()).unwrap();
    for (path, prefix, beside) in [
        (file, "", 0),
        (fixture("lightning.ckpt"), "state_dict.model.", 1),
        (fixture("legacy.pth"), "module.", 0),
        (fixture("lightning_full.ckpt"), "state_dict.model.", 8),
        (fixture("old_stream.pth"), "net.", 8),
        (fixture("module.pt"), "", 0),
        (fixture("views.pt"), "", 0),
    ] {
        let name = path.display().to_string();
        let (network, report) = load(&path, None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (report.prefix.as_str(), report.used.len(), report.skipped.len()),
            (prefix, 8, 1 + beside),
            "{name}: {:?}",
            report.skipped
        );
        check(network.as_ref(), &pattern(2), &name);
    }
}

#[test]
fn of_two_networks_in_a_file_one_is_chosen() {
    let (network, report) = load(&fixture("ema.pt"), None).unwrap();
    assert_eq!(report.prefix, "net_params.module.");
    assert_eq!(report.others, ["ema.module.", "model_ema.module."]);
    check(network.as_ref(), &pattern(2), "ema.pt");
    // One dictionary under two names.
    for prefix in ["ema.module", "model_ema.module."] {
        let (network, _) = load(&fixture("ema.pt"), Some(prefix)).unwrap();
        check(network.as_ref(), &[5.0, 6.0], prefix);
    }
    let error = load(&fixture("ema.pt"), Some("teacher")).map(drop).unwrap_err();
    assert!(error.contains("`teacher`") && error.contains("ema.module."), "{error}");
}

#[test]
fn tensors_of_other_kinds_stop_nothing_but_themselves() {
    let (network, report) = load(&fixture("foreign.pt"), None).unwrap();
    check(network.as_ref(), &pattern(2), "foreign.pt");
    let skipped: Vec<&str> = report.skipped.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        skipped,
        ["net.bn.num_batches_tracked", "codes", "mask", "spectrum", "graph"]
    );
    let checkpoint = Checkpoint::open(&fixture("foreign.pt")).unwrap();
    let error = checkpoint.read("spectrum").unwrap_err().to_string();
    assert!(
        error.contains("`spectrum`") && error.contains("ComplexFloat") && error.contains("float32"),
        "{error}"
    );
    assert_eq!(
        checkpoint.read("codes").unwrap().iter::<i64>().collect::<Vec<_>>(),
        [1, 2]
    );
    let error = refused(&fixture("sparse.pt"));
    for word in ["`fc1.bias`", "_rebuild_sparse", "torch.save(model.state_dict()"] {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn what_the_file_says_of_the_network_is_kept() {
    let settings = Checkpoint::open(&fixture("lightning_full.ckpt")).unwrap().settings();
    let expected =
        serde_json::json!({"method": "Toy", "in_shape": [5, 1, 2, 2], "aft_seq_length": 4, "hid": 16, "epoch": 3});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(settings.get(name), Some(value), "{name}: {settings:?}");
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    for (file, words) in [
        ("nan.pt", ["`fc1.weight`", "NaN at [2, 0]", "before training failed"]),
        ("wide.pt", ["`fc2.bias`", "-1e300 at [1]", "float32"]),
    ] {
        let error = refused(&fixture(file));
        for word in words.iter().chain([&file]) {
            assert!(error.contains(word), "{word}: {error}");
        }
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
        let error = refused(&path);
        assert!(error.contains("cannot import") && error.contains(name), "{error}");
    }
    let error = refused(&folder.path().join("missing.pt"));
    assert!(error.contains("cannot read") && error.contains("missing.pt"), "{error}");
}

/// A checkpoint whose description is `pickle`.
fn archive(folder: &Path, pickle: &[u8]) -> PathBuf {
    let path = folder.join("hostile.pt");
    let mut writer = ZipWriter::new(fs::File::create(&path).unwrap());
    let options = SimpleFileOptions::default();
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", &[0; 32])] {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// `{'w': tensor}` of 8 values, with the size and stride given as the instructions that make them.
fn described(size: &[u8], stride: &[u8]) -> Vec<u8> {
    let storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x08tQ";
    let start = b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(";
    [&start[..], storage, b"K\0", size, stride, b"\x89NtRs."].concat()
}

#[test]
fn hostile_descriptions_end_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let values = archive(folder.path(), &described(b"K\x04K\x02\x86", b"K\x02K\x01\x86"));
    let checkpoint = Checkpoint::open(&values).unwrap();
    assert_eq!(checkpoint.read("w").unwrap().shape().to_vec(), [4, 2]);
    // Twice as many as before by every pair of instructions, each a new name for the tensor.
    let mut twice = described(b"K\x08\x85", b"K\x01\x85");
    twice.pop();
    (0..64).for_each(|_| twice.extend(b"q\0h\0h\0\x87"));
    twice.push(b'.');
    let deep: Vec<u8> = [&b"\x80\x02N"[..], &[0x85; 5000], b"."].concat();
    let copies: Vec<u8> = {
        let list: Vec<u8> = (0..100_000).flat_map(|_| *b"N").collect();
        let call = b"h\0ctorch\nSize\nh\0\x85R0";
        [&b"\x80\x02("[..], &list, b"lq\0", &call.repeat(1000), b"."].concat()
    };
    let itself = b"\x80\x02}q\0X\x01\0\0\0ah\0s.";
    for (pickle, words) in [
        (&b""[..], "ends in the middle"),
        (b"\x80\x02}", "ends in the middle"),
        (b"\x80\x02X\xff\xff\xff\xffab.", "ends in the middle"),
        (b"\x80\x02.", "never gave"),
        (b"\x80\x02(K\x01\x85\x85.", "no tensors"),
        (b"\x80\x02(\x85.", "never gave"),
        (b"\x80\x02K\x01K\x02a.", "no list"),
        (b"\x80\x02}(K\x01u.", "no value"),
        (b"\x80\x02h\x07.", "does not stand in it"),
        (b"\x80\x02\x82\x01.", "not known, 0x82"),
        (itself, "no tensors"),
        (&twice, "again and again"),
        (&deep, "levels deep"),
        (&copies, "copies more than"),
        (&described(b"K\x09\x85", b"K\x01\x85"), "reaches beyond"),
        (
            &described(b"K\x02\x85", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"),
            "than any memory",
        ),
        (&described(b"J\xff\xff\xff\xff\x85", b"K\x01\x85"), "a size is -1"),
        (&described(b"K\x02\x85", b")"), "not described"),
        (
            b"\x80\x02}X\x01\0\0\0wctorch._tensor\n_rebuild_from_type_v2\nq\0(h\0h\0h\0tRs.",
            "made of itself",
        ),
    ] {
        let error = refused(&archive(folder.path(), pickle));
        assert!(
            error.contains(words) && error.contains("hostile.pt"),
            "{words}: {error}"
        );
    }
    // A view may claim any size of a few values; it is never made.
    let many = described(b"J\0\0\0\x10K\x10\x86", b"K\0K\0\x86");
    let checkpoint = Checkpoint::open(&archive(folder.path(), &many)).unwrap();
    let error = checkpoint.read("w").unwrap_err().to_string();
    assert!(error.contains("repeats the same values"), "{error}");
}

#[test]
fn a_tensor_that_nothing_uses_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = safetensors();
    let file = safetensors::SafeTensors::deserialize(&tensors).unwrap();
    let extra = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
    let views = file.iter().chain([("fc3.weight", extra)]);
    let path = folder.path().join("more.safetensors");
    fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    let error = refused(&path);
    assert!(
        error.contains("`fc3.weight`, [1], is not used") && error.contains("`fc1.weight`, [3, 8]"),
        "{error}"
    );
}

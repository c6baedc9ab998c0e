//! Values that are missing and stay so, and times that a manifest tells.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use foreframe_data::{DataConfig, DataError, Loader, LoaderConfig, Missing, Splits};
use foreframe_formats::npy::write_array;

const FRAMES: usize = 20;

const CONFIG: LoaderConfig = LoaderConfig {
    batch: 2,
    seed: 0,
    shuffle: false,
    drop_last: false,
};

/// Frames of 2x3 whose first pixel is always missing and whose second one is in every other frame.
fn recording(folder: &Path) -> PathBuf {
    let value = |at: usize| match (at % 6, at / 6) {
        (0, _) => f32::NAN,
        (1, frame) if frame % 2 == 1 => f32::NAN,
        (pixel, frame) => (10 * frame + pixel) as f32,
    };
    let path = folder.join("rain.npy");
    let values: Vec<f32> = (0..6 * FRAMES).map(value).collect();
    write_array(&path, &[FRAMES, 1, 2, 3], &values).unwrap();
    path
}

fn open(path: &Path, missing: Option<Missing>) -> Result<Splits, DataError> {
    let dataset = foreframe_datasets::files();
    (dataset.open)(&DataConfig {
        path: Some(path.to_owned()),
        past: 2,
        future: 1,
        missing,
        ..(dataset.defaults)()
    })
}

#[test]
fn masked_values_are_in_clips_but_in_no_statistics_and_no_tensor() {
    let folder = tempfile::tempdir().unwrap();
    let path = recording(folder.path());
    let error = open(&path, None).unwrap_err().to_string();
    assert!(error.contains("frame 0, channel 0, row 0, column 0"), "{error}");
    let splits = open(&path, Some(Missing::Mask)).unwrap();
    // A quarter of the values is missing, and would draw the mean towards 0.
    let replaced = open(&path, Some(Missing::Become(0.0))).unwrap();
    let whole = Loader::new(replaced.train.clone(), CONFIG).unwrap().epoch(0, 0).next();
    assert!(whole.unwrap().unwrap().to_clip(&Device::flex()).missing.is_none());
    assert!(splits.normalization.mean[0] > replaced.normalization.mean[0] + 5.0);
    assert!(splits.normalization.std[0].is_finite());
    let mut clip = vec![0.0; splits.clip.clip_len()];
    splits.train.read(0, 0, &mut clip).unwrap();
    let missing: Vec<usize> = (0..18).filter(|at| clip[*at].is_nan()).collect();
    assert_eq!(missing, [0, 6, 7, 12]);
    let mut batches = Loader::new(splits.train, CONFIG).unwrap().epoch(0, 0);
    let batch = batches.next().unwrap().unwrap();
    assert!(batch.past(0)[0].is_nan() && batch.future(0)[0].is_nan());
    let tensors = batch.to_clip(&Device::flex());
    let masked: Vec<bool> = tensors.missing.unwrap().into_data().iter().collect();
    let expected: Vec<bool> = batch.values.iter().map(|value| value.is_nan()).collect();
    assert_eq!(masked, expected);
    for (tensor, frames) in [(tensors.past, 2), (tensors.future, 1)] {
        let values: Vec<f32> = tensor.into_data().iter().collect();
        assert!((0..frames).all(|frame| values[6 * frame] == 0.0));
        assert!(values.iter().all(|value| value.is_finite()));
    }
    let infinite = folder.path().join("infinite.npy");
    let values: Vec<f32> = (0..FRAMES)
        .map(|at| if at == 1 { f32::INFINITY } else { at as f32 })
        .collect();
    write_array(&infinite, &[FRAMES, 1, 1], &values).unwrap();
    let error = open(&infinite, Some(Missing::Mask)).unwrap_err().to_string();
    assert!(error.contains("holds inf at frame 1"), "{error}");
}

#[test]
fn a_manifest_tells_the_times_of_clips() {
    let folder = tempfile::tempdir().unwrap();
    let path = recording(folder.path());
    assert_eq!(open(&path, Some(Missing::Mask)).unwrap().train.times(0), None);
    let manifest = r#"{ "version": 1, "shape": [20, 1, 2, 3], "sha256": "", "step_seconds": 300, "missing_share": 0.25,
        "stretches": [{ "frames": 5, "start": "2010-08-26T00:00:00Z" }, { "frames": 15, "start": "2010-08-26T12:00:00Z" }],
        "least": null, "greatest": null, "mean": null, "source": "radar", "fingerprint": "", "settings": null }"#;
    fs::write(folder.path().join("rain.npy.json"), manifest).unwrap();
    let splits = open(&path, Some(Missing::Mask)).unwrap();
    let noon = 1_282_780_800 + 12 * 3600;
    let all: Vec<Vec<i64>> = [&splits.train, &splits.validation, &splits.test]
        .into_iter()
        .flat_map(|part| (0..part.len()).map(|index| part.times(index).unwrap()))
        .collect();
    assert!(all.contains(&vec![noon, noon + 300, noon + 600]), "{all:?}");
    let steady = |times: &Vec<i64>| times.windows(2).all(|pair| pair[1] - pair[0] == 300);
    assert!(all.iter().all(steady), "{all:?}");
}

#[test]
fn channels_that_are_added_leave_missing_values_and_times_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = recording(folder.path());
    let land = folder.path().join("land.npy");
    write_array(&land, &[2, 3], &[1.0, 2.0, 3.0, f32::NAN, 4.0, 5.0]).unwrap();
    let dataset = foreframe_datasets::files();
    let splits = (dataset.open)(&DataConfig {
        path: Some(path),
        past: 2,
        future: 1,
        missing: Some(Missing::Mask),
        static_fields: vec![land.display().to_string()],
        start: Some("2010-08-26".to_owned()),
        time_step: Some(300),
        ..(dataset.defaults)()
    })
    .unwrap();
    assert_eq!(splits.normalization.mean[1], 3.0);
    let begin = 1_282_780_800;
    assert_eq!(splits.train.times(1), Some(vec![begin + 300, begin + 600, begin + 900]));
    let mut clip = vec![0.0; splits.clip.clip_len()];
    splits.train.read(0, 0, &mut clip).unwrap();
    for (number, frame) in clip.chunks_exact(12).enumerate() {
        let missing: Vec<usize> = (0..12).filter(|at| frame[*at].is_nan()).collect();
        assert_eq!(missing, [&[0][..], &[0, 1]][number % 2]);
        // A network cannot tell where a field that never changes is missing from where it is as usual.
        assert_eq!((frame[8], frame[9]), (0.0, 0.0));
    }
}

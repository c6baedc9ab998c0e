use super::*;
use crate::files::{ArrayState, inspect, verify};
use foreframe_formats::npy::{read_array, write_array};

fn source(folder: &Path) -> DataConfig {
    let path = folder.join("in.npy");
    let mut values: Vec<f32> = (0..30 * 16).map(|value| (value / 16) as f32).collect();
    values[3] = f32::NAN;
    write_array(&path, &[30, 4, 4], &values).unwrap();
    DataConfig {
        path: Some(path),
        pool: Some(2),
        ..DataConfig::default()
    }
}

#[test]
fn an_array_is_converted_once_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let config = source(folder.path());
    let output = folder.path().join("out.npy");
    let mut seen = Vec::new();
    let manifest = convert(&config, &output, |done, total| seen.push((done, total))).unwrap();
    assert_eq!((manifest.shape, seen.len(), seen[29]), ([30, 1, 2, 2], 30, (30, 30)));
    assert_eq!(
        (manifest.least, manifest.greatest, manifest.missing_share),
        (Some(0.0), Some(29.0), 0.0)
    );
    assert_eq!(read_array(&output).unwrap().values[4 * 29..], [29.0; 4]);
    assert_eq!(ArrayManifest::of(&output).unwrap().unwrap(), manifest);
    assert_eq!(
        convert(&config, &output, |_, _| panic!("it is there already")).unwrap(),
        manifest
    );
    assert_eq!(verify(folder.path()).unwrap(), [(output.clone(), ArrayState::Intact)]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);

    let other = DataConfig {
        pool: None,
        ..config.clone()
    };
    let error = convert(&other, &output, |_, _| ()).unwrap_err().to_string();
    assert!(error.contains("out.npy` is there already"), "{error}");
    assert!(
        convert(&config, &folder.path().join("out.txt"), |_, _| ())
            .unwrap_err()
            .to_string()
            .contains(".npy")
    );

    let mut bytes = fs::read(&output).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&output, bytes).unwrap();
    assert_eq!(verify(&output).unwrap(), [(output.clone(), ArrayState::Damaged)]);
    assert!(
        verify(config.path.as_deref().unwrap())
            .unwrap_err()
            .to_string()
            .contains("no manifest")
    );
    fs::write(ArrayManifest::path_of(&output), "{}").unwrap();
    assert!(verify(&output).unwrap_err().to_string().contains("is no manifest"));
}

#[test]
fn an_interrupted_conversion_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = source(folder.path());
    let whole = folder.path().join("whole.npy");
    let expected = convert(&config, &whole, |_, _| ()).unwrap();
    let output = folder.path().join("out.npy");
    let part = Part::of(&output);
    // As after a loss of power: ten frames and a piece of the next.
    let bytes = fs::read(&whole).unwrap();
    fs::write(&part.array, &bytes[..128 + 10 * 16 + 7]).unwrap();
    fs::write(&part.journal, &expected.fingerprint).unwrap();
    let mut written = Vec::new();
    let manifest = convert(&config, &output, |done, _| written.push(done)).unwrap();
    assert_eq!(written, (11..=30).collect::<Vec<_>>());
    assert_eq!(manifest.sha256, expected.sha256);

    // A part of something else is no beginning.
    fs::remove_file(&output).unwrap();
    fs::write(&part.array, vec![7; 500]).unwrap();
    fs::write(&part.journal, "content:something else").unwrap();
    assert_eq!(convert(&config, &output, |_, _| ()).unwrap().sha256, expected.sha256);
}

#[test]
fn missing_values_are_kept_counted_or_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let config = DataConfig {
        pool: None,
        ..source(folder.path())
    };
    let (found, frames) = inspect(&config, 64, 2).unwrap();
    assert_eq!(
        (found.frames, found.size, found.range),
        (30, [1, 4, 4], Some([0.0, 29.0]))
    );
    assert_eq!((found.missing_share, frames.shape), (1.0 / 480.0, vec![2, 1, 4, 4]));
    assert!(frames.values[3].is_nan() && frames.values[16] == 29.0);
    let kept = convert(&config, &folder.path().join("kept.npy"), |_, _| ()).unwrap();
    assert_eq!(kept.missing_share, 1.0 / 480.0);
    let filled = DataConfig {
        missing: Some(crate::Missing::Become(-1.0)),
        ..config
    };
    let filled = convert(&filled, &folder.path().join("filled.npy"), |_, _| ()).unwrap();
    assert_eq!((filled.missing_share, filled.least), (0.0, Some(-1.0)));
}

//! Frames are read alike for training and for what follows it: a table over every key of the section `[data]`.

use std::fs;
use std::path::{Path, PathBuf};

use foreframe_data::Links;
use foreframe_data::files::{FrameFile, Past, observe};
use foreframe_data::{ClipSource, DataConfig, Missing, Noise, NoisySplits, Pick, Scaling, Splits, TimeEncoding};
use foreframe_formats::npy::write_array;
use netcdf_writer::{NcAttrValue, NcFileBuilder, NcWriteOptions};

const ROWS: usize = 6;
const COLUMNS: usize = 8;
const FRAMES: usize = 60;

/// Value of a channel, always another, in 0..=255 so that it is a byte as well.
fn value(frame: usize, channel: usize, pixel: usize) -> u8 {
    ((frame * 31 + channel * 57 + pixel * 13 + frame * pixel) % 251) as u8
}

fn bytes(frames: usize, channels: usize) -> Vec<u8> {
    let mut all = Vec::new();
    for frame in 0..frames {
        for channel in 0..channels {
            all.extend((0..ROWS * COLUMNS).map(|pixel| value(frame, channel, pixel)));
        }
    }
    all
}

/// An array of `channels` channels, stored as `descr`, whose values are those of `bytes`.
fn npy(path: &Path, descr: &str, frames: usize, channels: usize) {
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({frames}, {channels}, {ROWS}, {COLUMNS}), }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    for byte in bytes(frames, channels) {
        match descr {
            "|u1" => file.push(byte),
            "<u2" => file.extend((u16::from(byte) * 257).to_le_bytes()),
            _ => file.extend((f32::from(byte) + 250.0).to_le_bytes()),
        }
    }
    fs::write(path, file).unwrap();
}

fn float_npy(path: &Path, frames: usize, missing: bool) {
    let mut values: Vec<f32> = bytes(frames, 1).into_iter().map(f32::from).collect();
    if missing {
        values.iter_mut().step_by(7).for_each(|value| *value = f32::NAN);
    }
    write_array(path, &[frames, 1, ROWS, COLUMNS], &values).unwrap();
}

/// Two variables in `unit` on latitudes that run north or south, hourly from the beginning on.
fn netcdf(path: &Path, frames: usize, unit: &str, northward: bool) {
    netcdf_of(path, 0..frames, unit, northward);
}

/// As [`netcdf`], of some of the hours.
fn netcdf_of(path: &Path, hours: std::ops::Range<usize>, unit: &str, northward: bool) {
    let frames = hours.len();
    let mut file = NcFileBuilder::new();
    let time = file.add_dimension("time", frames as u64).unwrap();
    let lat = file.add_dimension("lat", ROWS as u64).unwrap();
    let lon = file.add_dimension("lon", COLUMNS as u64).unwrap();
    let axis = file.add_variable::<i32>("time", &[time]).unwrap();
    let since = NcAttrValue::Chars("hours since 2019-03-01 00:00:00".to_owned());
    file.add_variable_attribute(axis, "units", since).unwrap();
    let times: Vec<i32> = hours.clone().map(|hour| hour as i32).collect();
    file.write_variable(axis, &times).unwrap();
    let latitude = file.add_variable::<f32>("lat", &[lat]).unwrap();
    let row = |row: usize| if northward { row } else { ROWS - 1 - row };
    let latitudes: Vec<f32> = (0..ROWS).map(|at| 50.0 + row(at) as f32).collect();
    file.write_variable(latitude, &latitudes).unwrap();
    let longitude = file.add_variable::<f32>("lon", &[lon]).unwrap();
    let longitudes: Vec<f32> = (0..COLUMNS).map(|at| at as f32).collect();
    file.write_variable(longitude, &longitudes).unwrap();
    for (channel, name) in ["t2m", "u10"].into_iter().enumerate() {
        let variable = file.add_variable::<f32>(name, &[time, lat, lon]).unwrap();
        let text = NcAttrValue::Chars(unit.to_owned());
        file.add_variable_attribute(variable, "units", text).unwrap();
        let mut values = Vec::new();
        for frame in hours.clone() {
            for at in 0..ROWS {
                let kelvin = |column: usize| 200.0 + f32::from(value(frame, channel, row(at) * COLUMNS + column)) / 2.0;
                let of_unit = |kelvin: f32| if unit == "K" { kelvin } else { kelvin - 273.15 };
                values.extend((0..COLUMNS).map(|column| of_unit(kelvin(column))));
            }
        }
        file.write_variable(variable, &values).unwrap();
    }
    fs::write(path, file.to_vec(NcWriteOptions::classic()).unwrap().1).unwrap();
}

/// Writes the first frames of the same data under a name; returns what to name as the path.
type Write = fn(&Path, usize) -> PathBuf;

fn kelvin(folder: &Path, frames: usize) -> PathBuf {
    let path = folder.join(format!("{frames}.nc"));
    netcdf(&path, frames, "K", true);
    path
}

fn byte_array(folder: &Path, frames: usize) -> PathBuf {
    let path = folder.join(format!("{frames}.npy"));
    npy(&path, "|u1", frames, 3);
    path
}

fn float_array(folder: &Path, frames: usize) -> PathBuf {
    let path = folder.join(format!("{frames}.npy"));
    npy(&path, "<f4", frames, 1);
    path
}

fn word_array(folder: &Path, frames: usize) -> PathBuf {
    let path = folder.join(format!("{frames}.npy"));
    npy(&path, "<u2", frames, 1);
    path
}

fn with_holes(folder: &Path, frames: usize) -> PathBuf {
    let path = folder.join(format!("{frames}.npy"));
    float_npy(&path, frames, true);
    path
}

/// A folder of one file, and one that leads out of it.
fn linked(folder: &Path, frames: usize) -> PathBuf {
    let (data, other) = (
        folder.join(format!("of-{frames}")),
        folder.join(format!("other-{frames}")),
    );
    fs::create_dir(&data).unwrap();
    fs::create_dir(&other).unwrap();
    netcdf(&other.join("a.nc"), frames, "K", true);
    #[cfg(unix)]
    std::os::unix::fs::symlink(other.join("a.nc"), data.join("a.nc")).unwrap();
    #[cfg(not(unix))]
    fs::copy(other.join("a.nc"), data.join("a.nc")).unwrap();
    data
}

/// A folder of a file and a damaged one.
fn damaged(folder: &Path, frames: usize) -> PathBuf {
    let data = folder.join(format!("of-{frames}"));
    fs::create_dir(&data).unwrap();
    netcdf(&data.join("a.nc"), frames, "K", true);
    fs::write(data.join("b.nc"), b"CDF").unwrap();
    data
}

enum Row {
    /// Frames read for training and for a forecast must be the same bits where the key is set like this.
    Same(Write, fn(&mut DataConfig)),
    /// It does not say how a frame is read.
    NotOfFrames(&'static str),
}
use Row::{NotOfFrames, Same};

fn table() -> Vec<(&'static str, Row)> {
    let clips = "which clips there are, not how a frame is read";
    let variable = |config: &mut DataConfig| config.variable = Some("t2m".to_owned());
    vec![
        ("name", NotOfFrames("the dataset")),
        ("path", NotOfFrames("where the files lie")),
        ("past", NotOfFrames(clips)),
        ("future", NotOfFrames(clips)),
        ("seed", NotOfFrames(clips)),
        ("noise", NotOfFrames("what disturbs training on purpose")),
        ("noise_in", NotOfFrames("what disturbs training on purpose")),
        ("noise_box", NotOfFrames("what disturbs training on purpose")),
        ("noise_rate", NotOfFrames("what disturbs training on purpose")),
        ("stride", NotOfFrames(clips)),
        ("split", NotOfFrames(clips)),
        ("validation_share", NotOfFrames(clips)),
        ("test_share", NotOfFrames(clips)),
        ("protocol", NotOfFrames(clips)),
        ("step", Same(byte_array, |config| config.step = 3)),
        ("normalize", Same(byte_array, |_| {})),
        (
            "normalize",
            Same(word_array, |config| config.normalize = Scaling::Scale),
        ),
        ("normalize", Same(byte_array, |config| config.normalize = Scaling::None)),
        (
            "normalize",
            Same(byte_array, |config| config.normalize = Scaling::ZScore),
        ),
        (
            "normalize",
            Same(float_array, |config| config.normalize = Scaling::MinMax),
        ),
        ("normalize", Same(float_array, |_| {})),
        ("resize", Same(byte_array, |config| config.resize = Some([4, 4]))),
        ("crop", Same(float_array, |config| config.crop = Some([1, 2, 4, 5]))),
        ("pool", Same(byte_array, |config| config.pool = Some(2))),
        (
            "missing",
            Same(with_holes, |config| config.missing = Some(Missing::Mask)),
        ),
        (
            "missing",
            Same(with_holes, |config| config.missing = Some(Missing::Become(3.0))),
        ),
        (
            "channels",
            Same(byte_array, |config| {
                config.channels = vec![Pick("2".to_owned()), Pick("0".to_owned())]
            }),
        ),
        (
            "targets",
            Same(byte_array, |config| config.targets = vec![Pick("1".to_owned())]),
        ),
        ("variable", Same(kelvin, variable)),
        (
            "variables",
            Same(kelvin, |config| {
                config.variables = vec!["u10".to_owned(), "t2m".to_owned()]
            }),
        ),
        (
            "unit",
            Same(kelvin, |config| {
                config.variable = Some("t2m".to_owned());
                config.unit = Some("C".to_owned());
            }),
        ),
        (
            "axes",
            Same(kelvin, |config| {
                config.variable = Some("t2m".to_owned());
                config.axes = Some("txy".to_owned());
            }),
        ),
        (
            "time_encodings",
            Same(kelvin, |config| {
                config.variable = Some("t2m".to_owned());
                config.time_encodings = vec![TimeEncoding::Hour];
            }),
        ),
        (
            "start",
            Same(float_array, |config| {
                config.time_encodings = vec![TimeEncoding::Hour];
                (config.start, config.time_step) = (Some("2019-03-01T00:00".to_owned()), Some(3600));
            }),
        ),
        ("time_step", NotOfFrames("goes with start")),
        (
            "static",
            Same(byte_array, |config| {
                let land = config.path.as_ref().unwrap().with_file_name("land.npy");
                write_array(&land, &[ROWS, COLUMNS], &[2.5; ROWS * COLUMNS]).unwrap();
                config.static_fields = vec![land.display().to_string()];
            }),
        ),
        (
            "links",
            Same(linked, |config| {
                config.variable = Some("t2m".to_owned());
                config.links = Links::Follow;
            }),
        ),
        (
            "damaged",
            Same(damaged, |config| {
                config.variable = Some("t2m".to_owned());
                config.damaged = foreframe_formats::fields::Damaged::Skip;
            }),
        ),
    ]
}

fn open(path: PathBuf, change: fn(&mut DataConfig)) -> (DataConfig, Splits) {
    let mut config = DataConfig {
        path: Some(path),
        past: 3,
        future: 2,
        ..(foreframe_datasets::files().defaults)()
    };
    change(&mut config);
    foreframe_datasets::files().check_keys(&config).unwrap();
    let splits = (foreframe_datasets::files().open)(&config).unwrap();
    (config, splits)
}

/// The observed channels of the past of the last test clip, normalized, as a network gets them.
fn of_training(test: &dyn ClipSource) -> (Vec<f32>, usize) {
    let shape = test.shape();
    let mut clip = vec![0.0; shape.clip_len()];
    test.read(0, test.len() - 1, &mut clip).unwrap();
    let observed = test.channels().map_or(shape.channels, |channels| channels.observed);
    let plane = shape.height * shape.width;
    let past = clip.chunks_exact(shape.frame_len()).take(shape.past);
    (
        past.flat_map(|frame| frame[..observed * plane].to_vec()).collect(),
        observed,
    )
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

#[test]
fn every_key_counts_alike_in_training_and_in_use() {
    let table = table();
    let mut keys: Vec<&str> = foreframe_datasets::files().keys.to_vec();
    keys.extend(foreframe_data::COMMON_KEYS);
    keys.push("path");
    for key in &keys {
        assert!(
            table.iter().any(|(name, _)| name == key),
            "`{key}` has no row: say how it is read"
        );
    }
    for (key, row) in &table {
        assert!(keys.contains(key), "`{key}` is no key of own files");
        let (write, change) = match row {
            Same(write, change) => (write, change),
            NotOfFrames(why) => {
                assert!(!why.is_empty());
                continue;
            }
        };
        let folder = tempfile::tempdir().unwrap();
        let (config, splits) = open(write(folder.path(), FRAMES), *change);
        let (expected, observed) = of_training(splits.test.as_ref());
        let input = splits.input.as_ref().unwrap();
        // The same data, cut where the past of the last clip ends.
        let later = write(folder.path(), FRAMES - config.future * config.step);
        let past = Past { frames: 3, least: 3 };
        let mut found = observe(&later, input, splits.channels(), past).unwrap();
        let size = foreframe_core::ClipShape {
            channels: observed,
            ..splits.clip
        };
        let normalization = splits.normalization.first(observed);
        normalization.normalize(&mut found.values, &size);
        assert_eq!(found.size, [observed, size.height, size.width], "{key}");
        assert!(
            same_bits(&found.values, &expected),
            "`{key}`: a forecast begins from other frames than training"
        );
        if later.is_file() {
            // As `--watch` reads them.
            let file = FrameFile::open(&later, input, splits.channels()).unwrap();
            let places = (0..3).rev().map(|back| file.len() - 1 - back * config.step);
            let mut watched: Vec<f32> = places.flat_map(|frame| file.read(frame).unwrap()).collect();
            normalization.normalize(&mut watched, &size);
            assert!(
                same_bits(&watched, &expected),
                "`{key}`: watching reads other frames than training"
            );
        }
    }
}

#[test]
fn units_and_orientations_are_converted_and_others_refused() {
    let folder = tempfile::tempdir().unwrap();
    let trained = kelvin(folder.path(), FRAMES);
    let (_, splits) = open(trained, |config| config.variable = Some("t2m".to_owned()));
    let input = splits.input.unwrap();
    assert_eq!((input.unit(), input.seconds), (Some("K"), Some(3600)));
    let past = Past { frames: 3, least: 3 };
    let read = |path: &Path| observe(path, &input, None, past).map(|observed| observed.values);
    let expected = read(&kelvin(folder.path(), 20)).unwrap();
    let other = folder.path().join("celsius.nc");
    netcdf(&other, 20, "degC", false);
    let found = read(&other).unwrap();
    let furthest = expected
        .iter()
        .zip(&found)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(furthest < 1e-3, "{furthest}");
    netcdf(&other, 20, "Pa", true);
    let message = read(&other).unwrap_err().to_string();
    assert!(
        message.contains("celsius.nc` is in Pa, which cannot be converted to K"),
        "{message}"
    );
}

#[test]
fn another_interval_is_stepped_over_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, splits) = open(kelvin(folder.path(), FRAMES), |config| {
        config.variable = Some("t2m".to_owned());
        config.step = 2;
    });
    let mut input = splits.input.unwrap();
    assert_eq!(input.seconds, Some(7200));
    let hourly = kelvin(folder.path(), 20);
    let past = Past { frames: 3, least: 3 };
    let newest = |input: &foreframe_data::InputSpec| observe(&hourly, input, None, past);
    let hour = |times: Option<Vec<i64>>| {
        times
            .unwrap()
            .iter()
            .map(|time| time % 86_400 / 3600)
            .collect::<Vec<_>>()
    };
    assert_eq!(hour(newest(&input).unwrap().times), [15, 17, 19]);
    input.seconds = Some(3 * 3600);
    assert_eq!(hour(newest(&input).unwrap().times), [13, 16, 19]);
    input.seconds = Some(900);
    let message = newest(&input).unwrap_err().to_string();
    assert!(
        message.contains("frames 3600 s apart, the network was trained on frames 900 s apart"),
        "{message}"
    );
}

#[test]
fn keys_without_effect_are_refused_with_those_that_have_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = byte_array(folder.path(), FRAMES);
    type Change = fn(&mut DataConfig);
    let of_kind: [(Change, &str); 4] = [
        (|config| config.variable = Some("t".to_owned()), "data.variable"),
        (|config| config.axes = Some("tcyx".to_owned()), "data.axes"),
        (
            |config| config.unit = Some("mm/h".to_owned()),
            "cannot be converted to mm/h",
        ),
        (
            |config| config.damaged = foreframe_formats::fields::Damaged::Skip,
            "data.damaged",
        ),
    ];
    for (change, expected) in of_kind {
        let mut config = DataConfig {
            path: Some(path.clone()),
            past: 3,
            future: 2,
            ..(foreframe_datasets::files().defaults)()
        };
        change(&mut config);
        let message = (foreframe_datasets::files().open)(&config).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains("60.npy"), "{message}");
    }
    let refused = |change: Change| {
        let mut config = (foreframe_datasets::files().defaults)();
        change(&mut config);
        foreframe_datasets::files().check_keys(&config).unwrap_err().to_string()
    };
    let message = refused(|config| config.level = 2);
    assert!(
        message.contains("`data.level` is 2, but `files` has no use for it"),
        "{message}"
    );
    assert!(message.contains("normalize") && message.contains("crop"), "{message}");
    assert!(refused(|config| config.size = 16).contains("data.size"));
    // Keys of a disturbance, without it or of another one.
    let noise: [(Change, &str); 3] = [
        (|config| config.noise_box = 3, "data.noise_box"),
        (|config| config.noise_in = NoisySplits::All, "data.noise_in"),
        (
            |config| (config.noise, config.noise_rate) = (Noise::Box, 0.5),
            "data.noise_rate",
        ),
    ];
    for (change, key) in noise {
        let message = refused(change);
        assert!(message.contains(key) && message.contains("set data.noise"), "{message}");
    }
    let mut generated = (foreframe_datasets::moving_digits().defaults)();
    generated.path = Some("digits".into());
    assert!(
        foreframe_datasets::moving_digits()
            .check_keys(&generated)
            .unwrap_err()
            .to_string()
            .contains("data.path")
    );
    let mut config = (foreframe_datasets::kth().defaults)();
    config.unit = Some("K".to_owned());
    assert!(
        foreframe_datasets::kth()
            .check_keys(&config)
            .unwrap_err()
            .to_string()
            .contains("data.unit")
    );
}

/// Files of one folder are brought to the unit and the orientation of the first.
#[test]
fn files_of_one_folder_become_alike_or_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = kelvin(folder.path(), FRAMES);
    let parts = folder.path().join("parts");
    fs::create_dir(&parts).unwrap();
    netcdf_of(&parts.join("a.nc"), 0..25, "K", true);
    netcdf_of(&parts.join("b.nc"), 25..FRAMES, "degC", false);
    let of = |path: PathBuf| open(path, |config| config.variable = Some("t2m".to_owned())).1;
    let (expected, found) = (of(whole), of(parts.clone()));
    assert_eq!(expected.test.len(), found.test.len());
    let clip = |splits: &Splits| {
        let mut clip = vec![0.0; splits.clip.clip_len()];
        splits.test.read(0, 0, &mut clip).unwrap();
        splits.normalization.denormalize(&mut clip, &splits.clip);
        clip
    };
    let furthest = (clip(&expected).iter().zip(clip(&found)))
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(furthest < 1e-3, "{furthest} K");
    netcdf_of(&parts.join("b.nc"), 25..FRAMES, "m/s", true);
    let config = DataConfig {
        path: Some(parts),
        variable: Some("t2m".to_owned()),
        ..(foreframe_datasets::files().defaults)()
    };
    let message = (foreframe_datasets::files().open)(&config).unwrap_err().to_string();
    assert!(
        message.contains("b.nc` is in m/s, which cannot be converted to K"),
        "{message}"
    );
}

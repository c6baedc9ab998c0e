use std::fs;
use std::path::{Path, PathBuf};

use netcdf_writer::{NcAttrValue, NcFileBuilder, NcWriteOptions};

use super::*;
use crate::{DataError, Scaling, Splits, files};
use foreframe_formats::npy::write_array;

const ROWS: usize = 2;
const COLUMNS: usize = 5;
const PLANE: usize = ROWS * COLUMNS;
const HOURS: usize = 40;
/// 2019-03-01T00:00:00Z.
const START: i64 = 1_551_398_400;

fn t2m(hour: usize, pixel: usize) -> f32 {
    280.0 + hour as f32 + 0.25 * pixel as f32
}

fn u10(hour: usize, pixel: usize) -> f32 {
    ((hour * 7 + pixel * 3) % 11) as f32 - 5.0
}

fn land(pixel: usize) -> f32 {
    (pixel * pixel) as f32
}

type Variable = (&'static str, fn(usize, usize) -> f32);
const BOTH: [Variable; 2] = [("t2m", t2m), ("u10", u10)];

/// Hourly fields from `START` on and a field that does not change, `z`, in a classic NetCDF file.
fn netcdf(folder: &Path, name: &str, hours: usize, variables: &[Variable]) -> PathBuf {
    let mut file = NcFileBuilder::new();
    let time = file.add_dimension("time", hours as u64).unwrap();
    let lat = file.add_dimension("lat", ROWS as u64).unwrap();
    let lon = file.add_dimension("lon", COLUMNS as u64).unwrap();
    let axis = file.add_variable::<i32>("time", &[time]).unwrap();
    let units = NcAttrValue::Chars("hours since 2019-03-01 00:00:00".to_owned());
    file.add_variable_attribute(axis, "units", units).unwrap();
    file.write_variable(axis, &(0..hours as i32).collect::<Vec<i32>>())
        .unwrap();
    for (name, value) in variables {
        let variable = file.add_variable::<f32>(*name, &[time, lat, lon]).unwrap();
        let values = (0..hours * PLANE).map(|at| value(at / PLANE, at % PLANE));
        file.write_variable(variable, &values.collect::<Vec<f32>>()).unwrap();
    }
    let z = file.add_variable::<f32>("z", &[lat, lon]).unwrap();
    file.write_variable(z, &(0..PLANE).map(land).collect::<Vec<f32>>())
        .unwrap();
    let path = folder.join(name);
    fs::write(&path, file.to_vec(NcWriteOptions::classic()).unwrap().1).unwrap();
    path
}

fn picks(names: &[&str]) -> Vec<Pick> {
    names.iter().map(|name| Pick((*name).to_owned())).collect()
}

/// Clips of 3 -> 2 frames that forecast u10 and read t2m, two static fields and the hour besides.
fn config(folder: &Path, path: &Path) -> DataConfig {
    let mask: Vec<f32> = (0..PLANE).map(|pixel| (pixel % 2) as f32).collect();
    write_array(&folder.join("mask.npy"), &[ROWS, COLUMNS], &mask).unwrap();
    DataConfig {
        name: "files".to_owned(),
        path: Some(path.to_owned()),
        past: 3,
        future: 2,
        variables: vec!["t2m".to_owned(), "u10".to_owned()],
        targets: picks(&["u10"]),
        static_fields: vec![
            format!("{}:z", folder.join("era.nc").display()),
            folder.join("mask.npy").display().to_string(),
        ],
        time_encodings: vec![TimeEncoding::Hour],
        ..DataConfig::default()
    }
}

fn clip(splits: &Splits, index: usize) -> Vec<Vec<f32>> {
    let mut frames = vec![f32::NAN; splits.clip.clip_len()];
    splits.test.read(0, index, &mut frames).unwrap();
    frames.chunks(PLANE).map(<[f32]>::to_vec).collect()
}

/// Mean and standard deviation over the first `hours` hours.
fn moments(value: fn(usize, usize) -> f32, hours: usize) -> [f64; 2] {
    let values: Vec<f64> = (0..hours * PLANE)
        .map(|at| value(at / PLANE, at % PLANE).into())
        .collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    [mean, square.sqrt()]
}

#[track_caller]
fn assert_near(found: &[f32], expected: impl Fn(usize) -> f64) {
    for (pixel, found) in found.iter().enumerate() {
        let expected = expected(pixel);
        assert!(
            (f64::from(*found) - expected).abs() < 1e-4,
            "pixel {pixel}: {found}, expected {expected}"
        );
    }
}

#[test]
fn every_channel_is_in_its_place_and_normalized_by_the_training_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = netcdf(folder.path(), "era.nc", HOURS, &BOTH);
    let splits = files::open(&config(folder.path(), &path)).unwrap();
    let channels = splits.channels().unwrap();
    assert_eq!(channels.names, ["u10", "t2m", "z", "mask", "hour-sine", "hour-cosine"]);
    assert_eq!(
        (channels.targets, channels.observed, channels.seconds),
        (1, 2, Some(3600))
    );
    assert_eq!((splits.clip.channels, splits.forecast().0.channels), (6, 1));
    // One recording of 40 hours: 5 validate, 5 test, 30 train.
    let trained = HOURS - 10;
    let statistics = [moments(u10, trained), moments(t2m, trained)];
    for (channel, [mean, std]) in statistics.iter().enumerate() {
        assert!((f64::from(splits.normalization.mean[channel]) - mean).abs() < 1e-4);
        assert!((f64::from(splits.normalization.std[channel]) - std).abs() < 1e-4);
    }
    let fixed = moments(|_, pixel| land(pixel), 1);
    assert!((f64::from(splits.normalization.mean[2]) - fixed[0]).abs() < 1e-5);
    assert_eq!(splits.normalization.mean.len(), 6);
    assert_eq!((splits.normalization.mean[5], splits.normalization.std[5]), (0.0, 1.0));
    let planes = clip(&splits, 0);
    for (frame, planes) in planes.chunks(6).enumerate() {
        let hour = HOURS - 5 + frame;
        let normal = |value: f32, [mean, std]: [f64; 2]| (f64::from(value) - mean) / std;
        assert_near(&planes[0], |pixel| normal(u10(hour, pixel), statistics[0]));
        // Nobody knows the temperature of the future, and it is not to be forecast.
        let known = hour.min(HOURS - 5 + 2);
        assert_near(&planes[1], |pixel| normal(t2m(known, pixel), statistics[1]));
        assert_near(&planes[2], |pixel| normal(land(pixel), fixed));
        assert_near(&planes[3], |pixel| if pixel % 2 == 0 { -1.0 } else { 1.0 });
        let angle = std::f64::consts::TAU * (hour % 24) as f64 / 24.0;
        assert_near(&planes[4], |_| angle.sin());
        assert_near(&planes[5], |_| angle.cos());
    }
}

#[test]
fn variables_in_files_of_their_own_and_converted_ones_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = netcdf(folder.path(), "era.nc", HOURS, &BOTH);
    let expected = config(folder.path(), &path);
    let splits = files::open(&expected).unwrap();
    let apart = folder.path().join("apart");
    fs::create_dir(&apart).unwrap();
    for (name, variable) in [("a.nc", BOTH[1]), ("b.nc", BOTH[0])] {
        netcdf(&apart, name, HOURS, &[variable]);
    }
    let of_folder = DataConfig {
        path: Some(apart),
        ..expected.clone()
    };
    let array = folder.path().join("array.npy");
    let manifest = files::convert(&expected, &array, |_, _| {}).unwrap();
    assert_eq!(manifest.channels, ["t2m", "u10"]);
    let converted = DataConfig {
        path: Some(array),
        variables: Vec::new(),
        ..expected.clone()
    };
    for config in [of_folder, converted] {
        let other = files::open(&config).unwrap();
        assert_eq!(other.channels().unwrap().names, splits.channels().unwrap().names);
        assert_eq!(clip(&other, 0), clip(&splits, 0));
    }
}

#[test]
fn channels_of_arrays_are_chosen_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("five.npy");
    // Every value is its channel and, behind the comma, its frame.
    let values = (0..20 * 5 * PLANE).map(|at| (at / PLANE % 5) as f32 + (at / PLANE / 5) as f32 / 100.0);
    write_array(&path, &[20, 5, ROWS, COLUMNS], &values.collect::<Vec<f32>>()).unwrap();
    let mut config = DataConfig {
        variables: Vec::new(),
        static_fields: Vec::new(),
        normalize: Scaling::None,
        channels: picks(&["4", "2", "0"]),
        targets: picks(&["0"]),
        start: Some("2019-03-01T05:00".to_owned()),
        time_step: Some(1800),
        ..config(folder.path(), &path)
    };
    let splits = files::open(&config).unwrap();
    let channels = splits.channels().unwrap();
    assert_eq!(channels.names, ["0", "4", "2", "hour-sine", "hour-cosine"]);
    let planes = clip(&splits, 0);
    for (plane, channel) in planes.iter().zip([0.0, 4.0, 2.0]) {
        assert_near(plane, |_| channel + 0.15);
    }
    // Frame 15 is of 12:30.
    assert_near(&planes[3], |_| (std::f64::consts::TAU * 12.5 / 24.0).sin());
    // Arrays of all channels or of those chosen can be told apart, and what is written of the latter is read again.
    let frame = |channels: usize| -> Vec<f32> { (0..channels * PLANE).map(|at| (at / PLANE) as f32).collect() };
    let first =
        |frames: Option<Vec<f32>>| frames.map(|frames| frames.iter().step_by(PLANE).copied().collect::<Vec<f32>>());
    assert_eq!(first(channels.choose(frame(5), 5, PLANE)), Some(vec![0.0, 4.0, 2.0]));
    assert_eq!(first(channels.choose(frame(3), 3, PLANE)), Some(vec![0.0, 1.0, 2.0]));
    assert_eq!(channels.choose(frame(4), 4, PLANE), None);
    config.channels = picks(&["3", "1", "2", "0", "4"]);
    let all = files::open(&config).unwrap();
    let all = all.channels().unwrap();
    let chosen = all.choose(frame(5), 5, PLANE).unwrap();
    assert_eq!(first(Some(chosen.clone())), Some(vec![0.0, 3.0, 1.0, 2.0, 4.0]));
    assert_eq!(all.unchoose(chosen, PLANE), frame(5));
}

#[test]
fn a_forecast_begins_from_the_newest_frames_read_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = netcdf(folder.path(), "era.nc", HOURS, &BOTH);
    let config = DataConfig {
        step: 2,
        ..config(folder.path(), &path)
    };
    let splits = files::open(&config).unwrap();
    let channels = splits.channels().unwrap();
    let later = netcdf(folder.path(), "later.nc", 10, &[BOTH[1], BOTH[0]]);
    let observe = |path: &Path, frames: usize| {
        let past = files::Past { frames, least: frames };
        files::observe(path, splits.input.as_ref().unwrap(), Some(channels), past)
    };
    let newest = observe(&later, 3).unwrap();
    assert_eq!(newest.times, Some([5, 7, 9].map(|hour| START + 3600 * hour).to_vec()));
    for (frame, planes) in newest.values.chunks(2 * PLANE).enumerate() {
        assert_near(&planes[..PLANE], |pixel| u10(5 + 2 * frame, pixel).into());
        assert_near(&planes[PLANE..], |pixel| t2m(5 + 2 * frame, pixel).into());
    }
    let one = netcdf(folder.path(), "one.nc", 10, &[BOTH[0]]);
    let message = observe(&one, 3).unwrap_err().to_string();
    assert!(message.contains("one.nc` has no variable `u10`"), "{message}");
    let message = observe(&later, 6).unwrap_err().to_string();
    assert!(
        message.contains("later.nc` has 10 frames") && message.contains("11 frames or more"),
        "{message}"
    );
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = netcdf(folder.path(), "era.nc", HOURS, &BOTH);
    let good = config(folder.path(), &path);
    let array = folder.path().join("array.npy");
    write_array(&array, &[40, ROWS, COLUMNS], &[0.5; 40 * PLANE]).unwrap();
    let wide = folder.path().join("wide.npy").display().to_string();
    write_array(Path::new(&wide), &[ROWS, COLUMNS + 1], &[0.5; 12]).unwrap();
    let holes = folder.path().join("holes.npy").display().to_string();
    write_array(
        Path::new(&holes),
        &[ROWS, COLUMNS],
        &[[1.0; COLUMNS], [f32::NAN; COLUMNS]].concat(),
    )
    .unwrap();
    let changing = format!("{}:t2m", path.display());
    let other = netcdf(folder.path(), "shorter.nc", HOURS - 1, &[BOTH[1]]);
    let apart = folder.path().join("apart");
    fs::create_dir(&apart).unwrap();
    fs::rename(other, apart.join("u.nc")).unwrap();
    netcdf(&apart, "t.nc", HOURS, &[BOTH[0]]);
    let of_array = |config: &mut DataConfig| {
        (config.path, config.variables) = (Some(array.clone()), Vec::new());
        config.targets = Vec::new();
    };
    type Change<'a> = Box<dyn Fn(&mut DataConfig) + 'a>;
    let cases: Vec<(Change<'_>, &str)> = vec![
        (
            Box::new(|c| c.variables.push("v10".to_owned())),
            "has no variable `v10`: choose from: t2m [40, 2, 5], u10",
        ),
        (
            Box::new(|c| c.variables.push("t2m".to_owned())),
            "`data.variables` names `t2m` twice",
        ),
        (
            Box::new(|c| c.variable = Some("t2m".to_owned())),
            "data.variables is set too",
        ),
        (
            Box::new(|c| c.targets = picks(&["rain"])),
            "`data.targets` names `rain`, which no channel is called: choose from: t2m, u10",
        ),
        (Box::new(|c| c.targets = picks(&["u10", "1"])), "names `u10` twice"),
        (
            Box::new(|c| c.channels = picks(&["t2m"])),
            "`data.targets` names `u10`, which data.channels leaves out",
        ),
        (Box::new(|c| c.channels = picks(&["2"])), "`data.channels` names `2`"),
        (
            Box::new(|c| c.static_fields = vec![wide.clone()]),
            "wide.npy` is 2x6, but frames are 2x5",
        ),
        (
            Box::new(|c| c.static_fields = vec![holes.clone()]),
            "holes.npy` holds NaN at channel 0, row 1, column 0",
        ),
        (
            Box::new(|c| c.static_fields = vec![changing.clone()]),
            "has 40 frames in `t2m`",
        ),
        (
            Box::new(|c| c.static_fields = vec!["land.txt".to_owned()]),
            "land.txt` is no static field",
        ),
        (
            Box::new(|c| c.static_fields = vec!["absent.npy".to_owned()]),
            "absent.npy",
        ),
        (
            Box::new(|c| c.path = Some(apart.clone())),
            "has 39 frames of `u10`, but there are 40 of `t2m`",
        ),
        (
            Box::new(|c| c.start = Some("2019-03-01".to_owned())),
            "times of their own",
        ),
        (Box::new(of_array), "array.npy` does not say when its frames were taken"),
        (
            Box::new(|c| {
                of_array(c);
                c.start = Some("soon".to_owned())
            }),
            "`data.start` is `soon`: write a date",
        ),
        (
            Box::new(|c| {
                of_array(c);
                c.start = Some("2019-03-01".to_owned())
            }),
            "`data.time_step` is missing",
        ),
        (
            Box::new(|c| {
                of_array(c);
                c.time_step = Some(60)
            }),
            "data.start is missing",
        ),
    ];
    for (change, expected) in cases {
        let mut config = good.clone();
        change(&mut config);
        let message = files::open(&config)
            .map(|_| String::new())
            .unwrap_or_else(|error: DataError| error.to_string());
        assert!(message.contains(expected), "expected {expected}, found {message:?}");
    }
    files::open(&good).unwrap();
}

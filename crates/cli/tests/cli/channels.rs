//! Several variables, static fields and the time of the day, from training to a forecast.

use std::fs;
use std::ops::Range;
use std::path::Path;

use netcdf_writer::{NcAttrValue, NcFileBuilder, NcWriteOptions};

use crate::program::{command, json, read_npy, refused, stderr, succeed, write_npy};

const SIDE: usize = 16;
const PLANE: usize = SIDE * SIDE;

/// The temperature rises by one kelvin in an hour, everywhere.
fn t2m(hour: usize, pixel: usize) -> f32 {
    250.0 + hour as f32 + 0.125 * (pixel % SIDE) as f32
}

fn u10(hour: usize, pixel: usize) -> f32 {
    ((hour * 5 + pixel) % 13) as f32
}

/// Its name, and its value at an hour and a pixel.
type Variable = (&'static str, fn(usize, usize) -> f32);
const BOTH: [Variable; 2] = [("t2m", t2m), ("u10", u10)];

/// Hourly fields of these hours after midnight, and `z`, which does not change.
fn write_netcdf(path: &Path, hours: Range<usize>, variables: &[Variable]) {
    let mut file = NcFileBuilder::new();
    let time = file.add_dimension("time", hours.len() as u64).unwrap();
    let lat = file.add_dimension("lat", SIDE as u64).unwrap();
    let lon = file.add_dimension("lon", SIDE as u64).unwrap();
    let axis = file.add_variable::<i32>("time", &[time]).unwrap();
    let units = NcAttrValue::Chars("hours since 2019-03-01 00:00:00".to_owned());
    file.add_variable_attribute(axis, "units", units).unwrap();
    let moments: Vec<i32> = hours.clone().map(|hour| hour as i32).collect();
    file.write_variable(axis, &moments).unwrap();
    for (name, value) in variables {
        let variable = file.add_variable::<f32>(*name, &[time, lat, lon]).unwrap();
        let values = (hours.start * PLANE..hours.end * PLANE).map(|at| value(at / PLANE, at % PLANE));
        file.write_variable(variable, &values.collect::<Vec<f32>>()).unwrap();
    }
    let z = file.add_variable::<f32>("z", &[lat, lon]).unwrap();
    file.write_variable(z, &(0..PLANE).map(|pixel| pixel as f32).collect::<Vec<f32>>())
        .unwrap();
    std::fs::write(path, file.to_vec(NcWriteOptions::classic()).unwrap().1).unwrap();
}

const CHANNELS: [&str; 12] = [
    "--data-path",
    "era.nc",
    "--set",
    "data.variables=['u10', 't2m']",
    "--set",
    "data.targets=['t2m']",
    "--set",
    "data.static=['era.nc:z']",
    "--set",
    "data.time_encodings=['hour']",
    "--set",
    "data.past=4",
];

#[test]
fn one_of_two_variables_is_forecast_and_the_rest_is_read() {
    for network in ["simvp", "convlstm"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write_netcdf(&path.join("era.nc"), 0..48, &BOTH);
        let arguments = [
            "train",
            network,
            "--steps",
            "2",
            "--out",
            "run",
            "--set",
            "data.future=2",
            "--set",
            "train.batch=4",
        ];
        let stdout = succeed(path, &[&arguments[..], &CHANNELS[..]].concat());
        assert!(stdout.contains("persistence"), "{stdout}");
        let page = std::fs::read_to_string(path.join("run/report.html")).unwrap();
        assert!(page.contains("t2m (forecast), u10 (only read), z (only read), hour-sine (only read)"));
        // Scores are of the temperature alone, in kelvin: after one and two hours it is one and two kelvin higher.
        let scores = json(path, &["eval", "run", "--json", "--against", "climatology"]);
        let rows = scores["rows"].as_array().unwrap();
        let models: Vec<&str> = rows.iter().map(|row| row["model"].as_str().unwrap()).collect();
        assert_eq!(models, [network, "climatology", "persistence"]);
        let metrics = rows[2]["summary"]["metrics"].as_array().unwrap();
        let mse = metrics.iter().find(|metric| metric["name"] == "mse").unwrap();
        for (lead, expected) in [1.0, 4.0].into_iter().enumerate() {
            let found = mse["per_lead_time"][lead].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-3, "{network}: {mse}");
        }
        // The run has its own copy of the static field.
        std::fs::remove_file(path.join("era.nc")).unwrap();
        write_netcdf(&path.join("later.nc"), 0..10, &BOTH);
        let forecast = |input: &str, output: &str, more: &[&str]| {
            let arguments = ["forecast", "run", "-i", input, "-o", output, "--horizon", "5"];
            succeed(path, &[&arguments[..], more].concat());
            read_npy(&path.join(output))
        };
        let (shape, of_file) = forecast("later.nc", "file.npy", &[]);
        assert_eq!((shape.as_str(), of_file.len()), ("5, 1, 16, 16", 5 * PLANE));
        assert!(
            of_file.iter().all(|value| (150.0..450.0).contains(value)),
            "{network}: not in kelvin"
        );
        // The same frames as an array, in the order of data.variables, and their time by hand: hours 6 to 9.
        let array: Vec<u8> = (6..10).flat_map(frame).collect();
        write_npy(&path.join("clip.npy"), "<f4", &[4, 2, SIDE, SIDE], &array);
        let start = ["--start", "2019-03-01T06:00"];
        assert_eq!(
            forecast("clip.npy", "array.npy", &start),
            (shape.clone(), of_file.clone()),
            "{network}"
        );
        let night = forecast("clip.npy", "night.npy", &["--start", "2019-03-01T18:00"]);
        assert_ne!(night.1, of_file, "{network} does not look at the time");
        assert_eq!(forecast("run/samples/test-0-past.npy", "sample.npy", &start).0, shape);

        let says = |arguments: &[&str], words: &[&str]| {
            let base = ["forecast", "run", "-o", "no.npy"];
            let message = refused(path, &[&base[..], arguments].concat());
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        };
        says(&["-i", "clip.npy"], &["looks at the time", "--start 2019-03-01T00:00"]);
        says(
            &["-i", "clip.npy", "--start", "soon"],
            &["--start soon: write a date and time"],
        );
        says(&["-i", "later.nc", "--start", "2019-03-01"], &["later.nc` says itself"]);
        forecasts_as_files_come_in_are_the_same(path, network, &fs::read(path.join("file.npy")).unwrap());
        write_npy(
            &path.join("one.npy"),
            "<f4",
            &[4, 1, SIDE, SIDE],
            &array[..4 * 4 * PLANE],
        );
        says(
            &["-i", "one.npy", "--start", "2019-03-01"],
            &["one.npy", "1 channels", "expects 2", "u10, t2m"],
        );
    }
}

/// The bytes of `[2, 16, 16]`, in the order of `data.variables`.
fn frame(hour: usize) -> Vec<u8> {
    let value = |at: usize| {
        if at < PLANE {
            u10(hour, at)
        } else {
            t2m(hour, at - PLANE)
        }
    };
    (0..2 * PLANE).flat_map(|at| value(at).to_le_bytes()).collect()
}

/// `expected` is what `forecast --input` wrote for the hours 6 to 9.
fn forecasts_as_files_come_in_are_the_same(path: &Path, network: &str, expected: &[u8]) {
    let watch = |target: &str, folder: &str, output: &str, more: &[&str]| {
        let arguments = [
            &["forecast", target, "--watch", folder, "--output-folder", output][..],
            &["--once", "--settle", "0", "--horizon", "5"],
            more,
        ];
        let output = command(path, &arguments.concat()).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let checkpoint = fs::read_to_string(path.join("run/checkpoints/last")).unwrap();
    fs::copy(
        path.join("run/checkpoints").join(checkpoint).join("network.bpk"),
        path.join("weights.bpk"),
    )
    .unwrap();
    fs::create_dir(path.join("in")).unwrap();
    // Overlapping files, and one that lacks a variable.
    for (name, hours) in [("06", 6..7), ("07", 6..8), ("08", 8..9), ("09", 9..10)] {
        write_netcdf(&path.join(format!("in/{name}.nc")), hours, &BOTH);
    }
    write_netcdf(&path.join("in/05.nc"), 5..6, &BOTH[..1]);
    let mut ways: Vec<(&str, &str, &[&str])> = vec![("run", "forecasts", &[]), ("weights.bpk", "of-weights", &[])];
    if network == "convlstm" {
        // It has seen nothing before these frames that it could remember.
        ways.push(("run", "of-state", &["--keep-state"]));
    }
    for (target, output, more) in ways {
        let (code, log) = watch(target, "in", output, more);
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("left out: `in/05.nc` has no variable `u10`"), "{log}");
        assert_eq!(
            fs::read(path.join(output).join("09.npy")).unwrap(),
            expected,
            "{network}, {output}"
        );
        assert!(!path.join(output).join("08.npy").exists());
    }
    let record: serde_json::Value = serde_json::from_slice(&fs::read(path.join("forecasts/09.json")).unwrap()).unwrap();
    assert_eq!(record["shape"], serde_json::json!([5, 1, SIDE, SIDE]));
    assert_eq!(record["lead_times"][4]["valid"], "2019-03-01T14:00:00Z");
    // The hour 10 is missing.
    write_netcdf(&path.join("in/11.nc"), 11..12, &BOTH);
    let (_, log) = watch("run", "in", "forecasts", &[]);
    assert!(log.contains("in/11.nc`: a gap in time, 7200 s"), "{log}");
    assert!(!path.join("forecasts/11.npy").exists());
    // Arrays have their time in their name, or they have none.
    fs::create_dir(path.join("arrays")).unwrap();
    for hour in 6..10 {
        let name = path.join(format!("arrays/era-2019-03-01T{hour:02}00.npy"));
        write_npy(&name, "<f4", &[1, 2, SIDE, SIDE], &frame(hour));
    }
    write_npy(&path.join("arrays/late.npy"), "<f4", &[1, 2, SIDE, SIDE], &frame(10));
    write_npy(
        &path.join("arrays/lean.npy"),
        "<f4",
        &[1, 1, SIDE, SIDE],
        &frame(10)[..4 * PLANE],
    );
    let (code, log) = watch("run", "arrays", "of-arrays", &[]);
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("left out: `arrays/late.npy`: it does not say when"),
        "{log}"
    );
    assert!(
        log.contains("left out: `arrays/lean.npy` has frames of 1 channels, the network expects 2"),
        "{log}"
    );
    assert_eq!(
        fs::read(path.join("of-arrays/era-2019-03-01T0900.npy")).unwrap(),
        expected,
        "{network}, arrays"
    );
    let (code, log) = watch("run", "in", "no", &["--set", "data.targets=['u10']"]);
    assert_eq!(code, Some(2), "{log}");
    assert!(
        log.contains("`data.targets` is not what the network was trained with") && log.contains("forecasts t2m"),
        "{log}"
    );
    assert!(!path.join("no").exists());
}

#[test]
fn channels_that_are_not_there_are_refused_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_netcdf(&path.join("era.nc"), 0..48, &BOTH);
    for (set, words) in [
        (
            "data.variables=['t2m', 'v10']",
            ["era.nc` has no variable `v10`", "u10 [48, 16, 16]"],
        ),
        (
            "data.targets=['rain']",
            ["`data.targets` names `rain`", "choose from: u10, t2m"],
        ),
        (
            "data.static=['era.nc:t2m']",
            ["has 48 frames in `t2m`", "data.variables"],
        ),
        (
            "data.time_encodings=['minute']",
            ["is `minute`, which does not exist", "hour"],
        ),
        ("data.channels=['u10']", ["names `t2m`", "data.channels leaves out"]),
    ] {
        let base = ["train", "simvp", "--steps", "1", "--out", "run"];
        let message = refused(path, &[&base[..], &CHANNELS[..], &["--set", set]].concat());
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
    assert!(!path.join("run").exists());
    let shown = succeed(
        path,
        &["data", "show", "era.nc", "--set", "data.variables=['u10', 't2m']"],
    );
    assert!(shown.contains("channels    u10, t2m"), "{shown}");
}

#[test]
fn published_data_are_read_with_all_of_their_channels() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["train", "simvp", "--data", "kth", "--set", "data.targets=[0]"][..],
        &["train", "simvp", "--set", "data.targets=[0]"],
        &["show", "simvp", "--data", "moving-mnist", "--set", "data.targets=[0]"],
        &["data", "show", "taxibj", "--set", "data.targets=[0]"],
    ] {
        let message = refused(folder.path(), arguments);
        assert!(
            message.contains("`data.targets` is set, but `") && message.contains("leave it out"),
            "{arguments:?}: {message}"
        );
    }
}

//! Several variables, static fields and the time of the day, from training to a forecast.

use std::path::Path;

use netcdf_writer::{NcAttrValue, NcFileBuilder, NcWriteOptions};

use crate::program::{json, read_npy, refused, succeed, write_npy};

const SIDE: usize = 16;
const PLANE: usize = SIDE * SIDE;

/// The temperature rises by one kelvin in an hour, everywhere.
fn t2m(hour: usize, pixel: usize) -> f32 {
    250.0 + hour as f32 + 0.125 * (pixel % SIDE) as f32
}

fn u10(hour: usize, pixel: usize) -> f32 {
    ((hour * 5 + pixel) % 13) as f32
}

/// Hourly fields of `hours` hours from midnight on, and `z`, which does not change.
fn write_netcdf(path: &Path, hours: usize) {
    let mut file = NcFileBuilder::new();
    let time = file.add_dimension("time", hours as u64).unwrap();
    let lat = file.add_dimension("lat", SIDE as u64).unwrap();
    let lon = file.add_dimension("lon", SIDE as u64).unwrap();
    let axis = file.add_variable::<i32>("time", &[time]).unwrap();
    let units = NcAttrValue::Chars("hours since 2019-03-01 00:00:00".to_owned());
    file.add_variable_attribute(axis, "units", units).unwrap();
    file.write_variable(axis, &(0..hours as i32).collect::<Vec<i32>>())
        .unwrap();
    for (name, value) in [("t2m", t2m as fn(usize, usize) -> f32), ("u10", u10)] {
        let variable = file.add_variable::<f32>(name, &[time, lat, lon]).unwrap();
        let values = (0..hours * PLANE).map(|at| value(at / PLANE, at % PLANE));
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
        write_netcdf(&path.join("era.nc"), 48);
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
        write_netcdf(&path.join("later.nc"), 10);
        let forecast = |input: &str, output: &str, more: &[&str]| {
            let arguments = [
                "forecast",
                "run",
                "-i",
                input,
                "-o",
                output,
                "--normalize",
                "--horizon",
                "5",
            ];
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
        let array: Vec<u8> = (6..10)
            .flat_map(|hour| [u10 as fn(usize, usize) -> f32, t2m].map(|value| (hour, value)))
            .flat_map(|(hour, value)| (0..PLANE).flat_map(move |pixel| value(hour, pixel).to_le_bytes()))
            .collect();
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

        let told = |arguments: &[&str], words: &[&str]| {
            let base = ["forecast", "run", "-o", "no.npy", "--normalize"];
            let message = refused(path, &[&base[..], arguments].concat());
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        };
        told(&["-i", "clip.npy"], &["looks at the time", "--start 2019-03-01T00:00"]);
        told(
            &["-i", "clip.npy", "--start", "soon"],
            &["--start soon: write a date and time"],
        );
        told(&["-i", "later.nc", "--start", "2019-03-01"], &["later.nc` says itself"]);
        let message = refused(
            path,
            &[
                "forecast",
                "run",
                "--watch",
                ".",
                "--output-folder",
                "forecasts",
                "--once",
            ],
        );
        assert!(
            message.contains("--watch: `run` was trained on chosen channels (forecasts t2m, also reads u10, z"),
            "{message}"
        );
        assert!(!path.join("forecasts").exists());
        write_npy(
            &path.join("one.npy"),
            "<f4",
            &[4, 1, SIDE, SIDE],
            &array[..4 * 4 * PLANE],
        );
        told(
            &["-i", "one.npy", "--start", "2019-03-01"],
            &["one.npy", "1 channels", "expects 2: u10, t2m"],
        );
    }
}

#[test]
fn channels_that_are_not_there_are_refused_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_netcdf(&path.join("era.nc"), 48);
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

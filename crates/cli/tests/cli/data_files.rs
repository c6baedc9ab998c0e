//! `data show`, `convert` and `verify` of files as weather services write them.

use std::fs;
use std::path::Path;

#[cfg(target_os = "linux")]
use foreframe_damage::bound;
use foreframe_formats::samples::fields as samples;
use serde_json::Value;

use crate::program::{command, field, json, refused, stderr, succeed, write_npy};

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).unwrap();
}

/// Composites of 4x6, 5 minutes apart from 04:05 on, in `radar`; every value of one is as many hundredths of a millimeter as
/// minutes have passed, but for one that is missing.
fn radar(folder: &Path, minutes: &[u16]) {
    fs::create_dir(folder.join("radar")).unwrap();
    for minute in minutes {
        write(folder, &format!("radar/at-{minute}.h5"), &samples::knmi(*minute));
    }
}

#[test]
fn radar_is_shown_converted_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    radar(path, &[0, 5, 10, 15, 30, 35, 50]);
    let shown = succeed(path, &["data", "show", "radar"]);
    assert_eq!(
        shown,
        "kind        KNMI radar\n\
         variable    image1/image_data\n\
         unit        mm\n\
         shape       7 frames of 1x4x6 (channels, rows, columns)\n\
         recordings  3\n\
         time step   300 s\n\
         from        2010-08-26T04:05:00Z\n\
         to          2010-08-26T04:55:00Z\n\
         gaps        2: 2010-08-26T04:20:00Z to 2010-08-26T04:35:00Z, 2010-08-26T04:40:00Z to 2010-08-26T04:55:00Z\n\
         range       0 to 0.5\n\
         mean        0.207143\n\
         missing     4.1667 %\n\
         examined    7 of 7 frames\n\
         picture     sample.png\n"
    );
    assert!(path.join("sample.png").is_file());
    let arguments = ["data", "convert", "radar", "-o", "rain.npy", "--set", "data.unit=mm/h"];
    let converted = succeed(path, &arguments);
    assert_eq!(
        converted,
        "rain.npy: [7, 1, 4, 6] mm/h, 0 to 6, 4.1667 % missing, 3 stretches without a gap\nrain.npy.json\n"
    );
    let manifest: Value = serde_json::from_slice(&fs::read(path.join("rain.npy.json")).unwrap()).unwrap();
    assert_eq!(manifest["stretches"][1]["start"], "2010-08-26T04:35:00Z");
    // A second time there is nothing to do, and with other settings the array is not replaced.
    let time = || fs::metadata(path.join("rain.npy")).unwrap().modified().unwrap();
    let before = time();
    assert_eq!(succeed(path, &arguments), converted);
    assert_eq!(time(), before);
    let message = refused(path, &["data", "convert", "radar", "-o", "rain.npy"]);
    assert!(message.contains("`rain.npy` is there already"), "{message}");

    assert_eq!(succeed(path, &["data", "verify", "rain.npy"]), "rain.npy: ok\n");
    let mut bytes = fs::read(path.join("rain.npy")).unwrap();
    bytes[200] ^= 1;
    write(path, "rain.npy", &bytes);
    let output = command(path, &["data", "verify", "rain.npy"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "rain.npy: damaged\n");
    assert!(
        stderr(&output).contains("error: 1 of 1 arrays are missing or damaged: run `foreframe data convert` again")
    );
    fs::remove_file(path.join("rain.npy")).unwrap();
    let output = command(path, &["data", "verify", "."]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "./rain.npy: missing\n");
}

#[test]
fn an_interrupted_conversion_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(path, "t2m.nc", &samples::netcdf(&(0..30).collect::<Vec<i32>>()));
    let manifest = json(path, &["data", "convert", "t2m.nc", "-o", "whole.npy", "--json"]);
    assert_eq!(manifest["shape"], serde_json::json!([30, 1, 2, 3]));
    let whole = fs::read(path.join("whole.npy")).unwrap();
    // As after a loss of power: ten frames and a piece of the next.
    write(path, ".out.npy.part", &whole[..128 + 10 * 24 + 5]);
    write(
        path,
        ".out.npy.part.txt",
        manifest["fingerprint"].as_str().unwrap().as_bytes(),
    );
    let output = command(path, &["-v", "data", "convert", "t2m.nc", "-o", "out.npy"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("10 of 30 frames were there already"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read(path.join("out.npy")).unwrap(), whole);
    let hidden = fs::read_dir(path).unwrap().filter_map(Result::ok);
    let hidden = hidden.filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(hidden.count(), 0);
}

/// The message of a conversion that must be refused and leave nothing.
fn refused_conversion(folder: &Path, source: &str, set: &[&str]) -> String {
    let mut arguments = vec!["data", "convert", source, "-o", "out.npy"];
    for setting in set {
        arguments.extend(["--set", setting]);
    }
    let message = refused(folder, &arguments);
    assert!(!folder.join("out.npy").exists() && !folder.join("out.npy.json").exists());
    message
}

#[test]
fn what_cannot_be_converted_is_named_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let good = samples::netcdf(&[0, 1, 2, 3]);
    write(path, "t2m.nc", &good);
    write(path, "empty.nc", b"");
    write(path, "cut.nc", &good[..good.len() - 30]);
    write(path, "text.h5", b"no field at all");
    write(path, "notes.txt", b"no field at all");
    write(path, "plain.h5", &samples::plain());
    let mut huge = good.clone();
    let place = huge.windows(3).position(|bytes| bytes == b"lat").unwrap();
    // The length of the dimension stands behind its name, which is padded to four bytes.
    huge[place + 4..place + 8].copy_from_slice(&0x7fff_ffffu32.to_be_bytes());
    write(path, "huge.nc", &huge);
    for (source, set, expected) in [
        ("absent.nc", &[][..], "check the path"),
        ("empty.nc", &[], "is empty: fetch or export it again"),
        ("cut.nc", &[], "is damaged or truncated"),
        ("huge.nc", &[], "huge.nc`"),
        ("text.h5", &[], "is no HDF5 or NetCDF file"),
        ("notes.txt", &[], "is of a kind that cannot be read"),
        (
            "t2m.nc",
            &["data.variable=rain"],
            "has no variable `rain`: choose from: t2m [4, 2, 3]",
        ),
        (
            "t2m.nc",
            &["data.axes=tx"],
            "which data.axes = \"tx\" does not describe",
        ),
        (
            "t2m.nc",
            &["data.unit=mm/h"],
            "is in K, which cannot be converted to mm/h",
        ),
        ("t2m.nc", &["data.crop=[0,0,9,9]"], "reaches beyond frames of 2x3"),
        (
            "t2m.nc",
            &["data.resize=[999999,999999]"],
            "`data.resize` is [999999, 999999]",
        ),
        ("plain.h5", &[], "several arrays that could be the frames"),
    ] {
        let message = refused_conversion(path, source, set);
        let named = message.contains(source) || message.contains("`data.");
        assert!(named && message.contains(expected), "{expected}: {message}");
    }
    let message = refused(path, &["data", "convert", "t2m.nc", "-o", "out.txt"]);
    assert!(message.contains("`out.txt` does not end in .npy"), "{message}");
    let message = refused(path, &["data", "verify", "t2m.nc"]);
    assert!(message.contains("`t2m.nc` has no manifest"), "{message}");
}

#[test]
fn files_that_do_not_go_together_are_refused_or_left_out_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    radar(path, &[0, 5, 10]);
    write(path, "radar/other.h5", &samples::odim("COMP", "RATE"));
    let message = refused_conversion(path, "radar", &[]);
    assert!(
        message.contains("radar/other.h5` is in mm/h, which cannot be converted to mm"),
        "{message}"
    );
    write(path, "radar/torn.h5", &samples::knmi(15)[..300]);
    // The same composite twice, once late.
    write(path, "radar/late.h5", &samples::knmi(5));
    let arguments = [
        "data",
        "convert",
        "radar",
        "-o",
        "rain.npy",
        "--set",
        "data.damaged=skip",
    ];
    let output = command(path, &arguments).output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    for expected in [
        "left out: `radar/other.h5` is in mm/h",
        "left out: `radar/torn.h5` is",
        "1 frames have the time of another one and are left out: the first is that of 2010-08-26T04:10:00Z in \
         `radar/late.h5`, which `radar/at-5.h5` has, too",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let manifest: Value = serde_json::from_slice(&fs::read(path.join("rain.npy.json")).unwrap()).unwrap();
    assert_eq!((&manifest["duplicates"], &manifest["shape"][0]), (&1.into(), &3.into()));
    assert_eq!(manifest["skipped"].as_array().unwrap().len(), 2);
}

#[test]
fn frames_without_any_value_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut values = field(30 * 256);
    for value in values[4 * 256 * 7..4 * 256 * 8].chunks_exact_mut(4) {
        value.copy_from_slice(&f32::NAN.to_le_bytes());
    }
    write_npy(&path.join("gap.npy"), "<f4", &[30, 16, 16], &values);
    assert_eq!(json(path, &["data", "show", "gap.npy", "--json"])["blank"], 1);
    let train = [
        "train",
        "ustep",
        "--steps",
        "1",
        "--data-path",
        "gap.npy",
        "--set",
        "data.past=2",
        "--set",
    ];
    let message = refused(path, &[&train[..], &["data.future=2"]].concat());
    assert!(
        message.contains("`gap.npy` holds NaN at frame 7, channel 0, row 0, column 0"),
        "{message}"
    );
    assert!(message.contains("data.missing = 0"), "{message}");
    let arguments = ["data", "convert", "gap.npy", "-o", "out.npy", "--set", "data.missing=0"];
    let output = command(path, &arguments).output().unwrap();
    assert!(output.status.success());
    assert!(stderr(&output).contains("frame 7 of `gap.npy` holds no value at all; all of it becomes 0"));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    radar(path, &[0, 5, 10]);
    write(path, "elsewhere.h5", &samples::knmi(15));
    std::os::unix::fs::symlink("../elsewhere.h5", path.join("radar/link.h5")).unwrap();
    let message = refused_conversion(path, "radar", &[]);
    assert!(
        message.contains("radar/link.h5` leads by a link out of the data, to `") && message.contains("data.links"),
        "{message}"
    );
    for (links, frames) in [("skip", 3), ("follow", 4)] {
        let output = format!("{links}.npy");
        let setting = format!("data.links={links}");
        let manifest = json(
            path,
            &["data", "convert", "radar", "-o", &output, "--set", &setting, "--json"],
        );
        assert_eq!(manifest["shape"][0], frames);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn locked_files_of_a_folder_are_named_or_left_out() {
    bound::by_permissions("data_files::locked_files_of_a_folder_are_named_or_left_out", || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        radar(path, &[0, 5, 10]);
        bound::lock(&path.join("radar/at-5.h5"));
        let message = refused_conversion(path, "radar", &[]);
        assert!(
            message.contains("radar/at-5.h5") && message.contains("give yourself permission"),
            "{message}"
        );
        let convert = [
            "data",
            "convert",
            "radar",
            "-o",
            "out.npy",
            "--set",
            "data.damaged=skip",
        ];
        assert!(succeed(path, &convert).contains("[2, 1, 4, 6]"));
    });
}

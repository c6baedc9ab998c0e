use std::fs;
use std::path::{Path, PathBuf};

use hdf5_pure::{AttrValue, FileBuilder};
use proptest::prelude::*;

use super::*;
use crate::FormatError;

use crate::samples::checksums;
use crate::samples::fields::{knmi, netcdf, odim, plain};

fn written_to(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn frame(series: &Series, number: usize) -> Vec<f32> {
    let mut values = vec![0.0; series.size().values()];
    series.read(number, &mut values).unwrap();
    values
}

fn lengths(series: &Series) -> Vec<usize> {
    series.stretches().iter().map(ExactSizeIterator::len).collect()
}

fn refused(path: &Path, options: &ReadOptions) -> String {
    Series::open(vec![path.to_owned()], options)
        .map(|_| ())
        .unwrap_err()
        .to_string()
}

fn read_options(variable: Option<&str>, axes: Option<&str>, unit: Option<&str>) -> ReadOptions {
    let own = |text: Option<&str>| text.map(str::to_owned);
    ReadOptions {
        variable: own(variable),
        axes: own(axes),
        unit: own(unit),
        damaged: Damaged::Refuse,
        ..ReadOptions::default()
    }
}

#[test]
fn radar_files_are_ordered_by_the_time_within_them() {
    let folder = tempfile::tempdir().unwrap();
    let minutes = [("c", 0), ("a", 5), ("d", 5), ("b", 10), ("e", 20)];
    let files: Vec<PathBuf> = minutes
        .iter()
        .map(|(name, minute)| written_to(folder.path(), &format!("{name}.h5"), &knmi(*minute)))
        .collect();
    let series = Series::open(files.clone(), &read_options(None, None, Some("mm/h"))).unwrap();
    assert_eq!(series.stretches(), [0..3, 3..4]);
    let about = series.about();
    assert_eq!(
        (about.step, about.duplicates, about.unit.as_deref()),
        (Some(300), 1, Some("mm/h"))
    );
    assert_eq!(about.gaps, ["2010-08-26T04:15:00Z to 2010-08-26T04:25:00Z"]);
    let last = frame(&series, 3);
    assert!(last[5].is_nan());
    assert!((last[0] - 0.2 * 12.0).abs() < 1e-6, "{}", last[0]);
    let own_unit = Series::open(files, &ReadOptions::default()).unwrap();
    assert_eq!(own_unit.about().unit.as_deref(), Some("mm"));
    assert!((frame(&own_unit, 3)[0] - 0.2).abs() < 1e-7);
}

#[test]
fn odim_composites_say_what_was_not_detected() {
    let folder = tempfile::tempdir().unwrap();
    let open = |object: &str, quantity: &str| {
        let path = written_to(folder.path(), "a.h5", &odim(object, quantity));
        (Series::open(vec![path.clone()], &ReadOptions::default()), path)
    };
    let (series, path) = open("COMP", "DBZH");
    let series = series.unwrap();
    let values = frame(&series, 0);
    assert!(values[0].is_nan());
    assert_eq!(values[1..], [-32.0, -27.0, -22.0]);
    assert_eq!(series.time(0), Some(1_282_781_100));
    assert!(refused(&path, &read_options(Some("RATE"), None, None)).contains("dataset1/data1 (DBZH)"));
    let (series, _) = open("COMP", "RATE");
    assert_eq!(frame(&series.unwrap(), 0)[1], 0.0);
    let (series, path) = open("PVOL", "DBZH");
    assert!(series.is_err() && refused(&path, &ReadOptions::default()).contains("composite (COMP)"));
}

#[test]
fn netcdf_files_are_unpacked_and_joined_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let later = written_to(folder.path(), "a.nc", &netcdf(&[2, 3, 5]));
    let earlier = written_to(folder.path(), "b.nc", &netcdf(&[0, 1]));
    let series = Series::open(vec![later, earlier], &read_options(Some("t2m"), None, None)).unwrap();
    assert_eq!(series.stretches(), [0..4, 4..5]);
    let firsts: Vec<f32> = (0..5).map(|number| frame(&series, number)[0]).collect();
    assert_eq!(firsts, [273.0, 273.5, 274.0, 274.5, 275.5]);
    assert!(frame(&series, 2)[2].is_nan());
    assert_eq!(
        (series.about().step, series.about().unit.as_deref()),
        (Some(3600), Some("K"))
    );
}

/// A NetCDF-4 file is an HDF5 file that numbers its dimensions; here rows, columns and times are equally many.
#[test]
fn dimensions_of_netcdf4_are_found_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = FileBuilder::new();
    for (number, name, units) in [
        (0, "lon", "degrees_east"),
        (1, "time", "days since 1970-01-01"),
        (2, "lat", "degrees_north"),
    ] {
        let scale = file.create_dataset(name).with_i32_data(&[0, 1]).with_shape(&[2]);
        scale.set_attr("CLASS", AttrValue::AsciiString("DIMENSION_SCALE".to_owned()));
        scale.set_attr("units", AttrValue::AsciiString(units.to_owned()));
        scale.set_attr("_Netcdf4Dimid", AttrValue::I32(number));
    }
    let field = file
        .create_dataset("t")
        .with_i16_data(&[0, 1, 2, 3, 4, 5, 6, -1])
        .with_shape(&[2, 2, 2]);
    field.set_attr("_Netcdf4Coordinates", AttrValue::I32Array(vec![0, 1, 2]));
    field.set_attr("_FillValue", AttrValue::I16Array(vec![-1]));
    let path = written_to(folder.path(), "a.nc", &file.finish().unwrap());
    let series = Series::open(vec![path], &ReadOptions::default()).unwrap();
    assert_eq!((lengths(&series), series.about().step), (vec![2], Some(86_400)));
    // Longitude, time, latitude in the file; rows are latitudes.
    assert_eq!(frame(&series, 0), [0.0, 4.0, 1.0, 5.0]);
    assert!(frame(&series, 1)[3].is_nan());
}

#[test]
fn any_array_and_any_order_of_axes() {
    let folder = tempfile::tempdir().unwrap();
    let path = written_to(folder.path(), "a.h5", &plain());
    assert!(
        refused(&path, &ReadOptions::default()).contains("several arrays that could be the frames: frames [3, 4, 5]")
    );
    assert!(refused(&path, &read_options(Some("rain"), None, None)).contains("has no variable `rain`"));
    assert!(refused(&path, &read_options(Some("frames"), Some("tx"), None)).contains("does not describe"));
    assert!(refused(&path, &read_options(Some("frames"), None, Some("mm/h"))).contains("does not say its unit"));
    let open = |axes| Series::open(vec![path.clone()], &read_options(Some("frames"), axes, None)).unwrap();
    assert_eq!(frame(&open(None), 2)[..2], [40.0, 41.0]);
    let turned = open(Some("yxt"));
    assert_eq!(
        (turned.size().height, turned.size().width, lengths(&turned)),
        (3, 4, vec![5])
    );
    assert_eq!(frame(&turned, 4)[..2], [4.0, 9.0]);
}

#[test]
fn damaged_files_are_refused_or_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let good = written_to(folder.path(), "a.h5", &knmi(0));
    let whole = knmi(5);
    for (name, bytes, expected) in [
        ("empty.h5", Vec::new(), "is empty"),
        ("text.nc", b"no field at all".to_vec(), "is no HDF5 or NetCDF file"),
        ("cut.h5", whole[..whole.len() / 2].to_vec(), "cut.h5`"),
        ("cut.nc", netcdf(&[0, 1, 2])[..40].to_vec(), "damaged or truncated"),
    ] {
        let path = written_to(folder.path(), name, &bytes);
        let message = refused(&path, &ReadOptions::default());
        assert!(message.contains(expected), "{message}");
        let both = vec![good.clone(), path];
        assert!(Series::open(both.clone(), &ReadOptions::default()).is_err());
        let skip = ReadOptions {
            damaged: Damaged::Skip,
            ..ReadOptions::default()
        };
        let series = Series::open(both, &skip).unwrap();
        assert_eq!((lengths(&series), series.about().skipped.len()), (vec![1], 1));
    }
    assert!(refused(&folder.path().join("absent.h5"), &ReadOptions::default()).contains("check the path"));
}

#[test]
fn steps_that_occur_twice_are_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = written_to(folder.path(), "a.nc", &netcdf(&[0, 1, 2]));
    let second = written_to(folder.path(), "b.nc", &netcdf(&[2, 3, 3]));
    let series = Series::open(vec![first.clone(), second.clone()], &ReadOptions::default()).unwrap();
    assert_eq!((lengths(&series), series.about().duplicates), (vec![4], 2));
    // The earlier of two files has it.
    assert_eq!(
        (series.file_of(2), series.file_of(3)),
        (first.as_path(), second.as_path())
    );
}

#[test]
fn sizes_that_no_file_can_have_are_refused_before_anything_is_allocated() {
    let folder = tempfile::tempdir().unwrap();
    let whole = netcdf(&[0, 1, 2]);
    let dimension = |name: &str| {
        whole
            .windows(name.len())
            .position(|bytes| bytes == name.as_bytes())
            .unwrap()
            + 4
    };
    for (name, size) in [("lat", 1u32 << 30), ("lat", u32::MAX), ("lon", 3_000_000)] {
        let mut bytes = whole.clone();
        bytes[dimension(name)..][..4].copy_from_slice(&size.to_be_bytes());
        let path = written_to(folder.path(), "huge.nc", &bytes);
        let message = refused(&path, &read_options(Some("t2m"), None, None));
        assert!(message.contains("huge.nc` "), "{message}");
    }
    // As many rows as one likes, of which two are there.
    let mut file = FileBuilder::new();
    file.create_dataset("frames")
        .with_f32_data(&[0.0; 8])
        .with_shape(&[2, 2, 2])
        .with_chunks(&[1, 2, 2]);
    let mut bytes = file.finish().unwrap();
    let shape = [2u64; 3].map(u64::to_le_bytes).concat();
    let place = bytes.windows(24).position(|bytes| bytes == shape).unwrap();
    bytes[place..place + 8].copy_from_slice(&(1u64 << 40).to_le_bytes());
    let bytes = checksums::repaired(&bytes);
    let path = written_to(folder.path(), "long.h5", &bytes);
    let message = refused(&path, &ReadOptions::default());
    assert!(
        message.contains("long.h5` claims that `frames` has shape [1099511627776, 2, 2]"),
        "{message}"
    );
}

/// Reads all that can be read; what matters is that this ends, and in no panic.
fn read_all(path: &Path) -> Result<(), FormatError> {
    for options in [ReadOptions::default(), read_options(Some("frames"), None, None)] {
        let series = Series::open(vec![path.to_owned()], &options)?;
        let mut values = vec![0.0; series.size().values()];
        for number in 0..series
            .stretches()
            .iter()
            .map(ExactSizeIterator::len)
            .sum::<usize>()
            .min(8)
        {
            series.read(number, &mut values)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_are_read_or_refused(
        which in 0usize..4,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = match which {
            0 => knmi(5),
            1 => odim("COMP", "DBZH"),
            2 => netcdf(&[0, 1, 2, 4]),
            _ => plain(),
        };
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = tempfile::tempdir().unwrap();
        let _ = read_all(&written_to(folder.path(), "a.h5", &bytes));
    }
}

//! As many clips as were published, of archives as large as the published ones, but of one pixel.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use foreframe_data::{DataConfig, Dataset, Protocol};
use foreframe_formats::npy::write_array;
use hdf5_pure::FileBuilder;

/// Clips that train, validate and test.
fn counts(dataset: Dataset, path: &Path, protocol: Protocol) -> [usize; 3] {
    let config = DataConfig {
        path: Some(path.to_owned()),
        protocol,
        ..(dataset.defaults)()
    };
    let splits = (dataset.open)(&config).unwrap();
    [splits.train.len(), splits.validation.len(), splits.test.len()]
}

/// Zeros.
fn write(path: &Path, shape: &[usize]) {
    write_array(path, shape, &vec![0.0; shape.iter().product()]).unwrap();
}

/// 20,461 and 500, as OpenSTL and STLight print them.
#[test]
fn taxibj() {
    let folder = tempfile::tempdir().unwrap();
    for (name, clips) in [
        ("X_train", 20_461),
        ("Y_train", 20_461),
        ("X_test", 500),
        ("Y_test", 500),
    ] {
        write(&folder.path().join(name).with_extension("npy"), &[clips, 4, 2, 1, 1]);
    }
    let found = |protocol| counts(foreframe_datasets::taxibj(), folder.path(), protocol);
    assert_eq!(found(Protocol::OpenStl), [20_461, 500, 500]);
    assert_eq!(found(Protocol::Own), [20_461 - 507, 500, 500]);
}

/// 10,000 samples, nine of ten to train, as GMG prints it.
#[test]
fn cikm2017() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("train.npy"), &[10_000, 15, 1, 1]);
    let found = |protocol| counts(foreframe_datasets::cikm2017(), folder.path(), protocol);
    assert_eq!(found(Protocol::OpenStl), [9_000, 1_000, 1_000]);
    assert_eq!(found(Protocol::Own), [8_000, 1_000, 1_000]);
    for name in ["testA.npy", "testB.npy"] {
        write(&folder.path().join(name), &[2_000, 15, 1, 1]);
    }
    assert_eq!(found(Protocol::OpenStl), [9_000, 1_000, 1_000]);
    assert_eq!(found(Protocol::Own), [9_000, 1_000, 4_000]);
}

/// 9,000 and 1,000, as GMG prints it, whether they come in one file or in two.
#[test]
fn shanghai2020() {
    let folder = tempfile::tempdir().unwrap();
    let (all, apart) = (folder.path().join("all.npy"), folder.path().join("apart"));
    write(&all, &[10_000, 20, 1, 1]);
    fs::create_dir(&apart).unwrap();
    write(&apart.join("train.npy"), &[9_000, 20, 1, 1]);
    write(&apart.join("test.npy"), &[1_000, 20, 1, 1]);
    for path in [&all, &apart] {
        assert_eq!(
            counts(foreframe_datasets::shanghai2020(), path, Protocol::OpenStl),
            [9_000, 1_000, 1_000]
        );
        assert_eq!(
            counts(foreframe_datasets::shanghai2020(), path, Protocol::Own),
            [8_000, 1_000, 1_000]
        );
    }
}

/// 35,718, 9,060 and 12,159 are three clips each of 11,906, 3,020 and 4,053 events. That so many events are in the archive is
/// not checked here.
#[test]
fn sevir() {
    let folder = tempfile::tempdir().unwrap();
    let parts = [(11_906, "2018-07-01"), (3_020, "2019-03-01"), (4_053, "2019-07-01")];
    let all: usize = parts.iter().map(|(events, _)| events).sum();
    let mut catalog = "id,file_name,file_index,img_type,time_utc,pct_missing".to_owned();
    let times = parts.iter().flat_map(|(events, day)| std::iter::repeat_n(day, *events));
    for (event, day) in times.enumerate() {
        write!(catalog, "\nS{event},vil/all.h5,{event},vil,{day} 12:00:00,0").unwrap();
    }
    fs::write(folder.path().join("CATALOG.csv"), catalog).unwrap();
    fs::create_dir_all(folder.path().join("data/vil")).unwrap();
    let shape = [all as u64, 1, 1, 49];
    let mut file = FileBuilder::new();
    file.create_dataset("vil")
        .with_u8_data(&vec![0; all * 49])
        .with_shape(&shape);
    fs::write(folder.path().join("data/vil/all.h5"), file.finish().unwrap()).unwrap();
    let found = |protocol| counts(foreframe_datasets::sevir(), folder.path(), protocol);
    assert_eq!(found(Protocol::Own), [35_718, 9_060, 12_159]);
    assert_eq!(found(Protocol::OpenStl), [35_718, 12_159, 12_159]);
}

/// Ten thousand new clips train in every epoch, and ten thousand test.
#[test]
fn moving_mnist() {
    for dataset in [
        foreframe_datasets::moving_mnist(),
        foreframe_datasets::moving_fashion_mnist(),
        foreframe_datasets::moving_mnist_dynamic(),
        foreframe_datasets::moving_mnist_cifar(),
    ] {
        let defaults = (dataset.defaults)();
        let counts = [defaults.train_clips, defaults.validation_clips, defaults.test_clips];
        assert_eq!(counts, [10_000, 1_000, 10_000], "{}", dataset.name);
        assert_eq!(
            [defaults.past, defaults.future, defaults.size, defaults.digits],
            [10, 10, 64, 2]
        );
    }
}

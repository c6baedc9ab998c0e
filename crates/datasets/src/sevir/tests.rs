use std::fs;

use hdf5_pure::FileBuilder;

use super::*;
use foreframe_data::Links;
use foreframe_formats::fields::Damaged;

const HEADER: &str = "id,file_name,file_index,img_type,time_utc,pct_missing";

/// A file of events of 4x6 pixels: in frame `t` of event `e` the pixel in row `y` and column `x` is `100 file + 10 e + t`,
/// in the first row, and 0 elsewhere.
fn events(file: u8, count: usize, frames: usize) -> Vec<u8> {
    let mut values = vec![0u8; count * 4 * 6 * frames];
    for (event, values) in values.chunks_exact_mut(4 * 6 * frames).enumerate() {
        for (place, value) in values[..6 * frames].iter_mut().enumerate() {
            *value = 100 * file + 10 * event as u8 + (place % frames) as u8;
        }
    }
    hdf5(&[("vil", &values, [count, 4, 6, frames])])
}

fn hdf5(arrays: &[(&str, &[u8], [usize; 4])]) -> Vec<u8> {
    let mut file = FileBuilder::new();
    for (name, values, shape) in arrays {
        let shape = shape.map(|len| len as u64);
        file.create_dataset(name)
            .with_u8_data(values)
            .with_shape(&shape)
            .with_chunks(&[1, shape[1], shape[2], shape[3]])
            .with_deflate(1);
    }
    file.finish().unwrap()
}

/// Two files of three and one events of 49 frames: two events of 2018, one of March 2019, one of June 2019.
fn miniature() -> (tempfile::TempDir, DataConfig) {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("data/vil/2018");
    fs::create_dir_all(&below).unwrap();
    fs::write(below.join("a.h5"), events(0, 3, 49)).unwrap();
    fs::write(below.join("b.h5"), events(1, 1, 49)).unwrap();
    let lines = [
        HEADER,
        "S3,vil/2018/b.h5,0,vil,2019-03-01 00:00:00,0",
        "S1,vil/2018/a.h5,2,vil,2018-12-31 23:55:00,0",
        "S1,vis/2018/a.h5,2,vis,2018-12-31 23:55:00,0",
        "S2,vil/2018/a.h5,0,vil,2018-05-01 12:00:00,0",
        "S4,vil/2018/a.h5,1,vil,2019-06-01 00:00:00,0",
    ];
    fs::write(folder.path().join(CATALOG), lines.join("\n")).unwrap();
    let config = DataConfig {
        path: Some(folder.path().to_owned()),
        ..defaults()
    };
    (folder, config)
}

/// The first pixel of the first and of the last frame of every clip, denormalized.
fn ends(splits: &Splits, source: &Arc<dyn ClipSource>) -> Vec<[f32; 2]> {
    let shape = source.shape();
    let ends = |index| {
        let mut frames = vec![f32::NAN; shape.clip_len()];
        source.read(0, index, &mut frames).unwrap();
        splits.normalization.denormalize(&mut frames, &shape);
        [frames[0], frames[(shape.frames() - 1) * shape.frame_len()]].map(f32::round)
    };
    (0..source.len()).map(ends).collect()
}

#[test]
fn events_are_split_by_date_three_clips_each() {
    let (_folder, mut config) = miniature();
    let splits = open(&config).unwrap();
    assert_eq!(splits.clip, foreframe_core::ClipShape::new([13, 12, 1, 4, 6]));
    let of_event = |first: f32| [0.0, 12.0, 24.0].map(|start| [first + start, first + start + 24.0]);
    assert_eq!(ends(&splits, &splits.train), [of_event(0.0), of_event(20.0)].concat());
    assert_eq!(ends(&splits, &splits.validation), of_event(100.0));
    assert_eq!(ends(&splits, &splits.test), of_event(10.0));
    assert_eq!(splits.normalization.std, [255.0]);
    let mut frames = vec![0.0; splits.clip.clip_len()];
    splits.train.read(0, 5, &mut frames).unwrap();
    // Row by row: the first is set, the second is not.
    assert_eq!((frames[5], frames[6]), (44.0 / 255.0, 0.0));

    // Half the size, and the numbers of the public loaders.
    (config.pool, config.normalize) = (Some(2), Scaling::ZScore);
    let halved = open(&config).unwrap();
    assert_eq!((halved.clip.height, halved.clip.width), (2, 3));
    assert_eq!(ends(&halved, &halved.validation)[0], [50.0, 62.0]);
    assert_eq!(halved.normalization.mean, [33.44]);
    assert_eq!((sevir().frame)(&config), Some([1, 192, 192]));

    (config.pool, config.normalize, config.protocol) = (None, Scaling::Auto, Protocol::OpenStl);
    let published = open(&config).unwrap();
    let counts = [&published.train, &published.validation, &published.test].map(|split| split.len());
    assert_eq!(counts, [6, 3, 3]);
    assert_eq!(ends(&published, &published.validation), of_event(10.0));
    assert_eq!(published.normalization.std, [47.54]);

    // As many clips as fit.
    (config.past, config.future, config.stride) = (2, 3, 1);
    assert_eq!(open(&config).unwrap().test.len(), 45);
    config.past = 47;
    assert!(
        open(&config)
            .unwrap_err()
            .to_string()
            .contains("leaves no clip for the test split")
    );
}

#[test]
fn what_the_catalog_says_and_the_files_do_not_is_refused_or_skipped() {
    let (folder, mut config) = miniature();
    let message = |config: &DataConfig| open(config).unwrap_err().to_string();
    let path = folder.path().join(CATALOG);
    let whole = fs::read_to_string(&path).unwrap();
    let add = |line: &str| fs::write(&path, format!("{whole}\n{line}")).unwrap();
    let train = |config: &DataConfig| open(config).unwrap().train.len();

    add("S9,vil/2018/c.h5,0,vil,2018-05-01 12:00:00,0");
    assert!(message(&config).contains("CATALOG.csv` names `vil/2018/c.h5` in line 7, which is not below"));
    config.damaged = Damaged::Skip;
    assert_eq!(train(&config), 6);
    fs::write(folder.path().join("data/vil/2018/c.h5"), &events(2, 1, 49)[..100]).unwrap();
    assert_eq!(train(&config), 6);
    config.damaged = Damaged::Refuse;
    assert!(message(&config).contains("c.h5`"), "{}", message(&config));

    add("S9,vil/2018/a.h5,3,vil,2018-05-01 12:00:00,0");
    assert!(message(&config).contains("names event 3 of `vil/2018/a.h5` in line 7, which holds 3"));
    config.damaged = Damaged::Skip;
    assert_eq!(train(&config), 6);
    config.damaged = Damaged::Refuse;

    add("S9,vil/2018/d.h5,0,vil,2018-05-01 12:00:00,0");
    let other = folder.path().join("data/vil/2018/d.h5");
    fs::write(&other, events(2, 2, 30)).unwrap();
    assert!(message(&config).contains("d.h5` holds events of 30 frames, others have 49"));
    fs::write(&other, hdf5(&[("vis", &[0; 8], [1, 2, 2, 2])])).unwrap();
    assert!(message(&config).contains("d.h5` has no variable `vil`"));
    let mut flat = FileBuilder::new();
    flat.create_dataset("vil").with_u8_data(&[0; 8]).with_shape(&[2, 2, 2]);
    fs::write(&other, flat.finish().unwrap()).unwrap();
    assert!(message(&config).contains("d.h5` has shape [2, 2, 2] in `vil`"));
    fs::write(&other, "").unwrap();
    assert!(message(&config).contains("d.h5` is empty"));

    fs::write(&path, "").unwrap();
    assert!(message(&config).contains("CATALOG.csv` is empty"));
    config.normalize = Scaling::MinMax;
    assert!(message(&config).contains("`data.normalize` is `min-max`"));
    (config.normalize, config.pool) = (Scaling::Auto, Some(9));
    fs::write(&path, &whole).unwrap();
    assert!(message(&config).contains("`data.pool` is 9"));
    config.path = Some(folder.path().join("data"));
    assert!(message(&config).contains("holds neither CATALOG.csv nor vil_training.h5"));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_archive_is_refused_unless_told_otherwise() {
    let (folder, mut config) = miniature();
    let elsewhere = tempfile::tempdir().unwrap();
    let (path, target) = (folder.path().join("data/vil/2018/b.h5"), elsewhere.path().join("b.h5"));
    fs::rename(&path, &target).unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    let message = open(&config).unwrap_err().to_string();
    assert!(message.contains("b.h5` leads by a link out"), "{message}");
    // Also where it is a folder that leads elsewhere.
    fs::remove_file(&path).unwrap();
    fs::rename(&target, &path).unwrap();
    let (below, moved) = (folder.path().join("data"), elsewhere.path().join("data"));
    fs::rename(&below, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &below).unwrap();
    assert!(open(&config).unwrap_err().to_string().contains("leads by a link out"));
    config.links = Links::Follow;
    assert_eq!(open(&config).unwrap().validation.len(), 3);
    config.links = Links::Skip;
    assert!(
        open(&config)
            .unwrap_err()
            .to_string()
            .contains("names no file that is there")
    );
}

#[test]
fn processed_samples_are_split_at_the_border_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("processed");
    fs::create_dir(&below).unwrap();
    let array = |count: usize, frames: usize, first: usize| -> Vec<u8> {
        (0..count * 4 * frames)
            .map(|place| (place / (4 * frames) + place % frames + first) as u8)
            .collect()
    };
    let write = |name: &str, count: usize, followed: usize| {
        let (observed, next) = (array(count, 13, 0), array(followed, 12, 13));
        let arrays: [(&str, &[u8], [usize; 4]); 2] = [
            ("IN", &observed, [count, 2, 2, 13]),
            ("OUT", &next, [followed, 2, 2, 12]),
        ];
        fs::write(below.join(name), hdf5(&arrays)).unwrap();
    };
    write(PROCESSED[0], 20, 20);
    let mut config = DataConfig {
        path: Some(folder.path().to_owned()),
        ..defaults()
    };
    let message = |config: &DataConfig| open(config).unwrap_err().to_string();
    assert!(message(&config).contains("vil_testing.h5` is not there"));
    write(PROCESSED[1], 5, 5);
    let splits = open(&config).unwrap();
    // Two samples of a tenth validate, as many before them are left out.
    assert_eq!(
        ends(&splits, &splits.train),
        (0..16)
            .map(|sample| [sample as f32, sample as f32 + 24.0])
            .collect::<Vec<_>>()
    );
    assert_eq!(ends(&splits, &splits.validation), [[18.0, 42.0], [19.0, 43.0]]);
    assert_eq!(ends(&splits, &splits.test)[4], [4.0, 28.0]);
    // Fewer frames: the newest observed, the first to come.
    (config.past, config.future, config.protocol) = (2, 1, Protocol::OpenStl);
    let splits = open(&config).unwrap();
    assert_eq!((splits.train.len(), splits.validation.len()), (20, 5));
    assert_eq!(ends(&splits, &splits.train)[7], [18.0, 20.0]);
    config.future = 13;
    assert!(message(&config).contains("`data.future` is 13"));
    config.future = 12;
    write(PROCESSED[1], 5, 4);
    assert!(message(&config).contains("do not hold an IN and an OUT for every sample"));
}

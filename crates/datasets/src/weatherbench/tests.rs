use super::*;
use foreframe_data::{Pick, TimeEncoding};
use foreframe_formats::npy::write_array;
use foreframe_formats::time::written;
use std::fs;

#[test]
fn there_are_as_many_clips_as_published() {
    let clips = |years| starts(0, hours_of(years), 24).len();
    assert_eq!(clips(TRAIN), 52_559);
    assert_eq!(clips(TEST), 17_495);
    assert_eq!(starts(7, 20, 24), 7..7);
}

/// Hour `n` is `n` east and `-n` west.
fn values(hours: std::ops::Range<usize>) -> Vec<f32> {
    hours.flat_map(|hour| [hour as f32, -(hour as f32)]).collect()
}

#[test]
fn one_file_and_a_file_per_year_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.npy");
    let all = hours_of(2010..=2018);
    // Times before 2010 are left out.
    let shape = [all + 100, 1, 2];
    write_array(&path, &shape, &[vec![1e9; 200], values(0..all)].concat()).unwrap();
    let apart = folder.path().join("apart");
    fs::create_dir(&apart).unwrap();
    let mut first = 0;
    for year in 2010..=2018 {
        let next = first + hours(year);
        let name = format!("t2m_{year}_5.625deg.npy");
        write_array(&apart.join(name), &[next - first, 1, 1, 2], &values(first..next)).unwrap();
        first = next;
    }
    for path in [&path, &apart] {
        let mut config = DataConfig {
            path: Some(path.clone()),
            ..defaults()
        };
        let opened = open(&config).unwrap();
        assert_eq!(
            [opened.train.len(), opened.validation.len(), opened.test.len()],
            [52_559, 8_759, 17_495]
        );
        // Values are symmetric: their mean is 0, their deviation that of 0..52,582.
        let last = 52_582.0f64;
        let std = (last * (2.0 * last + 1.0) / 6.0).sqrt() as f32;
        assert!(opened.normalization.mean[0].abs() < 1e-2);
        assert!((opened.normalization.std[0] / std - 1.0).abs() < 1e-5);
        let mut frames = vec![0.0; 48];
        opened.test.read(0, 17_494, &mut frames).unwrap();
        let times = opened.test.times(17_494).unwrap();
        assert_eq!(written(times[times.len() - 1]), "2018-12-31T21:00:00Z");
        assert_eq!(written(opened.train.times(0).unwrap()[0]), "2010-01-01T00:00:00Z");
        // The last clip ends two hours before the end of 2018, counted with the one that is dropped.
        assert!(
            (frames[46] * std - (all - 3) as f32).abs() < 1.0,
            "{}",
            frames[46] * std
        );
        config.protocol = Protocol::OpenStl;
        let published = open(&config).unwrap();
        assert!(Arc::ptr_eq(&published.validation, &published.test));
        assert_eq!(published.normalization, opened.normalization);
        let mut own = vec![0.0; 48];
        published.test.read(0, 17_494, &mut own).unwrap();
        assert!((own[46] / frames[46] - 1.0).abs() > 0.1, "{} {}", own[46], frames[46]);
    }
    fs::remove_file(apart.join("t2m_2012_5.625deg.npy")).unwrap();
    let config = DataConfig {
        path: Some(apart.clone()),
        ..defaults()
    };
    let message = || open(&config).unwrap_err().to_string();
    assert!(message().contains("holds no .npy file of 2012"), "{}", message());
    write_array(&apart.join("2012.npy"), &[8760, 1, 2], &vec![0.0; 17_520]).unwrap();
    assert!(
        message().contains("2012.npy` holds 8760 hours of 1x1x2, but 2012 has 8784"),
        "{}",
        message()
    );
}

#[test]
fn what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.npy");
    let config = DataConfig {
        path: Some(path.clone()),
        ..defaults()
    };
    let message = || open(&config).unwrap_err().to_string();
    assert!(message().contains("all.npy`"));
    write_array(&path, &[100, 1, 2], &[0.0; 200]).unwrap();
    assert!(
        message().contains("holds 100 hours, but 2010 to 2018 have 78888"),
        "{}",
        message()
    );
    write_array(&path, &[100, 2], &[0.0; 200]).unwrap();
    assert!(message().contains("has shape [100, 2], not [hours, latitudes, longitudes]"));
}

#[test]
fn variables_are_chosen_by_number_and_others_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.npy");
    let all = hours_of(2010..=2018);
    // Variable `v` of hour `n` is `n` west and `100 v` more east.
    let values = (0..all * 6).map(|at| (at / 6) as f32 + if at % 2 == 0 { 0.0 } else { 100.0 * (at / 2 % 3) as f32 });
    write_array(&path, &[all, 3, 1, 2], &values.collect::<Vec<f32>>()).unwrap();
    let [mask, wide] = ["mask.npy", "wide.npy"].map(|name| folder.path().join(name));
    write_array(&mask, &[1, 2], &[0.0, 1.0]).unwrap();
    write_array(&wide, &[1, 3], &[0.0, 1.0, 2.0]).unwrap();
    let picks = |numbers: &[usize]| numbers.iter().map(|number| Pick(number.to_string())).collect();
    let config = DataConfig {
        path: Some(path),
        past: 2,
        future: 2,
        channels: picks(&[2, 1]),
        targets: picks(&[1]),
        static_fields: vec![mask.display().to_string()],
        time_encodings: vec![TimeEncoding::Hour],
        ..defaults()
    };
    let splits = open(&config).unwrap();
    let channels = splits.channels().unwrap();
    assert_eq!(channels.names, ["1", "2", "mask", "hour-sine", "hour-cosine"]);
    assert_eq!((channels.targets, channels.observed, channels.of_frame), (1, 2, 3));
    assert_eq!((splits.clip.channels, splits.forecast().0.channels), (5, 1));
    let mut frames = vec![f32::NAN; splits.clip.clip_len()];
    // Of the test, which begins at midnight, the clip that begins at six.
    splits.test.read(0, 6, &mut frames).unwrap();
    let first = hours_of(2010..=2016) as f32 + 6.0;
    splits.normalization.denormalize(&mut frames, &splits.clip);
    for (frame, values) in frames.chunks_exact(10).enumerate() {
        let near = |found: &[f32], expected: [f32; 2]| {
            let differences = found
                .iter()
                .zip(expected)
                .map(|(found, expected)| (found - expected).abs());
            assert!(
                differences.fold(0.0, f32::max) < 0.1,
                "{found:?}, expected {expected:?}"
            );
        };
        let hour = first + frame as f32;
        near(&values[..2], [hour, hour + 100.0]);
        // Input-only channels are known up to the newest observed frame.
        let known = hour.min(first + 1.0);
        near(&values[2..4], [known, known + 200.0]);
        near(&values[4..6], [0.0, 1.0]);
        let angle = std::f32::consts::TAU * (6 + frame) as f32 / 24.0;
        assert!((values[6] - angle.sin()).abs() < 1e-6 && (values[9] - angle.cos()).abs() < 1e-6);
    }
    assert!(
        splits
            .description
            .ends_with("forecasts 1, also reads 2, mask, hour-sine, hour-cosine")
    );
    let refused = |change: fn(&mut DataConfig, String)| {
        let mut config = config.clone();
        change(&mut config, wide.display().to_string());
        open(&config).unwrap_err().to_string()
    };
    let message = refused(|config, wide| config.static_fields = vec![wide]);
    assert!(message.contains("wide.npy` is 1x3, but frames are 1x2"), "{message}");
    let message = refused(|config, _| config.targets = vec![Pick("0".to_owned())]);
    assert!(
        message.contains("`data.targets` names `0`, which data.channels leaves out"),
        "{message}"
    );
    let message = refused(|config, _| config.variables = vec!["t2m".to_owned()]);
    assert!(
        message.contains("`data.variables` is set, but the arrays of `weatherbench`"),
        "{message}"
    );
}

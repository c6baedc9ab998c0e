//! Missing values of the ground truth count in no score.

use foreframe_metrics::{Metric, ScoreOptions, ScoreSpec, Scores};

fn spec(lead_times: usize, channels: usize, height: usize, width: usize) -> ScoreSpec {
    ScoreSpec {
        lead_times,
        channels,
        height,
        width,
        mean: vec![0.0],
        std: vec![1.0],
    }
}

fn close(found: f64, expected: f64) -> bool {
    (found.is_nan() && expected.is_nan()) || (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

/// A frame with missing cells has the scores of a frame that is cut down to the others.
#[test]
fn what_is_missing_counts_nowhere() {
    let (height, width, kept) = (24, 20, 12);
    let options = ScoreOptions {
        // An event everywhere: 0, which stands for what is missing inside, is one, too.
        thresholds: vec![-1.0, 0.5],
        fss_scales: vec![1],
        latitudes: vec![60.0, 30.0],
        ..ScoreOptions::default()
    };
    let value = |index: usize, seed: usize| ((index * 37 + seed * 11) % 101) as f32 / 100.0;
    let scores = |width: usize| {
        let spec = spec(2, 1, height, width);
        Scores::with_options(spec, options.clone())
            .unwrap()
            .with_climatology(&vec![0.4; height * width])
            .unwrap()
    };
    let (mut masked, mut cut) = (scores(width), scores(kept));
    for clip in 0..3 {
        let frames: Vec<(f32, f32)> = (0..2 * height * width)
            .map(|at| (value(at, clip), value(at, clip + 5)))
            .collect();
        let is_kept = |at: usize| at % width < kept;
        let of = |pick: fn(&(f32, f32)) -> f32, hole: f32| -> Vec<f32> {
            let values = frames.iter().enumerate();
            values
                .map(|(at, pair)| if is_kept(at) { pick(pair) } else { hole })
                .collect()
        };
        let part = |pick: fn(&(f32, f32)) -> f32| -> Vec<f32> {
            let values = frames.iter().enumerate().filter(|(at, _)| is_kept(*at));
            values.map(|(_, pair)| pick(pair)).collect()
        };
        // The forecast there does not matter, not even NaN.
        let hole = [f32::NAN, 7.0, -3.0][clip];
        masked
            .add(&of(|pair| pair.0, hole), &of(|pair| pair.1, f32::NAN))
            .unwrap();
        cut.add(&part(|pair| pair.0), &part(|pair| pair.1)).unwrap();
    }
    // Nothing at all is known of one more clip.
    masked
        .add(&vec![0.5; 2 * height * width], &vec![f32::NAN; 2 * height * width])
        .unwrap();
    let (found, expected) = (masked.summary().unwrap(), cut.summary().unwrap());
    let share = 1.0 - 3.0 / 4.0 * kept as f64 / width as f64;
    assert!((found.missing_share - share).abs() < 1e-12, "{}", found.missing_share);
    assert_eq!(expected.missing_share, 0.0);
    assert!(found.metric("ssim").is_some() && found.metric("openstl_ssim").is_some());
    for (found, expected) in found.metrics.iter().zip(&expected.metrics) {
        assert_eq!(found.name, expected.name);
        let all = |metric: &Metric| [&metric.per_lead_time[..], &[metric.total]].concat();
        for (value, other) in all(found).into_iter().zip(all(expected)) {
            assert!(close(value, other), "{}: {value} for {other}", found.name);
        }
    }
    let (map, expected) = (masked.error_map().unwrap(), cut.error_map().unwrap());
    assert!(map[kept].is_nan() && map[0] == expected[0]);
}

#[test]
fn where_nothing_is_known_nothing_is_scored() {
    let mut scores = Scores::new(spec(2, 1, 12, 12)).unwrap();
    let (known, unknown) = ([0.25; 144], [f32::NAN; 144]);
    scores.add(&[0.5; 288], &[known, unknown].concat()).unwrap();
    let summary = scores.summary().unwrap();
    assert_eq!(summary.missing_share, 0.5);
    for metric in &summary.metrics {
        assert!(
            metric.per_lead_time[1].is_nan(),
            "{} {:?}",
            metric.name,
            metric.per_lead_time
        );
        assert_eq!(metric.total, metric.per_lead_time[0], "{}", metric.name);
    }
    // Fractions look around a pixel: what is missing is no event there, and nothing is compared around it.
    let options = ScoreOptions {
        thresholds: vec![0.5],
        fss_scales: vec![3],
        ..ScoreOptions::default()
    };
    let mut scores = Scores::with_options(spec(1, 1, 1, 4), options).unwrap();
    scores.add(&[1.0, 0.0, 1.0, 1.0], &[0.0, 1.0, f32::NAN, 1.0]).unwrap();
    // Of 9 cells around pixels 0, 1 and 3: forecast 1, 1, 1 events, truth 1, 1, 1.
    assert_eq!(scores.summary().unwrap().metric("fss_0.5_3px").unwrap().total, 1.0);
}

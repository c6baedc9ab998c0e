//! Properties of the running sums, and the edge cases.

use std::hash::{BuildHasher, Hasher};

use foreframe_metrics::{Comparison, Row, ScoreError, ScoreOptions, ScoreSpec, Scores, Summary, format_value};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

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

/// Another generator in every run; its seed is printed, so that a failure can be repeated.
fn random() -> ChaCha8Rng {
    let seed = std::hash::RandomState::new().build_hasher().finish();
    eprintln!("seed {seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

fn noise(random: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| random.random_range(-0.2..1.2)).collect()
}

fn close(found: f64, expected: f64) -> bool {
    found == expected
        || (found.is_nan() && expected.is_nan())
        || (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

#[test]
fn merged_parts_equal_one_pass() {
    let mut random = random();
    for _ in 0..8 {
        let (lead_times, channels) = (random.random_range(1..4), random.random_range(1..4));
        let (height, width) = (random.random_range(5..20), random.random_range(5..20));
        let mut spec = spec(lead_times, channels, height, width);
        spec.mean = noise(&mut random, channels);
        spec.std = (0..channels).map(|_| random.random_range(0.5..2.0)).collect();
        let options = ScoreOptions {
            thresholds: vec![0.2, 0.6],
            openstl_thresholds: vec![0.5],
            fss_scales: vec![1, 5],
            latitudes: vec![20.0, 60.0],
            ..Default::default()
        };
        let normal = noise(&mut random, channels * height * width);
        let mut whole = Scores::with_options(spec, options)
            .unwrap()
            .with_climatology(&normal)
            .unwrap();
        let mut parts = vec![whole.clone(); 3];
        for _ in 0..random.random_range(1..12) {
            let values = lead_times * channels * height * width;
            let (forecast, truth) = (noise(&mut random, values), noise(&mut random, values));
            whole.add(&forecast, &truth).unwrap();
            parts[random.random_range(0..3)].add(&forecast, &truth).unwrap();
        }
        let mut merged = parts.pop().unwrap();
        parts.iter().for_each(|part| merged.merge(part).unwrap());
        let (merged_map, whole_map) = (merged.error_map().unwrap(), whole.error_map().unwrap());
        assert!(merged_map.iter().zip(&whole_map).all(|(a, b)| (a - b).abs() < 1e-6));
        let (merged, whole) = (merged.summary().unwrap(), whole.summary().unwrap());
        assert_eq!((merged.clips, &merged.notes), (whole.clips, &whole.notes));
        for (merged, whole) in merged.metrics.iter().zip(&whole.metrics) {
            assert_eq!((&merged.name, merged.per_lead_time.len()), (&whole.name, lead_times));
            assert!(
                close(merged.total, whole.total),
                "{}: {} and {}",
                whole.name,
                merged.total,
                whole.total
            );
            for (merged, expected) in merged.per_lead_time.iter().zip(&whole.per_lead_time) {
                assert!(close(*merged, *expected), "{}", whole.name);
            }
        }
    }
}

/// The definition as in the paper, window by window.
fn ssim_by_definition(forecast: &[f32], truth: &[f32], width: usize, data_range: f64) -> f64 {
    let height = forecast.len() / width;
    let weight = |i: usize, j: usize| (-((i as f64 - 5.0).powi(2) + (j as f64 - 5.0).powi(2)) / 4.5).exp();
    let cells: Vec<(usize, usize)> = (0..121).map(|i| (i / 11, i % 11)).collect();
    let norm: f64 = cells.iter().map(|&(i, j)| weight(i, j)).sum();
    let (c1, c2) = ((0.01 * data_range).powi(2), (0.03 * data_range).powi(2));
    let mut values = Vec::new();
    for top in 0..=height - 11 {
        for left in 0..=width - 11 {
            let mean = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
                let value = |image: &[f32], i: usize, j: usize| f64::from(image[(top + i) * width + left + j]);
                let of = |&(i, j): &(usize, usize)| weight(i, j) / norm * of(value(forecast, i, j), value(truth, i, j));
                cells.iter().map(of).sum()
            };
            let (mx, my) = (mean(&|x, _| x), mean(&|_, y| y));
            let (vx, vy) = (mean(&|x, _| (x - mx).powi(2)), mean(&|_, y| (y - my).powi(2)));
            let vxy = mean(&|x, y| (x - mx) * (y - my));
            values.push((2.0 * mx * my + c1) * (2.0 * vxy + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2)));
        }
    }
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn standard_scores_follow_their_definitions() {
    let mut random = random();
    let (height, width) = (13, 17);
    let (forecast, truth) = (noise(&mut random, height * width), noise(&mut random, height * width));
    let options = ScoreOptions {
        data_range: 1.5,
        ..Default::default()
    };
    let mut scores = Scores::with_options(spec(1, 1, height, width), options).unwrap();
    scores.add(&forecast, &truth).unwrap();
    let summary = scores.summary().unwrap();
    let total = |name: &str| summary.metric(name).unwrap().total;
    let errors = || forecast.iter().zip(&truth).map(|(x, y)| f64::from(*x) - f64::from(*y));
    let mse = errors().map(|error| error * error).sum::<f64>() / (height * width) as f64;
    assert!(close(total("mse"), mse));
    assert!(close(total("rmse"), mse.sqrt()));
    assert!(close(
        total("mae"),
        errors().map(f64::abs).sum::<f64>() / (height * width) as f64
    ));
    assert!(close(total("psnr"), 20.0 * (1.5 / mse.sqrt()).log10()));
    assert!(close(total("ssim"), ssim_by_definition(&forecast, &truth, width, 1.5)));
}

#[test]
fn small_frames_lack_the_ssim_whose_window_does_not_fit() {
    let mut scores = Scores::new(spec(1, 1, 10, 40)).unwrap();
    scores.add(&[0.5; 400], &[0.25; 400]).unwrap();
    let summary = scores.summary().unwrap();
    assert!(summary.metric("openstl_ssim").is_some() && summary.metric("ssim").is_none());
    assert_eq!(
        summary.notes,
        ["ssim is absent: frames of 10x40 are smaller than its 11x11 window"]
    );
}

#[test]
fn a_truth_beyond_the_range_that_was_told_is_noted() {
    let notes = |data_range: f64, second: f32| {
        let options = ScoreOptions {
            data_range,
            ..ScoreOptions::default()
        };
        let part = |truth: f32| {
            let mut scores = Scores::with_options(spec(1, 1, 12, 12), options.clone()).unwrap();
            let mut frame = [truth; 144];
            frame[0] = f32::NAN;
            scores.add(&[0.0; 144], &frame).unwrap();
            scores
        };
        let mut scores = part(270.0);
        scores.merge(&part(second)).unwrap();
        scores.summary().unwrap().notes
    };
    let found = notes(1.0, 301.5);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("range of 1, and the truth reaches from 270.0000 to 301.5000"));
    assert!(found[0].contains("eval.scores.data_range=31.500"), "{found:?}");
    assert_eq!(notes(31.5, 301.5), notes(1.0, 270.5));
    assert!(notes(1.0, 270.5).is_empty());
}

#[test]
fn values_that_are_not_finite_are_an_error_that_says_where() {
    let mut first = Scores::new(spec(2, 1, 2, 2)).unwrap();
    let fine = [0.5; 8];
    first.add(&fine, &fine).unwrap();
    let mut second = first.clone();
    let mut bad = fine;
    bad[6] = f32::NAN;
    second.add(&bad, &fine).unwrap();
    first.merge(&second).unwrap();
    let message = first.summary().unwrap_err().to_string();
    assert!(
        message
            .starts_with("the forecast holds NaN or infinite values in 1 of 3 clips, first in clip 2 at lead time 2")
    );
    first.add(&fine, &[f32::INFINITY; 8]).unwrap();
    assert!(
        first.summary().unwrap_err().to_string().starts_with("the truth holds"),
        "the data is the cause to name first"
    );
}

#[test]
fn impossible_scores_are_refused() {
    let refused = |spec: ScoreSpec, options: ScoreOptions, word: &str| {
        let message = Scores::with_options(spec, options).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    };
    let options = ScoreOptions::default;
    refused(spec(0, 1, 4, 4), options(), "[0, 1, 4, 4]");
    refused(
        ScoreSpec {
            mean: vec![0.0; 2],
            ..spec(1, 3, 4, 4)
        },
        options(),
        "mean has 2 values",
    );
    refused(
        ScoreSpec {
            std: vec![0.0],
            ..spec(1, 3, 4, 4)
        },
        options(),
        "must be positive",
    );
    refused(
        spec(1, 1, 4, 4),
        ScoreOptions {
            data_range: f64::NAN,
            ..options()
        },
        "data_range",
    );
    refused(
        spec(1, 3, 4, 4),
        ScoreOptions {
            variables: vec!["u".into(), "v".into()],
            ..options()
        },
        "2 groups",
    );
    let of_events = |thresholds: &[f64], fss_scales: &[usize]| ScoreOptions {
        thresholds: thresholds.into(),
        fss_scales: fss_scales.into(),
        ..options()
    };
    let at = |latitudes: &[f64]| ScoreOptions {
        latitudes: latitudes.into(),
        ..options()
    };
    for (options, words) in [
        (of_events(&[1.0, f64::NAN], &[]), "`scores.thresholds` holds NaN"),
        (of_events(&[2.0, 1.0], &[]), "`scores.thresholds` has 2 before 1"),
        (of_events(&[1.0, 1.0], &[]), "once"),
        (of_events(&[1.0], &[4]), "`scores.fss_scales` holds 4, a side without"),
        (of_events(&[1.0], &[0]), "`scores.fss_scales` holds 0"),
        (of_events(&[1.0], &[9]), "use at most 7"),
        (of_events(&[1.0], &[usize::MAX]), "use at most 7"),
        (of_events(&[], &[3]), "set thresholds, too"),
        (at(&[0.0, 91.0]), "`scores.latitudes` holds 91"),
        (at(&[f64::NAN; 4]), "from -90 to 90"),
        (at(&[0.0; 3]), "`scores.latitudes` has 3 values, but frames have 4 rows"),
        (at(&[90.0, 90.0]), "at the poles only"),
    ] {
        refused(spec(1, 1, 4, 4), options, words);
    }
    for (climatology, word) in [(vec![0.0; 15], "15 values"), (vec![f32::NAN; 16], "NaN")] {
        let scores = Scores::new(spec(1, 1, 4, 4)).unwrap();
        let message = scores.with_climatology(&climatology).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
    let mut scores = Scores::new(spec(1, 1, 4, 4)).unwrap();
    assert_eq!(scores.summary(), Err(ScoreError::NoClips));
    assert_eq!(
        scores.add(&[0.0; 16], &[0.0; 15]),
        Err(ScoreError::Size {
            what: "truth",
            found: 15,
            expected: 16
        })
    );
    assert_eq!(
        scores.merge(&Scores::new(spec(1, 1, 4, 5)).unwrap()),
        Err(ScoreError::Merge)
    );
}

fn comparison() -> Comparison {
    let summary = |error: f32| {
        let mut scores = Scores::new(spec(2, 1, 12, 12)).unwrap();
        let truth: Vec<f32> = (0..288).map(|i| (i % 7) as f32 / 8.0).collect();
        let forecast: Vec<f32> = truth
            .iter()
            .enumerate()
            .map(|(i, v)| v + error * (i / 144) as f32)
            .collect();
        scores.add(&forecast, &truth).unwrap();
        scores.summary().unwrap()
    };
    let row = |model: &str, error: f32| Row {
        model: model.into(),
        summary: summary(error),
    };
    let rows = vec![row("ustep", 0.125), row("persistence", 0.25)];
    Comparison::new("moving-digits", "test", rows)
}

#[test]
fn infinities_survive_json() {
    let summary = comparison().rows.remove(0).summary;
    assert_eq!(summary.metric("psnr").unwrap().per_lead_time[0], f64::INFINITY);
    let text = serde_json::to_string(&summary).unwrap();
    assert!(
        text.contains(r#""total":"inf","per_lead_time":["inf",18.06"#) && !text.contains("null"),
        "{text}"
    );
    let back: Summary = serde_json::from_str(&text).unwrap();
    for (back, metric) in back.metrics.iter().zip(&summary.metrics) {
        assert!(close(back.total, metric.total) && back.per_lead_time.len() == 2);
        assert!(
            back.per_lead_time
                .iter()
                .zip(&metric.per_lead_time)
                .all(|(back, value)| close(*back, *value))
        );
    }
    assert!(
        serde_json::from_str::<Summary>(&text.replace("\"inf\"", "\"much\""))
            .unwrap_err()
            .to_string()
            .contains("`much`")
    );
}

#[test]
fn tables_are_aligned() {
    let comparison = comparison();
    let expected = "\
moving-digits, test split, 1 clip

             openstl_mse ↓  openstl_mae ↓  openstl_rmse ↓  openstl_ssim ↑  openstl_psnr ↑
ustep               1.1250         9.0000          1.0607         0.98002             inf
persistence         4.5000         18.000          2.1213         0.94122             inf

                 mse ↓     mae ↓    rmse ↓   ssim ↑  psnr ↑
ustep        0.0078125  0.062500  0.088388  0.98013     inf
persistence   0.031250   0.12500   0.17678  0.94149     inf
";
    let found = comparison.table();
    assert_eq!(found, expected, "\n{found}");
    let expected = "\
mse ↓ of moving-digits, test split, 1 clip

lead time     ustep  persistence
        1         0            0
        2  0.015625     0.062500
";
    assert_eq!(comparison.lead_time_table("mse").unwrap(), expected);
    assert_eq!(comparison.lead_time_table("csi"), None);
}

#[test]
fn a_score_of_whole_clips_has_a_total_and_a_skill_alone() {
    let Comparison { mut rows, .. } = comparison();
    for (row, total) in rows.iter_mut().zip([1.0, 4.0]) {
        let mut metric = row.summary.metric("mse").unwrap().clone();
        (metric.name, metric.total, metric.per_lead_time) = ("fvd".into(), total, Vec::new());
        row.summary.metrics.push(metric);
    }
    let comparison = Comparison::new("moving-digits", "test", rows);
    assert!(comparison.table().lines().any(|line| line.ends_with("fvd ↓")));
    assert_eq!(comparison.lead_time_table("fvd"), None);
    let score = comparison.skill[0].scores.last().unwrap();
    assert_eq!(
        (score.metric.as_str(), score.total, score.per_lead_time.len()),
        ("fvd", 0.75, 0)
    );
    let back: Comparison = serde_json::from_str(&serde_json::to_string(&comparison).unwrap()).unwrap();
    assert!(back.rows[1].summary.metric("fvd").unwrap().per_lead_time.is_empty());
}

#[test]
fn values_have_five_digits() {
    for (value, text) in [
        (0.99999999, "1.0000"),
        (123456.7, "123457"),
        (0.000123456, "0.00012346"),
        (-1.5e-9, "-1.5000e-9"),
        (2.5e12, "2.5000e12"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(format_value(value), text);
    }
}

#[test]
fn the_mean_over_thresholds_leaves_out_those_that_nothing_reached() {
    let options = ScoreOptions {
        thresholds: vec![1.0, 2.0, 3.0],
        ..Default::default()
    };
    let evaluated = |forecast: [f32; 4]| {
        let mut scores = Scores::with_options(spec(2, 1, 1, 2), options.clone()).unwrap();
        scores.add(&forecast, &[1.0, 1.5, 0.0, 0.5]).unwrap();
        scores.summary().unwrap()
    };
    let mean = |summary: &Summary| summary.metric("csi_mean").unwrap().clone();
    // One hit and one miss at the first lead time; nothing at the second.
    let careful = evaluated([1.0, 0.0, 0.0, 0.0]);
    assert_eq!(mean(&careful).total, 0.5);
    assert_eq!(mean(&careful).per_lead_time[0], 0.5);
    assert!(mean(&careful).per_lead_time[1].is_nan());
    assert!(mean(&careful).definition.contains("at any: here [1.0]."), "{careful:?}");
    // A false alarm at 2 is an event there.
    let bold = evaluated([1.0, 0.0, 2.0, 0.0]);
    assert_eq!(mean(&bold).total, (1.0 / 3.0 + 0.0) / 2.0);
    assert_eq!(mean(&bold).per_lead_time, [0.5, 0.0]);
    let rows = [("careful", careful), ("bold", bold)].map(|(model, summary)| Row {
        model: model.into(),
        summary,
    });
    let definitions = Comparison::new("rain", "test", rows.into()).definitions();
    assert!(definitions.contains("\ncsi_mean of bold: Mean of csi"), "{definitions}");
    assert!(definitions.contains("here [1.0, 2.0]"), "{definitions}");
    assert!(!definitions.contains("csi_1 of bold"), "{definitions}");
    let none = Scores::with_options(spec(1, 1, 1, 2), options.clone()).map(|mut scores| {
        scores.add(&[0.0; 2], &[0.0; 2]).unwrap();
        mean(&scores.summary().unwrap())
    });
    let none = none.unwrap();
    assert!(none.total.is_nan() && none.definition.contains("here none"), "{none:?}");
}

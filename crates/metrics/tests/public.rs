//! Scores of events against two public implementations, `pysteps` and `scores`: `tests/scores/compare.py` computes theirs.

use foreframe_metrics::{ScoreOptions, ScoreSpec, Scores};
use serde_json::Value;

#[path = "public/frames.rs"]
mod frames;

#[test]
fn scores_of_events_are_those_of_pysteps_and_scores() {
    let expected = frames::expected();
    let size = |key: &str| expected[key].as_u64().unwrap() as usize;
    let (clips, lead_times, height, width) = (size("clips"), size("lead_times"), size("height"), size("width"));
    let numbers = |key: &str| {
        expected[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
    };
    // Thresholds must be reached by whole numbers that were normalized as data are.
    let (mean, std) = (13.7f32, 2.3f32);
    let spec = ScoreSpec {
        lead_times,
        channels: 1,
        height,
        width,
        mean: vec![mean],
        std: vec![std],
    };
    let options = ScoreOptions {
        thresholds: numbers("thresholds").collect(),
        fss_scales: numbers("scales").map(|scale| scale as usize).collect(),
        ..ScoreOptions::default()
    };
    let mut scores = Scores::with_options(spec, options).unwrap();
    let mut sum = 0;
    for clip in 0..clips as u32 {
        let [forecast, truth] = frames::pair(clip, lead_times as u32, height, width);
        sum += forecast.iter().chain(&truth).sum::<u32>();
        let normalized = |values: Vec<u32>| -> Vec<f32> { values.iter().map(|v| (*v as f32 - mean) / std).collect() };
        scores.add(&normalized(forecast), &normalized(truth)).unwrap();
    }
    assert_eq!(
        f64::from(sum),
        expected["sum_of_all_values"].as_f64().unwrap(),
        "other frames"
    );
    let summary = scores.summary().unwrap();
    let all = expected["scores"].as_object().unwrap();
    assert_eq!(all.len(), 4 * (5 + 4));
    for (name, expected) in all {
        let metric = summary.metric(name).unwrap_or_else(|| panic!("there is no {name}"));
        let check = |found: f64, expected: &Value| match expected.as_f64() {
            Some(expected) => assert!((found - expected).abs() < 1e-11, "{name}: {found} for {expected}"),
            None => assert!(found.is_nan(), "{name}: {found}, but it is not defined"),
        };
        check(metric.total, &expected["total"]);
        assert_eq!(metric.per_lead_time.len(), lead_times);
        for (found, expected) in metric
            .per_lead_time
            .iter()
            .zip(expected["per_lead_time"].as_array().unwrap())
        {
            check(*found, expected);
        }
    }
}

//! Weather scores and skill, by their definitions.

use foreframe_metrics::{Comparison, Row, ScoreOptions, ScoreSpec, Scores, Summary};

const SPEC: fn() -> ScoreSpec = || ScoreSpec {
    lead_times: 1,
    channels: 1,
    height: 3,
    width: 2,
    mean: vec![280.0],
    std: vec![4.0],
};

fn summary(latitudes: &[f64], clips: &[([f32; 6], [f32; 6])], normal: [f32; 6]) -> Summary {
    let options = ScoreOptions {
        latitudes: latitudes.into(),
        thresholds: vec![-3.5, 280.0],
        ..ScoreOptions::default()
    };
    let mut scores = Scores::with_options(SPEC(), options)
        .unwrap()
        .with_climatology(&normal)
        .unwrap();
    for (forecast, truth) in clips {
        scores.add(forecast, truth).unwrap();
    }
    scores.summary().unwrap()
}

const TRUTH: [f32; 6] = [0.0, 1.0, -1.0, 0.5, 2.0, -0.5];
const FORECAST: [f32; 6] = [0.5, 1.5, -1.0, 0.0, 1.0, 0.25];
const NORMAL: [f32; 6] = [0.25, 0.0, 0.0, 0.25, 1.5, 0.0];

#[test]
fn rows_weigh_the_cosine_of_their_latitude() {
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    let cosines = [60f64, 30.0, 0.0].map(|degrees| degrees.to_radians().cos());
    let mean: f64 = cosines.iter().sum::<f64>() / 3.0;
    let weight = |pixel: usize| cosines[pixel / 2] / mean;
    let square = |pixel: usize| (4.0 * f64::from(FORECAST[pixel] - TRUTH[pixel])).powi(2);
    let expected = (0..6).map(|pixel| weight(pixel) * square(pixel)).sum::<f64>() / 6.0;
    let anomaly = |values: [f32; 6], pixel: usize| 4.0 * f64::from(values[pixel] - NORMAL[pixel]);
    let product = |a: [f32; 6], b: [f32; 6]| -> f64 {
        (0..6)
            .map(|pixel| weight(pixel) * anomaly(a, pixel) * anomaly(b, pixel))
            .sum()
    };
    let acc = product(FORECAST, TRUTH) / (product(FORECAST, FORECAST) * product(TRUTH, TRUTH)).sqrt();
    // All rows, or the first and the last one.
    for latitudes in [&[60.0, 30.0, 0.0][..], &[60.0, 0.0]] {
        let found = summary(latitudes, &[(FORECAST, TRUTH)], NORMAL);
        close(found.metric("lat_weighted_rmse").unwrap().total, expected.sqrt());
        close(found.metric("acc").unwrap().total, acc);
        // The mean of a squared error is over clips before the root is taken, that of a correlation is over clips.
        let two = summary(latitudes, &[(FORECAST, TRUTH), (TRUTH, TRUTH)], NORMAL);
        close(two.metric("lat_weighted_rmse").unwrap().total, (expected / 2.0).sqrt());
        close(two.metric("acc").unwrap().total, (acc + 1.0) / 2.0);
    }
    let plain = summary(&[], &[(FORECAST, TRUTH)], NORMAL);
    assert!(plain.metric("lat_weighted_rmse").is_none());
    // The climatology has no anomaly to correlate.
    let normal = summary(&[], &[(NORMAL, TRUTH)], NORMAL);
    assert_eq!(normal.metric("acc").unwrap().total, 0.0);
}

#[test]
fn skill_is_the_share_of_the_way_to_perfection() {
    let row = |model: &str, forecast: [f32; 6]| Row {
        model: model.into(),
        summary: summary(&[60.0, 0.0], &[(forecast, TRUTH)], NORMAL),
    };
    let half = std::array::from_fn(|pixel| (TRUTH[pixel] + FORECAST[pixel]) / 2.0);
    let rows = vec![row("network", half), row("other", FORECAST), row("perfect", TRUTH)];
    let comparison = Comparison::new("waves", "test", rows);
    let skill = |against: &str, metric: &str| {
        let skill = comparison.skill.iter().find(|skill| skill.against == against).unwrap();
        let score = skill.scores.iter().find(|score| score.metric == metric).unwrap();
        assert_eq!(score.per_lead_time.len(), 1);
        score.total
    };
    assert!((skill("other", "mse") - 0.75).abs() < 1e-12);
    assert!((skill("other", "lat_weighted_rmse") - 0.5).abs() < 1e-12);
    assert_eq!(skill("perfect", "mae"), f64::NEG_INFINITY);
    let names: Vec<&str> = comparison.skill[0]
        .scores
        .iter()
        .map(|score| score.metric.as_str())
        .collect();
    assert!(names.contains(&"csi_280") && names.contains(&"acc"));
    assert!(!names.contains(&"bias_280") && !names.contains(&"psnr") && !names.contains(&"openstl_mse"));
    let text = serde_json::to_string(&comparison).unwrap();
    assert!(!text.contains("null"), "{text}");
    assert_eq!(serde_json::from_str::<Comparison>(&text).unwrap().skill.len(), 2);
    let definitions = comparison.definitions();
    assert!(
        definitions.contains("\ncsi_-3.5 (and likewise csi_280): Critical success index"),
        "{definitions}"
    );
    assert!(definitions.contains("\nacc: Anomaly correlation") && !definitions.contains("\ncsi_280"));
    let table = comparison.skill_table().unwrap();
    assert!(
        table.contains("against other  against perfect") && table.contains("\nmse "),
        "{table}"
    );
}

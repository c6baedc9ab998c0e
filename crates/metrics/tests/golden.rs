//! The `openstl_*` metrics against what OpenSTL itself computes (f32 sums of numpy, scikit-image 0.19.3).

use std::path::PathBuf;

use foreframe_metrics::{ScoreOptions, ScoreSpec, Scores, Summary};
use rstest::rstest;
use safetensors::SafeTensors;
use serde_json::Value;

struct Case {
    description: Value,
    shape: Vec<usize>,
    forecast: Vec<f32>,
    truth: Vec<f32>,
}

impl Case {
    fn load(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/metrics");
        // The file writes an infinite PSNR as the bare word `Infinity`, which is no JSON.
        let text = std::fs::read_to_string(folder.join(format!("{name}.json")))
            .unwrap()
            .replace("Infinity", "\"inf\"");
        let bytes = std::fs::read(folder.join(format!("{name}.safetensors"))).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let values = |name: &str| {
            let bytes = tensors.tensor(name).unwrap().data();
            bytes
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect()
        };
        Self {
            description: serde_json::from_str(&text).unwrap(),
            shape: tensors.tensor("pred").unwrap().shape().to_vec(),
            forecast: values("pred"),
            truth: values("true"),
        }
    }

    fn summary(&self) -> Summary {
        let [clips, lead_times, channels, height, width] = self.shape[..] else {
            panic!("[B,T,C,H,W]")
        };
        let flat = |key: &str, missing: f32| {
            let mut values = Vec::new();
            flatten(&self.description[key], &mut values);
            if values.is_empty() { vec![missing] } else { values }
        };
        let spec = ScoreSpec {
            lead_times,
            channels,
            height,
            width,
            mean: flat("mean", 0.0),
            std: flat("std", 1.0),
        };
        let of_events = self.description["sevir"].as_object().into_iter().flatten();
        let variables = self.description["channel_names"].as_array();
        let options = ScoreOptions {
            spatial_norm: self.description["spatial_norm"].as_bool().unwrap(),
            variables: variables
                .into_iter()
                .flatten()
                .map(|name| name.as_str().unwrap().into())
                .collect(),
            openstl_thresholds: of_events.map(|(threshold, _)| threshold.parse().unwrap()).collect(),
            ..ScoreOptions::default()
        };
        let mut scores = Scores::with_options(spec, options).unwrap();
        let clip = self.forecast.len() / clips;
        for (forecast, truth) in self.forecast.chunks(clip).zip(self.truth.chunks(clip)) {
            scores.add(forecast, truth).unwrap();
        }
        scores.summary().unwrap()
    }
}

fn flatten(value: &Value, into: &mut Vec<f32>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| flatten(value, into)),
        Value::Number(number) => into.push(number.as_f64().unwrap() as f32),
        _ => {}
    }
}

#[rstest]
fn openstl_metrics_are_those_of_openstl(
    #[values(
        "exact",
        "mmnist_like",
        "no_denorm",
        "rgb",
        "sevir_vil",
        "weather_mv",
        "weather_single"
    )]
    name: &str,
) {
    let case = Case::load(name);
    let summary = case.summary();
    let mut compared = 0;
    for (key, expected) in case.description["result"].as_object().unwrap() {
        if key == "snr" {
            continue; // undefined for empty frames, and in no published table
        }
        let metric = summary
            .metric(&format!("openstl_{key}"))
            .unwrap_or_else(|| panic!("{name} has no openstl_{key}"));
        let Some(expected) = expected.as_f64() else {
            assert_eq!((expected.as_str(), metric.total), (Some("inf"), f64::INFINITY));
            compared += 1;
            continue;
        };
        let error = (metric.total - expected).abs() / expected.abs().max(1.0);
        eprintln!(
            "{name} {key}: {} for {expected}, relative difference {error:e}",
            metric.total
        );
        // OpenSTL sums in f32, this crate in f64.
        assert!(
            error < 4e-7,
            "{name}: openstl_{key} is {}, but OpenSTL computes {expected}",
            metric.total
        );
        compared += 1;
    }
    assert!(compared >= 2);
    if let Some(frames) = case.description["ssim_per_frame_skimage_0.19.3"].as_array() {
        let per_lead_time = &summary.metric("openstl_ssim").unwrap().per_lead_time;
        for (lead_time, value) in per_lead_time.iter().enumerate() {
            let of_clips = frames.iter().map(|clip| clip[lead_time].as_f64().unwrap());
            let expected = of_clips.sum::<f64>() / frames.len() as f64;
            assert!(
                (value - expected).abs() < 1e-6,
                "{name}: lead time {lead_time}: {value} for {expected}"
            );
        }
    }
}

#[test]
fn openstl_events_are_those_of_openstl() {
    let case = Case::load("sevir_vil");
    let summary = case.summary();
    let cases = case.description["sevir"].as_object().unwrap();
    assert_eq!(cases.len(), 6);
    for (threshold, expected) in cases {
        let threshold: f64 = threshold.parse().unwrap();
        for score in ["pod", "sucr", "csi"] {
            let expected = expected[score].as_f64().unwrap();
            let found = summary.metric(&format!("openstl_{score}_{threshold}")).unwrap().total;
            // OpenSTL divides in f32.
            let error = (found - expected).abs() / expected;
            assert!(error < 4e-7, "{score} at {threshold}: {found} for {expected}");
        }
    }
}

/// OpenSTL's unused `SSIM()` is Wang's, for a data range of 255.
#[rstest]
fn ssim_is_the_gaussian_one(#[values("mmnist_like", "no_denorm", "rgb")] name: &str) {
    let case = Case::load(name);
    let (height, width) = (case.shape[3], case.shape[4]);
    let spec = ScoreSpec {
        lead_times: 1,
        channels: 1,
        height,
        width,
        mean: vec![0.0],
        std: vec![1.0],
    };
    let mut scores = Scores::with_options(
        spec,
        ScoreOptions {
            data_range: 255.0,
            ..Default::default()
        },
    )
    .unwrap();
    let clipped: Vec<f32> = case.forecast[..height * width]
        .iter()
        .map(|value| value.clamp(0.0, 1.0))
        .collect();
    scores.add(&clipped, &case.truth[..height * width]).unwrap();
    let expected = case.description["SSIM_function_gaussian_255_first_frame_ch0"]
        .as_f64()
        .unwrap();
    let found = scores.summary().unwrap().metric("ssim").unwrap().total;
    assert!((found - expected).abs() < 1e-12, "{name}: {found} for {expected}");
}
